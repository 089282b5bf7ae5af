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

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gatewright.connectors.systems.sql import Param, SqlAction, SqlConnector, SqlObject


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Param(_Declared):
    param: str


class _Action(_Declared):
    sets: dict[str, _Param | str | int | float | bool] = Field(default_factory=dict)
    changes: tuple[str, ...] = ()

    def declared(self) -> SqlAction:
        sets = {n: Param(v.param) if isinstance(v, _Param) else v for n, v in self.sets.items()}
        return SqlAction(sets, self.changes)


class _Object(_Declared):
    table: str
    key: str
    version: str
    actions: dict[str, _Action]
    fields: dict[str, str] | None = None
    money: dict[str, str] = Field(default_factory=dict)

    def declared(self) -> SqlObject:
        actions = {name: action.declared() for name, action in self.actions.items()}
        return SqlObject(self.table, self.key, self.version, actions, self.fields, self.money)


class _Objects(_Declared):
    objects: dict[str, _Object]


def sql(*, system: str, database: str, objects: dict[str, Any]) -> SqlConnector:
    """Return the connector that plain data declares; raises ValueError for what does not fit.

    A database that is away keeps nobody from looking at runs and stopping them: it is waited for.
    """
    try:
        declared = _Objects.model_validate({"objects": objects}, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"`{place}`: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
    return SqlConnector(
        database,
        system,
        {name: entry.declared() for name, entry in declared.objects.items()},
        waits=True,
    )
