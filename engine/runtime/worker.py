"""Carries out what may run, fires timers, and finds out what became of attempts that were cut off.

A worker claims a run for a while (`lease_s`). Before the call the attempt and its key are kept; a
run that is found in the middle of one is of unknown outcome by definition: it is probed, repeated
with the same key where that can have no second effect, else left to a person.
INVARIANT: nothing is called without an attempt that was committed before; a worker whose claim is
not the latest writes nothing. Source: docs/architecture.md#from-a-decision-to-a-deed.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from gatewright.engine.action import Action
from gatewright.engine.bundle.signing import Key
from gatewright.engine.runtime import calling, failpoints, measuring, replies, telemetry
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.claims import Claims
from gatewright.engine.runtime.delivery import Deliverer
from gatewright.engine.runtime.errors import GateError, Outdated, Refused
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.ports import (
    Applied,
    Conflict,
    Connector,
    ConnectorError,
    Idempotency,
    Preview,
    Probe,
    Receipt,
    TargetRef,
)
from gatewright.engine.runtime.proposing import Proposing, previewed
from gatewright.engine.runtime.routing import asked
from gatewright.engine.runtime.run import WORK, Attempt, Run, State, TimerKind
from gatewright.engine.runtime.store import runs
from gatewright.engine.runtime.store.errors import StoreError, StoreOutdated, StoreUnusable

T = TypeVar("T")

_LOG: Final = logging.getLogger("gatewright.worker")

MAX_CLAIMS: Final = 10
"""After so many claims of one run it is given up rather than tried for ever."""

LONGEST_PAUSE_S: Final = 30.0
"""How long a worker waits at most before it tries a store again that cannot be used."""


MAX_ROUNDS: Final = 50
"""After so many plans a run whose record does not hold still is given up."""


class Worker:
    """Carries out the runs of a gate. Any number may work on one store.

    `lease_s` is how long a claim holds; `call_timeout_s`, which must be shorter, how long a
    connector or a notifier may take. `audit_key` is the private key that signs checkpoints of the
    audit trail. `tell_run` is given each run that the worker lets go, as it stands then, and why
    it stands there: when there is nothing to do with it any more, or it has to be tried later.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        name: str | None = None,
        lease_s: float = 60.0,
        call_timeout_s: float = 30.0,
        audit_key: Key | None = None,
        tell_run: Callable[[Run, str | None], None] | None = None,
    ) -> None:
        if call_timeout_s >= lease_s:
            raise ValueError("a call must end before the claim does")
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._desk = gate.desk
        self._proposing = Proposing(gate.desk)
        self._claims = Claims(gate.desk, self.name, int(lease_s * 1_000_000_000))
        self._deliverer = Deliverer(gate.desk, lease_s=lease_s, call_timeout_s=call_timeout_s)
        self._timeout_s = call_timeout_s
        telemetry.watch(gate.desk)
        self._audit_key = audit_key
        self._tell_run = tell_run

    def run(
        self, stop: threading.Event, idle_s: float = 0.5, tell: Callable[[str], None] | None = None
    ) -> None:
        """Work until told to stop, looking again after `idle_s` where nothing is to be done.

        A store that is locked, full or away is tried again, after ever longer pauses; `tell` is
        given a line when that begins, and one when it is over. Raises StoreUnusable and
        StoreOutdated, which do not pass by themselves.
        """
        pause_s = idle_s
        while not stop.is_set():
            try:
                was_idle = not self.step()
            except (StoreUnusable, StoreOutdated):
                raise
            except StoreError as error:
                # What was called may be done, and not be kept: whoever claims the run finds out.
                if tell is not None and pause_s == idle_s:
                    tell(f"{error}; trying again")
                stop.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            if tell is not None and pause_s != idle_s:
                tell("the store can be used again")
            pause_s = idle_s
            if was_idle:
                stop.wait(idle_s)

    def drain(self, most: int = 10_000) -> int:
        """Do everything that can be done now, and return how many steps that took."""
        steps = 0
        while steps < most and self.step():
            steps += 1
        return steps

    def step(self) -> bool:
        """Fire timers that are due, tell one message, carry out one run; False: nothing to do.

        Raises StoreError where the store cannot be used; a connector's errors end up in its run,
        a notifier's in the delivery.
        """
        fired = self._fire_timers()
        told = self._deliverer.step()
        run = self._claims.claim()
        if run is None:
            if not told:  # nothing else to do: the trail is brought up to date
                sequence(self._desk.database, self._audit_key)
            return fired or told
        try:
            self._carry_out(run)
        except Outdated:  # somebody else went on with it: their claim is the later one
            pass
        except StoreError:
            raise
        except Exception as error:  # one bad run must not end the worker
            _LOG.exception("run %s could not be carried out", run.id)
            self._let_go(run, f"it could not be carried out ({type(error).__name__})")
        return True

    # --- timers

    def _fire_timers(self, most: int = 100) -> bool:
        database = self._desk.database
        due = database.retrying(lambda c: runs.due_timers(c, database.now(c), most), "reading")
        fired = False
        for run, kind, route in due:
            try:
                self._fired(self._claims.fire(run, kind, route), kind)
                fired = True
            except StoreError:
                raise
            except (Refused, Outdated):
                continue  # answered in the meantime
            except Exception:  # others do not wait for it
                _LOG.exception("a timer of run %s could not be fired", run)
                self._claims.postpone(run, kind, route)
        return fired

    def _fired(self, run: Run, kind: TimerKind) -> None:
        if kind == "timeout" and run.state is State.PENDING:
            names = ", ".join(ask.name for ask in asked(run.round))
            self._let_go(run, f"asked after a timeout: {names}")
        elif run.state is not State.PENDING:
            self._went_on(run)

    # --- who wants to know

    def _went_on(self, run: Run) -> None:
        """Tell of a run that there is nothing to do with any more."""
        if run.state not in WORK:
            self._let_go(run, run.note)

    def _let_go(self, run: Run, why: str | None) -> None:
        if self._tell_run is None:
            return
        try:
            self._tell_run(run, why)
        except Exception:  # what is done is done, whoever knows of it
            _LOG.exception("run %s could not be told", run.id)

    # --- claims

    def _carry_out(self, run: Run) -> None:
        if run.state is State.STALE:
            self._ask_again(run)
        elif run.state is State.VERIFYING:
            self._verify(run)
        else:
            with telemetry.span(
                "execute", run=run.id, action=run.action, system=run.system,
                is_recovery=run.state is State.EXECUTING,
            ):  # fmt: skip
                if run.state is State.EXECUTING:
                    self._recover(run)
                else:
                    self._execute(run)

    def _ask_again(self, run: Run) -> None:
        if len(run.rounds) >= MAX_ROUNDS:
            why = f"the record changed again and again: it was previewed {len(run.rounds)} times"
            self._note(run, on.NotApplied(why))
            return
        why = run.note or "it moved"
        try:
            again = self._proposing.ask_again(run.id, why, run.fence)
        except (Outdated, StoreError):
            raise
        except Exception as error:
            self._try_later(run, _told(error))
            return
        if again.state not in WORK:
            self._let_go(again, f"decided again, since {why}")

    def _try_later(self, run: Run, why: str) -> None:
        """Leave a run until its claim ends, or give it up after many. Nothing was done with it."""
        if run.fence >= MAX_CLAIMS:
            self._note(run, on.NotApplied(why))
        else:
            self._let_go(run, f"to be tried again: {why}")

    # --- the write

    def _execute(self, run: Run) -> None:
        try:
            action = self._desk.plan_of(run)
            connector = self._desk.connector(run.system)
            preview = self._preview(connector, run, action)
            failpoints.passed("execute.checked")
            started = self._claims.start(run, preview)
        except (Outdated, StoreError):
            raise
        except Exception as error:  # nothing was called; one bad run must not end the worker
            self._try_later(run, _told(error))
            return
        failpoints.passed("execute.committed")
        if started.state is State.EXECUTING:
            self._attempt(started, connector, action)
        else:
            measuring.went_on(started)
            self._went_on(started)

    def _attempt(self, run: Run, connector: Connector, action: Action) -> None:
        """Call the connector. Only a ConnectorError says for certain that nothing was done."""
        attempt = _open_attempt(run)
        try:
            receipt = self._call(lambda: self._write(connector, run, action, attempt))
        except Conflict as error:
            self._note(run, on.NotApplied(replies.words(error), conflict=True))
        except ConnectorError as error:
            self._note(run, on.NotApplied(replies.words(error)))
        except Exception:  # it failed somewhere, or did not return in time
            self._recover(run)
        else:
            failpoints.passed("execute.called")
            if replies.is_receipt(receipt, self._target(run), attempt.key):
                self._applied(run, receipt)
            else:
                self._recover(run)

    def _applied(self, run: Run, receipt: object) -> None:
        if not replies.is_receipt(receipt, self._target(run), _open_attempt(run).key):
            self._note(run, on.Unknown("the connector answered something that is no receipt"))
            return
        self._verify(self._note(run, on.Applied(self._desk.receipt_for(run, receipt))))

    # --- an attempt of which nobody knows how it ended

    def _recover(self, run: Run) -> None:
        """Find out. That a probe finds nothing is no proof: the call may still be under way."""
        attempt = _open_attempt(run)
        try:
            connector = self._desk.connector(run.system)
        except GateError as error:
            self._try_later_unknown(run, error.message)
            return
        probe = self._probe(run, connector, attempt)
        if probe.applied is Applied.YES and probe.receipt is not None:
            self._applied(run, probe.receipt)
        elif self._may_repeat(connector, attempt):
            self._repeat(run, connector, attempt)
        elif probe.applied is Applied.NO:
            self._note(run, on.Unknown("the call was cut off; there is no trace of it yet"))
        else:
            self._note(run, on.Unknown("the call was cut off, and nobody can tell what it did"))

    def _try_later_unknown(self, run: Run, why: str) -> None:
        if run.fence >= MAX_CLAIMS:
            self._note(run, on.Unknown(why))
        else:
            self._let_go(run, f"to be looked at again: {why}")

    def _probe(self, run: Run, connector: Connector, attempt: Attempt) -> Probe:
        if not replies.promises(connector).can_probe:
            return Probe(Applied.UNKNOWN)
        try:
            found: object = self._call(lambda: connector.probe(attempt.key))
        except Exception:  # then nobody knows
            return Probe(Applied.UNKNOWN)
        if replies.is_probe(found, self._target(run), attempt.key):
            return found
        return Probe(Applied.UNKNOWN)

    def _may_repeat(self, connector: Connector, attempt: Attempt) -> bool:
        """Tell whether the same call again can have no second effect."""
        can = replies.promises(connector)
        if can.idempotency is Idempotency.COMPARE_AND_SET:
            return attempt.expected_version is not None
        if can.idempotency is not Idempotency.NATIVE:
            return False
        if can.key_window_s is None:
            return True
        # The call itself takes time; an attempt of the future is one of which nobody knows the age.
        age = self._desk.database.now() - attempt.started_at
        latest = (can.key_window_s - self._timeout_s) * 1_000_000_000
        return 0 <= age < latest

    def _repeat(self, run: Run, connector: Connector, attempt: Attempt) -> None:
        """Call again with the same key and version."""
        try:
            action = self._desk.plan_of(run)
        except GateError as error:
            self._note(run, on.Unknown(error.message))
            return
        try:
            receipt = self._call(lambda: self._write(connector, run, action, attempt))
        except Conflict as error:
            self._settle_conflict(run, connector, attempt, replies.words(error))
        except ConnectorError as error:
            # This call did nothing; the one before may have.
            why = replies.words(error)
            self._note(run, on.Unknown(f"the call was cut off; tried again: {why}"))
        except Exception:  # or CallTimedOut: somebody will look again when the claim ends
            self._try_later_unknown(run, "the call was cut off again and again")
        else:
            self._applied(run, receipt)

    def _settle_conflict(
        self, run: Run, connector: Connector, attempt: Attempt, message: str
    ) -> None:
        """Tell whose write moved the record: ours, if everything is as planned.

        Not where another run wrote it in that time: it may have written the same.
        """
        fields = run.round.preview["fields"]
        database = self._desk.database
        if database.retrying(
            lambda c: runs.others_wrote(c, run, attempt.started_at), "reading"
        ):  # fmt: skip
            self._note(run, on.Unknown(f"the call was cut off, another run wrote, and: {message}"))
            return
        try:
            target = self._target(run)
            record = self._call(lambda: connector.read(target, [f["field"] for f in fields]))
        except Exception:
            self._note(run, on.Unknown(message))
            return
        if fields and all(record.values.get(f["field"]) == f["new"] for f in fields):
            receipt = Receipt(attempt.key, target, None, record.version,
                              {"fields": {f["field"]: f["old"] for f in fields}})  # fmt: skip
            self._applied(run, receipt)
        else:
            self._note(run, on.Unknown(f"the call was cut off, and then: {message}"))

    # --- afterwards

    def _verify(self, run: Run) -> None:
        """Read again what was written, and say whether it is as planned."""
        with telemetry.span("verify", run=run.id, action=run.action, system=run.system):
            self._compare(run)

    def _compare(self, run: Run) -> None:
        fields = run.round.preview["fields"]
        try:
            connector = self._desk.connector(run.system)
            target = self._target(run)
            record = self._call(lambda: connector.read(target, [f["field"] for f in fields]))
            differs = [
                f["field"] for f in fields
                if f["new"] != "***" and record.values.get(f["field"]) != f["new"]
            ]  # fmt: skip
        except Exception:  # it was written, whatever reading says
            if run.fence < MAX_CLAIMS:
                self._let_go(run, "it was written, and could not be read again yet")
                return
            differs = ["(the record could not be read again)"]
        failpoints.passed("verify.read")
        message = f"not as planned: {', '.join(differs)}" if differs else None
        self._note(run, on.Verified(not differs, message))

    def _target(self, run: Run) -> TargetRef:
        attempt = run.attempt
        if attempt is not None and attempt.receipt is not None:
            return TargetRef(**attempt.receipt["target"])
        return TargetRef(**run.round.preview["target"])

    def _note(self, run: Run, event: on.Event) -> Run:
        noted = self._claims.note(run, event)
        failpoints.passed("result.committed")
        measuring.went_on(noted)
        self._went_on(noted)
        return noted

    def _preview(self, connector: Connector, run: Run, action: Action) -> Preview:
        if run.undo is not None:
            receipt = self._desk.receipt_of(run.undo)
            return previewed(
                lambda: connector.preview_compensation(receipt), receipt.target, self._timeout_s
            )
        planned = TargetRef(**run.round.preview["target"])
        return previewed(lambda: connector.preview(action), planned, self._timeout_s)

    def _write(self, connector: Connector, run: Run, action: Action, attempt: Attempt) -> Receipt:
        if run.undo is not None:
            receipt = self._desk.receipt_of(run.undo)
            return connector.compensate(receipt, attempt.expected_version, attempt.key)
        return connector.execute(action, attempt.expected_version, attempt.key)

    def _call(self, function: Callable[[], T]) -> T:
        return calling.call(function, self._timeout_s)


def _told(error: Exception) -> str:
    """Return what is kept of an error: the text of those that are made for people."""
    if isinstance(error, (GateError, calling.CallTimedOut)):
        return str(error)
    return f"it could not be checked ({type(error).__name__})"


def _open_attempt(run: Run) -> Attempt:
    attempt = run.attempt
    if attempt is None:
        raise Outdated(run.id)
    return attempt
