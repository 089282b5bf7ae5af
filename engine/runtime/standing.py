"""A run as people look at it: its card, what it waits for, and what was done with it so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gatewright.dsl.records import dataclass
from gatewright.dsl.rendering.display import folded, width
from gatewright.engine.runtime.card import (
    card_document,
    card_lines,
    shown,
    shown_id,
    suspensions,
)
from gatewright.engine.runtime.errors import Edited, put_right
from gatewright.engine.runtime.routing import (
    Roster,
    can_be_answered,
    counted,
    open_asks,
)
from gatewright.engine.runtime.run import Ask, Attempt, Document, Run, Vote
from gatewright.engine.runtime.seating import spared_voters
from gatewright.engine.values import Timestamp


@dataclass(frozen=True, slots=True)
class Waiting:
    """A route that still needs an answer, with who may give it now."""

    ask: Ask
    voters: tuple[str, ...]
    votes: tuple[Vote, ...]
    """The answers that it has already, and that count."""
    answerable: bool
    """Whether enough people are left; otherwise it waits for its timeout, or for the directory."""


def waits_for(run: Run, roster: Roster) -> tuple[Waiting, ...]:
    """Return what a pending run waits for; nothing for any other."""
    if run.state != "pending":
        return ()
    return tuple(_waiting_for(ask, run, roster) for ask in open_asks(run.round, roster))


def _waiting_for(ask: Ask, run: Run, roster: Roster) -> Waiting:
    votes = run.round.votes
    given = counted(votes, ask, roster)
    voters = spared_voters(ask, run.round, roster)
    return Waiting(
        ask,
        voters,
        tuple(vote for vote in given if vote.holder in roster.voters(ask)),
        bool(voters) and can_be_answered(ask, votes, roster),
    )


def run_document(
    run: Run, waiting: Iterable[Waiting] = (), trail: Iterable[Document] = (),
    edited: Edited | None = None,
) -> Document:  # fmt: skip
    """Return everything about a run as JSON. Instants are RFC 3339 texts.

    `trail` are the entries of its audit trail, the oldest first; `edited` is what somebody edited.
    """
    return {
        **card_document(run),
        "note": run.note,
        "requester": run.requester,
        "parent": run.parent,
        "relation": run.relation,
        "compensation": run.compensation,
        "taken_by": run.taken_by,
        "closed_by": run.closed_by,
        "record": run.record,
        "erased_at": _instant(run.erased_at),
        "edited": edited,
        "proposed_at": _instant(run.proposed_at),
        "updated_at": _instant(run.updated_at),
        "waits_for": [_waiting(one) for one in waiting],
        "votes": [_vote(vote) for vote in run.round.votes],
        "approved_at": _instant(run.round.approved_at),
        "expires_at": _instant(run.round.expires_at),
        "attempts": [_attempt(attempt) for attempt in run.attempts],
        "remarks": [
            {"by": one.by, "at": _instant(one.at), "kind": one.kind, "text": one.text}
            for one in run.remarks
        ],
        "trail": list(trail),
    }


def _waiting(one: Waiting) -> Document:
    ask = one.ask
    return {
        "route": ask.name, "quorum": ask.quorum, "voters": list(one.voters),
        "votes": [_vote(vote) for vote in one.votes], "answerable": one.answerable,
        "asked_at": _instant(ask.asked_at), "late": ask.is_late, "late_at": _instant(ask.late_at),
        "remind_at": _instant(ask.remind_at), "timeout_at": _instant(ask.timeout_at),
        "then": ask.then, "escalates_to": ask.escalates_to, "escalated_from": ask.escalated_from,
    }  # fmt: skip


def _vote(vote: Vote) -> Document:
    return {
        "person": vote.person, "on_behalf_of": vote.on_behalf_of, "route": vote.route,
        "at": _instant(vote.at), "note": vote.note, "card": vote.card,
    }  # fmt: skip


def _attempt(attempt: Attempt) -> Document:
    return {
        "key": attempt.key, "round": attempt.round, "worker": attempt.worker,
        "started_at": _instant(attempt.started_at), "ended_at": _instant(attempt.ended_at),
        "outcome": attempt.outcome, "message": attempt.message, "receipt": attempt.receipt,
    }  # fmt: skip


def _instant(nanos: int | None) -> str | None:
    return None if nanos is None else Timestamp(nanos).text


# --- for a terminal -------------------------------------------------------------------------------


def run_text(
    run: Run, waiting: Iterable[Waiting] = (), trail: Iterable[Document] = (),
    edited: Edited | None = None,
) -> str:  # fmt: skip
    """Return everything about a run for a terminal; what others wrote is escaped."""
    return "\n".join(_lines(run, tuple(waiting), tuple(trail), edited))


def row(
    run: Run, waiting: Iterable[Waiting], columns: int = 80, edited: Edited | None = None
) -> str:
    """Return a run in a few lines: what and by whom, and who is asked, or what became of it.

    The lines fit into so many columns. Nothing is cut; the run's id is never broken.
    """
    target = run.round.preview["target"]
    when = _when(run.proposed_at)
    begin = f"{run.id}  {when}"
    what = f"{shown(run.action)} on {shown(target['id'])} by {shown_id(run.agent)}"
    asked = [_asked(one) for one in waiting] or ["nobody is asked"]
    asked += [f"then {names}" for names in _later(run)]
    below = [shown(run.round.preview["summary"])]
    waits = run.state == "pending"
    below += [*suspensions(run), *asked] if waits else [run.state.replace("_", " ")]
    if edited is not None:
        below.insert(0, f"edited by somebody: {edited}; `gatewright show` says what to do")
    if width(begin) + 2 + width(what) <= columns:
        begin = f"{begin}  {what}"
    else:
        below.insert(0, what)
    if width(begin) > columns:
        begin = run.id
        below.insert(0, when)
    return "\n".join([begin, *(line for text in below for line in _indented(text, columns))])


def _indented(text: str, columns: int) -> Iterator[str]:
    """Give a text in lines below a row; what continues a line stands further in."""
    for number, line in enumerate(folded(text, max(columns - 6, 10))):
        yield f"{'      ' if number else '    '}{line}"


def head_lines(run: Run, waiting: Iterable[Waiting], edited: Edited | None = None) -> Iterator[str]:
    """Give the lines that say where a run stands."""
    yield f"run   {run.id}  {run.state.replace('_', ' ')}"
    if edited is not None:
        yield f"wrong {edited} was edited by somebody: nothing is done with it until it is right"
        yield f"      {put_right(edited)}"
    if run.erased_at is not None:
        yield f"      erased {_when(run.erased_at)}: what it was about is not known any more"
    if run.note:
        yield f"      {shown(run.note)}"
    if run.parent is not None:
        yield f"      a {run.relation} of {run.parent}"
    if run.compensation is not None:
        yield f"      taken back by {run.compensation}"
    for one in waiting:
        yield from _waiting_lines(one)
    for names in _later(run):
        yield f"then  {names}"


def _later(run: Run) -> Iterator[str]:
    """Give the routes of each stage that a pending run is asked at later."""
    if run.state == "pending":
        for stage in run.round.stages[run.round.stage + 1 :]:
            yield " and ".join(map(_last, stage))


def _lines(
    run: Run, waiting: tuple[Waiting, ...], trail: tuple[Document, ...], edited: Edited | None
) -> Iterator[str]:
    yield from head_lines(run, waiting, edited)
    yield ""
    yield from card_lines(run)
    for vote in run.round.votes:
        yield f"      {_voted(vote)}"
    for attempt in run.attempts:
        yield _tried(attempt)
    if run.record is not None:
        wrote = f"wrote down: {shown(run.record)}" if run.record else "wrote nothing down"
        yield f"hand  {shown(_completed_by(trail) or run.closed_by)} {wrote}"
    for remark in run.remarks:
        yield f"said  {shown(remark.by)}: {shown(remark.text)}"
    for number, entry in enumerate(trail):
        yield f"{'     ' if number else 'trail'} {_told(entry)}"


def _completed_by(trail: tuple[Document, ...]) -> str | None:
    """Return who wrote the record of a run down: a later round may have been ended by another."""
    kind = "completed_by_hand"
    return next((one["actor"]["id"] for one in reversed(trail) if one["kind"] == kind), None)


def _waiting_lines(one: Waiting) -> Iterator[str]:
    ask = one.ask
    yield f"needs {_asked(one)}"
    if not one.answerable:
        yield "      there are not enough people left to answer: cancel it, or change who may"
    if ask.timeout_at is not None:
        yield f"      until {_when(ask.timeout_at)}, then {_then(ask)}"


_MOST_PEOPLE: Final = 8
"""How many are named on a terminal; JSON has all."""


def _asked(one: Waiting) -> str:
    quorum = {"one": "one of", "all": "all of"}.get(str(one.ask.quorum), f"{one.ask.quorum} of")
    late = ", late" if one.ask.is_late else ""
    people = [*(f"{shown(vote.person)} (approved)" for vote in one.votes), *map(shown, one.voters)]
    more = len(people) - _MOST_PEOPLE
    named = [*people[:_MOST_PEOPLE], *([f"{more} more"] if more > 0 else ())]
    return f"{one.ask.name}{late}: {quorum} {', '.join(named) or 'nobody'}"


def _then(ask: Ask) -> str:
    if ask.then == "escalate":
        return f"{_last(ask.escalates_to)} is asked"
    return "it is approved" if ask.then == "approve" else "it is rejected"


def _when(nanos: int | None) -> str:
    """Return an instant to the second, as people read it."""
    return "" if nanos is None else Timestamp(nanos - nanos % 1_000_000_000).text


def _last(route: str | None) -> str:
    return (route or "").rpartition(".")[2]


def _voted(vote: Vote) -> str:
    behalf = f" for {shown(vote.on_behalf_of)}" if vote.on_behalf_of else ""
    note = f": {shown(vote.note)}" if vote.note else ""
    return f"{shown(vote.person)}{behalf} approved as {_last(vote.route)}, {_when(vote.at)}{note}"


def _tried(attempt: Attempt) -> str:
    message = f": {shown(attempt.message)}" if attempt.message else ""
    outcome = (attempt.outcome or "under way").replace("_", " ")
    return f"tried {_when(attempt.started_at)} by {shown(attempt.worker)}, {outcome}{message}"


_TOLD: Final = ("effect", "route", "on_behalf_of", "note", "why", "to", "key", "because")
"""What is told of an entry of the trail."""


def _told(entry: Document) -> str:
    actor, body = entry["actor"], entry["body"]
    told = (
        ("by", *_TOLD) if "why" in body else _TOLD
    )  # of the first decision it goes without saying
    words = " ".join(f"{name}={shown(body[name])}" for name in told if body.get(name) is not None)
    kind = entry["kind"].replace("_", " ").replace("timer.", "timer: ")
    when = _when(Timestamp.parse(entry["at"]).nanos)
    if entry.get("erased"):
        words = f"{words} (erased)".strip()
    who = shown_id(actor["id"] or None)
    return f"{when}  {who}  {kind}" + (f"  {words}" if words else "")
