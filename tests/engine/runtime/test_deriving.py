"""Past decisions are derived again: the same, or what was changed, erased or never kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, update

from gatewright.engine.load import load_source
from gatewright.engine.runtime.deriving import Derived, derive
from gatewright.engine.runtime.run import Run
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.values import Timestamp
from tests.conftest import ROOT
from tests.engine.runtime.world import HOUR, World

REFUNDS = (ROOT / "examples" / "refunds" / "refunds.gate").read_text("utf-8")


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        yield world


def derived(world: World, run: Run, seal: Fernet | None = None) -> list[Derived]:
    with world.gate.desk.database.reading() as connection:
        return derive(connection, run.id, seal)


def outcomes(world: World, run: Run) -> list[tuple[str, str]]:
    return [(one.effect, one.outcome) for one in derived(world, run)]


def test_all_that_a_history_said_is_answered_again(world: World) -> None:
    world.policy = load_source(
        REFUNDS
        + """
guard last on billing.refund
  when refunds.last(agent: agent.id).at > now - 1h => require manager
guard many on billing.refund
  when refunds.distinct(customer, agent: agent.id, within: 1h) > 5 => require finance
guard trusted on billing.refund
  when agreement(by_amount, within: 90d) < 0.5 => require manager
"""
    )
    first = world.approve(world.propose("75.00 USD", "ch_1"))
    world.work(first)
    runs = [world.propose(f"{n}0.00 USD", f"ch_{n}") for n in (2, 3, 4)]
    assert outcomes(world, first) == [("require_approval", "same")]
    for run in runs:
        assert outcomes(world, run) == [("require_approval", "same")]


def test_the_policy_of_then_decides_not_that_of_now(world: World) -> None:
    run = world.propose("20.00 USD")
    world.policy = load_source(
        REFUNDS.replace("< 50 USD ", "< 5 USD ").replace("50 USD ..", "5 USD ..")
    )
    assert world.propose("20.00 USD", "ch_2").state == "pending"
    assert outcomes(world, run) == [("auto_run", "same")]


def test_every_round_is_derived(world: World) -> None:
    run = world.propose("75.00 USD")
    world.gate.request_changes(run.id, by="ann", note="less")
    world.now += HOUR
    edited = {
        **world.gate.desk.plan_of(run).to_dict(),
        "params": {"customer": "C", "amount": "5 USD"},
    }
    world.gate.revise(run.id, edited, by="refund-bot")
    assert outcomes(world, run) == [("require_approval", "same"), ("auto_run", "same")]


def test_an_exception_that_was_used_is_used_again(world: World) -> None:
    start = Timestamp(world.now - HOUR).text
    end = Timestamp(world.now + HOUR).text
    world.policy = load_source(
        REFUNDS
        + f"""
guard shut on billing.refund when agent.id != "x" => block
exception open suspends shut {{
  when action.amount < 30 USD from {start} until {end} owner "o" reason "r" max_uses 1
}}
"""
    )
    first, second = world.propose("20.00 USD", "ch_1"), world.propose("20.00 USD", "ch_2")
    assert outcomes(world, first) == [("auto_run", "same")]
    assert outcomes(world, second) == [("block", "same")]


def test_a_changed_log_is_found(world: World) -> None:
    run = world.propose("75.00 USD")

    def change(connection: Connection) -> None:
        (body,) = (d.body for d in connection.execute(t.decisions.select()))
        changed = body.replace("require_approval", "auto_run")
        connection.execute(update(t.decisions).values(body=changed))

    world.gate.desk.database.retrying(change)
    (one,) = derived(world, run)
    assert (one.outcome, "the audit trail knows another" in one.why) == ("different", True)


def test_a_log_that_lost_an_entry_is_found(world: World) -> None:
    run = world.propose("75.00 USD")
    world.gate.desk.database.retrying(lambda c: c.execute(t.decisions.delete()))
    (one,) = derived(world, run)
    assert (one.outcome, one.why) == ("different", "the log has no entry of it")


def test_what_was_erased_cannot_be_derived(world: World) -> None:
    run = world.propose("75.00 USD")
    world.gate.desk.database.retrying(lambda c: payloads.erase(c, run.id, world.now))
    assert outcomes(world, run) == [("require_approval", "impossible")]


def test_sealed_plans_need_their_key(world: World) -> None:
    world.policy = load_source(REFUNDS.replace("  reason?:", "  @secret reason?:"))
    key = Fernet(Fernet.generate_key())
    world.gate.desk.seal = key
    params = {"customer": "C", "amount": "75.00 USD", "reason": "S3CRET"}
    run = world.propose(params=params)
    assert outcomes(world, run) == [("require_approval", "impossible")]
    assert [one.outcome for one in derived(world, run, key)] == ["same"]
    other = Fernet(Fernet.generate_key())
    assert [one.outcome for one in derived(world, run, other)] == ["impossible"]
