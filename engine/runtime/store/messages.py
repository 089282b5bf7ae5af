"""The outbox and who was told: messages -> deliveries, one for each message and notifier.

INVARIANT: a message of a run is not taken while an earlier one of that run waits for the same
notifier. Each function works in the caller's transaction; instants are nanoseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, exists, insert, select, update

from gatewright.engine.json_text import Json
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.inserting import insert_new

WAITING: Final = "waiting"
DELIVERED: Final = "delivered"
DEAD: Final = "dead"


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
    waiting = select(c.number, c.run, c.at).where(c.due_at <= now)
    rows = connection.execute(waiting.order_by(c.number).limit(most).with_for_update()).all()
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
    """Begin an attempt at the delivery that is due first, and keep others from it for a while."""
    c, before = t.deliveries.c, t.deliveries.alias("earlier")
    held_back = exists().where(
        before.c.run == c.run, before.c.notifier == c.notifier, before.c.message < c.message,
        before.c.state == WAITING,
    )  # fmt: skip
    row = connection.execute(
        select(c.message, c.notifier, c.run, c.attempts)
        .where(c.notifier.in_(list(names)), c.due_at <= now, ~held_back)
        .order_by(c.due_at, c.message)
        .limit(1)
        .with_for_update(skip_locked=True, of=t.deliveries)
    ).one_or_none()
    if row is None:
        return None
    number, name, run, attempts = row
    connection.execute(
        update(t.deliveries)
        .where(c.message == number, c.notifier == name)
        .values(attempts=attempts + 1, due_at=until)
    )
    body = connection.scalar(select(t.outbox.c.body).where(t.outbox.c.number == number))
    return Delivery(number, name, run, attempts + 1, json.loads(body or ""))


def delivered(connection: Connection, taken: Delivery, now: int) -> None:
    """Write down that a notifier took a message. True whoever else tries it by now."""
    _change(connection, taken, any_attempt=True, state=DELIVERED, due_at=None, ended_at=now)


def later(connection: Connection, taken: Delivery, due_at: int, error: str) -> bool:
    """Let a delivery be tried again from an instant on; False where another attempt began."""
    return _change(connection, taken, due_at=due_at, error=error)


def bury(connection: Connection, taken: Delivery, now: int, error: str) -> bool:
    """Give a delivery up; False where another attempt began."""
    return _change(connection, taken, state=DEAD, due_at=None, ended_at=now, error=error)


def _change(
    connection: Connection, taken: Delivery, *, any_attempt: bool = False, **values: object
) -> bool:
    c = t.deliveries.c
    which = [c.message == taken.number, c.notifier == taken.notifier, c.state == WAITING]
    if not any_attempt:
        which.append(c.attempts == taken.attempts)
    return connection.execute(update(t.deliveries).where(*which).values(**values)).rowcount == 1
