"""Arithmetic, equality and order, case by case and as laws."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatewright.engine.cel import operators
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import MAX_VALUE_DEPTH, compare, contains, equal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    NOTHING,
    Duration,
    Map,
    Money,
    OptionalValue,
    Timestamp,
    Uint,
    Value,
    kind_of,
)
from tests.engine.cel.support import shown

ints = st.integers(INT_MIN, INT_MAX)
decimals = st.decimals(
    min_value=-(10**20), max_value=10**20, places=4, allow_nan=False, allow_infinity=False
)
numbers = st.one_of(ints, st.integers(0, 2**64 - 1).map(Uint), st.floats())
money = st.builds(Money, decimals, st.sampled_from(["USD", "EUR"]))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    numbers,
    st.text(max_size=5),
    st.binary(max_size=5),
    st.integers(-(10**18), 10**18).map(Duration),
    st.integers(-(10**18), 10**18).map(Timestamp),
)
keys = st.one_of(
    st.booleans(), ints, st.text(max_size=3).map(lambda t: unicodedata.normalize("NFC", t))
)


def maps(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    pairs = st.lists(st.tuples(keys, values), max_size=3, unique_by=lambda p: (type(p[0]), p[0]))
    return pairs.map(Map)


values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple), maps(inner), inner.map(OptionalValue.of)
    ),
    max_leaves=10,
)


def apply(operator: str, left: Value, right: Value) -> Value:
    return operators.apply(operator, left, right, Budget())


def attempt(operator: str, left: Value, right: Value) -> Value | str:
    try:
        return apply(operator, left, right)
    except EvaluationError as error:
        return error.code


# --- cases


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775807 + 1", "error: overflow"),
        ("-9223372036854775808 - 1", "error: overflow"),
        ("9223372036854775807 * 2", "error: overflow"),
        ("-9223372036854775808 / -1", "error: overflow"),
        ("-9223372036854775808 % -1", "error: overflow"),
        ("-7 / 2", "-3"),
        ("7 / -2", "-3"),
        ("-7 % 2", "-1"),
        ("7 % -2", "1"),
        ("1 / 0", "error: divide_by_zero"),
        ("1 % 0", "error: divide_by_zero"),
        ("1u - 2u", "error: overflow"),
        ("7u / 2u", "3u"),
        ("7u % 2u", "1u"),
        ("1u / 0u", "error: divide_by_zero"),
        ("1.0 / 0.0", 'double("Infinity")'),
        ("-1.0 / 0.0", 'double("-Infinity")'),
        ("1.0 / -0.0", 'double("-Infinity")'),
        ("0.0 / 0.0", 'double("NaN")'),
        ("double('NaN') / 0.0", 'double("NaN")'),
        ("1e308 * 10.0 - 1.0", 'double("Infinity")'),
        ("1 + 1u", "error: type_mismatch"),
        ("1 + 1.0", "error: type_mismatch"),
        ("1.0 % 1.0", "error: type_mismatch"),
        ("true + true", "error: type_mismatch"),
        ("'a' + 'b'", '"ab"'),
        ("b'a' + b'b'", 'b"ab"'),
        ("[1] + ['a']", '[1, "a"]'),
        ("'a' - 'b'", "error: type_mismatch"),
        ("2026-01-01T00:00:00Z + 1d", "2026-01-02T00:00:00Z"),
        ("1d + 2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("2026-01-01T00:00:00Z - 1d", "2025-12-31T00:00:00Z"),
        ("2026-01-02T00:00:00Z - 2026-01-01T00:00:00Z", "1d"),
        ("1d - 36h", "-12h"),
        ("-(1d + 1h)", "-25h"),
        ("1d * 2", "error: type_mismatch"),
        ("9999-12-31T00:00:00Z + 2d", "error: overflow"),
        ("1 USD + 2 USD", "3.00 USD"),
        ("1 USD - 2 USD", "-1.00 USD"),
        ("1 USD + 2 EUR", "error: currency_mismatch"),
        ("1 USD - 2 EUR", "error: currency_mismatch"),
        ("1 USD / 2 EUR", "error: currency_mismatch"),
        ("1 USD / 2 USD", "0.5"),
        ("1 USD / 0 USD", "error: divide_by_zero"),
        ("1 USD * 3", "3.00 USD"),
        ("3u * 1 USD", "3.00 USD"),
        ("1 USD * decimal('1.5')", "1.50 USD"),
        ("1 USD / 8", "0.125 USD"),
        ("1 USD / 3", "error: inexact"),
        ("1 USD / 0", "error: divide_by_zero"),
        ("1 USD + 1", "error: type_mismatch"),
        ("1 USD % 2", "error: type_mismatch"),
        ("2 / 1 USD", "error: type_mismatch"),
        ("-(1 USD + 1 USD)", "-2.00 USD"),
        ("-(0 USD * 1)", "0.00 USD"),
        ("decimal('1.5') + 1", "2.5"),
        ("1u - decimal('1.5')", "-0.5"),
        ("decimal('1.5') * decimal('1.5')", "2.25"),
        ("decimal(1) / 3", "error: inexact"),
        ("decimal(1) / 8u", "0.125"),
        ("decimal(1) / 0", "error: divide_by_zero"),
        ("decimal(1) % 0", "error: divide_by_zero"),
        ("decimal('-7.5') % 2", "-1.5"),
        ("-decimal('0')", "0"),
        ("decimal('1e59') * 10", "error: overflow"),
        ("decimal('1e-60') / 2", "error: overflow"),
        ("decimal('1e59') % decimal('1e-60') == 0", "true"),
    ],
)
def test_arithmetic_is_exact_or_errs(text: str, value: str) -> None:
    assert shown(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 == 1u && 1u == 1.0 && 1 == 1.0", "true"),
        ("true == 1", "false"),
        ("9007199254740993 == 9007199254740992.0", "false"),
        ("9223372036854775807 < 9223372036854775808.0", "true"),
        ("double('NaN') == double('NaN')", "false"),
        ("double('NaN') != double('NaN')", "true"),
        ("[double('NaN')] == [double('NaN')]", "false"),
        ("double('NaN') < 1 || double('NaN') >= 1", "false"),
        ("'1' == 1", "false"),
        ("null == null", "true"),
        ("b'a' == 'a'", "false"),
        ("[1, [2]] == [1u, [2.0]]", "true"),
        ("[1] == [1, 2]", "false"),
        ("{'a': 1} == {'a': 1.0}", "true"),
        ("{'a': 1} == {'b': 1}", "false"),
        ("{'a': 1} == {'a': 1, 'b': 2}", "false"),
        ("[1] == {0: 1}", "false"),
        ("optional.of(1) == optional.of(1.0)", "true"),
        ("optional.of(1) == optional.none()", "false"),
        ("optional.none() == null", "false"),
        ("1d == 24h", "true"),
        ("1d == 86400", "false"),
        ("1 USD == 1.00 USD", "true"),
        ("1 USD == 1 EUR", "error: currency_mismatch"),
        ("1 USD != 1 EUR", "error: currency_mismatch"),
        ("1 USD == 1", "error: type_mismatch"),
        ("1.0 < 1 USD", "error: type_mismatch"),
        ("1 USD == null || 1 USD == '1.00 USD'", "false"),
        ("decimal('1.0') == 1 && decimal('1.5') > 1u", "true"),
        ("decimal('1.0') == dyn(1.0)", "error: type_mismatch"),
        ("decimal('1.0') == '1.0'", "false"),
        ("[1 USD, 1] == [1 EUR, 2]", "false"),
        ("[1 USD, 1] == [1 EUR, 1]", "error: currency_mismatch"),
        ("1 USD in [1 EUR, 1 USD]", "true"),
        ("1 USD in [1 EUR, 2 USD]", "error: currency_mismatch"),
        ("empty == 0 USD && 0 EUR == empty && empty < 1 JPY", "true"),
        ("empty + 1 USD", "1.00 USD"),
        ("empty + empty", "0"),
        ("1 in {1.0: 1}", "error: type_mismatch"),
        ("1.0 in {1: 1} && 1u in {1: 1}", "true"),
        ("[] in {1: 1}", "false"),
        ("false < true && b'a' < b'b' && 1d < 25h", "true"),
        ("'\\u00e9' == 'e\\u0301' && !('\\u00e9' < 'e\\u0301')", "true"),
        ("'a' < 1", "error: type_mismatch"),
        ("[1] < [2]", "error: type_mismatch"),
        ("null <= null", "error: type_mismatch"),
        ("1 USD < 2 EUR", "error: currency_mismatch"),
        ("2 USD >= 2 USD && 2 USD <= 2 USD", "true"),
        ("int == type(1)", "true"),
    ],
)
def test_values_compare_across_kinds_of_number_only(text: str, value: str) -> None:
    assert shown(text, empty=Money(Decimal(0), None)) == value


def test_strings_are_normalised_even_where_no_parser_did_it() -> None:
    assert apply("==", "\u00e9", "e\u0301") is True
    assert apply("in", "\u00e9", ("e\u0301",)) is True
    assert apply("<", "\u00e9", "e\u0301") is False


def test_inverting_needs_a_bool() -> None:
    assert operators.invert(True) is False
    with pytest.raises(EvaluationError):
        operators.invert(0)


# --- laws


@given(ints, ints)
def test_ints_add_as_numbers_or_overflow(a: int, b: int) -> None:
    total = a + b
    expected = total if INT_MIN <= total <= INT_MAX else "overflow"
    assert attempt("+", a, b) == expected


@given(ints, ints)
def test_division_truncates_and_the_remainder_completes_it(a: int, b: int) -> None:
    assume(b != 0 and (a, b) != (INT_MIN, -1))
    quotient, remainder = apply("/", a, b), apply("%", a, b)
    assert isinstance(quotient, int)
    assert isinstance(remainder, int)
    assert quotient * b + remainder == a
    assert quotient == math.trunc(Fraction(a, b))


@given(decimals, decimals)
def test_decimals_compute_exactly(a: Decimal, b: Decimal) -> None:
    results = {op: apply(op, a, b) for op in "+-*"}
    left, right = Fraction(a), Fraction(b)
    for op, exact in (("+", left + right), ("-", left - right), ("*", left * right)):
        found = results[op]
        assert isinstance(found, Decimal)
        assert Fraction(found) == exact


@given(decimals, decimals)
def test_a_decimal_quotient_is_exact_or_an_error(a: Decimal, b: Decimal) -> None:
    assume(b != 0)
    found = attempt("/", a, b)
    if isinstance(found, Decimal):
        assert Fraction(found) == Fraction(a) / Fraction(b)
    else:
        assert found in ("inexact", "overflow")


@given(numbers, numbers)
def test_numbers_compare_by_what_they_are_worth(a: float, b: float) -> None:
    if math.isnan(a) or math.isnan(b):
        assert compare(a, b, Budget()) is None
    elif math.isinf(a) or math.isinf(b):
        assert compare(a, b, Budget()) == (a > b) - (a < b)
    else:
        left, right = Fraction(a), Fraction(b)
        assert compare(a, b, Budget()) == (left > right) - (left < right)
        assert equal(a, b, Budget()) is (left == right)


@given(values, values)
def test_equality_is_symmetric_and_never_fails_without_money(a: Value, b: Value) -> None:
    assert equal(a, b, Budget()) is equal(b, a, Budget())


def has_nan(value: Value) -> bool:
    if isinstance(value, tuple):
        return any(map(has_nan, value))
    if isinstance(value, Map):
        return any(map(has_nan, value.values()))
    if isinstance(value, OptionalValue):
        return has_nan(value.content)
    return isinstance(value, float) and math.isnan(value)


@given(values)
def test_everything_but_nan_equals_itself(value: Value) -> None:
    assert equal(value, value, Budget()) is not has_nan(value)


@given(scalars, scalars)
def test_order_is_antisymmetric_and_agrees_with_equality(a: Value, b: Value) -> None:
    try:
        order = compare(a, b, Budget())
    except EvaluationError as error:
        assert error.code == "type_mismatch"
        assert kind_of(a) != kind_of(b) or a is None
        return
    back = compare(b, a, Budget())
    assert (order, back) in [(0, 0), (1, -1), (-1, 1), (None, None)]
    assert equal(a, b, Budget()) is (order == 0)


@given(money, money)
def test_money_of_two_currencies_never_meets(a: Money, b: Money) -> None:
    for operator in ("+", "-", "==", "!=", "<", ">="):
        result = attempt(operator, a, b)
        assert (result == "currency_mismatch") is (a.currency != b.currency)


@given(money)
def test_the_text_of_money_reads_back(amount: Money) -> None:
    assert Money.parse(amount.text) == amount


# --- depth and cost


def tower(depth: int) -> Value:
    value: Value = (1,)
    for _ in range(depth):
        value = (value,)
    return value


def test_equality_stops_at_a_depth() -> None:
    assert equal(tower(MAX_VALUE_DEPTH - 1), tower(MAX_VALUE_DEPTH - 1), Budget())
    for left, right in (
        (tower(3000), tower(3000)),
        (Map.of({"a": tower(3000)}), Map.of({"a": tower(3000)})),
    ):
        with pytest.raises(EvaluationError) as raised:
            equal(left, right, Budget())
        assert raised.value.code == "cost_limit"


def test_equality_of_shared_lists_is_paid_for() -> None:
    left: Value = ()
    right: Value = ()
    for _ in range(40):
        left, right = (left, left), (right, right)
    with pytest.raises(EvaluationError) as raised:
        equal(left, right, Budget())
    assert raised.value.code == "cost_limit"
    with pytest.raises(EvaluationError) as raised:
        contains((left,), right, Budget())
    assert raised.value.code == "cost_limit"


def test_long_texts_are_paid_for() -> None:
    for operator in ("==", "<", "+"):
        with pytest.raises(EvaluationError) as raised:
            operators.apply(operator, "x" * 10_000, "x" * 10_000, Budget(500))
        assert raised.value.code == "cost_limit"
    with pytest.raises(EvaluationError):
        operators.apply("+", (1,) * 1000, (), Budget(500))


def test_nothing_is_equal_to_nothing() -> None:
    assert equal(NOTHING, NOTHING, Budget())
    assert not equal(NOTHING, OptionalValue.of(None), Budget())
