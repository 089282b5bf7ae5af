"""What a store fails with, each with advice. Knows no database: callers import it without one."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be used, or a step on it failed and nothing of it was kept.

    `message` says what is wrong and `advice` what to do; neither holds a password or a value.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message}: {advice}")
        self.message = message
        self.advice = advice

    def __reduce__(self) -> tuple[type[StoreError], tuple[str, str]]:
        return type(self), (self.message, self.advice)


class StoreLocked(StoreError):
    """Somebody else holds what a step needs, and did not let go of it in time."""


class StoreBusy(StoreError):
    """Concurrent steps kept undoing each other; each was tried again until patience ended."""


class StoreFull(StoreError):
    """There is no room for what was to be written."""


class StoreReadOnly(StoreError):
    """The database may be read only."""


class StoreGone(StoreError):
    """The database cannot be reached, or went away in the middle of a step."""


class StoreUnsure(StoreGone):
    """The database went away while a step was being committed: whether it was kept is not known."""


class StoreUnusable(StoreError):
    """What the address names is no store: no database of ours, a missing driver, no permission."""


class StoreOutdated(StoreError):
    """The tables are of another version of Gatewright."""
