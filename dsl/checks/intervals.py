"""Sets of values on a line, as intervals: what a comparison, a cell or a refinement lets through.

A set is a list of cuts, places between two neighbouring values where it starts or ends: the cut
`(v, 0)` lies just before v, `(v, 1)` just after. So open and closed ends are no cases of their own.
Values of one set are of one family (numbers, or money of one currency, or strings ...), which have
an order. Knows nothing of expressions.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Context, Decimal
from typing import Any, Literal, TypeAlias

from gatewright.dsl.records import dataclass

Point: TypeAlias = Any
"""An int, Decimal, str, bytes or bool: what the language can order. Never a float."""
Cut: TypeAlias = tuple[Point, int]
Comparison: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]

_ROOMY = Context(prec=200)
_FEW = 8
"""A set of so few cuts, or so many times fewer, is laid over the other, not merged with it."""


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a set, between two cuts; None is no bound."""

    low: Cut | None
    high: Cut | None

    @property
    def point(self) -> Point | None:
        """The only value of the stretch, if it is a single one."""
        if self.low is None or self.high is None or self.low[0] != self.high[0]:
            return None
        return self.low[0]


@dataclass(frozen=True, slots=True)
class IntervalSet:
    """A set of values. Equal sets are equal objects; the cuts rise strictly.

    >>> below(50, inclusive=False) & ~point(7) & above(3, inclusive=True)
    IntervalSet(starts_inside=False, cuts=((3, 0), (7, 0), (7, 1), (50, 0)))
    """

    starts_inside: bool
    cuts: tuple[Cut, ...]

    def __and__(self, other: IntervalSet) -> IntervalSet:
        few, many = (self, other) if len(self.cuts) <= len(other.cuts) else (other, self)
        if not few.cuts:
            return many if few.starts_inside else few
        if not _is_few(few.cuts, many.cuts):
            return _merge(self, other, lambda a, b: a and b)
        both = Remainder(many)
        both.keep(few)
        return both.values

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return _merge(self, other, lambda a, b: a or b)

    def __invert__(self) -> IntervalSet:
        return IntervalSet(not self.starts_inside, self.cuts)

    def __contains__(self, value: Point) -> bool:
        passed = bisect_right(self.cuts, (value, 0))
        return self.starts_inside ^ (passed % 2 == 1)

    @property
    def is_empty(self) -> bool:
        """Whether no value is in the set."""
        return not self.starts_inside and not self.cuts

    def __le__(self, other: IntervalSet) -> bool:
        """Tell whether this set lies within the other. Cost: a search for each of its stretches."""
        cuts, starts_inside = other.cuts, other.starts_inside
        for low, high in _stretches(self.starts_inside, self.cuts):
            passed = 0 if low is None else bisect_right(cuts, low)
            inside = starts_inside ^ (passed % 2 == 1)
            if not inside or (passed < len(cuts) and (high is None or cuts[passed] < high)):
                return False
        return True

    def spans(self) -> Iterator[Span]:
        """Yield the stretches of the set in order."""
        for low, high in _stretches(self.starts_inside, self.cuts):
            yield Span(low, high)

    @property
    def ends(self) -> Span:
        """The stretch from where the set begins to where it ends, of a set that is not empty."""
        ends_inside = self.starts_inside ^ (len(self.cuts) % 2 == 1)
        low = None if self.starts_inside else self.cuts[0]
        return Span(low, None if ends_inside else self.cuts[-1])

    def whole(self) -> IntervalSet:
        """Return the set as whole numbers have it: `> 1.5` is `>= 2`, and `> 1 && < 2` is empty."""
        kept: list[Cut] = []
        for value, side in self.cuts:
            cut = (math.floor(value) + 1 if side else math.ceil(value), 0)
            if kept and kept[-1] == cut:
                kept.pop()  # nothing lies between two equal cuts
            else:
                kept.append(cut)
        return IntervalSet(self.starts_inside, tuple(kept))

    def example(self, step: Point = 1) -> Point | None:
        """Return a value of the set, one that people would choose; None where none is at hand.

        `step` is how far an example keeps from an open end, where there is room.
        """
        return next((v for span in self.spans() if (v := _inside(span, step)) is not None), None)


class Remainder:
    """What is left of a set from which more and more is dropped, without copying it each time."""

    __slots__ = ("_cuts", "_starts_inside")

    def __init__(self, values: IntervalSet) -> None:
        self._starts_inside = values.starts_inside
        self._cuts = list(values.cuts)

    @property
    def values(self) -> IntervalSet:
        """What is left of the set."""
        return IntervalSet(self._starts_inside, tuple(self._cuts))

    @property
    def is_empty(self) -> bool:
        """Whether no value is left."""
        return not self._starts_inside and not self._cuts

    def keep(self, kept: IntervalSet) -> None:
        """Drop what another set does not have. Cost: a search for each cut of a set of few."""
        if _is_few(kept.cuts, self._cuts):
            for low, high in _stretches(not kept.starts_inside, kept.cuts):
                self._drop(low, high)
        else:
            both = self.values & kept
            self._starts_inside, self._cuts = both.starts_inside, list(both.cuts)

    def _drop(self, low: Cut | None, high: Cut | None) -> None:
        """Drop what lies between two cuts: those within go, the ends stay as far as they matter."""
        cuts, starts_inside = self._cuts, self._starts_inside
        ends: list[Cut] = []
        first, behind = 0, len(cuts)
        if low is None:
            self._starts_inside = False
        else:
            first = bisect_left(cuts, low)
            if starts_inside ^ (first % 2 == 1):
                ends.append(low)
        if high is not None:
            behind = bisect_right(cuts, high, first)
            if starts_inside ^ (behind % 2 == 1):
                ends.append(high)
        cuts[first:behind] = ends


EVERYTHING = IntervalSet(True, ())
NOTHING = IntervalSet(False, ())


def point(value: Point) -> IntervalSet:
    """Return the set of one value."""
    return IntervalSet(False, ((value, 0), (value, 1)))


def points(values: Iterable[Point]) -> IntervalSet:
    """Return the set of some values. Cost: O(n log n)."""
    cuts = [cut for value in sorted(set(values)) for cut in ((value, 0), (value, 1))]
    return IntervalSet(False, tuple(cuts))


def below(value: Point, *, inclusive: bool) -> IntervalSet:
    """Return what is less than a value, or `inclusive` of it."""
    return IntervalSet(True, ((value, int(inclusive)),))


def above(value: Point, *, inclusive: bool) -> IntervalSet:
    """Return what is greater than a value, or `inclusive` of it."""
    return IntervalSet(False, ((value, int(not inclusive)),))


def between(low: Point, high: Point) -> IntervalSet:
    """Return the values from `low` to `high`, both included; nothing where `low` is the greater."""
    return IntervalSet(False, ((low, 0), (high, 1))) if low <= high else NOTHING


def compared(operator: Comparison, bound: Point) -> IntervalSet:
    """Return the values v for which `v operator bound` holds."""
    match operator:
        case "==":
            return point(bound)
        case "!=":
            return ~point(bound)
        case "<" | "<=":
            return below(bound, inclusive=operator == "<=")
        case ">" | ">=":
            return above(bound, inclusive=operator == ">=")


def _is_few(few: Sequence[Cut], many: Sequence[Cut]) -> bool:
    return len(few) <= _FEW or len(few) * _FEW < len(many)


def _stretches(
    starts_inside: bool, cuts: tuple[Cut, ...]
) -> Iterator[tuple[Cut | None, Cut | None]]:
    """Yield where the stretches of a set begin and end; None is no bound."""
    edges: list[Cut | None] = [None] if starts_inside else []
    edges.extend(cuts)
    if len(edges) % 2:
        edges.append(None)
    return zip(edges[::2], edges[1::2], strict=True)


def _merge(a: IntervalSet, b: IntervalSet, both: Callable[[bool, bool], bool]) -> IntervalSet:
    """Sweep over the cuts of two sets at once. Cost: linear in their number."""
    in_a, in_b = a.starts_inside, b.starts_inside
    starts = inside = both(in_a, in_b)
    cuts: list[Cut] = []
    i = j = 0
    while i < len(a.cuts) or j < len(b.cuts):
        from_a = j == len(b.cuts) or (i < len(a.cuts) and a.cuts[i] <= b.cuts[j])
        cut = a.cuts[i] if from_a else b.cuts[j]
        if i < len(a.cuts) and a.cuts[i] == cut:
            in_a, i = not in_a, i + 1
        if j < len(b.cuts) and b.cuts[j] == cut:
            in_b, j = not in_b, j + 1
        if both(in_a, in_b) != inside:
            inside = not inside
            cuts.append(cut)
    return IntervalSet(starts, tuple(cuts))


def _inside(span: Span, step: Point) -> Point | None:
    """Return a value of a stretch: a closed end, one step off an open one, or the middle."""
    low, high = span.low, span.high
    if low is not None and low[1] == 0:
        return low[0]
    if high is not None and high[1] == 1:
        return high[0]
    if low is None:
        return None if high is None else _moved(high[0], step, -1)
    candidate = _moved(low[0], step, 1)
    if candidate is None or high is None or candidate < high[0]:
        return candidate
    return _middle(low[0], high[0])


def _moved(value: Point, step: Point, direction: int) -> Point | None:
    """Return a value one step away; of strings a longer one, which is a greater one."""
    if isinstance(value, int | Decimal):
        moved = _ROOMY.add(Decimal(value), Decimal(step) * direction)
        return int(moved) if isinstance(value, int) else moved
    return value + "a" if isinstance(value, str) and direction > 0 else None


def _middle(low: Point, high: Point) -> Point | None:
    if isinstance(low, int | Decimal):
        return _ROOMY.divide(_ROOMY.add(Decimal(low), Decimal(high)), Decimal(2)).normalize(_ROOMY)
    return None
