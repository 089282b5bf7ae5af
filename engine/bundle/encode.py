"""Policy objects -> units: JSON texts that can be read one by one.

A unit holds one declaration. An object is a list, its class's number first; a node of the syntax
tree that came before in the unit is the number of its place, so that what is shared stays shared.
A span is `[start, length]`, counted from the unit's own offset in the unit's own source.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Final, cast

from gatewright.dsl.ast.base import Node
from gatewright.dsl.ast.declarations import File
from gatewright.dsl.policy import Later
from gatewright.dsl.records import replace
from gatewright.dsl.source import Source, Span
from gatewright.engine.bundle.decode import dumps
from gatewright.engine.bundle.schema import held_fields, number_of


class Encoder:
    """Writes the units of one policy set."""

    def __init__(self, sources: Mapping[int, int]) -> None:
        """Take the numbers of the sources, by identity."""
        self._sources = sources

    def unit(self, value: object, span: Span | None) -> str:
        """Write one declaration; `span` is where it stands."""
        return dumps(self.parts(value, span))

    def parts(self, value: object, span: Span | None) -> list[object]:
        """Return what a unit is made of: the number of its source, its offset there, the object."""
        if span is None:
            return [0, 0, _Unit(self._sources, None, 0).plain(value)]
        unit = _Unit(self._sources, span.source, span.start)
        return [self._sources[id(span.source)], span.start, unit.plain(value)]

    def file(self, file: File, elsewhere: Mapping[int, int]) -> str:
        """Write a file, with numbers for the declarations that stand in other units.

        `elsewhere` has those numbers by the identity of the declarations.
        """
        source = file.span.source
        unit = _Unit(self._sources, source, 0)
        bare = unit.plain(replace(file, declarations=()))
        declarations = [
            elsewhere[id(d)] if id(d) in elsewhere else unit.plain(d) for d in file.declarations
        ]
        return dumps([self._sources[id(source)], 0, [bare, declarations]])


class _Unit:
    """One unit in the making."""

    def __init__(self, sources: Mapping[int, int], source: Source | None, base: int) -> None:
        self._sources = sources
        self._source = source
        self._base = base
        self._seen: dict[int, int] = {}

    # HOT: every part of every declaration comes by here, and most are places and texts.
    def plain(self, value: object) -> object:
        kind: type[Any] = value.__class__
        if kind in _PLAIN:
            return value
        if kind is Span:
            return self._span(cast("Span", value))
        if kind is tuple:
            return [self.plain(item) for item in cast("tuple[object, ...]", value)]
        if kind in _NUMBERED or not issubclass(kind, _OTHERS):
            return self._object(value, kind)
        return self._other(value)

    def _other(self, value: object) -> object:
        match value:
            case bool() | int() | float() | str():
                return value
            case bytes():
                return value.hex()
            case Decimal():
                return str(value)
            case tuple():
                return [self.plain(item) for item in cast("tuple[object, ...]", value)]
            case frozenset():
                items = [self.plain(item) for item in cast("frozenset[object]", value)]
                return sorted(items, key=dumps)
            case Later():
                return self.plain(cast("Later[object]", value).value)
            case _:
                entries = cast("Mapping[str, object]", value)
                # Nodes are numbered in the order in which they are read again.
                return {key: self.plain(entries[key]) for key in sorted(entries)}

    def _object(self, value: object, kind: type[Any]) -> object:
        seen = self._seen.get(id(value))
        if seen is not None:
            return seen
        number, names, is_node = _NUMBERED[kind] if kind in _NUMBERED else _numbered(kind)
        parts: list[object] = [number]
        for name in names:
            part = getattr(value, name)
            parts.append(part if part.__class__ in _PLAIN else self.plain(part))
        if is_node:
            self._seen[id(value)] = len(self._seen)
        return parts

    def _span(self, span: Span) -> list[int]:
        start, source = span.start, span.source
        if source is self._source:
            return [start - self._base, span.end - start]
        return [self._sources[id(source)], start, span.end - start]


_PLAIN: Final = frozenset({NoneType, bool, int, float, str})
_OTHERS: Final = (bool, int, float, str, bytes, Decimal, tuple, frozenset, Later, Mapping)
_NUMBERED: Final[dict[type[Any], tuple[int, tuple[str, ...], bool]]] = {}
"""By class: its number, the fields that are written, and whether it is a node."""


def _numbered(kind: type[Any]) -> tuple[int, tuple[str, ...], bool]:
    names = tuple([field.name for field in held_fields(kind)])
    found = _NUMBERED[kind] = (number_of(kind), names, issubclass(kind, Node))
    return found
