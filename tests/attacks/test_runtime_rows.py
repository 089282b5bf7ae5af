"""Rows of the store that somebody edited by hand: what is found, and what is not carried out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gatewright.engine.runtime.audit.verify import Report, verify
from gatewright.engine.runtime.errors import EditedRun, GateError
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store.payloads import commitment
from tests.engine.runtime.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path / 'gate.db'}", tmp_path).opened() as world:
        yield world


def edit(world: World, statement: str, **values: object) -> None:
    with world.gate.desk.database.transaction() as connection:
        connection.execute(text(statement), values)


def verified(world: World) -> Report:
    with world.gate.desk.database.reading() as connection:
        return verify(connection)


# --- the plan


@pytest.mark.parametrize("cut", [1, 7, 200])
def test_the_beginning_of_a_plan_is_not_called_salt(world: World, cut: int) -> None:
    """The commitment is of salt and content together: where one ends must not be a choice."""
    run = world.propose("20.00 USD", "ch_1")
    with world.gate.desk.database.reading() as connection:
        salt, content = connection.execute(
            text("SELECT salt, content FROM payloads WHERE run = :run"), {"run": run.id}
        ).one()
    longer, rest = salt + content[:cut].encode().hex(), content[cut:]
    assert commitment(rest, longer) == run.round.plan
    edit(
        world, "UPDATE payloads SET salt = :salt, content = :content WHERE run = :run",
        salt=longer, content=rest, run=run.id,
    )  # fmt: skip
    assert [finding.kind for finding in verified(world).findings] == ["payload"]
    with pytest.raises(GateError) as caught:
        world.gate.desk.plan_of(run)
    assert caught.value.code == "no_plan"


# --- the run


UNREADABLE = {
    "no JSON": "{",
    "another shape": "[]",
    "an unknown state": None,
    "deep": "[" * 300 + "]" * 300,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_run_that_cannot_be_read_keeps_no_other_waiting(world: World, name: str) -> None:
    bad, good = world.propose("20.00 USD", "ch_1"), world.propose("20.00 USD", "ch_2")
    body = UNREADABLE[name]
    if body is None:
        edit(world, "UPDATE runs SET body = replace(body, '\"auto\"', '\"gone\"') WHERE id = :run",
             run=bad.id)  # fmt: skip
    else:
        edit(world, "UPDATE runs SET body = :body WHERE id = :run", body=body, run=bad.id)
    world.worker.drain()
    assert world.gate.run(good.id).state is State.DONE
    assert world.ledger.effects("ch_1") == 0


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_waiting_run_that_cannot_be_read_keeps_no_timer(world: World, name: str) -> None:
    bad, good = world.propose("75.00 USD", "ch_1"), world.propose("75.00 USD", "ch_2")
    body = UNREADABLE[name]
    if body is None:
        edit(world, "UPDATE runs SET body = replace(body, '\"pending\"', '\"gone\"') WHERE id = :r",
             r=bad.id)  # fmt: skip
    else:
        edit(world, "UPDATE runs SET body = :body WHERE id = :run", body=body, run=bad.id)
    world.now += 5 * 3_600_000_000_000
    world.worker.drain()
    assert world.gate.run(good.id).round.asks[0].name == "finance"
    assert [run.id for run in world.gate.queue()] == [good.id]


# --- approvals


def body_of(world: World, run: str) -> dict[str, Any]:
    with world.gate.desk.database.reading() as connection:
        body = connection.scalar(text("SELECT body FROM runs WHERE id = :r"), {"r": run})
    found: dict[str, Any] = json.loads(str(body))
    return found


def test_a_vote_for_another_card_does_not_count(world: World) -> None:
    """Each vote binds its card, and nobody edits one."""
    run = world.propose("75.00 USD", "ch_1")
    world.approve(run)
    body = body_of(world, run.id)
    body["rounds"][-1]["votes"][0]["card"] = "sha256:" + "0" * 64
    edit(world, "UPDATE runs SET body = :b WHERE id = :r", b=json.dumps(body), r=run.id)
    assert world.work(run).state is State.APPROVED
    assert world.ledger.effects() == 0


@pytest.mark.parametrize("part", ["preview", "plan"])
def test_a_round_with_a_part_of_another_is_not_carried_out(world: World, part: str) -> None:
    other = world.propose("190.00 USD", "ch_2")
    run = world.propose("75.00 USD", "ch_1")
    world.approve(run)
    body, foreign = body_of(world, run.id), body_of(world, other.id)
    body["rounds"][-1][part] = foreign["rounds"][-1][part]
    edit(world, "UPDATE runs SET body = :b WHERE id = :r", b=json.dumps(body), r=run.id)
    assert world.work(run).state is State.APPROVED
    assert world.ledger.effects() == 0


def test_a_body_is_what_is_hashed(world: World) -> None:
    world.propose("75.00 USD", "ch_1")
    world.worker.drain()
    assert verified(world).is_good
    edit(world, "UPDATE leaves SET body = replace(body, 'refund-bot', 'refund-bat')")
    assert not verified(world).is_good


def approved_by_hand(world: World, run: Run) -> None:
    """Make a run approved by a vote that nobody gave."""
    body = body_of(world, run.id)
    body["state"] = "approved"
    body["rounds"][-1]["votes"] = [
        {"person": "ann", "route": "shop.refunds.manager", "card": run.card, "at": world.now}
    ]
    edit(
        world, "UPDATE runs SET body = :b, state = 'approved', ready_at = 0 WHERE id = :r",
        b=json.dumps(body), r=run.id,
    )  # fmt: skip
    edit(world, "UPDATE events SET status = 'rejected'")


def test_an_approval_by_hand_is_seen(world: World) -> None:
    run = world.propose("75.00 USD", "ch_1")
    world.worker.drain()
    approved_by_hand(world, run)
    named = {(one.table, one.column) for one in verified(world).findings}
    assert named >= {("runs", "state"), ("runs", "votes"), ("events", "status")}


def test_an_approval_by_hand_carries_nothing_out(world: World) -> None:
    """Nor is it hidden by a step that goes on from it."""
    run = world.propose("75.00 USD", "ch_1")
    world.worker.drain()
    approved_by_hand(world, run)
    world.worker.drain()
    for card in (run.card, world.gate.run(run.id).card):
        with pytest.raises(EditedRun):
            world.gate.approve(run.id, by="ann", card=card)
    assert world.ledger.effects() == 0
    assert [entry["kind"] for entry in world.gate.trail(run.id)] == ["proposed", "decided"]
    found = {(one.table, one.column) for one in verified(world).findings}
    assert found >= {("runs", "state"), ("runs", "votes"), ("events", "status")}
