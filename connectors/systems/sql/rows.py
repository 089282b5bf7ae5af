"""One table as reflected: its rows as records, and an action as the values that it writes.

A write is one `UPDATE ... WHERE key AND version`. Names of tables and columns come from the
declaration only, values are bound parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CHAR,
    Column,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    Table,
    select,
    update,
)
from sqlalchemy.exc import NoSuchTableError

from gatewright.connectors.systems.sql.columns import field_of, kind_of
from gatewright.connectors.systems.sql.fields import Field
from gatewright.connectors.systems.sql.objects import Param, SqlAction, SqlObject
from gatewright.engine.action import Action
from gatewright.engine.canonical import to_json
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import (
    ConnectorError,
    NoSuchTarget,
    Receipt,
    Record,
    TargetRef,
    Unsupported,
)
from gatewright.engine.values import NOTHING

LAST_VERSION: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Rows:
    """A table as reflected, with its fields by name."""

    table: Table
    key: Field
    version: Column[Any]
    fields: Mapping[str, Field]
    actions: Mapping[str, SqlAction]
    padded: bool
    """Whether the database fills keys up with blanks, which are no part of them."""

    @classmethod
    def reflect(cls, connection: Connection, declared: SqlObject) -> Rows:
        """Read the columns of a table; raises ValueError where the declaration does not fit."""
        table = _reflected(connection, declared.table)
        columns = declared.fields
        if columns is None:
            columns = {c.name: c.name for c in table.c if kind_of(c) and c.name != declared.version}
        for wanted in (declared.key, declared.version, *columns.values()):
            if wanted not in table.c or kind_of(table.c[wanted]) is None:
                raise ValueError(f"`{declared.table}` has no column `{wanted}` that can be used")
        version = table.c[declared.version]
        if not isinstance(version.type, Integer):
            raise ValueError(f"the version `{version.name}` must be a whole number")
        sqlite = connection.dialect.name == "sqlite"
        fields = {
            name: field_of(name, table.c[column], declared.money.get(name), sqlite)
            for name, column in columns.items()
        }
        key = next((field for field in fields.values() if field.column == declared.key), None)
        if key is None:
            key = field_of(declared.key, table.c[declared.key], None, sqlite)
        padded = not sqlite and isinstance(table.c[declared.key].type, CHAR)
        rows = cls(table, key, version, fields, declared.actions, padded)
        rows._check(declared)
        return rows

    def _check(self, declared: SqlObject) -> None:
        named = set(declared.money)
        for action in declared.actions.values():
            named |= {*action.sets, *action.changes}
        unknown = sorted(named - self.fields.keys())
        if unknown:
            raise ValueError(f"`{declared.table}` has no field `{unknown[0]}`")
        written = {self.fields[name].column for name in named - declared.money.keys()}
        if written & {self.key.column, self.version.name}:
            raise ValueError(f"an action on `{declared.table}` sets its key or version")
        for action in declared.actions.values():
            columns = [self.fields[name].column for name in (*action.sets, *action.changes)]
            if len(columns) > len(set(columns)):
                raise ValueError(f"an action on `{declared.table}` sets a column in two ways")

    def require(self, names: Sequence[str]) -> None:
        """Raise Unsupported for a name that is no field."""
        if not self.fields.keys() >= set(names):
            raise Unsupported(f"`{self.table.name}` has no such field")

    def read(self, connection: Connection, target: TargetRef) -> Record:
        """Return all fields of a row; raises NoSuchTarget.

        A row has one id, its key as text. Others that the database takes for the same, such as
        `05` or another case, name no row: limits are kept for each id.
        """
        row = connection.execute(select(self.table).where(self._is(target))).mappings().first()
        if row is None or self._id(row) != target.id:
            raise NoSuchTarget(f"{target} does not exist")
        values = {n: f.to_json(row[self.table.c[f.column]]) for n, f in self.fields.items()}
        version = row[self.version]
        return Record(values, None if version is None else str(version))

    def update(
        self, connection: Connection, target: TargetRef, new: Mapping[str, Json], before: Record
    ) -> str | None:
        """Write if the row is still of the version; return its new version, or None if not."""
        if before.version is None:
            raise ConnectorError(f"{target} has no version")
        if not re.fullmatch(r"-?[0-9]+", before.version):  # SQLite keeps anything anywhere
            raise ConnectorError(f"{target} has a version that is no whole number")
        old = int(before.version)
        if not -LAST_VERSION <= old < LAST_VERSION:
            raise ConnectorError(f"{target} has no version left")
        values = {self.table.c[self.fields[n].column]: self.fields[n].from_json(v)
                  for n, v in new.items()}  # fmt: skip
        statement = update(self.table).where(self._is(target), self.version == old)
        done = connection.execute(statement.values({**values, self.version: old + 1}))
        if done.rowcount not in (0, 1):  # raising takes back what was written
            raise ConnectorError(f"{target} is not one row: its key is not unique")
        return str(old + 1) if done.rowcount else None

    def new_values(self, action: Action) -> dict[str, Json]:
        """Return the JSON that the fields will have; raises Unsupported."""
        declared = self.actions.get(action.name)
        if declared is None:
            raise Unsupported(f"`{self.table.name}` has no action `{action.name}`")
        wanted: dict[str, Json] = {}
        for name, source in declared.sets.items():
            wanted[name] = _param(action, source) if isinstance(source, Param) else source
        if declared.changes:
            wanted |= _changes(action, declared)
        if not wanted:
            raise Unsupported("the action changes nothing")
        return self._as_kept(wanted)

    def old_values(self, receipt: Receipt) -> dict[str, Json]:
        """Return the values before a write; raises Unsupported where the receipt has none."""
        kept = receipt.undo.get("fields")
        if not isinstance(kept, dict) or not kept:
            raise Unsupported("the receipt does not say what was there before")
        written = {n for action in self.actions.values() for n in (*action.sets, *action.changes)}
        if not written >= kept.keys():
            raise Unsupported("the receipt names fields that no action sets")
        return self._as_kept(kept)

    def _id(self, row: RowMapping) -> str:
        text = str(self.key.to_json(row[self.table.c[self.key.column]]))
        return text.rstrip(" ") if self.padded else text

    def _as_kept(self, values: Mapping[str, Json]) -> dict[str, Json]:
        """Return values as they will be read: `5 USD` becomes `5.00 USD`."""
        fields = self.fields
        return {n: fields[n].to_json(fields[n].from_json(value)) for n, value in values.items()}

    def _is(self, target: TargetRef) -> Any:
        column = self.table.c[self.key.column]
        try:
            id_ = int(target.id) if self.key.kind is int else target.id
            return column == self.key.from_json(id_)
        except (Unsupported, ValueError):
            raise NoSuchTarget(f"{target} does not exist") from None


def _reflected(connection: Connection, qualified: str) -> Table:
    """Return a table as the database has it; raises ValueError where there is none."""
    schema, _, name = qualified.rpartition(".")
    try:
        return Table(name, MetaData(), schema=schema or None, autoload_with=connection)
    except NoSuchTableError:
        raise ValueError(f"there is no table `{qualified}`") from None


def _param(action: Action, param: Param) -> Json:
    if param.name not in action.params:
        raise Unsupported(f"the action needs the parameter `{param.name}`")
    return to_json(action.params[param.name])


def _changes(action: Action, declared: SqlAction) -> dict[str, Json]:
    """Return the new values of the fields that the action changes itself.

    What it sets stands among the changes of a plan as well, and is what the declaration says.
    """
    changes = {n: change for n, change in action.changes.items() if n not in declared.sets}
    if not changes.keys() <= set(declared.changes):
        allowed = ", ".join(declared.changes)
        raise Unsupported(f"`{action.name}` may change {allowed}, and nothing else")
    if any(change.new is NOTHING for change in changes.values()):
        raise Unsupported("every change needs its new value")
    return {name: to_json(change.new) for name, change in changes.items()}
