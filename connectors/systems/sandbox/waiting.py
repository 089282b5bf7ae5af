"""Calls that are slow, and calls that do not return until they are let go."""

from __future__ import annotations

import threading
import time


class Waiting:
    """What slow and hanging calls wait for; a subclass may wait in another way."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._released = 0
        self._hanging = 0

    def sleep(self, seconds: float) -> None:
        """Let a slow call wait."""
        time.sleep(seconds)

    def enter(self) -> int:
        """Count a call that will hang, and return what `hang` wants to know."""
        with self._changed:
            self._hanging += 1
            return self._released

    def hang(self, since: int) -> None:
        """Return when `release` is called after `enter`."""
        with self._changed:
            self._changed.wait_for(lambda: self._released != since)

    def leave(self) -> None:
        """Count a call as ended."""
        with self._changed:
            self._hanging -= 1
            self._changed.notify_all()

    def release(self) -> None:
        """Let all calls go that hang, and return when the last of them ended."""
        with self._changed:
            self._released += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._hanging == 0)
