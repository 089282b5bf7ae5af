"""Messages of the outbox -> notifiers: at least once for each, in the order of each run.

A delivery is taken for a while, the notifier is called outside any transaction, and what came of
it is written down. Where a process ends in between, the message is told again with the same id.
What fails is tried again later and later, in the end given up: it is dead, and the trail says so.
INVARIANT: one notifier's failures make no other get a message twice, nor wait.
"""

from __future__ import annotations

import logging
import time
from typing import Final, Literal

from sqlalchemy import Connection

from gatewright.engine.runtime import calling, failpoints, telemetry
from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.notifying import NotifierError, Undeliverable
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import messages, trail
from gatewright.engine.runtime.store.messages import Delivery

MAX_ATTEMPTS: Final = 12
"""After so many attempts a message is given up for a notifier: about 18 hours."""

SECOND: Final = 1_000_000_000
FIRST_DELAY: Final = SECOND
LONGEST_DELAY: Final = 4 * 3600 * SECOND

TOLD_FOR: Final = 7 * 24 * 3600 * SECOND
"""How old a message may get, in nanoseconds, before nobody is told any more."""

KEPT_FOR: Final = 30 * 24 * 3600 * SECOND
"""How long messages are kept, whatever became of them. The audit trail is the record, not they."""

TIDY_EVERY_S: Final = 3600.0

REST: Final = 60 * SECOND
"""The longest rest of a notifier that fails, before any message is tried with it."""

Result = Literal["delivered", "failed", "timed_out", "dead"]
"""What came of an attempt."""

_DELIVERIES = telemetry.Counter(
    "deliveries", "{attempt}", "Attempts to tell a message to a notifier, by what came of them."
)
_log = logging.getLogger("gatewright.delivery")


def delay(attempts: int) -> int:
    """Return how long a delivery waits after so many attempts that failed, in nanoseconds.

    >>> [delay(n) // SECOND for n in (1, 2, 3, 4, 7, 8, 11)]
    [1, 4, 16, 64, 4096, 14400, 14400]
    """
    return int(min(FIRST_DELAY * 4 ** min(attempts - 1, 20), LONGEST_DELAY))


class Deliverer:
    """Tells messages to the notifiers of a desk. Of one worker; any number may share a store."""

    def __init__(self, desk: Desk, *, lease_s: float, call_timeout_s: float) -> None:
        self._desk = desk
        self._lease = int(lease_s * SECOND)
        self._timeout_s = call_timeout_s
        self._order = list(desk.notifiers)
        self._rests: dict[str, tuple[int, int]] = {}
        """By notifier: how often in a row it failed, and until when nothing is told to it."""
        self._tidied_at: float | None = None

    def step(self) -> bool:
        """Tell one message to one notifier; False where none is due. Raises StoreError."""
        self._tidy()
        taken = self._take()
        if taken is None:
            return False
        failpoints.passed("deliver.committed")
        with telemetry.span(
            "deliver", notifier=taken.notifier, message=taken.id, type=taken.type, run=taken.run,
            attempt=taken.attempts,
        ) as span:  # fmt: skip
            result = self._deliver(taken)
            span.set(result=result)
        _DELIVERIES.add(notifier=taken.notifier, result=result)
        return True

    # --- one delivery

    def _take(self) -> Delivery | None:
        database = self._desk.database
        if not self._desk.notifiers:
            return None

        def work(connection: Connection) -> Delivery | None:
            now = database.now(connection)
            messages.spread(connection, now, now - TOLD_FOR)
            names = [name for name in self._order if self._rests_until(name) <= now]
            taken = messages.take(connection, names, now, now + self._lease)
            if taken is not None:
                failpoints.passed("deliver.recorded")
            return taken

        taken = database.retrying(work, "writing")
        if taken is not None:  # whoever was told something comes last next time
            self._order.remove(taken.notifier)
            self._order.append(taken.notifier)
        return taken

    def _deliver(self, taken: Delivery) -> Result:
        """Call the notifier, and write down what came of it."""
        notifier = self._desk.notifiers[taken.notifier]
        if taken.attempts > MAX_ATTEMPTS:  # each attempt ended with its process
            return self._bury(taken, "no attempt came to an end")
        try:
            calling.call(lambda: notifier.notify(taken.event), self._timeout_s)
        except Undeliverable as error:
            return self._bury(taken, error.message)
        except NotifierError as error:
            return self._failed(taken, error.message)
        except calling.CallTimedOut as error:
            return self._failed(taken, str(error), hung=True)
        except Exception as error:  # whatever a notifier raises; its text may hold a credential
            return self._failed(taken, f"the notifier failed ({type(error).__name__})")
        failpoints.passed("deliver.called")
        return self._told(taken)

    def _told(self, taken: Delivery) -> Result:
        self._rests.pop(taken.notifier, None)

        def work(connection: Connection) -> None:
            messages.delivered(connection, taken, self._desk.database.now(connection))
            failpoints.passed("told.recorded")

        self._desk.database.retrying(work, "writing")
        failpoints.passed("told.committed")
        return "delivered"

    def _failed(self, taken: Delivery, error: str, *, hung: bool = False) -> Result:
        self._rest(taken.notifier, hung=hung)
        if taken.attempts >= MAX_ATTEMPTS:
            return self._bury(taken, error)

        def work(connection: Connection) -> None:
            now = self._desk.database.now(connection)
            messages.later(connection, taken, now + delay(taken.attempts), error)
            failpoints.passed("told.recorded")

        self._desk.database.retrying(work, "writing")
        failpoints.passed("told.committed")
        _log.info("%s did not take message %s: %s", taken.notifier, taken.id, error)
        return "timed_out" if hung else "failed"

    def _bury(self, taken: Delivery, error: str) -> Result:
        """Give a delivery up, and say so in the trail."""

        def work(connection: Connection) -> bool:
            now = self._desk.database.now(connection)
            is_dead = messages.bury(connection, taken, now, error)
            if is_dead:
                trail.record(connection, taken.run, [_dead(taken, error)], now)
            failpoints.passed("told.recorded")
            return is_dead

        if self._desk.database.retrying(work, "writing"):
            _log.warning("%s will not get message %s: %s", taken.notifier, taken.id, error)
        failpoints.passed("told.committed")
        return "dead"

    # --- what is over

    def _tidy(self) -> None:
        """Once an hour: say which notifiers there are, give up what is too old, forget the rest."""
        database = self._desk.database
        if self._tidied_at is not None and time.monotonic() < self._tidied_at + TIDY_EVERY_S:
            return

        def work(connection: Connection) -> bool:
            now = database.now(connection)
            messages.register(connection, self._desk.notifiers, now)
            old = messages.overdue(connection, now, now - TOLD_FOR)
            for delivery in old:
                error = "no notifier took it in time"
                messages.bury(connection, delivery, now, error)
                trail.record(connection, delivery.run, [_dead(delivery, error)], now)
            pruned = messages.prune(connection, now - KEPT_FOR)
            failpoints.passed("tidy.recorded")
            return not old and not pruned

        if database.retrying(work, "writing"):
            self._tidied_at = time.monotonic()
        failpoints.passed("tidy.committed")

    # --- notifiers that fail

    def _rests_until(self, name: str) -> int:
        return self._rests.get(name, (0, 0))[1]

    def _rest(self, name: str, *, hung: bool) -> None:
        """Leave a notifier alone for a while: a whole queue need not find out that it is away.

        One that hangs costs this worker its timeout: it rests ten times that.
        """
        failures = self._rests.get(name, (0, 0))[0] + 1
        pause = int(10 * self._timeout_s * SECOND) if hung else min(delay(failures), REST)
        self._rests[name] = (failures, self._desk.database.now() + pause)


def _dead(taken: Delivery, error: str) -> Entry:
    return Entry(
        "message.dead", "system", "worker", {
            "message": taken.id, "type": taken.type, "notifier": taken.notifier,
            "attempts": min(taken.attempts, MAX_ATTEMPTS),
        },
        {"error": error},
    )  # fmt: skip
