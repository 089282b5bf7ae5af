"""The outbox and who was told: messages -> deliveries, one for each message and notifier.

INVARIANT: a message of a run is not taken while an earlier one of that run waits for the same
notifier. Each function works in the caller's transaction; instants are nanoseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from gatewright.dsl.records import dataclass
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.inserting import insert_new

WAITING: Final = "waiting"
DELIVERED: Final = "delivered"
DEAD: Final = "dead"
DROPPED: Final = "dropped"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one notifier. `attempts` counts those that began, this one too."""

    number: int
    notifier: str
    run: str | None
    attempts: int
    event: dict[str, Json]

    @property
    def id(self) -> str:
        """The id of the CloudEvent."""
        return str(self.event["id"])

    @property
    def type(self) -> str:
        """The type of the CloudEvent."""
        return str(self.event["type"])


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up for one notifier, and why. Instants are nanoseconds."""

    id: str
    type: str
    run: str | None
    notifier: str
    attempts: int
    at: int
    ended_at: int
    error: str


def register(connection: Connection, names: Iterable[str], now: int) -> None:
    """Write down that there are notifiers of these names: from now on they are told."""
    c = t.notifiers.c
    for name in names:
        insert_new(connection, t.notifiers, name=name, seen_at=now)
        connection.execute(update(t.notifiers).where(c.name == name).values(seen_at=now))


def spread(connection: Connection, now: int, since: int, most: int = 100) -> int:
    """Make deliveries of new messages, one for each notifier seen `since`; return how many.

    Rows are locked, not skipped: of two workers the second waits, so that no message of a run is
    spread before an earlier one.
    """
    c = t.outbox.c
    # By instant rather than by number, so that an index has the order. Of one run it is the same:
    # the instants of its steps never go back.
    waiting = select(c.number, c.run, c.at).where(c.due_at <= now).order_by(c.due_at, c.number)
    rows = connection.execute(waiting.limit(most).with_for_update()).all()
    if not rows:
        return 0
    names = list(
        connection.scalars(select(t.notifiers.c.name).where(t.notifiers.c.seen_at >= since))
    )
    new = [
        {
            "message": number, "notifier": name, "run": run, "state": WAITING, "due_at": now,
            "attempts": 0,
        }
        for number, run, at in rows for name in names if at >= since
    ]  # fmt: skip
    if new:
        connection.execute(insert(t.deliveries), new)
    numbers = [row.number for row in rows]
    connection.execute(update(t.outbox).where(c.number.in_(numbers)).values(due_at=None))
    return len(rows)


def take(connection: Connection, names: Iterable[str], now: int, until: int) -> Delivery | None:
    """Begin an attempt at a delivery that is due, and keep others from it for a while.

    Notifiers are asked in the order that is given; of each comes what was due first.
    """
    for name in names:
        row = _due(connection, name, now)
        if row is not None:
            number, run, attempts = row
            return _begun(connection, number, name, run, attempts + 1, until)
    return None


def _due(connection: Connection, name: str, now: int) -> tuple[int, str | None, int] | None:
    c, of_run = t.deliveries.c, t.deliveries.alias("of_run").c
    # Not a join: whatever a planner believes of the table, this is one look into an index a row.
    first = (
        select(func.min(of_run.message))
        .where(of_run.run == c.run, of_run.notifier == c.notifier, of_run.state == WAITING)
        .scalar_subquery()
    )
    row = connection.execute(
        select(c.message, c.run, c.attempts)
        .where(c.notifier == name, c.due_at <= now, c.run.is_(None) | (c.message == first))
        .order_by(c.due_at, c.message)
        .limit(1)
        .with_for_update(skip_locked=True, of=t.deliveries)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _begun(
    connection: Connection, number: int, name: str, run: str | None, attempts: int, until: int
) -> Delivery:
    c = t.deliveries.c
    connection.execute(
        update(t.deliveries)
        .where(c.message == number, c.notifier == name)
        .values(attempts=attempts, due_at=until)
    )
    body = connection.scalar(select(t.outbox.c.body).where(t.outbox.c.number == number))
    return Delivery(number, name, run, attempts, json.loads(body or ""))


def delivered(connection: Connection, taken: Delivery, now: int) -> None:
    """Write down that a notifier took a message, whatever became of other attempts."""
    c = t.deliveries.c
    connection.execute(
        update(t.deliveries)
        .where(c.message == taken.number, c.notifier == taken.notifier, c.state != DELIVERED)
        .values(state=DELIVERED, due_at=None, ended_at=now, error=None)
    )


def later(connection: Connection, taken: Delivery, due_at: int, error: str) -> bool:
    """Let a delivery be tried again from an instant on; False where another attempt began."""
    c = t.deliveries.c
    if not _change(connection, taken, due_at=due_at, error=error):
        return False
    connection.execute(  # they wait for it anyhow: so nobody looks at them in vain
        update(t.deliveries)
        .where(c.run == taken.run, c.notifier == taken.notifier, c.state == WAITING)
        .where(c.message > taken.number, c.due_at < due_at)
        .values(due_at=due_at)
    )
    return True


def bury(connection: Connection, taken: Delivery, now: int, error: str) -> bool:
    """Give a delivery up; False where another attempt began."""
    return _change(connection, taken, state=DEAD, due_at=None, ended_at=now, error=error)


def _change(connection: Connection, taken: Delivery, **values: object) -> bool:
    c = t.deliveries.c
    which = (c.message == taken.number, c.notifier == taken.notifier, c.state == WAITING,
             c.attempts == taken.attempts)  # fmt: skip
    return connection.execute(update(t.deliveries).where(*which).values(**values)).rowcount == 1


# --- what nobody takes, and what is over


def overdue(connection: Connection, now: int, before: int, most: int = 100) -> list[Delivery]:
    """Return deliveries that are due, of messages older than an instant; others skip them.

    Not those that were given up before and are tried anew since that instant.
    """
    c, m = t.deliveries.c, t.outbox.c
    rows = connection.execute(
        select(c.message, c.notifier, c.run, c.attempts, m.body)
        .join(t.outbox, m.number == c.message)
        .where(c.state == WAITING, c.due_at <= now, m.at < before)
        .where(c.ended_at.is_(None) | (c.ended_at < before))
        .order_by(c.message)
        .limit(most)
        .with_for_update(skip_locked=True, of=t.deliveries)
    )
    return [Delivery(*row[:4], json.loads(row.body)) for row in rows]


def prune(connection: Connection, before: int, most: int = 1_000) -> int:
    """Delete messages older than an instant with their deliveries; return how many messages."""
    c = t.outbox.c
    old = select(c.number).where(c.at < before).order_by(c.at).limit(most)
    numbers = list(connection.scalars(old.with_for_update(skip_locked=True)))
    if numbers:
        of_them = t.deliveries.c.message.in_(numbers)
        connection.execute(delete(t.deliveries).where(of_them))
        connection.execute(delete(t.outbox).where(c.number.in_(numbers)))
    return len(numbers)


def dead(
    connection: Connection, most: int | None, id_: str | None = None, notifier: str | None = None
) -> list[DeadLetter]:
    """Return what was given up, the oldest first: all, of one message, or for one notifier."""
    if not _may_be_named(id_ or "", notifier or ""):
        return []
    c, m = t.deliveries.c, t.outbox.c
    query = select(*_LETTER).join(t.outbox, m.number == c.message).where(c.state == DEAD)
    if id_ is not None:
        query = query.where(m.id == id_)
    if notifier is not None:
        query = query.where(c.notifier == notifier)
    rows = connection.execute(query.order_by(c.message, c.notifier).limit(most))
    return [DeadLetter(*row) for row in rows]


def revive(connection: Connection, id_: str, notifier: str, now: int) -> DeadLetter | None:
    """Let a message that was given up be tried anew; return what it was, None unless it is dead."""
    # `ended_at` says when what was tried before ended: what is old already has its time once more.
    return _dead_no_more(
        connection, id_, notifier, state=WAITING, due_at=now, attempts=0, ended_at=now
    )


def drop(connection: Connection, id_: str, notifier: str, now: int) -> DeadLetter | None:
    """Leave a message untold that was given up; return what it was, None unless it is dead."""
    return _dead_no_more(connection, id_, notifier, state=DROPPED, ended_at=now)


_LETTER: Final = (
    t.outbox.c.id, t.outbox.c.type, t.deliveries.c.run, t.deliveries.c.notifier,
    t.deliveries.c.attempts, t.outbox.c.at, t.deliveries.c.ended_at, t.deliveries.c.error,
)  # fmt: skip
"""What a dead letter is made of."""


def _may_be_named(id_: str, notifier: str) -> bool:
    """Tell whether a message and a notifier can have these names: no database keeps some texts."""
    return id_.isascii() and (id_ + notifier).isprintable()


def _dead_no_more(
    connection: Connection, id_: str, notifier: str, **values: object
) -> DeadLetter | None:
    if not _may_be_named(id_, notifier):
        return None
    c, m = t.deliveries.c, t.outbox.c
    row = connection.execute(
        select(c.message, *_LETTER)
        .join(t.outbox, m.number == c.message)
        .where(m.id == id_, c.notifier == notifier, c.state == DEAD)
        .with_for_update(of=t.deliveries)
    ).one_or_none()
    if row is None:
        return None
    connection.execute(
        update(t.deliveries)
        .where(c.message == row.message, c.notifier == notifier)
        .values(**values)
    )
    return DeadLetter(*row[1:])
