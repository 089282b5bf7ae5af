"""Messages reach notifiers: each at least once, in order, whatever goes wrong with another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gatewright.engine.json_text import Json
from tests.runtime.world import World


class Inbox:
    """A notifier that keeps what it is told; a fault plan says how the next calls go wrong."""

    def __init__(self, name: str = "inbox") -> None:
        self.name = name
        self.events: list[Mapping[str, Json]] = []
        self.faults: list[Exception] = []

    def notify(self, event: Mapping[str, Json]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.events.append(event)

    def types(self, run: str | None = None) -> list[str]:
        found = [e for e in self.events if run is None or e["subject"] == run]
        return [str(e["type"]).removeprefix("gatewright.") for e in found]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def world(database_url: str, tmp_path: Path, inbox: Inbox) -> Iterator[World]:
    with World(database_url, tmp_path, notifiers=[inbox]).opened() as world:
        yield world


def test_everything_is_told_once_and_in_order(world: World, inbox: Inbox) -> None:
    run = world.approve(world.propose())
    world.work(run)
    assert inbox.types(run.id) == [
        "run.pending", "route.asked", "run.approved", "run.executing", "run.done",
    ]  # fmt: skip
    assert len({str(e["id"]) for e in inbox.events}) == len(inbox.events)
    world.work(run)
    assert len(inbox.events) == 5
