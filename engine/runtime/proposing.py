"""Actions of agents -> runs: previewed, decided and kept; and again where something changed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Literal

from sqlalchemy import Connection

from gatewright.dsl.records import dataclass, replace
from gatewright.engine.action import Action
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime import (
    answering,
    calling,
    failpoints,
    measuring,
    replies,
    routing,
    telemetry,
)
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import GateError, NoTarget, Outdated, PreviewFailed, Refused
from gatewright.engine.runtime.plan import Plan, make_plan, target_of, with_target
from gatewright.engine.runtime.ports import (
    Connector,
    ConnectorError,
    NoSuchTarget,
    Preview,
    Receipt,
    TargetRef,
)
from gatewright.engine.runtime.routing import Roster
from gatewright.engine.runtime.run import Document, Remark, Run, State
from gatewright.engine.runtime.seating import enough_for_all
from gatewright.engine.runtime.step import ActorKind, Entry
from gatewright.engine.runtime.store import payloads, runs
from gatewright.engine.runtime.transition import ARROWS, advice, transition

_ONLY = {
    "retry": "only what failed is tried again",
    "revised": "only what still waits for people takes another plan",
}
_REVISABLE = frozenset({State.PENDING, State.CHANGES_REQUESTED, State.STALE})


@dataclass(frozen=True, slots=True)
class Proposal:
    """Who proposes what, and what it has to do with another run."""

    action: Action
    requester: str | None
    parent: Run | None = None
    undo: Document | None = None
    note: str | None = None
    """Why, in the words of whoever proposes it."""

    @property
    def key(self) -> str | None:
        """What a repeated proposal is known by: keys of different agents never meet."""
        agent = self.action.agent
        return runs.key_of(agent.id if agent else None, self.action.idempotency_key)

    def remarks(self, now: int) -> tuple[Remark, ...]:
        """Return what the run begins with: the note, if there is one."""
        by = self.requester or ""
        return () if self.note is None else (Remark(by, now, "reason", self.note),)

    @property
    def relation(self) -> Literal["branch", "compensation"] | None:
        """What the new run is to its parent."""
        if self.parent is None:
            return None
        return "branch" if self.undo is None else "compensation"


class Proposing:
    """Makes runs, and rounds of runs."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def propose(self, proposal: Proposal) -> Run:
        """Return a new run, or the one that there is of the same proposal."""
        with telemetry.span("propose", action=proposal.action.name) as span:
            run = self._proposed(proposal, "run_" + uuid.uuid4().hex)
            span.set(run=run.id, state=run.state.value)
            return run

    def _proposed(self, proposal: Proposal, id_: str) -> Run:
        policy = self._desk.policy
        known = self._desk.database.retrying(lambda c: self._known(c, proposal), "reading")
        if known is not None:
            return known
        plan = make_plan(proposal.action, self._preview(policy, proposal), policy)
        self._require_seal(plan)
        failpoints.passed("propose.previewed")
        run = self._desk.deciding(lambda c: self._record(c, policy, plan, proposal, id_))
        failpoints.passed("propose.committed")
        if run.id == id_:
            measuring.decided(run, policy)
        return run

    def _known(self, connection: Connection, proposal: Proposal) -> Run | None:
        """Return the run of the same proposal; raises Refused where the key was another's."""
        known = runs.by_key(connection, proposal.key) if proposal.key is not None else None
        if known is not None and known.erased_at is not None:
            raise Refused(
                "erased", "what was proposed with this idempotency key has ended and was erased",
                "use a new key for a new proposal",
            )  # fmt: skip
        if known is not None and known.proposal != proposal.action.digest:
            raise Refused(
                "key_reused", "the idempotency key belongs to another proposal",
                "use a new key for a new proposal",
            )  # fmt: skip
        return known

    def _preview(self, policy: PolicySet, proposal: Proposal) -> Preview:
        undo = None if proposal.undo is None else self._desk.receipt_of(proposal.undo)
        target = target_of(proposal.action, policy) if undo is None else undo.target
        action = with_target(proposal.action, target)
        connector = self._desk.connector(target.system)
        return preview_of(connector, action, target, undo, self._desk.preview_timeout_s)

    def _require_seal(self, plan: Plan) -> None:
        if plan.holds_secrets and self._desk.seal is None:
            raise GateError(
                "no_seal", "the action has @secret values, and this gate has no key to seal them",
                "give the gate a `seal`: secrets are kept encrypted or not at all",
            )  # fmt: skip

    def _record(
        self,
        connection: Connection,
        policy: PolicySet,
        plan: Plan,
        proposal: Proposal,
        id_: str,
    ) -> Run:
        """Decide, and keep a new run with everything that goes with it."""
        known = self._known(connection, proposal)
        if known is not None:
            return known
        now = self._desk.database.now(connection)
        plan = plan.at(now)
        if proposal.parent is not None:
            self._supersede(connection, proposal, proposal.parent.id, id_)
        editor = proposal.requester if proposal.relation == "branch" else None
        made = self._desk.decide(connection, policy, plan, id_, 1, editor, now)
        agent = plan.action.agent
        run = Run(
            id=id_, version=0, state=State.STALE, proposed_at=now, updated_at=now,
            requester=proposal.requester, agent=agent.id if agent else None,
            owner=agent.owner if agent else None, action=plan.action.name,
            system=plan.preview.target.system, proposal=proposal.action.digest,
            rounds=(made.round,), remarks=proposal.remarks(now),
            undo=proposal.undo, relation=proposal.relation,
            parent=proposal.parent.id if proposal.parent else None,
            idempotency_key=plan.action.idempotency_key, salt=payloads.new_salt(),
        )  # fmt: skip
        roster = self._desk.roster(connection, run, plan.action, now)
        event = on.Decided(made.effect, made.round, proposal.requester)
        step = answering.begin(run, event, roster, now)
        if proposal.parent is not None:
            _require_answerable(step.run, roster, run.requester)
        self._require_second(connection, step.run, proposal.requester)
        run = replace(step.run, version=1)
        runs.add(connection, run, proposal.key, runs.ready_at(run, now))
        self._desk.keep_round(connection, run, made, policy, now)
        kind: ActorKind = "person" if run.requester in roster.people else "agent"
        proposed = Entry("proposed", kind, run.requester or "", {
            "action": run.action, "plan": run.round.plan, "parent": run.parent,
            "relation": run.relation, "agent": run.agent,
        }, {"note": proposal.note} if proposal.note else {})  # fmt: skip
        self._desk.tell(connection, run, replace(step, entries=(proposed, *step.entries)), now)
        failpoints.passed("propose.recorded")
        return run

    def _supersede(
        self, connection: Connection, proposal: Proposal, parent_id: str, heir: str
    ) -> None:
        """Make sure that a run and its heir are not both carried out."""
        parent = runs.held(connection, parent_id)
        now, by = self._desk.now_for(connection, parent), proposal.requester or ""
        action = self._desk.plan_of(parent, connection)
        roster = self._desk.roster(connection, parent, action, now, deciding=True)
        answering.require_concerned(parent, roster, by)
        if proposal.undo is not None:
            _require_none_other(connection, parent)
            return
        if parent.state in (State.EXECUTING, State.VERIFYING, State.COMPENSATING):
            raise Refused(
                "wrong_state", f"run `{parent.id}` is {parent.state.value}", "wait for its end"
            )
        if not parent.is_final and parent.state is not State.OUTCOME_UNKNOWN:
            event = on.Cancel(by, f"`{heir}` takes its place")
            step = transition(parent, event, roster, now)
            self._desk.keep(connection, parent, step)

    def _require_second(self, connection: Connection, run: Run, by: str | None) -> None:
        """Refuse to take back without anybody's answer what no policy says that of.

        That an action may run by itself does not say that its undoing may: unless the policies
        declare an action for that, whoever asks has to be somebody who could have answered for it.
        """
        if run.relation != "compensation" or run.state is not State.AUTO:
            return
        parent = runs.held(connection, run.parent or "")
        if run.action != parent.action:  # as the policies declare it
            return
        now, action = self._desk.now_for(connection, parent), self._desk.plan_of(parent, connection)
        roster = self._desk.roster(connection, parent, action, now, deciding=True)
        answering.require_second(parent, roster, by or "")

    def revise(self, id_: str, action: Action, by: str) -> Run:
        """Begin a new round with another action; who did so must not approve it."""
        return self._again(id_, action, by, "revised", _REVISABLE, None)

    def retry(self, id_: str, by: str) -> Run:
        """Begin a new round with the plan that failed."""
        return self._again(id_, None, by, "retry", frozenset({State.FAILED}), None)

    def ask_again(self, id_: str, why: str, fence: int) -> Run:
        """Begin a new round of a stale run, for the worker that holds the claim `fence`."""
        return self._again(id_, None, None, why, frozenset({State.STALE}), fence)

    def _again(
        self, id_: str, action: Action | None, by: str | None, why: str,
        states: frozenset[State], fence: int | None,
    ) -> Run:  # fmt: skip
        with telemetry.span("propose", run=id_) as span:
            run = self._begun_again(id_, action, by, why, states, fence)
            span.set(action=run.action, state=run.state.value, round=run.round.number)
            return run

    def _begun_again(
        self, id_: str, action: Action | None, by: str | None, why: str,
        states: frozenset[State], fence: int | None,
    ) -> Run:  # fmt: skip
        """Begin a new round of a run; raises Outdated where it was changed in the meantime."""
        policy, before = self._desk.policy, self._desk.as_left(id_)
        if before.state not in states:
            state, only = before.state.replace("_", " "), _ONLY.get(why, "it is not stale any more")
            raise Refused("wrong_state", f"run `{id_}` is {state}: {only}", advice(before))
        if action is not None:
            _require_same(before, action)
        proposal = Proposal(action or self._desk.plan_of(before), by, undo=before.undo)
        plan = make_plan(proposal.action, self._preview(policy, proposal), policy)
        if plan.preview.target.system != before.system:
            raise _other_action(before, f"on `{plan.preview.target.system}`")
        self._require_seal(plan)

        def work(connection: Connection) -> Run:
            run = runs.held(connection, id_)
            moved = (run.state, run.rounds) != (before.state, before.rounds)
            if moved or (fence is not None and run.fence != fence):
                raise Outdated(id_)
            now = self._desk.now_for(connection, run)
            if by is not None:
                old = self._desk.plan_of(run, connection)
                roster = self._desk.roster(connection, run, old, now, deciding=True)
                answering.require_concerned(run, roster, by)
            if why == "retry" and run.relation == "compensation":
                _require_none_other(connection, runs.held(connection, run.parent or ""))
            fresh = plan.at(now)
            editor = by if action is not None else None
            made = self._desk.decide(
                connection, policy, fresh, id_, run.round.number + 1, editor, now
            )
            pending = replace(run, rounds=(*run.rounds, made.round))
            roster = self._desk.roster(connection, pending, fresh.action, now)
            event = on.Decided(made.effect, made.round, by, why)
            step = transition(run, event, roster, now)
            self._require_second(connection, step.run, by or run.requester)
            if editor in roster.people:
                _require_answerable(step.run, roster, editor)
            self._desk.keep_round(connection, step.run, made, policy, now)
            self._desk.keep(connection, run, step)
            failpoints.passed("stale.recorded")
            return step.run

        run = self._desk.deciding(work)
        failpoints.passed("stale.committed")
        measuring.decided(run, policy)
        return run


def _require_none_other(connection: Connection, parent: Run) -> None:
    """Refuse to take a run back that is being taken back, or was."""
    busy = [
        run
        for run in runs.children(connection, parent.id)
        if run.relation == "compensation" and not run.is_final
    ]
    if busy or parent.state not in ARROWS[on.CompensationBegan]:
        raise taken_back(parent, busy[0].id if busy else parent.compensation)


def taken_back(parent: Run, by: str | None) -> Refused:
    """Return the error for a run that is being taken back, or was, by another run."""
    is_over = parent.state is State.COMPENSATED
    return Refused(
        "compensating",
        f"run `{parent.id}` {'was' if is_over else 'is being'} taken back already",
        f"look at {by}",
    )


def _require_answerable(run: Run, roster: Roster, by: str | None) -> None:
    """Refuse what nobody could answer, since `by`, who asks for it, must not answer it.

    A route is waited for where its timeout approves, or escalates to one that can be answered.
    """
    if run.state is not State.PENDING:
        return
    for name in (name for stage in run.round.stages for name in stage):
        route = roster.routes.get(name)
        if route is None or route.then == "approve":
            continue
        if routing.can_be_answered(route.ask(run.proposed_at), (), roster):
            continue
        heir = roster.routes.get(route.escalates_to or "") if route.then == "escalate" else None
        if heir is not None and routing.can_be_answered(heir.ask(run.proposed_at), (), roster):
            continue
        raise Refused(
            "nobody_left",
            f"nobody could answer: `{route.name}` needs more people than it has without"
            f" `{by}`, who asks for this",
            f"let somebody ask for it who does not answer for `{route.name}`",
        )
    if not enough_for_all(run.round, roster):
        raise Refused(
            "nobody_left",
            "nobody could answer all of it: nobody fills two places, and its routes together need"
            f" more people than there are without `{by}`, who asks for this",
            "let somebody ask for it who does not answer for any of them",
        )


def _require_same(run: Run, action: Action) -> None:
    """Refuse a plan that is not of the same agent and action, or has no choice: an undoing."""
    if run.undo is not None:
        raise Refused(
            "no_choice", f"run `{run.id}` takes another back: there is no other plan for that",
            "cancel it, and propose what is to be done instead",
        )  # fmt: skip
    if action.name != run.action:
        raise _other_action(run, f"`{action.name[:80]}`")
    agent = action.agent
    if (agent.id if agent else None, agent.owner if agent else None) != (run.agent, run.owner):
        raise Refused(
            "other_agent", f"run `{run.id}` is of the agent `{run.agent}`",
            "a revised plan names the same agent and owner",
        )  # fmt: skip


def _other_action(run: Run, other: str) -> Refused:
    return Refused(
        "other_action", f"run `{run.id}` is `{run.action}` on `{run.system}`, not {other}",
        "branch it to propose something else",
    )  # fmt: skip


def preview_of(
    connector: Connector, action: Action, target: TargetRef, undo: Receipt | None, timeout_s: float
) -> Preview:
    """Ask a connector what an action would change, or what taking back an `undo` would.

    `target` is the record that the preview must be about. Raises PreviewFailed.
    """
    if undo is not None:
        return previewed(lambda: connector.preview_compensation(undo), target, timeout_s)
    return previewed(lambda: connector.preview(action), target, timeout_s)


def previewed(ask: Callable[[], Preview], target: TargetRef, timeout_s: float) -> Preview:
    """Return a preview of a record; whatever goes wrong is a PreviewFailed that says so.

    Raises NoTarget where the connector says that there is no such record.
    """
    kind = PreviewFailed
    try:
        found: object = calling.call(ask, timeout_s)
        if replies.is_preview(found, target):
            return found
        why = f"the connector answered something that is no preview of {target}"
    except ConnectorError as error:
        why = replies.words(error)
        kind = NoTarget if isinstance(error, NoSuchTarget) else PreviewFailed
    except calling.CallTimedOut as error:
        why = f"the connector gave {error}"
    except Exception as error:  # whatever a connector raises
        why = f"the connector failed ({type(error).__name__})"
    raise kind(
        "no_preview", f"nobody can see what would change: {why}",
        "nothing was asked and nothing happened",
    )  # fmt: skip
