"""One declaration in one context -> diagnostics about its expressions, rows and texts."""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.dsl import ast, limits
from gatewright.dsl import types as t
from gatewright.dsl.checks.contexts import Context
from gatewright.dsl.checks.cost import CostModel
from gatewright.dsl.checks.ladders import check_tier
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.checks.tables import check_table
from gatewright.dsl.diagnostics import MAX_FOUND, Diagnostic
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import rules as messages
from gatewright.dsl.messages import types as type_messages
from gatewright.dsl.resolve.expand import cell_condition, changing
from gatewright.dsl.typing.compat import orderable
from gatewright.dsl.typing.presence import Facts
from gatewright.dsl.typing.typer import Typer
from gatewright.dsl.walk import template_expressions


class Enough(Exception):
    """A declaration has more errors than a run keeps."""


class Checking:
    """Checks the expressions of one declaration in one scope; raises Enough, `found` full."""

    def __init__(self, context: Context, lets: Lets) -> None:
        self.found: list[Diagnostic] = []
        self._package = context.package
        self._lets = lets
        self._values = context.scope.lets
        self._typer = Typer(context.scope, self._report, context.lets)
        typer = self._typer
        self._costs = CostModel(
            context.scope, typer.type_of, self._report, context.costs_of_lets, typer.type_of
        )

    def _report(self, diagnostic: Diagnostic) -> None:
        self.found.append(diagnostic)
        if len(self.found) >= MAX_FOUND:
            raise Enough

    def condition(self, expr: ast.Expr, facts: Facts) -> None:
        """Check that an expression is a condition, and what it may cost."""
        if self._is_too_deep(expr):
            return
        self._typer.check_condition(expr, facts)
        self._costs.check(expr)

    def conditions(self, conditions: Sequence[ast.Expr], facts: Facts) -> None:
        """Check conditions that must all hold; a later one knows what an earlier one says."""
        for condition in conditions:
            self.condition(condition, facts)
            facts = facts.and_(self._typer.facts_when_true(condition))

    def value(self, expr: ast.Expr, facts: Facts) -> t.Type:
        """Check an expression of any type."""
        if self._is_too_deep(expr):
            return t.UNKNOWN
        kind = self._typer.infer(expr, facts)
        self._costs.check(expr)
        return kind

    def ordered(self, expr: ast.Expr, what: str) -> None:
        """Check that the values of an expression have an order; `what` asks for one."""
        kind = self.value(expr, Facts.none())
        if kind != t.UNKNOWN and not orderable(kind, kind):
            wanted = "values that have an order"
            self._report(type_messages.not_iterable(expr.span, what, kind, wanted, None))

    def _is_too_deep(self, expr: ast.Expr) -> bool:
        """Report an expression that nests too deeply with its lets written out."""
        too_deep = self._lets.nesting(expr, self._package) > limits.MAX_DEPTH
        if too_deep:
            self._report(limit_messages.too_deep(expr.span))
        return too_deep

    def clauses(self, clauses: Sequence[ast.Clause], facts: Facts) -> Facts:
        """Check `when` and `unless` lines; return what is known where all of them hold."""
        for clause in clauses:
            self.condition(clause.condition, facts)
            if clause.kind == "when":
                facts = facts.and_(self._typer.facts_when_true(clause.condition))
            else:
                facts = facts.and_(self._typer.facts_when_false(clause.condition))
        return facts

    def texts(self, template: ast.Template | None, facts: Facts) -> None:
        """Check the expressions of a `because` text."""
        self._typer.in_text = True
        for expression in template_expressions(template):
            self.value(expression, facts)
        self._typer.in_text = False

    def rule(self, rule: ast.RuleDecl) -> None:
        """Check a rule or guard."""
        facts = self.clauses(rule.clauses, Facts.none())
        match rule.body:
            case ast.Plain():
                pass
            case ast.Tier(subject=subject):
                facts = self._changing([subject], facts)
                self._tier(rule.body, facts)
            case ast.Cases():
                self._cases(rule.body, facts)
            case ast.Table(subjects=subjects):
                facts = self._changing(subjects, facts)
                self._table(rule.body, facts)
        self.texts(rule.because, facts)
        for obligation in rule.obligations:
            self._obligation(obligation, facts)

    def _obligation(self, obligation: ast.Obligation, facts: Facts) -> None:
        """Check the values of an obligation, and that each name stands for one of them."""
        given: dict[str, ast.Argument] = {}
        for argument in obligation.arguments:
            self.value(argument.value, facts)
            if argument.name is None:
                continue
            first = given.setdefault(argument.name, argument)
            if first is not argument:
                twice = type_messages.argument_twice(argument.span, argument.name, first.span)
                self._report(twice)

    def _changing(self, subjects: Sequence[ast.Expr], facts: Facts) -> Facts:
        """Add that F changes: a tier or table over `changes.F` applies only then."""
        for condition in changing(subjects):
            facts = facts.and_(self._typer.facts_when_true(condition.expression))
        return facts

    def _tier(self, tier: ast.Tier, facts: Facts) -> None:
        subject = self._subject(tier.subject, facts)
        cells = [self._cell(tier.subject, row.cell, facts) for row in tier.rows]
        if all(cells):
            check_tier(tier, subject, self._values, self._report)

    def _cases(self, cases: ast.Cases, facts: Facts) -> None:
        if not cases.rows:
            self._report(messages.no_rows(cases.span, "cases"))
        otherwise: ast.CaseRow | None = None
        for row in cases.rows:
            if otherwise is not None:
                self._report(messages.row_after_else(row.span, otherwise.span))
                return
            if row.condition is None:
                otherwise = row
            else:
                self.condition(row.condition, facts)
                facts = facts.and_(self._typer.facts_when_false(row.condition))

    def _table(self, table: ast.Table, facts: Facts) -> None:
        subjects = [self._subject(subject, facts) for subject in table.subjects]
        cells = [
            self._cell(subject, cell, facts)
            for row in table.rows
            for subject, cell in zip(table.subjects, row.cells, strict=False)
        ]
        if all(cells):
            check_table(table, subjects, self._values, self._report)

    def _subject(self, subject: ast.Expr, facts: Facts) -> t.Type:
        """Check a subject, if it is sound once for all its cells."""
        before = len(self.found)
        kind = self.value(subject, facts)
        if len(self.found) == before:
            self._typer.share(subject, kind)
        return kind

    def _cell(self, subject: ast.Expr, cell: ast.Cell, facts: Facts) -> bool:
        """Check the comparison that a cell stands for; tell whether it is sound."""
        if isinstance(cell, ast.AnyCell):
            return True
        before = len(self.found)
        self._typer.check_condition(cell_condition(subject, cell).expression, facts)
        return len(self.found) == before
