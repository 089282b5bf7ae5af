"""Expressions as trees that can be taken apart: text for every part, and values put for names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gatewright.engine.values import Duration, Map, Timestamp, Uint, Value


@dataclass(frozen=True, slots=True)
class Tree:
    """An operation on other trees; `template` has `{}` where the text of each part goes.

    A macro is an operation with a `variable`: its first part is the list or map, the others are
    evaluated once for each element.
    """

    template: str
    parts: tuple[Tree, ...] = ()
    variable: str | None = None

    @property
    def text(self) -> str:
        """The expression, every part in brackets."""
        if not self.parts:
            return self.template
        pieces = self.template.split("{}")
        texts = (part.text if part.is_plain else f"({part.text})" for part in self.parts)
        woven = (text + piece for text, piece in zip(texts, pieces[1:], strict=True))
        return pieces[0] + "".join(woven)

    @property
    def is_plain(self) -> bool:
        """Whether its text needs no brackets."""
        return not self.parts and not self.template.startswith("-")

    @property
    def closed_parts(self) -> tuple[Tree, ...]:
        """The parts that mean something by themselves."""
        return self.parts if self.variable is None else self.parts[:1]

    def put(self, name: str, value: Tree) -> Tree:
        """Return this tree with a value for a name."""
        if not self.parts:
            return value if self.template == name else self
        parts = tuple(part.put(name, value) for part in self.parts)
        return Tree(self.template, parts, self.variable)

    def turns(self, container: Value) -> Iterator[Tree]:
        """Give what a macro evaluates, once for each element of the list, or key of the map."""
        if self.variable is not None and isinstance(container, tuple | Map):
            for element in container:
                yield from (p.put(self.variable, literal(element)) for p in self.parts[1:])


def leaf(text: str) -> Tree:
    """Return a tree without parts."""
    return Tree(text)


def literal(value: Value) -> Tree:
    """Return the tree that gives a value."""
    match value:
        case tuple():
            return Tree(_listed("[", "]", len(value)), tuple(literal(item) for item in value))
        case Map():
            parts = tuple(literal(part) for entry in value.items() for part in entry)
            return Tree(_entries(len(value)), parts)
        case _:
            return leaf(_scalar(value))


def listing(items: tuple[Tree, ...]) -> Tree:
    """Return the list of some trees."""
    return Tree(_listed("[", "]", len(items)), items)


def mapping(entries: tuple[tuple[Tree, Tree], ...]) -> Tree:
    """Return the map of some entries."""
    return Tree(_entries(len(entries)), tuple(part for entry in entries for part in entry))


def _listed(opening: str, closing: str, size: int) -> str:
    return opening + ", ".join(["{}"] * size) + closing


def _entries(size: int) -> str:
    return "{" + ", ".join(["{}: {}"] * size) + "}"


def _scalar(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Uint():
            return f"{int(value)}u"
        case float():
            return _double(value)
        case str():
            return _string(value)
        case bytes():
            return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
        case Timestamp():
            return f'timestamp("{value.text}")'
        case Duration():
            return f'duration("{value.text}")'
        case _:
            return str(value)


def _double(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return 'double("NaN")' if math.isnan(value) else f'double("{"-" * (value < 0)}Infinity")'


def _string(value: str) -> str:
    def escaped(char: str) -> str:
        if char in '"\\':
            return "\\" + char
        return char if char.isprintable() else f"\\U{ord(char):08x}"

    return '"' + "".join(map(escaped, value)) + '"'
