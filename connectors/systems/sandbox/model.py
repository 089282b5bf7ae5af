"""What a simulated system is made of: types of records, operations on them, records to begin with.

An operation is a pure function `Case -> Deed`: it is given the record as it is and says what the
record will be. Preview and write call the same one. Knows no storage, no fault, no version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from gatewright.connectors.systems.sandbox.fields import Field
from gatewright.connectors.systems.sandbox.seeds import Pick
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import ConnectorError, Unsupported
from gatewright.engine.values import Money

Values: TypeAlias = Mapping[str, Json]
"""The fields of a record, by name."""


class Look(Protocol):
    """The other records of the same system, as they are within one transaction."""

    def get(self, object: str, id: str) -> Values | None:
        """Return a record; None where there is none."""
        ...

    def find(self, object: str, field: str, value: str) -> Mapping[str, Values]:
        """Return the records that have a text in a field, by id."""
        ...

    def next_number(self, object: str, prefix: str) -> int:
        """Return a number that, after the prefix, is no record's id yet."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """What an operation is about: a record as it is, and what the action gives for it."""

    id: str
    values: Values
    given: Values
    """Parameters of the action, new values of an update, or what a deed kept to be undone."""
    look: Look

    def text(self, name: str) -> str:
        """Return a text that must be given; raises Unsupported."""
        value = self.given.get(name)
        if not isinstance(value, str) or not value:
            raise Unsupported(f"the action needs the parameter `{name}`, a text")
        return value

    def other(self, object: str, id: str) -> Values:
        """Return another record; raises ConnectorError where it does not exist."""
        found = self.look.get(object, id)
        if found is None:
            raise ConnectorError(f"there is no {object} `{id[:80]}`")
        return found


@dataclass(frozen=True, slots=True)
class Other:
    """A record that is made or changed besides: the fields that it gets, the others stay."""

    object: str
    id: str
    new: Values


@dataclass(frozen=True, slots=True)
class Deed:
    """What becomes of a record."""

    new: Values
    """The fields that the record gets."""
    summary: str
    undo: str | None
    """How it can be taken back, in a sentence; None: it cannot."""
    keep: Values = field(default_factory=dict[str, Json])
    """What taking it back will be given."""
    others: Sequence[Other] = ()
    reference: str | None = None
    """The system's own id of what was done, such as `re_1`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a system can do to a record, and what takes it back. Both raise ConnectorError."""

    do: Callable[[Case], Deed]
    take_back: Callable[[Case], Deed] | None = None


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type of records. `editable` are the fields that an update may change."""

    fields: Mapping[str, Field]
    editable: Sequence[str] = ()
    also_seen_as: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other names under which policies see a field, as `target.NAME`."""

    def complete(self, values: Values) -> dict[str, Json]:
        """Return all fields of a new record; raises Unsupported for what does not fit."""
        unknown = sorted(values.keys() - self.fields.keys())
        if unknown:
            raise Unsupported(f"there is no field `{unknown[0]}`")
        return {
            name: field.fit(name, values.get(name, field.default))
            for name, field in self.fields.items()
        }


@dataclass(frozen=True, slots=True)
class Seeded:
    """A record that a new world begins with."""

    object: str
    id: str
    values: Values


@dataclass(frozen=True, slots=True)
class System:
    """A simulated system."""

    name: str
    objects: Mapping[str, ObjectType]
    operations: Mapping[tuple[str, str], Operation]
    """By the type of the record and the name of the action."""
    seeded: Callable[[Pick], Iterator[Seeded]]


def amount_of(values: Values, name: str) -> Money:
    """Return an amount that a record holds."""
    return Money.parse(str(values[name]))
