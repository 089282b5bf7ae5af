"""What conditions cost at most: a let that may be an error of its cost is one of what reads it."""

from __future__ import annotations

import pytest

from gatewright.engine.load import load_source
from tests.engine.compile.test_constant_scope import DEAR, HEAD, decisions


@pytest.mark.parametrize(
    "condition",
    [
        "dear || action.n == 1",
        "!(!dear && action.n != 1)",
        "dear || true",
        "dear == true || action.n == 1",
        "either || action.n == 1",
        "either == true || action.n == 1",
        "[1].exists(x, dear || x == 1)",
    ],
)
def test_nothing_absorbs_that_a_let_costs_too_much(condition: str) -> None:
    policies = load_source(
        f"{HEAD}let dear = {DEAR}\nlet either = dear || action.n == 1\n"
        f"rule open when {condition} => auto_run\n"
    )
    assert decisions(policies, 10) == ["auto_run"] * 4
    assert decisions(policies, 200) == ["block"] * 4


def test_what_stands_before_a_let_that_costs_too_much_decides() -> None:
    policies = load_source(
        f"{HEAD}let dear = {DEAR}\nrule open when action.n == 1 || dear => auto_run\n"
    )
    assert decisions(policies, 200) == ["auto_run"] * 4
