"""A run that has ended -> the same run without anything of what it was about.

What stays is what the trail needs to hold: who proposed, decided, answered and executed it, when,
by which rules, and what became of it. Gone are the plan, what was shown and written, and all that
people wrote. Source: docs/architecture.md#from-a-decision-to-a-deed, erasable payloads.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection

from gatewright.dsl.records import dataclass, replace
from gatewright.engine.history.horizon import longest_window
from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster, require_known
from gatewright.engine.runtime.run import Attempt, Document, Round, Run
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import decisions, events, payloads, runs, trail, vouched
from gatewright.engine.runtime.store.schema import ERASED
from gatewright.engine.runtime.wording import require_text
from gatewright.engine.values import Timestamp

KIND: Final = "erased"
"""The entry of the trail that says what was erased, by whom and why."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased; `related` are branches, which have plans of their own, to be looked at."""

    runs: tuple[str, ...]
    """The run, and those that took it back: they hold the same plan."""
    payloads: int
    """Plans, and words of entries."""
    decisions: int
    """Entries of the decision log; those of other runs that read this one too."""
    counted: bool
    """Whether limits may still look at the run: they err where they do."""
    related: tuple[str, ...]


def erase(desk: Desk, id_: str, *, by: str, because: str, counted: bool = False) -> Erased:
    """Erase what an ended run was about; whatever is new since, where it was erased before.

    A run that limits may still count is refused, unless `counted`: then its record's id stays, and
    limits that look at its values err, until it is erased once more after their longest window.
    Raises NoSuchRun, and Refused for a run that has not ended, or is read by one that has not.
    """
    if not because.strip():
        raise Refused("no_reason", "erasing needs a reason", "it stays in the trail: name nobody")
    require_text(because, "reason")
    window = longest_window(desk.policy.policy)

    def work(connection: Connection) -> Erased:
        require_known(Roster(people=desk.directory.people()), by)
        family = _family(connection, id_)
        now = max(desk.database.now(connection), *(run.updated_at for run in family))
        for run in family:
            _require_at_rest(connection, run, family)
        until = None if window is None else family[0].proposed_at + window.nanos
        still = until is None or until > now
        if still and not counted:
            raise _counted(family[0], until)
        quoting = [runs.held(connection, q) for q in _quoting(connection, family)]
        for run in quoting:
            _require_ended(run, f"it decides by what is known of `{id_}`")
        step = _Step(connection, by, because, now)
        for run in family:
            step.whole(run, keeps_event=still)
        for run in quoting:
            step.quotes(run, [one.id for one in family])
        return Erased(
            tuple(run.id for run in family), step.payloads, step.decisions, still,
            tuple(runs.branches(connection, [run.id for run in family])),
        )  # fmt: skip

    erased = desk.deciding(work)
    desk.database.forget_deleted()
    return erased


class _Step:
    """One erasure, within its transaction."""

    def __init__(self, connection: Connection, by: str, because: str, now: int) -> None:
        self._connection, self._by, self._because, self._now = connection, by, because, now
        self.payloads = self.decisions = 0

    def whole(self, run: Run, *, keeps_event: bool) -> None:
        """Erase what a run was about."""
        names = payloads.erase(self._connection, run.id, self._now)
        logged = decisions.erase(self._connection, run.id, self._now)
        self.payloads += len(names)
        trail.erase_messages(self._connection, run.id)
        if keeps_event:
            events.blank(self._connection, run.id)
        else:
            events.forget(self._connection, run.id)
        left = without_content(run, self._now)
        runs.erase(self._connection, run, left)
        self._record(left, {"payloads": names, "decisions": logged})

    def quotes(self, run: Run, erased: Collection[str]) -> None:
        """Erase the decisions of another run that read those that are erased."""
        logged = [
            name
            for one in erased
            for name in decisions.erase(self._connection, run.id, self._now, quoting=one)
        ]
        rounds = tuple(
            replace(round_, decision=decisions.without_values(round_.decision))
            if round_.logged in logged
            else round_
            for round_ in run.rounds
        )
        changed = replace(run, version=run.version + 1, updated_at=self._now, rounds=rounds)
        runs.change(self._connection, run, changed, None)
        self._record(changed, {"payloads": [], "decisions": logged, "of": list(erased)})

    def _record(self, run: Run, body: Document) -> None:
        self.decisions += len(body["decisions"])
        entry = Entry(KIND, "person", self._by, {"because": self._because, **body})
        event = events.body_of(self._connection, run.id)
        trail.record(self._connection, run.id, (entry,), self._now, vouched.rows_of(run, event))


# --- what may be erased


def _family(connection: Connection, id_: str) -> list[Run]:
    """Return a run with those that take it back, whichever of them was named; it comes first."""
    run = runs.held(connection, id_)
    if run.relation == "compensation":
        run = runs.held(connection, run.parent or "")
    return [run] + [
        runs.held(connection, child.id)
        for child in runs.children(connection, run.id)
        if child.relation == "compensation"
    ]


def _quoting(connection: Connection, family: list[Run]) -> list[str]:
    own = {run.id for run in family}
    found = {one for id_ in own for one in decisions.quoting(connection, id_)}
    return sorted(found - own)


def _require_at_rest(connection: Connection, run: Run, family: list[Run]) -> None:
    _require_ended(run, "it is needed until then")
    busy = [b for b in runs.writing(connection, run) if b not in {one.id for one in family}]
    if busy:
        raise Refused(
            "in_use", f"run `{busy[0]}` is writing the same record", "erase it when that has ended"
        )


def _require_ended(run: Run, why: str) -> None:
    if not run.is_final:
        raise Refused(
            "not_ended", f"run `{run.id}` is {run.state.replace('_', ' ')}: {why}",
            "let it end, or cancel it, then erase it",
        )  # fmt: skip


def _counted(run: Run, until: int | None) -> Refused:
    if until is None:
        return Refused(
            "still_counts", f"the policies ask for past actions of any age: run `{run.id}` counts",
            "erase it as `counted`: limits that look at its values then err, and do not open",
        )  # fmt: skip
    return Refused(
        "still_counts", f"limits may count run `{run.id}` until {Timestamp(until).text}",
        "erase it then, or as `counted`: limits that look at its values then err until then",
    )  # fmt: skip


# --- what is left


def without_content(run: Run, now: int) -> Run:
    """Return a run without what it was about, and with another salt."""
    return replace(
        run, version=run.version + 1, updated_at=now, erased_at=now, proposal="",
        rounds=tuple(map(_round, run.rounds)), attempts=tuple(map(_attempt, run.attempts)),
        remarks=tuple(replace(remark, text=ERASED) for remark in run.remarks),
        undo=None if run.undo is None else {}, note=None, record=None, idempotency_key=None,
        salt=payloads.new_salt(),
    )  # fmt: skip


def _round(round_: Round) -> Round:
    target = {**round_.preview["target"], "id": ERASED}
    return replace(
        round_, action={"action": round_.action["action"]},
        preview={
            "target": target, "version": None, "summary": ERASED, "undo": None, "fields": [],
        },
        decision=decisions.without_values(round_.decision),
        votes=tuple(replace(vote, note=None) for vote in round_.votes),
    )  # fmt: skip


def _attempt(attempt: Attempt) -> Attempt:
    return replace(attempt, expected_version=None, receipt=None, message=None)
