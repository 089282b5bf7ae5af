"""Messages that were given up: looking at them, having one told after all, or leaving it untold."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster, require_known
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import messages, trail
from gatewright.engine.runtime.store.messages import DeadLetter


def dead_letters(
    desk: Desk, most: int | None = 100, message: str | None = None, notifier: str | None = None
) -> list[DeadLetter]:
    """Return messages that some notifier did not take and will not be told again, oldest first.

    Those of one message, or for one notifier, where these are named; `most` None: all.
    """
    return desk.database.retrying(
        lambda c: messages.dead(c, most, message, notifier), "reading"
    )  # fmt: skip


def redeliver(desk: Desk, message: str, *, notifier: str, by: str) -> None:
    """Let a message that was given up be tried anew for one notifier, for as long as a new one.

    It comes after what that notifier was told meanwhile. Raises Refused where it is not dead.
    """
    _end(desk, message, notifier, by, messages.revive, "message.revived")


def drop(desk: Desk, message: str, *, notifier: str, by: str) -> None:
    """Leave a message that was given up untold for good: it is no dead letter any more.

    Raises Refused where it is not dead.
    """
    _end(desk, message, notifier, by, messages.drop, "message.dropped")


def _end(
    desk: Desk, message: str, notifier: str, by: str,
    how: Callable[[Connection, str, str, int], DeadLetter | None], kind: str,
) -> None:  # fmt: skip
    """Take a message from the dead letters, and say in the trail who did it."""

    def work(connection: Connection) -> None:
        now = desk.database.now(connection)
        require_known(Roster(people=desk.directory.people()), by)
        found = how(connection, message, notifier, now)
        if found is None:
            raise Refused(
                "not_dead", f"`{notifier[:80]}` has no message `{message[:80]}` that was given up",
                "see `dead_letters` for those that there are",
            )  # fmt: skip
        entry = Entry(kind, "person", by, {"message": found.id, "notifier": notifier})
        trail.record(connection, found.run, (entry,), now)

    desk.database.retrying(work, "writing")
