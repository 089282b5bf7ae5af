"""Facts that conditions say of the values they look at, and what several say together.

A condition such as `action.amount < 50 USD` is a fact: its subject lies within a set of values.
Facts about one subject meet in `Known`, and contradict or imply each other. Knows no scopes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.checks.intervals import IntervalSet, Point, Remainder
from gatewright.dsl.records import dataclass, field
from gatewright.dsl.source import Span

_MONEY = "money("
"""How the family of an amount begins: its currency follows."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What facts are about: an expression, and the family of values it is compared with.

    `home` is the package whose names the expression uses, empty where it uses names that mean the
    same everywhere (`action.amount`).
    """

    home: str
    expression: ast.Expr
    family: str
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.home, self.expression, self.family)))

    @property
    def currency(self) -> str | None:
        """The currency, where the subject is compared with amounts of money."""
        is_money = self.family.startswith(_MONEY)
        return self.family[len(_MONEY) : -1] if is_money else None

    def __hash__(self) -> int:
        # HOT: facts are kept by their subjects, and an expression may be long.
        return self._hash


@dataclass(frozen=True, slots=True)
class Fact:
    """The subject is one of `values`, which lie within its `domain`; `whole` for whole numbers."""

    subject: Subject
    values: IntervalSet
    domain: IntervalSet
    whole: bool = False

    def __invert__(self) -> Fact:
        return Fact(self.subject, self.domain & ~self.values, self.domain, self.whole)

    @property
    def only(self) -> Point | None:
        """The one value that the subject has, if the fact leaves but one."""
        if self.values.starts_inside or len(self.values.cuts) != 2:
            return None
        low, high = self.values.cuts
        one = low[0] == high[0] or (self.whole and low[0] + 1 == high[0])
        return low[0] if one else None

    @property
    def truth(self) -> bool | None:
        """Whether the fact holds for every value of the domain, or for none."""
        if self.values.is_empty:
            return False
        return True if self.values == self.domain else None


Reading: TypeAlias = "Fact | bool"
"""What a condition is: a fact, or always true or false."""


@dataclass(slots=True)
class Known:
    """What several conditions say together."""

    values: dict[Subject, Fact] = field(default_factory=dict[Subject, Fact])
    _places: dict[Subject, Span] = field(default_factory=dict[Subject, Span])
    contradiction: tuple[Span, Span] | None = None
    """The places of two conditions that cannot both hold, the later one first."""
    one_never_holds: bool = False
    """Whether one of the conditions alone never holds."""

    def add(self, readings: Iterable[Reading], place: Span) -> None:
        """Take what one more condition says into account."""
        narrowed: dict[Subject, Remainder] = {}
        for reading in readings:
            if isinstance(reading, bool):
                if not reading and self.contradiction is None:
                    self.contradiction = (place, place)
                continue
            subject = reading.subject
            left: IntervalSet | Remainder = reading.values
            if self.values.setdefault(subject, reading) is not reading:
                left = narrowed.get(subject) or Remainder(self.values[subject].values)
                left.keep(reading.values)
                narrowed[subject] = left
            if left.is_empty and self.contradiction is None:
                self.contradiction = (place, self._places.get(subject, place))
            self._places[subject] = place
        for subject, left in narrowed.items():
            fact = self.values[subject]
            self.values[subject] = Fact(subject, left.values, fact.domain, fact.whole)

    def copy(self) -> Known:
        """Return the same knowledge, to be added to."""
        return Known(
            dict(self.values), dict(self._places), self.contradiction, self.one_never_holds
        )

    def bounds_above(self, subjects: Collection[ast.Expr]) -> bool:
        """Tell whether the conditions keep one of some expressions below some value."""
        return any(_is_bounded(f) for s, f in self.values.items() if s.expression in subjects)


class Facts:
    """Facts that hold together, read for any action."""

    __slots__ = ("_whole", "facts")

    def __init__(self, facts: tuple[Fact, ...]) -> None:
        self.facts = facts
        self._whole: dict[Subject, IntervalSet] = {}

    def follow_from(self, known: Known) -> bool:
        """Tell whether they hold wherever something does that is known, of these actions or any."""
        for fact in self.facts:
            found = known.values.get(fact.subject)
            if found is None:
                if fact.truth is not True:
                    return False
            elif not found.values <= (self._as_whole(fact) if found.whole else fact.values):
                return False
        return True

    def _as_whole(self, fact: Fact) -> IntervalSet:
        """Return what a fact allows of whole numbers; many rows ask."""
        if fact.subject not in self._whole:
            self._whole[fact.subject] = fact.values.whole()
        return self._whole[fact.subject]


def _is_bounded(fact: Fact) -> bool:
    if fact.values.is_empty:
        return True
    high, limit = fact.values.ends.high, fact.domain.ends.high
    return high is not None and (limit is None or high < limit)


def opposite(reading: Reading) -> Reading:
    """Return what a reading says where its condition does not hold."""
    return not reading if isinstance(reading, bool) else ~reading
