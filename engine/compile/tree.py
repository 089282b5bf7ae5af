"""Decision trees as data: nodes that find, for the values of an action, the rows that hold.

A `Switch` looks a discrete value up, a `Range` looks an ordered one up among breakpoints, and a
`Leaf` knows which rows hold, up to the few whose conditions no table can hold. Whatever cannot be
decided here raises, and the interpreter decides. Nodes are immutable once built.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final, Protocol


class _Absent:
    """The type of `ABSENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""Stands in a slot for a value that is not there."""


class Unsure(Exception):
    """The tables cannot decide; the interpreter has to."""


class Rows:
    """A set of rows that hold, interned by its tree; `answer` is what it comes to, made once."""

    __slots__ = ("answer", "ids")

    def __init__(self, ids: frozenset[int]) -> None:
        self.ids = ids
        self.answer: Any = None


Values = Sequence[Any]
"""The values of one action, by slot."""

Residual = Callable[[Values, Any], bool]
"""A condition that no table holds: the values, and what it may ask besides. Raises freely."""


class Node(Protocol):
    """A part of a tree."""

    def find(self, values: Values, asking: Any) -> Rows:
        """Return the rows that hold; raises `Unsure`, or anything, where that is not clear."""
        ...


class Leaf:
    """Nothing left to ask."""

    __slots__ = ("rows",)

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def find(self, values: Values, asking: Any) -> Rows:
        """Return the rows."""
        return self.rows


class Residue:
    """Some rows hold; others depend on conditions that are evaluated one by one."""

    __slots__ = ("_intern", "_known", "base", "open")

    def __init__(
        self,
        base: frozenset[int],
        open_rows: tuple[tuple[int, Residual], ...],
        intern: Callable[[frozenset[int]], Rows],
    ) -> None:
        self.base = base
        self.open = open_rows
        self._intern = intern
        self._known: dict[int, Rows] = {}

    def find(self, values: Values, asking: Any) -> Rows:
        """Evaluate what is open."""
        held, bit = 0, 1
        for _, holds in self.open:
            if holds(values, asking):
                held |= bit
            bit <<= 1
        return self._known.get(held) or self.rows(held)

    def rows(self, held: int) -> Rows:
        """Return the rows that hold where these of the open ones do; bit n stands for the nth."""
        more = [row for place, (row, _) in enumerate(self.open) if held >> place & 1]
        rows = self._intern(self.base.union(more))
        if len(self._known) < _MOST_KNOWN:
            self._known[held] = rows
        return rows


_MOST_KNOWN = 1_024
"""How many combinations of open rows a leaf remembers."""


class Switch:
    """Looks up a value of a slot by equality. `absent` is where there is none."""

    __slots__ = ("absent", "other", "slot", "table")

    def __init__(
        self, slot: int, table: Mapping[Hashable, Node], other: Node, absent: Node
    ) -> None:
        self.slot = slot
        self.table = dict(table)
        self.other = other
        self.absent = absent

    def find(self, values: Values, asking: Any) -> Rows:
        """Go on where the value leads."""
        value = values[self.slot]
        node = self.table.get(value)
        if node is None:
            node = self.absent if value is ABSENT else self.other
        return node.find(values, asking)


class TextSwitch(Switch):
    """A switch on texts. Those of an action are in Unicode normal form C, as the keys are."""

    __slots__ = ()

    def find(self, values: Values, asking: Any) -> Rows:
        """Go on where the text leads; a value of another kind is none of them."""
        value = values[self.slot]
        if isinstance(value, str):
            node = self.table.get(value, self.other)
        else:
            node = self.absent if value is ABSENT else self.other
        return node.find(values, asking)


class Range:
    """Looks up an ordered value among breakpoints.

    `before` are the bounds below which the value must lie to be left of them, `upto` those that
    it may also equal. Between n bounds of both lie n + 1 parts.
    """

    __slots__ = ("absent", "before", "parts", "slot", "upto")

    def __init__(
        self,
        slot: int,
        before: Sequence[Any],
        upto: Sequence[Any],
        parts: tuple[Node, ...],
        absent: Node,
    ) -> None:
        self.slot = slot
        self.before = before
        self.upto = upto
        self.parts = parts
        self.absent = absent

    def find(self, values: Values, asking: Any) -> Rows:
        """Go on in the part where the value lies."""
        value = values[self.slot]
        if value is ABSENT:
            return self.absent.find(values, asking)
        part = bisect_right(self.before, value) + bisect_left(self.upto, value)
        return self.parts[part].find(values, asking)


class Presence:
    """Asks only whether a slot has a value."""

    __slots__ = ("absent", "present", "slot")

    def __init__(self, slot: int, present: Node, absent: Node) -> None:
        self.slot = slot
        self.present = present
        self.absent = absent

    def find(self, values: Values, asking: Any) -> Rows:
        """Go on with or without the value."""
        node = self.absent if values[self.slot] is ABSENT else self.present
        return node.find(values, asking)
