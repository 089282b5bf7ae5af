"""Leaves that wait -> positions in the tree, and a signed checkpoint: the one sequencer.

Any number of processes may call it: one works at a time, the others wait. Positions, links and the
checkpoint are one transaction, so a process that is killed leaves nothing half done.

A leaf waits until it is seen: one whose transaction commits after a leaf with a higher number was
sequenced gets the next position, and moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, insert, select, text, update

from gatewright.engine.runtime.audit.checkpoint import (
    DEFAULT_ORIGIN,
    Checkpoint,
    CheckpointError,
    Keys,
    Note,
    Signer,
    read_note,
    unsigned,
)
from gatewright.engine.runtime.audit.entries import FIRST_LINK, next_link
from gatewright.engine.runtime.audit.tree import Frontier, leaf_hash
from gatewright.engine.runtime.store import schema as t

_LOCK: Final = 0x6761_7465_6C6F_67  # an advisory lock of our own: "gatelog"


class AuditError(Exception):
    """Nothing is appended to a trail whose end is not what was signed. `why` is one sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Log:
    """Whose trail it is: `origin` names it, `signer` signs its checkpoints.

    `earlier` are public keys that signed before; a checkpoint by any other key, or by none, is not
    gone on from. `adopt` goes on from one that is not signed, the first time that there is a key.
    """

    origin: str = DEFAULT_ORIGIN
    signer: Signer | None = None
    earlier: tuple[Any, ...] = ()
    adopt: bool = False

    def note(self, checkpoint: Checkpoint) -> str:
        """Return a checkpoint as a note, signed where there is a key."""
        return unsigned(checkpoint) if self.signer is None else self.signer.sign(checkpoint)

    def check(self, note: Note) -> None:
        """Raise CheckpointError where a checkpoint is none of this log's."""
        if note.checkpoint.origin != self.origin:
            raise CheckpointError(f"it is of another log, `{note.checkpoint.origin}`")
        if self.signer is not None and not (self.adopt and not note.signatures):
            Keys((self.signer.public, *self.earlier)).check(note)


def sequence(
    engine: Engine, log: Log, clock: Callable[[], int], *, most: int = 1000
) -> Checkpoint | None:
    """Give positions to at most so many leaves that wait; return the new checkpoint.

    None where no leaf waits. `clock` gives nanoseconds since 1970. Raises AuditError where the last
    checkpoint is not whole: then nothing is appended.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # The leaves must be read as they are once the lock is ours, not as they were before.
            connection = connection.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            _wait_for_others(connection)
            return _append(connection, log, clock, most)


def _wait_for_others(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        return
    driver: Any = connection.connection.dbapi_connection
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _append(
    connection: Connection, log: Log, clock: Callable[[], int], most: int
) -> Checkpoint | None:
    c = t.leaves.c
    waiting = connection.execute(
        select(c.number, c.body).where(c.position.is_(None)).order_by(c.number).limit(most)
    ).all()
    if not waiting:
        return None
    frontier, link = _end(connection, log)
    rows: list[dict[str, object]] = []
    for number, body in waiting:
        hash_ = leaf_hash(body.encode())
        link = next_link(link, hash_)
        rows.append({"leaf": number, "place": frontier.size, "next": link})
        frontier.append(hash_)
    _place(connection, rows)
    checkpoint = Checkpoint(log.origin, frontier.size, frontier.root())
    connection.execute(
        insert(t.checkpoints).values(
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            at=clock(),
            frontier=" ".join(root.hex() for root in frontier.roots),
            note=log.note(checkpoint),
        )
    )
    return checkpoint


def _place(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    c = t.leaves.c
    connection.execute(
        update(t.leaves)
        .where(c.number == bindparam("leaf"), c.position.is_(None))
        .values(position=bindparam("place"), link=bindparam("next")),
        rows,
    )


def _end(connection: Connection, log: Log) -> tuple[Frontier, str]:
    """Return where the trail ends; raises AuditError where that is not what was signed.

    INVARIANT: who changes the end of a trail does not get it signed by the next checkpoint.
    """
    c = t.checkpoints.c
    row = connection.execute(
        select(c.size, c.root, c.frontier, c.note).order_by(c.size.desc()).limit(1)
    ).one_or_none()
    places = t.leaves.c.position
    last = connection.execute(
        select(places, t.leaves.c.link).where(places.is_not(None)).order_by(places.desc()).limit(1)
    ).one_or_none()
    size, last_position = (row.size if row else 0), (last.position if last else -1)
    if last_position != size - 1:
        raise AuditError(f"the last checkpoint has {size} entries, the trail {last_position + 1}")
    if row is None or last is None:
        return Frontier(), FIRST_LINK
    try:
        note = read_note(row.note)
        log.check(note)
        frontier = Frontier(size, map(bytes.fromhex, row.frontier.split()))
    except CheckpointError as error:
        raise AuditError(f"the last checkpoint cannot be gone on from: {error.why}") from None
    except ValueError:
        raise AuditError("the last checkpoint's subtrees cannot be read") from None
    found = (note.checkpoint.size, note.checkpoint.root, row.root)
    if found != (size, frontier.root(), frontier.root().hex()):
        raise AuditError("the last checkpoint does not fit its own subtrees")
    return frontier, last.link or FIRST_LINK
