"""Whom a run excludes: no delegation, edit or escalation gives them, or anybody, a second place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.run import State
from gatewright.engine.values import Timestamp
from tests.runtime.model.policies import policy
from tests.runtime.world import HOUR, World, refund

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
