"""A policy set that is loaded anew when its files change, and stays as it was when that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.action import Action
from gatewright.engine.decision import Decision
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.query import HistoryStore
from gatewright.engine.values import Timestamp


class Load(Protocol):
    """Loads the set; gets the one that is in use, None at first. Raises for what is wrong."""

    def __call__(self, current: PolicySet | None, /) -> PolicySet:
        """Return the set as the files have it now."""
        ...


class Watched:
    """The current policy set of some files. Safe to share between threads.

    `check` looks once; `start` lets a thread do so. A set that cannot be loaded changes nothing but
    `errors`: decisions go on by the last one that could.
    """

    def __init__(self, load: Load, stamp: Callable[[], object]) -> None:
        """Load the set for the first time, and raise what is wrong with it.

        `stamp` tells whether files changed: it returns something else whenever they did.
        """
        self._load = load
        self._stamp = stamp
        self._checking = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        # Before the files are read: what changes while they are is seen by the next check.
        self._seen = stamp()
        self._policy = load(None)
        self._errors: tuple[str, ...] = ()

    @property
    def policy(self) -> PolicySet:
        """The last set that could be loaded."""
        return self._policy

    @property
    def errors(self) -> tuple[str, ...]:
        """What is wrong with the files as they are now; empty where they are in use."""
        return self._errors

    def evaluate(
        self,
        action: Action | Mapping[str, object],
        history: HistoryStore | None = None,
        *,
        now: Timestamp | None = None,
        uses: Callable[[str], int | None] | None = None,
    ) -> Decision:
        """Decide by the current set; the same as `policy.evaluate`."""
        return self._policy.evaluate(action, history, now=now, uses=uses)

    def check(self) -> bool:
        """Look once whether files changed, and load them; tell whether the set is another one."""
        with self._checking:
            stamp = self._stamp()
            if stamp == self._seen:
                return False
            self._seen = stamp
            try:
                found = self._load(self._policy)
            except Exception as error:  # whatever it is, the gate goes on as it was
                self._errors = _texts(error)
                return False
            self._errors = ()
            # The same policies written anew are no other set.
            changed = found.digest != self._policy.digest
            self._policy = found
            return changed

    def start(self, every_s: float = 1.0, tell: Callable[[Watched], None] | None = None) -> Watched:
        """Check every so many seconds in a thread, until `close`.

        `tell` is called there where another set is in force, or other `errors` are known.
        """
        if self._thread is None:
            self._closed.clear()
            self._thread = threading.Thread(
                target=self._run, args=(every_s, tell), name="gatewright-watch", daemon=True
            )
            self._thread.start()
        return self

    def _run(self, every_s: float, tell: Callable[[Watched], None] | None) -> None:
        while not self._closed.wait(every_s):
            before = self._errors
            if (self.check() or self._errors != before) and tell is not None:
                tell(self)

    def close(self) -> None:
        """End the thread; the set stays."""
        self._closed.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _texts(error: Exception) -> tuple[str, ...]:
    if isinstance(error, PolicyError) and error.diagnostics:
        return tuple(str(diagnostic) for diagnostic in error.diagnostics)
    return (str(error) or type(error).__name__,)
