"""Timers, the queue, and clocks that jump: what waits is told, ends in time, and is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from gatewright.engine.runtime import worker
from gatewright.engine.runtime.audit.verify import verify
from gatewright.engine.runtime.claims import Claims
from gatewright.engine.runtime.errors import GateError, Refused
from gatewright.engine.runtime.run import Run, State, TimerKind
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.worker import Worker
from gatewright.engine.values import Timestamp
from tests.engine.runtime.model.policies import policy
from tests.engine.runtime.test_exclusion import GROUPS, asking, delegate
from tests.engine.runtime.world import HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    groups = {**GROUPS, "pair": ["fay", "cat"]}
    with World(database_url, tmp_path, policy=policy(False), groups=groups).opened() as world:
        yield world


def test_a_route_that_answered_does_not_time_out(world: World) -> None:
    """Managers answered within their 4 h; the pair has 6 h, and uses 5 of them."""
    run = world.approve(world.gate.propose(asking("both")), "ann")
    world.now += 5 * HOUR
    assert world.worker.drain(50) < 50, "a timer that says nothing fires again and again"
    for person in ("fay", "cat"):
        run = world.approve(run, person)
    assert run.state is State.APPROVED


def test_the_timeout_of_an_earlier_stage_does_not_matter(world: World) -> None:
    run = world.approve(world.gate.propose(asking("then")), "ann")
    world.now += 5 * HOUR
    for person in ("fay", "cat"):
        run = world.approve(run, person)
    assert run.state is State.APPROVED


def test_who_answered_and_left_is_waited_for_anew(world: World) -> None:
    """The managers' answer is gone with ann: their timeout, which began again, still comes."""
    run = world.approve(world.gate.propose(asking("both")), "ann")
    world.now += 4 * HOUR + 1
    world.worker.drain()
    for person in ("fay", "cat"):
        world.groups["managers"] = ["bob"]
        run = world.approve(run, person)
    assert run.state is State.PENDING
    world.now += 4 * HOUR
    assert next(a.route for a in world.work(run).round.asks) == "shop.model.finance"


def test_the_queue_lists_what_may_still_be_answered(world: World) -> None:
    run = world.gate.propose(asking("finance"))
    assert [r.id for r in world.gate.queue(person="fay")] == [run.id]
    world.now += DAY
    assert world.gate.queue(person="fay") == []


def test_the_queue_looks_beyond_what_others_must_answer(world: World) -> None:
    world.policy = policy(False)
    for number in range(3):
        world.gate.propose(asking("board", f"ch_{number + 1}"))
        world.now += 1
    mine = world.gate.propose(asking("finance", "ch_4"))
    assert [r.id for r in world.gate.queue(person="fay", most=2)] == [mine.id]
    assert len(world.gate.queue(most=2)) == 2


def test_all_pages_of_the_queue_are_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatewright.engine.runtime.queueing._PAGE", 2)
    proposed = [world.gate.propose(asking("board", f"ch_{n % 5 + 1}")).id for n in range(5)]
    assert {run.id for run in world.gate.queue(person="ann")} == set(proposed)


# --- plans that are gone


def erase(world: World, run: Run) -> None:
    with world.gate.desk.database.transaction() as connection:
        payloads.erase(connection, run.id, world.now)


def test_an_erased_plan_keeps_nobody_from_their_queue(world: World) -> None:
    erased = world.gate.propose(asking("manager"))
    other = world.gate.propose(asking("manager", "ch_2"))
    erase(world, erased)
    assert [run.id for run in world.gate.queue(person="ann")] == [other.id]
    with pytest.raises(GateError) as caught:
        world.approve(erased, "ann")
    assert caught.value.code == "no_plan"


def test_a_run_whose_plan_is_gone_ends_like_others(world: World) -> None:
    late = world.gate.propose(asking("finance"))
    given_up = world.gate.propose(asking("manager", "ch_2"))
    erase(world, late)
    erase(world, given_up)
    assert world.gate.cancel(given_up.id, by="ann").state is State.CANCELLED
    world.now += DAY
    assert world.work(late).state is State.EXPIRED


def test_what_another_key_sealed_is_gone_too(world: World) -> None:
    run = world.gate.propose(asking("manager"))
    with world.gate.desk.database.transaction() as connection:
        content, salt = payloads.sealed("{}", Backwards(True)), payloads.new_salt()
        payloads.put(connection, run.id, content, salt)
        name = payloads.commitment(content, salt)
        assert payloads.get(connection, name, Backwards(True)) == "{}"
        assert payloads.get(connection, name, Backwards(False)) is None


@dataclass
class Backwards:
    """A seal whose key is right or wrong."""

    right: bool

    def encrypt(self, data: bytes) -> bytes:
        return data[::-1]

    def decrypt(self, token: bytes) -> bytes:
        if not self.right:
            raise ValueError("this is not mine")
        return token[::-1]


# --- clocks


def test_an_approval_that_ran_out_stays_so_when_the_clock_jumps_back(world: World) -> None:
    run = world.approve(world.gate.propose(asking("manager")), "ann")
    world.now += 25 * HOUR
    world.gate.comment(run.id, by="bob", text="what about this?")
    world.now -= 2 * HOUR
    assert world.work(run).state is State.STALE
    world.now += 2 * HOUR
    asked = world.work(run)
    assert (asked.state, asked.note) == (State.PENDING, "the approval is too old")


def test_a_round_that_begins_after_the_clock_jumped_back_can_be_answered(world: World) -> None:
    run = world.gate.propose(asking("manager"))
    world.now -= 30 * DAY
    revised = world.gate.revise(run.id, asking("finance"), by="bot")
    assert world.approve(revised, "fay").state is State.APPROVED


def test_a_delegation_that_ended_does_not_come_back(world: World) -> None:
    run = world.gate.propose(asking("manager"))
    world.gate.delegate(
        giver="ann", taker="gus",
        from_at=Timestamp(world.now), until_at=Timestamp(world.now + HOUR),
    )  # fmt: skip
    world.now += 2 * HOUR
    world.gate.comment(run.id, by="bob", text="anybody?")
    world.now -= 2 * HOUR
    world.groups["finance"] = ["fay"]
    with pytest.raises(Refused):
        world.approve(run, "gus")


def test_a_clock_that_jumps_back_hides_nothing_from_a_limit(world: World) -> None:
    first = world.gate.propose(asking("auto"))
    world.now -= HOUR
    second = asking("auto", "ch_2")
    second["params"] = {"customer": "C-ch_1", "amount": "30.00 USD", "way": "auto"}
    assert (first.state, world.gate.propose(second).state) == (State.AUTO, State.PENDING)


def test_a_stand_in_finds_what_they_may_answer_after_the_clock_jumped_back(world: World) -> None:
    """The run saw a time at which the delegation holds, and goes by that."""
    run = world.gate.propose(asking("finance"))
    world.now += HOUR
    delegate(world, "fay", "cat")
    world.gate.comment(run.id, by="fay", text="cat does this")
    world.now -= HOUR
    assert [one.id for one in world.gate.queue(person="cat")] == [run.id]
    assert world.approve(run, "cat").state is State.APPROVED


# --- what waits for what


def test_a_later_proposal_does_not_hold_up_an_earlier_one(world: World) -> None:
    """The later one saw the earlier, and waits; the earlier was there first, and runs."""
    first = world.gate.propose(asking("auto"))
    later = world.gate.propose(asking("auto") | {"target": {"id": "ch_2"}})
    assert (first.state, later.state) == (State.AUTO, State.PENDING)
    assert world.work(first).state is State.DONE
    assert world.gate.run(later.id).state is State.PENDING


def refund_of(customer: str, way: str, charge: str) -> dict[str, object]:
    """A refund of 60 USD; more than 100 USD for a customer in a day is for finance."""
    action = asking(way, charge)
    return action | {"params": {"customer": customer, "amount": "60.00 USD", "way": way}}


def test_a_late_approval_does_not_pass_a_limit_that_is_full(world: World) -> None:
    """After a day the second does not see the first any more, and runs; the first sees that."""
    first = world.gate.propose(refund_of("C", "manager", "ch_1"))
    world.now += 4 * HOUR + 1
    first = world.work(first)
    assert [ask.name for ask in first.round.asks] == ["finance"]  # the managers did not answer
    world.now += 20 * HOUR
    second = world.gate.propose(refund_of("C", "auto", "ch_2"))
    assert (second.state, world.work(second).state) == (State.AUTO, State.DONE)
    asked = world.work(world.approve(first, "fay"))
    assert (asked.state, asked.note) == (State.PENDING, "the policy in force asks for others")
    assert asked.round.stages == (("shop.model.finance",),)
    assert (world.ledger.effects("ch_1"), world.ledger.effects("ch_2")) == (0, 1)
    assert world.work(world.approve(asked, "gus")).state is State.DONE


def test_what_ran_since_counts_at_the_write(world: World) -> None:
    """Finance let the later one run; so the earlier one is more than managers may approve."""
    first = world.gate.propose(refund_of("C", "manager", "ch_1"))
    later = world.gate.propose(refund_of("C", "auto", "ch_2"))
    assert (first.state, later.state) == (State.PENDING, State.PENDING)
    assert world.work(world.approve(later, "fay")).state is State.DONE
    asked = world.work(world.approve(first, "ann"))
    assert (asked.state, asked.round.stages) == (State.PENDING, (("shop.model.finance",),))
    assert world.ledger.effects("ch_1") == 0


def test_what_is_being_written_counts_too(world: World) -> None:
    first = world.gate.propose(refund_of("C", "manager", "ch_1"))
    later = world.approve(world.gate.propose(refund_of("C", "auto", "ch_2")), "fay")
    first = world.approve(first, "ann")
    write = world.ledger.execute
    meanwhile: list[State] = []

    def busy(*args: object) -> object:
        if not meanwhile:
            other = Worker(world.gate, name="w2", lease_s=60, call_timeout_s=5)
            meanwhile.append(State.PENDING)
            other.step()
            meanwhile.append(world.gate.run(first.id).state)
        return write(*args)  # type: ignore[arg-type]

    world.ledger.execute = busy  # type: ignore[assignment,method-assign]
    with world.gate.desk.database.transaction() as connection:  # the later one is taken first
        connection.execute(update(t.runs).where(t.runs.c.id == later.id).values(ready_at=0))
    world.worker.step()
    assert meanwhile[1] is State.STALE
    assert world.gate.run(later.id).state is State.DONE


# --- timers that cannot fire

MINUTE = HOUR // 60


def overdue(world: World, many: int) -> tuple[list[Run], Run]:
    """Return runs that are asked of finance, and one more whose timer is due last."""
    bad = [world.gate.propose(asking("finance", f"ch_{n % 5 + 1}")) for n in range(many)]
    world.now += 1
    good = world.gate.propose(asking("finance", "ch_1"))
    world.now += DAY
    return bad, good


def failures(world: World) -> dict[str, int]:
    with world.gate.desk.database.reading() as connection:
        c = t.timers.c
        found = connection.execute(select(c.run, func.max(c.failures)).group_by(c.run))
        return {row[0]: row[1] for row in found}


@pytest.mark.parametrize("how", ["raises", "refused", "says nothing"])
def test_timers_that_cannot_fire_keep_no_other_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """As many as a worker looks at in a step, all due before the one that can."""
    monkeypatch.setattr(worker, "TIMERS_OF_A_STEP", 3)
    bad, good = overdue(world, 3)
    fire, broken = Claims.fire, {run.id for run in bad}

    def failing(self: Claims, run: str, kind: TimerKind, route: str) -> Run:
        if run not in broken:
            return fire(self, run, kind, route)
        if how == "raises":
            raise ValueError("this calendar is empty")
        if how == "refused":
            raise Refused("wrong_state", "no", "")
        return world.gate.run(run)

    monkeypatch.setattr(Claims, "fire", failing)
    assert world.worker.drain(50) < 50
    assert world.gate.run(good.id).state is State.EXPIRED
    assert set(failures(world).values()) == {1}
    for tries in (2, 3):  # after a minute, then after two more, and so on
        world.now += 2 ** (tries - 2) * MINUTE - 1
        world.worker.drain(50)
        assert set(failures(world).values()) == {tries - 1}
        world.now += 1
        world.worker.drain(50)
        assert set(failures(world).values()) == {tries}
    with world.gate.desk.database.reading() as connection:
        assert verify(connection).findings == ()
    broken.clear()
    world.now += HOUR
    world.worker.drain(50)
    assert {world.gate.run(run.id).state for run in bad} == {State.EXPIRED}


def test_a_timer_whose_row_comes_too_early_keeps_no_other_waiting(world: World) -> None:
    """Its run says that it is not due: nothing happens, and it is not tried again and again."""
    early = world.gate.propose(asking("finance"))
    with world.gate.desk.database.transaction() as connection:
        connection.execute(update(t.timers).values(due_at=0))
    assert world.worker.drain(50) < 50
    assert world.gate.run(early.id).state is State.PENDING
    world.now += DAY + HOUR
    assert world.work(early).state is State.EXPIRED
