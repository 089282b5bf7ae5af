"""Leaves without a position -> the next positions of the tree, and a checkpoint.

One at a time in each store, over all machines. A leaf whose transaction was committed late gets a
later position than those of higher numbers: positions are the order of the tree, numbers are not.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select, text, update

from gatewright.engine.bundle.signing import Key
from gatewright.engine.runtime.audit.checkpoint import ORIGIN, Checkpoint, write
from gatewright.engine.runtime.audit.entries import Point, frontier_text, latest
from gatewright.engine.runtime.audit.tree import Frontier, leaf_hash
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import Database

BATCH: Final = 1_000
# A number of ours alone, and one of the store: a database may have several, each in its schema.
LOCK: Final = text("SELECT pg_advisory_xact_lock(1195857235, hashtext(current_schema()))")


class TrailBroken(GateError):
    """The trail does not go on from its last checkpoint: nothing is appended to it."""


def sequence(database: Database, key: Key | None = None, origin: str = ORIGIN) -> str | None:
    """Append all leaves that wait, and return the text of the latest checkpoint; None without any.

    Writes a checkpoint for each batch, signed where a private key is given, and nothing where
    nothing waits. Raises TrailBroken, StoreError, and what `checkpoint.write` raises.
    """
    while True:
        # INVARIANT: not SERIALIZABLE, whose snapshot would be older than the lock.
        step = partial(_append, database, key, origin)
        note, more = database.retrying(step, purpose="writing")
        if not more:
            return note


def _append(
    database: Database, key: Key | None, origin: str, connection: Connection
) -> tuple[str | None, bool]:
    if database.is_postgres:
        connection.execute(LOCK)
    last = latest(connection)
    frontier = _restored(connection, last)
    c = t.leaves.c
    waiting = select(c.number, c.body).where(c.position.is_(None)).order_by(c.number).limit(BATCH)
    rows = connection.execute(waiting).all()
    if not rows:
        return (None if last is None else last.note), False
    placed = [{"row": number, "place": frontier.size + n} for n, (number, _) in enumerate(rows)]
    connection.execute(
        update(t.leaves).where(c.number == bindparam("row")).values(position=bindparam("place")),
        placed,
    )
    hashes = [leaf_hash(body.encode("utf-8", "surrogatepass")) for _, body in rows]
    for found in hashes:
        frontier.append(found)
    root = frontier.root()
    note = write(Checkpoint(origin, frontier.size, root), key)
    connection.execute(
        insert(t.checkpoints).values(
            size=frontier.size, root=root.hex(), at=database.now(connection), note=note,
            frontier=frontier_text(frontier.subtrees, hashes),
        )
    )  # fmt: skip
    return note, len(rows) == BATCH


def _restored(connection: Connection, last: Point | None) -> Frontier:
    """Return where the tree ends. Raises TrailBroken where the rows do not agree."""
    top = connection.scalar(select(func.max(t.leaves.c.position)))
    nothing: tuple[list[bytes], list[bytes]] = ([], [])
    recorded = nothing if last is None else last.recorded()
    size = 0 if last is None else last.size
    try:
        frontier = None if recorded is None else Frontier(size, recorded[0])
    except ValueError:
        frontier = None
    agrees = frontier is not None and (last is None or frontier.root().hex() == last.root)
    if frontier is None or not agrees or size != (0 if top is None else top + 1):
        raise TrailBroken(
            "trail_broken",
            "the audit trail does not end where its last checkpoint says",
            "`gatewright audit verify` says what is wrong",
        )
    return frontier
