"""A run that a worker has claimed -> carried out, verified, asked again, or given up.

INVARIANT: nothing is called without an attempt that was committed before; a worker whose claim is
not the latest writes nothing. Source: docs/architecture.md#from-a-decision-to-a-deed.
"""

from __future__ import annotations

from typing import Final

from gatewright.engine.action import Action
from gatewright.engine.runtime import calling, failpoints, replies, telemetry
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.attempts import Attempts, open_attempt
from gatewright.engine.runtime.errors import DamagedRun, GateError, NoTarget, Outdated
from gatewright.engine.runtime.ports import Conflict, Connector, ConnectorError
from gatewright.engine.runtime.proposing import Proposing
from gatewright.engine.runtime.recovering import Recovery
from gatewright.engine.runtime.run import WORK, Run, State
from gatewright.engine.runtime.store.errors import StoreError

MAX_ROUNDS: Final = 50
"""After so many plans a run whose record does not hold still is given up."""


class Carrying:
    """Carries out the runs of one worker."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._proposing = Proposing(attempts.desk)
        self._recovery = Recovery(attempts, self._applied)

    def carry_out(self, run: Run) -> None:
        """Do what a claimed run waits for; raises Outdated where others went on with it."""
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
                    self._recovery.recover(run)
                else:
                    self._execute(run)

    def _ask_again(self, run: Run) -> None:
        if len(run.rounds) >= MAX_ROUNDS:
            why = f"the record changed again and again: it was previewed {len(run.rounds)} times"
            self._attempts.note(run, on.NotApplied(why))
            return
        why = run.note or "it moved"
        try:
            again = self._proposing.ask_again(run.id, why, run.fence)
        except (Outdated, DamagedRun, StoreError):
            raise
        except Exception as error:
            # A record that is gone, and an undoing that nobody may decide, do not come back.
            is_over = isinstance(error, NoTarget) or getattr(error, "code", "") == "undecided"
            end = self._attempts.note if is_over else self._attempts.give_up
            end(run, on.NotApplied(_told(error)))
            return
        if again.state not in WORK:
            self._attempts.let_go(again, f"decided again, since {why}")

    # --- the write

    def _execute(self, run: Run) -> None:
        try:
            action = self._attempts.desk.plan_of(run)
            connector = self._attempts.desk.connector(run.system)
            preview = self._attempts.preview(connector, run, action)
            failpoints.passed("execute.checked")
            started = self._attempts.claims.start(run, preview)
        except (Outdated, DamagedRun, StoreError):
            raise
        except NoTarget as error:  # to wait does not help
            self._attempts.note(run, on.NotApplied(_told(error)))
            return
        except Exception as error:  # nothing was called; one bad run must not end the worker
            self._attempts.give_up(run, on.NotApplied(_told(error)))
            return
        failpoints.passed("execute.committed")
        if started.state is State.EXECUTING:
            self._attempt(started, connector, action)
        else:
            self._attempts.went_on(started)

    def _attempt(self, run: Run, connector: Connector, action: Action) -> None:
        """Call the connector. Only a ConnectorError says for certain that nothing was done."""
        attempt = open_attempt(run)
        try:
            receipt = self._attempts.write(connector, run, action, attempt)
        except Conflict as error:
            self._attempts.note(run, on.NotApplied(replies.words(error), conflict=True))
        except ConnectorError as error:
            self._attempts.note(run, on.NotApplied(replies.words(error)))
        except Exception:  # it failed somewhere, or did not return in time
            self._recovery.recover(run)
        else:
            failpoints.passed("execute.called")
            if replies.is_receipt(receipt, self._attempts.target(run), attempt.key):
                self._applied(run, receipt)
            else:
                self._recovery.recover(run)

    def _applied(self, run: Run, receipt: object) -> None:
        target, key = self._attempts.target(run), open_attempt(run).key
        if not replies.is_receipt(receipt, target, key):
            why = "the connector answered something that is no receipt"
            self._attempts.note(run, on.Unknown(why))
            return
        kept = self._attempts.desk.receipt_for(run, receipt)
        self._verify(self._attempts.note(run, on.Applied(kept)))

    # --- afterwards

    def _verify(self, run: Run) -> None:
        """Read again what was written, and say whether it is as planned."""
        with telemetry.span("verify", run=run.id, action=run.action, system=run.system):
            self._compare(run)

    def _compare(self, run: Run) -> None:
        fields = run.round.preview["fields"]
        try:
            record = self._attempts.read(run)
            differs = [
                f["field"] for f in fields
                if f["new"] != "***" and record.values.get(f["field"]) != f["new"]
            ]  # fmt: skip
        except Exception:  # it was written, whatever reading says
            if not self._attempts.is_last(run):
                self._attempts.let_go(run, "it was written, and could not be read again yet")
                return
            differs = ["(the record could not be read again)"]
        failpoints.passed("verify.read")
        message = f"not as planned: {', '.join(differs)}" if differs else None
        self._attempts.note(run, on.Verified(not differs, message))


def _told(error: Exception) -> str:
    """Return what is kept of an error: the text of those that are made for people."""
    if isinstance(error, GateError):
        return error.message
    if isinstance(error, calling.CallTimedOut):
        return str(error)
    return f"it could not be checked ({type(error).__name__})"
