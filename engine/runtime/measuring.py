"""What is counted of runs: decisions, answers, what became of them, and how long it took."""

from __future__ import annotations

from typing import Final

from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime import telemetry
from gatewright.engine.runtime.run import Run, State

_DECISIONS: Final = telemetry.Counter(
    "decisions", "{decision}", "Decisions about plans, by effect."
)
_ANSWERS: Final = telemetry.Counter("answers", "{answer}", "What people did to runs, by kind.")
_EXECUTIONS: Final = telemetry.Counter(
    "executions", "{run}", "Runs that a worker carried out or tried to, by what came of them."
)
_DELAY: Final = telemetry.Histogram(
    "approval_to_done", "s", "How long it took from the last approval until the run was done."
)
_ENDS: Final = (State.DONE, State.FAILED, State.OUTCOME_UNKNOWN, State.STALE)

KINDS: Final[dict[type, str]] = {
    on.Approve: "approve", on.Reject: "reject", on.RequestChanges: "request_changes",
    on.TakeOver: "take_over", on.Complete: "complete_manually", on.Cancel: "cancel",
    on.Say: "comment",
}  # fmt: skip
"""What people do, as it is called where it is counted."""


def decided(run: Run, policy: PolicySet) -> None:
    """Count a decision. A name that no policy declares is not told: an agent may make up any."""
    declared = run.action in policy.about(run.action).actions
    effect = str(run.round.decision["effect"])
    _DECISIONS.add(effect=effect, action=run.action if declared else "(undeclared)")


def answered(event: on.Event) -> None:
    """Count what a person did."""
    _ANSWERS.add(kind=KINDS[type(event)])


def went_on(run: Run) -> None:
    """Tell how far a worker got with a run, and count what became of it where that is known."""
    telemetry.current().set(state=run.state.value)
    if run.state in _ENDS:
        _EXECUTIONS.add(outcome=run.state.value, system=run.system)
    approved_at = run.round.approved_at
    if run.state is State.DONE and approved_at is not None:
        _DELAY.record((run.updated_at - approved_at) / 1_000_000_000, system=run.system)
