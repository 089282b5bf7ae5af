"""Taking back: once, by who may, and whatever becomes of the run that does it, the other one knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run, State
from tests.conftest import ROOT
from tests.runtime.world import HOUR, World, refund

REFUNDS = (ROOT / "examples" / "refunds" / "refunds.gate").read_text("utf-8")


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        yield world


def done(world: World) -> Run:
    return world.work(world.approve(world.propose()))


def conflicting(world: World, run: Run) -> Run:
    """Begin to take a run back, and meet a record that somebody changes in that moment."""
    back = world.approve(world.gate.compensate(run.id, by="bob"), "ann")
    write = world.ledger.compensate

    def meddle(*args: object) -> object:
        world.ledger.compensate = write  # type: ignore[method-assign]
        world.ledger.put("ch_1", status="refunded", refunded="75.00 USD")
        return write(*args)  # type: ignore[arg-type]

    world.ledger.compensate = meddle  # type: ignore[assignment,method-assign]
    asked = world.work(back)
    assert (asked.state, asked.round.number) == (State.PENDING, 2)
    assert world.gate.run(run.id).state is State.COMPENSATING
    return asked


ENDS: dict[str, Callable[[World, Run], object]] = {
    "rejected": lambda world, back: world.gate.reject(back.id, by="ann", note="leave it"),
    "cancelled": lambda world, back: world.gate.cancel(back.id, by="ann"),
    "expired": lambda world, back: _wait(world),
}


def _wait(world: World) -> None:
    for _ in range(2):  # the manager's time, then finance's
        world.now += 25 * HOUR
        world.worker.drain()


@pytest.mark.parametrize("end", sorted(ENDS))
def test_a_run_is_not_left_compensating(world: World, end: str) -> None:
    run = done(world)
    back = conflicting(world, run)
    ENDS[end](world, back)
    assert world.gate.run(back.id).state.value == end
    assert world.gate.run(run.id).state is State.COMPENSATION_FAILED
    again = world.approve(world.gate.compensate(run.id, by="bob"), "ann")
    assert world.work(again).state is State.DONE
    assert world.gate.run(run.id).state is State.COMPENSATED


@pytest.mark.parametrize(("declared", "state"), [("", State.AUTO), ("compensate", State.PENDING)])
def test_policies_may_decide_about_taking_back_by_an_action_of_its_own(
    world: World, declared: str, state: State
) -> None:
    text = """
    package shop.refunds
    action billing.refund on stripe.charge { amount: money(USD), customer: string }
    route manager { one of group("support-managers") timeout 4h then reject }
    rule all on billing.refund => auto_run
    """
    if declared:
        text += """
        action billing.refund.compensate on stripe.charge { amount: money(USD), customer: string }
        rule back on billing.refund.compensate => require manager
        """
    world.policy = load_source(text)
    run = world.work(world.propose())
    back = world.gate.compensate(run.id, by="bob")
    assert back.state is state
    if declared:
        back = world.approve(back, "ann")
    assert world.work(back).state is State.DONE
    assert world.gate.run(run.id).state is State.COMPENSATED


def test_what_was_taken_back_by_hand_was_taken_back(world: World) -> None:
    run = done(world)
    back = world.gate.compensate(run.id, by="bob")
    world.gate.take_over(back.id, by="ann")
    world.gate.complete_manually(back.id, by="ann", record={"cash": "75 USD"})
    assert world.gate.run(run.id).state is State.COMPENSATED


def test_it_is_taken_back_once(world: World) -> None:
    """The first try failed; somebody begins another one, and somebody tries the first again."""
    run = done(world)
    first = world.approve(world.gate.compensate(run.id, by="bob"), "ann")
    world.ledger.faults = ["refuses"]
    assert world.work(first).state is State.FAILED
    second = world.gate.compensate(run.id, by="bob")
    with pytest.raises(Refused) as caught:
        world.gate.retry(first.id, by="ann")
    assert caught.value.code == "compensating"
    assert world.work(world.approve(second, "ann")).state is State.DONE
    with pytest.raises(Refused):
        world.gate.retry(first.id, by="ann")
    assert world.ledger.effects() == 2  # the refund, and its undoing


def test_an_undoing_has_no_other_plan(world: World) -> None:
    """What is decided would be one thing, and what is done another."""
    back = world.gate.compensate(done(world).id, by="bob")
    with pytest.raises(Refused) as caught:
        world.gate.revise(back.id, refund("1.00 USD", "ch_1"), by="bob")
    assert caught.value.code == "no_choice"


def test_an_undoing_is_not_undone(world: World) -> None:
    """The history would say that nothing was refunded."""
    run = done(world)
    back = world.work(world.approve(world.gate.compensate(run.id, by="bob"), "ann"))
    with pytest.raises(Refused) as caught:
        world.gate.compensate(back.id, by="bob")
    assert caught.value.code == "takes_back"


@pytest.mark.parametrize("person", ["zed", "cat"])
def test_not_everybody_takes_things_back(world: World, person: str) -> None:
    run = done(world)
    with pytest.raises(Refused):
        world.gate.compensate(run.id, by=person)


def test_what_somebody_else_took_back_is_not_taken_for_ones_own(
    database_url: str, tmp_path: Path
) -> None:
    """The call is lost, and in that moment somebody writes the old values back by hand."""
    with World(database_url, tmp_path, Idempotency.COMPARE_AND_SET).opened() as world:
        run = done(world)
        back = world.approve(world.gate.compensate(run.id, by="bob"), "ann")
        write = world.ledger.compensate

        def lost(*args: object) -> object:
            world.ledger.compensate = write  # type: ignore[method-assign]
            world.ledger.put("ch_1")
            raise OSError("the network is gone")

        world.ledger.compensate = lost  # type: ignore[assignment,method-assign]
        ended = world.work(back)
        assert ended.state is State.OUTCOME_UNKNOWN
        assert "the record was written since" in (ended.note or "")
        assert world.gate.run(run.id).state is State.COMPENSATING
        assert world.ledger.effects() == 1
        found = world.gate.complete_manually(back.id, by="ann", executed=False)
        assert (found.state, world.gate.run(run.id).state) == (
            State.FAILED, State.COMPENSATION_FAILED,
        )  # fmt: skip


NO_WAY_OUT = REFUNDS.replace("  timeout 4h then escalate finance\n", "  timeout 4h then reject\n")


@pytest.mark.parametrize("way_out", [False, True])
def test_who_is_needed_to_answer_does_not_ask(world: World, way_out: bool) -> None:
    """Ann is the only manager: asked by her, nobody could answer, unless finance is asked later."""
    if not way_out:
        without = NO_WAY_OUT.replace("  outranks manager\n", "")
        world.policy = load_source(without)
    else:
        world.policy = load_source(REFUNDS.replace("  outranks manager\n", ""))
    run = done(world)
    world.groups["support-managers"] = ["ann"]
    if way_out:
        assert world.gate.compensate(run.id, by="ann").state is State.PENDING
        return
    asks: list[Callable[[], Run]] = [
        lambda: world.gate.compensate(run.id, by="ann"),
        lambda: world.gate.branch(run.id, refund("60.00 USD", "ch_2"), by="ann"),
    ]
    for ask in asks:
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code == "nobody_left"
        assert "`ann`, who asks for this" in caught.value.message
    assert [one.id for one in world.gate.listed(list(State))] == [run.id]
    back = world.gate.compensate(run.id, by="oli")
    assert world.work(world.approve(back, "ann")).state is State.DONE
