"""Any order of steps, on both databases: gate, worker and store do what the model says."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.runtime.model.kit import Hands, kit_on
from tests.runtime.model.machine import Machine


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
