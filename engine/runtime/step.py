"""What a transition gives: the next run, and what the trail and the world are told of it."""

from __future__ import annotations

from typing import Literal

from gatewright.dsl.records import dataclass, field
from gatewright.engine.runtime.run import Document, Run

ActorKind = Literal["agent", "person", "system"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit trail. `kind` is what happened: `approved`, `timer.escalated`."""

    kind: str
    actor_kind: ActorKind
    actor: str
    body: Document = field(default_factory=dict[str, object])
    words: Document = field(default_factory=dict[str, object])
    """What people wrote and what records held: kept beside the tree, where it can be erased."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell people or systems; `to` are ids of people, empty for whoever listens."""

    kind: str
    to: tuple[str, ...] = ()
    body: Document = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Step:
    """The next version of a run with the entries and messages that go with it."""

    run: Run
    entries: tuple[Entry, ...] = ()
    messages: tuple[Message, ...] = ()
