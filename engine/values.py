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
from decimal import Clamped, Context, Decimal, InvalidOperation, Overflow, Rounded
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from gatewright.dsl.combining_marks import too_many_marks
from gatewright.dsl.late_regex import late
from gatewright.dsl.records import dataclass
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
MAX_DIGITS = 60
"""How many digits a decimal may have before the point, after it, and in all."""

_WIDE = Context(prec=4 * MAX_DIGITS)
PLAIN = Context(
    prec=MAX_DIGITS,
    Emin=-1,
    Emax=MAX_DIGITS - 1,
    clamp=1,
    traps=[Clamped, InvalidOperation, Overflow, Rounded],
)
"""Gives exact decimals in plain form, and raises ArithmeticError where that takes more steps."""


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


def exact_decimal(number: Decimal) -> Decimal:
    """Return the number in plain form, refusing what is not finite or longer than `MAX_DIGITS`.

    Trailing zeros count only where the number would fit without them. What is given back is a plain
    Decimal, whatever a subclass would answer.
    """
    # HOT: benchmarks/past.py, sums of money. Nearly all numbers are in plain form already, which
    # one operation finds out; of zero it gives the positive one, as below.
    if type(number) is not Decimal:
        number = Decimal(number)
    try:
        plain = PLAIN.plus(number)
    except ArithmeticError:
        return plain_form(number)
    return plain if plain.is_finite() else plain_form(number)


def plain_form(number: Decimal) -> Decimal:
    """Return what `exact_decimal` gives for any Decimal, step by step."""
    if not number.is_finite():
        raise EvaluationError("invalid_argument", "a decimal must be a finite number")
    if not number:
        return number.copy_abs() if -MAX_DIGITS <= _exponent(number) <= 0 else Decimal(0)
    if not -MAX_DIGITS <= number.adjusted() < MAX_DIGITS:
        raise _too_many_digits()
    if _is_long(number):
        number = number.normalize(Context(prec=len(number.as_tuple().digits)))
        if _is_long(number):
            raise _too_many_digits()
    return number.quantize(Decimal(1), context=_WIDE) if _exponent(number) > 0 else number


def _is_long(number: Decimal) -> bool:
    return len(number.as_tuple().digits) > MAX_DIGITS or _exponent(number) < -MAX_DIGITS


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _too_many_digits() -> EvaluationError:
    return EvaluationError("overflow", f"a decimal has at most {MAX_DIGITS} digits")


_DECIMAL_TEXT = late(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,8})?")


def parse_decimal(text: str) -> Decimal:
    """Read `1.50` or `1.5e3` exactly; raises EvaluationError `invalid_argument` or `overflow`."""
    if len(text) > 4 * MAX_DIGITS or not _DECIMAL_TEXT.fullmatch(text):
        raise EvaluationError("invalid_argument", "the text is not a decimal number")
    return exact_decimal(Decimal(text))


def decimal_text(number: Decimal) -> str:
    """Write a decimal without an exponent, with the digits it has: `1.50`."""
    return format(number, "f")


def double_text(number: float) -> str:
    """Write a double as `string(x)` does: shortest form that reads back, `NaN`, `-Infinity`.

    >>> double_text(2.0), double_text(1e30), double_text(-0.0045)
    ('2', '1e+30', '-0.0045')
    """
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number).removesuffix(".0")


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
    return unicodedata.normalize("NFC", text)


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


# --- rendering --------------------------------------------------------------------------------

_MAX_RENDER_DEPTH = 8
_MAX_RENDER_CHARS = 4_000
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(value: Value) -> str:
    """Write a value as a policy author would: `75.00 USD`, `"text"`, `30d`, `{"a": 1}`.

    Total: deep or long values are cut with `...`; two equal values of money give one text.

    >>> render((Duration(30 * 86_400 * 10**9), Money(Decimal(75), "USD"), "a"))
    '[30d, 75.00 USD, "a"]'
    """
    pieces: list[str] = []
    room = _render(value, pieces, _MAX_RENDER_CHARS, 0)
    return "".join(pieces) if room >= 0 else "".join(pieces)[:_MAX_RENDER_CHARS] + "..."


def _render(value: Value, pieces: list[str], room: int, depth: int) -> int:
    """Append the text of `value`; return how many characters are left, negative when cut."""
    if isinstance(value, (tuple, Map, OptionalValue)):
        return _render_compound(value, pieces, room, depth)
    text = _render_scalar(value, room)
    pieces.append(text)
    return room - len(text)


def _render_compound(
    value: tuple[Value, ...] | Map | OptionalValue, pieces: list[str], room: int, depth: int
) -> int:
    if depth >= _MAX_RENDER_DEPTH:
        pieces.append("...")
        return room - 3
    opening, closing = "[", "]"
    parts: Iterable[tuple[Value, ...]]
    if isinstance(value, Map):
        opening, closing, parts = "{", "}", value.items()
    elif isinstance(value, OptionalValue):
        opening, closing = f"optional.{'of' if value.present else 'none'}(", ")"
        parts = ((value.content,),) if value.present else ()
    else:
        parts = ((item,) for item in value)
    pieces.append(opening)
    room -= len(opening) + len(closing)
    for position, part in enumerate(parts):
        for separator, item in zip((", " if position else "", ": "), part, strict=False):
            pieces.append(separator)
            room = _render(item, pieces, room - len(separator), depth + 1)
        if room < 0:
            return room
    pieces.append(closing)
    return room


def _render_scalar(value: Value, room: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{int(value)}u" if isinstance(value, Uint) else str(value)
    if isinstance(value, float):
        return _render_double(value)
    if isinstance(value, (str, bytes)):
        return _quoted(value[: max(room, 0) + 1])
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, (Timestamp, Money)):
        return value.text
    return value.literal if isinstance(value, (Duration, ExtensionValue)) else "{...}"


def _render_double(number: float) -> str:
    text = double_text(number)
    if text[-1] in "Ny":
        return f'double("{text}")'
    return text if "." in text or "e" in text else f"{text}.0"


def _quoted(text: str | bytes) -> str:
    if isinstance(text, bytes):
        shown = "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in text)
        return 'b"' + shown.replace('"', "\\x22") + '"'
    return '"' + "".join(_shown(char) for char in text) + '"'


def _shown(char: str) -> str:
    """Escape what would not be seen as it is: controls, bidi marks, lone surrogates."""
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == " " or (char.isprintable() and unicodedata.category(char) != "Cf"):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
