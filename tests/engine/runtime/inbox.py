"""A notifier that keeps what it is told, and goes wrong as a plan says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gatewright.engine.reading.json_text import Json

Event = Mapping[str, Json]


@dataclass
class Inbox:
    """Where a test reads what was told. `before` is called first, and may raise."""

    name: str = "inbox"
    events: list[Event] = field(default_factory=list[Event])
    before: Callable[[Event], None] = field(default=lambda event: None)

    def notify(self, event: Event) -> None:
        self.before(event)
        self.events.append(event)

    @property
    def ids(self) -> list[str]:
        """The ids of what was told."""
        return [str(event["id"]) for event in self.events]

    def types(self, run: str) -> list[str]:
        """What was told of a run, in the order in which it came."""
        found = [event for event in self.events if event["subject"] == run]
        return [str(event["type"]).removeprefix("gatewright.") for event in found]


def raising(error: Exception, times: int = 1_000_000) -> Callable[[Event], None]:
    """Return what raises an error so many times, and then lets pass."""
    left = [times]

    def before(event: Event) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return before
