"""Any order of steps over a real gate and worker, each compared with the model.

A rule does one thing to both. What the model allows must be done, what it forbids must be refused,
and after every rule the states, the queue, the trail, the history and the ledger must agree.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from gatewright.engine.runtime.attempts import MAX_CLAIMS
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.verify import verify
from gatewright.engine.runtime.claims import LONGEST_WAIT_NS
from gatewright.engine.runtime.errors import PreviewFailed, Refused
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.runs import listed
from gatewright.engine.runtime.worker import Worker
from gatewright.engine.values import Timestamp
from tests.engine.runtime.model.kit import Crowd, Died, FrailLedger, Hands, Kit, Mishap
from tests.engine.runtime.model.policies import policy
from tests.engine.runtime.model.reference import (
    AGENT,
    ARROWS,
    ENDED,
    GROUPS,
    HOUR,
    LEASE,
    OWNER,
    PEOPLE,
    STATUS,
    WORK,
    Delegation,
    Item,
    Reference,
)

BEGIN = 1_795_000_000_000_000_000
SECOND = 1_000_000_000
CHARGES = ("ch_1", "ch_2")
WAYS = ("auto", "manager", "finance", "pair", "board", "both", "then", "silent")

people = st.sampled_from([*PEOPLE, "zed", AGENT])
somebody = st.sampled_from([None, None, None, None, None, None, *PEOPLE, "zed", AGENT])
"""Who asks for something; None: one of those who may."""
picks = st.integers(0, 30)
"""Which of the runs that there are."""
ways = st.sampled_from(WAYS)
amounts = st.sampled_from([5, 10, 30, 55])
charges = st.sampled_from(CHARGES)
mishaps: st.SearchStrategy[Mishap | None] = st.sampled_from(
    [None, "refuses", "raises_before", "raises_after", "nonsense", "dies_before", "dies_after",
     "blind"]
)  # fmt: skip


class Machine(RuleBasedStateMachine):
    """The steps. `kit` and `hands` are given by the test."""

    kit: ClassVar[Kit]
    hands: ClassVar[Hands]
    ledger: FrailLedger
    gate: Gate
    worker: Worker
    model: Reference

    @initialize(
        grade=st.sampled_from(list(Idempotency)),
        wanted=st.lists(st.tuples(ways, amounts, charges), min_size=2, max_size=4),
    )
    def begin(self, grade: Idempotency, wanted: list[tuple[str, int, str]]) -> None:
        self.ledger = self.kit.fresh(grade)
        for charge in CHARGES:
            self.ledger.put(charge)
        self.hands.now = BEGIN
        self.model = Reference(BEGIN)
        self.gate = Gate(
            lambda: policy(self.model.stricter),
            store=self.kit.database,
            connectors=[self.ledger],
            directory=Crowd(self.model.groups),
        )
        self.worker = Worker(self.gate, name="w", lease_s=60, call_timeout_s=30)
        self.cards: dict[str, list[str]] = {}
        self.keys: dict[str, tuple[str, dict[str, object]]] = {}
        self.turn = 0
        self.before: dict[str, str] = {}
        for way, amount, charge in wanted:
            self.offer(way, amount, charge, None)

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        sequence(self.kit.database)
        with self.kit.database.reading() as connection:
            assert verify(connection).findings == ()
        for person in PEOPLE:
            self.compare_queue(person)

    # --- helpers

    def tick(self, span: int = SECOND) -> None:
        self.hands.now += span
        self.model.now = self.hands.now

    def pick(self, number: int, *states: str) -> Item:
        """Choose a run, mostly one of some states if there is any."""
        items = (number % 5 and self.having(*states)) or list(self.model.items.values())
        return items[number % len(items)]

    def insider(self, item: Item) -> str:
        """Choose somebody who may answer, else somebody who may decide, else anybody."""
        answering = [p for p in PEOPLE if self.model.may_approve(item, p)]
        deciding = [p for p in PEOPLE if self.model.may_decide(item, p)]
        return next(iter([*answering, *deciding, AGENT]))

    def action(self, way: str, amount: int, charge: str, **more: object) -> dict[str, object]:
        return {
            "action": "billing.refund",
            "params": {"customer": "C", "amount": f"{amount}.00 USD", "way": way},
            "agent": {"id": AGENT, "owner": OWNER},
            "target": {"id": charge},
            **more,
        }

    def expect(self, allowed: bool, act: Callable[[], Run]) -> Run | None:
        """Do something that must be done, or must be refused."""
        try:
            run = act()
        except Refused as error:
            assert not allowed, f"refused, though it is allowed: {error}"
            return None
        assert allowed, f"done, though it is not allowed: {run.state}"
        return run

    def begin_round(self, item: Item, run: Run, now: int) -> None:
        item.version = self.ledger.version(item.charge)
        self.model.begin(item, self.model.decide(item, self.ledger.status(item.charge), now), now)
        item.rounds = len(run.rounds)
        item.card = run.card
        self.cards.setdefault(item.id, []).append(run.card)

    def add(
        self, run: Run, way: str, amount: int, charge: str, requester: str, parent: str | None
    ) -> Item:
        now = self.model.now
        item = Item(run.id, way, amount, "C", charge, requester, now, now, parent=parent)
        item.leaves.append("proposed")
        return item

    def answerable(self, item: Item, given_up: Item | None) -> bool:
        """Whether what is asked for would have people left who may answer it."""
        m, now = self.model, self.model.time(item)
        state = None if given_up is None else given_up.state
        if given_up is not None and given_up.open and state != "outcome_unknown":
            given_up.state = "cancelled"
        stages = m.decide(item, self.ledger.status(item.charge), now)
        if given_up is not None and state is not None:
            given_up.state = state
        return not stages or m.answerable(item, stages, now)

    def answerable_by_others(self, item: Item, by: str, way: str, amount: int) -> bool:
        """Whether another plan for a run would have people left without who brings it."""
        m, items = self.model, self.model.items
        revised = replace(item, way=way, amount=amount, editors={*item.editors, by}, asks=[])
        m.items = {**items, item.id: revised}
        found = self.answerable(revised, None)
        m.items = items
        return found

    # --- proposals

    @rule(way=ways, amount=amounts, charge=charges, requester=st.sampled_from([None, "ann", "fay"]))
    def propose(self, way: str, amount: int, charge: str, requester: str | None) -> None:
        self.offer(way, amount, charge, requester)

    def offer(self, way: str, amount: int, charge: str, requester: str | None) -> None:
        self.tick()
        key = f"k-{len(self.keys)}"
        action = self.action(way, amount, charge, idempotency_key=key)
        run = self.gate.propose(action, requester=requester)
        item = self.add(run, way, amount, charge, requester or AGENT, None)
        self.begin_round(item, run, self.model.now)
        self.model.items[run.id] = item
        self.keys[key] = (run.id, action)

    @rule(way=ways)
    def propose_unseen(self, way: str) -> None:
        """What nobody can see is not proposed."""
        self.ledger.blind = True
        try:
            self.gate.propose(self.action(way, 10, "ch_1"))
        except PreviewFailed:
            return
        finally:
            self.ledger.blind = False
        raise AssertionError("proposed without a preview")

    @precondition(lambda self: self.keys)
    @rule(number=picks, other=st.booleans())
    def deliver_again(self, number: int, other: bool) -> None:
        key = list(self.keys)[number % len(self.keys)]
        run, action = self.keys[key]
        if other:
            action = {**action, "context": {"reasoning": "another one"}}
            assert self.expect(False, lambda: self.gate.propose(action)) is None
        else:
            assert self.gate.propose(action).id == run

    @rule(number=picks, by=somebody, way=ways, amount=amounts, charge=charges)
    def branch(self, number: int, by: str | None, way: str, amount: int, charge: str) -> None:
        self.tick()
        parent = self.pick(number)
        action = self.action(way, amount, charge)
        m, by = self.model, by or self.insider(parent)
        allowed = (
            (m.is_concerned(parent, by) or m.may_decide(parent, by))
            and parent.state not in ("executing", "verifying", "compensating")
            and self.answerable(Item("", way, amount, "C", charge, by, m.now, m.now), parent)
        )
        run = self.expect(allowed, lambda: self.gate.branch(parent.id, action, by=by))
        if run is None:
            return
        if parent.open and parent.state != "outcome_unknown":
            m.end(parent, "cancelled", m.time(parent), "cancelled")
        item = self.add(run, way, amount, charge, by, parent.id)
        self.begin_round(item, run, m.now)
        m.items[run.id] = item

    @rule(number=picks, by=somebody, way=ways, amount=amounts)
    def revise(self, number: int, by: str | None | None, way: str, amount: int) -> None:
        self.tick()
        item, m = self.pick(number, "pending", "changes_requested", "stale"), self.model
        action, by = self.action(way, amount, item.charge), by or self.insider(item)
        allowed = (
            item.state in ("pending", "changes_requested", "stale")
            and item.undoes is None
            and (m.is_concerned(item, by) or m.may_decide(item, by))
            and (by not in PEOPLE or self.answerable_by_others(item, by, way, amount))
        )
        run = self.expect(allowed, lambda: self.gate.revise(item.id, action, by=by))
        if run is not None:
            item.way, item.amount = way, amount
            item.editors.add(by)
            self.begin_round(item, run, m.time(item))

    @precondition(lambda self: self.having("failed"))
    @rule(number=picks, by=somebody)
    def retry(self, number: int, by: str | None | None | None) -> None:
        self.tick()
        item, m = self.pick(number, "failed"), self.model
        by = by or self.insider(item)
        parent = m.items.get(item.undoes or "")
        allowed = (
            item.state == "failed"
            and (m.is_concerned(item, by) or m.may_decide(item, by))
            and (
                parent is None
                or (m.may_undo(parent) and self.may_go_back(item, parent, by, m.time(item)))
            )
        )
        run = self.expect(allowed, lambda: self.gate.retry(item.id, by=by))
        if run is not None:
            self.begin_round(item, run, m.time(item))

    @rule(number=picks, by=somebody)
    def compensate(self, number: int, by: str | None | None | None) -> None:
        self.tick()
        parent = self.pick(number, "done", "compensation_failed", "compensated")
        m, by = self.model, by or self.insider(parent)
        receipt = any(self.ledger.by_key().get(key) for key in parent.keys[-1:])
        known = self.gate.run(parent.id).attempt
        back = Item("", parent.way, parent.amount, "C", parent.charge, by, m.now, m.now,
                    undoes=parent.id)  # fmt: skip
        allowed = (
            m.may_undo(parent)
            and parent.undoes is None
            and receipt
            and known is not None
            and known.receipt is not None
            and (m.is_concerned(parent, by) or m.may_decide(parent, by))
            and self.answerable(back, None)
            and self.may_go_back(back, parent, by, m.now)
        )
        run = self.expect(allowed, lambda: self.gate.compensate(parent.id, by=by))
        if run is None:
            return
        item = self.add(run, parent.way, parent.amount, parent.charge, by, parent.id)
        item.undoes = parent.id
        self.begin_round(item, run, m.now)
        m.items[run.id] = item

    def may_go_back(self, item: Item, parent: Item, by: str, now: int) -> bool:
        return self.model.may_go_back(item, parent, by, self.ledger.status(item.charge), now)

    # --- answers

    def having(self, *states: str) -> list[Item]:
        return [item for item in self.model.items.values() if item.state in states]

    @rule(
        number=picks, by=somebody, card=st.sampled_from(["right", "right", "right", "wrong", "old"])
    )
    def approve(self, number: int, by: str | None | None | None, card: str) -> None:
        self.tick()
        item = self.pick(number, "pending")
        self.approve_item(item, by or self.insider(item), card)

    @precondition(lambda self: self.having("pending"))
    @rule(number=picks, order=st.permutations(PEOPLE), steps=st.integers(0, 3), mishap=mishaps)
    def approve_by_all(
        self, number: int, order: list[str], steps: int, mishap: Mishap | None
    ) -> None:
        """Everybody tries, one after the other, and a worker goes on: most runs get through so."""
        pending = self.having("pending")
        item = pending[number % len(pending)]
        for person in order:
            self.tick()
            self.approve_item(item, person, "right")
        for step in range(steps):
            self.tick()
            self.do_step(mishap if step == 0 else None)

    def approve_item(self, item: Item, by: str, card: str) -> None:
        named = {"right": item.card, "wrong": "sha256:0"}.get(card, self.cards[item.id][0])
        allowed = named == item.card and self.model.may_approve(item, by)
        run = self.expect(allowed, lambda: self.gate.approve(item.id, by=by, card=named))
        if run is None:
            return
        vote = run.round.votes[-1]
        first = (vote.escalated_from or vote.route).rpartition(".")[2]
        assert (vote.person, vote.card) == (by, item.card)
        self.model.vote(item, by, vote.holder, vote.route.rpartition(".")[2], first)

    @rule(number=picks, by=somebody, how=st.sampled_from(
        ["reject", "request_changes", "take_over", "cancel", "comment"]))  # fmt: skip
    def say(self, number: int, by: str | None, how: str) -> None:
        """Whatever else a person may say of a run."""
        self.tick()
        item = self.pick(number, "pending")
        by = by or self.insider(item)
        match how:
            case "take_over":
                self.take_over(item, by)
            case "cancel":
                self.cancel(item, by)
            case "comment":
                self.comment(item, by)
            case _:
                self.refuse(item, by, how)

    def refuse(self, item: Item, by: str, how: str) -> None:
        act = self.gate.reject if how == "reject" else self.gate.request_changes
        allowed = self.model.may_answer(item, by)
        if self.expect(allowed, lambda: act(item.id, by=by, note="no")) is not None:
            now = self.model.time(item)
            if how == "reject":
                self.model.end(item, "rejected", now, "rejected")
            else:
                item.state, item.seen = "changes_requested", now
                item.leaves.append("changes_requested")

    def take_over(self, item: Item, by: str) -> None:
        allowed = item.state in ("pending", "changes_requested") and self.model.may_decide(item, by)
        if self.expect(allowed, lambda: self.gate.take_over(item.id, by=by)) is not None:
            item.seen, item.state, item.taken_by = self.model.time(item), "taken_over", by
            item.leaves.append("taken_over")

    @precondition(lambda self: self.having("taken_over", "outcome_unknown"))
    @rule(number=picks, by=st.none() | people, executed=st.booleans())
    def complete(self, number: int, by: str | None, executed: bool) -> None:
        self.tick()
        items = self.having("taken_over", "outcome_unknown")
        item = items[number % len(items)]
        who = by or item.taken_by or "ann"
        if item.state == "taken_over":
            allowed, otherwise = who == item.taken_by, "cancelled"
        else:
            allowed, otherwise = self.model.may_decide(item, who), "failed"
        run = self.expect(
            allowed, lambda: self.gate.complete_manually(item.id, by=who, executed=executed)
        )
        if run is not None:
            state = "done" if executed else otherwise
            self.model.end(item, state, self.model.time(item), "completed_by_hand")

    def cancel(self, item: Item, by: str) -> None:
        m = self.model
        allowed = item.state in (
            "pending", "changes_requested", "taken_over", "stale", "auto", "approved"
        ) and (by == item.taken_by or m.is_concerned(item, by) or m.may_decide(item, by))  # fmt: skip
        if self.expect(allowed, lambda: self.gate.cancel(item.id, by=by)) is not None:
            m.end(item, "cancelled", m.time(item), "cancelled")

    def comment(self, item: Item, by: str) -> None:
        allowed = by in PEOPLE or self.model.is_concerned(item, by)
        if self.expect(allowed, lambda: self.gate.comment(item.id, by=by, text="hm")) is not None:
            item.seen = self.model.time(item)
            item.leaves.append("commented")

    @rule(giver=people, taker=people, hours=st.integers(0, 30))
    def delegate(self, giver: str, taker: str, hours: int) -> None:
        self.tick()
        now, end = self.model.now, self.model.now + hours * HOUR
        allowed = giver in PEOPLE and taker in PEOPLE and giver != taker and hours > 0
        try:
            name = self.gate.delegate(
                giver=giver, taker=taker, from_at=Timestamp(now), until_at=Timestamp(end)
            )
        except Refused:
            assert not allowed
            return
        assert allowed
        self.model.delegations.append(Delegation(name, giver, taker, now, end))

    @precondition(lambda self: self.model.delegations)
    @rule(number=picks, by=st.none() | people)
    def revoke(self, number: int, by: str | None) -> None:
        found = self.model.delegations[number % len(self.model.delegations)]
        who = by or found.giver
        allowed = who == found.giver and not found.revoked
        try:
            self.gate.revoke(found.id, by=who)
        except Refused:
            assert not allowed
            return
        assert allowed
        found.revoked, found.revoked_at = True, self.model.now

    # --- the world

    @rule(minutes=st.sampled_from([1, 2, 61, 121, 185, 241, 300, 365, 485, 1450, -1, -90, -1500]))
    def turn_clock(self, minutes: int) -> None:
        self.tick(minutes * 60 * SECOND)

    @rule(what=st.sampled_from(["record", "group", "policy"]), charge=charges, by=people,
          status=st.sampled_from(["paid", "paid", "disputed"]),
          group=st.sampled_from(["managers", "finance", "pair", "board"]))  # fmt: skip
    def change(self, what: str, charge: str, status: str, group: str, by: str) -> None:
        """Something moves behind the gate's back."""
        members = self.model.groups[group]
        if what == "record":
            self.ledger.put(charge, status=status)
        elif what == "policy":
            self.model.stricter = not self.model.stricter
        elif by in members:
            members.remove(by)
        else:
            members[:] = GROUPS[group]

    # --- the worker

    @rule(mishap=mishaps)
    def step(self, mishap: Mishap | None) -> None:
        self.tick()
        self.do_step(mishap)

    @rule(steps=st.integers(2, 6))
    def steps(self, steps: int) -> None:
        for _ in range(steps):
            self.tick()
            self.do_step(None)

    def do_step(self, mishap: Mishap | None) -> None:
        m = self.model
        for item, ask, kind in list(m.due()):
            m.fire(item, ask, kind)
        claimable = {i.id for i in m.items.values() if i.state in WORK and i.free_at <= m.now}
        may_run = {
            id_: m.may_run(i, self.ledger.status(i.charge), self.ledger.version(i.charge))
            for id_ in claimable
            for i in (m.items[id_],)
        }
        self.ledger.next_write(None if mishap == "blind" else mishap)
        self.ledger.blind = mishap == "blind"
        effects = self.ledger.by_key()
        with suppress(Died):
            self.worker.step()
        self.ledger.next_write(None)
        self.ledger.blind = False
        fences = {id_: run.fence for id_, run in self.stored().items()}
        claimed = [i for i in m.items.values() if fences[i.id] != i.claims]
        assert len(claimed) == min(1, len(claimable)), "one run is claimed where there is work"
        new = {k: n for k, n in self.ledger.by_key().items() if n != effects.get(k, 0)}
        if not claimed:
            assert not new
            return
        (item,) = claimed
        assert item.id in claimable
        item.claims += 1
        item.free_at = m.now + LEASE
        self.worked(item, may_run[item.id], new, blind=mishap == "blind")

    def worked(self, item: Item, may_run: bool, new: dict[str, int], *, blind: bool) -> None:
        """Compare what a worker did with a run with what it may have done."""
        m, run, was = self.model, self.gate.run(item.id), item.state
        now, state = m.time(item), run.state.value
        item.seen = max(item.seen, now)
        if was == "stale":
            assert not new
            parent = m.items.get(item.undoes or "")
            if (
                parent is not None
                and not blind
                and not self.may_go_back(item, parent, item.requester, now)
            ):
                assert state == "failed"
                m.end(item, "failed", now, "failed")
                return
            if len(run.rounds) == item.rounds:  # nobody could see what would change
                assert blind
                self.given_up(item, state, now)
            else:
                assert not blind
                self.begin_round(item, run, now)
            return
        if was in ("auto", "approved"):
            if blind:
                assert not new
                self.given_up(item, state, now)
                return
            parent = m.items.get(item.undoes or "")
            if parent is not None and not (
                parent.state in ("done", "compensation_failed")
                or (parent.undone_by == item.id and parent.state == "compensating")
            ):
                assert not new
                assert state == "failed"
                m.end(item, "failed", now, "failed")
                return
            if not may_run:
                assert not new, "an effect without what its decision asks"
                assert state == "stale", "not as approved any more, but not asked again"
                item.state, item.free_at = "stale", now
                item.leaves.append("stale")
                return
            item.keys.append(f"{item.id}-{len(run.attempts)}")
            m.end(item, "executing", now, "executing")
        assert run.attempt is not None
        assert run.attempt.key == item.keys[-1]
        assert set(new) <= {run.attempt.key}, "an effect of another attempt"
        self.attempted(item, run, state, now)

    def given_up(self, item: Item, state: str, now: int) -> None:
        claims = item.claims - item.before
        if claims >= MAX_CLAIMS:
            self.model.end(item, "failed", now, "failed")
        else:
            item.free_at = self.model.now + min(LEASE << (claims - 1), LONGEST_WAIT_NS)
        assert state == item.state

    def attempted(self, item: Item, run: Run, state: str, now: int) -> None:
        """An attempt was begun: its end follows from what the connector can tell."""
        m, done = self.model, self.ledger.by_key().get(item.keys[-1], 0)
        assert state in ("executing", "verifying", "done", "failed", "outcome_unknown", "stale")
        if state == "done":
            item.leaves += ["applied", "verified"]
            assert done == 1, "done without an effect"
            m.end(item, "done", now)
        elif state in ("failed", "stale"):
            assert done == 0, "an effect of what is said to have done nothing"
            item.leaves.append(state)
            m.end(item, state, now)
            item.free_at = now
        elif state == "outcome_unknown":
            m.end(item, state, now, "outcome_unknown")
        else:
            assert state == "executing"
        if self.ledger.grade is Idempotency.NATIVE and state == "outcome_unknown":
            assert run.note is not None

    # --- what must always be true

    @invariant()
    def everything_agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        runs = self.stored()
        assert runs.keys() == self.model.items.keys()
        for id_, run in runs.items():
            item, state = self.model.items[id_], run.state.value
            assert state == item.state, f"{state} is {item.state} in the model"
            assert run.card == item.card
            assert len(run.attempts) == len(item.keys)
            before = self.before.get(id_)
            assert before in (None, state) or self.leads(before, state)
            self.before[id_] = state
        self.compare_store()
        effects = self.ledger.by_key()
        assert all(count == 1 for count in effects.values()), "a key had two effects"
        assert set(effects) <= {key for i in self.model.items.values() for key in i.keys}
        self.turn += 1
        self.compare_queue(PEOPLE[self.turn % len(PEOPLE)])

    def stored(self) -> dict[str, Run]:
        with self.kit.database.reading() as connection:
            return {run.id: run for run in listed(connection, most=1000)}

    def leads(self, before: str, state: str) -> bool:
        """Whether there is a way along the arrows; a rule may go several steps."""
        found, todo = set[str](), {before}
        while todo:
            todo = {after for one in todo for after in ARROWS.get(one, ())} - found
            found |= todo
        return state in found and (before not in ENDED or state not in ENDED or before in (
            "done", "failed", "compensation_failed"))  # fmt: skip

    def compare_store(self) -> None:
        """The trail has a leaf for each step, the history the status of each run."""
        leaves: dict[str, list[str]] = {}
        with self.kit.database.reading() as connection:
            c = t.leaves.c
            for run, kind in connection.execute(select(c.run, c.kind).order_by(c.number)):
                leaves.setdefault(run, []).append(kind)
            events = connection.execute(select(t.events.c.id, t.events.c.status))
            history = {row.id: row.status for row in events}
        items = self.model.items
        for id_, item in items.items():
            assert leaves.get(id_) == item.leaves
        assert history == {
            id_: STATUS.get(i.state, "pending") for id_, i in items.items() if i.undoes is None
        }

    def compare_queue(self, person: str) -> None:
        queued = {run.id for run in self.gate.queue(person=person)}
        assert queued == {
            i.id for i in self.model.items.values() if self.model.may_approve(i, person)
        }
