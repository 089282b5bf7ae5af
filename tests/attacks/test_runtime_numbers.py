"""Numbers that a double cannot hold: the run that has them goes its way like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime.card import card_text
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.run import State
from tests.engine.runtime.world import HOUR, World, refund

POLICY = """
package shop.refunds
action billing.refund on stripe.charge {
  customer: string, amount: money(USD) > 0 USD, share?: double, rate?: decimal, extra?: any
}
route manager { one of group("support-managers") }
default require manager
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(f"sqlite:///{tmp_path / 'gate.db'}", tmp_path, policy=load_source(POLICY))
    with world.opened():
        yield world


NUMBERS = ["0.1234567890123456789", "1e300", "-1e300", "1e-300", "1.50", "12345678901234567890.5",
           "123456789012345678901234567890"]  # fmt: skip


@pytest.mark.parametrize("where", ["extra", "share", "rate", "confidence", "evidence"])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_of_many_digits(world: World, number: str, where: str) -> None:
    action: dict[str, Any] = refund("75.00 USD", "ch_1")
    value = read_json(number)
    if where == "confidence":
        action["context"]["confidence"] = value
    elif where == "evidence":
        action["context"]["evidence"] = [value]
    else:
        action["params"][where] = value
    if where == "confidence" and not 0 <= float(number) <= 1:
        with pytest.raises(GateError):
            world.gate.propose(action)
        return
    run = world.gate.propose(action)
    if run.state is not State.PENDING:
        assert run.state is State.BLOCKED
        return
    assert world.gate.run(run.id).card == run.card
    shown = card_text(world.gate.run(run.id))
    assert shown == card_text(run)
    if where in ("extra", "rate") and len(number) > 20:
        assert number in shown
    world.gate.comment(run.id, by="ann", text="look")
    world.approve(run)
    assert world.work(run).state is State.DONE


def test_a_route_with_a_timer_and_such_a_number(world: World) -> None:
    world.policy = load_source(
        POLICY.replace('"support-managers") }', '"support-managers") timeout 1h then reject }')
    )
    action = refund("75.00 USD", "ch_1")
    params: dict[str, Any] = action["params"]  # type: ignore[assignment]
    params["rate"] = read_json("0.1234567890123456789")
    run = world.gate.propose(action)
    world.now += 2 * HOUR
    assert world.work(run).state is State.EXPIRED
