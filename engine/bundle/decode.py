"""Units -> policy objects, strictly: a value has the type that its field says, or it is refused.

Nothing is looked up by a name from the file, and nothing is run: an object is made of a class of
the closed table, by that class's number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeAlias, TypeVar, Union, cast, get_args, get_origin

from gatewright.dsl import ast
from gatewright.dsl.ast.base import Node
from gatewright.dsl.policy import Later
from gatewright.dsl.record_methods import RecordField, maker_of
from gatewright.dsl.records import replace
from gatewright.dsl.source import Source, Span
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.schema import COUNT, class_of, held_fields, is_held, type_of

T = TypeVar("T")

_LATER = "Later["
"""How the type of a field begins that no decision needs."""

_MAX_INT = 1 << 96
_MAX_DECIMAL_CHARS = 130
_MAX_EXPONENT = 999


def dumps(value: object) -> str:
    """Write JSON so that the same value gives the same text: no spaces, keys sorted, ASCII."""
    return json.dumps(
        value, separators=(",", ":"), sort_keys=True, allow_nan=False, ensure_ascii=True
    )


def loads(text: bytes, what: str) -> object:
    """Read JSON; raises BundleError."""
    try:
        return json.loads(text.decode("ascii"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BundleError(f"the {what} of the bundle cannot be read") from None


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def malformed() -> NoReturn:
    """Refuse what has not the form that a bundle has."""
    raise BundleError("a declaration in the bundle is malformed")


class Unit:
    """One unit while it is read: where its spans are counted from, and the nodes so far."""

    __slots__ = ("base", "nodes", "source", "sources")

    def __init__(self, sources: Sequence[Source], source: int, base: int) -> None:
        self.sources = sources
        self.source = source
        self.base = base
        self.nodes: list[Node] = []

    def copy(self) -> Unit:
        """Return a unit with the same nodes, to read on."""
        copied = Unit(self.sources, self.source, self.base)
        copied.nodes = [*self.nodes]
        return copied


Read: TypeAlias = Callable[[Any, Unit], Any]

_READERS: dict[Any, Read] = {}
_MAKERS: dict[type[Any], Read] = {}


def decode(cls: type[T], text: bytes, sources: Sequence[Source]) -> T:
    """Return the declaration of a unit, which must be of that class. Raises BundleError."""
    found: T = decode_parts(cls, loads(text, "declarations"), sources)
    return found


def decode_parts(cls: Any, parts: object, sources: Sequence[Source]) -> Any:
    """Return an object of a class, or of one of several, from the parts of a unit.

    Raises BundleError.
    """
    value, unit = _opened(parts, sources)
    return _whole(_reader(cls), value, unit)


def decode_file(
    text: bytes, sources: Sequence[Source], declared: Callable[[int], ast.Declaration]
) -> ast.File:
    """Return a file; `declared` gives the declarations that stand in other units, by number."""
    value, unit = _opened(loads(text, "declarations"), sources)
    parts = _list(value)
    if len(parts) != 2:
        malformed()
    file: ast.File = _whole(_reader(ast.File), parts[0], unit)
    read = _reader(ast.Declaration)
    declarations = tuple(
        declared(item) if type(item) is int else _whole(read, item, unit)
        for item in _list(parts[1])
    )
    return replace(file, declarations=declarations)


def _whole(read: Read, value: object, unit: Unit) -> Any:
    try:
        return read(value, unit)
    except RecursionError:
        raise BundleError("a declaration in the bundle is nested too deeply") from None


def _opened(raw: object, sources: Sequence[Source]) -> tuple[object, Unit]:
    parts = _list(raw)
    if len(parts) != 3 or any(type(part) is not int for part in parts[:2]):
        malformed()
    return parts[2], Unit(sources, parts[0], parts[1])


def _reader(hint: Any) -> Read:
    """Return what reads values of a type, made once."""
    if hint not in _READERS:
        _READERS[hint] = _made(hint)
    return _READERS[hint]


def _made(hint: Any) -> Read:
    origin = get_origin(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin is Literal:
        return _one_of(get_args(hint))
    if origin in (Union, UnionType):
        return _union(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint))
    if origin is frozenset:
        return _frozenset(get_args(hint)[0])
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(hint)[1])
    return _object((hint,))


# --- values without parts


def _exactly(cls: type[Any]) -> Read:
    def read(raw: Any, _: Unit) -> Any:
        return raw if type(raw) is cls else malformed()

    return read


def _int(raw: Any, _: Unit) -> int:
    return raw if type(raw) is int and -_MAX_INT < raw < _MAX_INT else malformed()


def _bytes(raw: Any, _: Unit) -> bytes:
    if type(raw) is not str or not re.fullmatch("([0-9a-f]{2})*", raw):
        malformed()
    return bytes.fromhex(raw)


def decimal_of(raw: object) -> Decimal:
    """Return a decimal of its text; only the one way to write it is taken. Raises BundleError."""
    if type(raw) is not str or len(raw) > _MAX_DECIMAL_CHARS:
        malformed()
    try:
        value = Decimal(raw)
    except InvalidOperation:
        malformed()
    if not value.is_finite() or str(value) != raw or abs(value.adjusted()) > _MAX_EXPONENT:
        malformed()
    return value


def _decimal(raw: Any, _: Unit) -> Decimal:
    return decimal_of(raw)


def _span(raw: Any, unit: Unit) -> Span:
    # HOT: there are as many spans as nodes; hence no loop.
    parts = _list(raw)
    if len(parts) == 2:
        start, length = parts
        source = unit.source
    elif len(parts) == 3:
        source, start, length = parts
    else:
        malformed()
    if not (type(start) is int is type(length) and type(source) is int):
        malformed()
    if not 0 <= source < len(unit.sources):
        malformed()
    if len(parts) == 2:
        start += unit.base
    text = unit.sources[source]
    if not 0 <= start <= start + length <= len(text.text):
        malformed()
    return Span(text, start, start + length)


_SCALARS: dict[Any, Read] = {
    NoneType: _exactly(NoneType),
    bool: _exactly(bool),
    int: _int,
    float: _exactly(float),
    str: _exactly(str),
    bytes: _bytes,
    Decimal: _decimal,
    Span: _span,
}


_PLAIN: dict[str, Read] = {hint.__name__: read for hint, read in _SCALARS.items()}
"""Readers by the name of a type, as most fields have it: no need to look up what it means."""


def _one_of(values: tuple[Any, ...]) -> Read:
    def read(raw: Any, _: Unit) -> Any:
        return raw if type(raw) is str and raw in values else malformed()

    return read


# --- values with parts


def _list(raw: object) -> list[Any]:
    return cast("list[object]", raw) if isinstance(raw, list) else malformed()


def _tuple(of: tuple[Any, ...]) -> Read:
    if len(of) == 2 and of[1] is Ellipsis:
        item = _late(lambda: of[0])

        def read_all(raw: Any, unit: Unit) -> Any:
            return tuple([item(each, unit) for each in _list(raw)])

        return read_all
    readers = tuple([_late(partial(_itself, each)) for each in of])

    def read(raw: Any, unit: Unit) -> Any:
        parts = _list(raw)
        if len(parts) != len(readers):
            malformed()
        return tuple(one(each, unit) for one, each in zip(readers, parts, strict=True))

    return read


def _frozenset(of: Any) -> Read:
    item = _late(lambda: of)

    def read(raw: Any, unit: Unit) -> Any:
        return frozenset([item(each, unit) for each in _list(raw)])

    return read


def _mapping(of: Any) -> Read:
    value = _late(lambda: of)

    def read(raw: Any, unit: Unit) -> Any:
        if type(raw) is not dict:
            malformed()
        entries = cast("dict[str, Any]", raw)
        return MappingProxyType({key: value(each, unit) for key, each in entries.items()})

    return read


def _late(find: Callable[[], Any]) -> Read:
    """Return a reader of a type that is looked up when it is first used.

    Types contain themselves, and those of many fields never come.
    """
    found: list[Read] = []

    def read(raw: Any, unit: Unit) -> Any:
        if not found:
            found.append(_reader(find()))
        return found[0](raw, unit)

    return read


def _itself(hint: Any) -> Any:
    return hint


def _of_field(field: RecordField) -> Read:
    """Return a reader of a field; what is read later is kept as it stands until then."""
    annotation = field.annotation
    plain = _PLAIN.get(annotation)
    if plain is not None:
        return plain
    if not annotation.startswith(_LATER):
        return _late(lambda: type_of(annotation, field.module))
    now = _late(lambda: type_of(annotation[len(_LATER) : -1], field.module))

    def later(raw: Any, unit: Unit) -> Any:
        # The nodes so far, since what is read later may be read by two threads at once.
        return Later(lambda: _whole(now, raw, unit.copy()))

    return later


def _union(members: tuple[Any, ...]) -> Read:
    objects = tuple(m for m in members if is_held(m))
    others = [m for m in members if m not in objects]
    read_object = _object(objects) if objects else None
    by_type: dict[object, Read] = {}
    for member in others:
        raw_type = str if get_origin(member) is Literal else member
        by_type[list if get_origin(member) is tuple else raw_type] = _reader(member)

    def read(raw: Any, unit: Unit) -> Any:
        kind = cast("object", type(raw))
        other = by_type.get(kind)
        if other is not None:
            return other(raw, unit)
        return read_object(raw, unit) if read_object is not None else malformed()

    return read


def _object(allowed: tuple[Any, ...]) -> Read:
    """Return what reads an object of some classes, or the number of a node that came before."""
    makers: dict[int, Read] = {}

    def read(raw: Any, unit: Unit) -> Any:
        if type(raw) is list:
            parts = cast("list[object]", raw)
            number = parts[0] if parts and type(parts[0]) is int else -1
            maker = makers.get(number)
            if maker is None:
                # Made when the first object of a class comes: a policy has few of the many.
                maker = makers[number] = _maker(_allowed(number, allowed))
            return maker(parts, unit)
        if type(raw) is int and 0 <= raw < len(unit.nodes) and isinstance(unit.nodes[raw], allowed):
            return unit.nodes[raw]
        malformed()

    return read


def _allowed(number: int, allowed: tuple[Any, ...]) -> type[Any]:
    """Return the class of a number, which must be one of some classes or derived from one."""
    if not 0 <= number < COUNT or not issubclass(class_of(number), allowed):
        malformed()
    return class_of(number)


def _maker(cls: type[Any]) -> Read:
    """Return what makes an object of a class from its fields, made once."""
    if cls not in _MAKERS:
        _MAKERS[cls] = _making(cls)
    return _MAKERS[cls]


def _making(cls: type[Any]) -> Read:
    readers = tuple([_of_field(field) for field in held_fields(cls)])
    made_of = maker_of(cls)
    is_node = issubclass(cls, Node)
    count = len(readers) + 1

    def make(raw: list[Any], unit: Unit) -> Any:
        if len(raw) != count:
            malformed()
        made = made_of([read(part, unit) for read, part in zip(readers, raw[1:], strict=False)])
        if is_node:
            unit.nodes.append(made)
        return made

    return make
