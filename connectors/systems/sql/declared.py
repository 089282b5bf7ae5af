"""A connector to tables from plain data, as configurations have it: `sql(system, database, ...)`.

[[connectors]]
use = "sql"
system = "stripe"
database = "postgresql://gate@db.internal/shop"

[connectors.objects.charge]
table = "charges"
key = "id"
version = "v"
money = { refunded = "USD" }

[connectors.objects.charge.actions."billing.refund"]
sets = { status = "refunded", refunded = { param = "amount" } }
changes = ["email"]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gatewright.connectors.systems.sql.connector import SqlConnector
from gatewright.connectors.systems.sql.objects import Param, SqlAction, SqlObject
from gatewright.engine.reading.plain import NotPlain, read_plain


@dataclass(frozen=True, slots=True)
class _Param:
    param: str


_Value: TypeAlias = _Param | str | int | float | bool


@dataclass(frozen=True, slots=True)
class _Action:
    sets: dict[str, _Value] = field(default_factory=dict[str, "_Value"])
    changes: list[str] = field(default_factory=list[str])

    def declared(self) -> SqlAction:
        sets = {n: Param(v.param) if isinstance(v, _Param) else v for n, v in self.sets.items()}
        return SqlAction(sets, self.changes)


@dataclass(frozen=True, slots=True)
class _Object:
    table: str
    key: str
    version: str
    actions: dict[str, _Action]
    fields: dict[str, str] | None = None
    money: dict[str, str] = field(default_factory=dict[str, str])

    def declared(self) -> SqlObject:
        actions = {name: action.declared() for name, action in self.actions.items()}
        return SqlObject(self.table, self.key, self.version, actions, self.fields, self.money)


def sql(*, system: str, database: str, objects: dict[str, Any]) -> SqlConnector:
    """Return the connector that plain data declares; raises ValueError for what does not fit.

    A database that is away keeps nobody from looking at runs and stopping them: it is waited for.
    """
    declared = {name: entry.declared() for name, entry in _read(objects).items()}
    return SqlConnector(database, system, declared, waits=True)


def _read(objects: dict[str, Any]) -> dict[str, _Object]:
    try:
        return read_plain(dict[str, _Object], objects)
    except NotPlain:
        # Needs pydantic, which most declarations do without.
        from gatewright.connectors.systems.sql.settings import objects_of

        return read_plain(dict[str, _Object], objects_of(objects))
