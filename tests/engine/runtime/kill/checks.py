"""Evidence -> what is wrong with it. Each check is by itself, and asks nothing of the product's logic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gatewright.engine.runtime.run import TERMINAL, WORK, Attempt, Round, Run, State
from tests.engine.runtime.kill.evidence import Evidence
from tests.engine.runtime.kill.journal import Deed
from tests.engine.runtime.kill.place import ASKED, GROUPS

_QUORUM = {"kill.board": 2}
_OUTRANKS = {"kill.manager": ("kill.finance",)}


def _attempts(evidence: Evidence) -> Iterator[tuple[Run, Attempt]]:
    for run in evidence.runs.values():
        for attempt in run.attempts:
            yield run, attempt


# --- effects


def no_double_effects(evidence: Evidence) -> Iterator[str]:
    """At most one effect of a key, and of a run; without keys or compare-and-set one call."""
    for system, effects in evidence.effects.items():
        by_run: dict[str, int] = {}
        for key, times in effects.items():
            by_run[key.rpartition("-")[0]] = by_run.get(key.rpartition("-")[0], 0) + times
            if times > 1:
                yield f"{system}: {key} had {times} effects"
        yield from (f"{system}: {r} had {n} effects" for r, n in by_run.items() if n > 1)
        if system in ("probe", "none"):
            for key, times in evidence.calls[system].items():
                if times > 1:
                    yield f"{system}: {key} was called {times} times"


def no_effect_without_an_attempt(evidence: Evidence) -> Iterator[str]:
    """Every call has an attempt that was kept before it."""
    known = {attempt.key for _, attempt in _attempts(evidence)}
    for system, calls in evidence.calls.items():
        yield from (f"{system}: {key} has no attempt" for key in calls if key not in known)


def outcomes_are_true(evidence: Evidence) -> Iterator[str]:
    """What the store says of an attempt is what the ledger knows."""
    for run, attempt in _attempts(evidence):
        effects = evidence.effects[run.system][attempt.key]
        wanted = {"applied": 1, "not_applied": 0}.get(attempt.outcome or "")
        if attempt.outcome is None:
            yield f"{attempt.key} was left open: {run.state}"
        elif wanted is not None and effects != wanted:
            yield f"{run.system}: {attempt.key} is {attempt.outcome}, with {effects} effects"


# --- approvals


def no_effect_without_approval(evidence: Evidence) -> Iterator[str]:
    """The round of every attempt was decided to run at once, or has all its votes."""
    for run, attempt in _attempts(evidence):
        round_ = run.rounds[attempt.round - 1]
        if round_.decision["effect"] == "auto_run":
            continue
        if round_.decision["effect"] != "require_approval":
            yield f"{attempt.key} was tried, though decided {round_.decision['effect']}"
        elif not _is_approved(run, round_, attempt.started_at):
            yield f"{attempt.key} was tried without the votes that it needs"


def _is_approved(run: Run, round_: Round, at: int) -> bool:
    excluded = {run.requester, run.owner, run.agent, round_.editor}
    asked = {ask.escalated_from or ask.route: ask.route for ask in round_.asks}
    for route in (name for stage in round_.stages for name in stage):
        now = asked.get(route, route)
        voters = {
            vote.person for vote in round_.votes
            if vote.route == now and vote.card == round_.card and vote.at <= at
        } - excluded  # fmt: skip
        if not any(
            len(voters & set(GROUPS[ASKED[r]])) >= _QUORUM.get(r, 1)
            for r in (now, *_OUTRANKS.get(now, ()))
        ):
            return False
    return True


def every_vote_was_meant(evidence: Evidence) -> Iterator[str]:
    """No vote that nobody gave, and none twice."""
    seen = set[str]()
    for run in evidence.runs.values():
        for vote in (vote for round_ in run.rounds for vote in round_.votes):
            deed = evidence.deeds.get(vote.note or "")
            if deed is None or (deed.do, deed.by, deed.run) != ("approve", vote.person, run.id):
                yield f"{run.id} has a vote of {vote.person} that nobody gave: {vote.note}"
            if vote.note in seen:
                yield f"{run.id} has the vote {vote.note} twice"
            seen.add(vote.note or "")


def no_acknowledged_approval_is_lost(evidence: Evidence) -> Iterator[str]:
    """The vote is in the round of its card, unless that route was escalated since."""
    for deed in evidence.deeds.values():
        if deed.do != "approve" or deed.told != "done":
            continue
        run = evidence.runs[deed.run or ""]
        notes = {vote.note for round_ in run.rounds for vote in round_.votes}
        escalated = any(leaf["kind"] == "timer.escalated" for leaf in evidence.leaves[run.id])
        if deed.id not in notes and not escalated:
            yield f"{deed.run} lost the approval {deed.id} of {deed.by}"


# --- what people were told


def every_deed_is_kept_as_told(evidence: Evidence) -> Iterator[str]:
    """Done: once. Refused, or not kept by the store: not at all. Else once at most."""
    kept = _kept(evidence)
    for deed in evidence.deeds.values():
        if deed.do == "retry":
            continue
        times = kept.get(deed.id, 0)
        wanted = {"done": (1,), "refused": (0,), "not_kept": (0,)}.get(deed.told or "", (0, 1))
        if times not in wanted:
            yield f"{deed.do} {deed.id} of {deed.run} was told {deed.told}, kept {times} times"


def _kept(evidence: Evidence) -> dict[str, int]:
    """Count by deed what the trail and the runs have of it."""
    found: dict[str, int] = {}

    def count(deed: Any) -> None:
        if isinstance(deed, str):
            found[deed] = found.get(deed, 0) + 1

    for run in evidence.runs.values():
        for leaf in evidence.leaves[run.id]:
            count(leaf["body"].get("note") or leaf["body"].get("text"))
        meant = {round_.action["context"].get("reasoning") for round_ in run.rounds}
        if run.relation != "compensation":
            for deed in meant:
                count(deed)
    return found


def no_end_is_undone(evidence: Evidence) -> Iterator[str]:
    """Who was told that a run is rejected or cancelled can rely on it."""
    for deed in evidence.deeds.values():
        if deed.do not in ("reject", "cancel") or deed.told != "done":
            continue
        run = evidence.runs[deed.run or ""]
        if run.state not in (State.REJECTED, State.CANCELLED):
            yield f"{run.id} was ended by {deed.id}, and is {run.state}"
        if any(evidence.effects[run.system][attempt.key] for attempt in run.attempts):
            yield f"{run.id} was ended by {deed.id}, and had an effect"


# --- ends


def everything_ends(evidence: Evidence) -> Iterator[str]:
    """Nothing is left that a worker could do; what was tried is over, or is a person's."""
    over = TERMINAL | {State.OUTCOME_UNKNOWN}
    for run in evidence.runs.values():
        if run.state in WORK:
            yield f"{run.id} was left {run.state}"
        if run.state is State.COMPENSATING:
            child = evidence.runs[run.compensation or ""]
            if child.state in TERMINAL:
                yield f"{run.id} is {run.state} for ever: {child.id} is {child.state}"
        elif run.round.approved_at is not None and run.state not in over:
            yield f"{run.id} was approved and is {run.state}"


def one_ending_of_each_attempt(evidence: Evidence) -> Iterator[str]:
    """A worker whose claim is over writes nothing: no attempt has two beginnings or two ends."""
    ends = ("applied", "failed", "outcome_unknown", "stale")
    for run in evidence.runs.values():
        is_open = False
        begun = 0
        for leaf in evidence.leaves[run.id]:
            if leaf["kind"] == "executing":
                begun += 1
                if is_open:
                    yield f"{run.id} began an attempt while another was open"
                is_open = True
            elif is_open and leaf["kind"] in ends:
                is_open = False
            elif leaf["kind"] == "applied":
                yield f"{run.id} ended an attempt twice"
        if begun != len(run.attempts):
            yield f"{run.id} has {len(run.attempts)} attempts, its trail {begun}"


def one_message_of_each_step(evidence: Evidence) -> Iterator[str]:
    """What was told to others agrees with the trail, one to one."""
    if len(set(evidence.ids)) != len(evidence.ids):
        yield "two messages have one id"
    for run in evidence.runs.values():
        said, leaves = evidence.messages[run.id], evidence.leaves[run.id]

        def times(kind: str, leaves: list[dict[str, Any]] = leaves, **body: object) -> int:
            return sum(
                leaf["kind"] == kind and all(leaf["body"].get(k) == v for k, v in body.items())
                for leaf in leaves
            )

        by_hand = (
            times("completed_by_hand", executed=True),
            times("completed_by_hand", executed=False),
        )
        wanted = {
            "run.auto": times("decided", effect="auto_run"),
            "run.pending": times("decided", effect="require_approval"),
            "run.approved": sum(round_.approved_at is not None for round_ in run.rounds),
            "run.executing": len(run.attempts),
            "run.stale": times("stale"),
            "run.rejected": times("rejected"),
            "run.expired": times("timer.expired"),
            "run.changes_requested": times("changes_requested"),
            "run.outcome_unknown": times("outcome_unknown"),
            "run.compensated": times("compensated"),
            "run.compensation_failed": times("compensation_failed"),
            "route.reminder": times("timer.reminded"),
        }
        found = {kind: said[kind] for kind in wanted}
        if run.state is not State.CANCELLED or not any(by_hand):
            wanted["run.cancelled"], found["run.cancelled"] = (
                times("cancelled"),
                said["run.cancelled"],
            )
        if found != wanted:
            odd = [k for k in wanted if wanted[k] != found[k]]
            yield f"{run.id}: messages {odd} are {[found[k] for k in odd]}, of {[wanted[k] for k in odd]}"


def the_trail_is_whole(evidence: Evidence) -> Iterator[str]:
    """`gatewright audit verify` finds nothing, and no leaf waits."""
    yield from (finding.message for finding in evidence.trail.findings)
    if evidence.trail.waiting:
        yield f"{evidence.trail.waiting} leaves have no place in the tree"
    if evidence.trail.size != sum(map(len, evidence.leaves.values())):
        yield "the tree has another number of leaves than the store"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    no_double_effects, no_effect_without_an_attempt, outcomes_are_true, no_effect_without_approval,
    every_vote_was_meant, no_acknowledged_approval_is_lost, every_deed_is_kept_as_told,
    no_end_is_undone, everything_ends, one_ending_of_each_attempt, one_message_of_each_step,
    the_trail_is_whole,
)  # fmt: skip


def wrong(evidence: Evidence) -> list[str]:
    """Return everything that is wrong, with the name of the check."""
    return [f"{check.__name__}: {what}" for check in CHECKS for what in check(evidence)]


def acknowledged(evidence: Evidence, do: str) -> list[Deed]:
    """Return the calls of a kind that returned."""
    return [d for d in evidence.deeds.values() if d.do == do and d.told == "done"]
