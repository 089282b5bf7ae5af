"""Checks the rows of a `table`: cells fit their subjects, and no two rows contradict each other.

Two rows that can both match with different effects leave the meaning of a table to its reader, so
they are an error unless the table is `strictest`. Source: docs/language.md#rule-and-guard.

Rows are compared as sets of bits, one bit a row: for each column, which rows a cell overlaps. So
2,000 rows cost thousands of operations on integers, not millions of comparisons of cells.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.cells import CellValues, Report, Subject, example, read_cell
from gatewright.dsl.checks.constants import Key
from gatewright.dsl.checks.intervals import Cut, IntervalSet, Span
from gatewright.dsl.messages import rules as messages
from gatewright.dsl.records import dataclass, field
from gatewright.dsl.types import Type

Rows: TypeAlias = int
"""A set of rows: bit i is row i."""


def check_table(
    table: ast.Table,
    subject_types: Sequence[Type],
    lets: Mapping[str, ast.Expr],
    report: Report,
) -> None:
    """Report cells that do not fit and rows that overlap with different effects.

    `subject_types` are the types of the table's subjects, in order; whether a string is a member of
    an enum is the checker's to say. Effects are the same when they name the same routes in the same
    stages. Cost: O(rows * columns) operations on sets of rows.
    Source: docs/language.md#rule-and-guard.
    """
    if not table.rows:
        report(messages.no_rows(table.span, "table"))
        return
    subjects = [Subject(e, t) for e, t in zip(table.subjects, subject_types, strict=True)]
    rows = [_read_row(row, subjects, lets, report) for row in table.rows]
    known = [row for row in rows if row is not None]
    if len(known) == len(rows):
        _Overlaps(table, subjects, known, report).check()


def _read_row(
    row: ast.TableRow,
    subjects: list[Subject],
    lets: Mapping[str, ast.Expr],
    report: Report,
) -> tuple[CellValues, ...] | None:
    """Read the cells of a row; None, after a report, where they cannot be compared with others."""
    if len(row.cells) != len(subjects):
        head = subjects[0].expression.span.to(subjects[-1].expression.span)
        found = len(row.cells)
        report(messages.wrong_number_of_cells(row.span, found, len(subjects), head))
        return None
    pairs = zip(row.cells, subjects, strict=True)
    cells = [read_cell(cell, subject, lets, report) for cell, subject in pairs]
    known = [cell for cell in cells if cell is not None]
    return tuple(known) if len(known) == len(cells) else None


class _Overlaps:
    """The rows of one table whose cells are all understood."""

    def __init__(
        self,
        table: ast.Table,
        subjects: list[Subject],
        rows: list[tuple[CellValues, ...]],
        report: Report,
    ) -> None:
        self._table = table
        self._subjects = subjects
        self._rows = rows
        self._report = report
        self._columns = [
            _Column([(row[i], table.rows[n].cells[i]) for n, row in enumerate(rows)])
            for i in range(len(subjects))
        ]
        self._same_effect = _same_effects(table.rows)

    def check(self) -> None:
        """Compare every row with the rows before it."""
        for i in range(len(self._rows)):
            before = (1 << i) - 1
            overlapping = covering = before
            for column in self._columns:
                overlapping &= column.overlapping(i)
                covering &= column.covering(i)
            covered = covering & self._same_effect[i]
            contradicting = overlapping & ~self._same_effect[i]
            if covered:
                self._adds_nothing(i, _lowest(covered))
            if contradicting and not self._table.strictest:
                self._contradicts(i, contradicting)

    def _adds_nothing(self, later: int, first: int) -> None:
        rows = self._table.rows
        same = rows[later].cells == rows[first].cells
        span = rows[later].span
        self._report(messages.row_adds_nothing(span, same=same, first=rows[first].span))

    def _contradicts(self, later: int, contradicting: Rows) -> None:
        """Report the first contradiction that is certain, or else the first that may be."""
        certain = contradicting
        for column in self._columns:
            certain &= column.certain(later)
        first = _lowest(certain or contradicting)
        place, other = self._table.rows[later].span, self._table.rows[first].span
        if certain:
            self._report(messages.rows_overlap(place, self._example(later, first), other))
        else:
            cell = self._doubtful_cell(later, first)
            self._report(messages.rows_may_overlap(place, cell, other))

    def _doubtful_cell(self, later: int, first: int) -> str:
        """Return the text of a cell that keeps a possible overlap from being certain."""
        for i, column in enumerate(self._columns):
            if not column.certain(later) >> first & 1:
                row = later if self._rows[later][i].form == "unknown" else first
                return self._table.rows[row].cells[i].span.text
        raise AssertionError("an overlap that is not certain has a doubtful cell")

    def _example(self, later: int, first: int) -> str:
        """Write values that both rows match: `("Qualified", _)`."""
        cells = zip(self._subjects, self._rows[later], self._rows[first], strict=True)
        texts = [_common(a, b, whole=subject.is_whole) for subject, a, b in cells]
        for i, text in enumerate(texts):
            if text is None:
                texts[i] = self._table.rows[later].cells[i].span.text
        joined = ", ".join(text or "_" for text in texts)
        return f"`({joined})`" if len(texts) > 1 else f"`{joined}`"


def _common(a: CellValues, b: CellValues, *, whole: bool) -> str | None:
    """Write a value that two overlapping cells match; None where only the cell's text tells."""
    if "unknown" in (a.form, b.form):
        return None
    if a.form == "any" and b.form == "any":
        return "_"
    sample = next(c.sample for c in (a, b) if c.sample is not None)
    for cell in (a, b):
        if cell.form == "exact" and cell.sample is not None and not cell.spans:
            return str(cell.sample)
    if not (a.spans or b.spans):
        return "_"
    families = {cell.family for cell in (a, b) if cell.form != "any"}
    if len(families) > 1:  # `!= "a"` and `5`: a subject of any type
        positive = next((c for c in (a, b) if c.form != "not" and c.sample is not None), None)
        if positive is None or positive.sample is None:
            return "_"
        return example(_set(positive), positive.sample, whole=whole)
    return example(_set(a) & _set(b), sample, whole=whole)


def _set(cell: CellValues) -> IntervalSet:
    if not cell.spans:
        return intervals.EVERYTHING
    cuts = [cut for span in cell.spans for cut in (span.low, span.high) if cut is not None]
    return IntervalSet(cell.spans[0].low is None, tuple(cuts))


def _same_effects(rows: Sequence[ast.TableRow]) -> list[Rows]:
    """Return, for each row, the rows with its effect."""
    keys = [_effect_key(row.effect) for row in rows]
    groups: dict[object, Rows] = {}
    for i, key in enumerate(keys):
        groups[key] = groups.get(key, 0) | 1 << i
    return [groups[key] for key in keys]


def _effect_key(effect: ast.Effect) -> object:
    """Return what two effects have in common that are written differently: `a and b`, `b and a`."""
    if isinstance(effect, ast.Require):
        return tuple(frozenset(route.text for route in stage) for stage in effect.stages)
    return effect


def _lowest(rows: Rows) -> int:
    return (rows & -rows).bit_length() - 1


class _Column:
    """One column: which rows a cell of it overlaps, covers, or may overlap.

    Results are kept per distinct cell, so that a column of few values costs little.
    """

    def __init__(self, cells: list[tuple[CellValues, ast.Cell]]) -> None:
        self._cells = cells
        self._all: Rows = (1 << len(cells)) - 1
        self._any: Rows = 0
        self._unknown: dict[ast.Cell, Rows] = {}
        self._exact: dict[Key, Rows] = {}
        self._not: dict[Key, Rows] = {}
        self._lines: dict[str, _Line] = {}
        stretching = {values.family for values, _ in cells if values.form == "spans"}
        for i, (values, cell) in enumerate(cells):
            self._enter(1 << i, values, cell, on_line=values.family in stretching)
        for line in self._lines.values():
            line.sort()
        self._not_all: Rows = _union(self._not)
        self._unknown_all: Rows = _union(self._unknown)
        self._kept: dict[tuple[str, object], Rows] = {}

    def _enter(self, row: Rows, values: CellValues, cell: ast.Cell, *, on_line: bool) -> None:
        if values.form == "any":
            self._any |= row
        elif values.form == "unknown":
            self._unknown[cell] = self._unknown.get(cell, 0) | row
        elif values.form == "not" and values.key is not None:
            self._not[values.key] = self._not.get(values.key, 0) | row
        else:
            if values.key is not None:
                self._exact[values.key] = self._exact.get(values.key, 0) | row
            if values.spans and on_line:
                line = self._lines.setdefault(values.family, _Line())
                line.enter(values.spans[0], row)

    def overlapping(self, i: int) -> Rows:
        """Return the rows whose cells can match together with the cell of row i."""
        values, cell = self._cells[i]
        if values.form in ("any", "unknown"):
            return self._all
        if values.form == "exact" and not self._lines:
            return self._any | self._unknown_all | self._overlapping(values)
        key = ("overlapping", cell)
        if key not in self._kept:
            self._kept[key] = self._any | self._unknown_all | self._overlapping(values)
        return self._kept[key]

    def _overlapping(self, values: CellValues) -> Rows:
        """Return the rows with constant cells that share a value with a constant cell."""
        if values.form == "not" and values.key is not None:
            return self._all & ~self._exact.get(values.key, 0)
        line = self._lines.get(values.family)
        on_line = line.overlapping(values.spans[0]) if line and values.spans else 0
        if values.key is None:
            return self._not_all | on_line
        others = self._not_all & ~self._not.get(values.key, 0)
        return others | self._exact.get(values.key, 0) | on_line

    def certain(self, i: int) -> Rows:
        """Return the rows of which it is certain that some value matches both cells.

        Only a cell that is not constant leaves doubt, except beside `_` or the same cell.
        """
        values, cell = self._cells[i]
        if values.form == "any":
            return self._all
        if values.form == "unknown":
            return self._any | self._unknown[cell]
        return self._all & ~self._unknown_all

    def covering(self, i: int) -> Rows:
        """Return the rows whose cells match everything that the cell of row i matches."""
        values, cell = self._cells[i]
        if values.form == "any":
            return self._any
        if values.form == "unknown":
            return self._any | self._unknown[cell]
        if values.form == "exact" and not self._lines:
            return self._any | self._covering(values)
        key = ("covering", cell)
        if key not in self._kept:
            self._kept[key] = self._any | self._covering(values)
        return self._kept[key]

    def _covering(self, values: CellValues) -> Rows:
        if values.form == "not" and values.key is not None:
            return self._not.get(values.key, 0)
        line = self._lines.get(values.family)
        on_line = line.covering(values.spans[0]) if line and values.spans else 0
        if values.key is None:
            return on_line
        others = self._not_all & ~self._not.get(values.key, 0)
        return others | self._exact.get(values.key, 0) | on_line


@dataclass(slots=True)
class _Line:
    """Stretches of one family of values with their rows, for questions by bisection."""

    stretches: list[tuple[Span, Rows]] = field(default_factory=list[tuple[Span, Rows]])
    lows: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    highs: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    by_low: list[Rows] = field(default_factory=list[Rows])
    """`by_low[n]`: the rows of the n stretches that start first."""
    by_high: list[Rows] = field(default_factory=list[Rows])
    """`by_high[n]`: the rows of the n stretches that end first."""

    def enter(self, span: Span, row: Rows) -> None:
        self.stretches.append((span, row))

    def sort(self) -> None:
        starts = sorted((_start(span.low), row) for span, row in self.stretches)
        ends = sorted((_end(span.high), row) for span, row in self.stretches)
        self.lows, self.by_low = [low for low, _ in starts], _running(row for _, row in starts)
        self.highs, self.by_high = [high for high, _ in ends], _running(row for _, row in ends)

    def overlapping(self, span: Span) -> Rows:
        """Return the rows that start before a stretch ends, and end after it starts."""
        starting = self.by_low[bisect_left(self.lows, _end(span.high))]
        ended = self.by_high[bisect_right(self.highs, _start(span.low))]
        return starting & ~ended

    def covering(self, span: Span) -> Rows:
        """Return the rows that start no later than a stretch, and end no earlier."""
        starting = self.by_low[bisect_right(self.lows, _start(span.low))]
        ended = self.by_high[bisect_left(self.highs, _end(span.high))]
        return starting & ~ended


def _running(rows: Any) -> list[Rows]:
    """Return the union of no row, the first row, the first two rows ..."""
    unions = [0]
    for row in rows:
        unions.append(unions[-1] | row)
    return unions


def _union(groups: Mapping[Any, Rows]) -> Rows:
    union = 0
    for rows in groups.values():
        union |= rows
    return union


def _start(cut: Cut | None) -> tuple[Any, ...]:
    return (0,) if cut is None else (1, *cut)


def _end(cut: Cut | None) -> tuple[Any, ...]:
    return (2,) if cut is None else (1, *cut)
