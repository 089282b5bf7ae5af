"""The lists extension: slice, flatten, range, distinct, sort, reverse, first, last.

Source: cel-go ext README, "Lists"; `first` and `last` are of the optional types library.
"""

from __future__ import annotations

from functools import cmp_to_key

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import contains, ordering
from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import NOTHING, OptionalValue, Value

LIBRARY = Library()


@LIBRARY.function("lists.range", "int", metered=True)
def range_(budget: Budget, size: int) -> tuple[int, ...]:
    budget.charge(max(size, 0))
    return tuple(range(size))


@LIBRARY.member("slice", "list", "int", "int")
def slice_(values: tuple[Value, ...], start: int, end: int) -> tuple[Value, ...]:
    if not 0 <= start <= end <= len(values):
        raise EvaluationError("invalid_argument", "the list has no such range")
    return values[start:end]


@LIBRARY.member("flatten", "list", metered=True)
def flatten(budget: Budget, values: tuple[Value, ...]) -> tuple[Value, ...]:
    return flatten_levels(budget, values, 1)


@LIBRARY.member("flatten", "list", "int", metered=True)
def flatten_levels(budget: Budget, values: tuple[Value, ...], levels: int) -> tuple[Value, ...]:
    if levels < 0:
        raise EvaluationError("invalid_argument", "a list is flattened by 0 levels or more")
    # One level a round and not by recursion: lists may nest deeper than the stack.
    while levels > 0 and any(isinstance(value, tuple) for value in values):
        values = _flatten_once(budget, values)
        levels -= 1
    return values


def _flatten_once(budget: Budget, values: tuple[Value, ...]) -> tuple[Value, ...]:
    flat: list[Value] = []
    for value in values:
        inner = value if isinstance(value, tuple) else (value,)
        budget.charge(1 + len(inner))
        flat.extend(inner)
    return tuple(flat)


@LIBRARY.member("distinct", "list", metered=True)
def distinct(budget: Budget, values: tuple[Value, ...]) -> tuple[Value, ...]:
    seen: list[Value] = []
    for value in values:
        if not contains(seen, value, budget):
            seen.append(value)
    return tuple(seen)


@LIBRARY.member("sort", "list", metered=True)
def sort(budget: Budget, values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(sorted(values, key=cmp_to_key(ordering(values, budget))))


@LIBRARY.member("reverse", "list")
def reverse(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return values[::-1]


@LIBRARY.member("first", "list")
def first(values: tuple[Value, ...]) -> OptionalValue:
    return OptionalValue.of(values[0]) if values else NOTHING


@LIBRARY.member("last", "list")
def last(values: tuple[Value, ...]) -> OptionalValue:
    return OptionalValue.of(values[-1]) if values else NOTHING
