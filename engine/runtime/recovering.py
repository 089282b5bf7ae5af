"""An attempt of which nobody knows how it ended -> what became of it, or a person who finds out.

It is probed, repeated with the same key where that can have no second effect, else left. Nothing is
tried again blindly. Source: architecture.md "Runtime".
"""

from __future__ import annotations

from collections.abc import Callable

from gatewright.engine.runtime import answers
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.attempts import Attempts, open_attempt
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.ports import (
    Applied,
    Conflict,
    Connector,
    ConnectorError,
    Idempotency,
    Probe,
    Receipt,
)
from gatewright.engine.runtime.run import Attempt, Run
from gatewright.engine.runtime.store import runs


class Recovery:
    """Finds out for one worker. `applied` is told a run and what may be its receipt."""

    def __init__(self, attempts: Attempts, applied: Callable[[Run, object], None]) -> None:
        self._attempts = attempts
        self._applied = applied

    def recover(self, run: Run) -> None:
        """Find out. That a probe finds nothing is no proof: the call may still be under way."""
        attempt = open_attempt(run)
        try:
            connector = self._attempts.desk.connector(run.system)
        except GateError as error:
            self._attempts.give_up(run, on.Unknown(error.message))
            return
        probe = self._probe(run, connector, attempt)
        if probe.applied is Applied.YES and probe.receipt is not None:
            self._applied(run, probe.receipt)
        elif self._may_repeat(connector, attempt):
            self._repeat(run, connector, attempt)
        elif probe.applied is Applied.NO:
            self._unknown(run, "the call was cut off; there is no trace of it yet")
        else:
            self._unknown(run, "the call was cut off, and nobody can tell what it did")

    def _unknown(self, run: Run, why: str) -> None:
        self._attempts.note(run, on.Unknown(why))

    def _probe(self, run: Run, connector: Connector, attempt: Attempt) -> Probe:
        if not answers.promises(connector).can_probe:
            return Probe(Applied.UNKNOWN)
        try:
            found: object = self._attempts.call(lambda: connector.probe(attempt.key))
        except Exception:  # then nobody knows
            return Probe(Applied.UNKNOWN)
        if answers.is_probe(found, self._attempts.target(run), attempt.key):
            return found
        return Probe(Applied.UNKNOWN)

    def _may_repeat(self, connector: Connector, attempt: Attempt) -> bool:
        """Tell whether the same call again can have no second effect."""
        can = answers.promises(connector)
        if can.idempotency is Idempotency.COMPARE_AND_SET:
            return attempt.expected_version is not None
        if can.idempotency is not Idempotency.NATIVE:
            return False
        if can.key_window_s is None:
            return True
        # The call itself takes time; an attempt of the future is one of which nobody knows the age.
        age = self._attempts.desk.database.now() - attempt.started_at
        latest = (can.key_window_s - self._attempts.timeout_s) * 1_000_000_000
        return 0 <= age < latest

    def _repeat(self, run: Run, connector: Connector, attempt: Attempt) -> None:
        """Call again with the same key and version."""
        try:
            action = self._attempts.desk.plan_of(run)
        except GateError as error:
            self._unknown(run, error.message)
            return
        try:
            receipt = self._attempts.write(connector, run, action, attempt)
        except Conflict as error:
            self._settle_conflict(run, attempt, answers.words(error))
        except ConnectorError as error:
            # This call did nothing; the one before may have.
            self._unknown(run, f"the call was cut off; tried again: {answers.words(error)}")
        except Exception:  # or CallTimedOut: somebody will look again when the claim ends
            self._attempts.give_up(run, on.Unknown("the call was cut off again and again"))
        else:
            self._applied(run, receipt)

    def _settle_conflict(self, run: Run, attempt: Attempt, message: str) -> None:
        """Tell whose write moved the record: ours, if everything is as planned.

        Not where another run wrote it in that time: it may have written the same. Nor where a write
        is taken back: who does that by hand writes the same old values.
        """
        if run.undo is not None:
            self._unknown(run, f"the call was cut off, and the record was written since: {message}")
            return
        database = self._attempts.desk.database
        if database.retrying(lambda c: runs.others_wrote(c, run, attempt.started_at), "reading"):
            self._unknown(run, f"the call was cut off, another run wrote, and: {message}")
            return
        fields = run.round.preview["fields"]
        try:
            record = self._attempts.read(run)
        except Exception:
            self._unknown(run, message)
            return
        if fields and all(record.values.get(f["field"]) == f["new"] for f in fields):
            old = {"fields": {f["field"]: f["old"] for f in fields}}
            target = self._attempts.target(run)
            self._applied(run, Receipt(attempt.key, target, None, record.version, old))
        else:
            self._unknown(run, f"the call was cut off, and then: {message}")
