"""Messages that were given up: looking at them, letting one be told after all, or go for good."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster, require_known
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import messages, trail
from gatewright.engine.runtime.store.messages import DeadLetter


def dead_letters(desk: Desk, most: int = 100) -> list[DeadLetter]:
    """Return messages that some notifier did not take and will not be told again, oldest first."""
    return desk.database.retrying(lambda c: messages.dead(c, most), "reading")


def redeliver(desk: Desk, message: str, *, notifier: str, by: str) -> None:
    """Let a message that was given up be tried anew for one notifier.

    It comes after what that notifier was told meanwhile. Raises Refused where it is not dead.
    """
    _decide(desk, message, notifier, by, "message.revived", messages.revive)


def drop(desk: Desk, message: str, *, notifier: str, by: str) -> None:
    """Let a message that was given up go for good: it is not listed any more, nor told.

    Raises Refused where it is not dead.
    """
    _decide(desk, message, notifier, by, "message.dropped", messages.drop)


_Change = Callable[[Connection, str, str, int], DeadLetter | None]


def _decide(desk: Desk, message: str, notifier: str, by: str, kind: str, change: _Change) -> None:
    def work(connection: Connection) -> None:
        now = desk.database.now(connection)
        require_known(Roster(people=desk.directory.people()), by)
        found = change(connection, message, notifier, now)
        if found is None:
            raise Refused(
                "not_dead", f"`{notifier[:80]}` has no message `{message[:80]}` that was given up",
                "`gatewright dead-letters list` shows those that there are",
            )  # fmt: skip
        entry = Entry(kind, "person", by, {"message": found.id, "notifier": notifier})
        trail.record(connection, found.run, (entry,), now)

    desk.database.retrying(work, "writing")
