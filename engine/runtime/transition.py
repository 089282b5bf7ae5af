"""The state machine: (run, event, roster, now) -> (run', what has to be told). Pure.

Every transition there is stands here and in the two modules beside it: `answering` (people and
timers) and `executing` (workers). `ARROWS` says in which states an event may come; the handlers
say what becomes of it. Product and model tests share it.
Source: docs/architecture.md#from-a-decision-to-a-deed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gatewright.engine.runtime import answering, executing
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster
from gatewright.engine.runtime.run import TERMINAL, Run, State
from gatewright.engine.runtime.step import Step

_OPEN = frozenset({State.PENDING, State.CHANGES_REQUESTED, State.TAKEN_OVER, State.STALE})

ARROWS: dict[type, frozenset[State]] = {
    on.Approve: frozenset({State.PENDING}),
    on.Reject: frozenset({State.PENDING}),
    on.RequestChanges: frozenset({State.PENDING}),
    on.TakeOver: frozenset({State.PENDING, State.CHANGES_REQUESTED}),
    on.Complete: frozenset({State.TAKEN_OVER, State.OUTCOME_UNKNOWN}),
    on.Cancel: _OPEN | {State.AUTO, State.APPROVED},
    on.Say: frozenset(State),
    on.TimerFired: frozenset({State.PENDING}),
    on.Decided: frozenset({State.PENDING, State.CHANGES_REQUESTED, State.STALE, State.FAILED}),
    on.WentStale: frozenset({State.AUTO, State.APPROVED}),
    on.Claimed: frozenset({
        State.AUTO, State.APPROVED, State.STALE, State.EXECUTING, State.VERIFYING,
    }),
    on.Started: frozenset({State.AUTO, State.APPROVED}),
    on.Applied: frozenset({State.EXECUTING}),
    on.NotApplied: frozenset({State.EXECUTING, State.AUTO, State.APPROVED, State.STALE}),
    on.Unknown: frozenset({State.EXECUTING}),
    on.Verified: frozenset({State.VERIFYING}),
    on.CompensationBegan: frozenset({State.DONE, State.COMPENSATION_FAILED}),
    on.CompensationEnded: frozenset({State.COMPENSATING}),
}  # fmt: skip
"""In which states what may happen. Everything else is refused, whoever asks."""

_Handler = Callable[[Run, Any, Roster, int], Step]

_HANDLERS: dict[type, _Handler] = {
    on.Decided: answering.decided,
    on.Approve: answering.approve,
    on.Reject: answering.reject,
    on.RequestChanges: answering.request_changes,
    on.TakeOver: answering.take_over,
    on.Complete: answering.complete,
    on.Cancel: answering.cancel,
    on.Say: answering.say,
    on.TimerFired: answering.timer_fired,
    on.WentStale: executing.went_stale,
    on.Claimed: executing.claimed,
    on.Started: executing.started,
    on.Applied: executing.applied,
    on.NotApplied: executing.not_applied,
    on.Unknown: executing.unknown,
    on.Verified: executing.verified,
    on.CompensationBegan: executing.compensation_began,
    on.CompensationEnded: executing.compensation_ended,
}


def transition(run: Run, event: on.Event, roster: Roster, now: int) -> Step:
    """Return the next version of a run, and what has to be told; raises Refused.

    `now` that lies before what the run saw already is taken for that: a clock that jumps back
    never opens what was closed, nor makes a timer fire twice.
    """
    if run.state not in ARROWS[type(event)]:
        raise Refused(
            "wrong_state",
            f"run `{run.id}` is {run.state.replace('_', ' ')}: {_what(event)} does not fit that",
            advice(run),
        )
    now = max(now, run.updated_at)
    step = _HANDLERS[type(event)](run, event, roster, now)
    return replace(step, run=replace(step.run, version=run.version + 1, updated_at=now))


_WORDS: dict[type, str] = {
    on.Approve: "an approval", on.Reject: "a rejection", on.RequestChanges: "a request for changes",
    on.TakeOver: "taking over", on.Complete: "completing by hand", on.Cancel: "cancelling",
    on.Decided: "a new plan", on.TimerFired: "a timer",
    on.CompensationBegan: "taking it back",
}  # fmt: skip


def _what(event: on.Event) -> str:
    return _WORDS.get(type(event), type(event).__name__)


def advice(run: Run) -> str:
    """Return what can be done with a run where something else was refused."""
    state = run.state
    if state is State.FAILED:
        return "a failed run can be retried or branched"
    if state is State.OUTCOME_UNKNOWN:
        return "find out whether it was done, and write it down by completing the run by hand"
    if state in TERMINAL:
        return "it is over; branch it to propose another plan"
    return "`gatewright show` tells what the run waits for"
