"""What carrying a run out and finding out about one share: calls in time, and notes of results.

An attempt is one call of a connector with a key that was committed before. A run is given up after
many claims of one round, which each ended without a result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from gatewright.engine.action import Action
from gatewright.engine.runtime import calling, failpoints, measuring
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.card import shown
from gatewright.engine.runtime.claims import Claims, claims_of_round
from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import Outdated
from gatewright.engine.runtime.ports import Connector, Preview, Receipt, Record, TargetRef
from gatewright.engine.runtime.proposing import previewed
from gatewright.engine.runtime.run import WORK, Attempt, Run, State

T = TypeVar("T")

_LOG: Final = logging.getLogger("gatewright.worker")

MAX_CLAIMS: Final = 10
"""After so many claims of one round of a run it is given up rather than tried for ever.

Where nothing could be done each time, that is after about four hours, by claims of a minute.
"""


TellRun = Callable[[Run, str | None], None]
"""Is given a run that a worker lets go, and why it stands where it does."""


class Attempts:
    """The attempts of one worker. `timeout_s` is how long a call may take."""

    def __init__(
        self, desk: Desk, claims: Claims, timeout_s: float, tell_run: TellRun | None = None
    ) -> None:
        self.desk = desk
        self.claims = claims
        self.timeout_s = timeout_s
        self._tell_run = tell_run

    def note(self, run: Run, event: on.Event) -> Run:
        """Keep what was found out; raises Outdated where the claim is not the latest."""
        noted = self.claims.note(run, event)
        failpoints.passed("result.committed")
        self.went_on(noted)
        return noted

    def give_up(self, run: Run, event: on.NotApplied | on.Unknown) -> None:
        """Leave a run for a while, and say why; after many claims of its round note it."""
        if self.is_last(run):
            self.note(run, event)
            return
        if run.state is not State.EXECUTING:  # of what may be written people shall know soon
            self.claims.leave(run)
        if self._tell_run is None:
            _LOG.warning("run %s is looked at again later: %s", run.id, shown(event.message))
        else:
            self.let_go(run, f"to be tried again: {event.message}")

    def is_last(self, run: Run) -> bool:
        """Tell whether there were so many claims of this round that another one is of no use."""
        return claims_of_round(run) >= MAX_CLAIMS

    # --- who wants to know

    def went_on(self, run: Run) -> None:
        """Measure a run that went on; tell of it where there is nothing to do with it any more."""
        measuring.went_on(run)
        if run.state not in WORK:
            self.let_go(run, run.note)

    def let_go(self, run: Run, why: str | None) -> None:
        """Tell of a run as it stands now, and why."""
        if self._tell_run is None:
            return
        try:
            self._tell_run(run, why)
        except Exception:  # what is done is done, whoever knows of it
            _LOG.exception("run %s could not be told", run.id)

    # --- calls

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns in time; raises what it raises, and CallTimedOut."""
        return calling.call(function, self.timeout_s)

    def read(self, run: Run) -> Record:
        """Return the record of a run, the fields that its preview shows."""
        connector, target = self.desk.connector(run.system), self.target(run)
        fields = [change["field"] for change in run.round.preview["fields"]]
        return self.call(lambda: connector.read(target, fields))

    def preview(self, connector: Connector, run: Run, action: Action) -> Preview:
        """Return what would change now; raises PreviewFailed."""
        if run.undo is not None:
            receipt = self.desk.receipt_of(run.undo)
            return previewed(
                lambda: connector.preview_compensation(receipt), receipt.target, self.timeout_s
            )
        planned = TargetRef(**run.round.preview["target"])
        return previewed(lambda: connector.preview(action), planned, self.timeout_s)

    def write(self, connector: Connector, run: Run, action: Action, attempt: Attempt) -> Receipt:
        """Do what the run is about, or take back what it takes back."""

        def do() -> Receipt:
            if run.undo is not None:
                receipt = self.desk.receipt_of(run.undo)
                return connector.compensate(receipt, attempt.expected_version, attempt.key)
            return connector.execute(action, attempt.expected_version, attempt.key)

        return self.call(do)

    def target(self, run: Run) -> TargetRef:
        """Return the record of a run: as its receipt has it, else as planned."""
        attempt = run.attempt
        if attempt is not None and attempt.receipt is not None:
            return TargetRef(**attempt.receipt["target"])
        return TargetRef(**run.round.preview["target"])


def open_attempt(run: Run) -> Attempt:
    """Return the latest attempt; raises Outdated where there is none."""
    attempt = run.attempt
    if attempt is None:
        raise Outdated(run.id)
    return attempt
