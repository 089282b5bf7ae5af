"""A rule whose actions are all blocked by another rule or guard.

Avoid:

    guard freeze on billing.* => block because "Refunds are frozen."
    rule small on billing.refund when action.amount < 50 USD => auto_run

Prefer:

    guard freeze on billing.* when now < 2026-12-01T00:00:00Z => block because "Refunds are frozen."
    rule small on billing.refund when action.amount < 50 USD => auto_run

Why: the most restrictive effect wins, so a block whose conditions are implied by those of a rule
makes the rule idle. Either the block is too wide, or the rule should go. A block that an exception
suspends hides nothing, nor does a shadow rule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.checks.intervals import Cut, Point
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.facts import Fact, Facts, Known, Subject
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import ActionType, Row, Rule, Scope
from gatewright.dsl.records import dataclass, field

_MOST_COMPARED = 100_000
"""How many facts the rows of a set are compared with; each row has its share of them."""
_LEAST_COMPARED = 20
"""How many facts a row is compared with however many rows there are."""
_CUTS_AT_ONCE = 8
"""How many cuts of what a row knows are compared in the time of one fact."""

_Covered: TypeAlias = "tuple[tuple[str, ...], bool] | str"
"""What blocks are found by: a pattern, as its parts and whether it ends in `*`, or a package."""


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each rule whose rows are all hidden, or else for each hidden row."""
    blocks = _Blocks(view)
    rows: dict[str, list[RowView]] = {}
    for row in view.rows:
        if not row.row.effect.block and row.known.contradiction is None:
            rows.setdefault(row.rule.qualified, []).append(row)
    for rule in view.rules:
        yield from _rule(rule, rows.get(rule.qualified, []), blocks)


def _rule(rule: Rule, rows: list[RowView], blocks: _Blocks) -> Iterator[Diagnostic]:
    found = [(row, blocks.hiding(rule, row.known)) for row in rows]
    hidden = [(row, block) for row, block in found if block is not None]
    if rows and len(hidden) == len(rows):
        _, block = hidden[0]
        what = f"the {rule.kind} `{rule.name}`"
        yield messages.hidden_by_block(rule.span, what, block.rule.name, block.row.span)
        return
    for row, block in hidden:
        place = row.row.span
        yield messages.hidden_by_block(place, "this row", block.rule.name, block.row.span)


@dataclass(frozen=True, slots=True)
class _Block:
    """A row that blocks, with the facts that it blocks on and what the scope of its rule names."""

    rule: Rule
    row: Row
    facts: Facts
    covers: frozenset[_Covered]


class _Stretches:
    """Blocks that ask for a value of one subject, by where the values begin and end.

    So a row of a long ladder is not compared with all the others. Cost: of finding those around a
    fact, a search, and the blocks that begin before it and end behind it, or lie among such.
    """

    def __init__(self) -> None:
        self._entered: list[_Block] = []
        self._numbers: list[int] = []
        """The blocks by where they begin, as their numbers."""
        self._begins: list[tuple[()] | Cut] = []
        self._reach: list[Cut | None] = []
        """How far those reach that do not begin behind a block."""

    def enter(self, block: _Block) -> None:
        """Keep a block by its first fact."""
        self._entered.append(block)

    def around(self, fact: Fact) -> Iterator[_Block]:
        """Yield the blocks whose first fact may follow from a fact about the same subject."""
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
        spans = [block.facts.facts[0].values.ends for block in self._entered]
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
    """Blocks of one scope, by a fact that what they hide must know.

    So a rule is not compared with a thousand blocks that are about other customers.
    """

    free: list[_Block] = field(default_factory=list[_Block])
    by_subject: dict[Subject, _Stretches] = field(default_factory=dict[Subject, "_Stretches"])
    by_value: dict[tuple[Subject, Point], list[_Block]] = field(
        default_factory=dict[tuple[Subject, Point], list[_Block]]
    )

    def enter(self, block: _Block) -> None:
        """Keep a block by one value that it asks for, or by a subject, or as unconditional."""
        for fact in block.facts.facts:
            if fact.only is not None:
                self.by_value.setdefault((fact.subject, fact.only), []).append(block)
                return
        if block.facts.facts:
            self.by_subject.setdefault(block.facts.facts[0].subject, _Stretches()).enter(block)
        else:
            self.free.append(block)

    def candidates(self, known: Known) -> Iterator[_Block]:
        """Yield the blocks whose kept fact may follow from what is known."""
        yield from self.free
        for subject, fact in known.values.items():
            if subject in self.by_subject:
                yield from self.by_subject[subject].around(fact)
            if fact.only is not None:
                yield from self.by_value.get((subject, fact.only), ())


class _Blocks:
    """The rows of a policy that block, found by what they cover.

    Whether one hides a row is not asked without end: in a set of thousands of rows that all might
    hide one another, a row is compared with its share of the blocks, and some stay unfound.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._buckets: dict[_Covered, _Bucket] = {}
        self._share = max(_LEAST_COMPARED, _MOST_COMPARED // max(1, len(view.rows)))
        suspended = {name for exception in view.policy.exceptions for name in exception.suspends}
        for rule in view.policy.rules:
            if not rule.shadow and rule.qualified not in suspended:
                for block in self._read(rule):
                    for covered in block.covers:
                        self._buckets.setdefault(covered, _Bucket()).enter(block)

    def _read(self, rule: Rule) -> Iterator[_Block]:
        """Yield the rows of a rule that block; read for any action, since others' rows will ask."""
        reader = self._view.reader(rule.package, None)
        patterns = rule.scope.patterns
        covers = frozenset(map(_named, patterns)) if patterns else frozenset((rule.scope.package,))
        for row in rule.rows:
            if row.effect.block:
                known = reader.together(row.conditions)
                if known.contradiction is None:
                    facts = (fact for fact in known.values.values() if fact.truth is None)
                    yield _Block(rule, row, Facts(tuple(facts)), covers)

    def hiding(self, rule: Rule, known: Known) -> _Block | None:
        """Return a row that blocks whatever a row of `rule` matches; `known` is what that says."""
        parts = self._parts(rule.scope)
        left = self._share
        price = sum(1 + len(fact.values.cuts) // _CUTS_AT_ONCE for fact in known.values.values())
        for block in self._candidates(next(parts, ()), known):
            if block.rule.qualified == rule.qualified:
                continue
            if left <= 0:
                break
            left -= price if block.facts.facts else 0
            if block.facts.follow_from(known) and all(
                not block.covers.isdisjoint(part) for part in self._parts(rule.scope)
            ):
                return block
        return None

    def _candidates(self, part: Sequence[_Covered], known: Known) -> Iterator[_Block]:
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


LINT = Lint("hidden-by-block", "GW1004", check)
