"""The bound of what a condition can cost."""

from __future__ import annotations

import pytest

from gatewright.dsl.checks.cost import MAX_COST, CostModel
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.typing.typer import Typer
from tests.dsl.typing.support import USUAL, scope


def cost(text: str) -> tuple[int, list[Diagnostic]]:
    found: list[Diagnostic] = []
    typer = Typer(USUAL, lambda d: None)
    expr = parse_expression(text)
    typer.infer(expr)
    return CostModel(USUAL, typer.type_of, found.append, {}).check(expr), found


COSTS = [
    ("true", 1),
    ("action.public", 2),
    ("1 + 2", 3),
    ("action.amount > 50 USD", 4),
    ("small", 1),
    ("action.count in [1, 2, 3]", 7),
    ("action.customer in action.tags", 5 + 100),
    ("action.customer == action.name", 5 + 100),
    ('action.stage == "open"', 4),
    ('action.customer + "abc"', 4 + 100),
    ("action.tags.size()", 3 + 100),
    ("action.tags.all(x, true)", 1 + 2 + 1000 * 2),
    ("[1, 2].all(x, true)", 1 + 3 + 2 * 2),
    ("data.limits.all(k, true)", 1 + 2 + 2 * 2),
    ("[1, 2].map(x, x > 1, x)", 1 + 3 + 2 * (1 + 3 + 1)),
    ("action.tags.filter(x, true).all(x, true)", 1 + 2003 + 1000 * 2),
    ("[1].transformMapEntry(i, x, {i: x, 5: x}).all(k, true)", 1 + (1 + 2 + 6) + 2 * 2),
    ("lists.range(5).all(x, true)", 1 + 2 + 5 * 2),
    ("lists.range(action.count).all(x, true)", 1 + (1 + 2 + 100) + 1000 * 2),
    ('action.customer.split(",").all(x, true)', 1 + (1 + 2 + 100 + 1) + 1000 * 2),
    ("refunds.count(within: 1h)", 1 + 1 + 1 + 20),
    ("has(action.reason)", 1 + 3 - 1),
    ("cel.bind(x, action.tags, x.size())", 1 + 2 + (1 + 1 + 100)),
    ("optional.of(1).optMap(x, x + 1)", 1 + 2 + 3),
    ("action.public ? action.tags : [1]", 1 + 2 + 2 + 2),
    ("now in now .. now", 4),
    ("{1: 2}", 3),
    ('"ab".format([1]).all(x, true)', 1 + (1 + 1 + 2) + 1000 * 2),
    ("b'abc' == b'abcd'", 3),
]


@pytest.mark.parametrize(("text", "steps"), COSTS)
def test_an_expression_costs_so_many_steps(text: str, steps: int) -> None:
    assert cost(text) == (steps, [])


def test_declared_lengths_count() -> None:
    shorter = cost("has(action.reason) && action.reason == action.customer")[0]
    longer = cost("action.name == action.customer")[0]
    assert shorter == longer - 50 + 1 + 3


NESTED = "action.tags.all(x, action.tags.all(y, x != y))"


def test_macros_inside_macros_multiply_past_the_bound() -> None:
    steps, found = cost(NESTED)
    assert steps > MAX_COST
    assert [d.code for d in found] == ["GW0704"]
    assert "a condition may take 1,000,000" in found[0].message
    assert "`x in list`" in (found[0].help or "")


def test_a_search_inside_a_macro_is_within_the_bound() -> None:
    assert not cost("action.tags.all(x, x in data.pool)")[1]
    assert not cost("[1, 2].all(x, action.tags.all(y, x > 0 && y != ''))")[1]


@pytest.mark.parametrize(
    "text", [NESTED, f"true && {NESTED}", f"!({NESTED} || false)", f"[1].all(z, {NESTED})"]
)
def test_the_innermost_cause_is_shown(text: str) -> None:
    assert NESTED in cost(text)[1][0].span.text
    assert len(cost(text)[1][0].span.text) <= len(NESTED) + 2


def test_a_sum_of_small_costs_is_shown_as_a_whole() -> None:
    part = "action.tags.all(x, x.size() > 1 && x.size() < 5)"
    text = " || ".join([part] * 10)
    steps, found = cost(text)
    assert steps > MAX_COST
    assert found[0].span.text == text


def test_four_macros_deep_is_cut_and_not_a_number_without_end() -> None:
    text = "true"
    for name in "abcdefgh":
        text = f"action.tags.all({name}, {text})"
    assert "more than 1,000,000,000 steps" in cost(text)[1][0].message


def test_lets_count_where_they_are_used() -> None:
    where = scope({"all_fine": "action.tags.all(x, true)", "own": "own"})
    model = CostModel(where, lambda _: None, lambda d: None, {})
    once = model.check(parse_expression("all_fine"))
    assert model.check(parse_expression("all_fine && all_fine")) == 1 + 2 * once
    assert model.check(parse_expression("own")) >= 1
    assert model.check(parse_expression("[1].all(all_fine, all_fine)")) == 1 + 2 + 2


def test_what_was_not_typed_counts_as_unbounded() -> None:
    model = CostModel(USUAL, lambda _: None, lambda d: None, {})
    assert model.check(parse_expression("action.count == action.size")) == 5 + 100
