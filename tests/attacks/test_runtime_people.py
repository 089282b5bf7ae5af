"""Who must not answer finds no way round; what the policy takes back does not count any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.runtime.claims import Claims
from gatewright.engine.runtime.errors import GateError, Refused
from gatewright.engine.runtime.run import State
from gatewright.engine.values import Timestamp
from tests.engine.runtime.databases import database_url, postgres_server
from tests.engine.runtime.world import HOUR, World, refund

__all__ = ["database_url", "postgres_server"]

POLICY = """
package shop.refunds
action billing.refund on stripe.charge { customer: string, amount: money(USD) > 0 USD }
route manager { one of group("support-managers") EXCLUDE TIMEOUT }
route finance { one of group("finance") }
default require manager
"""


def policy(exclude: str = "", timeout: str = "") -> str:
    return POLICY.replace("EXCLUDE", exclude).replace("TIMEOUT", timeout)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        yield world


# --- who made the plan


@pytest.mark.parametrize("exclude", ["", "exclude agent.owner"])
@pytest.mark.parametrize("way", ["revise", "branch"])
def test_who_makes_a_plan_does_not_approve_it(world: World, exclude: str, way: str) -> None:
    """Whatever the route says of requester and owner: four eyes see a changed plan."""
    world.policy = load_source(policy(exclude))
    run = world.propose()
    make = world.gate.branch if way == "branch" else world.gate.revise
    run = make(run.id, refund("5000.00 USD", "ch_1"), by="ann")
    with pytest.raises(Refused) as caught:
        world.approve(run, "ann")
    assert caught.value.code == "excluded"
    assert world.approve(run, "bob").state is State.APPROVED


# --- what the policy took back


@pytest.mark.parametrize("then", ["reject", "escalate finance"])
def test_a_timeout_that_does_not_approve_any_more(world: World, then: str) -> None:
    world.policy = load_source(policy(timeout="timeout 1h then approve"))
    run = world.propose()
    world.policy = load_source(policy(timeout=f"timeout 1h then {then}"))
    world.now += 2 * HOUR
    ended = world.work(run)
    assert ended.state in (State.EXPIRED, State.PENDING)
    assert world.ledger.effects() == 0


@pytest.mark.parametrize("then", ["reject", "escalate finance"])
def test_what_a_timeout_approved_is_asked_again(world: World, then: str) -> None:
    world.policy = load_source(policy(timeout="timeout 1h then approve"))
    run = world.propose()
    world.now += 2 * HOUR
    Claims(world.gate.desk, "w1", HOUR).fire(run.id, "timeout", run.round.asks[0].route)
    assert world.gate.run(run.id).state is State.APPROVED
    world.policy = load_source(policy(timeout=f"timeout 1h then {then}"))
    assert world.work(run).state is State.PENDING
    assert world.ledger.effects() == 0


def test_a_timeout_that_approves_still_does(world: World) -> None:
    world.policy = load_source(policy(timeout="timeout 1h then approve"))
    run = world.propose()
    world.now += 2 * HOUR
    assert world.work(run).state is State.DONE


@pytest.mark.parametrize("minutes", [60 * 5, 59, 1])
@pytest.mark.parametrize("is_revoked", [False, True])
def test_silence_of_those_who_were_kept_from_answering_approves_nothing(
    world: World, minutes: int, is_revoked: bool
) -> None:
    """Who stands in for the requester must not answer, so the requester could gag everybody."""
    world.policy = load_source(policy(timeout="timeout 1h then approve"))
    run = world.gate.propose(refund("75.00 USD", "ch_1"), requester="cat")
    until = Timestamp(world.now + minutes * HOUR // 60)
    given = [
        world.gate.delegate(giver="cat", taker=taker, from_at=Timestamp(world.now), until_at=until)
        for taker in ("ann", "bob")
    ]
    world.now += HOUR // 120
    if is_revoked:
        for one in given:
            world.gate.revoke(one, by="cat")
    world.now += 2 * HOUR
    assert world.work(run).state is State.EXPIRED
    assert world.ledger.effects() == 0


def test_all_of_a_route_are_not_fewer_for_a_delegation(world: World) -> None:
    """Else the requester could leave out whoever would say no."""
    world.policy = load_source(policy().replace("one of group", "all of group", 1))
    run = world.gate.propose(refund("75.00 USD", "ch_1"), requester="cat")
    given = world.gate.delegate(
        giver="cat", taker="bob",
        from_at=Timestamp(world.now), until_at=Timestamp(world.now + 5 * HOUR),
    )  # fmt: skip
    assert world.approve(run, "ann").state is State.PENDING
    world.gate.revoke(given, by="cat")
    assert world.approve(run, "bob").state is State.APPROVED


def test_silence_approves_while_somebody_could_have_answered(world: World) -> None:
    world.policy = load_source(policy(timeout="timeout 1h then approve"))
    run = world.gate.propose(refund("75.00 USD", "ch_1"), requester="cat")
    until = Timestamp(world.now + 5 * HOUR)
    world.gate.delegate(giver="cat", taker="ann", from_at=Timestamp(world.now), until_at=until)
    world.gate.delegate(giver="ann", taker="oli", from_at=Timestamp(world.now), until_at=until)
    world.now += 2 * HOUR
    assert world.work(run).state is State.DONE


def test_an_escalation_that_the_policy_took_back(world: World) -> None:
    """Finance was asked in the managers' place, and is not to be any more."""
    world.policy = load_source(policy(timeout="timeout 1h then escalate finance"))
    run = world.propose()
    world.now += 2 * HOUR
    run = world.work(run)
    world.approve(run, "fay")
    world.policy = load_source(policy(timeout="timeout 1h then reject"))
    assert world.work(run).state is State.PENDING
    assert world.ledger.effects() == 0


# --- names


def test_keys_of_two_agents_never_meet(world: World) -> None:
    first = refund("20.00 USD", "ch_1", agent={"id": "a"}, idempotency_key="b:c")
    second = refund("20.00 USD", "ch_2", agent={"id": "a:b"}, idempotency_key="c")
    assert world.gate.propose(first).id != world.gate.propose(second).id


def test_a_key_without_an_agent_is_nobody_elses(world: World) -> None:
    first = refund("20.00 USD", "ch_1", idempotency_key="b:c")
    del first["agent"]
    others = [("b", "c"), (":b", "c"), ("\\", ":b:c"), ("\\:b", "c"), ("\\\\", "b:c")]
    runs = {world.gate.propose(first).id}
    for number, (agent, key) in enumerate(others, start=2):
        action = refund("20.00 USD", "ch_1", agent={"id": agent}, idempotency_key=key)
        assert world.gate.propose(action).id not in runs, (number, agent)
        runs.add(world.gate.propose(action).id)


@pytest.mark.parametrize("letter", ["x", "\U0001f600", ":"])
def test_the_longest_names_fit(world: World, letter: str) -> None:
    """What can be read as an action can be kept."""
    name = letter * 256
    action = refund("20.00 USD", "ch_1", agent={"id": name, "owner": name}, idempotency_key=name)
    run = world.gate.propose(action)
    assert world.gate.propose(action).id == run.id


ODD = ["", " ", "\u202eann", "a" * 5_000, "\ud800", "ann\0", "ANN", "ann ", "\uff41nn"]


@pytest.mark.parametrize("person", ODD)
def test_an_odd_person_is_refused_like_any_other(world: World, person: str) -> None:
    run, gate = world.propose(), world.gate
    now = gate.run(run.id)
    begin, end = Timestamp(world.now), Timestamp(world.now + HOUR)
    for call in (
        lambda: gate.approve(run.id, by=person, card=run.card),
        lambda: gate.reject(run.id, by=person, note="no"),
        lambda: gate.request_changes(run.id, by=person, note="no"),
        lambda: gate.take_over(run.id, by=person),
        lambda: gate.cancel(run.id, by=person),
        lambda: gate.comment(run.id, by=person, text="x"),
        lambda: gate.delegate(giver="ann", taker=person, from_at=begin, until_at=end),
        lambda: gate.branch(run.id, refund("1 USD", "ch_2"), by=person),
        lambda: gate.revise(run.id, refund("1 USD", "ch_1"), by=person),
        lambda: gate.revoke(person, by=person),
    ):
        with pytest.raises(GateError):
            call()
    assert gate.queue(person=person) == []
    assert gate.run(run.id) == now
