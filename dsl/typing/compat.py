"""How types go together: what fits where, what can be compared, what two types have in common.

Pure functions of types; knows neither syntax trees nor messages. `any` fits everything and is
checked when a condition runs; `unknown` fits too, because it was reported already.
Source: docs/language.md#expressions, #declarations.
"""

from __future__ import annotations

from enum import IntEnum

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass, field

NUMBERS = frozenset({t.INT, t.UINT, t.DOUBLE, t.DECIMAL})
"""The types of plain numbers. Money is not one of them."""

ORDERED = NUMBERS | {t.BOOL, t.BYTES, t.TIMESTAMP, t.DURATION}
_NOT_VALUES = (t.HistoryType, t.CalendarType, t.ChangesType)
_ONE_PART = (t.ListType, t.OptionalType)
_NESTED = (*_ONE_PART, t.MapType)
_MAX_DEPTH = 40


class Fit(IntEnum):
    """How well a type fits: not, only as far as a run will tell, or for sure."""

    NO = 0
    DYNAMIC = 1
    YES = 2


@dataclass(slots=True)
class Bindings:
    """What the parameters of one signature stand for in one call.

    All `money` of a signature is of one currency; `currencies` collects those that were given.
    """

    variables: dict[str, t.Type] = field(default_factory=dict[str, t.Type])
    currencies: list[str] = field(default_factory=list[str])

    def bind(self, name: str, actual: t.Type) -> Fit:
        """Let a parameter stand for `actual` too, as far as that has something in common."""
        before = self.variables.get(name)
        joined = actual if before is None else join(before, actual)
        if joined is None:
            return Fit.NO
        self.variables[name] = joined
        return Fit.DYNAMIC if is_dynamic(joined) else Fit.YES

    def bind_currency(self, currency: str | None) -> Fit:
        """Take up the currency of an argument; None is one that only a run will tell."""
        if currency is None:
            return Fit.YES
        self.currencies.append(currency)
        return Fit.YES if len(set(self.currencies)) == 1 else Fit.NO

    def substitute(self, result: t.Type) -> t.Type:
        """Return a result type with its parameters replaced; an unbound one is any."""
        match result:
            case t.TypeVariable(name):
                return self.variables.get(name, t.ANY)
            case t.ListType(element):
                return list_of(self.substitute(element))
            case t.OptionalType(element):
                return optional_of(self.substitute(element))
            case t.MapType(key, value):
                return map_of(self.substitute(key), self.substitute(value))
            case t.MoneyType(None):
                return t.MoneyType(self.currencies[0]) if self.currencies else t.MONEY
            case _:
                return result


def is_dynamic(kind: t.Type) -> bool:
    """Tell whether only a run will tell the type, or it was reported as wrong."""
    return isinstance(kind, t.Scalar) and kind in (t.ANY, t.UNKNOWN)


def fits(actual: t.Type, expected: t.Type, bindings: Bindings) -> Fit:
    """Tell whether a value of type `actual` can stand where `expected` is wanted."""
    if isinstance(expected, t.CalendarType):
        return Fit.YES if isinstance(actual, t.CalendarType) else _dynamic(actual)
    if isinstance(actual, _NOT_VALUES):
        return Fit.NO
    if isinstance(expected, t.TypeVariable):
        return bindings.bind(expected.name, actual)
    if expected == t.ANY:
        return Fit.YES
    if is_dynamic(actual) or expected == t.UNKNOWN:
        return Fit.DYNAMIC
    match expected, actual:
        case t.StringType(), t.StringType() | t.EnumType():
            return Fit.YES
        case t.EnumType(), t.StringType():
            return Fit.DYNAMIC
        case t.EnumType(wanted), t.EnumType(given):
            common = set(wanted) & set(given)
            return Fit.NO if not common else Fit.YES if common == set(given) else Fit.DYNAMIC
        case t.MoneyType(None), t.MoneyType(currency):
            return bindings.bind_currency(currency)
        case t.MoneyType(wanted), t.MoneyType(given):
            return Fit.DYNAMIC if given is None else Fit.YES if given == wanted else Fit.NO
        case t.ListType(wanted), t.ListType(given):
            return fits(given, wanted, bindings)
        case t.OptionalType(wanted), t.OptionalType(given):
            return fits(given, wanted, bindings)
        case t.MapType(key, value), t.MapType(given_key, given_value):
            return min(fits(given_key, key, bindings), fits(given_value, value, bindings))
        case t.MapType(key, value), t.RecordType():
            return min(fits(t.STRING, key, bindings), fits(t.ANY, value, bindings))
        case t.RecordType(), t.MapType(key, _):
            return min(fits(key, t.STRING, bindings), Fit.DYNAMIC)
        case _:
            return Fit.YES if actual == expected else Fit.NO


def _dynamic(actual: t.Type) -> Fit:
    return Fit.DYNAMIC if is_dynamic(actual) else Fit.NO


def join(a: t.Type, b: t.Type) -> t.Type | None:
    """Return the type of a value that is of one type or the other; None where none is common.

    >>> str(join(t.ListType(t.MoneyType("USD")), t.ListType(t.MoneyType("EUR"))))
    'list<money>'
    """
    if a is b or a == b:
        return a
    if t.UNKNOWN in (a, b):
        return t.UNKNOWN
    if t.ANY in (a, b) or t.NULL in (a, b):
        return t.ANY
    match a, b:
        case t.StringType(x), t.StringType(y):
            return t.StringType(None if x is None or y is None else max(x, y))
        case t.EnumType(x), t.EnumType(y):
            return t.EnumType(tuple(sorted({*x, *y})))
        case (t.EnumType(), t.StringType()) | (t.StringType(), t.EnumType()):
            return t.STRING
        case t.MoneyType(), t.MoneyType():
            return t.MONEY
        case t.ListType(x), t.ListType(y):
            element = join(x, y)
            return None if element is None else t.ListType(element)
        case t.OptionalType(x), t.OptionalType(y):
            element = join(x, y)
            return None if element is None else t.OptionalType(element)
        case t.MapType(k, v), t.MapType(x, y):
            key, value = join(k, x), join(v, y)
            return None if key is None or value is None else t.MapType(key, value)
        case _:
            return None


def comparable(a: t.Type, b: t.Type) -> bool:
    """Tell whether `==` between the two types can ever be true without an error."""
    if isinstance(a, _NOT_VALUES) or isinstance(b, _NOT_VALUES):
        return False
    if is_dynamic(a) or is_dynamic(b) or a == b:
        return True
    match a, b:
        case (t.StringType(), t.StringType() | t.EnumType()) | (t.EnumType(), t.StringType()):
            return True
        case t.EnumType(x), t.EnumType(y):
            return bool(set(x) & set(y))
        case t.MoneyType(x), t.MoneyType(y):
            return None in (x, y) or x == y
        case (t.ListType(x), t.ListType(y)) | (t.OptionalType(x), t.OptionalType(y)):
            return comparable(x, y)
        case t.MapType(k, v), t.MapType(x, y):
            return comparable(k, x) and comparable(v, y)
        case (t.RecordType(), t.MapType(key, _)) | (t.MapType(key, _), t.RecordType()):
            return comparable(key, t.STRING)
        case _:
            return a in NUMBERS and b in NUMBERS and {a, b} != {t.DECIMAL, t.DOUBLE}


def orderable(a: t.Type, b: t.Type) -> bool:
    """Tell whether `<` between the two types has an answer. Values of an enum have no order."""
    if is_dynamic(a) or is_dynamic(b):
        other = b if is_dynamic(a) else a
        return is_dynamic(other) or other in ORDERED or isinstance(other, _ORDERED_TEXT)
    both_ordered = all(x in ORDERED or isinstance(x, _ORDERED_TEXT) for x in (a, b))
    return both_ordered and comparable(a, b)


_ORDERED_TEXT = (t.StringType, t.MoneyType)


# --- types made of types ------------------------------------------------------------------------
# A chain of lets could nest types without bound, and what walks through a type is recursive.


def list_of(element: t.Type) -> t.Type:
    """Return `list<element>`; what nests too deeply is any."""
    return t.ListType(_shallow(element))


def map_of(key: t.Type, value: t.Type) -> t.Type:
    """Return `map<key, value>`; what nests too deeply is any."""
    return t.MapType(_shallow(key), _shallow(value))


def optional_of(element: t.Type) -> t.Type:
    """Return `optional<element>`; what nests too deeply is any."""
    return t.OptionalType(_shallow(element))


def _shallow(kind: t.Type) -> t.Type:
    return kind if _depth(kind) < _MAX_DEPTH else t.ANY


def _depth(kind: t.Type) -> int:
    """Return how deep a type nests, itself counted."""
    # HOT: each list or map around another asks anew.
    depth = 1
    while True:
        if isinstance(kind, _ONE_PART):
            kind = kind.element
        elif isinstance(kind, t.MapType):
            if isinstance(kind.key, _NESTED):
                return depth + max(_depth(kind.key), _depth(kind.value))
            kind = kind.value
        else:
            return depth
        depth += 1


def as_map(kind: t.Type) -> t.Type:
    """Return a record as the map that it is to functions and macros; other types as they are.

    >>> str(as_map(t.RecordType("data.limits", (("a", t.FieldType(t.INT)),))))
    'map<string, int>'
    """
    if not isinstance(kind, t.RecordType):
        return kind
    first = kind.fields[0][1].type if kind.fields else t.ANY
    alike = not kind.open and all(field.type == first for _, field in kind.fields)
    return t.MapType(t.STRING, first if alike and not isinstance(first, t.RecordType) else t.ANY)
