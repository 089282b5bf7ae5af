"""Explicit rounding: `round(x, scale, mode)` and `divide(x, y, scale, mode)`.

Both are computed on fractions and rounded once. Source: docs/language.md#expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from fractions import Fraction

from gatewright.engine.cel.comparison import common_currency
from gatewright.engine.cel.operators import division_by_zero
from gatewright.engine.cel.registry import Library
from gatewright.engine.decimals import MAX_DIGITS, exact_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Money

LIBRARY = Library()

_WIDE = Context(prec=4 * MAX_DIGITS)

_HALF = Fraction(1, 2)

# How a magnitude `whole + rest` (0 < rest < 1) is rounded: does it go up to `whole + 1`?
_GOES_UP: Mapping[str, Callable[[int, Fraction, bool], bool]] = {
    "half_even": lambda whole, rest, negative: rest > _HALF or (rest == _HALF and whole % 2 == 1),
    "half_up": lambda whole, rest, negative: rest >= _HALF,
    "half_down": lambda whole, rest, negative: rest > _HALF,
    "up": lambda whole, rest, negative: True,
    "down": lambda whole, rest, negative: False,
    "ceiling": lambda whole, rest, negative: not negative,
    "floor": lambda whole, rest, negative: negative,
}
MODES = tuple(_GOES_UP)
"""The names of the ways to round."""


@LIBRARY.function("round", "decimal|int|uint", "int", "string")
def round_number(number: Decimal | int, scale: int, mode: str) -> Decimal:
    return rounded(Fraction(number), scale, mode)


@LIBRARY.function("round", "money", "int", "string")
def round_money(money: Money, scale: int, mode: str) -> Money:
    return Money(rounded(Fraction(money.amount), scale, mode), money.currency)


@LIBRARY.function("divide", "decimal|int|uint", "decimal|int|uint", "int", "string")
def divide_numbers(left: Decimal | int, right: Decimal | int, scale: int, mode: str) -> Decimal:
    return rounded(_quotient(left, right), scale, mode)


@LIBRARY.function("divide", "money", "decimal|int|uint", "int", "string")
def divide_money(money: Money, divisor: Decimal | int, scale: int, mode: str) -> Money:
    return Money(rounded(_quotient(money.amount, divisor), scale, mode), money.currency)


@LIBRARY.function("divide", "money", "money", "int", "string")
def money_ratio(left: Money, right: Money, scale: int, mode: str) -> Decimal:
    common_currency(left, right)
    return rounded(_quotient(left.amount, right.amount), scale, mode)


def _quotient(left: Decimal | int, right: Decimal | int) -> Fraction:
    if not right:
        raise division_by_zero()
    return Fraction(left) / Fraction(right)


def rounded(number: Fraction, scale: int, mode: str) -> Decimal:
    """Return the number with `scale` digits after the point; a negative scale rounds tens.

    Raises EvaluationError `invalid_argument` for an unknown mode or scale, or `overflow`.
    """
    if mode not in _GOES_UP:
        known = ", ".join(MODES)
        raise EvaluationError("invalid_argument", f"the way to round is one of {known}")
    if not -MAX_DIGITS < scale < MAX_DIGITS:
        raise EvaluationError(
            "invalid_argument", f"the scale lies between {1 - MAX_DIGITS} and {MAX_DIGITS - 1}"
        )
    magnitude = abs(number) * Fraction(10) ** scale
    whole, rest = divmod(magnitude, 1)
    if rest and _GOES_UP[mode](whole, rest, number < 0):
        whole += 1
    digits = Decimal(-whole if number < 0 else whole)
    return exact_decimal(digits.scaleb(-scale, context=_WIDE))
