"""Keeping Python's search for reference cycles off work that makes many objects which live on.

The collector looks at all objects again and again while their number grows, and finds nothing: what
is read, laid out, lowered and built here has no cycles. HOT: it takes more than half of the time in
which ten thousand rules are read or compiled. Only for what is done once: decisions that did it all
the time, in several threads, would never let the collector come.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import Final


class _Pause:
    """How many ask for quiet just now, and whether the collector ran before the first of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asking = 0
        self._ran = False

    def begin(self) -> None:
        with self._lock:
            if not self._asking:
                self._ran = gc.isenabled()
                gc.disable()
            self._asking += 1

    def end(self) -> None:
        with self._lock:
            self._asking -= 1
            if not self._asking and self._ran:
                gc.enable()


_PAUSE: Final = _Pause()


@contextmanager
def uncollected() -> Generator[None]:
    """Let nobody look for cycles meanwhile, in any thread; afterwards it is as it was before."""
    _PAUSE.begin()
    try:
        yield
    finally:
        _PAUSE.end()
