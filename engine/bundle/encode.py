"""Policy objects -> units: JSON texts that can be read one by one.

A unit holds one declaration. An object is a list, its class's number first; a node of the syntax
tree that came before in the unit is the number of its place, so that what is shared stays shared.
A span is `[start, length]`, counted from the unit's own offset in the unit's own source.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

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

    def plain(self, value: object) -> object:
        match value:
            case None | bool() | int() | float() | str():
                return value
            case Span():
                return self._span(value)
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
            case Mapping():
                entries = cast("Mapping[str, object]", value)
                # Nodes are numbered in the order in which they are read again.
                return {key: self.plain(entries[key]) for key in sorted(entries)}
            case _:
                return self._object(value)

    def _object(self, value: object) -> object:
        seen = self._seen.get(id(value))
        if seen is not None:
            return seen
        number = number_of(type(value))
        parts = [self.plain(getattr(value, f.name)) for f in held_fields(type(value))]
        if isinstance(value, Node):
            self._seen[id(value)] = len(self._seen)
        return [number, *parts]

    def _span(self, span: Span) -> list[int]:
        if span.source is self._source:
            return [span.start - self._base, span.end - span.start]
        return [self._sources[id(span.source)], span.start, span.end - span.start]
