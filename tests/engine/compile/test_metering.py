"""What conditions cost at most: a let that may be an error of its cost is one of what reads it."""

from __future__ import annotations

import pytest

from gatewright.engine import scope
from gatewright.engine.cel.budget import DEFAULT_STEPS, Budget
from gatewright.engine.compile import lower, native
from gatewright.engine.compile.units import Units
from gatewright.engine.load import load_source
from tests.engine.compile.test_constant_scope import DEAR, HEAD, decisions

CONSTANT = "data.many.exists(x, lists.range(100).size() == {})"
MANY = range(20)


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


class Noted(Budget):
    """A budget that adds what it is charged to that of all."""

    __slots__ = ()
    total = 0

    def charge(self, steps: int = 1) -> None:
        """Take steps."""
        Noted.total += steps
        super().charge(steps)


@pytest.mark.parametrize(
    "declarations",
    [
        "".join(f"guard g{n} when {CONSTANT.format(n)} && action.n == {n} => block\n" for n in MANY),
        "guard g when " + " || ".join(CONSTANT.format(n) for n in MANY) + " => block\n",
        "guard g when [" + ", ".join(CONSTANT.format(n) for n in MANY) + "].size() < 5 => block\n",
        "".join(f"let l{n} = {CONSTANT.format(n)}\n" for n in MANY)
        + "guard g when " + " || ".join(f"l{n}" for n in MANY) + " => block\n",
        f"let one = {CONSTANT.format(1)}\n"
        + "".join(f"guard g{n} when (one ? 1 : 2) + action.n == {n} => block\n" for n in MANY),
        "guard g when " + "!(" * 40 + f"{CONSTANT.format(1)} && {CONSTANT.format(2)}" + ")" * 40
        + " => block\n",
    ],
)  # fmt: skip
def test_compiling_computes_no_more_constants_than_a_decision(
    declarations: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is unaffordable is left to the interpreter, without finding out how much it would be."""
    policies = load_source(HEAD + declarations, data={"many": [*range(1_000)]})
    for module in (lower, native, scope):
        monkeypatch.setattr(module, "Budget", Noted)
    Noted.total = 0
    compiled = Units(policies.parts, policies.data, {}).of("shop.tag")
    assert compiled is not None
    # Once for small actions, once for tiny ones.
    assert 0 < Noted.total <= 2 * 10 * DEFAULT_STEPS
