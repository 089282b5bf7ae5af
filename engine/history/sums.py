"""Sums over a field: of which kind they are, and their exact value.

An empty sum is zero of the field's type. Source: docs/language.md#history.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final

from gatewright.dsl.types import ANY, EnumType, MoneyType, RecordType, StringType, Type
from gatewright.engine.decimals import MAX_DIGITS, exact_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.problems import shown
from gatewright.engine.values import Duration, Money, Uint, Value, int64, kind_of

EXACT: Final = Context(prec=4 * MAX_DIGITS)
"""Wide enough that no sum of decimals is rounded."""

SUMMABLE = ("int", "uint", "double", "decimal", "money", "duration")
"""The kinds of values that have a sum."""


def kind_of_type(declared: Type) -> str:
    """Return the run-time kind of a type's values."""
    if isinstance(declared, (StringType, EnumType)):
        return "string"
    if isinstance(declared, RecordType):
        return "map"
    return str(declared).partition("(")[0].partition("<")[0]


def kind_of_sum(declared: Type, kinds: Iterable[str], name: str) -> str:
    """Return the one kind of number that is summed; `kinds` are those of the values."""
    several = set(kinds) if declared == ANY else {kind_of_type(declared)}
    kind = several.pop() if several else "int"
    if several or kind not in SUMMABLE:
        what = "values of several kinds" if several else f"values of type {kind}"
        raise EvaluationError("type_mismatch", f"{shown(name)} has {what}: they have no sum")
    return kind


def sum_values(values: list[Value], declared: Type, name: str) -> Value:
    """Sum the values of a field; raises EvaluationError, `currency_mismatch` and `overflow` too."""
    kind = kind_of_sum(declared, map(kind_of, values), name)
    if kind == "money":
        amounts = [v for v in values if isinstance(v, Money)]
        summed = _sum_decimals([amount.amount for amount in amounts])
        return money_sum(summed, (amount.currency or "" for amount in amounts), declared)
    if kind == "decimal":
        return exact_decimal(_sum_decimals([v for v in values if isinstance(v, Decimal)]))
    if kind == "double":
        return _sum_doubles([v for v in values if isinstance(v, float)])
    if kind == "duration":
        return whole_sum(sum(v.nanos for v in values if isinstance(v, Duration)), kind)
    return whole_sum(sum(v for v in values if isinstance(v, int)), kind)


def whole_sum(total: int, kind: str) -> Value:
    """Return a sum of ints, uints, or durations in nanoseconds."""
    if kind == "duration":
        return Duration(total)
    return Uint(total) if kind == "uint" else int64(total)


def money_sum(total: Decimal, currencies: Iterable[str], declared: Type) -> Money:
    """Return a sum of money; `currencies` are those of the amounts."""
    several = sorted(set(currencies))
    if len(several) > 1:
        raise EvaluationError(
            "currency_mismatch", "the past actions have several currencies: they have no sum"
        )
    empty = declared.currency if isinstance(declared, MoneyType) else None
    return Money(total, several[0] if several else empty)


def double_sum(total: int, unit: int) -> float:
    """Return the double that is nearest to a quotient."""
    try:
        return total / unit
    except OverflowError:
        raise EvaluationError("overflow", "the sum does not fit a double") from None


def _sum_decimals(numbers: list[Decimal]) -> Decimal:
    summed = Decimal(0)
    for number in numbers:
        summed = EXACT.add(summed, number)
    return summed


def _sum_doubles(numbers: list[float]) -> float:
    # Late, since few sums are of doubles.
    from fractions import Fraction

    if all(map(math.isfinite, numbers)):
        total = sum(map(Fraction, numbers), Fraction(0))
        return double_sum(total.numerator, total.denominator)
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):
        raise EvaluationError("overflow", "the sum does not fit a double") from None
