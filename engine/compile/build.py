"""Rows with formulas -> a decision tree, by choosing slots and substituting what is then known.

The builder splits where rows are separated best. What a split costs is counted: where rows would
be copied into too many branches, the rows are parted into segments, each with a tree of its own,
and a decision asks them all. The same rows give the same trees.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

from gatewright.dsl.records import dataclass
from gatewright.engine.compile.formula import (
    ERROR,
    Atom,
    Below,
    Error,
    Formula,
    Literal,
    Lookup,
    Member,
    Present,
    atoms_of,
    slots_of,
    substitute,
)
from gatewright.engine.compile.tree import (
    Leaf,
    Node,
    Presence,
    Range,
    Residual,
    Residue,
    Rows,
    Switch,
    TextSwitch,
)

Open: TypeAlias = "tuple[tuple[int, Formula], ...]"
"""Rows that are not decided yet, with what is left of their formulas."""

COPIES_A_ROW = 24
"""How many times a row may be copied into branches, on average, before rows are segmented."""
FREE_COPIES = 2_000
MOST_IN_RANGES = 500_000
"""How many pairs of a row and a stretch between breakpoints one range may have."""
SEGMENT_ROWS = 32
"""Rows that no slot separates are cut into segments of this size."""


class TooLarge(Exception):
    """The tree would copy rows into too many branches."""


@dataclass(frozen=True, slots=True)
class SlotKind:
    """What the builder must know of a slot."""

    may_be_absent: bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class Split:
    """A way to go on: a slot, and where its value may lie."""

    slot: int
    places: tuple[tuple[Hashable, Lookup], ...]
    """Discrete values with what they make of atoms; or the parts of a range, in order."""
    bounds: tuple[tuple[Any, bool], ...] | None
    """For a range: sorted bounds, and whether a value at the bound lies left of it."""


def build(
    rows: Sequence[tuple[int, Formula]],
    kinds: Sequence[SlotKind],
    residual: Callable[[Formula], Residual],
    intern: Callable[[frozenset[int]], Rows],
) -> tuple[Node, ...]:
    """Return the trees of all segments: one, where rows separate well.

    `residual` makes a condition that tables cannot hold ready to be evaluated; `intern` gives the
    one object for a set of rows.
    """
    builder = _Builder(kinds, residual, intern)
    return tuple(builder.segments(tuple(rows)))


class _Builder:
    def __init__(
        self,
        kinds: Sequence[SlotKind],
        residual: Callable[[Formula], Residual],
        intern: Callable[[frozenset[int]], Rows],
    ) -> None:
        self._kinds = kinds
        self._residual = residual
        self._intern = intern
        self._copies_left = 0
        self._nodes: dict[tuple[frozenset[int], Open], Node] = {}

    def segments(self, rows: Open) -> Iterable[Node]:
        """Yield trees that together ask all rows."""
        self._copies_left = FREE_COPIES + COPIES_A_ROW * len(rows)
        try:
            yield self._node(frozenset(), rows)
        except TooLarge:
            if len(rows) == 1:
                yield Residue(frozenset(), self._residuals(rows), self._intern)
                return
            for part in self._parted(rows):
                yield from self.segments(part)

    def _parted(self, rows: Open) -> tuple[Open, ...]:
        """Part rows by the slot that separates them best; in equal pieces where none does."""
        slot = _best_slot(rows)
        asking = tuple(row for row in rows if slot in slots_of(row[1]))
        others = tuple(row for row in rows if slot not in slots_of(row[1]))
        if others and asking:
            return asking, others
        size = SEGMENT_ROWS if len(rows) > SEGMENT_ROWS else max(1, len(rows) // 2)
        return tuple(rows[start : start + size] for start in range(0, len(rows), size))

    # --- nodes

    def _node(self, held: frozenset[int], rows: Open) -> Node:
        """Return the node for rows that hold and rows that are open."""
        held = held.union(row for row, formula in rows if formula is True)
        rows = tuple((row, f) for row, f in rows if not isinstance(f, bool))
        key = (held, rows)
        node = self._nodes.get(key)
        if node is None:
            self._copies_left -= len(rows)
            if self._copies_left < 0:
                raise TooLarge
            node = self._nodes[key] = self._made(held, rows)
        return node

    def _made(self, held: frozenset[int], rows: Open) -> Node:
        if len(rows) == 1:
            ((row, formula),) = rows
            if isinstance(formula, Literal) and isinstance(formula.atom, Below):
                return self._bounded(held, row, formula.atom, formula.negated)
        splits = [self._split(slot, rows) for slot in sorted(_slots(rows))]
        if not splits:
            if not rows:
                return Leaf(self._intern(held))
            return Residue(held, self._residuals(rows), self._intern)
        split = min(splits, key=lambda s: (_remaining(s, rows), len(s.places), s.slot))
        return self._branch(split, held, rows)

    def _bounded(self, held: frozenset[int], row: int, atom: Below, negated: bool) -> Node:
        """Return the node for one row with one bound, as `_branch` would.

        HOT: that is what is left of each rule where thousands differ by a value and a limit.
        """
        with_row, without = self._node(held | {row}, ()), self._node(held, ())
        parts = (without, with_row) if negated else (with_row, without)
        may_be_absent = self._kinds[atom.slot].may_be_absent
        absent = self._node(held, ((row, ERROR),)) if may_be_absent else None
        return _range(Split(atom.slot, (), ((atom.bound, atom.inclusive),)), parts, absent)

    def _residuals(self, rows: Open) -> tuple[tuple[int, Residual], ...]:
        return tuple((row, self._residual(formula)) for row, formula in rows)

    def _branch(self, split: Split, held: frozenset[int], rows: Open) -> Node:
        slot, kind = split.slot, self._kinds[split.slot]
        children = self._children(split, rows)
        below = partial(self._below, held, [r for r in rows if slot not in slots_of(r[1])])
        absent: Node | None = None
        if kind.may_be_absent:
            absent = below(
                [(row, substitute(f, slot, _at_absent)) for row, f in _asking(slot, rows)]
            )
        if split.bounds is not None:
            nodes = tuple(below(child) for child in children)
            return _range(split, nodes, absent)
        *valued, other = children
        table = {
            value: below(child) for (value, _), child in zip(split.places, valued, strict=False)
        }
        rest = below(other)
        if not table:
            return Presence(slot, rest, absent or rest)
        kind_of_switch = TextSwitch if kind.is_text else Switch
        return kind_of_switch(slot, table, rest, absent or rest)

    def _below(
        self,
        held: frozenset[int],
        free: list[tuple[int, Formula]],
        child: Sequence[tuple[int, Formula]],
    ) -> Node:
        """Return the node of a branch: its own rows, and those that the slot does not concern."""
        own = [item for item in child if item[1] is not False]
        return self._node(held, tuple(sorted([*free, *own], key=_row) if free else own))

    def _children(self, split: Split, rows: Open) -> list[list[tuple[int, Formula]]]:
        """Return what each place makes of the rows that ask for the slot."""
        asking = _asking(split.slot, rows)
        if split.bounds is not None:
            if len(split.places) * len(asking) > MOST_IN_RANGES:
                raise TooLarge
            return [
                [(row, substitute(f, split.slot, known)) for row, f in asking]
                for _, known in split.places
            ]
        # A row is touched only by the values that it names: all others lead it where `other` does.
        _, at_other = split.places[-1]
        default = [(row, substitute(f, split.slot, at_other)) for row, f in asking]
        lasting = {row: left for row, left in default if left is not False}
        named: dict[Hashable, list[tuple[int, Formula]]] = {}
        for row, f in asking:
            for value in _values(f, split.slot):
                named.setdefault(value, []).append((row, f))
        children: list[list[tuple[int, Formula]]] = []
        for value, known in split.places[:-1]:
            own = {row: substitute(f, split.slot, known) for row, f in named[value]}
            children.append([*({**lasting, **own}).items()])
        return [*children, [*lasting.items()]]

    # --- splits

    def _split(self, slot: int, rows: Open) -> Split:
        atoms = {id(a): a for _, f in rows for a in atoms_of(f) if a.slot == slot}.values()
        if any(isinstance(atom, Below) for atom in atoms):
            return _range_split(slot, atoms)
        values = {v for atom in atoms if isinstance(atom, Member) for v in atom.values}
        ordered = sorted(values, key=lambda v: (type(v).__name__, repr(v)))
        places = [(value, partial(_at_value, value)) for value in ordered]
        return Split(slot, (*places, (None, _at_other)), None)


def _row(item: tuple[int, Formula]) -> int:
    return item[0]


def _asking(slot: int, rows: Open) -> list[tuple[int, Formula]]:
    return [(row, f) for row, f in rows if slot in slots_of(f)]


def _slots(rows: Open) -> frozenset[int]:
    return frozenset([slot for _, f in rows for slot in slots_of(f)])


def _values(formula: Formula, slot: int) -> set[Hashable]:
    return {
        value
        for atom in atoms_of(formula)
        if isinstance(atom, Member) and atom.slot == slot
        for value in atom.values
    }


def _remaining(split: Split, rows: Open) -> float:
    """Return about how many rows are left open in a branch of a split, on average."""
    asking = sum(split.slot in slots_of(f) for _, f in rows)
    branches = max(2, len(split.places))
    return len(rows) - asking + asking / branches


def _best_slot(rows: Open) -> int:
    """Return the slot that most rows ask for; the first of several."""
    counts: dict[int, int] = {}
    for _, formula in rows:
        for slot in slots_of(formula):
            counts[slot] = counts.get(slot, 0) + 1
    return min(counts, key=lambda slot: (-counts[slot], slot), default=-1)


# --- what is known at a place


def _at_absent(atom: Atom) -> bool | Error | None:
    return False if isinstance(atom, Present) else ERROR


def _at_value(value: Hashable, atom: Atom) -> bool | Error | None:
    if isinstance(atom, Member):
        return value in atom.values
    return True if isinstance(atom, Present) else None


def _at_other(atom: Atom) -> bool | Error | None:
    if isinstance(atom, Member):
        return False
    return True if isinstance(atom, Present) else None


def _range_split(slot: int, atoms: Iterable[Atom]) -> Split:
    """Return the parts between the bounds of all atoms; a member is a part of its own."""
    bounds: set[tuple[Any, bool]] = set()
    for atom in atoms:
        if isinstance(atom, Below):
            bounds.add((atom.bound, atom.inclusive))
        elif isinstance(atom, Member):
            bounds.update(
                (value, inclusive) for value in atom.values for inclusive in (False, True)
            )
    ordered = tuple(sorted(bounds))
    index = {bound: place for place, bound in enumerate(ordered)}
    places = tuple((part, partial(_in_part, index, part)) for part in range(len(ordered) + 1))
    return Split(slot, places, ordered)


def _in_part(index: dict[tuple[Any, bool], int], part: int, atom: Atom) -> bool | Error | None:
    """Tell an atom's truth between the bounds `part - 1` and `part`."""
    if isinstance(atom, Below):
        return part <= index[atom.bound, atom.inclusive]
    if isinstance(atom, Member):
        return any(index[value, False] + 1 == part for value in atom.values)
    return True if isinstance(atom, Present) else None


def _range(split: Split, nodes: tuple[Node, ...], absent: Node | None) -> Node:
    bounds = split.bounds or ()
    before = [bound for bound, inclusive in bounds if not inclusive]
    upto = [bound for bound, inclusive in bounds if inclusive]
    return Range(split.slot, before, upto, nodes, absent or nodes[0])
