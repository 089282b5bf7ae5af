"""Constant expressions: their values, spellings, and what is not constant."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import ast
from gatewright.dsl.checks.constants import Constant, constant
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.source import Source

LETS = {
    "small": parse_expression("50 USD"),
    "twice": parse_expression("small * 2"),
    "self": parse_expression("self + 1"),
    "left": parse_expression("right"),
    "right": parse_expression("left"),
    "rate": parse_expression('decimal("0.10")'),
    "names": parse_expression('["a", "b"]'),
}


def fold(text: str) -> Constant | None:
    return constant(parse_expression(text), LETS)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("1", "1"),
        ("-5", "-5"),
        ("5u", "5u"),
        ("1.50", "1.50"),
        ("1e3", "1000"),
        ("1e-7", "0.0000001"),
        ("1e300", "1E+300"),
        ("49.99 USD", "49.99 USD"),
        ("-1 EUR", "-1 EUR"),
        ("30d", "30d"),
        ("36h", "36h"),
        ("2w", "14d"),
        ("90s", "90s"),
        ("250ms", "250ms"),
        ("0s", "0s"),
        ("2026-12-02T00:00:00Z", "2026-12-02T00:00:00Z"),
        ("2026-12-02T00:00:00.5Z", "2026-12-02T00:00:00.5Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ('"a\\"b"', '"a\\"b"'),
        ('b"x"', "b'x'"),
        ("true", "true"),
        ("null", "null"),
        ("[1, 2 USD, []]", "[1, 2 USD, []]"),
        ("small", "50 USD"),
        ("twice", "100 USD"),
        ("names", '["a", "b"]'),
        ("small + 0.01 USD", "50.01 USD"),
        ("small - 60 USD", "-10 USD"),
        ("50 USD * 1.5", "75.0 USD"),
        ("3 * 50 USD", "150 USD"),
        ("50 USD * rate", "5.00 USD"),
        ("rate + 1", "1.10"),
        ("1.05 - rate", "0.95"),
        ('decimal(3) * decimal("0.5")', "1.5"),
        ('money("50.00 USD") + small', "100.00 USD"),
        ("2 + 3 * 4", "14"),
        ("2u * 3u", "6u"),
        ("1d + 12h", "36h"),
        ("1d - 36h", "-12h"),
        ("2026-01-01T00:00:00Z + 1d", "2026-01-02T00:00:00Z"),
        ("1d + 2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("2026-01-01T00:00:00Z - 1d", "2025-12-31T00:00:00Z"),
        ("2026-01-02T00:00:00Z - 2026-01-01T00:00:00Z", "1d"),
        ("-(50 USD)", "-50 USD"),
        ("-(1 + 2)", "-3"),
        ("-small", "-50 USD"),
        ("-(1d + 1d)", "-2d"),
        ("-rate", "-0.10"),
        ("0.5 * 4.0", "2"),
    ],
)
def test_constants_and_their_spelling(text: str, spelled: str) -> None:
    assert str(fold(text)) == spelled


def test_doubles_are_added_as_doubles() -> None:
    assert str(fold("0.1 + 0.2")).startswith("0.3000000000000000444")


@pytest.mark.parametrize(
    "text",
    [
        "action.amount",
        "unknown",
        ".small",
        "self",
        "left",
        "1 + 1u",
        "1 + 1.5",
        "50 USD + 50 EUR",
        "50 USD * 50 USD",
        "50 USD + 1",
        "50 USD * (0.1 + 0.2)",
        '"a" + "b"',
        "1d * 2",
        "2026-01-01T00:00:00Z + 2026-01-01T00:00:00Z",
        "9223372036854775807 + 1",
        "-9223372036854775807 - 2",
        "0u - 1u",
        "1e308 * 10.0",
        "9999-12-31T00:00:00Z + 2d",
        "100 USD / 3",
        "true && false",
        "[1, action.amount]",
        "[?small]",
        '-"a"',
        "-action.amount",
        'decimal("1e5")',
        'decimal("x")',
        'money("50")',
        "money(1)",
        "size(names)",
        "50.111111111111111111111111111111111111111111111111 USD * 1.000000000000000000001",
    ],
)
def test_what_is_not_constant(text: str) -> None:
    assert fold(text) is None


def test_equal_numbers_have_equal_keys_whatever_their_kind() -> None:
    keys = {c.key for text in ("1", "1u", "1.0", "decimal(1)") if (c := fold(text))}
    assert len(keys) == 1
    assert fold("1") != fold("1u")


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "true"), ("1 USD", "1 EUR"), ("1", "1 USD"), ('"1"', "1"), ("[1]", "[2]")],
)
def test_different_values_have_different_keys(one: str, other: str) -> None:
    a, b = fold(one), fold(other)
    assert a is not None
    assert b is not None
    assert a.key != b.key


def test_lists_are_equal_by_their_items() -> None:
    a, b = fold("[1, 2]"), fold("[1.0, 2u]")
    assert a is not None
    assert b is not None
    assert a.key == b.key


def test_lets_that_double_each_other_cost_little() -> None:
    lets = {"x0": parse_expression("1")}
    lets |= {f"x{i}": parse_expression(f"x{i - 1} + x{i - 1}") for i in range(1, 40)}
    value = constant(parse_expression("x39"), lets)
    assert value is not None
    assert value.value == 2**39


def test_a_very_deep_chain_of_lets_is_not_constant_and_does_not_raise() -> None:
    lets = {"x0": parse_expression("1")}
    lets |= {f"x{i}": parse_expression(f"x{i - 1}") for i in range(1, 5000)}
    assert constant(parse_expression("x4999"), lets) is None


def test_a_very_long_list_is_not_constant() -> None:
    span = Source("x", "").whole()
    item = ast.ListItem(ast.IntLiteral(1, span=span), span=span)
    many = ast.ListLiteral((item,) * 50_001, span=span)
    assert constant(many, {}) is None


def test_an_exponent_out_of_all_reason_is_read_as_its_double() -> None:
    tiny = fold("1e-99999999")
    assert tiny is not None
    assert tiny.value == 0


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=10**9))
def test_money_is_exact(amount: Decimal) -> None:
    value = fold(f"{amount:f} USD")
    assert value is not None
    assert value.value == amount
    assert Decimal(str(value).removesuffix(" USD")) == amount
