"""What every step needs: the policy in force, the people, the connectors, and how a step is kept.

One transaction holds the next version of a run, what it waits for, its event in the history, its
audit leaves and its messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TypeVar

from sqlalchemy import Connection, or_, select

from gatewright.dsl.records import replace
from gatewright.engine.action import Action
from gatewright.engine.canonical import canonical_json, exact_json
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime import failpoints, routing, telemetry
from gatewright.engine.runtime.directory import Directory
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.notifying import Notifier, by_name
from gatewright.engine.runtime.past import event_of
from gatewright.engine.runtime.people import Delegation, roster_of, routes_about
from gatewright.engine.runtime.plan import Plan, hides_values, receipt_document, receipt_of
from gatewright.engine.runtime.ports import Connector, Receipt
from gatewright.engine.runtime.rounds import Made, made_of
from gatewright.engine.runtime.routing import Roster
from gatewright.engine.runtime.run import Document, Run, State
from gatewright.engine.runtime.step import Step
from gatewright.engine.runtime.store import decisions, payloads, runs, trail, vouched
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.errors import StoreError
from gatewright.engine.runtime.store.events import body_of, forget
from gatewright.engine.runtime.store.events import put as put_event
from gatewright.engine.runtime.store.turns import take_turn
from gatewright.engine.runtime.transition import ARROWS, transition

T = TypeVar("T")

Source = PolicySet | Callable[[], PolicySet]
"""A policy set, or a function that gives the one in force."""

People = Directory | Callable[[], Directory]
"""A directory, or a function that gives it as it is now; what that raises refuses the step."""


class Desk:
    """Keeps steps of runs. Safe to share between threads."""

    def __init__(
        self,
        source: Source,
        database: Database,
        connectors: Iterable[Connector],
        directory: People,
        seal: payloads.Seal | None,
        notifiers: Iterable[Notifier] = (),
        preview_timeout_s: float = 30.0,
    ) -> None:
        self._source = source
        self.database = database
        self._people = directory
        self.seal = seal
        self.preview_timeout_s = preview_timeout_s
        self._connectors: dict[str, Connector] = {}
        for connector in connectors:
            if self._connectors.setdefault(connector.system, connector) is not connector:
                raise ValueError(f"there are two connectors for the system `{connector.system}`")
        self.notifiers = by_name(notifiers)

    @property
    def policy(self) -> PolicySet:
        """The policy set in force."""
        return self._source if isinstance(self._source, PolicySet) else self._source()

    @property
    def directory(self) -> Directory:
        """People and groups as they are now."""
        return self._people() if callable(self._people) else self._people

    def connector(self, system: str) -> Connector:
        """Return the connector of a system; raises GateError where there is none."""
        if system not in self._connectors:
            raise GateError(
                "no_connector", f"there is no connector for `{system[:80]}`",
                f"known are: {', '.join(sorted(self._connectors)) or 'none'}",
            )  # fmt: skip
        return self._connectors[system]

    def run(self, run: str) -> Run:
        """Return a run, to be looked at; raises NoSuchRun."""
        return self.database.retrying(lambda c: runs.get(c, run), "reading")

    def as_left(self, run: str) -> Run:
        """Return a run by which something is to be done; raises NoSuchRun, and EditedRun."""
        return self.database.retrying(lambda c: runs.as_left(c, run), "reading")

    def plan_of(self, run: Run, connection: Connection | None = None) -> Action:
        """Return the exact action of a run; raises GateError where it was erased."""
        if connection is None:
            return self.database.retrying(lambda c: self.plan_of(run, c), "reading")
        content = payloads.get(connection, run.round.plan, self.seal)
        if content is None:
            raise GateError(
                "no_plan", f"the plan of run `{run.id}` was erased or cannot be unsealed",
                "nothing can be executed without it",
            )  # fmt: skip
        return Action.read(read_json(content))[0]

    def action_of(self, run: Run, connection: Connection) -> Action:
        """Return the action of a run; where the plan is gone, as it was shown.

        That is enough to end a run that nobody can carry out any more, not to approve it.
        """
        try:
            return self.plan_of(run, connection)
        except GateError:
            return Action.read(run.round.action)[0]

    def receipt_for(self, run: Run, receipt: Receipt) -> Document:
        """Return a receipt as it is kept: what a write took away is sealed where it is secret.

        Without a seal it is left out; such a write cannot be taken back.
        """
        document = receipt_document(receipt)
        if not hides_values(run.round.preview):
            return document
        text = canonical_json(document["undo"]).decode()
        sealed = None if self.seal is None else payloads.sealed(text, self.seal)
        return {**document, "undo": {}, "sealed": sealed}

    def receipt_of(self, document: Document) -> Receipt:
        """Return a kept receipt; raises GateError where what it needs was left out or is sealed."""
        if "sealed" not in document:
            return receipt_of(document)
        undo = payloads.unsealed(document["sealed"] or "", self.seal)
        if undo is None:
            raise GateError(
                "no_undo", "what was there before is secret, and this gate cannot unseal it",
                "give the gate the `seal` that it had when this was written",
            )  # fmt: skip
        return receipt_of({**document, "undo": read_json(undo)})

    def now_for(self, connection: Connection, run: Run) -> int:
        """Return the time for a run: never before what it saw already, whatever the clock says."""
        return max(self.database.now(connection), run.updated_at)

    def delegations(
        self, connection: Connection, now: int, *, later: bool = False
    ) -> list[Delegation]:
        """Return who answers in whose place now; with `later` also who will from then on."""
        c = t.delegations.c
        wanted = select(c.giver, c.taker, c.from_at, c.until_at).where(
            c.until_at > now, c.revoked_at.is_(None)
        )
        rows = connection.execute(wanted if later else wanted.where(c.from_at <= now))
        return [Delegation(*row) for row in rows]

    def roster(
        self, connection: Connection, run: Run, action: Action, now: int,
        delegations: Sequence[Delegation] | None = None, *, deciding: bool = False,
    ) -> Roster:  # fmt: skip
        """Return who may answer the routes of a run now; `delegations` saves reading them again.

        Of a run that nobody was asked about there are none, unless somebody is `deciding` about
        it: then those that could have been asked.
        """
        needed = {name for stage in run.round.stages for name in stage}
        needed |= {ask.route for ask in run.round.asks}
        if deciding and not needed:
            needed = set(routes_about(self.policy, action.name))
        if delegations is None:
            delegations = self.delegations(connection, now)
        return roster_of(
            self.policy, self.directory, delegations, action, run, needed, run.requester, now
        )

    def _unheard(
        self, connection: Connection, run: Run, action: Action, now: int
    ) -> frozenset[str]:
        """Return the routes that nobody could answer all the time since they were asked.

        Who stands in for somebody whom the run excludes must not answer it, and anybody may let
        others stand in for them: so they would keep all from saying no until silence approves.
        """
        c = t.delegations.c
        found: set[str] = set()
        for ask in routing.asked(run.round):
            held = select(c.giver, c.taker).where(
                c.from_at <= now,
                c.until_at > ask.asked_at,
                or_(c.revoked_at.is_(None), c.revoked_at > ask.asked_at),
            )
            rows = connection.execute(held)
            stood_in = [Delegation(giver, taker, now, now + 1) for giver, taker in rows]
            if not self.roster(connection, run, action, now, stood_in).voters(ask):
                found.add(ask.route)
        return frozenset(found)

    def waiting(self) -> tuple[str, int, float] | None:
        """Return the store's name, the number of runs that wait for people, the age of the oldest.

        In seconds; None where the store cannot be read.
        """
        try:
            with self.database.reading() as connection:
                count, oldest = runs.waiting(connection)
                now = self.database.now(connection)
        except StoreError:
            return None
        age = 0.0 if oldest is None else max(0, now - oldest) / 1_000_000_000
        return self.database.where, count, age

    # --- deciding

    def decide(
        self,
        connection: Connection,
        policy: PolicySet,
        plan: Plan,
        run: str,
        number: int,
        editor: str | None,
        now: int,
    ) -> Made:
        """Decide about a plan, and make a round of it."""
        with telemetry.span("decide", run=run, round=number, policy=policy.digest) as span:
            made = made_of(connection, policy, plan, run, number, editor, now, self.seal)
            span.set(effect=made.effect, decision=made.decision.id)
            return made

    def keep_round(
        self, connection: Connection, run: Run, made: Made, policy: PolicySet, now: int
    ) -> None:
        """Keep the plan of a round, and its decision in the decision log."""
        payloads.put(connection, run.id, made.content, made.salt)
        decisions.append(connection, run.id, made.decision, policy, now, made.logged)

    # --- steps

    def deciding(self, work: Callable[[Connection], T]) -> T:
        """Do a step that decides by what it reads; one that others undid is done alone next time.

        Steps that decide at once undo each other on PostgreSQL, also where they only looked at the
        same page of an index; without turns one of many could lose again and again.
        """
        tries = count()

        def in_turn(connection: Connection) -> T:
            if self.database.is_postgres:
                take_turn(connection, alone=next(tries) % 2 == 1)
            return work(connection)

        return self.database.retrying(in_turn)

    def change(self, id_: str, event: on.Event, failpoint: str) -> Run:
        """Let something happen to a run, in one transaction."""

        def work(connection: Connection) -> Run:
            run = runs.held(connection, id_)
            now = self.now_for(connection, run)
            needs_plan = isinstance(event, on.Approve)
            action = (self.plan_of if needs_plan else self.action_of)(run, connection)
            roster = self.roster(connection, run, action, now, deciding=True)
            if isinstance(event, on.TimerFired) and event.kind == "timeout":
                unheard = self._unheard(connection, run, action, now)
                roster = replace(roster, unheard=unheard)
            step = transition(run, event, roster, now)
            self.keep(connection, run, step)
            failpoints.passed(failpoint)
            return step.run

        return self.database.retrying(work, "writing")

    def keep(
        self, connection: Connection, before: Run, step: Step, *, holds_claim: bool = False
    ) -> None:
        """Write a step: the run, what it waits for, its event, leaves and messages."""
        run = step.run
        if len(run.rounds) != len(before.rounds):  # another plan is another event
            forget(connection, run.id)
        runs.change(connection, before, run, runs.ready_at(run, run.updated_at), holds_claim)
        self.tell(connection, run, step, run.updated_at)
        if run.parent is not None and run.relation == "compensation" and run.state != before.state:
            self._tell_parent(connection, run)

    def tell(self, connection: Connection, run: Run, step: Step, now: int) -> None:
        """Write what others learn of a step: its event, audit leaves and messages."""
        event: str | None = None
        if run.erased_at is not None:  # what limits still have of it stays as it is
            event = body_of(connection, run.id)
        elif run.relation != "compensation":  # taking something back is no action of its own
            event = exact_json(put_event(connection, event_of(run)).to_dict())
        trail.record(connection, run.id, step.entries, now, vouched.rows_of(run, event))
        trail.post(connection, run, step.messages, now)

    def _tell_parent(self, connection: Connection, run: Run) -> None:
        """Let a run know that another begins to take it back, did so, or will not do it."""
        if run.state is not State.EXECUTING and not run.is_final:
            return
        parent = runs.held(connection, run.parent or "")
        done = run.state is State.DONE
        # What a person took over and did by hand was never executing here.
        if (done or run.state is State.EXECUTING) and parent.state in ARROWS[on.CompensationBegan]:
            parent = self._tell(connection, parent, on.CompensationBegan(run.id), run.updated_at)
        if run.is_final and parent.state is State.COMPENSATING and parent.compensation == run.id:
            self._tell(
                connection, parent, on.CompensationEnded(run.id, done, run.note), run.updated_at
            )

    def _tell(self, connection: Connection, parent: Run, event: on.Event, now: int) -> Run:
        step = transition(parent, event, Roster(), now)
        self.keep(connection, parent, step)
        return step.run


def may_take_back(connection: Connection, run: Run) -> bool:
    """Tell whether a run that takes another back still has something to do; true of all others.

    The other run is kept from changing in this transaction.
    """
    if run.relation != "compensation":
        return True
    parent = runs.held(connection, run.parent or "")
    is_mine = parent.state is State.COMPENSATING and parent.compensation == run.id
    return is_mine or parent.state in ARROWS[on.CompensationBegan]
