"""The math extension: greatest, least, abs, ceil, round, sign, bit operations, ...

Functions of one kind answer in that kind. `abs`, `sign`, `greatest` and `least` take decimals and
money too. Source: cel-go ext README, "Math".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import compare
from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import INT_MAX, UINT_MAX, Money, Uint, Value, a_kind, int64, kind_of

LIBRARY = Library()

_NUMERIC = "int|uint|double|decimal|money"


@LIBRARY.function("math.greatest", "list", metered=True)
def greatest_of_list(budget: Budget, values: tuple[Value, ...]) -> Value:
    return _extreme(budget, values, 1)


@LIBRARY.function("math.least", "list", metered=True)
def least_of_list(budget: Budget, values: tuple[Value, ...]) -> Value:
    return _extreme(budget, values, -1)


@LIBRARY.function("math.greatest", _NUMERIC, variadic=True, metered=True)
def greatest(budget: Budget, *values: Value) -> Value:
    return _extreme(budget, values, 1)


@LIBRARY.function("math.least", _NUMERIC, variadic=True, metered=True)
def least(budget: Budget, *values: Value) -> Value:
    return _extreme(budget, values, -1)


def _extreme(budget: Budget, values: tuple[Value, ...], direction: int) -> Value:
    """Return the first of the largest (direction 1) or smallest (-1) values."""
    budget.charge(len(values))
    if not values:
        raise EvaluationError("invalid_argument", "an empty list has no greatest or least number")
    best = values[0]
    for value in values:
        if kind_of(value) not in _NUMERIC.split("|"):
            raise EvaluationError("type_mismatch", f"a number is needed, not {a_kind(value)}")
        order = compare(value, best, budget)
        if order is None:
            raise EvaluationError("invalid_argument", "NaN has no place in an order")
        best = value if order == direction else best
    return best


@LIBRARY.function("math.abs", "int")
def abs_int(value: int) -> int:
    return int64(abs(value))


@LIBRARY.function("math.abs", "uint")
def abs_uint(value: Uint) -> Uint:
    return value


@LIBRARY.function("math.abs", "double")
def abs_double(value: float) -> float:
    return abs(value)


@LIBRARY.function("math.abs", "decimal")
def abs_decimal(value: Decimal) -> Decimal:
    return value.copy_abs()


@LIBRARY.function("math.abs", "money")
def abs_money(value: Money) -> Money:
    return Money(value.amount.copy_abs(), value.currency)


@LIBRARY.function("math.sign", "int")
def sign_int(value: int) -> int:
    return (value > 0) - (value < 0)


@LIBRARY.function("math.sign", "uint")
def sign_uint(value: int) -> Uint:
    return Uint(value > 0)


@LIBRARY.function("math.sign", "double")
def sign_double(value: float) -> float:
    return float((value > 0) - (value < 0)) if value == value else value


@LIBRARY.function("math.sign", "decimal")
def sign_decimal(value: Decimal) -> int:
    return (value > 0) - (value < 0)


@LIBRARY.function("math.sign", "money")
def sign_money(value: Money) -> int:
    return sign_decimal(value.amount)


def _whole(to_int: Callable[[float], int], value: float) -> float:
    """Apply a rounding to int, which Python refuses for NaN and the infinities."""
    if not math.isfinite(value):
        return value
    return math.copysign(float(to_int(value)), value)


@LIBRARY.function("math.ceil", "double")
def ceil(value: float) -> float:
    return _whole(math.ceil, value)


@LIBRARY.function("math.floor", "double")
def floor(value: float) -> float:
    return _whole(math.floor, value)


@LIBRARY.function("math.trunc", "double")
def trunc(value: float) -> float:
    return _whole(math.trunc, value)


@LIBRARY.function("math.round", "double")
def round_(value: float) -> float:
    return _whole(_half_away_from_zero, value)


def _half_away_from_zero(value: float) -> int:
    whole = math.trunc(value)
    # The fraction of a double is exact, so that 0.49999999999999994 does not become 1.
    return whole + int(math.copysign(1, value)) if abs(value - whole) >= 0.5 else whole


@LIBRARY.function("math.isNaN", "double")
def is_nan(value: float) -> bool:
    return math.isnan(value)


@LIBRARY.function("math.isInf", "double")
def is_inf(value: float) -> bool:
    return math.isinf(value)


@LIBRARY.function("math.isFinite", "double")
def is_finite(value: float) -> bool:
    return math.isfinite(value)


@LIBRARY.function("math.sqrt", "int|uint|double")
def sqrt(value: float) -> float:
    return math.nan if value < 0 else math.sqrt(value)


# --- bits: ints are 64 bits in two's complement ---------------------------------------------------


def _signed(bits: int) -> int:
    bits &= UINT_MAX
    return bits if bits <= INT_MAX else bits - UINT_MAX - 1


@LIBRARY.function("math.bitAnd", "int", "int")
def bit_and(left: int, right: int) -> int:
    return left & right


@LIBRARY.function("math.bitAnd", "uint", "uint")
def bit_and_uint(left: int, right: int) -> Uint:
    return Uint(left & right)


@LIBRARY.function("math.bitOr", "int", "int")
def bit_or(left: int, right: int) -> int:
    return left | right


@LIBRARY.function("math.bitOr", "uint", "uint")
def bit_or_uint(left: int, right: int) -> Uint:
    return Uint(left | right)


@LIBRARY.function("math.bitXor", "int", "int")
def bit_xor(left: int, right: int) -> int:
    return left ^ right


@LIBRARY.function("math.bitXor", "uint", "uint")
def bit_xor_uint(left: int, right: int) -> Uint:
    return Uint(left ^ right)


@LIBRARY.function("math.bitNot", "int")
def bit_not(value: int) -> int:
    return ~value


@LIBRARY.function("math.bitNot", "uint")
def bit_not_uint(value: int) -> Uint:
    return Uint(value ^ UINT_MAX)


@LIBRARY.function("math.bitShiftLeft", "int", "int")
def shift_left(value: int, places: int) -> int:
    return _signed(value << _places(places))


@LIBRARY.function("math.bitShiftLeft", "uint", "int")
def shift_left_uint(value: int, places: int) -> Uint:
    return Uint((value << _places(places)) & UINT_MAX)


@LIBRARY.function("math.bitShiftRight", "int", "int")
def shift_right(value: int, places: int) -> int:
    # Vacant bits are zero: the sign is not kept.
    return _signed((value & UINT_MAX) >> _places(places))


@LIBRARY.function("math.bitShiftRight", "uint", "int")
def shift_right_uint(value: int, places: int) -> Uint:
    return Uint(value >> _places(places))


def _places(places: int) -> int:
    if places < 0:
        raise EvaluationError("invalid_argument", "bits are shifted by 0 places or more")
    return min(places, 64)
