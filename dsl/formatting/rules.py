"""Rules, guards, risks and tests of policies -> layout documents.

Rows of tiers, cases and tables stand on lines of their own, their columns below each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from gatewright.dsl import ast
from gatewright.dsl.formatting.declarations import DeclarationPrinter
from gatewright.dsl.formatting.expressions import DURATION, STRING, TIMESTAMP
from gatewright.dsl.formatting.layout import Doc, Group, Line, Nest, paddings

R = TypeVar("R", ast.TierRow, ast.CaseRow, ast.TableRow, ast.CaseTableRow)

# Names that the grammar takes for something else where a row begins, or after the row above.
_ROW_WORDS = frozenset(
    (
        "_ and as because cases distinct else exclude expect given import notify obligate on "
        "outranks past remind sla then timeout when where"
    ).split()
)
_CELL_WORDS = frozenset({"_"})


class PolicyPrinter(DeclarationPrinter):
    """Prints every declaration."""

    def declaration(self, node: ast.Declaration) -> Doc:
        """Take a declaration with its annotations."""
        annotations = self.annotations(node.annotations, Line(None))
        return [*annotations, self._declaration(node)]

    def _declaration(self, node: ast.Declaration) -> Doc:
        printers: dict[type[ast.Declaration], Callable[..., Doc]] = {
            ast.ActionDecl: self.action,
            ast.TypeDecl: self.type_,
            ast.LetDecl: self.let,
            ast.HistoryDecl: self.history,
            ast.CalendarDecl: self.calendar,
            ast.RouteDecl: self.route,
            ast.DefaultDecl: partial(self.floor, "default"),
            ast.OnErrorDecl: partial(self.floor, "on_error"),
            ast.PermitDecl: self.permit,
            ast.RiskDecl: self.risk,
            ast.RuleDecl: self.rule,
            ast.ExceptionDecl: self.exception,
            ast.InvariantDecl: self.invariant,
            ast.PolicyTest: self.test,
        }
        return printers[type(node)](node)

    # --- rules

    def risk(self, node: ast.RiskDecl) -> Doc:
        """Take a risk."""
        head = [*self.words("risk", node.name.name), *self.on(node.on)]
        parts = [self._clause(clause) for clause in node.clauses]
        parts.append(lambda: [self.cursor.take("=>"), " ", self.integer()])
        parts += [self._because] if node.because else []
        return self.with_clauses(head, parts)

    def rule(self, node: ast.RuleDecl) -> Doc:
        """Take a rule or a guard."""
        head = [*self.words(*node.kind.split(), node.name.name), *self.on(node.on)]
        parts = [self._clause(clause) for clause in node.clauses]
        parts.append(lambda: self._body(node.body))
        tails: list[ast.Template | ast.Obligation] = [*node.obligations]
        tails += [node.because] if node.because else []
        for tail in sorted(tails, key=lambda t: t.span.start):
            parts.append(self._tail(tail))
        return self.with_clauses(head, parts)

    def _clause(self, clause: ast.Clause) -> Callable[[], Doc]:
        return lambda: self.clause(clause.kind, clause.condition)

    def _tail(self, tail: ast.Template | ast.Obligation) -> Callable[[], Doc]:
        if isinstance(tail, ast.Template):
            return self._because
        return lambda: [*self.words("obligate", tail.name), self.arguments(tail.arguments)]

    def _because(self) -> Doc:
        return [self.cursor.take("because"), " ", self.cursor.take_match(STRING)]

    def _body(self, body: ast.RuleBody) -> Doc:
        match body:
            case ast.Plain(effect):
                return [self.cursor.take("=>"), " ", self.effect(effect)]
            case ast.Tier(subject, rows):
                return [self.clause("tier", subject), " ", self._rows(rows, self._tier_row)]
            case ast.Cases(rows):
                return [self.cursor.take("cases"), " ", self._rows(rows, self._case_row)]
            case ast.Table(strictest, subjects, rows):
                head = self.words("table", "strictest") if strictest else self.words("table")
                opening = self.cursor.take("(")
                heads = self.enclosed(opening, ")", subjects, self.expression)
                return [*head, " ", heads, " ", self._rows(rows, self._table_row)]

    # --- rows

    def _rows(self, rows: Sequence[R], take: Callable[[R], list[Doc]]) -> Doc:
        """Take rows: `take` returns their columns; `=>` and the effect follow."""
        taken: list[list[Doc]] = []
        gaps: list[list[list[Doc]]] = []

        def row(node: R) -> Doc:
            columns = take(node)
            spaces = [list[Doc]() for _ in columns]
            taken.append(columns)
            gaps.append(spaces)
            arrow = self.cursor.take("=>")
            cells: list[Doc] = []
            for column, space in zip(columns, spaces, strict=True):
                cells += [column, space]
            return Group([*cells, Nest([Line(), arrow, " ", self.effect(node.effect)])])

        block = self.block(rows, row, broken=True)
        for index in range(max(map(len, taken), default=0)):
            with_column = [n for n, columns in enumerate(taken) if index < len(columns)]
            column = [taken[n][index] for n in with_column]
            widths = paddings(column, are_first=index == 0)
            for n, count in zip(with_column, widths, strict=True):
                gaps[n][index].append(" " * count)
        return block

    def _tier_row(self, row: ast.TierRow) -> list[Doc]:
        return [self._cell(row.cell, _ROW_WORDS)]

    def _case_row(self, row: ast.CaseRow) -> list[Doc]:
        if row.condition is None:
            return [self.cursor.take("else")]
        self.at_row_start(row.condition, _ROW_WORDS)
        return [self.expression(row.condition)]

    def _table_row(self, row: ast.TableRow) -> list[Doc]:
        first, *others = row.cells
        out = [self._cell(first, _ROW_WORDS)]
        for cell in others:
            bar: list[Doc] = [" ", self.cursor.take("|"), " "]
            out.append([*bar, self._cell(cell, _CELL_WORDS)])
        return out

    def _cell(self, cell: ast.Cell, words: frozenset[str]) -> Doc:
        match cell:
            case ast.AnyCell():
                return self.cursor.take("_")
            case ast.CompareCell(operator, bound):
                return [self.cursor.take(operator), " ", self.operand(bound)]
            case ast.ExactCell(value):
                self.at_row_start(value, words)
                return self.operand(value)
            case ast.RangeCell(low, high):
                self.at_row_start(low, words)
                return [self.operand(low), " ", self.cursor.take(".."), " ", self.operand(high)]

    # --- tests

    def test(self, node: ast.PolicyTest) -> Doc:
        """Take a test."""
        head: list[Doc] = [self.cursor.take("test"), Nest([" ", self.cursor.take_match(STRING)])]
        return [*head, " ", self.block(node.items, self._test_item)]

    def _test_item(self, item: ast.PolicyTestItem) -> Doc:
        take = self.cursor.take
        match item:
            case ast.AtInstant():
                return [take("now"), " ", self.cursor.take_match(TIMESTAMP)]
            case ast.Given(subject, values):
                return [take("given"), " ", self.dotted(subject), " ", self.map(values)]
            case ast.Past():
                return self._past(item)
            case ast.CaseTable(fields, rows):
                cases, opening = take("cases"), take("(")
                names = self.enclosed(opening, ")", fields, self.name)
                return [cases, " ", names, " ", self._rows(rows, self._case_table_row)]
            case _:
                return [take("expect"), " ", self._expected(item)]

    def _past(self, item: ast.Past) -> Doc:
        head: list[Doc] = [self.cursor.take("past"), " ", self.dotted(item.action), " "]
        tail: list[Doc] = [self.map(item.values), " ", self.cursor.take("ago"), " "]
        tail.append(self.cursor.take_match(DURATION))
        if item.status:
            tail += [" ", *self.words("status", item.status.name)]
        if item.agent:
            tail += [" ", self.cursor.take("agent"), " ", self.cursor.take_match(STRING)]
        return [*head, *tail]

    def _expected(
        self,
        item: ast.ExpectEffect
        | ast.ExpectRules
        | ast.ExpectBecause
        | ast.ExpectError
        | ast.ExpectRisk,
    ) -> Doc:
        match item:
            case ast.ExpectEffect(effect):
                return self.effect(effect)
            case ast.ExpectRules(names):
                rules = self.cursor.take("rules")
                opening = self.cursor.take("[")
                return [rules, " ", self.enclosed(opening, "]", names, self.dotted)]
            case ast.ExpectBecause():
                words = self.words("because", "contains")
                return [*words, " ", self.cursor.take_match(STRING)]
            case ast.ExpectError():
                return self.cursor.take("error")
            case ast.ExpectRisk():
                return [self.cursor.take("risk"), " ", self.integer()]

    def _case_table_row(self, row: ast.CaseTableRow) -> list[Doc]:
        first, *others = row.values
        self.at_row_start(first, _ROW_WORDS)
        out = [self.expression(first)]
        for value in others:
            out.append([" ", self.cursor.take("|"), " ", self.expression(value)])
        return out
