"""What the runtime needs of what tells people and systems: a `Notifier`, and how it may fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.errors import GateError

LONGEST_NAME: Final = 128
"""Characters of a notifier's name."""


class NotifierError(Exception):
    """A message was not taken; it is tried again later.

    `message` is kept and shown to people: it holds no credential.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Undeliverable(NotifierError):
    """A message will never be taken: it is not tried again."""


class Notifier(Protocol):
    """One way to tell somebody. May be called by several threads at once.

    A message may come twice, with the same `id`: a process can end after it was told and before
    that was written down. Messages of one run come in order, one after the other.
    """

    @property
    def name(self) -> str:
        """What its deliveries are known by in the store: the same name after every start."""
        ...

    def notify(self, event: Mapping[str, Json]) -> None:
        """Tell a message, an envelope of CloudEvents 1.0, and return once it is taken.

        Raises NotifierError, and Undeliverable where trying again is of no use. Whatever else is
        raised is tried again, and only its type is kept. Must end by itself: a call that does not
        return in time is left alone and counts as failed.
        """
        ...


def by_name(notifiers: Iterable[Notifier]) -> dict[str, Notifier]:
    """Return notifiers by their names; raises GateError for no name, and for one given twice."""
    found: dict[str, Notifier] = {}
    for notifier in notifiers:
        name = notifier.name
        if not _can_be_called(name):
            raise GateError(
                "bad_notifier", f"a notifier's name has 1 to {LONGEST_NAME} characters that print",
                "give it a `name`: its messages are known by it",
            )  # fmt: skip
        if name in found:
            raise GateError(
                "bad_notifier", f"two notifiers are called `{name}`",
                "give each a `name` of its own: what one was told must not count for the other",
            )  # fmt: skip
        found[name] = notifier
    return found


def _can_be_called(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()
