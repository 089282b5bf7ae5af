"""The nodes of an action's trees, as they stand in a bundle -> nodes that decide.

A node is read when a decision first gets to it, and refused where it is not as it is written: every
number in range, every list as long as it should be, children lower than what leads to them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast

from gatewright.engine.bundle import compiled_layout as layout
from gatewright.engine.bundle.compiled_index import Texts, listed, malformed
from gatewright.engine.bundle.decode import decimal_of
from gatewright.engine.compile.tree import ABSENT, Leaf, Node, Residual, Residue, Rows

_RAW = (int, list)
"""The types of a child that was not read yet."""


class Shelf:
    """The nodes of one action, each read once. Threads may share it."""

    def __init__(
        self, texts: Texts, slots: int, rows: int, condition: Callable[[object], Residual]
    ) -> None:
        """Take the texts, how many slots and rows there are, and what gives a condition."""
        self._texts = texts
        self._slots = slots
        self._count = rows
        self._condition = condition
        self._nodes: dict[int, tuple[int, Node]] = {}
        self._rows: dict[frozenset[int], Rows] = {}

    def root(self, raw: object) -> Node:
        """Return the node that a child at the top leads to. Raises BundleError."""
        return self.child(raw, layout.MOST_HEIGHT + 1)

    def child(self, raw: object, above: int) -> Node:
        """Return the node that a child leads to, lower than `above`. Raises BundleError."""
        if isinstance(raw, list):
            return Leaf(self.rows(self._ids(cast("list[object]", raw))))
        if type(raw) is not int or not 0 <= raw < self._texts.count:
            malformed()
        found = self._nodes.get(raw)
        if found is None:
            found = self._nodes.setdefault(raw, self._read(self._texts.node(raw)))
        height, node = found
        return node if height < above else malformed()

    def rows(self, ids: frozenset[int]) -> Rows:
        """Return the one object for a set of rows."""
        known = self._rows.get(ids)
        return self._rows.setdefault(ids, Rows(ids)) if known is None else known

    def _ids(self, raw: list[object]) -> frozenset[int]:
        before = -1
        for row in raw:
            if type(row) is not int or not before < row < self._count:
                malformed()
            before = row
        return frozenset(cast("list[int]", raw))

    def _read(self, raw: Any) -> tuple[int, Node]:
        match raw:
            case [layout.RESIDUE, 0, base, open_rows]:
                return 0, self._residue(listed(base), listed(open_rows))
            case [int(kind), int(height), int(slot), keys, children] if (
                type(kind) is int is type(height) is type(slot)
                and 0 < height <= layout.MOST_HEIGHT
                and 0 <= slot < self._slots
            ):
                below = _Below(self, height, listed(children))
                return height, _inner(kind, slot, keys, below)
            case _:
                return malformed()

    def _residue(self, base: list[Any], open_rows: list[Any]) -> Residue:
        found: list[tuple[int, Residual]] = []
        for each in open_rows:
            match each:
                case [int(row), condition] if type(row) is int and 0 <= row < self._count:
                    found.append((row, self._condition(condition)))
                case _:
                    malformed()
        return Residue(self._ids(base), tuple(found), self.rows)


class _Below:
    """The children of a node, each read when a decision goes there."""

    __slots__ = ("_height", "_shelf", "children")

    def __init__(self, shelf: Shelf, height: int, children: list[Any]) -> None:
        self._shelf = shelf
        self._height = height
        self.children = children

    def at(self, place: int) -> Node:
        """Return a child. Raises BundleError."""
        child = self.children[place]
        if isinstance(child, _RAW):
            child = self.children[place] = self._shelf.child(cast(object, child), self._height)
        return child  # type: ignore[no-any-return]


def _inner(kind: int, slot: int, keys: Any, below: _Below) -> Node:
    count = len(below.children)
    match keys:
        case _ if kind in (layout.SWITCH, layout.TEXTS):
            values = _keys(listed(keys), kind == layout.TEXTS)
            if count != len(values) + 2:
                malformed()
            return _Switch(slot, values, kind == layout.TEXTS, below)
        case [before, upto] if kind == layout.RANGE:
            bounds = [_bounds(listed(each)) for each in (before, upto)]
            if count != len(bounds[0]) + len(bounds[1]) + 2:
                malformed()
            return _Range(slot, bounds[0], bounds[1], below)
        case None if kind == layout.PRESENCE and count == 2:
            return _Presence(slot, below)
        case _:
            return malformed()


def _keys(raw: list[object], are_texts: bool) -> dict[Hashable, int]:
    """Return where each value leads; no two may be equal."""
    if are_texts:
        if not set(map(type, raw)) <= {str}:
            malformed()
        values: list[Any] = raw
    else:
        values = [value_of(each) for each in raw]
    found = {value: place for place, value in enumerate(values)}
    return found if len(found) == len(raw) else malformed()


def _bounds(raw: list[object]) -> list[int | Decimal]:
    """Return bounds, the lowest first."""
    found = [bound_of(each) for each in raw]
    return found if all(a < b for a, b in pairwise(found)) else malformed()


def value_of(raw: object) -> str | int | Decimal:
    """Return a value that a slot is compared with. Raises BundleError."""
    return raw if isinstance(raw, (str, bool)) else bound_of(raw)


def bound_of(raw: Any) -> int | Decimal:
    """Return a bound of ordered values. Raises BundleError."""
    match raw:
        case int() if type(raw) is int:
            return raw
        case [str(text)]:
            return decimal_of(text)
        case _:
            return malformed()


class _Switch:
    """As `tree.Switch` and `tree.TextSwitch`; the last two children are `other` and `absent`."""

    __slots__ = ("_are_texts", "_at", "_count", "_slot", "_table")

    def __init__(
        self, slot: int, table: dict[Hashable, int], are_texts: bool, below: _Below
    ) -> None:
        self._slot = slot
        self._table = table
        self._are_texts = are_texts
        self._count = len(table)
        self._at = below.at

    def find(self, values: Any, asking: Any) -> Rows:
        """Go on where the value leads."""
        value = values[self._slot]
        if value is ABSENT:
            place = self._count + 1
        elif self._are_texts and not isinstance(value, str):
            place = self._count
        else:
            place = self._table.get(value, self._count)
        return self._at(place).find(values, asking)


class _Range:
    """As `tree.Range`; the last child is `absent`."""

    __slots__ = ("_absent", "_at", "_before", "_slot", "_upto")

    def __init__(
        self, slot: int, before: list[int | Decimal], upto: list[int | Decimal], below: _Below
    ) -> None:
        self._slot = slot
        self._before: list[Any] = [*before]
        self._upto: list[Any] = [*upto]
        self._absent = len(below.children) - 1
        self._at = below.at

    def find(self, values: Any, asking: Any) -> Rows:
        """Go on in the part where the value lies."""
        value = values[self._slot]
        if value is ABSENT:
            place = self._absent
        else:
            place = bisect_right(self._before, value) + bisect_left(self._upto, value)
        return self._at(place).find(values, asking)


class _Presence:
    """As `tree.Presence`."""

    __slots__ = ("_at", "_slot")

    def __init__(self, slot: int, below: _Below) -> None:
        self._slot = slot
        self._at = below.at

    def find(self, values: Any, asking: Any) -> Rows:
        """Go on with or without the value."""
        return self._at(1 if values[self._slot] is ABSENT else 0).find(values, asking)
