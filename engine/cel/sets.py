"""The sets extension: lists compared as sets. Source: cel-go ext README, "Sets"."""

from __future__ import annotations

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import contains
from gatewright.engine.cel.registry import Library
from gatewright.engine.values import Value

LIBRARY = Library()


@LIBRARY.function("sets.contains", "list", "list", metered=True)
def contains_all(budget: Budget, values: tuple[Value, ...], wanted: tuple[Value, ...]) -> bool:
    return all(contains(values, value, budget) for value in wanted)


@LIBRARY.function("sets.equivalent", "list", "list", metered=True)
def equivalent(budget: Budget, left: tuple[Value, ...], right: tuple[Value, ...]) -> bool:
    return contains_all(budget, left, right) and contains_all(budget, right, left)


@LIBRARY.function("sets.intersects", "list", "list", metered=True)
def intersects(budget: Budget, left: tuple[Value, ...], right: tuple[Value, ...]) -> bool:
    return any(contains(left, value, budget) for value in right)
