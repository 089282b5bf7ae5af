"""Exact decimals: reading, limits, plain form."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.decimals import decimal_text, exact_decimal, parse_decimal, plain_form
from gatewright.engine.errors import EvaluationError

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)


def code(raised: pytest.ExceptionInfo[EvaluationError]) -> str:
    return raised.value.code


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.50", "1.50"),
        ("-0.00", "0.00"),
        ("1e3", "1000"),
        ("1.5E+2", "150"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0e500", "0"),
        ("0e-500", "0"),
        ("1." + "0" * 80, "1"),
        ("120" + "." + "0" * 80, "120"),
        ("1e59", "1" + "0" * 59),
        ("1e-60", "0." + "0" * 59 + "1"),
    ],
)
def test_decimals_are_read_exactly(text: str, plain: str) -> None:
    assert decimal_text(parse_decimal(text)) == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e60", "overflow"),
        ("1e-61", "overflow"),
        ("1e1000000", "overflow"),
        ("1e-1000000", "overflow"),
        ("1e99999999", "overflow"),
        ("1e100000000", "invalid_argument"),
        ("9" * 61, "overflow"),
        ("0." + "1" * 61, "overflow"),
        ("9" * 300, "invalid_argument"),
        ("", "invalid_argument"),
        ("NaN", "invalid_argument"),
        ("1_000", "invalid_argument"),
        (" 1", "invalid_argument"),
        ("\u0661", "invalid_argument"),
    ],
)
def test_decimals_have_limits(text: str, expected: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        parse_decimal(text)
    assert code(raised) == expected


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_is_finite(number: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        exact_decimal(Decimal(number))
    assert code(raised) == "invalid_argument"


@given(decimals)
def test_exact_decimal_keeps_the_value(number: Decimal) -> None:
    try:
        kept = exact_decimal(number)
    except EvaluationError as error:
        assert error.code == "overflow"
    else:
        assert kept == number
        assert parse_decimal(decimal_text(kept)) == number


@given(
    st.booleans(),
    st.one_of(
        st.integers(0, 10**6), st.integers(0, 10**61), st.integers(0, 99).map(lambda n: n * 10**59)
    ),
    st.integers(-125, 65),
)
def test_a_decimal_in_plain_form_is_found_out_at_once(
    is_negative: bool, digits: int, exponent: int
) -> None:
    number = Decimal(digits).scaleb(exponent, Context(prec=300)).copy_abs()
    number = number.copy_negate() if is_negative else number
    assert number.as_tuple().exponent == exponent
    try:
        expected: object = str(plain_form(number))
    except EvaluationError as error:
        expected = error.message
    try:
        kept: object = str(exact_decimal(number))
    except EvaluationError as error:
        kept = error.message
    assert kept == expected
