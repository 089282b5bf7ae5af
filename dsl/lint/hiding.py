"""Which rows of a policy match whatever another row matches, so that theirs is the effect.

A row follows from another one where its conditions follow from what that one says, and where it
covers all that the other does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.checks.intervals import Cut, Point
from gatewright.dsl.lint.facts import Fact, Facts, Known, Subject
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.policy import ActionType, Row, Rule, Scope
from gatewright.dsl.records import dataclass, field

_MOST_COMPARED = 100_000
"""How many facts the rows of a set are compared with; each row has its share of them."""
_LEAST_COMPARED = 20
"""How many facts a row is compared with however many rows there are."""
_CUTS_AT_ONCE = 8
"""How many cuts of what a row knows are compared in the time of one fact."""

_Covered: TypeAlias = "tuple[tuple[str, ...], bool] | str"
"""What hiders are found by: a pattern, as its parts and whether it ends in `*`, or a package."""


@dataclass(frozen=True, slots=True)
class Hider:
    """A row that hides others, with what it asks for and what the scope of its rule names."""

    rule: Rule
    row: Row
    facts: Facts
    covers: frozenset[_Covered]


class _Stretches:
    """Hiders that ask for a value of one subject, by where the values begin and end.

    So a row of a long ladder is not compared with all the others. Cost: of finding those around a
    fact, a search, and the hiders that begin before it and end behind it, or lie among such.
    """

    def __init__(self) -> None:
        self._entered: list[Hider] = []
        self._numbers: list[int] = []
        """The hiders by where they begin, as their numbers."""
        self._begins: list[tuple[()] | Cut] = []
        self._reach: list[Cut | None] = []
        """How far those reach that do not begin behind a hider."""

    def enter(self, hider: Hider) -> None:
        """Keep a hider by its first fact."""
        self._entered.append(hider)

    def around(self, fact: Fact) -> Iterator[Hider]:
        """Yield the hiders whose first fact may follow from a fact about the same subject."""
        if len(self._numbers) < len(self._entered):
            self._sort()
        ends = fact.values.ends
        high = ends.high
        if fact.whole and high is not None and not high[1]:
            high = (high[0] - 1, 1)  # the last whole number before it
        at = bisect_right(self._begins, _begin(ends.low))
        while at and _reaches(self._reach[at - 1], high):
            at -= 1
            yield self._entered[self._numbers[at]]

    def _sort(self) -> None:
        spans = [hider.facts.facts[0].values.ends for hider in self._entered]
        self._numbers = sorted(range(len(spans)), key=lambda number: _begin(spans[number].low))
        self._begins = [_begin(spans[number].low) for number in self._numbers]
        self._reach = []
        for number in self._numbers:
            high = spans[number].high
            if self._reach and _reaches(self._reach[-1], high):
                high = self._reach[-1]
            self._reach.append(high)


def _begin(low: Cut | None) -> tuple[()] | Cut:
    """Return what stretches are sorted by: one without a lower bound comes first."""
    return () if low is None else low


def _reaches(high: Cut | None, other: Cut | None) -> bool:
    """Tell whether a stretch ends where another does or behind that; None is no bound."""
    return high is None or (other is not None and high >= other)


@dataclass(slots=True)
class _Bucket:
    """Hiders of one scope, by a fact that what they hide must know.

    So a rule is not compared with a thousand hiders that are about other customers.
    """

    free: list[Hider] = field(default_factory=list[Hider])
    by_subject: dict[Subject, _Stretches] = field(default_factory=dict[Subject, "_Stretches"])
    by_value: dict[tuple[Subject, Point], list[Hider]] = field(
        default_factory=dict[tuple[Subject, Point], list[Hider]]
    )

    def enter(self, hider: Hider) -> None:
        """Keep a hider by one value that it asks for, or by a subject, or as unconditional."""
        for fact in hider.facts.facts:
            if fact.only is not None:
                self.by_value.setdefault((fact.subject, fact.only), []).append(hider)
                return
        if hider.facts.facts:
            self.by_subject.setdefault(hider.facts.facts[0].subject, _Stretches()).enter(hider)
        else:
            self.free.append(hider)

    def candidates(self, known: Known) -> Iterator[Hider]:
        """Yield the hiders whose kept fact may follow from what is known."""
        yield from self.free
        for subject, fact in known.values.items():
            if subject in self.by_subject:
                yield from self.by_subject[subject].around(fact)
            if fact.only is not None:
                yield from self.by_value.get((subject, fact.only), ())


class Hiders:
    """The rows of a policy that hide others, found by what they cover.

    `hides` tells which do; rules in shadow and those that an exception suspends never do. Whether
    one hides a row is not asked without end: in a set of thousands of rows that all might hide one
    another, a row is compared with its share of the hiders, and some stay unfound.
    """

    def __init__(self, view: View, hides: Callable[[Rule, Row], bool]) -> None:
        self._view = view
        self._hides = hides
        self._buckets: dict[_Covered, _Bucket] = {}
        self._share = max(_LEAST_COMPARED, _MOST_COMPARED // max(1, len(view.rows)))
        suspended = {name for exception in view.policy.exceptions for name in exception.suspends}
        for rule in view.policy.rules:
            if not rule.shadow and rule.qualified not in suspended:
                for hider in self._read(rule):
                    for covered in hider.covers:
                        self._buckets.setdefault(covered, _Bucket()).enter(hider)

    def _read(self, rule: Rule) -> Iterator[Hider]:
        """Yield the rows of a rule that hide; read for any action, since others' rows will ask."""
        reader = self._view.reader(rule.package, None)
        patterns = rule.scope.patterns
        covers = frozenset(map(_named, patterns)) if patterns else frozenset((rule.scope.package,))
        for row in rule.rows:
            if self._hides(rule, row):
                known = reader.together(row.conditions)
                if known.contradiction is None:
                    facts = (fact for fact in known.values.values() if fact.truth is None)
                    yield Hider(rule, row, Facts(tuple(facts)), covers)

    def hiding(self, rule: Rule, known: Known) -> Hider | None:
        """Return a row that matches whatever a row of `rule` does; `known` is what that says."""
        parts = self._parts(rule.scope)
        left = self._share
        cuts = sum(len(fact.values.cuts) for fact in known.values.values()) // _CUTS_AT_ONCE
        for hider in self._candidates(next(parts, ()), known):
            if hider.rule.qualified == rule.qualified:
                continue
            if left <= 0:
                break
            asked = len(hider.facts.facts)
            price = min(len(known.values), asked) + cuts if asked else 0
            if price > max(left, _LEAST_COMPARED):
                left -= 1  # for the look at it
                continue
            left -= price
            if hider.facts.follow_from(known) and all(
                not hider.covers.isdisjoint(part) for part in self._parts(rule.scope)
            ):
                return hider
        return None

    def _candidates(self, part: Sequence[_Covered], known: Known) -> Iterator[Hider]:
        for covered in part:
            bucket = self._buckets.get(covered)
            if bucket is not None:
                yield from bucket.candidates(known)

    def _parts(self, scope: Scope) -> Iterator[Sequence[_Covered]]:
        """Yield, for each part of a scope, what covers all of it."""
        for pattern in scope.patterns:
            action = None if pattern.wildcard else self._view.policy.actions.get(pattern.text)
            yield _covering(pattern.parts, pattern.wildcard, action)
        if not scope.patterns:
            for action in self._view.covered(scope):
                yield _covering(tuple(action.name.split(".")), False, action)


def hidden_rows(
    view: View, hiders: Hiders, is_hidden: Callable[[RowView], bool]
) -> Iterator[tuple[RowView, Hider, bool]]:
    """Yield the rows that one of `hiders` hides, of those that may be, and whether all are.

    Of a rule whose rows all are hidden it is the first one alone.
    """
    rows: dict[str, list[RowView]] = {}
    for row in view.rows:
        if row.known.contradiction is None and is_hidden(row):
            rows.setdefault(row.rule.qualified, []).append(row)
    for rule in view.rules:
        mine = rows.get(rule.qualified, [])
        found = [(row, hiders.hiding(rule, row.known)) for row in mine]
        hidden = [(row, hider) for row, hider in found if hider is not None]
        if hidden and len(hidden) == len(mine):
            yield *hidden[0], True
        else:
            yield from ((row, hider, False) for row, hider in hidden)


def _named(pattern: ast.Pattern) -> _Covered:
    return pattern.parts, pattern.wildcard


def _covering(
    parts: tuple[str, ...], wildcard: bool, action: ActionType | None
) -> Sequence[_Covered]:
    """Return what covers all that a pattern does; `action` is what it names, if it is declared."""
    found: list[_Covered] = [(parts[:length], True) for length in range(len(parts))]
    found.append((parts, wildcard))
    if action is not None:
        found.append(action.package)
    return found
