"""The types of the language, as the checker and the loader of actions see them.

Types are frozen values, equal when they mean the same. `ANY` is CEL's `dyn`: it fits everything and
is checked when a condition runs. `UNKNOWN` is the type of what is already reported as wrong; it
fits everything too, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.records import dataclass, field

_MOST_SHOWN = 20
"""How many values of an enum are shown."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts: `bool int uint double decimal bytes timestamp duration null` ..."""

    name: str

    def __str__(self) -> str:
        return self.name


BOOL = Scalar("bool")
INT = Scalar("int")
UINT = Scalar("uint")
DOUBLE = Scalar("double")
DECIMAL = Scalar("decimal")
BYTES = Scalar("bytes")
TIMESTAMP = Scalar("timestamp")
DURATION = Scalar("duration")
NULL = Scalar("null")
TYPE = Scalar("type")
PEOPLE = Scalar("people")
"""What `group("x")`, `role("x")` and `user("x")` give, in routes."""
CHANNEL = Scalar("channel")
"""What `slack("#x")` and `email` give, in `notify`."""
IP = Scalar("net.IP")
CIDR = Scalar("net.CIDR")
ANY = Scalar("any")
UNKNOWN = Scalar("unknown")


@dataclass(frozen=True, slots=True)
class StringType:
    """`string` or `string(max: n)`; `max_length` counts Unicode code points."""

    max_length: int | None = None

    def __str__(self) -> str:
        return "string" if self.max_length is None else f"string(max: {self.max_length})"


STRING = StringType()


@dataclass(frozen=True, slots=True)
class MoneyType:
    """`money` of any currency, or of one."""

    currency: str | None = None

    def __str__(self) -> str:
        return "money" if self.currency is None else f"money({self.currency})"


MONEY = MoneyType()


@dataclass(frozen=True, slots=True)
class EnumType:
    """`enum("a", "b")`: one of some strings."""

    values: tuple[str, ...]
    _known: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(self.values))

    def has(self, value: str) -> bool:
        """Tell whether a string is one of the values."""
        return value in self._known

    def meets(self, other: EnumType) -> bool:
        """Tell whether two of these have a value in common."""
        return not self._known.isdisjoint(other._known)

    def __str__(self) -> str:
        shown = [f'"{value}"' for value in self.values[:_MOST_SHOWN]]
        more = ["..."] if len(self.values) > _MOST_SHOWN else []
        return f"enum({', '.join([*shown, *more])})"


@dataclass(frozen=True, slots=True)
class ListType:
    """`list<T>`."""

    element: Type

    def __str__(self) -> str:
        return f"list<{self.element}>"


@dataclass(frozen=True, slots=True)
class MapType:
    """`map<K, V>`."""

    key: Type
    value: Type

    def __str__(self) -> str:
        return f"map<{self.key}, {self.value}>"


@dataclass(frozen=True, slots=True)
class OptionalType:
    """CEL's `optional_type(T)`, the result of `.?field` and `optional.of`."""

    element: Type

    def __str__(self) -> str:
        return f"optional<{self.element}>"


@dataclass(frozen=True, slots=True)
class TypeVariable:
    """A parameter of a function's signature: `T` in `list<T>`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of a record: its type, whether it may be absent, whether it is masked.

    `refinement` bounds the value further (`>= 0 USD`); a value outside does not fit.
    """

    type: Type
    optional: bool = False
    secret: bool = False
    refinement: ast.Refinement | None = None


@dataclass(frozen=True, slots=True)
class RecordType:
    """A declared `type`, the parameters of an action, or an object of `data`.

    `open` records (an agent, an undeclared action) have more fields than are listed, of type any.
    """

    name: str
    fields: tuple[tuple[str, FieldType], ...]
    open: bool = False
    _by_name: Mapping[str, FieldType] = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", dict(self.fields))
        object.__setattr__(self, "_hash", hash((self.name, self.fields, self.open)))

    def __hash__(self) -> int:
        """Return a number made once: records hold records, and may hold one of them often."""
        return self._hash

    def field(self, name: str) -> FieldType | None:
        """Return a listed field."""
        return self._by_name.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The listed fields, in order."""
        return tuple(key for key, _ in self.fields)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ChangesType:
    """`changes`: which fields may change. `open` for actions that declare none of their own."""

    fields: tuple[tuple[str, FieldType], ...]
    open: bool = False
    _by_name: Mapping[str, FieldType] = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", dict(self.fields))
        object.__setattr__(self, "_hash", hash((self.fields, self.open)))

    def __hash__(self) -> int:
        """Return a number made once: an action may have thousands of fields."""
        return self._hash

    def field(self, name: str) -> FieldType | None:
        """Return a listed field."""
        return self._by_name.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The listed fields, in order."""
        return tuple(key for key, _ in self.fields)

    def __str__(self) -> str:
        return "changes"


@dataclass(frozen=True, slots=True)
class HistoryType:
    """A `history` name: the events' own fields, those that all its actions share.

    `record` lists the actions' parameters (optional where an action lacks them) and what every
    event has: `id action agent target status at decided_by decided_at`.
    """

    name: str
    record: RecordType

    def __str__(self) -> str:
        return "history"


@dataclass(frozen=True, slots=True)
class CalendarType:
    """A `calendar` name, for `now.in(calendar)`."""

    name: str

    def __str__(self) -> str:
        return "calendar"


Type: TypeAlias = (
    Scalar
    | StringType
    | MoneyType
    | EnumType
    | ListType
    | MapType
    | OptionalType
    | TypeVariable
    | RecordType
    | ChangesType
    | HistoryType
    | CalendarType
)
