"""Whom a run excludes: no delegation, edit or escalation gives them, or anybody, a second place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.run import State
from gatewright.engine.values import Timestamp
from tests.engine.runtime.model.policies import policy
from tests.engine.runtime.world import HOUR, World, refund

GROUPS = {
    "managers": ["ann", "bob"], "finance": ["fay", "gus"], "pair": ["fay", "cat"],
    "board": ["ann", "bob"], "team-support": ["oli"],
}  # fmt: skip


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A world with the policy of the model: `way` says who is asked."""
    with World(database_url, tmp_path, policy=policy(False), groups=dict(GROUPS)).opened() as world:
        yield world


def asking(way: str, charge: str = "ch_1", **more: object) -> dict[str, object]:
    return refund("75.00 USD", charge, **more) | {
        "params": {"customer": f"C-{charge}", "amount": "75.00 USD", "way": way},
        "agent": {"id": "bot", "owner": "team-support"},
    }


def delegate(world: World, giver: str, taker: str) -> None:
    world.gate.delegate(
        giver=giver, taker=taker,
        from_at=Timestamp(world.now), until_at=Timestamp(world.now + HOUR),
    )  # fmt: skip


@pytest.mark.parametrize("requester", ["oli", "cat"])
def test_who_is_excluded_answers_for_nobody_else(world: World, requester: str) -> None:
    """The agent's owner, and the requester, stand in for a manager: they still must not answer."""
    run = world.gate.propose(asking("manager"), requester=requester)
    delegate(world, "ann", requester)
    with pytest.raises(Refused) as caught:
        world.approve(run, requester)
    assert caught.value.code == "excluded"
    with pytest.raises(Refused):
        world.gate.take_over(run.id, by=requester)
    assert world.gate.queue(person=requester) == []


WHY = {
    "oli": "is in `team-support`, which owns the agent",
    "cat": "brought the proposal",
    "gus": "stands in for `cat`, who brought the proposal",
    "ann": "changed the plan",
    "bob": "stands in for `ann`, who changed the plan",
}


@pytest.mark.parametrize("person", WHY)
def test_who_is_excluded_is_told_why(world: World, person: str) -> None:
    """The reasons that apply to this person and this run, and no other."""
    delegate(world, "cat", "gus")
    delegate(world, "ann", "bob")
    run = world.gate.propose(asking("manager"), requester="cat")
    other = {"reasoning": "Half of it, then."}
    if person in ("ann", "bob"):
        world.groups["managers"] = [*GROUPS["managers"], "eve"]
        run = world.gate.revise(run.id, asking("manager", context=other), by="ann")
    else:
        world.groups["managers"] = [*GROUPS["managers"], person]
    with pytest.raises(Refused) as caught:
        world.approve(run, person)
    assert (caught.value.code, caught.value.message) == (
        "excluded", f"`{person}` must not answer this run: `{person}` {WHY[person]}",
    )  # fmt: skip
    left = "eve, fay" if person in ("ann", "bob") else "ann, bob, fay"
    assert caught.value.help == f"the run waits for manager ({left})"


def test_who_is_excluded_for_several_reasons_is_told_each(world: World) -> None:
    world.groups["managers"] = [*GROUPS["managers"], "cat"]
    action = asking("manager") | {"agent": {"id": "bot", "owner": "cat"}}
    run = world.gate.propose(action, requester="cat")
    with pytest.raises(Refused) as caught:
        world.approve(run, "cat")
    why = "`cat` brought the proposal and owns the agent"
    assert caught.value.message == f"`cat` must not answer this run: {why}"
    delegate(world, "ann", "cat")
    with pytest.raises(Refused) as caught:
        world.gate.take_over(run.id, by="cat")
    assert caught.value.message.endswith(f"may decide about this run: {why}")
    assert caught.value.help == "ask somebody of finance (fay, gus) or manager (ann, bob)"


def test_whom_a_route_excludes_is_told_so(world: World) -> None:
    world.policy = load_source("""
        package shop.refunds
        action billing.refund on stripe.charge { amount: money(USD), customer: string, way: string }
        route manager { one of group("managers") exclude user("ann") }
        default require manager
        """)
    run = world.gate.propose(asking("manager"))
    with pytest.raises(Refused) as caught:
        world.approve(run, "ann")
    assert (caught.value.message, caught.value.help) == (
        "`ann` must not answer this run: `ann` is excluded by the route `manager`",
        "the run waits for manager (bob)",
    )  # fmt: skip
    with pytest.raises(Refused) as caught:
        world.approve(run, "cat")
    assert (caught.value.code, caught.value.help) == (
        "not_eligible", "the run waits for manager (bob)",
    )  # fmt: skip
    with pytest.raises(Refused) as caught:
        world.gate.cancel(run.id, by="cat")
    assert (caught.value.code, caught.value.help) == (
        "not_eligible", "ask somebody of manager (bob)",
    )  # fmt: skip


def test_people_of_a_route_whose_exclude_errs_are_told_so(world: World) -> None:
    world.policy = load_source("""
        package shop.refunds
        action billing.refund on stripe.charge { amount: money(USD), customer: string, way: string }
        route manager { one of group("managers") exclude requester, agent.owner }
        default require manager
        """)
    run = world.gate.propose(asking("manager") | {"agent": {"id": "bot"}})
    with pytest.raises(Refused) as caught:
        world.approve(run, "ann")
    assert (caught.value.code, caught.value.message) == (
        "excluded",
        "`ann` must not answer this run: `ann` may be one whom the route `manager` excludes, "
        "which cannot be told here",
    )
    with pytest.raises(Refused) as caught:
        world.approve(run, "cat")
    assert caught.value.code == "not_eligible"
    world.approve(world.gate.propose(asking("manager", "ch_2")), "ann")


def test_a_vote_does_not_count_once_its_giver_is_excluded(world: World) -> None:
    """Somebody approved and then became the stand-in of the requester."""
    run = world.approve(world.gate.propose(asking("manager"), requester="cat"), "ann")
    delegate(world, "cat", "ann")
    asked = world.work(run)
    assert (asked.state, asked.note) == (
        State.PENDING, "somebody who approved may not do so any more",
    )  # fmt: skip
    assert world.ledger.effects() == 0


def test_one_person_fills_one_place_where_a_route_is_asked_twice(world: World) -> None:
    """Managers did not answer, so finance is asked, which is needed beside them anyway."""
    world.policy = policy(False)
    world.groups["pair"] = ["cat", "oli"]
    first = world.gate.propose(asking("then"))
    world.now += 4 * HOUR
    asked = world.work(first)
    assert [(a.route, a.escalated_from) for a in asked.round.asks] == [
        ("shop.model.finance", "shop.model.manager")
    ]
    answered = world.approve(asked, "fay")
    assert answered.round.votes[0].escalated_from == "shop.model.manager"
    assert answered.round.stage == 1


def test_members_of_the_owning_team_may_give_a_run_up(world: World) -> None:
    run = world.gate.propose(asking("manager"))
    with pytest.raises(Refused):
        world.gate.cancel(run.id, by="cat")
    assert world.gate.cancel(run.id, by="oli").state is State.CANCELLED


def test_nobody_makes_themselves_eligible_by_the_plan_they_bring(world: World) -> None:
    run = world.gate.propose(asking("manager"))
    with pytest.raises(Refused) as caught:
        world.gate.revise(run.id, asking("pair"), by="cat")
    assert caught.value.code == "not_eligible"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"agent": {"id": "bot", "owner": "nobody"}}, "other_agent"),
        ({"agent": {"id": "other"}}, "other_agent"),
        ({"action": "crm.update", "target": {"system": "stripe", "id": "ch_1"}}, "other_action"),
    ],
    ids=["owner", "agent", "action"],
)
def test_a_revision_is_of_the_same_agent_and_action(
    world: World, change: dict[str, object], code: str
) -> None:
    run = world.gate.propose(asking("manager"))
    with pytest.raises(Refused) as caught:
        world.gate.revise(run.id, asking("manager") | change, by="bot")
    assert caught.value.code == code
    assert world.gate.run(run.id) == run
