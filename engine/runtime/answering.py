"""What people and timers do to a run that waits: the handlers of `transition`. Pure."""

from __future__ import annotations

import re
from typing import Final

from gatewright.dsl.records import replace
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime import routing, seating
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster
from gatewright.engine.runtime.run import Ask, Document, Remark, Round, Run, State, TimerKind, Vote
from gatewright.engine.runtime.step import ActorKind, Entry, Message, Step
from gatewright.engine.runtime.wording import require_room
from gatewright.engine.values import Timestamp

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")

APPROVAL_LASTS = 24 * 3600 * 1_000_000_000
"""How long an approval may be used, in nanoseconds, before people are asked again."""

_AFTER_DECISION = {
    "auto_run": State.AUTO, "require_approval": State.PENDING, "block": State.BLOCKED,
}  # fmt: skip


# --- a plan was decided ---------------------------------------------------------------------------


def decided(run: Run, event: on.Decided, roster: Roster, now: int) -> Step:
    """Begin a round: votes of the round before are void with it."""
    if event.round.number != run.round.number + 1:
        raise Refused("outdated", "the run was given another plan in the meantime", "look again")
    round_ = replace(event.round, fence=run.fence)
    return begin(replace(run, rounds=(*run.rounds, round_)), event, roster, now)


def begin(run: Run, event: on.Decided, roster: Roster, now: int) -> Step:
    """Put a run whose latest round was just decided into the state that the decision says."""
    state = _AFTER_DECISION[event.effect]
    run = replace(run, state=state, note=event.why, closed_by=None, taken_by=None)
    if state is State.PENDING:
        run = _ask_stage(run, 0, roster, now)
    entry = Entry(
        "decided", "system", "gate", {
            "by": event.by,
            "effect": event.effect, "round": run.round.number, "card": run.card,
            "policy": run.round.policy, "logged": run.round.logged, "plan": run.round.plan,
            **({"uses": list(run.round.uses)} if run.round.uses else {}),
        },
        {"why": event.why} if event.why else {},
    )  # fmt: skip
    return Step(run, (entry,), (Message(f"run.{state.value}"), *_asked(run, roster)))


def _ask_stage(run: Run, stage: int, roster: Roster, now: int) -> Run:
    """Ask the routes of a stage. A route that the roster does not know stays unanswerable."""
    new = tuple(
        roster.routes[name].ask(now)
        if name in roster.routes
        else Ask(route=name, name=name, quorum="all", asked_at=now)
        for name in run.round.stages[stage]
    )
    round_ = replace(run.round, stage=stage, asks=(*run.round.asks, *new))
    return with_round(run, round_)


def _asked(run: Run, roster: Roster) -> tuple[Message, ...]:
    if run.state is not State.PENDING:
        return ()
    return tuple(_asking(run, ask, roster) for ask in routing.open_asks(run.round, roster))


def _asking(run: Run, ask: Ask, roster: Roster) -> Message:
    """Return the message that tells of a question: whether there are people left for it."""
    voters = seating.spared_voters(ask, run.round, roster)
    left = voters and routing.can_be_answered(ask, run.round.votes, roster)
    due = {"late_at": _text(ask.late_at), "timeout_at": _text(ask.timeout_at)}
    kind = "route.asked" if left else "route.unanswerable"
    return Message(kind, voters, {"route": ask.route, **due})


def _text(instant: int | None) -> str | None:
    """Return an instant as others read it: whole nanoseconds are too large for their numbers."""
    return None if instant is None else Timestamp(instant).text


def with_round(run: Run, round_: Round) -> Run:
    """Return the run with its latest round replaced."""
    return replace(run, rounds=(*run.rounds[:-1], round_))


# --- people ---------------------------------------------------------------------------------------


def approve(run: Run, event: on.Approve, roster: Roster, now: int) -> Step:
    """Count an approval of exactly this card; with the last one the run is approved."""
    if event.card != run.card:
        is_digest = _DIGEST.fullmatch(event.card) is not None
        raise Refused(
            "other_card", "the approval names another card than the one that would be executed",
            "look at the run again: its plan, preview, policy or route changed" if is_digest
            else "a card is named by the whole of its digest, `sha256:` and 64 digits: see `card`"
            " of the run",
        )  # fmt: skip
    require_in_time(run, roster, now)
    ask, holder = seating.seat_for(run.round, roster, event.by, event.route)
    vote = Vote(
        event.by, ask.route, event.card, now, event.note, holder, ask.escalated_from
    )  # fmt: skip
    run = with_round(run, replace(run.round, votes=(*run.round.votes, vote)))
    body: Document = {
        "route": ask.route, "card": event.card, "on_behalf_of": holder, "round": run.round.number,
    }  # fmt: skip
    entry = _by(event.by, "approved", body, {"note": event.note})
    return _advance(Step(run, (entry,)), roster, now)


def require_in_time(run: Run, roster: Roster, now: int) -> None:
    """Refuse an answer after the timeout of what still waits for one, though no timer came yet."""
    for ask in routing.open_asks(run.round, roster):
        if ask.timeout_at is not None and ask.timeout_at <= now:
            raise Refused(
                "expired", f"the time to answer for `{ask.name}` is over",
                "the run is about to be escalated or rejected; look again",
            )  # fmt: skip


def _advance(step: Step, roster: Roster, now: int) -> Step:
    """Go on to the next stage, or to approved, where everything asked has its answer."""
    run, messages = step.run, list(step.messages)
    while not routing.open_asks(run.round, roster):
        following = run.round.stage + 1
        if following == len(run.round.stages):
            round_ = replace(run.round, approved_at=now, expires_at=now + APPROVAL_LASTS)
            run = replace(with_round(run, round_), state=State.APPROVED)
            messages.append(Message("run.approved"))
            break
        run = _ask_stage(run, following, roster, now)
        messages += _asked(run, roster)
    return replace(step, run=run, messages=tuple(messages))


def reject(run: Run, event: on.Reject, roster: Roster, now: int) -> Step:
    """End the run: one person who may approve suffices."""
    require_in_time(run, roster, now)
    routing.places_for(run.round, roster, event.by)
    run = replace(run, state=State.REJECTED, closed_by=event.by, note=event.note)
    return Step(
        run, (_by(event.by, "rejected", {}, {"note": event.note}),), (Message("run.rejected"),)
    )


def request_changes(run: Run, event: on.RequestChanges, roster: Roster, now: int) -> Step:
    """Give the plan back to whoever proposed it."""
    require_in_time(run, roster, now)
    routing.places_for(run.round, roster, event.by)
    run = replace(run, state=State.CHANGES_REQUESTED, note=event.note)
    entry = _by(event.by, "changes_requested", {}, {"note": event.note})
    return Step(run, (entry,), (Message("run.changes_requested", body={"note": event.note}),))


def take_over(run: Run, event: on.TakeOver, roster: Roster, now: int) -> Step:
    """Let a person who may approve go on by hand."""
    require_approver(run, roster, event.by)
    run = replace(run, state=State.TAKEN_OVER, taken_by=event.by, note=event.note)
    entry = _by(event.by, "taken_over", {}, {"note": event.note})
    return Step(run, (entry,), (Message("run.taken_over"),))


def complete(run: Run, event: on.Complete, roster: Roster, now: int) -> Step:
    """Write down what a person did, or found out."""
    if run.state is State.TAKEN_OVER and event.by != run.taken_by:
        raise Refused(
            "not_yours", f"`{run.taken_by}` has taken the run over", "only they can complete it"
        )
    if run.state is State.OUTCOME_UNKNOWN:
        require_approver(run, roster, event.by)
    if run.state is State.TAKEN_OVER and not event.executed:
        state = State.CANCELLED
    else:
        state = State.DONE if event.executed else State.FAILED
    attempts = run.attempts
    if run.state is State.OUTCOME_UNKNOWN and attempts:
        found = replace(attempts[-1], outcome="applied" if event.executed else "not_applied")
        attempts = (*attempts[:-1], found)
    run = replace(
        run, state=state, closed_by=event.by, note=event.note, record=event.record,
        attempts=attempts,
    )  # fmt: skip
    entry = _by(
        event.by, "completed_by_hand", {"executed": event.executed},
        {"record": event.record, "note": event.note},
    )  # fmt: skip
    return Step(run, (entry,), (Message(f"run.{state.value}"),))


def cancel(run: Run, event: on.Cancel, roster: Roster, now: int) -> Step:
    """Give the run up; its requester, the agent's owner and those who may approve can."""
    if event.by != run.taken_by:
        require_concerned(run, roster, event.by)
    run = replace(run, state=State.CANCELLED, closed_by=event.by, note=event.note)
    words: Document = {} if event.note is None else {"note": event.note}
    entry = Entry("cancelled", _kind(event.by, roster), event.by, {}, words)
    return Step(run, (entry,), (Message("run.cancelled"),))


def say(run: Run, event: on.Say, roster: Roster, now: int) -> Step:
    """Keep a comment."""
    if event.by not in {run.requester, run.agent} | roster.concerned:
        routing.require_known(roster, event.by)
    require_room(sum(remark.kind == "comment" for remark in run.remarks))
    remark = Remark(event.by, now, "comment", event.text)
    run = replace(run, remarks=(*run.remarks, remark))
    kind = _kind(event.by, roster)
    return Step(run, (Entry("commented", kind, event.by, {}, {"text": event.text}),))


def require_concerned(run: Run, roster: Roster, person: str) -> None:
    """Raise Refused unless a person brought the run, owns its agent, or could answer for it."""
    if person not in {run.requester, run.owner, run.agent} | roster.concerned:
        require_approver(run, roster, person)


def require_approver(run: Run, roster: Roster, person: str) -> None:
    """Raise Refused unless a person could answer some route of the run, now or at first.

    Of a run that nobody was asked about: some route that could have been asked. Where policies have
    no route at all it is anybody's whom the directory knows and nothing excludes.
    """
    routing.require_known(roster, person)
    if not run.round.stages and not roster.routes and person not in roster.excluded:
        return
    routing.require_route(roster, person)


def require_second(run: Run, roster: Roster, person: str) -> None:
    """Raise Refused unless a person may stand for the answer that no policy asks for."""
    try:
        routing.require_known(roster, person)
        routing.require_route(roster, person)
    except Refused as refused:
        raise Refused(
            "undecided",
            f"no policy decides about taking back `{run.action}`, and {refused.message}",
            "let somebody ask who could have answered for it, or declare"
            f" `{run.action}.compensate`",
        ) from None


def _kind(who: str, roster: Roster) -> ActorKind:
    return "person" if who in roster.people else "agent"


def _by(person: str, kind: str, body: Document, words: Document) -> Entry:
    return Entry(kind, "person", person, _given(body), _given(words))


def _given(parts: Document) -> Document:
    return {name: part for name, part in parts.items() if part is not None}


# --- timers ---------------------------------------------------------------------------------------


def timer_fired(run: Run, event: on.TimerFired, roster: Roster, now: int) -> Step:
    """Do what the route says of an instant that was reached; nothing if it is not due.

    A route that has its answer needs no reminder. Its timeout begins again: who answered may leave.
    """
    for ask in routing.asked(run.round):
        due = getattr(ask, f"{event.kind}_at")
        if ask.route == event.route and due is not None and due <= now:
            if not routing.is_satisfied(ask, run.round.votes, roster):
                return _TIMERS[event.kind](run, ask, roster, now)
            answered = _answered(ask, event.kind, now)
            return Step(_with_ask(run, ask, answered), (_timer("passed", ask),))
    return Step(run)


def _answered(ask: Ask, kind: TimerKind, now: int) -> Ask:
    """Return a route that needs no timer now, without it; its timeout begins again."""
    if kind == "remind":
        return replace(ask, remind_at=None)
    if kind == "late":
        return replace(ask, late_at=None)
    span = (ask.timeout_at or 0) - ask.asked_at
    return replace(ask, timeout_at=now + span if span > 0 else None)


def _remind(run: Run, ask: Ask, roster: Roster, now: int) -> Step:
    run = _with_ask(run, ask, replace(ask, remind_at=None))
    return Step(run, (_timer("reminded", ask),), (_tell("route.reminder", run, ask, roster),))


def _late(run: Run, ask: Ask, roster: Roster, now: int) -> Step:
    run = _with_ask(run, ask, replace(ask, late_at=None, is_late=True))
    return Step(run, (_timer("late", ask),), (_tell("route.late", run, ask, roster),))


def _timeout(run: Run, ask: Ask, roster: Roster, now: int) -> Step:
    was_heard = ask.route not in roster.unheard
    if ask.then == "approve" and was_heard and routing.may_time_out_approved(ask, roster):
        done = replace(ask, timeout_at=None, approved_by_timeout=True)
        return _advance(Step(_with_ask(run, ask, done), (_timer("approved", ask),)), roster, now)
    heir = roster.routes.get(ask.escalates_to or "")
    if ask.then == "escalate" and heir is not None:
        return _escalate(run, ask, heir.ask(now, ask.escalated_from or ask.route), roster)
    run = replace(run, state=State.EXPIRED, note=f"`{ask.name}` did not answer in time")
    return Step(run, (_timer("expired", ask),), (Message("run.expired"),))


def _escalate(run: Run, ask: Ask, heir: Ask, roster: Roster) -> Step:
    """Ask another route instead; what people of the first one said does not count for it."""
    round_ = replace(
        run.round,
        asks=tuple(heir if a == ask else a for a in run.round.asks),
        votes=tuple(vote for vote in run.round.votes if not routing.answers(vote, ask)),
    )
    run, entry = with_round(run, round_), _timer("escalated", ask, {"to": heir.route})
    return Step(run, (entry,), (replace(_asking(run, heir, roster), body={"route": heir.route}),))


_TIMERS = {"remind": _remind, "late": _late, "timeout": _timeout}


def _with_ask(run: Run, old: Ask, new: Ask) -> Run:
    asks = tuple(new if ask == old else ask for ask in run.round.asks)
    return with_round(run, replace(run.round, asks=asks))


def _timer(what: str, ask: Ask, body: Document | None = None) -> Entry:
    return Entry(f"timer.{what}", "system", "timer", {"route": ask.route, **(body or {})})


def _tell(kind: str, run: Run, ask: Ask, roster: Roster) -> Message:
    return Message(kind, seating.spared_voters(ask, run.round, roster), {"route": ask.route})
