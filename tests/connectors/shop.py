"""A shop's table of charges with every kind of column, and a connector to it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    create_engine,
    text,
)

from gatewright.connectors.systems.sql import Param, SqlAction, SqlConnector, SqlObject
from gatewright.engine.action import Action
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import TargetRef

charges = Table(
    "charges", MetaData(),
    Column("id", String(20), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("refunded_amount", Numeric(12, 2), nullable=False),
    Column("rate", Numeric(8, 4)),
    Column("paid", Boolean, nullable=False),
    Column("tries", Integer),
    Column("score", Float),
    Column("due", DateTime(timezone=True)),
    Column("day", Date),
    Column("note", String(40)),
    Column("token", LargeBinary),
    Column("v", Integer, nullable=False),
)  # fmt: skip
FIELDS = {
    "id": "id", "status": "status", "refunded": "refunded_amount", "rate": "rate", "paid": "paid",
    "tries": "tries", "score": "score", "due": "due", "day": "day", "note": "note", "token": "token",
}  # fmt: skip
EDITABLE = ("rate", "paid", "tries", "score", "due", "day", "note", "token", "refunded")
OBJECT = SqlObject(
    "charges", "id", "v",
    {
        "billing.refund": SqlAction(sets={"status": "refunded", "refunded": Param("amount")}),
        "billing.edit": SqlAction(changes=EDITABLE),
    },
    fields=FIELDS, money={"refunded": "USD"},
)  # fmt: skip


@contextmanager
def opened(url: str, declared: SqlObject = OBJECT) -> Generator[SqlConnector, None, None]:
    """Give a connector to a shop with the charge `ch_1`, paid and at version 7."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        charges.create(connection)
        connection.execute(text(
            "INSERT INTO charges (id, status, refunded_amount, paid, v)"
            " VALUES ('ch_1', 'paid', 0, true, 7)"
        ))  # fmt: skip
    engine.dispose()
    connector = SqlConnector(url, "shop", {"charge": declared})
    try:
        yield connector
    finally:
        connector.close()


def charge(id_: str) -> TargetRef:
    return TargetRef("shop", "charge", id_)


def _on(id_: str) -> dict[str, str]:
    return {"system": "shop", "object": "charge", "id": id_}


def refund(amount: Json, id_: str = "ch_1") -> Action:
    return Action.from_dict(
        {"action": "billing.refund", "params": {"amount": amount}, "target": _on(id_)}
    )


def edit(changes: dict[str, Json], id_: str = "ch_1") -> Action:
    sides = {name: {"new": value} for name, value in changes.items()}
    return Action.from_dict({"action": "billing.edit", "changes": sides, "target": _on(id_)})
