"""What is said of expressions without native code: never less than a run of them costs."""

from __future__ import annotations

import pytest

from gatewright.dsl import ast
from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.compile.plain_cost import plain_cost
from gatewright.engine.decimals import parse_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.scope import Changes, Record
from gatewright.engine.values import Duration, Map, Money, Timestamp, Value
from gatewright.engine.workdays import CalendarValue
from tests.engine.interpret.support import policy

KNOWN = [
    "true", "x", "action.x", "!x", "-x", "x && action.x && !x", "x || x", "x ? x : action.x",
    "has(action.x)", "x == 5", 'x == "some text of more than ten characters"', "5 != x",
    'b"0123456789" == x', "x < 5", "5 USD >= x", "x <= 4h", "x > 2026-01-01T00:00:00Z",
    "x in 1 .. 5",
    'changes.has("Stage")', 'changes.only(["Stage", "Amount"])', "changes.only(x)",
    "context.evidence.size() == 0", "now.in(office)", "x.in(office) || now.in(office)",
]  # fmt: skip
UNKNOWN = [
    "x == y", "x < y", 'x < "a"', "x in y", "x in [y]", 'x in ["a", "b"]', "x in []", "x.size()", "x + 1", "x[0]", "[x]",
    "x.exists(e, e)", "x.matches('a')", "x.in(y)", "x in y .. 5", "{x: 1}", "f(x)",
]  # fmt: skip
VALUES: list[Value] = [
    True, 5, 5.5, None, "", "some text", "\u00dc" * 500, "\u00e9" * 3_000, "a" * 5_000, b"0" * 5_000,
    parse_decimal("5.5"), Money(parse_decimal("5"), "USD"), Timestamp(0), Duration(5),
    tuple(range(500)), Map.of({str(n): n for n in range(500)}),
]  # fmt: skip
CALENDAR = (
    policy(
        'calendar office { zone "UTC" days "mon-fri" hours "09:00-17:00" holidays ["2026-01-01"] }'
    )
    .policy.packages["shop"]
    .calendars["office"]
)


def is_calendar(expr: ast.Expr) -> bool:
    return isinstance(expr, ast.Name) and expr.name == "office"


def scope(value: Value) -> MapScope:
    evidence = Map.of({str(n): "some evidence" for n in range(500)})
    return MapScope({
        "x": value,
        "action": Record("action", {"x": value}),
        "changes": Changes({"Stage": (value, value)}, frozenset(["Stage"])),
        "context": Record("context", {"evidence": evidence}),
        "now": Timestamp(0),
        "office": CalendarValue(CALENDAR, Evaluator(MapScope({})).evaluate),
    })  # fmt: skip


def checked_bound(text: str) -> int:
    """Return the bound of an expression, which costs no more for any of the values."""
    expr = parse_expression(text)
    bound = plain_cost(expr, is_calendar)
    assert bound is not None
    for value in VALUES:
        budget = Budget()
        try:
            Evaluator(scope(value), budget).evaluate(expr)
        except EvaluationError as error:
            assert error.code != "cost_limit"
        assert budget.spent <= bound
    return bound


@pytest.mark.parametrize("text", KNOWN)
def test_no_run_costs_more_than_its_bound(text: str) -> None:
    assert checked_bound(text) < 100


def test_beside_a_long_literal_a_longer_text_may_be_put_into_normal_form() -> None:
    assert checked_bound('x == "' + "\u00dc" * 200 + '"') > (200 + 16 * 200) // 10


@pytest.mark.parametrize("text", UNKNOWN)
def test_nothing_is_said_of_what_may_walk_through_anything(text: str) -> None:
    assert plain_cost(parse_expression(text), is_calendar) is None
