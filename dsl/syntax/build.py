"""Parser reductions -> declarations: one method a grammar rule, of the same name.

What `build_expressions` says of expressions holds here too: methods get all that a rule matched,
and what cannot be built is noted in `problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal, TypeVar, cast

from gatewright.dsl import ast, limits
from gatewright.dsl.messages import syntax as messages
from gatewright.dsl.source import Span
from gatewright.dsl.syntax.build_expressions import (
    Child,
    Children,
    exprs,
    nodes,
    sequence,
    tokens,
)
from gatewright.dsl.syntax.build_tests import PolicyTestBuilder, effect_of
from gatewright.dsl.syntax.lexer import Token

N = TypeVar("N", bound=ast.Node)

_ROUTE_ITEMS = (
    ast.Approvers, ast.Exclude, ast.Outranks, ast.Distinct, ast.Remind, ast.Sla, ast.Timeout,
    ast.Notify, ast.UseCalendar,
)  # fmt: skip
_RULE_BODIES = (ast.Plain, ast.Tier, ast.Cases, ast.Table)
_CELLS = (ast.ExactCell, ast.CompareCell, ast.RangeCell, ast.AnyCell)
_CLAIMS = (ast.NeverEffect, ast.NeverDefault, ast.AlwaysAtLeast, ast.MonotoneIn)


class Builder(PolicyTestBuilder):
    """Builds the tree of one text at a time. `template` parses a `because` string's expressions."""

    def __init__(self, template: Callable[[Builder, Token], ast.Template]) -> None:
        super().__init__()
        self._template = template

    def _named(self, c: Children) -> ast.Ident:
        """Return the declared name: the first NAME that is not within another node."""
        return self._ident(next(tokens(c, "NAME")))

    # --- files

    def file(self, c: Children, span: Span) -> ast.File:
        package = nodes(c, ast.QualifiedName)[0]
        return ast.File(
            package,
            tuple(nodes(c, ast.Import)),
            tuple(nodes(c, ast.Declaration)),
            span=Span(span.source, package.span.start, span.end),
        )

    def piece(self, c: Children, span: Span) -> ast.Node:
        return cast(ast.Node, c[0])

    def package(self, c: Children, span: Span) -> ast.QualifiedName:
        return cast(ast.QualifiedName, c[1])

    def import_(self, c: Children, span: Span) -> ast.Import:
        alias = self._ident(cast(Token, c[3])) if len(c) > 2 else None
        return ast.Import(cast(ast.QualifiedName, c[1]), alias, span=span)

    def dotted(self, c: Children, span: Span) -> ast.QualifiedName:
        return ast.QualifiedName(tuple(str(t) for t in tokens(c, "NAME")), span=span)

    def annotation(self, c: Children, span: Span) -> ast.Annotation:
        return ast.Annotation(str(c[1]), sequence(c), span=span)

    # --- actions and types

    def action(self, c: Children, span: Span) -> ast.ActionDecl:
        name, *_ = nodes(c, ast.QualifiedName)
        return ast.ActionDecl(
            name,
            _after(c, "ON", ast.QualifiedName),
            _after(c, "AS", ast.QualifiedName),
            sequence(c),
            **self._declared(c, span),
        )

    def members(self, c: Children, span: Span) -> tuple[ast.Node, ...]:
        return tuple(m for m in c if isinstance(m, ast.FieldDecl | ast.ChangesBlock))

    def changes(self, c: Children, span: Span) -> ast.ChangesBlock:
        return ast.ChangesBlock(sequence(c), span=span)

    def fields(self, c: Children, span: Span) -> tuple[ast.FieldDecl, ...]:
        return tuple(nodes(c, ast.FieldDecl))

    def field(self, c: Children, span: Span) -> ast.FieldDecl:
        name = next(t for t in tokens(c, "NAME", "KW_CHANGES"))
        return ast.FieldDecl(
            tuple(nodes(c, ast.Annotation)),
            self._ident(name),
            any(True for _ in tokens(c, "OPTIONAL")),
            nodes(c, ast.TypeRef)[0],
            next(iter(nodes(c, ast.Refinement)), None),
            span=span,
        )

    def refinement(self, c: Children, span: Span) -> ast.Refinement:
        operator = cast(ast.ComparisonOperator, str(c[0]))
        return ast.Refinement(operator, cast(ast.Expr, c[1]), span=span)

    def type(self, c: Children, span: Span) -> ast.TypeRef:
        generic = c[0] if isinstance(c[0], Token) else None
        if generic is None:
            return ast.TypeRef(nodes(c, ast.QualifiedName)[0], (), sequence(c), span=span)
        name = ast.QualifiedName((str(generic),), span=self.token_span(generic))
        inner = tuple(nodes(c, ast.TypeRef))
        return self._nested(ast.TypeRef(name, inner, span=span), inner)

    def type_decl(self, c: Children, span: Span) -> ast.TypeDecl:
        return ast.TypeDecl(self._named(c), sequence(c), **self._declared(c, span))

    # --- values, histories, calendars

    def let(self, c: Children, span: Span) -> ast.LetDecl:
        return ast.LetDecl(self._named(c), cast(ast.Expr, c[-1]), **self._declared(c, span))

    def history(self, c: Children, span: Span) -> ast.HistoryDecl:
        where = _after(c, "WHERE", ast.Node)
        actions = tuple(nodes(c, ast.QualifiedName))
        return ast.HistoryDecl(
            self._named(c), actions, cast(ast.Expr | None, where), **self._declared(c, span)
        )

    def calendar(self, c: Children, span: Span) -> ast.CalendarDecl:
        items = tuple(nodes(c, ast.CalendarItem))
        return ast.CalendarDecl(self._named(c), items, **self._declared(c, span))

    def calendar_item(self, c: Children, span: Span) -> ast.CalendarItem:
        kind = cast(Literal["zone", "days", "hours", "holidays"], str(c[0]))
        return ast.CalendarItem(kind, cast(ast.Expr, c[1]), span=span)

    # --- routes and effects

    def route(self, c: Children, span: Span) -> ast.RouteDecl:
        items = tuple(n for n in c if isinstance(n, _ROUTE_ITEMS))
        return ast.RouteDecl(self._named(c), items, **self._declared(c, span))

    def approvers(self, c: Children, span: Span) -> ast.Approvers:
        text = str(c[0])
        quorum = cast(Literal["one", "all"], text) if text.isalpha() else _people(text)
        return ast.Approvers(quorum, cast(ast.Expr, c[2]), span=span)

    def outranks(self, c: Children, span: Span) -> ast.Outranks:
        return ast.Outranks(tuple(nodes(c, ast.QualifiedName)), span=span)

    def exclude(self, c: Children, span: Span) -> ast.Exclude:
        return ast.Exclude(exprs(c), span=span)

    def distinct(self, c: Children, span: Span) -> ast.Distinct:
        return ast.Distinct(span=span)

    def remind(self, c: Children, span: Span) -> ast.Remind:
        return ast.Remind(self._timer(c[1]), span=span)

    def sla(self, c: Children, span: Span) -> ast.Sla:
        return ast.Sla(self._timer(c[1]), span=span)

    def timeout(self, c: Children, span: Span) -> ast.Timeout:
        then = cast(Literal["reject", "approve", "escalate"], str(c[3]))
        route = next(iter(nodes(c, ast.QualifiedName)), None)
        return ast.Timeout(self._timer(c[1]), then, route, span=span)

    def notify(self, c: Children, span: Span) -> ast.Notify:
        return ast.Notify(exprs(c), span=span)

    def use_calendar(self, c: Children, span: Span) -> ast.UseCalendar:
        return ast.UseCalendar(cast(ast.QualifiedName, c[1]), span=span)

    def _timer(self, token: Child) -> ast.DurationLiteral | ast.BusinessDaysLiteral:
        return cast(
            ast.DurationLiteral | ast.BusinessDaysLiteral, self.literal_of(cast(Token, token))
        )

    def default(self, c: Children, span: Span) -> ast.DefaultDecl:
        return ast.DefaultDecl(effect_of(c), _patterns(c), **self._declared(c, span))

    def on_error(self, c: Children, span: Span) -> ast.OnErrorDecl:
        return ast.OnErrorDecl(effect_of(c), _patterns(c), **self._declared(c, span))

    def auto_run(self, c: Children, span: Span) -> ast.AutoRun:
        return ast.AutoRun(span=span)

    def block(self, c: Children, span: Span) -> ast.Block:
        return ast.Block(span=span)

    def require(self, c: Children, span: Span) -> ast.Require:
        stages = [stage for stage in c if isinstance(stage, tuple)]
        return ast.Require(tuple(stages), span=span)

    def stage(self, c: Children, span: Span) -> tuple[ast.QualifiedName, ...]:
        return tuple(nodes(c, ast.QualifiedName))

    def patterns(self, c: Children, span: Span) -> tuple[ast.Pattern, ...]:
        return tuple(nodes(c, ast.Pattern))

    def pattern(self, c: Children, span: Span) -> ast.Pattern:
        wildcard = any(True for _ in tokens(c, "STAR"))
        parts = tuple(str(t) for t in tokens(c, "NAME"))
        return ast.Pattern(parts, wildcard, span=span)

    def permit(self, c: Children, span: Span) -> ast.PermitDecl:
        agent = next(tokens(c, "STRING"), None)
        when = next(iter(nodes(c, ast.Clause)), None)
        return ast.PermitDecl(
            self.string(agent) if agent else None,
            when.condition if when else None,
            _patterns(c),
            **self._declared(c, span),
        )

    # --- rules

    def when(self, c: Children, span: Span) -> ast.Clause:
        return ast.Clause("when", cast(ast.Expr, c[1]), span=span)

    def unless(self, c: Children, span: Span) -> ast.Clause:
        return ast.Clause("unless", cast(ast.Expr, c[1]), span=span)

    def risk(self, c: Children, span: Span) -> ast.RiskDecl:
        score = next(tokens(c, "INT"))
        return ast.RiskDecl(
            self._named(c),
            _patterns(c),
            tuple(nodes(c, ast.Clause)),
            cast(ast.IntLiteral, self.literal_of(score)),
            next(iter(nodes(c, ast.Template)), None),
            **self._declared(c, span),
        )

    def rule(self, c: Children, span: Span) -> ast.RuleDecl:
        kind = next(tokens(c, "RULE", "GUARD", "ABSOLUTE_GUARD"))
        becauses = nodes(c, ast.Template)
        self._once(becauses, "`because`")
        return ast.RuleDecl(
            self._named(c),
            "absolute guard" if kind.kind == "ABSOLUTE_GUARD" else cast(Any, kind.text),
            _patterns(c),
            tuple(nodes(c, ast.Clause)),
            next(n for n in c if isinstance(n, _RULE_BODIES)),
            becauses[0] if becauses else None,
            tuple(nodes(c, ast.Obligation)),
            **self._declared(c, span),
        )

    def _once(self, parts: Sequence[ast.Node], what: str) -> None:
        for extra in parts[1:]:
            self.problems.append(messages.repeated_part(extra.span, what, parts[0].span))

    def plain(self, c: Children, span: Span) -> ast.Plain:
        return ast.Plain(effect_of(c), span=span)

    def tier(self, c: Children, span: Span) -> ast.Tier:
        return ast.Tier(cast(ast.Expr, c[1]), tuple(nodes(c, ast.TierRow)), span=span)

    def tier_row(self, c: Children, span: Span) -> ast.TierRow:
        cell = cast(ast.CompareCell | ast.RangeCell, c[0])
        return ast.TierRow(cell, effect_of(c), span=span)

    def cases(self, c: Children, span: Span) -> ast.Cases:
        return ast.Cases(tuple(nodes(c, ast.CaseRow)), span=span)

    def case_row(self, c: Children, span: Span) -> ast.CaseRow:
        condition = None if isinstance(c[0], Token) else cast(ast.Expr, c[0])
        return ast.CaseRow(condition, effect_of(c), span=span)

    def table(self, c: Children, span: Span) -> ast.Table:
        strictest = any(True for _ in tokens(c, "KW_STRICTEST"))
        return ast.Table(strictest, exprs(c), tuple(nodes(c, ast.TableRow)), span=span)

    def table_row(self, c: Children, span: Span) -> ast.TableRow:
        cells = tuple(n for n in c if isinstance(n, _CELLS))
        return ast.TableRow(cells, effect_of(c), span=span)

    def any_cell(self, c: Children, span: Span) -> ast.AnyCell:
        return ast.AnyCell(span=span)

    def exact_cell(self, c: Children, span: Span) -> ast.ExactCell:
        return ast.ExactCell(cast(ast.Expr, c[0]), span=span)

    def compare_cell(self, c: Children, span: Span) -> ast.CompareCell:
        operator = cast(ast.ComparisonOperator, str(c[0]))
        return ast.CompareCell(operator, cast(ast.Expr, c[1]), span=span)

    def range_cell(self, c: Children, span: Span) -> ast.RangeCell:
        return ast.RangeCell(cast(ast.Expr, c[0]), cast(ast.Expr, c[2]), span=span)

    def because(self, c: Children, span: Span) -> ast.Template:
        return self._template(self, cast(Token, c[1]))

    def obligation(self, c: Children, span: Span) -> ast.Obligation:
        return ast.Obligation(str(c[1]), sequence(c), span=span)

    def exception(self, c: Children, span: Span) -> ast.ExceptionDecl:
        return ast.ExceptionDecl(
            self._named(c),
            tuple(nodes(c, ast.QualifiedName)),
            tuple(nodes(c, ast.ExceptionItem)),
            **self._declared(c, span),
        )

    def exception_item(self, c: Children, span: Span) -> ast.ExceptionItem:
        if isinstance(c[0], ast.Clause):
            return ast.ExceptionItem("when", c[0].condition, span=span)
        value = self._instant(c[1]) if isinstance(c[1], Token) else c[1]
        return ast.ExceptionItem(cast(Any, str(c[0])), cast(ast.Expr, value), span=span)

    def invariant(self, c: Children, span: Span) -> ast.InvariantDecl:
        claim = next(n for n in c if isinstance(n, _CLAIMS))
        return ast.InvariantDecl(self._named(c), _patterns(c), claim, **self._declared(c, span))

    def never_effect(self, c: Children, span: Span) -> ast.NeverEffect:
        return ast.NeverEffect(effect_of(c), _when(c), span=span)

    def never_default(self, c: Children, span: Span) -> ast.NeverDefault:
        return ast.NeverDefault(span=span)

    def at_least(self, c: Children, span: Span) -> ast.AlwaysAtLeast:
        route = nodes(c, ast.QualifiedName)[0]
        return ast.AlwaysAtLeast(route, _when(c), span=span)

    def monotone(self, c: Children, span: Span) -> ast.MonotoneIn:
        return ast.MonotoneIn(cast(ast.Expr, c[-1]), span=span)


def _patterns(c: Children) -> tuple[ast.Pattern, ...]:
    """Return the patterns of `on ...`, or nothing."""
    lists = (child for child in c if isinstance(child, tuple))
    return next((ps for ps in lists if isinstance(ps[0], ast.Pattern)), ())


def _when(c: Children) -> ast.Expr | None:
    """Return the condition of a claim."""
    clauses = nodes(c, ast.Clause)
    return clauses[0].condition if clauses else None


def _after(c: Children, kind: str, wanted: type[N]) -> N | None:
    """Return the child that follows a token of a kind."""
    for before, child in pairwise(c):
        if isinstance(before, Token) and before.kind == kind and isinstance(child, wanted):
            return child
    return None


def _people(digits: str) -> int:
    """Return a number of people; one of too many digits is as good as any that nobody reaches."""
    return int(digits) if len(digits) <= limits.MAX_DIGITS else limits.INT_MAX
