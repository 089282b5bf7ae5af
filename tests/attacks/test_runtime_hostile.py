"""Proposals made to break something: each is refused in words, or is a run that works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.run import State
from gatewright.engine.values import Timestamp
from tests.engine.runtime.databases import database_url, postgres_server
from tests.engine.runtime.world import HOUR, World, refund

__all__ = ["database_url", "postgres_server"]

POLICY = """
package shop.refunds
action billing.refund on stripe.charge { customer: string, amount: money(USD) > 0 USD, extra?: any }
history refunds = billing.refund where status in ["executed", "pending"]
route manager { one of group("support-managers") }
default block
rule all on billing.* => require manager
guard once on billing.refund
  when refunds.count(customer: action.customer, within: 24h) >= 1
  => block
"""


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path, policy=load_source(POLICY)).opened() as world:
        yield world


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


EXTRA: dict[str, Any] = {
    "a lone surrogate": "\ud800", "a NUL": "\0", "a NUL in a key": {"\0": 1},
    "a surrogate in a key": {"\udfff": 1}, "a million letters": "x" * 1_000_000,
    "ten thousand keys": {str(n): n for n in range(10_000)}, "thirty levels": nested(30),
    "a hundred levels": nested(100), "ten thousand levels": nested(10_000),
    "a number that is none": float("nan"), "an endless number": float("inf"),
    "a large number": 10**400, "a mask": "***", "a masked map": {"***": "***"},
    "bytes": b"\xff", "an object": object(), "a set": {1}, "an empty key": {"": {"": ""}},
    "a long key": {"k" * 100_000: 1}, "bidi": "\u202e\u2066", "sql": "'; DROP TABLE runs; --",
    "a variable": "${HOME} {action.amount} %s %(x)s :p",
}  # fmt: skip


@pytest.mark.parametrize("name", EXTRA)
def test_a_parameter(world: World, name: str) -> None:
    action: dict[str, Any] = refund("75.00 USD", "ch_1")
    action["params"]["extra"] = EXTRA[name]
    try:
        run = world.gate.propose(action)
    except GateError:
        assert world.gate.queue() == []
        return
    assert run.state is State.PENDING
    world.gate.comment(run.id, by="ann", text="hm")
    world.approve(run)
    assert world.work(run).state is State.DONE
    assert world.ledger.effects() == 1


NAMES = ["", " ", "x" * 257, "\ud800", "\0", "***", "\u202e", "'", "a:b", "\n"]


@pytest.mark.parametrize("part", ["action", "agent", "owner", "target", "key", "trigger", "person"])
def test_a_name(world: World, part: str) -> None:
    for name in NAMES:
        action: dict[str, Any] = refund("75.00 USD", "ch_1")
        match part:
            case "action":
                action["action"] = name
            case "agent" | "owner":
                action["agent"]["id" if part == "agent" else "owner"] = name
            case "target":
                action["target"] = {"id": name}
            case "key":
                action["idempotency_key"] = name
            case "trigger":
                action["context"]["trigger"] = name
            case _:
                pass
        try:
            run = world.gate.propose(action, requester=name if part == "person" else None)
        except GateError:
            continue
        if run.state is State.PENDING:
            world.gate.reject(run.id, by="ann", note="no")
    world.worker.drain()
    assert world.ledger.effects() == 0


@pytest.mark.parametrize("customer", ["C-e\u0301", "C-\u00e9"], ids=["decomposed", "composed"])
def test_another_spelling_of_a_customer_is_the_same(world: World, customer: str) -> None:
    first: dict[str, Any] = refund("75.00 USD", "ch_1")
    first["params"]["customer"] = "C-\u00e9"
    assert world.gate.propose(first).state is State.PENDING
    second: dict[str, Any] = refund("75.00 USD", "ch_2")
    second["params"]["customer"] = customer
    assert world.gate.propose(second).state is State.BLOCKED


# --- delegation


def test_a_chain_of_stand_ins_does_not_reach_further(world: World) -> None:
    run = world.propose()
    now, later = Timestamp(world.now), Timestamp(world.now + HOUR)
    world.gate.delegate(giver="ann", taker="cat", from_at=now, until_at=later)
    world.gate.delegate(giver="cat", taker="oli", from_at=now, until_at=later)
    with pytest.raises(GateError):
        world.approve(run, "oli")
    assert world.approve(run, "cat").state is State.APPROVED


@pytest.mark.parametrize("offset", [-1, HOUR, HOUR + 1])
def test_a_delegation_holds_within_its_window_only(world: World, offset: int) -> None:
    run = world.propose()
    now, later = Timestamp(world.now), Timestamp(world.now + HOUR)
    world.gate.delegate(giver="ann", taker="cat", from_at=now, until_at=later)
    world.now += offset
    if offset > 0:
        with pytest.raises(GateError):
            world.approve(run, "cat")
    else:  # a clock that jumped back: the run saw a later instant already
        assert world.gate.run(run.id).updated_at > world.now


def test_who_gave_their_place_away_and_left_the_group(world: World) -> None:
    """The place is the giver's: it goes with them, also between the answer and the write."""
    run = world.propose()
    now, later = Timestamp(world.now), Timestamp(world.now + HOUR)
    world.gate.delegate(giver="ann", taker="cat", from_at=now, until_at=later)
    world.approve(run, "cat")
    world.groups["support-managers"] = ["bob"]
    assert world.work(run).state is State.PENDING
    assert world.ledger.effects() == 0
