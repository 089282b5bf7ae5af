"""Taking back: once, by who may, and whatever becomes of the run that does it, the other one knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.standing import row, run_text
from tests.conftest import ROOT
from tests.engine.runtime.world import HOUR, World, refund

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


TWICE = """
package shop.refunds
action billing.refund on stripe.charge { amount: money(USD), customer: string }
route support { one of [user("ann"), user("bob")] timeout 4h then reject }
route manager { one of user("ann") timeout 4h then reject }
rule all on billing.refund => require support then manager
"""


def test_who_is_needed_for_one_of_two_stages_does_not_ask(world: World) -> None:
    """Each stage has ann; without bob there is nobody for both."""
    world.policy = load_source(TWICE)
    run = world.approve(world.propose(), "bob")
    run = world.work(world.approve(run, "ann"))
    told = refused(world.gate.compensate, run.id, by="bob")
    assert (told.code, told.message) == (
        "nobody_left",
        "nobody could answer all of it: nobody fills two places, and its routes together need more"
        " people than there are without `bob`, who asks for this",
    )
    assert world.gate.compensate(run.id, by="oli").state is State.PENDING


def test_who_is_needed_to_answer_does_not_revise(world: World) -> None:
    """Who changes a plan must not answer for it."""
    world.policy = load_source(TWICE)
    run = world.gate.request_changes(world.propose().id, by="bob", note="less")
    told = refused(world.gate.revise, run.id, refund("60.00 USD", "ch_1"), by="bob")
    assert told.code == "nobody_left" and "`bob`, who asks for this" in told.message
    revised = world.gate.revise(run.id, refund("60.00 USD", "ch_1"), by="oli")
    waiting = world.gate.waits_for(revised)
    lines = [one for one in run_text(revised, waiting).splitlines() if one[:4] in ("need", "then")]
    assert lines == ["needs support: one of bob", "then  manager"]
    assert row(revised, waiting).splitlines()[-1] == "    then manager"


# --- who may, where nobody was asked --------------------------------------------------------------

ALONE = """
package shop.refunds
action billing.refund on stripe.charge { amount: money(USD), customer: string }
route manager { one of group("support-managers") timeout 4h then reject }
route finance { one of group("finance") timeout 4h then reject }
rule small on billing.refund when action.amount < 50 USD => auto_run
rule large on billing.refund when action.amount >= 50 USD => require manager
"""
OTHER = """
package shop.other
action crm.update on crm.account { }
route sales { one of user("cat") timeout 4h then reject }
rule all on crm.update => require sales
"""


def done_alone(world: World) -> Run:
    """A refund that ran without asking anybody."""
    run = world.work(world.propose("20.00 USD"))
    assert (run.state, run.round.stages) == (State.DONE, ())
    return run


def refused(act: Callable[..., object], *given: object, **named: object) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*given, **named)
    return caught.value


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ("refund-bot", "undecided"),  # the agent
        ("oli", "undecided"),  # of the team that owns it
        ("cat", "not_eligible"),  # somebody who is asked about other things
        ("fay", "not_eligible"),  # of a route that nothing asks
        ("zed", "unknown_person"),
        ("ann", None),
    ],
)
def test_what_ran_by_itself_is_taken_back_by_who_could_have_been_asked(
    world: World, person: str, code: str | None
) -> None:
    """That a refund may run by itself does not say that taking it back may."""
    world.policy = load_source(ALONE + OTHER.replace("package shop.other", ""))
    run = done_alone(world)
    if code is None:
        back = world.gate.compensate(run.id, by=person)
        assert (back.state, back.requester) == (State.AUTO, person)
        assert world.work(back).state is State.DONE
        assert world.gate.run(run.id).state is State.COMPENSATED
        return
    assert refused(world.gate.compensate, run.id, by=person).code == code
    assert [one.id for one in world.gate.listed(list(State))] == [run.id]
    assert world.ledger.effects() == 1


def test_who_cannot_stand_for_an_answer_is_told_what_to_do(world: World) -> None:
    world.policy = load_source(ALONE)
    run = done_alone(world)
    told = refused(world.gate.compensate, run.id, by="oli")
    assert told.message == (
        "no policy decides about taking back `billing.refund`, and"
        " `oli` is not among those who may decide about this run:"
        " `oli` is in `team-support`, which owns the agent"
    )
    assert told.help == (
        "let somebody ask who could have answered for it, or declare `billing.refund.compensate`"
    )


def test_a_policy_may_say_that_taking_back_needs_nobody(world: World) -> None:
    world.policy = load_source(
        ALONE
        + """
        action billing.refund.compensate on stripe.charge { amount: money(USD), customer: string }
        rule back on billing.refund.compensate => auto_run
        """
    )
    run = done_alone(world)
    assert refused(world.gate.compensate, run.id, by="cat").code == "not_eligible"
    assert world.work(world.gate.compensate(run.id, by="oli")).state is State.DONE
    assert world.gate.run(run.id).state is State.COMPENSATED


def test_where_nobody_can_ever_be_asked_nobody_takes_back(world: World) -> None:
    """Until the policies say who may."""
    text = "\n".join(line for line in ALONE.splitlines() if "manager" not in line)
    world.policy = load_source(text.replace(text[text.index("route finance") :].split("\n")[0], ""))
    run = done_alone(world)
    for person in ("ann", "oli", "refund-bot"):
        assert refused(world.gate.compensate, run.id, by=person).code == "undecided"


def test_a_failed_undoing_is_tried_again_by_who_could_have_been_asked(world: World) -> None:
    world.policy = load_source(ALONE)
    back = world.gate.compensate(done_alone(world).id, by="ann")
    world.ledger.faults = ["refuses"]
    assert world.work(back).state is State.FAILED
    assert refused(world.gate.retry, back.id, by="oli").code == "undecided"
    assert world.work(world.gate.retry(back.id, by="bob")).state is State.DONE


def test_an_undoing_that_nobody_answers_for_any_more_fails_at_once(world: World) -> None:
    """Oli asked, a manager agreed; then the record moved, and the policy asks nobody any more."""
    world.policy = load_source(ALONE)
    run = done(world)
    back = world.approve(world.gate.compensate(run.id, by="oli"), "ann")
    world.policy = load_source(ALONE.replace("require manager", "auto_run"))
    world.ledger.put("ch_1", status="disputed", refunded="75.00 USD")
    ended = world.work(back)
    assert ended.state is State.FAILED
    assert "no policy decides about taking back" in (ended.note or "")
    assert world.ledger.effects() == 1


@pytest.mark.parametrize("way", ["cancel", "retry", "branch"])
def test_a_run_that_nobody_was_asked_about_is_not_everybodys(world: World, way: str) -> None:
    world.policy = load_source(ALONE + OTHER.replace("package shop.other", ""))
    run = world.propose("20.00 USD")
    if way == "retry":
        world.ledger.faults = ["refuses"]
        assert world.work(run).state is State.FAILED

    def act(who: str) -> Run:
        if way == "branch":
            return world.gate.branch(run.id, refund("30.00 USD", "ch_2"), by=who)
        return (world.gate.cancel if way == "cancel" else world.gate.retry)(run.id, by=who)

    before = world.gate.run(run.id)
    for person in ("cat", "fay", "zed"):
        refused(act, person)
    assert world.gate.run(run.id) == before
    act("oli" if way == "branch" else "ann")
    assert world.gate.run(run.id) != before


def test_what_became_of_a_run_is_told_by_who_could_have_been_asked(
    database_url: str, tmp_path: Path
) -> None:
    """Who may say that nothing was done lets it be done again."""
    with World(database_url, tmp_path, Idempotency.NONE).opened() as world:
        world.policy = load_source(ALONE)
        world.ledger.faults = ["raises_after"]
        run = world.work(world.propose("20.00 USD"))
        assert run.state is State.OUTCOME_UNKNOWN
        for person, code in (("cat", "not_eligible"), ("oli", "not_eligible")):
            told = refused(world.gate.complete_manually, run.id, by=person, executed=False)
            assert told.code == code
        assert world.gate.complete_manually(run.id, by="ann", executed=True).state is State.DONE
