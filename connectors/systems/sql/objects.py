"""What may be touched: tables as objects, and what each action sets in them. Knows no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatewright.engine.reading.json_text import Json


@dataclass(frozen=True, slots=True)
class Param:
    """A column gets the value of a parameter of the action."""

    name: str


@dataclass(frozen=True, slots=True)
class SqlAction:
    """What an action does to a row: it sets fields as declared, or those that its `changes` name.

    `sets` gives for a field a `Param` or a constant (JSON); `changes` are the fields that the
    action may change itself. Nothing else is ever written.
    """

    sets: Mapping[str, Param | Json] = field(default_factory=dict[str, "Param | Json"])
    changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SqlObject:
    """A table: its name (`schema.table` where needed), the columns of key and version, actions.

    `version` is a whole number that *every* writer of the table raises. `fields` gives other names
    to columns, and leaves out all that it does not name; without it every column is a field.
    `money` gives the currency of fields that are amounts.
    """

    table: str
    key: str
    version: str
    actions: Mapping[str, SqlAction]
    fields: Mapping[str, str] | None = None
    money: Mapping[str, str] = field(default_factory=dict[str, str])
