"""Messages that were given up: looking at them, and letting one be told after all."""

from __future__ import annotations

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

    def work(connection: Connection) -> None:
        now = desk.database.now(connection)
        require_known(Roster(people=desk.directory.people()), by)
        found = messages.revive(connection, message, notifier, now)
        if found is None:
            raise Refused(
                "not_dead", f"`{notifier[:80]}` has no message `{message[:80]}` that was given up",
                "see `dead_letters` for those that there are",
            )  # fmt: skip
        entry = Entry("message.revived", "person", by, {"message": found.id, "notifier": notifier})
        trail.record(connection, found.run, (entry,), now)

    desk.database.retrying(work, "writing")
