"""Optional values: optional.of, none, ofNonZeroValue, hasValue, value, unwrap.

`or` and `orValue` are lazy and so belong to the evaluator. Source: cel-go, optional types library.
"""

from __future__ import annotations

from decimal import Decimal

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    NOTHING,
    Duration,
    Map,
    Money,
    OptionalValue,
    Value,
    a_kind,
)

LIBRARY = Library()


@LIBRARY.function("optional.of", "any")
def of(value: Value) -> OptionalValue:
    return OptionalValue.of(value)


@LIBRARY.function("optional.none")
def none() -> OptionalValue:
    return NOTHING


@LIBRARY.function("optional.ofNonZeroValue", "any")
def of_non_zero_value(value: Value) -> OptionalValue:
    return NOTHING if _is_zero(value) else OptionalValue.of(value)


def _is_zero(value: Value) -> bool:
    """Tell whether a value is null, false, zero or empty."""
    if isinstance(value, Duration):
        return value.nanos == 0
    if isinstance(value, Money):
        return not value.amount
    plain = (type(None), bool, int, float, str, bytes, tuple, Map, Decimal)
    return isinstance(value, plain) and not value


@LIBRARY.member("hasValue", "optional")
def has_value(optional: OptionalValue) -> bool:
    return optional.present


@LIBRARY.member("value", "optional")
def value_of(optional: OptionalValue) -> Value:
    if not optional.present:
        raise EvaluationError("invalid_argument", "the optional has no value")
    return optional.content


@LIBRARY.function("optional.unwrap", "list", metered=True)
@LIBRARY.member("unwrapOpt", "list", metered=True)
def unwrap(budget: Budget, optionals: tuple[Value, ...]) -> tuple[Value, ...]:
    budget.charge(len(optionals))
    contents: list[Value] = []
    for optional in optionals:
        if not isinstance(optional, OptionalValue):
            raise EvaluationError(
                "type_mismatch", f"`unwrap` needs optionals, not {a_kind(optional)}"
            )
        if optional.present:
            contents.append(optional.content)
    return tuple(contents)
