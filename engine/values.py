"""The values that conditions work with.

Plain Python values stand for themselves: None, bool, int (64 bits), float, str, bytes, a tuple for
a list, `decimal.Decimal`. The classes here add what Python lacks: unsigned ints, maps whose keys
`1` and `true` differ, instants in nanoseconds, money, types, optional values, and the two
protocols for everything that a host or an extension brings. How values enter (JSON, documents)
and what may be done with them (operators, functions) is decided elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from gatewright.dsl.combining_marks import in_order, too_many_marks
from gatewright.dsl.late_regex import late
from gatewright.dsl.records import dataclass
from gatewright.engine.decimals import decimal_text, exact_decimal, parse_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.moments import INT_MAX as INT_MAX
from gatewright.engine.moments import INT_MIN as INT_MIN
from gatewright.engine.moments import Duration as Duration
from gatewright.engine.moments import Timestamp as Timestamp

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from gatewright.dsl import ast

    Value: TypeAlias = (
        bool
        | int
        | float
        | str
        | bytes
        | tuple["Value", ...]
        | "Map"
        | Timestamp
        | Duration
        | Decimal
        | "Money"
        | "TypeValue"
        | "OptionalValue"
        | "ExtensionValue"
        | "HostObject"
        | None
    )
else:
    # Python compiles each piece of a Union that is a text, which it prepares for at length.
    Value = object

UINT_MAX = 2**64 - 1


@runtime_checkable
class HostObject(Protocol):
    """Something of the host that conditions can ask: an action, a history, a calendar."""

    def select(self, field: str) -> Value:
        """Return `object.field`; raises EvaluationError `no_such_field`."""
        ...

    def has(self, field: str) -> bool:
        """Tell whether `object.field` could be read."""
        ...

    def invoke(
        self,
        method: str,
        arguments: tuple[ast.Argument, ...],
        evaluate: Callable[[ast.Expr], Value],
    ) -> Value:
        """Answer `object.method(arguments)`, arguments unevaluated; `object(...)` is method ""."""
        ...


_HOSTS: dict[type[Any], bool] = {}


def is_host(value: object) -> TypeIs[HostObject]:
    """Tell whether a value is an object of the host.

    HOT: the interpreter asks this wherever a field is read. To look for a protocol's methods takes
    longer than to read the field, so the answer is kept by class.
    """
    kind = type(value)
    known = _HOSTS.get(kind)
    if known is None:
        known = _HOSTS[kind] = isinstance(value, HostObject)
    return known


@runtime_checkable
class ExtensionValue(Protocol):
    """A value of a type that an extension adds, such as an IP address: hashable, with equality."""

    @property
    def kind(self) -> str:
        """The name of its type: `net.IP`."""
        ...

    @property
    def text(self) -> str:
        """What `string(value)` gives."""
        ...

    @property
    def literal(self) -> str:
        """The expression that makes this value."""
        ...


# --- numbers ----------------------------------------------------------------------------------


class Uint(int):
    """An unsigned 64-bit integer; arithmetic on it gives plain ints."""

    __slots__ = ()

    def __new__(cls, value: int) -> Uint:
        """Make one; raises EvaluationError `overflow` for a number below 0 or above 2^64 - 1."""
        if not 0 <= value <= UINT_MAX:
            raise EvaluationError("overflow", "the number does not fit an unsigned 64-bit integer")
        return super().__new__(cls, value)

    def __repr__(self) -> str:
        return f"Uint({int(self)})"


def int64(value: int) -> int:
    """Return `value` if it fits a signed 64-bit integer; raises EvaluationError `overflow`."""
    if not INT_MIN <= value <= INT_MAX:
        raise EvaluationError("overflow", "the number does not fit a signed 64-bit integer")
    return value


# --- money ------------------------------------------------------------------------------------

_MONEY_TEXT = late(r"(-?[0-9]+(?:\.[0-9]+)?) ([A-Z]{3})")
_WITHOUT_CENTS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
_THREE_PLACES = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency; no currency only for an empty sum, zero in any currency."""

    amount: Decimal
    currency: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", exact_decimal(self.amount))
        if self.currency is None and self.amount:
            raise EvaluationError("invalid_argument", "only an amount of zero has no currency")

    @classmethod
    def known(cls, amount: Decimal, currency: str | None) -> Money:
        """Return money of an amount that is exact and plain, as `exact_decimal` gives it."""
        made = cls.__new__(cls)
        object.__setattr__(made, "amount", amount)
        object.__setattr__(made, "currency", currency)
        return made

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read `75.00 USD`."""
        match = _MONEY_TEXT.fullmatch(text)
        if match is None:
            raise EvaluationError("invalid_argument", "the text is not money such as 75.00 USD")
        return cls(parse_decimal(match.group(1)), match.group(2))

    @property
    def text(self) -> str:
        """One text for equal amounts: `75.00 USD`, `1200 JPY`, at least the currency's places."""
        if self.currency is None:
            return "0"
        places = 0 if self.currency in _WITHOUT_CENTS else 2
        places = 3 if self.currency in _THREE_PLACES else places
        whole, _, cents = decimal_text(self.amount).partition(".")
        cents = cents.rstrip("0").ljust(places, "0")
        return f"{whole}{'.' if cents else ''}{cents} {self.currency}"

    def __str__(self) -> str:
        return self.text


# --- maps, types, optional values ---------------------------------------------------------------


def nfc(text: str) -> str:
    """Return the text in Unicode normal form C, as strings are compared.

    Raises EvaluationError `invalid_argument` for more combining marks in a row than any script
    needs: putting them in order would take time that grows with their square.
    Source: docs/language.md#action.
    """
    if text.isascii():
        return text
    if too_many_marks(text):
        raise EvaluationError("invalid_argument", "too many combining marks follow one another")
    if unicodedata.is_normalized("NFC", text):  # looked at in linear time, as most texts are
        return text
    return unicodedata.normalize("NFC", in_order(text))


MapKey: TypeAlias = "tuple[str, bool | int] | str"


def map_key(key: Value) -> MapKey | None:
    """Return what tells keys apart, or None for a value that no map can have as its key.

    `1`, `1u` and `1.0` are the same key, `true` is another.
    """
    if isinstance(key, bool):
        return ("bool", key)
    if isinstance(key, int):
        return ("number", int(key))
    if isinstance(key, float):
        return ("number", int(key)) if key.is_integer() else None
    return nfc(key) if isinstance(key, str) else None


class Map(Mapping["Value", "Value"]):
    """An immutable map in the order written; keys are bool, int, uint or string."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[tuple[Value, Value]] = ()) -> None:
        self._entries: dict[MapKey, tuple[Value, Value]] = {}
        for key, value in entries:
            identity = map_key(key)
            if identity is None or isinstance(key, float):
                raise EvaluationError(
                    "type_mismatch", f"a key is a bool, int, uint or string, not {a_kind(key)}"
                )
            if identity in self._entries:
                raise EvaluationError("invalid_argument", "the map has the same key twice")
            self._entries[identity] = (identity if isinstance(identity, str) else key, value)

    @classmethod
    def known(cls, entries: dict[MapKey, tuple[Value, Value]]) -> Map:
        """Return the map of entries that are as they should be: by `map_key`, in normal form."""
        made = cls.__new__(cls)
        made._entries = entries
        return made

    @classmethod
    def of(cls, mapping: Mapping[str, Value]) -> Map:
        """Make a map from a mapping with text keys."""
        return cls(mapping.items())

    def __getitem__(self, key: Value) -> Value:
        identity = map_key(key)
        if identity is None:
            raise KeyError(key)
        return self._entries[identity][1]

    def __iter__(self) -> Iterator[Value]:
        return (key for key, _ in self._entries.values())

    def items(self) -> ItemsView[Value, Value]:
        """Return keys and values; unlike a look-up, this puts no key into normal form again."""
        return _Items(self)

    def entries(self) -> Iterable[tuple[Value, Value]]:
        """Return keys and values in the order written."""
        return self._entries.values()

    def beside(self, other: Map) -> Iterator[tuple[Value, Value]] | None:
        """Return the values of both maps by key; None where their keys differ."""
        theirs = other._entries
        if self._entries.keys() != theirs.keys():
            return None
        return ((value, theirs[key][1]) for key, (_, value) in self._entries.items())

    def replaced(self, values: Iterable[Value]) -> Map:
        """Return a map with other values by the same keys, in order; it ends where they end."""
        made = Map()
        pairs = zip(self._entries.items(), values, strict=False)
        made._entries = {known: (key, value) for (known, (key, _)), value in pairs}
        return made

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Map):
            return NotImplemented
        return {k: v for k, (_, v) in self._entries.items()} == {
            k: v for k, (_, v) in other._entries.items()
        }

    def __hash__(self) -> int:
        return hash(frozenset(self._entries))

    def __repr__(self) -> str:
        return f"Map({list(self._entries.values())!r})"


class _Items(ItemsView["Value", "Value"]):
    """The entries of a map as they are, without looking up their keys."""

    def __init__(self, of: Map) -> None:
        super().__init__(of)
        self._of = of

    def __iter__(self) -> Iterator[tuple[Value, Value]]:
        return iter(self._of.entries())


@dataclass(frozen=True, slots=True)
class TypeValue:
    """A type as a value: what `type(x)` gives and `int` denotes."""

    name: str


@dataclass(frozen=True, slots=True)
class OptionalValue:
    """A value that may be absent; `content` is None where it is."""

    present: bool
    content: Value = None

    @classmethod
    def of(cls, content: Value) -> OptionalValue:
        """Return the optional that holds `content`."""
        return cls(True, content)

    def __reduce__(self) -> str | tuple[object, ...]:
        # A copy of `NOTHING` is `NOTHING` itself, since readers ask `is NOTHING`.
        return "NOTHING" if self is NOTHING else (OptionalValue, (self.present, self.content))


NOTHING = OptionalValue(False)
"""`optional.none()`."""


# --- kinds ------------------------------------------------------------------------------------

_KINDS: tuple[tuple[type[object], str], ...] = (
    (type(None), "null"),
    (bool, "bool"),
    (Uint, "uint"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (tuple, "list"),
    (Map, "map"),
    (Timestamp, "timestamp"),
    (Duration, "duration"),
    (Decimal, "decimal"),
    (Money, "money"),
    (TypeValue, "type"),
    (OptionalValue, "optional"),
)
# HOT: every operator and call asks for kinds.
_KIND_OF_TYPE: dict[type[object], str] = dict(_KINDS)
_TYPE_NAMES = {
    "null": "null_type",
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
    "optional": "optional_type",
}
KIND_NAMES: tuple[str, ...] = tuple(kind for _, kind in _KINDS)
"""Every built-in kind of value by its name in messages and signatures."""


def kind_of(value: Value) -> str:
    """Return the name of a value's type as policy authors write it: `timestamp`, `list`."""
    known = _KIND_OF_TYPE.get(type(value))
    if known is not None:
        return known
    for python_type, kind in _KINDS:
        if isinstance(value, python_type):
            return kind
    return value.kind if isinstance(value, ExtensionValue) else "object"


def a_kind(value: Value) -> str:
    """Return the kind with its article: `an int`."""
    kind = kind_of(value)
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}" if kind != "null" else kind


def type_named(kind: str) -> TypeValue:
    """Return the type of that kind; CEL's own name where it differs from ours."""
    return TypeValue(_TYPE_NAMES.get(kind, kind))


def type_of(value: Value) -> TypeValue:
    """Return what `type(value)` gives."""
    return type_named(kind_of(value))
