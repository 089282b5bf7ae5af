"""Rules as written -> rows of conditions with one effect each.

`unless c` is `!c`; row i of `cases` negates the rows before it; a cell of a tier or table becomes a
comparison with its subject. Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gatewright.dsl import ast
from gatewright.dsl.policy import Condition, Effect, Row
from gatewright.dsl.walk import walk

Resolve = Callable[[ast.Effect], Effect]


def rows(declaration: ast.RuleDecl, resolve: Resolve) -> tuple[Row, ...]:
    """Expand a rule or guard to the rows it stands for, in the order written."""
    shared = clauses(declaration.clauses)
    body = declaration.body
    match body:
        case ast.Plain(effect=effect):
            return (Row(shared, resolve(effect), effect.span),)
        case ast.Tier(subject=subject, rows=tiers):
            given = (*shared, *changing([subject]))
            return tuple(
                Row((*given, cell_condition(subject, row.cell)), resolve(row.effect), row.span)
                for row in tiers
            )
        case ast.Cases(rows=cases):
            return tuple(_cases(shared, cases, resolve))
        case ast.Table(subjects=subjects, rows=table):
            given = (*shared, *changing(subjects))
            return tuple(
                Row((*given, *_cells(subjects, row.cells)), resolve(row.effect), row.span)
                for row in table
            )


def clauses(written: Sequence[ast.Clause]) -> tuple[Condition, ...]:
    """Return the conditions of `when` and `unless` lines."""
    return tuple(Condition(c.condition, c.kind == "unless", c.condition.span) for c in written)


def _cases(
    shared: tuple[Condition, ...], cases: Sequence[ast.CaseRow], resolve: Resolve
) -> Iterator[Row]:
    before: list[Condition] = []
    for case in cases:
        own: tuple[Condition, ...] = ()
        if case.condition is not None:
            own = (Condition(case.condition, False, case.condition.span),)
        yield Row((*shared, *before, *own), resolve(case.effect), case.span)
        if case.condition is None:
            return  # nothing comes after `else`; the checker reports rows that do
        before.append(Condition(case.condition, True, case.condition.span))


def _cells(subjects: Sequence[ast.Expr], cells: Sequence[ast.Cell]) -> Iterator[Condition]:
    for subject, cell in zip(subjects, cells, strict=False):
        if not isinstance(cell, ast.AnyCell):
            yield cell_condition(subject, cell)


def cell_condition(subject: ast.Expr, cell: ast.Cell) -> Condition:
    """Return the comparison that a cell stands for; its place is the cell's."""
    span = cell.span
    comparison: ast.Expr
    match cell:
        case ast.ExactCell(value=value):
            comparison = ast.Binary("==", subject, value, span=span)
        case ast.CompareCell(operator=operator, bound=bound):
            comparison = ast.Binary(operator, subject, bound, span=span)
        case ast.RangeCell(low=low, high=high):
            comparison = ast.Between(subject, low, high, span=span)
        case ast.AnyCell():
            comparison = ast.BoolLiteral(True, span=span)
    return Condition(comparison, False, span)


def changing(subjects: Sequence[ast.Expr]) -> Iterator[Condition]:
    """Return the conditions that F changes, for every `changes.F` that a tier or table is over."""
    places = {field: subject for subject in subjects for field in changed_fields(subject)}
    for field, subject in places.items():
        span = subject.span
        name = ast.Argument(None, ast.StringLiteral(field, span=span), span=span)
        has = ast.MethodCall(ast.Name("changes", span=span), "has", (name,), span=span)
        yield Condition(has, False, span)


def changed_fields(subject: ast.Expr) -> list[str]:
    """Return the fields F that an expression reads as `changes.F`, in the order written."""
    fields: list[str] = []
    for node in walk(subject):
        match node:
            case ast.Select(operand=ast.Name(name="changes"), field=field) if field != "fields":
                fields.append(field)
            case _:
                pass
    return list(dict.fromkeys(fields))
