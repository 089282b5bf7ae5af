"""What conditions see, asked for what it has not: an error with a code, never an exception."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from gatewright.dsl import ast
from gatewright.dsl.parser import parse_expression
from gatewright.engine.action import Change
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.errors import EvaluationError
from gatewright.engine.scope import Changes, ImportedPackage, PolicyScope, Record
from gatewright.engine.values import NOTHING, Timestamp, Value
from gatewright.engine.workdays import CalendarValue
from tests.engine.interpret.support import ERRS, NOW, action, decide, effect, policy

POLICY = policy(
    'let small = 5 let again = small calendar office { zone "UTC" } rule a => auto_run'
).policy
PACKAGE = POLICY.packages["shop"]


def scope() -> PolicyScope:
    found = PolicyScope(PACKAGE, {"action": Record("action", {"n": 1})})
    found.names["changes"] = Changes({"A": Change(1, NOTHING)}, frozenset({"A", "B"}))
    found.names["now"] = Timestamp.parse(NOW)
    calendar = PACKAGE.calendars["office"]
    found.own["office"] = CalendarValue(calendar, Evaluator(found).evaluate)
    found.names["b"] = ImportedPackage("b", found)
    return found


def outcome(text: str) -> Value | str:
    """The value of an expression that no checker has seen, or the code of its error."""
    try:
        return Evaluator(scope()).evaluate(parse_expression(text))
    except EvaluationError as error:
        return error.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("action.n", 1),
        ("action.m", "no_such_field"),
        ("has(action.m)", False),
        ("action.size()", "no_such_function"),
        ("changes.A.old", 1),
        ("changes.A.new", "no_such_field"),
        ("has(changes.A.new)", False),
        # B is named, but its values do not fit.
        ('changes.has("B")', True),
        ("has(changes.B)", True),
        ("changes.B.old", "no_such_field"),
        ("has(changes.fields)", True),
        ("changes.fields", ("A", "B")),
        ("changes.size()", "no_such_function"),
        ("changes.has()", "no_such_function"),
        ('changes.has("A", "B")', "no_such_function"),
        ('changes.has(name: "A")', "no_such_function"),
        ("changes.has(5)", "type_mismatch"),
        ('changes.only(["A", "B", "C"])', True),
        ('changes.only(["A"])', False),
        ('changes.only("A")', "type_mismatch"),
        ("changes.only([5])", "type_mismatch"),
        ("now.in(office)", True),
        ("office.days", "no_such_field"),
        ("has(office.days)", False),
        ("office.size()", "no_such_function"),
        ("office.contains(now, now)", "no_such_function"),
        ('office.contains("2026-06-15")', "type_mismatch"),
        ("b.small", 5),
        ("b.again", 5),
        ("has(b.small)", True),
        ("has(b.tiny)", False),
        ("b.tiny", "no_such_field"),
        ("b.size()", "no_such_function"),
        ("nothing", "no_such_name"),
    ],
)
def test_what_is_asked_for(text: str, expected: Value | str) -> None:
    assert outcome(text) == expected


def test_a_let_that_is_defined_by_itself_ends() -> None:
    """The checker refuses it; an engine that is given one all the same does not hang."""
    lets = {"small": parse_expression("again + 1"), "again": parse_expression("small + 1")}
    let_type = type(PACKAGE.lets["small"])
    circular = {n: let_type(n, "shop", value, value.span) for n, value in lets.items()}
    package = type(PACKAGE)("shop", circular, {}, {}, {}, {})
    with pytest.raises(EvaluationError, match="defined by itself"):
        PolicyScope(package, {}).lookup("small", False)


def test_a_stack_that_the_host_used_up_is_an_error_of_the_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def deep(*_: object) -> bool:
        raise RecursionError

    condition: Callable[[Evaluator, ast.Expr], bool] = deep
    rules = policy(
        "on_error require legal rule a => auto_run guard g when .now == .now => require clerk"
    )
    monkeypatch.setattr(Evaluator, "condition", condition)
    decision = decide(rules)
    assert effect(decision) == "require clerk and legal"
    assert [error.message for error in decision.errors] == [
        "the stack of the host is nearly used up"
    ]


def test_a_cost_limit_is_an_error_of_the_condition() -> None:
    """The budget is that of a run: the same condition may be cheap and dear."""
    rules = policy(
        "on_error require legal rule a => auto_run"
        " guard g on shop.order.* when lists.range(action.n).exists(i, i == -1) => require clerk"
    )
    cheap = decide(rules, action(10, "shop.order.cancel"))
    dear = decide(rules, action(10**9, "shop.order.cancel"))
    assert (effect(cheap), cheap.errors) == ("auto_run", ())
    assert effect(dear) == "require clerk and legal"
    assert ERRS not in str(dear.errors)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"n": "\ud800"}, ["`params.n` has a lone surrogate, which is no character"]),
        ({"n": ["a", {"b": math.nan}]}, ["`params.n[1].b` is not a finite number"]),
        ({"\ud800": 1}, ["`params` has a lone surrogate, which is no character"]),
        ({"who": "\ud800"}, ["`params.who` has a lone surrogate, which is no character",
                             "`params.n` is missing"]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_told_as_missing_too(
    params: dict[str, object], told: list[str]
) -> None:
    decision = decide("rule a => auto_run", {"action": "shop.refund", "params": params})
    assert [error.message for error in decision.errors] == told
    assert effect(decision) == "block"
