"""What workers may do to runs: claim one, begin its attempt, note what came of it, fire a timer.

INVARIANT: an attempt begins only where everything is as approved, by the policy in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from time import time_ns
from typing import Final

from sqlalchemy import Connection

from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.interpret import UsesOf
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime import failpoints, telemetry
from gatewright.engine.runtime.desk import Desk, may_take_back
from gatewright.engine.runtime.errors import Outdated
from gatewright.engine.runtime.plan import Plan, make_plan
from gatewright.engine.runtime.ports import Preview
from gatewright.engine.runtime.rounds import qualified_stages
from gatewright.engine.runtime.routing import Roster, is_in_force, is_satisfied
from gatewright.engine.runtime.run import Document, Run, State, TimerKind
from gatewright.engine.runtime.store import decisions, runs
from gatewright.engine.runtime.store.events import number_of
from gatewright.engine.runtime.store.history import StoreHistory
from gatewright.engine.runtime.store.matching import later_begun
from gatewright.engine.runtime.transition import transition
from gatewright.engine.values import Timestamp

LONGEST_WAIT_NS: Final = 3_600 * 1_000_000_000
"""How long a run with which nothing could be done waits at most before it is tried again."""


class Claims:
    """The steps of one worker."""

    def __init__(self, desk: Desk, worker: str, lease_ns: int) -> None:
        self._desk = desk
        self._worker = worker
        self._lease = lease_ns

    def claim(self) -> Run | None:
        """Take a run that there is something to do with, until the claim ends; None: nothing."""
        database, began_at = self._desk.database, time_ns()

        def work(connection: Connection) -> Run | None:
            now = database.now(connection)
            run = runs.ready(connection, now)
            if run is None:
                return None
            claimed = transition(run, on.Claimed(self._worker), Roster(), now).run
            runs.claim(connection, run, claimed, now + self._lease, self._worker)
            failpoints.passed("claim.recorded")
            return claimed

        run = database.retrying(work, "writing")
        failpoints.passed("claim.committed")
        if run is not None:  # looking for work that is not there is worth no span
            telemetry.passed("claim", began_at, run=run.id, worker=self._worker, fence=run.fence)
        return run

    def start(self, claimed: Run, preview: Preview) -> Run:
        """Check once more that a claimed run may be carried out, and keep its attempt.

        The policy in force decides again about the record as it is now. The result is `executing`,
        or `stale` where anything is not as approved any more. Raises Outdated for an old claim.
        """
        policy, action = self._desk.policy, self._desk.plan_of(claimed)
        plan = make_plan(action, preview, policy)

        def work(connection: Connection) -> Run:
            run = self._claimed(connection, claimed)
            now = self._desk.now_for(connection, run)
            why = self._why_stale(connection, policy, run, plan.at(now), now)
            event: on.Event
            if not may_take_back(connection, run):
                event = on.NotApplied(f"run `{run.parent}` was taken back by another run")
            elif why is not None:
                event = on.WentStale(why)
            else:
                key = f"{run.id}-{len(run.attempts) + 1}"
                event = on.Started(self._worker, key, preview.version)
            step = transition(run, event, Roster(), now)
            self._desk.keep(connection, run, step, holds_claim=step.run.state is State.EXECUTING)
            failpoints.passed("execute.recorded")
            return step.run

        return self._desk.deciding(work)

    def _why_stale(
        self, connection: Connection, policy: PolicySet, run: Run, plan: Plan, now: int
    ) -> str | None:
        """Return what is not as approved any more; None where the run may be carried out."""
        round_ = run.round
        if any(vote.card != round_.card for vote in round_.votes):
            return "an answer is to another card"
        if plan.preview.version != round_.preview["version"]:
            return "the record was changed since the preview"
        if _by_name(plan.shown_preview) != _by_name(round_.preview):
            return "the record has other values than in the preview"
        if round_.expires_at is not None and round_.expires_at <= now:
            return "the approval is too old"
        exceptions = policy.about(plan.action.name).exceptions
        limited = {one.qualified for one in exceptions if one.max_uses is not None}
        for history, uses in product(_histories(connection, run), _uses(connection, run, limited)):
            decision = policy.evaluate(plan.action, history, now=Timestamp(now), uses=uses)
            if decision.effect is Effect.BLOCK:
                return "the policy in force blocks it"
            needed = qualified_stages(decision, policy.about(plan.action.name))
            if not {route for stage in needed for route in stage} <= {
                route for stage in round_.stages for route in stage
            }:
                return "the policy in force asks for others"
        roster = self._desk.roster(connection, run, plan.action, now)
        if any(not is_satisfied(ask, round_.votes, roster) for ask in round_.asks):
            return "somebody who approved may not do so any more"
        if any(not is_in_force(ask, roster) for ask in round_.asks):
            return "the policy in force has other timeouts"
        return None

    def note(self, claimed: Run, event: on.Event) -> Run:
        """Keep what a worker found out; raises Outdated where its claim is not the latest."""

        def work(connection: Connection) -> Run:
            run = self._claimed(connection, claimed)
            step = transition(run, event, Roster(), self._desk.now_for(connection, run))
            goes_on = step.run.state in (State.EXECUTING, State.VERIFYING)
            self._desk.keep(connection, run, step, holds_claim=goes_on)
            failpoints.passed("result.recorded")
            return step.run

        return self._desk.database.retrying(work, "writing")

    def _claimed(self, connection: Connection, claimed: Run) -> Run:
        run = runs.held(connection, claimed.id)
        # Not the version: what people say meanwhile takes nothing from a worker.
        if run.fence != claimed.fence or run.state is not claimed.state:
            raise Outdated(run.id)
        return run

    def leave(self, claimed: Run) -> None:
        """Let a run come again later with which nothing could be done, each time twice as late."""
        doubled = self._lease << (claims_of_round(claimed) - 1)
        pause = max(self._lease, min(doubled, LONGEST_WAIT_NS))

        def work(connection: Connection) -> None:
            runs.leave(connection, claimed, self._desk.database.now(connection) + pause)

        self._desk.database.retrying(work, "writing")

    def set_aside(self, run: Run) -> None:
        """Let a run come again much later that was edited since it was claimed."""
        database = self._desk.database
        database.retrying(lambda c: runs.set_aside(c, run.id, database.now(c)), "writing")

    def fire(self, run: str, kind: TimerKind, route: str) -> Run:
        """Let a timer of a run do what its route says; raises Refused where that is over."""
        changed = self._desk.change(run, on.TimerFired(kind, route), "timer.recorded")
        failpoints.passed("timer.committed")
        return changed

    def postpone(self, run: str, kind: TimerKind, route: str) -> None:
        """Let a timer that is still due come again later."""

        def work(connection: Connection) -> None:
            now = self._desk.database.now(connection)
            runs.postpone_timer(connection, run, kind, route, now)

        self._desk.database.retrying(work, "writing")


def claims_of_round(run: Run) -> int:
    """Return how often workers claimed a run in its latest round."""
    return run.fence - run.round.fence


def _histories(connection: Connection, run: Run) -> Iterator[StoreHistory]:
    """Give what a run must be allowed by right before its write.

    What was recorded before it, as when it was decided: what was proposed later saw this run, and
    both would wait for each other. And that with all that was proposed later and ran meanwhile: a
    window may have left this run behind by then. Each may open what the other does not.
    """
    before = number_of(connection, run.id)
    yield StoreHistory(connection, without=run.id, before=before, recorded=True)
    if before is not None and later_begun(connection, before):
        yield StoreHistory(connection, without=run.id, before=before, begun=True, recorded=True)


def _uses(connection: Connection, run: Run, limited: set[str]) -> Iterator[UsesOf]:
    """Give what tells how often exceptions of limited uses were used by others.

    And that without those of which the run has spent no use, since nobody counts what is used right
    before a write. Each may ask for what the other does not: an exception that applies may err.
    """
    used, spent = decisions.uses_of(connection, without=run.id), run.round.uses
    yield used
    if not limited <= {*spent}:
        yield lambda exception: used(exception) if exception in spent else None


def _by_name(preview: Document) -> dict[str, Document]:
    """Return the fields of a preview: a kept plan may have its changes in another order."""
    return {change["field"]: change for change in preview["fields"]}
