"""Declared types and hints -> Hypothesis strategies of values in the JSON shape of actions.

`gatewright.testing` makes whole actions and histories of them. Needs the package `hypothesis`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from gatewright.dsl import types as t
from gatewright.dsl.checks.constants import Constant, constant
from gatewright.dsl.policy import ActionType, CheckedPolicy
from gatewright.engine.canonical import to_json
from gatewright.engine.policy_tests.comparisons import beside, has_steps
from gatewright.engine.policy_tests.given import DEFAULT_NOW
from gatewright.engine.policy_tests.hints import Hints, Path, hints, run_time_value
from gatewright.engine.reading.conform import TypeReader
from gatewright.engine.reading.freeze import Freezer
from gatewright.engine.reading.problems import ActionError, Place
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    Duration,
    Map,
    Money,
    Timestamp,
    Value,
)

try:
    from hypothesis import strategies as st
except ImportError as missing:
    raise ImportError("gatewright.testing needs the package `hypothesis`") from missing

__all__ = ["DAY_S", "Drawing", "Strategy", "bound_of", "fits", "near_now", "st"]

Strategy: TypeAlias = "st.SearchStrategy[Any]"

DAY_S = 86_400
_SECOND = 10**9
_MOST_DAYS = 60
_CURRENCIES = ("USD", "EUR", "JPY")
_LONGEST_LIST = 50
# A few characters of every kind that programs confuse: all of Unicode would take long to draw
# from, and normal form may change how long a text is.
_CHARACTERS = "abcxyzABC0189 .,-_@/\"'{}\n\u00e9\u00df\u0131\u0436\u65e5\u200b\U0001f600"
_TEXTS = st.text(_CHARACTERS, max_size=12)


def fits(data: object, declared: t.FieldType) -> bool:
    """Tell whether data of the JSON shape fits a field: its type, and its bound if it has one."""
    try:
        value = Freezer().value(data, Place("value"))
    except ActionError:
        return False
    reader = TypeReader()
    record = t.RecordType("value", (("value", declared),))
    reader.fields(Map.of({"value": value}), record, Place("value"))
    return not reader.problems


def bound_of(declared: t.FieldType, policy: CheckedPolicy, action: ActionType) -> Constant | None:
    """Return the constant that bounds a field, if there is one."""
    if declared.refinement is None:
        return None
    lets = {name: let.value for name, let in policy.packages[action.package].lets.items()}
    return constant(declared.refinement.bound, lets)


class Drawing:
    """Strategies for the values of one declared action."""

    def __init__(self, policy: CheckedPolicy, action: ActionType) -> None:
        self._policy = policy
        self._action = action
        self.hints: Hints = hints(policy, action.name)

    # --- records and fields

    def record(self, record: t.RecordType, path: Path) -> Strategy:
        """Draw an object: optional fields may be missing."""
        strategies = {name: self.field(of, (*path, name)) for name, of in record.fields}
        optional = {name for name, of in record.fields if of.optional}
        return st.fixed_dictionaries(
            {name: one for name, one in strategies.items() if name not in optional},
            optional={name: strategies[name] for name in optional},
        )

    def field(self, declared: t.FieldType, path: Path) -> Strategy:
        """Draw a value that fits the type of a field, and its bound."""
        bound = bound_of(declared, self._policy, self._action)
        near: list[Value] = list(self.hints.values.get(path, ()))
        if bound is not None:
            around = [beside(bound, -1), beside(bound, 1)] if has_steps(bound) else []
            near += [run_time_value(one) for one in (bound, *around)]
        leaning = [one for hint in near if fits(one := _as_json(hint, declared.type), declared)]
        limits = _limits(declared, bound)
        strategy = _lean(leaning, self._value(declared.type, path, *limits))
        if declared.refinement is None:
            return strategy
        return strategy.filter(lambda data: fits(data, declared))

    def loose(self, path: Path) -> Strategy:
        """Draw a value of no declared type, such as an attribute of an agent."""
        return self.field(t.FieldType(t.ANY), path)

    def _value(
        self, of: t.Type, path: Path, low: Decimal | None = None, high: Decimal | None = None
    ) -> Strategy:
        match of:
            case t.EnumType(values):
                return st.sampled_from(values)
            case t.StringType(longest):
                return self._text(longest, path)
            case t.MoneyType(currency):
                return _money(currency, low, high)
            case t.ListType(element):
                return self._list(element, path)
            case t.MapType(key, value):
                return st.dictionaries(_key(key), self._value(value, (*path, "*")), max_size=3)
            case t.RecordType():
                return self.record(of, path)
            case t.Scalar(name):
                return _SCALARS[name](low, high)
            case _:
                raise AssertionError(f"no field is of type {of}")

    def _text(self, longest: int | None, path: Path) -> Strategy:
        sizes = [*self.hints.sizes.get(path, ())]
        sizes += [longest, longest - 1] if longest is not None else []
        possible = sorted({n for n in sizes if longest is None or n <= longest})
        most = min(12, longest) if longest is not None else 12
        return _lean(["x" * n for n in possible], st.text(_CHARACTERS, max_size=most))

    def _list(self, element: t.Type, path: Path) -> Strategy:
        items = self._value(element, (*path, "*"))
        sizes = [n for n in self.hints.sizes.get(path, ()) if n <= _LONGEST_LIST]
        exact = [st.lists(items, min_size=n, max_size=n) for n in sizes]
        return st.one_of(*exact, st.lists(items, max_size=3))


def near_now(hinted: Iterable[Value]) -> Strategy:
    """Draw the text of an instant: the usual one of tests, a hinted one, or one days from it."""
    leaning = [hint.text for hint in hinted if isinstance(hint, Timestamp)]
    return _lean([DEFAULT_NOW.text, *leaning], _instant(None, None))


def _lean(leaning: Sequence[Any], general: Strategy) -> Strategy:
    return st.one_of(st.sampled_from(leaning), general) if leaning else general


def _as_json(hint: Value, of: t.Type) -> Any:
    """Return a hint as the JSON of a type: decimals are text, doubles numbers."""
    is_number = isinstance(hint, int | float | Decimal) and not isinstance(hint, bool)
    if is_number and of == t.DECIMAL:
        return str(hint)
    return float(hint) if isinstance(hint, Decimal) and of == t.DOUBLE else to_json(hint)


def _limits(declared: t.FieldType, bound: Constant | None) -> tuple[Decimal | None, Decimal | None]:
    """Return the least and greatest number that a bound allows, where it is one."""
    if bound is None or declared.refinement is None or not has_steps(bound):
        return None, None
    assert isinstance(bound.value, int | Decimal)  # noqa: S101 - what has steps is a number
    number = Decimal(bound.value)
    operator = declared.refinement.operator
    low = number if operator in (">", ">=", "==") else None
    high = number if operator in ("<", "<=", "==") else None
    return low, high


# --- values by type; `low` and `high` are in nanoseconds for times


def _whole(least: int, most: int) -> Callable[[Decimal | None, Decimal | None], Strategy]:
    """Draw small numbers as a rule, and any number of the range now and then."""

    def strategy(low: Decimal | None, high: Decimal | None) -> Strategy:
        first = least if low is None else max(least, int(low))
        last = most if high is None else min(most, int(high))
        middle = min(max(0, first), last)
        small = st.integers(max(first, middle - 10), min(last, middle + 1000))
        return st.one_of(small, st.integers(first, last))

    return strategy


def _hundredths(low: Decimal | None, high: Decimal | None) -> st.SearchStrategy[Decimal]:
    """Draw a number with two decimal places."""
    first = -10_000 if low is None else int(low * 100)
    last = max(first, 0) + 1_000_000 if high is None else int(high * 100)
    return st.integers(min(first, last), last).map(lambda n: Decimal(n).scaleb(-2))


def _money(currency: str | None, low: Decimal | None, high: Decimal | None) -> Strategy:
    currencies = st.sampled_from(_CURRENCIES) if currency is None else st.just(currency)
    pairs = st.tuples(_hundredths(low, high), currencies)
    return pairs.map(lambda pair: Money(*pair).text)


def _double(low: Decimal | None, high: Decimal | None) -> Strategy:
    least = None if low is None else float(low)
    most = None if high is None else float(high)
    return st.floats(least, most, allow_nan=False, allow_infinity=False)


def _instant(low: Decimal | None, high: Decimal | None) -> Strategy:
    seconds = st.integers(-_MOST_DAYS * DAY_S, _MOST_DAYS * DAY_S)
    base = DEFAULT_NOW.nanos if low is None and high is None else int(low or high or 0)
    return seconds.map(lambda s: Timestamp(base + s * _SECOND).text)


def _duration(low: Decimal | None, high: Decimal | None) -> Strategy:
    base = int(low or high or 0)
    seconds = st.integers(0 if high is None else -_MOST_DAYS * DAY_S, _MOST_DAYS * DAY_S)
    return seconds.map(lambda s: Duration(base + s * _SECOND).text)


def _key(of: t.Type) -> Strategy:
    """Draw a key of a map, as JSON has it."""
    if of == t.BOOL:
        return st.sampled_from(["true", "false"])
    if of in (t.INT, t.UINT):
        return st.integers(0, 1000).map(str)
    return _TEXTS


_SCALARS: Mapping[str, Callable[[Decimal | None, Decimal | None], Strategy]] = {
    "bool": lambda low, high: st.booleans(),
    "int": _whole(INT_MIN, INT_MAX),
    "uint": _whole(0, UINT_MAX),
    "double": _double,
    "decimal": lambda low, high: _hundredths(low, high).map(str),
    "bytes": lambda low, high: st.binary(max_size=8).map(lambda b: base64.b64encode(b).decode()),
    "timestamp": _instant,
    "duration": _duration,
    "any": lambda low, high: st.one_of(
        st.none(), st.booleans(), st.integers(-1000, 1000), _TEXTS, st.lists(_TEXTS, max_size=2)
    ),
}
