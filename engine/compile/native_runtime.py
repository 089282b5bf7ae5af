"""What native code calls: the interpreter's own functions, and guards that ask the interpreter.

Everything here gives what the interpreter gives, or raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cmp_to_key
from typing import NoReturn

from gatewright.engine.cel import functions, operators
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import compare, equal, ordering
from gatewright.engine.compile.native_cost import is_small
from gatewright.engine.values import NOTHING, Map, Money, OptionalValue, Value


class Unsure(Exception):
    """Native code does not know: the interpreter must be asked."""


def unsure() -> NoReturn:
    """Hand over to the interpreter."""
    raise Unsure


def expecting(kind: type[object]) -> Callable[[Value], Value]:
    """Return a guard that lets values of exactly one Python type pass."""

    def guard(value: Value) -> Value:
        if type(value) is not kind:
            raise Unsure
        return value

    return guard


def inexact(value: Value) -> Value:
    """Let pass what a literal beside it need not be exact for."""
    if isinstance(value, (Decimal, Money)):
        raise Unsure
    return value


def small(value: Value) -> Value:
    """Let small values pass."""
    if not is_small(value):
        raise Unsure
    return value


def amount_in(value: Value, currency: str) -> Decimal:
    """Return the amount of money in one currency; an empty sum is nothing in any."""
    if type(value) is not Money or value.currency not in (currency, None):
        raise Unsure
    return value.amount


def equal_values(left: Value, right: Value) -> bool:
    """Return `left == right`."""
    return equal(left, right, Budget())


def operate(operator: str, left: Value, right: Value) -> Value:
    """Return `left operator right`."""
    return operators.apply(operator, left, right, Budget())


def between(value: Value, low: Value, high: Value) -> bool:
    """Return `value in low .. high`."""
    above, below = compare(low, value, Budget()), compare(value, high, Budget())
    return above is not None and below is not None and above <= 0 and below <= 0


def call(name: str, is_member: bool, *arguments: Value) -> Value:
    """Call a function of the interpreter."""
    return functions.call(name, is_member, arguments, Budget())


def only(named: Value, allowed: frozenset[str]) -> bool:
    """Answer `changes.only([...])`, given `changes.fields`."""
    if not isinstance(named, tuple):
        raise Unsure
    return bool(named) and allowed.issuperset(named)


# --- optional values --------------------------------------------------------------------------


def content(value: Value) -> tuple[Value, ...]:
    """Return what `?x` adds to a list."""
    if not isinstance(value, OptionalValue):
        raise Unsure
    return (value.content,) if value.present else ()


def or_value(value: Value, other: Callable[[], Value]) -> Value:
    """Return `value.orValue(other)`."""
    if not isinstance(value, OptionalValue):
        raise Unsure
    return value.content if value.present else other()


def or_other(value: Value, other: Callable[[], Value]) -> Value:
    """Return `value.or(other)`."""
    if not isinstance(value, OptionalValue):
        raise Unsure
    chosen = value if value.present else other()
    if not isinstance(chosen, OptionalValue):
        raise Unsure
    return chosen


def opt_map(value: Value, body: Callable[[Value], Value]) -> Value:
    """Return `value.optMap(x, body)`."""
    if not isinstance(value, OptionalValue):
        raise Unsure
    return OptionalValue.of(body(value.content)) if value.present else NOTHING


def opt_flat_map(value: Value, body: Callable[[Value], Value]) -> Value:
    """Return `value.optFlatMap(x, body)`."""
    if not isinstance(value, OptionalValue):
        raise Unsure
    result = body(value.content) if value.present else NOTHING
    if not isinstance(result, OptionalValue):
        raise Unsure
    return result


# --- comprehensions ---------------------------------------------------------------------------


def elements(target: Value) -> Iterable[Value]:
    """Return what a macro with one name goes through: elements, or keys."""
    if not isinstance(target, (tuple, Map)):
        raise Unsure
    return target


def pairs(target: Value) -> Iterator[tuple[Value, Value]]:
    """Return what a macro with two names goes through: index or key, and value."""
    if isinstance(target, tuple):
        return iter(enumerate(target))
    if not isinstance(target, Map):
        raise Unsure
    return iter(target.items())


def sorted_by(keyed: list[tuple[Value, Value]]) -> tuple[Value, ...]:
    """Return the second values in the order of the first."""
    order = ordering(tuple(key for key, _ in keyed), Budget())
    in_order = cmp_to_key(order)
    return tuple(element for _, element in sorted(keyed, key=lambda pair: in_order(pair[0])))
