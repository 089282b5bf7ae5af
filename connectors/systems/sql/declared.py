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

from typing import Any

from pydantic import Field

from gatewright.connectors.declared import Declared, declared_by
from gatewright.connectors.systems.sql.connector import SqlConnector
from gatewright.connectors.systems.sql.objects import Param, SqlAction, SqlObject


class _Param(Declared):
    param: str


class _Action(Declared):
    sets: dict[str, _Param | str | int | float | bool] = Field(default_factory=dict)
    changes: list[str] = Field(default_factory=list[str])

    def declared(self) -> SqlAction:
        sets = {n: Param(v.param) if isinstance(v, _Param) else v for n, v in self.sets.items()}
        return SqlAction(sets, self.changes)


class _Object(Declared):
    table: str
    key: str
    version: str
    actions: dict[str, _Action]
    fields: dict[str, str] | None = None
    money: dict[str, str] = Field(default_factory=dict)

    def declared(self) -> SqlObject:
        actions = {name: action.declared() for name, action in self.actions.items()}
        return SqlObject(self.table, self.key, self.version, actions, self.fields, self.money)


class _Objects(Declared):
    objects: dict[str, _Object]


def sql(*, system: str, database: str, objects: dict[str, Any]) -> SqlConnector:
    """Return the connector that plain data declares; raises ValueError for what does not fit.

    A database that is away keeps nobody from looking at runs and stopping them: it is waited for.
    """
    declared = declared_by(_Objects, {"objects": objects})
    return SqlConnector(
        database,
        system,
        {name: entry.declared() for name, entry in declared.objects.items()},
        waits=True,
    )
