"""A cell of a tier or a table -> the values that it matches, as far as the text tells.

Checks that a cell is of its subject's kind; that rows fit together is for `ladders` and `tables`.
Knows types, not the names in expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from gatewright.dsl import ast, types
from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.constants import ORDERED, Constant, Key, Kind, constant
from gatewright.dsl.checks.intervals import Cut, IntervalSet, Point, Span
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages import rules as messages
from gatewright.dsl.records import dataclass
from gatewright.dsl.syntax.literals import NANOS
from gatewright.dsl.types import Type

Report: TypeAlias = Callable[[Diagnostic], None]

_KINDS: dict[Type, frozenset[Kind]] = {
    types.BOOL: frozenset({"bool"}),
    types.BYTES: frozenset({"bytes"}),
    types.DURATION: frozenset({"duration"}),
    types.TIMESTAMP: frozenset({"timestamp"}),
    types.NULL: frozenset({"null"}),
    **{
        number: frozenset[Kind]({"int", "uint", "double", "decimal"})
        for number in (types.INT, types.UINT, types.DOUBLE, types.DECIMAL)
    },
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the cells of a column are compared with."""

    expression: ast.Expr
    type: Type

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers, so that 5 and 6 are neighbours."""
        return self.type in (types.INT, types.UINT)

    @property
    def is_open(self) -> bool:
        """Whether its type is known only when an action is decided."""
        return self.type in (types.ANY, types.UNKNOWN)

    def fits(self, value: Constant) -> bool:
        """Tell whether the subject may be compared with a value."""
        match self.type:
            case types.MoneyType(currency):
                return value.kind == "money" and currency in (None, value.currency)
            case types.StringType() | types.EnumType():
                return value.kind == "string"
            case types.ListType():
                return value.kind == "list"
            case _:
                return self.is_open or value.kind in _KINDS.get(self.type, ())


@dataclass(frozen=True, slots=True)
class CellValues:
    """The values that a cell matches.

    `any` matches everything, `unknown` what only a decision can tell, `exact` one value (`key`),
    `not` all but that, `spans` a stretch of values. `exact` and `not` have their stretches too
    where their kind has an order. `sample` is a constant of the cell, for its kind and currency.
    """

    form: Literal["any", "unknown", "exact", "not", "spans"]
    family: str = ""
    key: Key | None = None
    spans: tuple[Span, ...] = ()
    sample: Constant | None = None


def read_cell(
    cell: ast.Cell, subject: Subject, lets: Mapping[str, ast.Expr], report: Report
) -> CellValues | None:
    """Return what a cell matches; None, after a report, for one that cannot match.

    Source: docs/language.md#rule-and-guard.
    """
    match cell:
        case ast.AnyCell():
            return CellValues("any")
        case ast.ExactCell(value):
            return _compared(cell, "==", value, subject, lets, report)
        case ast.CompareCell(operator, bound):
            return _compared(cell, operator, bound, subject, lets, report)
        case ast.RangeCell(low, high):
            return _range(cell, low, high, subject, lets, report)


def _compared(
    cell: ast.Cell,
    operator: ast.ComparisonOperator,
    bound: ast.Expr,
    subject: Subject,
    lets: Mapping[str, ast.Expr],
    report: Report,
) -> CellValues | None:
    value = constant(bound, lets)
    if value is None:
        return CellValues("unknown")
    if not _is_fit(value, bound, subject, report, ordered=operator not in ("==", "!=")):
        return None
    if value.kind not in ORDERED:
        form: Literal["exact", "not"] = "exact" if operator == "==" else "not"
        return CellValues(form, value.family, value.key, sample=value)
    # HOT: most cells of a long table are a value.
    only: Point = value.value
    if operator == "==" and (isinstance(only, int) or not subject.is_whole):
        high = (only + 1, 0) if subject.is_whole else (only, 1)
        return CellValues("exact", value.family, value.key, (Span((only, 0), high),), value)
    return _spans(cell, intervals.compared(operator, value.value), value, subject, report)


def _range(
    cell: ast.Cell,
    low: ast.Expr,
    high: ast.Expr,
    subject: Subject,
    lets: Mapping[str, ast.Expr],
    report: Report,
) -> CellValues | None:
    start, end = constant(low, lets), constant(high, lets)
    fits = [
        value is None or _is_fit(value, bound, subject, report, ordered=True)
        for value, bound in ((start, low), (end, high))
    ]
    if not all(fits):
        return None
    if start is None or end is None:
        return CellValues("unknown")
    if start.family != end.family:
        report(messages.mixed_steps(high.span, kind_text(end), low.span, kind_text(start)))
        return None
    values = intervals.between(start.value, end.value)
    if values.is_empty:
        report(messages.upside_down(cell.span, str(start), str(end)))
        return None
    return _spans(cell, values, start, subject, report)


def _is_fit(
    value: Constant, bound: ast.Expr, subject: Subject, report: Report, *, ordered: bool
) -> bool:
    """Check the kind of a cell's value, and that it has an order where the cell needs one."""
    if subject.fits(value) and not (ordered and value.kind not in ORDERED):
        return True
    head, kind = subject.expression.span, str(subject.type)
    report(messages.cell_does_not_fit(bound.span, head, kind, _advice(value, subject, ordered)))
    return False


def _advice(value: Constant, subject: Subject, ordered: bool) -> str | None:
    if subject.fits(value) and ordered:
        return f"values of the kind {value.kind} have no order: write the value alone, or `!=`"
    if isinstance(subject.type, types.MoneyType) and value.family == "number":
        return f"write the currency: `{value} {subject.type.currency or 'USD'}`"
    return None


def _spans(
    cell: ast.Cell, values: IntervalSet, sample: Constant, subject: Subject, report: Report
) -> CellValues | None:
    if subject.is_whole:
        values = values.whole()
    spans = tuple(values.spans())
    if not spans:
        report(messages.matches_nothing(cell.span, subject.expression.span, str(subject.type)))
        return None
    only = spans[0].point if len(spans) == 1 else None
    if only is not None:
        return CellValues("exact", sample.family, (sample.family, only), spans, sample)
    if isinstance(cell, ast.CompareCell) and cell.operator == "!=":
        return CellValues("not", sample.family, sample.key, spans, sample)
    return CellValues("spans", sample.family, None, spans, sample)


# --- words for values


def kind_text(value: Constant) -> str:
    """Name the kind of a constant as a sentence needs it: `a number`, `USD`, `a duration`."""
    if value.kind == "money":
        return f"{value.currency}"
    return f"a {value.family}"


def spell(value: Point, sample: Constant) -> str:
    """Write a value of the kind and currency of `sample` as policy text."""
    kind: Kind = "double" if sample.family == "number" else sample.kind
    if isinstance(value, int) and kind == "double":
        kind = "int"
    return str(Constant(kind, value, sample.currency))


def describe(span: Span, sample: Constant, *, whole: bool) -> str:
    """Describe a stretch in the words of cells: `200 USD`, `1 .. 5`, `> 5` and `< 6`."""
    low, high = _as_whole(span) if whole else (span.low, span.high)
    if low is not None and high is not None:
        if low[0] == high[0]:
            return f"`{spell(low[0], sample)}`"
        if low[1] == 0 and high[1] == 1:
            return f"`{spell(low[0], sample)} .. {spell(high[0], sample)}`"
    ends: list[str] = []
    if low is not None:
        ends.append(f"`{'>' if low[1] else '>='} {spell(low[0], sample)}`")
    if high is not None:
        ends.append(f"`{'<=' if high[1] else '<'} {spell(high[0], sample)}`")
    return " and ".join(ends) or "anything"


def _as_whole(span: Span) -> tuple[Cut | None, Cut | None]:
    """Return the cuts of whole numbers with a high end that is included."""
    return span.low, None if span.high is None else (span.high[0] - 1, 1)


def example(values: IntervalSet, sample: Constant, *, whole: bool) -> str | None:
    """Write a value of a set as policy text, one that people would choose."""
    nanos = sample.kind in ("duration", "timestamp")
    found = (values.whole() if whole else values).example(NANOS["s"] if nanos else 1)
    if nanos and not isinstance(found, int):
        found = values.whole().example()
    return None if found is None else spell(found, sample)
