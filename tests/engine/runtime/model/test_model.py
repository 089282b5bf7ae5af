"""Any order of steps, on both databases: gate, worker and store do what the model says."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from gatewright.engine.runtime.ports import Idempotency
from tests.engine.runtime.model.kit import Hands, kit_on
from tests.engine.runtime.model.machine import Machine


def test_any_order_of_steps(database_url: str, tmp_path: Path) -> None:
    hands = Hands()
    with kit_on(database_url, tmp_path, hands) as kit:
        machine = type("OnThisDatabase", (Machine,), {"kit": kit, "hands": hands})
        chosen = settings(
            max_examples=max(6, settings().max_examples // 6),
            stateful_step_count=30,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        run_state_machine_as_test(machine, settings=chosen)


def test_who_is_needed_to_answer_revises_in_neither(database_url: str, tmp_path: Path) -> None:
    """Two of a pair are left once ann has revised: neither of them may, and who else does voids."""
    hands = Hands()
    with kit_on(database_url, tmp_path, hands) as kit:
        machine: Machine = type("OnThisDatabase", (Machine,), {"kit": kit, "hands": hands})()
        machine.begin(grade=Idempotency.NATIVE, wanted=[("manager", 5, "ch_1")])
        (item,) = machine.model.items.values()

        def revise(by: str, way: str) -> int:
            machine.revise(number=0, by=by, way=way, amount=5)
            machine.everything_agrees()
            return item.rounds

        assert revise("ann", "pair") == 2
        assert revise("pat", "pair") == 2
        machine.approve_item(item, "pia", "right")
        assert item.asks[0].votes == [("pia", "pia")]
        assert revise("pat", "pair") == 2
        assert revise("bot", "pair") == 3
        assert item.asks[0].votes == []
        assert revise("pat", "then") == 3
        assert revise("pat", "manager") == 4
        assert revise("bot", "pair") == 5
        machine.teardown()
