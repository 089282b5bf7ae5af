"""What the runtime needs of the systems that it changes: a `Connector`, and what passes through it.

A connector reads a record, shows what an action would change, changes it, and says afterwards what
became of an attempt. It holds the credentials: nothing here ever carries one.
Source: docs/connectors.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from gatewright.dsl.records import dataclass, field
from gatewright.engine.action import Action
from gatewright.engine.reading.json_text import Json


class Concurrency(StrEnum):
    """How a write is kept from a record that somebody else changed since the preview."""

    ATOMIC = "atomic"
    """The system compares the version and writes in one step."""
    WEAK = "weak"
    """The version is compared right before the write; a small gap is left."""
    BEST_EFFORT = "best_effort"
    """Some fields are compared; other changes go unseen."""
    NONE = "none"


class Idempotency(StrEnum):
    """What keeps an attempt that is repeated from having a second effect."""

    NATIVE = "native"
    """The system honours a key, for `key_window_s` seconds if it is limited."""
    COMPARE_AND_SET = "compare_and_set"
    """A repeated write meets another version and does nothing."""
    PROBE = "probe"
    """The system can be asked what became of a key."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a connector promises."""

    concurrency: Concurrency
    idempotency: Idempotency
    key_window_s: int | None = None
    """How long a key is honoured; None: for ever."""
    can_probe: bool = False
    can_compensate: bool = False


@dataclass(frozen=True, slots=True)
class TargetRef:
    """One record of a system: `billing`, `charge`, `ch_1`."""

    system: str
    object: str
    id: str

    def __str__(self) -> str:
        return f"{self.system}.{self.object}/{self.id}"

    def to_dict(self) -> dict[str, Json]:
        """Return its JSON, as actions, previews and receipts have it; `TargetRef(**d)` reads it."""
        return {"system": self.system, "object": self.object, "id": self.id}


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is now. `version` changes with every write; None where there is none."""

    values: Mapping[str, Json]
    version: str | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field with its value now and the value after the write; None is null or absent."""

    field: str
    old: Json
    new: Json


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would do to a record, read from the system itself.

    `attributes` are what policies see as `target.attributes`. `undo` says in a sentence how it can
    be taken back; None means that it cannot.
    """

    target: TargetRef
    fields: tuple[FieldChange, ...]
    version: str | None
    summary: str
    undo: str | None = None
    attributes: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a write, and what taking it back needs. Plain JSON, kept in the run."""

    key: str
    target: TargetRef
    reference: str | None
    """The system's own id of the change, such as `re_123`."""
    version: str | None
    """The version of the record after the write."""
    undo: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """The connector's own notes. One of compare-and-set also reads `{"fields": {name: old value}}`,
    which the runtime writes where it found out by reading that a write was done."""


class Applied(StrEnum):
    """What became of an attempt."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to the question what became of a key; a receipt where it was applied."""

    applied: Applied
    receipt: Receipt | None = None


class ConnectorError(Exception):
    """A call failed and *nothing was changed*. Anything else that is raised leaves that unknown.

    `message` is shown to people and kept in the trail: it holds no secret.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoSuchTarget(ConnectorError):
    """The record does not exist."""


class Conflict(ConnectorError):
    """The record has another version than the one that was expected. Nothing was changed."""


class Unsupported(ConnectorError):
    """The connector does not know this action, or cannot do this with it."""


class Connector(Protocol):
    """One business system. Methods may be called by several threads at once.

    Every method raises ConnectorError where it is certain that nothing was changed. Whatever else
    `execute` and `compensate` raise, or a call that does not return, means an unknown outcome.
    """

    @property
    def system(self) -> str:
        """The name of the system, as in `action ... on SYSTEM.object`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What is promised."""
        ...

    def read(self, target: TargetRef, fields: Sequence[str] | None = None) -> Record:
        """Return fields of a record, all where none are named; raises NoSuchTarget."""
        ...

    def preview(self, action: Action) -> Preview:
        """Return what the action would change, without changing it."""
        ...

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Do it; raises Conflict where the record is not of the expected version any more.

        The same key again has no second effect, as far as `capabilities` promise.
        """
        ...

    def probe(self, key: str) -> Probe:
        """Return what became of an attempt with this key."""
        ...

    def preview_compensation(self, receipt: Receipt) -> Preview:
        """Return what taking back a write would change; raises Unsupported."""
        ...

    def compensate(
        self, receipt: Receipt, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Take back a write; as `execute`."""
        ...
