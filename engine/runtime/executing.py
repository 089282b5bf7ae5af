"""What workers do to a run: the handlers of `transition` for execution and recovery. Pure."""

from __future__ import annotations

from typing import Literal

from gatewright.dsl.records import replace
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster
from gatewright.engine.runtime.run import Attempt, Document, Run, State
from gatewright.engine.runtime.step import Entry, Message, Step


def went_stale(run: Run, event: on.WentStale, roster: Roster, now: int) -> Step:
    """Send the run back to be previewed and decided again: the approval is not used."""
    run = replace(run, state=State.STALE, note=event.why)
    return Step(run, (_system("stale", {}, {"why": event.why}),), (Message("run.stale"),))


def claimed(run: Run, event: on.Claimed, roster: Roster, now: int) -> Step:
    """Give the run to a worker: whoever had it before can change nothing any more."""
    return Step(replace(run, fence=run.fence + 1))


def started(run: Run, event: on.Started, roster: Roster, now: int) -> Step:
    """Keep the attempt with its key, before anything is called."""
    expires = run.round.expires_at
    if expires is not None and expires <= now:
        raise Refused("approval_expired", "the approval is too old to be used", "ask again")
    if any(attempt.outcome in (None, "unknown") for attempt in run.attempts):
        raise Refused("open_attempt", "an attempt is open already", "its outcome is needed first")
    attempt = Attempt(event.key, run.round.number, event.worker, now, event.expected_version)
    run = replace(run, state=State.EXECUTING, attempts=(*run.attempts, attempt))
    body: Document = {"key": event.key, "plan": run.round.plan, "card": run.card}
    return Step(run, (_system("executing", body),), (Message("run.executing"),))


def applied(run: Run, event: on.Applied, roster: Roster, now: int) -> Step:
    """Keep the receipt; what was written is read again next."""
    run = _ended(run, now, "applied", receipt=event.receipt)
    told = {name: part for name, part in event.receipt.items() if name != "sealed"}
    return Step(replace(run, state=State.VERIFYING), (_system("applied", {}, {"receipt": told}),))


def not_applied(run: Run, event: on.NotApplied, roster: Roster, now: int) -> Step:
    """Nothing happened: the run failed, or is asked again where the record moved."""
    run = _ended(run, now, "not_applied", message=event.message)
    state = State.STALE if event.conflict else State.FAILED
    entry = _system("stale" if event.conflict else "failed", {}, {"why": event.message})
    run = replace(run, state=state, note=event.message)
    return Step(run, (entry,), (Message(f"run.{state.value}"),))


def unknown(run: Run, event: on.Unknown, roster: Roster, now: int) -> Step:
    """Stop: only a person can find out what happened. Nothing is tried again blindly."""
    run = _ended(run, now, "unknown", message=event.message)
    run = replace(run, state=State.OUTCOME_UNKNOWN, note=event.message)
    entry = _system("outcome_unknown", {}, {"why": event.message})
    return Step(run, (entry,), (Message("run.outcome_unknown"),))


def verified(run: Run, event: on.Verified, roster: Roster, now: int) -> Step:
    """Say whether the record is as planned; it was written in either case."""
    run = replace(run, state=State.DONE, note=event.message)
    body: Document = {"as_planned": event.as_planned}
    words: Document = {"message": event.message} if event.message else {}
    kind = "run.done" if event.as_planned else "run.done_differently"
    return Step(run, (_system("verified", body, words),), (Message(kind),))


def compensation_began(run: Run, event: on.CompensationBegan, roster: Roster, now: int) -> Step:
    """Another run begins to take this one back."""
    run = replace(run, state=State.COMPENSATING, compensation=event.run)
    return Step(run, (_system("compensating", {"by_run": event.run}),))


def compensation_ended(run: Run, event: on.CompensationEnded, roster: Roster, now: int) -> Step:
    """Note how the other run ended."""
    if event.run != run.compensation:
        raise Refused("other_run", "another run is taking this one back", "look at that one")
    state = State.COMPENSATED if event.succeeded else State.COMPENSATION_FAILED
    run = replace(run, state=state, note=event.message)
    entry = _system(state.value, {"by_run": event.run})
    return Step(run, (entry,), (Message(f"run.{state.value}"),))


def _ended(
    run: Run,
    now: int,
    outcome: Literal["applied", "not_applied", "unknown"],
    receipt: Document | None = None,
    message: str | None = None,
) -> Run:
    if run.state is not State.EXECUTING:  # it was given up before anything was tried
        return run
    last = replace(
        run.attempts[-1], ended_at=now, outcome=outcome, receipt=receipt, message=message
    )
    return replace(run, attempts=(*run.attempts[:-1], last))


def _system(kind: str, body: Document, words: Document | None = None) -> Entry:
    return Entry(kind, "system", "worker", body, words or {})
