"""Rows of the store that somebody edited by hand: what is found, and what is not carried out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gatewright.engine.canonical import canonical_json
from gatewright.engine.runtime.audit.verify import Report, verify
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.store.payloads import commitment
from tests.runtime.world import World, refund


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


def test_a_plan_whose_beginning_is_called_salt(world: World) -> None:
    """The commitment is of salt and content together: where one ends must not be a choice.

    Texts of the agent make the end of the plan another plan, of ten times the amount.
    """
    inner = refund("20000.00 USD", "ch_2")
    tail = json.dumps(inner, separators=(",", ":"))
    run = world.propose("20.00 USD", "ch_1", context={"evidence": ["x"]})
    with world.gate.desk.database.reading() as connection:
        salt, content = connection.execute(
            text("SELECT salt, content FROM payloads WHERE run = :run"), {"run": run.id}
        ).one()
    assert tail not in content
    for cut in (1, 7, len(content) // 2):
        longer = salt + content[:cut].encode().hex()
        assert commitment_or_none(content[cut:], longer) is None
        edit(
            world, "UPDATE payloads SET salt = :salt, content = :content WHERE run = :run",
            salt=longer, content=content[cut:], run=run.id,
        )  # fmt: skip
        assert [finding.kind for finding in verified(world).findings] == ["payload"]
        with pytest.raises(GateError) as caught:
            world.gate.desk.plan_of(run)
        assert caught.value.code == "no_plan"


def commitment_or_none(content: str, salt: str) -> str | None:
    try:
        return commitment(content, salt)
    except ValueError:
        return None


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


def body_of(world: World, run: str) -> dict[str, object]:
    with world.gate.desk.database.reading() as connection:
        return json.loads(
            connection.scalar(text("SELECT body FROM runs WHERE id = :r"), {"r": run})
        )  # type: ignore[no-any-return,arg-type]


def test_a_vote_for_another_card_does_not_count(world: World) -> None:
    """Each vote binds its card: one of another card is not carried over by an edit of the row."""
    run = world.propose("75.00 USD", "ch_1")
    world.approve(run)
    body = body_of(world, run.id)
    rounds: list[dict[str, list[dict[str, object]]]] = body["rounds"]  # type: ignore[assignment]
    rounds[-1]["votes"][0]["card"] = "sha256:" + "0" * 64
    edit(world, "UPDATE runs SET body = :b WHERE id = :r", b=json.dumps(body), r=run.id)
    assert world.work(run).state is State.PENDING
    assert world.ledger.effects() == 0


@pytest.mark.parametrize("part", ["preview", "plan", "stages"])
def test_a_round_that_was_edited_is_not_what_was_approved(world: World, part: str) -> None:
    """The card is the digest of what stands in the row: another plan has another card."""
    other = world.propose("190.00 USD", "ch_2")
    run = world.propose("75.00 USD", "ch_1")
    world.approve(run)
    body, foreign = body_of(world, run.id), body_of(world, other.id)
    last: dict[str, object] = body["rounds"][-1]  # type: ignore[index]
    last[part] = foreign["rounds"][-1][part]  # type: ignore[index]
    if part == "stages":
        last[part] = [["shop.refunds.manager", "shop.refunds.finance"]]
    edit(world, "UPDATE runs SET body = :b WHERE id = :r", b=json.dumps(body), r=run.id)
    assert world.work(run).state in (State.PENDING, State.FAILED)
    assert world.ledger.effects() == 0


def test_a_body_is_what_is_hashed(world: World) -> None:
    world.propose("75.00 USD", "ch_1")
    world.worker.drain()
    assert verified(world).is_good
    edit(world, "UPDATE leaves SET body = replace(body, 'refund-bot', 'refund-bat')")
    assert not verified(world).is_good
    assert canonical_json({}) == b"{}"
