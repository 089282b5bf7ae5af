from __future__ import annotations

from decimal import Decimal

import pytest

from gatewright.dsl.checks.constants import Constant
from gatewright.dsl.parser import parse_expression
from gatewright.engine.policy_tests.comparisons import (
    beside,
    comparisons,
    distance,
    has_steps,
    step,
)
from gatewright.engine.values import Duration, Money, Timestamp, Uint, Value


def found(text: str, **lets: str) -> list[tuple[str, str, bool]]:
    parsed = {name: parse_expression(let) for name, let in lets.items()}
    listed = comparisons(parse_expression(text), parsed)
    return [(c.subject.text, str(c.bound), c.ordered) for c in listed]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("action.a < 5", [("action.a", "5", True)]),
        ("5 <= action.a", [("action.a", "5", True)]),
        ("action.a == 'x'", [("action.a", '"x"', False)]),
        ("action.a in 1 .. 2", [("action.a", "1", True), ("action.a", "2", True)]),
        ("action.a in [1, 2]", [("action.a", "1", False), ("action.a", "2", False)]),
        ("action.a in action.b", []),
        ("'x' in action.b", []),
        ("action.a.size() > 3", [("action.a.size()", "3", True)]),
        ("size(action.a) > 3", [("action.a.size()", "3", True)]),
        ("size('abc') > 3", []),
        ("(action.a + 1).size() > 3", []),
        ("action.a + 1 > 3", []),
        ("action.?a > 3", []),
        ("now < limit", [("now", "2026-01-01T00:00:00Z", True)]),
        ("limit < now || action.a != 3", [
            ("now", "2026-01-01T00:00:00Z", True), ("action.a", "3", False)]),
        ("action.l.exists(x, x > 3) && action.a > 1", [("action.a", "1", True)]),
        ("action.a.max(3) > 1", []),
    ],
)  # fmt: skip
def test_comparisons_of_something_read_with_a_constant(
    text: str, expected: list[tuple[str, str, bool]]
) -> None:
    assert found(text, limit="2026-01-01T00:00:00Z") == expected


USD = Constant("money", Decimal(50), "USD")


@pytest.mark.parametrize(
    ("bound", "size"),
    [
        (USD, "0.01"),
        (Constant("money", Decimal("0.125"), "USD"), "0.001"),
        (Constant("money", Decimal(50), "JPY"), "1"),
        (Constant("money", Decimal(50), "KWD"), "0.001"),
        (Constant("double", Decimal("0.5")), "0.01"),
        (Constant("decimal", Decimal("0.0005")), "0.0001"),
        (Constant("int", 5), "1"),
        (Constant("duration", 5), "1000000000"),
    ],
)
def test_a_bound_has_steps_as_fine_as_its_spelling(bound: Constant, size: str) -> None:
    assert Decimal(step(bound)) == Decimal(size)
    assert has_steps(bound)


def test_the_values_beside_a_bound_are_one_step_away() -> None:
    assert str(beside(USD, -1)) == "49.99 USD"
    assert str(beside(USD, 1)) == "50.01 USD"
    half = Constant("double", Decimal("1.5"))
    assert [beside(half, n, whole=True).value for n in (-1, 1)] == [1, 2]
    two = Constant("double", Decimal("2.0"))
    assert [beside(two, n, whole=True).value for n in (-1, 1)] == [1, 3]


@pytest.mark.parametrize(
    ("value", "bound", "steps"),
    [
        (Money(Decimal("49.99"), "USD"), USD, -1),
        (Money(Decimal("49.99"), "EUR"), USD, None),
        (Money(Decimal("49.99"), "USD"), Constant("int", 50), None),
        (Duration(2 * 10**9), Constant("duration", 10**9), 1),
        (Duration(0), Constant("int", 0), None),
        (Timestamp(0), Constant("timestamp", 0), 0),
        (Timestamp(0), Constant("int", 0), None),
        (Uint(5), Constant("uint", 5), 0),
        (5, Constant("double", Decimal("5.5")), Decimal("-0.5")),
        (Decimal("5.5"), Constant("int", 5), Decimal("0.5")),
        (0.81, Constant("double", Decimal("0.8")), 1),
        (float("nan"), Constant("double", Decimal("0.8")), None),
        (float("inf"), Constant("double", Decimal("0.8")), None),
        (True, Constant("int", 1), None),
        ("x", Constant("int", 1), None),
        (1, Constant("string", "x"), None),
        (1, USD, None),
    ],
)
def test_a_distance_is_counted_in_steps_of_one_currency(
    value: Value, bound: Constant, steps: Decimal | int | None
) -> None:
    assert distance(value, bound) == steps
