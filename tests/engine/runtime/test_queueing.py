"""Queues: all that a person may answer, however much of others stands before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.runtime import queueing
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.people import Delegation, may_ask
from gatewright.engine.runtime.store import payloads
from gatewright.engine.values import Timestamp
from tests.engine.runtime.world import GROUPS, HOUR, NAMES, World

ROUTES = """
package p
action billing.refund on stripe.charge { customer: string, amount: money(USD) > 0 USD, team: string }
route one { one of user("ann") timeout 4h then reject }
route listed { one of [user("bob"), group("finance")] timeout 4h then reject }
route by_team { one of group(action.team) timeout 4h then reject }
route chosen {
  one of action.amount > 90 USD ? group("finance") : group("support-managers")
  timeout 4h then reject
}
route nobody { one of group("no-such-group") timeout 4h then reject }
route above { one of user("oli") outranks one timeout 4h then reject }
default block
rule r0 on billing.refund when action.amount == 55 USD => require one
rule r1 on billing.refund when action.amount == 65 USD => require listed
rule r2 on billing.refund when action.amount == 75 USD => require by_team
rule r3 on billing.refund when action.amount == 85 USD => require chosen
rule r4 on billing.refund when action.amount == 95 USD => require chosen
rule r5 on billing.refund when action.amount == 105 USD => require nobody
test "one" {
  given billing.refund { customer: "C-1", amount: 75 USD, team: "t" }
  expect require by_team
}
"""


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as opened:
        yield opened


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("ann", {"one", "by_team", "chosen"}),
        ("bob", {"listed", "by_team", "chosen"}),
        ("fay", {"listed", "by_team", "chosen"}),
        ("oli", {"one", "above", "by_team", "chosen"}),
        ("cat", {"one", "by_team", "chosen"}),  # stands in for ann
        ("nobody", {"by_team", "chosen"}),
    ],
)
def test_routes_that_never_ask_a_person_are_known_without_an_action(
    person: str, expected: set[str]
) -> None:
    routes = load_source(ROUTES).policy.routes
    directory = FileDirectory.of({"people": dict.fromkeys(NAMES), "groups": GROUPS})
    standing = [Delegation("ann", "cat", 5, 7), Delegation("bob", "cat", 0, 5)]
    found = may_ask(routes, directory, [d for d in standing if d.holds(5)], person)
    assert found == {f"p.{name}" for name in expected}


@pytest.mark.parametrize("person", NAMES)
def test_a_queue_is_what_looking_at_each_run_gives(
    person: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "_PAGE", 3)
    with World(database_url, tmp_path, policy=load_source(ROUTES)).opened() as world:
        for number, amount in enumerate((55, 65, 75, 85, 95, 105) * 2):
            world.now += 1
            team = "finance" if number % 3 else "support-managers"
            params = {"customer": f"C-{number}", "amount": f"{amount}.00 USD", "team": team}
            world.propose(charge=f"ch_{1 + number % 5}", params=params)
        every = world.gate.queue()
        assert len(every) == 12
        expected = [
            run.id for run in every if any(person in w.voters for w in world.gate.waits_for(run))
        ]
        assert [run.id for run in world.gate.queue(person=person)] == expected


def test_a_queue_goes_on_past_what_is_not_for_the_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "_PAGE", 2)
    for number in (1, 2, 3):
        world.now += 1
        world.propose("201.00 USD", f"ch_{number}")  # not for ann
    mine: list[str] = []
    for number in (4, 5, 4):  # 828 USD in all: within the budget of the agent
        world.now += 1
        mine.append(world.propose(charge=f"ch_{number}", idempotency_key=f"k{world.now}").id)
    world.approve(world.gate.run(mine[0]))
    assert [r.id for r in world.gate.queue(person="ann", most=2)] == mine[1:]
    assert [r.id for r in world.gate.queue(person="ann", most=1)] == mine[1:2]
    assert world.gate.queue(person="ann", most=0) == []
    assert len(world.gate.queue(person="gus")) == 5  # finance outranks managers


def test_the_queue_of_a_stand_in(world: World) -> None:
    run = world.propose()
    assert world.gate.queue(person="cat") == []
    world.gate.delegate(
        giver="ann", taker="cat", from_at=Timestamp(world.now), until_at=Timestamp(world.now + HOUR)
    )
    assert [r.id for r in world.gate.queue(person="cat")] == [run.id]
    world.now += HOUR
    assert world.gate.queue(person="cat") == []


def test_a_run_whose_plan_was_erased_is_in_nobodys_queue(world: World) -> None:
    gone, left = world.propose(charge="ch_1"), world.propose(charge="ch_2")
    with world.gate.desk.database.transaction() as connection:
        payloads.erase(connection, gone.id, world.now)
    assert [run.id for run in world.gate.queue(person="ann")] == [left.id]
    assert {run.id for run in world.gate.queue()} == {gone.id, left.id}
