"""What programs call: proposals in, answers of people in, runs out.

Every method is one step: it reads the run, asks `transition`, and writes the next version with its
audit leaves, messages and timers in one transaction. Nothing waits in the process.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from sqlalchemy import Connection, insert, select, update

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.action import Action
from gatewright.engine.canonical import canonical_json
from gatewright.engine.decision import Decision, Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.record import Event as PastEvent
from gatewright.engine.json_text import read_json
from gatewright.engine.runtime import answering, failpoints
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.card import card_digest
from gatewright.engine.runtime.directory import Directory, FileDirectory
from gatewright.engine.runtime.errors import GateError, Outdated, PreviewFailed, Refused
from gatewright.engine.runtime.people import Delegation, roster_of
from gatewright.engine.runtime.plan import Plan, make_plan, receipt_of, target_of, with_target
from gatewright.engine.runtime.ports import Connector, ConnectorError, Preview
from gatewright.engine.runtime.routing import Roster, is_satisfied, place_for, require_known
from gatewright.engine.runtime.run import Document, Round, Run, State
from gatewright.engine.runtime.step import Entry, Step
from gatewright.engine.runtime.store import decisions, payloads, runs, trail
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import Clock, Database, open_database
from gatewright.engine.runtime.store.history import StoreHistory, put_event
from gatewright.engine.runtime.store.migrations import ensure
from gatewright.engine.runtime.transition import ARROWS, transition
from gatewright.engine.values import Timestamp

Source = PolicySet | Callable[[], PolicySet]


@dataclass(frozen=True, slots=True)
class _Proposal:
    """Who proposes what, and what it has to do with another run."""

    action: Action
    requester: str | None
    parent: Run | None = None
    undo: Document | None = None

    @property
    def key(self) -> str | None:
        """What a repeated proposal is known by: keys of different agents never meet."""
        agent, key = self.action.agent, self.action.idempotency_key
        return None if key is None else f"{agent.id if agent and agent.id else ''}:{key}"

    @property
    def relation(self) -> Literal["branch", "compensation"] | None:
        """What the new run is to its parent."""
        if self.parent is None:
            return None
        return "branch" if self.undo is None else "compensation"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item of a bulk answer."""

    run: str
    state: State | None
    error: GateError | None = None


class Gate:
    """Holds proposals until they may run. May be shared by threads; any number may share a store.

    `policy` is a set, or a function that gives the one in force. `directory` says who people are;
    without one nobody can answer. `seal` encrypts plans that hold secrets; without one such plans
    are refused. `clock` replaces the store's, for tests.
    """

    def __init__(
        self,
        policy: Source,
        *,
        store: str | Database = "sqlite:///gate.db",
        connectors: Iterable[Connector] = (),
        directory: Directory | None = None,
        seal: payloads.Seal | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._source = policy
        self.database = open_database(store, clock=clock) if isinstance(store, str) else store
        self._connectors = {connector.system: connector for connector in connectors}
        self._directory = directory or FileDirectory()
        self._seal = seal
        ensure(self.database)

    @property
    def policy(self) -> PolicySet:
        """The policy set in force."""
        return self._source if isinstance(self._source, PolicySet) else self._source()

    def close(self) -> None:
        """Close the connections to the store."""
        self.database.close()

    # --- proposals

    def propose(
        self, action: Action | Mapping[str, object], *, requester: str | None = None
    ) -> Run:
        """Preview and decide about an action, and keep it as a run.

        `requester` is who brings it, the agent unless the host knows better. The same idempotency
        key and action again give the run that there is already. Raises PreviewFailed where nobody
        can see what would change, Refused for a key that was used for something else, and GateError
        for an action that cannot be read or names no system.
        """
        read, agent = _read(action), None
        agent = read.agent.id if read.agent else None
        return self._propose(_Proposal(read, requester or agent))

    def branch(self, run: str, action: Action | Mapping[str, object], *, by: str) -> Run:
        """Propose another plan instead; a run that still waits is cancelled in the same step."""
        parent = self.run(run)
        return self._propose(_Proposal(_read(action), by, parent))

    def compensate(self, run: str, *, by: str, note: str | None = None) -> Run:
        """Propose to take back what a run did: previewed, decided and kept as a run of its own."""
        parent = self.run(run)
        receipt = parent.attempt.receipt if parent.attempt else None
        if parent.state not in ARROWS[on.CompensationBegan] or receipt is None:
            raise Refused(
                "nothing_done", f"run `{run}` is {parent.state.value}: there is nothing to take back",
                "only what was executed here can be taken back",
            )  # fmt: skip
        data = self.plan_of(parent).to_dict()
        data.pop("idempotency_key", None)
        named = f"{parent.action}.compensate"
        if named in self.policy.about("").actions:
            data["action"] = named
        data["context"] = {"trigger": f"takes back {run}", **({"reasoning": note} if note else {})}
        return self._propose(_Proposal(_read(data), by, parent, receipt))

    def _propose(self, proposal: _Proposal) -> Run:
        policy = self.policy
        known = self.database.retrying(lambda c: self._known(c, proposal), "reading")
        if known is not None:
            return known
        plan = make_plan(proposal.action, self._preview(policy, proposal), policy)
        self._require_seal(plan)
        failpoints.passed("propose.previewed")
        run = self.database.retrying(lambda c: self._record(c, policy, plan, proposal))
        failpoints.passed("propose.committed")
        return run

    def _known(self, connection: Connection, proposal: _Proposal) -> Run | None:
        """Return the run of the same proposal; raises Refused where the key was another's."""
        known = runs.by_key(connection, proposal.key) if proposal.key is not None else None
        if known is not None and known.proposal != proposal.action.digest:
            raise Refused(
                "key_reused", "the idempotency key belongs to another proposal",
                "use a new key for a new proposal",
            )  # fmt: skip
        return known

    def _preview(self, policy: PolicySet, proposal: _Proposal) -> Preview:
        action = proposal.action
        if proposal.undo is not None:
            receipt = receipt_of(proposal.undo)
            connector = self.connector(receipt.target.system)
            return previewed(lambda: connector.preview_compensation(receipt))
        target = target_of(action, policy)
        connector = self.connector(target.system)
        return previewed(lambda: connector.preview(with_target(action, target)))

    def connector(self, system: str) -> Connector:
        """Return the connector of a system; raises GateError where there is none."""
        if system not in self._connectors:
            raise GateError(
                "no_connector", f"there is no connector for `{system[:80]}`",
                f"known are: {', '.join(sorted(self._connectors)) or 'none'}",
            )  # fmt: skip
        return self._connectors[system]

    def _require_seal(self, plan: Plan) -> None:
        if plan.holds_secrets and self._seal is None:
            raise GateError(
                "no_seal", "the action has @secret values, and this gate has no key to seal them",
                "give the gate a `seal`: secrets are kept encrypted or not at all",
            )  # fmt: skip

    def _record(
        self, connection: Connection, policy: PolicySet, plan: Plan, proposal: _Proposal
    ) -> Run:
        """Decide, and keep a new run with everything that goes with it."""
        known = self._known(connection, proposal)
        if known is not None:
            return known
        now = self.database.now(connection)
        plan, id_ = plan.at(now), "run_" + uuid.uuid4().hex
        if proposal.parent is not None:
            self._supersede(connection, proposal, proposal.parent.id, id_)
        made = self._decided(connection, policy, plan, id_, 1, None, now)
        agent = plan.action.agent
        run = Run(
            id=id_, version=0, state=State.STALE, proposed_at=now, updated_at=now,
            requester=proposal.requester, agent=agent.id if agent else None,
            owner=agent.owner if agent else None, action=plan.action.name,
            system=plan.preview.target.system, proposal=proposal.action.digest,
            rounds=(made.round,), undo=proposal.undo, relation=proposal.relation,
            parent=proposal.parent.id if proposal.parent else None,
            idempotency_key=plan.action.idempotency_key,
        )  # fmt: skip
        roster = self._roster(connection, run, plan.action, now)
        event = on.Decided(made.effect, made.round, proposal.requester)
        step = answering.begin(run, event, roster, now)
        run = replace(step.run, version=1)
        runs.add(connection, run, proposal.key, runs.ready_at(run, now))
        self._keep_round(connection, run, made, policy, now)
        proposed = Entry("proposed", "agent", run.requester or "", {
            "action": run.action, "plan": run.round.plan, "parent": run.parent,
            "relation": run.relation, "agent": run.agent,
        })  # fmt: skip
        self._tell(connection, run, replace(step, entries=(proposed, *step.entries)), now)
        failpoints.passed("propose.recorded")
        return run

    def _supersede(
        self, connection: Connection, proposal: _Proposal, parent_id: str, heir: str
    ) -> None:
        """Make sure that a run and its heir are not both carried out."""
        parent = runs.get(connection, parent_id, lock=True)
        if proposal.undo is not None:
            busy = [r for r in runs.listed(connection, parent=parent.id)
                    if r.relation == "compensation" and not r.is_final]  # fmt: skip
            if busy or parent.state not in ARROWS[on.CompensationBegan]:
                raise Refused(
                    "compensating", f"run `{parent.id}` is being taken back already",
                    f"look at {busy[0].id if busy else parent.compensation}",
                )  # fmt: skip
            return
        roster = self._roster(connection, parent, self.plan_of(parent, connection), None)
        if proposal.requester not in {parent.requester, parent.agent, parent.owner}:
            answering.require_approver(parent, roster, proposal.requester or "")
        if parent.state in (State.EXECUTING, State.VERIFYING, State.COMPENSATING):
            raise Refused(
                "wrong_state", f"run `{parent.id}` is {parent.state.value}", "wait for its end"
            )
        if not parent.is_final and parent.state is not State.OUTCOME_UNKNOWN:
            by = proposal.requester or ""
            step = cancelled_for(parent, by, heir)
            step = transition(parent, step, _with(roster, by), self.database.now(connection))
            self._keep(connection, parent, step)

    # --- deciding, at first and again

    def _decided(
        self,
        connection: Connection,
        policy: PolicySet,
        plan: Plan,
        run: str,
        number: int,
        editor: str | None,
        now: int,
    ) -> _Made:
        """Decide about a plan, and make a round of it."""
        history = StoreHistory(connection, without=run)
        uses = decisions.uses_of(connection, without=run)
        decision = policy.evaluate(plan.action, history, now=Timestamp(now), uses=uses)
        content, salt = canonical_json(plan.kept).decode(), payloads.new_salt()
        if plan.holds_secrets and self._seal is not None:
            content = payloads.sealed(content, self._seal)
        name = payloads.commitment(content, salt)
        shown = cast("Document", decision.to_dict())
        known = policy.about(plan.action.name)
        stages = qualified_stages(decision, known)
        round_ = Round(
            number=number, opened_at=now, editor=editor, plan=name, action=plan.shown,
            preview=plan.shown_preview, decision=shown, policy=policy.digest, stages=stages,
            card=card_digest(run, number, name, plan.shown, plan.shown_preview, shown, stages),
        )  # fmt: skip
        return _Made(round_, decision, content, salt)

    def _keep_round(
        self, connection: Connection, run: Run, made: _Made, policy: PolicySet, now: int
    ) -> None:
        payloads.put(connection, run.id, made.content, made.salt)
        decisions.append(connection, run.id, made.decision, policy, now)

    def revise(self, run: str, action: Action | Mapping[str, object], *, by: str) -> Run:
        """Give a run another plan: a new round with a new preview, decision and card."""
        return self._again(run, _read(action), by, "revised")

    def retry(self, run: str, *, by: str) -> Run:
        """Try the plan of a failed run once more: previewed, decided and asked again."""
        return self._again(run, None, by, "retry")

    def ask_again(self, run: str, why: str, fence: int | None = None) -> Run:
        """Preview and decide the same plan again, since something moved. For workers."""
        return self._again(run, None, None, why, fence)

    def _again(
        self, id_: str, action: Action | None, by: str | None, why: str, fence: int | None = None
    ) -> Run:
        policy, before = self.policy, self.run(id_)
        allowed = {"revised": _REVISABLE, "retry": frozenset({State.FAILED})}.get(why)
        if allowed is not None and before.state not in allowed:
            raise Refused(
                "wrong_state", f"run `{id_}` is {before.state.value}: it cannot be {_DONE_TO[why]}",
                "`gatewright show` tells what the run waits for",
            )  # fmt: skip
        proposal = _Proposal(action or self.plan_of(before), by, undo=before.undo)
        plan = make_plan(proposal.action, self._preview(policy, proposal), policy)
        self._require_seal(plan)

        def work(connection: Connection) -> Run:
            run = runs.get(connection, id_, lock=True)
            if run.version != before.version or (fence is not None and run.fence != fence):
                raise Outdated(id_)
            now = self.database.now(connection)
            fresh = plan.at(now)
            editor = by if action is not None else None
            made = self._decided(connection, policy, fresh, id_, run.round.number + 1, editor, now)
            pending = replace(run, rounds=(*run.rounds, made.round))
            roster = self._roster(connection, pending, fresh.action, now)
            if by is not None and by not in {run.requester, run.agent, run.owner}:
                before_edit = self._roster(connection, run, fresh.action, now)
                answering.require_approver(run, before_edit, by)
            event = on.Decided(made.effect, made.round, by, why)
            step = transition(run, event, roster, now)
            self._keep_round(connection, step.run, made, policy, now)
            self._keep(connection, run, step)
            failpoints.passed("stale.recorded")
            return step.run

        run = self.database.retrying(work)
        failpoints.passed("stale.committed")
        return run

    # --- people

    def approve(
        self, run: str, *, by: str, card: str, route: str | None = None, note: str | None = None
    ) -> Run:
        """Agree with exactly the card whose digest is named; with the last answer the run may run.

        Raises Refused: for another card, too late, twice, or by somebody who is not asked.
        """
        return self._answer(run, on.Approve(by, card, route, note))

    def reject(self, run: str, *, by: str, note: str) -> Run:
        """Say no; the run is over."""
        return self._answer(run, on.Reject(by, note))

    def request_changes(self, run: str, *, by: str, note: str) -> Run:
        """Ask for another plan; `revise` brings it."""
        return self._answer(run, on.RequestChanges(by, note))

    def take_over(self, run: str, *, by: str, note: str | None = None) -> Run:
        """Go on by hand; `complete_manually` ends it."""
        return self._answer(run, on.TakeOver(by, note))

    def complete_manually(
        self, run: str, *, by: str, record: Mapping[str, object] | None = None,
        executed: bool = True, note: str | None = None,
    ) -> Run:  # fmt: skip
        """Write down what was done by hand, or found out about a run of unknown outcome."""
        return self._answer(run, on.Complete(by, executed, dict(record or {}), note))

    def cancel(self, run: str, *, by: str, note: str | None = None) -> Run:
        """Give a run up before anything is done."""
        return self._answer(run, on.Cancel(by, note))

    def comment(self, run: str, *, by: str, text: str) -> Run:
        """Say something that everybody who looks at the run sees."""
        return self._answer(run, on.Say(by, text))

    def approve_all(self, cards: Mapping[str, str], *, by: str) -> list[Outcome]:
        """Approve several runs, each by itself: `cards` gives the digest that binds each."""
        outcomes: list[Outcome] = []
        for run, card in cards.items():
            try:
                outcomes.append(Outcome(run, self.approve(run, by=by, card=card).state))
            except GateError as error:
                outcomes.append(Outcome(run, None, error))
        return outcomes

    def _answer(self, run: str, event: on.Event) -> Run:
        changed = self._change(run, event, "answer.recorded")
        failpoints.passed("answer.committed")
        return changed

    def _change(self, id_: str, event: on.Event, failpoint: str) -> Run:
        """Let something happen to a run, in one transaction."""

        def work(connection: Connection) -> Run:
            run = runs.get(connection, id_, lock=True)
            now = self.database.now(connection)
            action = self.plan_of(run, connection)
            step = transition(run, event, self._roster(connection, run, action, now), now)
            self._keep(connection, run, step)
            failpoints.passed(failpoint)
            return step.run

        return self.database.retrying(work, "writing")

    # --- workers

    def fire(self, run: str, kind: Literal["remind", "late", "timeout"], route: str) -> Run:
        """Let a timer of a run do what its route says; raises Refused where that is over."""
        changed = self._change(run, on.TimerFired(kind, route), "timer.recorded")
        failpoints.passed("timer.committed")
        return changed

    def start(self, claimed: Run, preview: Preview, worker: str) -> Run:
        """Check once more that a claimed run may be carried out, and keep its attempt.

        The policy in force decides again about the record as it is now. The result is `executing`,
        or `stale` where anything is not as approved any more. Raises Outdated for an old claim.
        """
        policy, action = self.policy, self.plan_of(claimed)
        plan = make_plan(action, preview, policy)

        def work(connection: Connection) -> Run:
            run = self._claimed(connection, claimed)
            now = self.database.now(connection)
            why = self._why_stale(connection, policy, run, plan.at(now), now)
            event: on.Event
            if why is not None:
                event = on.WentStale(why)
            else:
                key = f"{run.id}-{len(run.attempts) + 1}"
                event = on.Started(worker, key, preview.version)
            step = transition(run, event, Roster(), now)
            self._keep(connection, run, step, holds_claim=why is None)
            failpoints.passed("execute.recorded")
            return step.run

        return self.database.retrying(work)

    def _why_stale(
        self, connection: Connection, policy: PolicySet, run: Run, plan: Plan, now: int
    ) -> str | None:
        """Return what is not as approved any more; None where the run may be carried out."""
        round_ = run.round
        if plan.preview.version != round_.preview["version"]:
            return "the record was changed since the preview"
        if plan.shown_preview["fields"] != round_.preview["fields"]:
            return "the record has other values than in the preview"
        if round_.expires_at is not None and round_.expires_at <= now:
            return "the approval is too old"
        history = StoreHistory(connection, without=run.id)
        uses = decisions.uses_of(connection, without=run.id)
        decision = policy.evaluate(plan.action, history, now=Timestamp(now), uses=uses)
        if decision.effect is Effect.BLOCK:
            return "the policy in force blocks it"
        needed = qualified_stages(decision, policy.about(plan.action.name))
        if not {route for stage in needed for route in stage} <= {
            route for stage in round_.stages for route in stage
        }:
            return "the policy in force asks for others"
        roster = self._roster(connection, run, plan.action, now)
        if any(not is_satisfied(ask, round_.votes, roster) for ask in round_.asks):
            return "somebody who approved may not do so any more"
        return None

    def note(self, claimed: Run, event: on.Event) -> Run:
        """Keep what a worker found out; raises Outdated where its claim is not the latest."""

        def work(connection: Connection) -> Run:
            run = self._claimed(connection, claimed)
            step = transition(run, event, Roster(), self.database.now(connection))
            self._keep(connection, run, step, holds_claim=True)
            failpoints.passed("result.recorded")
            return step.run

        return self.database.retrying(work, "writing")

    def _claimed(self, connection: Connection, claimed: Run) -> Run:
        run = runs.get(connection, claimed.id, lock=True)
        if run.fence != claimed.fence or run.version != claimed.version:
            raise Outdated(run.id)
        return run

    # --- delegation

    def delegate(self, *, giver: str, taker: str, from_at: Timestamp, until_at: Timestamp) -> str:
        """Let somebody answer in another's place for a while, and return the delegation's id."""
        if giver == taker or until_at <= from_at:
            raise Refused(
                "bad_delegation", "a delegation is to somebody else, and ends after it begins",
                "name another person, or other instants",
            )  # fmt: skip
        id_ = "del_" + uuid.uuid4().hex

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            roster = Roster(people=self._directory.people())
            require_known(roster, giver)
            require_known(roster, taker)
            connection.execute(
                insert(t.delegations).values(
                    id=id_, giver=giver, taker=taker, from_at=from_at.nanos, until_at=until_at.nanos
                )
            )
            body: Document = {
                "id": id_, "to": taker, "from": from_at.text, "until": until_at.text,
            }  # fmt: skip
            trail.record(connection, None, (Entry("delegated", "person", giver, body),), now)

        self.database.retrying(work, "writing")
        return id_

    def revoke(self, delegation: str, *, by: str) -> None:
        """End a delegation early; whoever gave it can."""

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            c = t.delegations.c
            done = connection.execute(
                update(t.delegations)
                .where(c.id == delegation, c.giver == by, c.revoked_at.is_(None))
                .values(revoked_at=now)
            )
            if done.rowcount != 1:
                raise Refused("no_delegation", "there is no such delegation of yours", "")
            body: Document = {"id": delegation}
            trail.record(connection, None, (Entry("delegation_revoked", "person", by, body),), now)

        self.database.retrying(work, "writing")

    # --- looking

    def run(self, run: str) -> Run:
        """Return a run; raises NoSuchRun."""
        return self.database.retrying(lambda c: runs.get(c, run), "reading")

    def queue(self, *, person: str | None = None, most: int = 100) -> list[Run]:
        """Return what waits for people, the oldest first; for one person what they may answer."""

        def work(connection: Connection) -> list[Run]:
            found = runs.listed(connection, states=[State.PENDING], most=most)
            if person is None:
                return found
            return [run for run in found if self._may_answer(connection, run, person)]

        return self.database.retrying(work, "reading")

    def _may_answer(self, connection: Connection, run: Run, person: str) -> bool:
        action, now = self.plan_of(run, connection), self.database.now(connection)
        try:
            place_for(run.round, self._roster(connection, run, action, now), person)
        except Refused:
            return False
        return True

    # --- what every step needs

    def plan_of(self, run: Run, connection: Connection | None = None) -> Action:
        """Return the exact action of a run; raises GateError where it was erased."""
        if connection is None:
            return self.database.retrying(lambda c: self.plan_of(run, c), "reading")
        content = payloads.get(connection, run.round.plan, self._seal)
        if content is None:
            raise GateError(
                "no_plan", f"the plan of run `{run.id}` was erased or cannot be unsealed",
                "nothing can be executed without it",
            )  # fmt: skip
        return Action.read(read_json(content))[0]

    def _roster(self, connection: Connection, run: Run, action: Action, now: int | None) -> Roster:
        """Return who may answer the routes of a run now."""
        now = self.database.now(connection) if now is None else now
        needed = {name for stage in run.round.stages for name in stage}
        needed |= {ask.route for ask in run.round.asks}
        c = t.delegations.c
        rows = connection.execute(
            select(c.giver, c.taker, c.from_at, c.until_at).where(
                c.from_at <= now, c.until_at > now, c.revoked_at.is_(None)
            )
        )
        standing = [Delegation(*row) for row in rows]
        return roster_of(
            self.policy, self._directory, standing, action, run, needed, run.requester, now
        )

    def _keep(
        self, connection: Connection, before: Run, step: Step, *, holds_claim: bool = False
    ) -> None:
        """Write a step: the run, what it waits for, its event, leaves and messages."""
        run = step.run
        runs.change(connection, before, run, runs.ready_at(run, run.updated_at), holds_claim)
        self._tell(connection, run, step, run.updated_at)
        if run.parent is not None and run.relation == "compensation" and run.state != before.state:
            self._tell_parent(connection, run)

    def _tell(self, connection: Connection, run: Run, step: Step, now: int) -> None:
        if run.relation != "compensation":  # taking something back is no action of its own
            put_event(connection, event_of(run))
        trail.record(connection, run.id, step.entries, now)
        trail.post(connection, run, step.messages, now)

    def _tell_parent(self, connection: Connection, run: Run) -> None:
        """Let a run know that another begins to take it back, or has done so."""
        event: on.Event
        if run.state is State.EXECUTING:
            event = on.CompensationBegan(run.id)
        elif run.state in (State.DONE, State.FAILED):
            event = on.CompensationEnded(run.id, run.state is State.DONE, run.note)
        else:
            return
        parent = runs.get(connection, run.parent or "", lock=True)
        if parent.state not in ARROWS[type(event)]:
            return
        step = transition(parent, event, Roster(), run.updated_at)
        self._keep(connection, parent, step)


@dataclass(frozen=True, slots=True)
class _Made:
    """A round with its decision, and the plan that it commits to."""

    round: Round
    decision: Decision
    content: str
    salt: str

    @property
    def effect(self) -> Literal["auto_run", "require_approval", "block"]:
        """The effect as text."""
        return self.decision.effect.value


_REVISABLE = frozenset({State.PENDING, State.CHANGES_REQUESTED, State.STALE})
_DONE_TO = {"revised": "revised", "retry": "retried"}


def _read(action: Action | Mapping[str, object]) -> Action:
    read, problems = Action.read(action)
    if not read.name:
        why = str(problems[0]) if problems else "it has no name"
        raise GateError("bad_action", f"this is no action: {why}", "see the shape of an action")
    return read


def previewed(ask: Callable[[], Preview]) -> Preview:
    """Return a preview; whatever goes wrong is a PreviewFailed that says so."""
    try:
        return ask()
    except ConnectorError as error:
        why = error.message
    except Exception as error:  # whatever a connector raises
        why = f"the connector failed ({type(error).__name__})"
    raise PreviewFailed(
        "no_preview", f"nobody can see what would change: {why}",
        "nothing was asked and nothing happened",
    )  # fmt: skip


def cancelled_for(run: Run, by: str, heir: str) -> on.Cancel:
    """Return what ends a run that another takes the place of."""
    return on.Cancel(by, f"`{heir}` takes its place")


def _with(roster: Roster, person: str) -> Roster:
    return replace(roster, people=roster.people | {person})


def qualified_stages(decision: Decision, policy: CheckedPolicy) -> tuple[tuple[str, ...], ...]:
    """Return the stages of a decision with the qualified names of their routes."""
    names = {policy.route_name(qualified): qualified for qualified in policy.routes}
    return tuple(tuple(names[name] for name in stage) for stage in decision.stages)


def event_of(run: Run) -> PastEvent:
    """Return a run as rules see it in a history."""
    action = Action.read(run.round.action)[0]
    votes = run.round.votes
    by, at = (votes[-1].person, votes[-1].at) if votes else (None, None)
    if run.state is State.REJECTED:
        by, at = run.closed_by, run.updated_at
    event = PastEvent.of(action, run.id, Timestamp(run.proposed_at), run.state.status)
    matched = [
        f"{rule['package']}.{rule['name']}"
        for rule in run.round.decision["rules"]
        if rule["status"] == "matched"
    ]
    decided_at = None if at is None else Timestamp(at)
    return replace(event, decided_by=by, decided_at=decided_at, rules=tuple(matched))
