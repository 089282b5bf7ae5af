"""Two rules below and above a threshold, and none for the threshold itself.

Avoid:

    rule small on billing.refund when action.amount < 50 USD => auto_run
    rule large on billing.refund when action.amount > 50 USD => require manager

Prefer:

    rule small on billing.refund when action.amount < 50 USD => auto_run
    rule large on billing.refund when action.amount >= 50 USD => require manager

Why: a refund of exactly 50 USD is opened by no rule and gets the `default`, which is nobody's wish.
A `tier` is checked for this. Told are rules of one action that ask the same but for this value,
where no other rule may cover it, and the default is neither what is said below nor above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatewright.dsl import ast
from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.constants import Constant
from gatewright.dsl.checks.intervals import IntervalSet, Point
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.facts import Fact, Subject
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Effect
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Span

_MOST_FACTS = 8
"""Rows that say more are left alone: the later ones of a long `cases`."""


@dataclass(frozen=True, slots=True)
class _Stepped:
    """A row, and its facts about values with steps; each with all else that the row says."""

    row: RowView
    facts: tuple[tuple[Fact, frozenset[tuple[Subject, IntervalSet]]], ...]


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each single value between rules that no rule covers."""
    rows: dict[str, list[_Stepped]] = {}
    for row in view.rows:
        if row.rule.kind == "rule" and not row.rule.shadow and row.known.contradiction is None:
            stepped = _Stepped(row, tuple(_stepped(row)))
            for action in view.covered(row.rule.scope):
                rows.setdefault(action.name, []).append(stepped)
    done: set[tuple[object, ...]] = set()
    for name, found in rows.items():
        default = view.default_of(view.policy.actions[name])
        key = (default, *map(id, found))
        if key not in done:
            done.add(key)
            yield from _of_action(found, default)


def _stepped(row: RowView) -> Iterator[tuple[Fact, frozenset[tuple[Subject, IntervalSet]]]]:
    facts = row.known.values
    if len(facts) <= _MOST_FACTS:
        for subject, fact in facts.items():
            if _has_steps(subject):
                rest = ((s, f.values) for s, f in facts.items() if s is not subject)
                yield fact, frozenset(rest)


def _of_action(rows: Sequence[_Stepped], default: Effect) -> Iterator[Diagnostic]:
    alike: dict[object, list[tuple[RowView, Fact]]] = {}
    for stepped in rows:
        for fact, rest in stepped.facts:
            alike.setdefault((fact.subject, rest), []).append((stepped.row, fact))
    for found in alike.values():
        if len(found) > 1:
            yield from _holes(found, [stepped.row for stepped in rows], default)


def _has_steps(subject: Subject) -> bool:
    is_field = isinstance(subject.expression, ast.Select)
    return is_field and (subject.family == "number" or subject.currency is not None)


def _holes(
    found: Sequence[tuple[RowView, Fact]], rows: Sequence[RowView], default: Effect
) -> Iterator[Diagnostic]:
    """Yield a warning for each single value between what rows cover that ask the same besides."""
    fact = found[0][1]
    union = intervals.NOTHING
    for _, each in found:
        union |= each.values
    for span in (fact.domain & ~union).spans():
        if span.low is None or span.high is None:
            continue
        hole = IntervalSet(False, (span.low, span.high))
        point = Fact(fact.subject, hole, fact.domain, fact.whole).only
        below = next((row for row, f in found if span.low in f.values.cuts), None)
        above = next((row for row, f in found if span.high in f.values.cuts), None)
        if point is None or below is None or above is None or below is above:
            continue  # a row that leaves out a value itself means it
        expected = default in (below.row.effect, above.row.effect)
        if not expected and not any(_may_cover(row, fact.subject, point) for row in rows):
            subject, value = fact.subject.expression.span.text, _spelled(point, fact.subject)
            yield messages.missed_threshold(_place(above), subject, value, _place(below))


def _place(row: RowView) -> Span:
    """Return where a row stands: the name of its rule, where it is the only one."""
    return row.rule.span if len(row.rule.rows) == 1 else row.row.span


def _may_cover(row: RowView, subject: Subject, point: Point) -> bool:
    fact = row.known.values.get(subject)
    return fact is None or point in fact.values


def _spelled(point: Point, subject: Subject) -> str:
    if subject.currency is None:
        return f"{point}"
    return str(Constant("money", point, subject.currency))


LINT = Lint("missed-threshold", "GW1030", check)
