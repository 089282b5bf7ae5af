"""Leaves and payloads -> rows, in the transaction of what they tell of; and erasing payloads."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from gatewright.engine.runtime.audit.leaf import ERASED, Actor, Leaf, Payload
from gatewright.engine.runtime.store import schema as t


def record(connection: Connection, leaf: Leaf, payloads: Iterable[Payload] = ()) -> None:
    """Insert a leaf, with payloads that it names, in the caller's transaction.

    Raises ValueError where a payload is none of those that the leaf names, or has no run.
    """
    named = set(leaf.payloads.values())
    for payload in payloads:
        if payload.commitment not in named or leaf.run is None:
            raise ValueError("a payload belongs to a run, and the leaf names its commitment")
        connection.execute(
            insert(t.payloads).values(
                commitment=payload.commitment,
                run=leaf.run,
                salt=payload.salt,
                content=payload.content,
            )
        )
    connection.execute(
        insert(t.leaves).values(run=leaf.run, kind=leaf.kind, at=leaf.at, body=leaf.text())
    )


def erase(connection: Connection, run: str, at: int, actor: Actor) -> int:
    """Delete content and salt of all payloads of a run, and record that; return how many.

    SQLite overwrites them in the file; what copies, a write-ahead log or dead rows of PostgreSQL
    keep until they are cleaned is beyond a transaction.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    columns = t.payloads.c
    kept = (columns.run == run, columns.content.is_not(None))
    found = connection.scalars(select(columns.commitment).where(*kept).order_by(columns.commitment))
    commitments = found.all()
    if commitments:
        gone = {"content": None, "salt": None, "erased_at": at}
        connection.execute(update(t.payloads).where(*kept).values(gone))
        record(connection, Leaf(ERASED, run, at, actor, {"commitments": list(commitments)}))
    return len(commitments)
