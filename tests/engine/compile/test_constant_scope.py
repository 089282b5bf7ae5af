"""What is evaluated while an action is compiled: never a part that only looks like a constant."""

from __future__ import annotations

import pytest

from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source

HEAD = """package shop
action shop.tag { tags: list<int>, n: int }
history past = shop.tag
"""
DEAR = "action.tags.exists(tag, lists.range(1000).size() < tag)"
"""Errs by what it costs where there are 200 tags, which compiled code still reads."""


def decisions(policies: PolicySet, length: int) -> list[str]:
    """What the interpreter decides, then what compiled code does."""
    action = {
        "action": "shop.tag",
        "params": {"tags": list(range(length)), "n": 1},
        "at": "2026-01-10T00:00:00Z",
    }
    first = policies.decide_once(action)
    return [first.effect.value, *(policies.evaluate(action).effect.value for _ in range(3))]


def opening(condition: str) -> PolicySet:
    return load_source(f"{HEAD}rule open when {condition} => auto_run\n")


@pytest.mark.parametrize(
    "condition",
    [
        f"({DEAR} || true) == true",
        f"!(({DEAR} || true) == false)",
        f"[1].exists(n, {DEAR} || true)",
        f"[{DEAR} || true] == [true]",
        f"action.n < (({DEAR} || true) ? 10 : 2)",
        f"action.n in [({DEAR} || true) ? 1 : 2]",
    ],
)
def test_what_reads_the_action_is_no_constant_whatever_absorbs_its_errors(condition: str) -> None:
    policies = opening(condition)
    assert decisions(policies, 10) == ["auto_run"] * 4
    assert decisions(policies, 200) == ["block"] * 4


def test_a_let_that_reads_the_action_is_no_constant_either() -> None:
    policies = load_source(
        f"{HEAD}let any = [1].exists(n, {DEAR} || true)\nrule open when any => auto_run\n"
    )
    assert decisions(policies, 10) == ["auto_run"] * 4
    assert decisions(policies, 200) == ["block"] * 4


def test_what_asks_a_history_is_no_constant() -> None:
    policies = opening(
        "(past.count(n: [1].exists(x, x < 2) ? 1 : 2, within: 1d) > 0 || true) == true"
    )
    assert decisions(policies, 1) == ["auto_run"] * 4
