"""What a value may tell of secrets, by the types that it may have.

A value is open, or secret as a whole, or it holds secrets: then they lie in it only behind the
names of secret fields. So whatever is masked by these names can be shown, and a text or number that
was read from such a value by another name is no secret. What is made from one in any other way is
secret. A value whose type is not known may hold every secret field.
Source: docs/language.md#type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce

from gatewright.dsl.policy import ActionType
from gatewright.dsl.records import dataclass
from gatewright.dsl.types import (
    ANY,
    STRING,
    UNKNOWN,
    ChangesType,
    FieldType,
    ListType,
    MapType,
    OptionalType,
    RecordType,
    Type,
)

_MAX_NESTING = 4
"""How deep the types of literals are followed; what nests deeper is of an unknown type."""


@dataclass(frozen=True, slots=True)
class Taint:
    """Whether a value is secret; if not, the types it may have that hold secrets."""

    secret: bool = False
    types: frozenset[Type] = frozenset()

    def __or__(self, other: Taint) -> Taint:
        if self.secret or other.secret:
            return SECRET
        types = self.types | other.types
        return HOLDS if ANY in types else Taint(False, types)

    @property
    def opaque(self) -> Taint:
        """The taint of what is made from the value in a way that hides where its secrets went."""
        return SECRET if self.types else self

    @property
    def truth(self) -> Taint:
        """The taint of what only compares or counts."""
        return self if self.secret else OPEN

    @property
    def loose(self) -> Taint:
        """The taint of a value that holds the same secrets, in a shape that is not known."""
        return HOLDS if self.types else self

    def listed(self) -> Taint:
        """Return the taint of a list with the value."""
        return self._within(ListType)

    def mapped(self) -> Taint:
        """Return the taint of a map with the value."""
        return self._within(lambda inner: MapType(STRING, inner))

    def _within(self, outer: Callable[[Type], Type]) -> Taint:
        if self.secret or any(_nesting(inner) >= _MAX_NESTING for inner in self.types):
            return self.loose
        return Taint(
            False, frozenset(inner if inner == ANY else outer(inner) for inner in self.types)
        )


OPEN = Taint()
SECRET = Taint(True)
HOLDS = Taint(False, frozenset({ANY}))
"""Of an unknown type: any secret field may be in it."""


def joined(taints: Iterable[Taint]) -> Taint:
    """Return the taint of what may be any of some values."""
    return reduce(Taint.__or__, taints, OPEN)


def _nesting(declared: Type) -> int:
    match declared:
        case ListType(element) | OptionalType(element):
            return 1 + _nesting(element)
        case MapType(value=value):
            return 1 + _nesting(value)
        case _:
            return 0


@dataclass(frozen=True, slots=True)
class Shapes:
    """Taints of types and of their parts, where fields of some names are secret."""

    secret: frozenset[str]

    def of(self, declared: Type) -> Taint:
        """Return the taint of a value of a type, whose own field is not secret."""
        match declared:
            case RecordType():
                return Taint(False, frozenset({declared})) if self._holds(declared) else OPEN
            case OptionalType(element):
                return self.of(element)
            case ListType(element):
                return Taint(False, frozenset({declared})) if self.of(element).types else OPEN
            case MapType(value=value):
                return Taint(False, frozenset({declared})) if self.of(value).types else OPEN
            case _:
                return HOLDS if declared in (ANY, UNKNOWN) else OPEN

    def _holds(self, record: RecordType) -> bool:
        return record.open or any(
            field.secret or name in self.secret or self.of(field.type).types
            for name, field in record.fields
        )

    def field(self, taint: Taint, name: str) -> Taint:
        """Return the taint of `value.name`, also of an entry of a map."""
        if taint.secret or name in self.secret:
            return SECRET
        return joined(self._field(declared, name) for declared in taint.types)

    def _field(self, declared: Type, name: str) -> Taint:
        match declared:
            case RecordType():
                field = declared.field(name)
                if field is None:
                    return HOLDS if declared.open else OPEN
                return SECRET if field.secret else self.of(field.type)
            case MapType(value=value):
                return self.of(value)
            case _:
                return HOLDS if declared == ANY else OPEN

    def item(self, taint: Taint) -> Taint:
        """Return the taint of `value[7]`, and of what a macro with one name goes through.

        Of a map or record these are its keys, which no secret stands before.
        """
        return self._parts(taint, record=OPEN, unknown=HOLDS)

    def entry(self, taint: Taint) -> Taint:
        """Return the taint of `value[key]` for a computed key, and of each value of a map."""
        return self._parts(taint, record=SECRET, unknown=SECRET, of_map=True)

    def _parts(self, taint: Taint, *, record: Taint, unknown: Taint, of_map: bool = False) -> Taint:
        def part(declared: Type) -> Taint:
            match declared:
                case ListType(element):
                    return self.of(element)
                case MapType(value=value):
                    return self.of(value) if of_map else OPEN
                case RecordType():
                    return record
                case _:
                    return unknown

        return taint if taint.secret else joined(map(part, taint.types))


# --- the parts of an action -----------------------------------------------------------------------


def changes_record(changes: ChangesType) -> RecordType:
    """Return `changes` as a record of records with `old` and `new`."""
    fields = tuple((name, _sides(field)) for name, field in changes.fields)
    return RecordType("changes", fields, changes.open)


def _sides(field: FieldType) -> FieldType:
    sides = tuple((side, FieldType(field.type)) for side in ("old", "new"))
    return FieldType(RecordType("change", sides), secret=field.secret)


def secret_names(declared: ActionType) -> Iterator[str]:
    """Yield the names of all secret fields of an action, however deep."""
    changes = changes_record(declared.changes)
    for record in (declared.params, changes, *([declared.target] if declared.target else [])):
        yield from _secret_below(record)


def _secret_below(declared: Type) -> Iterator[str]:
    match declared:
        case RecordType(fields=fields):
            for name, field in fields:
                if field.secret:
                    yield name
                yield from _secret_below(field.type)
        case ListType(element) | OptionalType(element):
            yield from _secret_below(element)
        case MapType(value=value):
            yield from _secret_below(value)
        case _:
            return
