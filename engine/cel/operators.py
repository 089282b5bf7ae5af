"""The operators: arithmetic, comparison, `in`, `!` and `-`, on values already evaluated.

Ints and uints are 64 bits wide and overflow is an error; division truncates. Decimals and money
are exact: a quotient that is not is an error.
Source: cel-spec langdef.md; docs/language.md#expressions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, Inexact
from typing import Any, TypeAlias

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import (
    charge_key,
    common_currency,
    compare,
    contains,
    equal,
)
from gatewright.engine.decimals import MAX_DIGITS, PLAIN, exact_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    Duration,
    Map,
    Money,
    Timestamp,
    Uint,
    Value,
    a_kind,
    int64,
    kind_of,
)

Operation: TypeAlias = Callable[[Any, Any], Value]

_EXACT = Context(prec=4 * MAX_DIGITS)
_QUOTIENT = Context(prec=MAX_DIGITS, traps=[Inexact])


def apply(operator: str, left: Value, right: Value, budget: Budget) -> Value:
    """Return `left operator right`; raises EvaluationError where the operator has no answer."""
    if operator in ("==", "!="):
        return equal(left, right, budget) is (operator == "==")
    if operator == "in":
        return is_in(left, right, budget)
    if operator in _ORDERS:
        return _ordered(operator, left, right, budget)
    return _arithmetic(operator, left, right, budget)


def is_in(value: Value, container: Value, budget: Budget) -> bool:
    """Tell whether a list has the value, or a map the key."""
    if isinstance(container, tuple):
        return contains(container, value, budget)
    if isinstance(container, Map):
        charge_key(value, budget)
        return value in container
    raise EvaluationError("type_mismatch", f"`in` needs a list or a map, not {a_kind(container)}")


_ORDERS: Mapping[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _ordered(operator: str, left: Value, right: Value, budget: Budget) -> bool:
    order = compare(left, right, budget)
    return order is not None and _ORDERS[operator](order)


def negate(value: Value) -> Value:
    """Return `-value`."""
    if isinstance(value, Money):
        return Money(value.amount.copy_negate(), value.currency)
    if isinstance(value, Duration):
        return Duration(-value.nanos)
    if isinstance(value, (float, Decimal)):
        return -value if isinstance(value, float) else exact_decimal(value.copy_negate())
    if kind_of(value) == "int" and isinstance(value, int):
        return int64(-value)
    raise EvaluationError("type_mismatch", f"`-` needs a signed number, not {a_kind(value)}")


def invert(value: Value) -> bool:
    """Return `!value`."""
    if isinstance(value, bool):
        return not value
    raise EvaluationError("type_mismatch", f"`!` needs a bool, not {a_kind(value)}")


def operation(operator: str, left: str, right: str) -> Operation | None:
    """Return what an arithmetic operator does with two kinds of values, uncharged."""
    return _ARITHMETIC.get((operator, left, right))


# --- arithmetic -------------------------------------------------------------------------------


def _arithmetic(operator: str, left: Value, right: Value, budget: Budget) -> Value:
    for side in (left, right):
        if isinstance(side, (str, bytes)):
            budget.charge_text(len(side))
        elif isinstance(side, tuple):
            budget.charge(len(side))
    operation = _ARITHMETIC.get((operator, kind_of(left), kind_of(right)))
    if operation is None:
        raise EvaluationError(
            "type_mismatch", f"`{operator}` does not take {a_kind(left)} and {a_kind(right)}"
        )
    return operation(left, right)


def _divide_ints(left: int, right: int) -> int:
    if right == 0:
        raise division_by_zero()
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _int_remainder(left: int, right: int) -> int:
    int64(_divide_ints(left, right))
    return left - right * _divide_ints(left, right)


def _uint_remainder(left: int, right: int) -> Uint:
    return Uint(left - right * _divide_ints(left, right))


def _divide_doubles(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or left != left:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def division_by_zero() -> EvaluationError:
    """Return the error of a division by zero."""
    return EvaluationError("divide_by_zero", "division by zero")


# HOT: benchmarks/past.py, a sum of past amounts with this one.
def _add_decimals(left: Decimal | int, right: Decimal | int) -> Decimal:
    try:
        return PLAIN.add(left, right)
    except ArithmeticError:
        return exact_decimal(_EXACT.add(left, right))


def _subtract_decimals(left: Decimal | int, right: Decimal | int) -> Decimal:
    try:
        return PLAIN.subtract(left, right)
    except ArithmeticError:
        return exact_decimal(_EXACT.subtract(left, right))


def _multiply_decimals(left: Decimal | int, right: Decimal | int) -> Decimal:
    return exact_decimal(_EXACT.multiply(left, right))


def _divide_decimals(left: Decimal | int, right: Decimal | int) -> Decimal:
    if not right:
        raise division_by_zero()
    try:
        return exact_decimal(_QUOTIENT.divide(left, right))
    except Inexact:
        raise EvaluationError(
            "inexact",
            'the quotient is not exact: use `divide(x, y, 2, "half_even")` and say how to round',
        ) from None


def _decimal_remainder(left: Decimal | int, right: Decimal | int) -> Decimal:
    if not right:
        raise division_by_zero()
    return exact_decimal(_EXACT.remainder(left, right))


def _add_money(left: Money, right: Money) -> Money:
    return Money.known(_add_decimals(left.amount, right.amount), common_currency(left, right))


def _subtract_money(left: Money, right: Money) -> Money:
    return Money.known(_subtract_decimals(left.amount, right.amount), common_currency(left, right))


def _scale_money(money: Money, factor: Decimal | int) -> Money:
    return Money(_multiply_decimals(money.amount, factor), money.currency)


def _divide_money(money: Money, divisor: Decimal | int) -> Money:
    return Money(_divide_decimals(money.amount, divisor), money.currency)


def _money_ratio(left: Money, right: Money) -> Decimal:
    common_currency(left, right)
    return _divide_decimals(left.amount, right.amount)


def _concatenate(left: Any, right: Any) -> Value:
    joined: Value = left + right
    return joined


_ARITHMETIC: dict[tuple[str, str, str], Operation] = {
    ("+", "int", "int"): lambda a, b: int64(a + b),
    ("-", "int", "int"): lambda a, b: int64(a - b),
    ("*", "int", "int"): lambda a, b: int64(a * b),
    ("/", "int", "int"): lambda a, b: int64(_divide_ints(a, b)),
    ("%", "int", "int"): _int_remainder,
    ("+", "uint", "uint"): lambda a, b: Uint(a + b),
    ("-", "uint", "uint"): lambda a, b: Uint(a - b),
    ("*", "uint", "uint"): lambda a, b: Uint(a * b),
    ("/", "uint", "uint"): lambda a, b: Uint(_divide_ints(a, b)),
    ("%", "uint", "uint"): _uint_remainder,
    ("+", "double", "double"): lambda a, b: float(a + b),
    ("-", "double", "double"): lambda a, b: float(a - b),
    ("*", "double", "double"): lambda a, b: float(a * b),
    ("/", "double", "double"): _divide_doubles,
    ("+", "string", "string"): _concatenate,
    ("+", "bytes", "bytes"): _concatenate,
    ("+", "list", "list"): _concatenate,
    ("+", "timestamp", "duration"): lambda a, b: Timestamp(a.nanos + b.nanos),
    ("+", "duration", "timestamp"): lambda a, b: Timestamp(a.nanos + b.nanos),
    ("+", "duration", "duration"): lambda a, b: Duration(a.nanos + b.nanos),
    ("-", "timestamp", "timestamp"): lambda a, b: Duration(a.nanos - b.nanos),
    ("-", "timestamp", "duration"): lambda a, b: Timestamp(a.nanos - b.nanos),
    ("-", "duration", "duration"): lambda a, b: Duration(a.nanos - b.nanos),
    ("+", "money", "money"): _add_money,
    ("-", "money", "money"): _subtract_money,
    ("/", "money", "money"): _money_ratio,
}

_EXACT_ARITHMETIC: Mapping[str, Operation] = {
    "+": _add_decimals,
    "-": _subtract_decimals,
    "*": _multiply_decimals,
    "/": _divide_decimals,
    "%": _decimal_remainder,
}
_EXACT_KINDS = ("decimal", "int", "uint")

for _kind in _EXACT_KINDS:
    for _operator, _operation in _EXACT_ARITHMETIC.items():
        _ARITHMETIC[_operator, "decimal", _kind] = _operation
        _ARITHMETIC[_operator, _kind, "decimal"] = _operation
    _ARITHMETIC["*", "money", _kind] = _scale_money
    _ARITHMETIC["*", _kind, "money"] = lambda factor, money: _scale_money(money, factor)
    _ARITHMETIC["/", "money", _kind] = _divide_money
