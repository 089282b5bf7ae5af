"""Checks that a `tier` gives every value of its subject to exactly one row.

A ladder is checked over the whole line of its subject's type, whatever a refinement forbids: a
value outside of a refinement is a bad action, and must still find the row that it belongs to.
Source: docs/language.md#rule-and-guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatewright.dsl import ast, limits, types
from gatewright.dsl.checks.cells import CellValues, Report, Subject, describe, kind_text, read_cell
from gatewright.dsl.checks.constants import Constant
from gatewright.dsl.checks.intervals import Cut, Span
from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages import rules as messages
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Span as Place
from gatewright.dsl.types import Type

_LINES: dict[Type, Span] = {
    types.INT: Span((limits.INT_MIN, 0), (limits.INT_MAX + 1, 0)),
    types.UINT: Span((0, 0), (limits.UINT_MAX + 1, 0)),
}
_WHOLE_LINE = Span(None, None)
_STEPPED = (
    types.INT, types.UINT, types.DOUBLE, types.DECIMAL, types.DURATION, types.TIMESTAMP,
    types.ANY, types.UNKNOWN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Step:
    """A stretch of the line that a row covers."""

    span: Span
    row: int


def check_tier(
    tier: ast.Tier, subject_type: Type, lets: Mapping[str, ast.Expr], report: Report
) -> None:
    """Report what makes a tier ambiguous or incomplete.

    `lets` are the named expressions of the package. Cost: O(n log n) in the rows.
    Source: docs/language.md#rule-and-guard.
    """
    subject = Subject(tier.subject, subject_type)
    if not tier.rows:
        report(messages.no_rows(tier.span, "tier"))
    elif subject_type not in _STEPPED and not isinstance(subject_type, types.MoneyType):
        report(messages.no_ladder(tier.subject.span, str(subject_type)))
    else:
        cells = [_constant_cell(row.cell, subject, lets, report) for row in tier.rows]
        known = [cell for cell in cells if cell is not None]
        sample = _common_kind(tier, known, report) if len(known) == len(cells) else None
        if sample is not None:
            _Ladder(tier, subject, known, sample, report).check()


def _constant_cell(
    cell: ast.CompareCell | ast.RangeCell,
    subject: Subject,
    lets: Mapping[str, ast.Expr],
    report: Report,
) -> CellValues | None:
    values = read_cell(cell, subject, lets, report)
    if values is None or values.form != "unknown":
        return values
    report(messages.step_not_constant(cell.span))
    return None


def _common_kind(tier: ast.Tier, cells: list[CellValues], report: Report) -> Constant | None:
    """Return a constant of the kind and currency of all steps; None where they differ."""
    samples = [
        (cell.sample, row.cell.span)
        for cell, row in zip(cells, tier.rows, strict=True)
        if cell.sample is not None
    ]
    first, place = samples[0]
    others = [(value, span) for value, span in samples if value.family != first.family]
    for value, span in others:
        report(messages.mixed_steps(span, kind_text(value), place, kind_text(first)))
    return None if others else first


class _Ladder:
    """The steps of one tier, in the order of their values."""

    def __init__(
        self,
        tier: ast.Tier,
        subject: Subject,
        cells: list[CellValues],
        sample: Constant,
        report: Report,
    ) -> None:
        self._tier = tier
        self._report = report
        self._whole = subject.is_whole
        self._line = _LINES.get(subject.type, _WHOLE_LINE)
        self._sample = sample
        self._steps = sorted(
            (_Step(span, i) for i, cell in enumerate(cells) for span in cell.spans),
            key=lambda step: (_low(step.span.low), step.row),
        )

    def check(self) -> None:
        """Walk up the ladder: each step starts where the ones before it end."""
        reached: _Step | None = None
        for step in self._steps:
            if reached is None:
                self._gap(self._line.low, step.span.low, None, step)
            elif _low(step.span.low) < _high(reached.span.high):
                self._overlap(reached, step)
            else:
                self._gap(reached.span.high, step.span.low, reached, step)
            if reached is None or _high(step.span.high) > _high(reached.span.high):
                reached = step
        if reached is not None:
            self._gap(reached.span.high, self._line.high, reached, None)

    def _gap(
        self, low: Cut | None, high: Cut | None, before: _Step | None, after: _Step | None
    ) -> None:
        """Report what lies between two cuts, where anything does."""
        starts_late = before is None and _low(high) > _low(low)
        ends_early = after is None and _high(low) < _high(high)
        if not (starts_late or ends_early or (before and after and _low(low) < _low(high))):
            return
        missing = Span(None if before is None else low, None if after is None else high)
        neighbours = [(before, "the row before"), (after, "the row after")]
        places = [(self._cell(step), text) for step, text in neighbours if step is not None]
        labels = tuple(Label(span, text) for span, text in places[:-1])
        text = describe(missing, self._sample, whole=self._whole)
        self._report(messages.gap(places[-1][0], text, labels))

    def _overlap(self, reached: _Step, step: _Step) -> None:
        """Report what two rows both cover, at the row that is written later."""
        high = min(reached.span.high, step.span.high, key=_high)
        first, second = sorted((reached, step), key=lambda s: s.row)
        both = describe(Span(step.span.low, high), self._sample, whole=self._whole)
        self._report(messages.tier_overlap(self._cell(second), both, self._cell(first)))

    def _cell(self, step: _Step) -> Place:
        return self._tier.rows[step.row].cell.span


def _low(cut: Cut | None) -> tuple[Any, ...]:
    """Order cuts that start a stretch: no bound comes first."""
    return (0,) if cut is None else (1, *cut)


def _high(cut: Cut | None) -> tuple[Any, ...]:
    """Order cuts that end a stretch: no bound comes last. Comparable with `_low`."""
    return (2,) if cut is None else (1, *cut)
