"""Parser reductions -> tests of policies: one method a grammar rule, of the same name.

What `build_expressions` says of expressions holds here too.
"""

from __future__ import annotations

from typing import Any, cast

from gatewright.dsl import ast
from gatewright.dsl.source import Span
from gatewright.dsl.syntax.build_expressions import (
    Child,
    Children,
    ExpressionBuilder,
    exprs,
    nodes,
    tokens,
)
from gatewright.dsl.syntax.lexer import Token

_TEST_ITEMS = (
    ast.AtInstant, ast.Given, ast.Past, ast.ExpectEffect, ast.ExpectRules, ast.ExpectBecause,
    ast.ExpectError, ast.ExpectRisk, ast.CaseTable,
)  # fmt: skip


class PolicyTestBuilder(ExpressionBuilder):
    """Builds the tests of one text at a time."""

    def _ident(self, token: Token) -> ast.Ident:
        return ast.Ident(token.text, span=self.token_span(token))

    def _declared(self, c: Children, span: Span) -> dict[str, Any]:
        return {"span": span, "annotations": tuple(nodes(c, ast.Annotation))}

    def _instant(self, token: Child) -> ast.TimestampLiteral:
        return cast(ast.TimestampLiteral, self.literal_of(cast(Token, token)))

    def test(self, c: Children, span: Span) -> ast.PolicyTest:
        name = self.string(next(tokens(c, "STRING")))
        items = tuple(n for n in c if isinstance(n, _TEST_ITEMS))
        return ast.PolicyTest(name, items, **self._declared(c, span))

    def test_now(self, c: Children, span: Span) -> ast.AtInstant:
        return ast.AtInstant(self._instant(c[1]), span=span)

    def given(self, c: Children, span: Span) -> ast.Given:
        subject, values = cast(ast.QualifiedName, c[1]), cast(ast.MapLiteral, c[2])
        return ast.Given(subject, values, span=span)

    def past(self, c: Children, span: Span) -> ast.Past:
        status, agent = next(tokens(c, "NAME"), None), next(tokens(c, "STRING"), None)
        return ast.Past(
            cast(ast.QualifiedName, c[1]),
            cast(ast.MapLiteral, c[2]),
            cast(ast.DurationLiteral, self.literal_of(next(tokens(c, "DURATION")))),
            self._ident(status) if status else None,
            self.string(agent) if agent else None,
            span=span,
        )

    def expect_effect(self, c: Children, span: Span) -> ast.ExpectEffect:
        return ast.ExpectEffect(effect_of(c), span=span)

    def expect_rules(self, c: Children, span: Span) -> ast.ExpectRules:
        return ast.ExpectRules(tuple(nodes(c, ast.QualifiedName)), span=span)

    def expect_because(self, c: Children, span: Span) -> ast.ExpectBecause:
        return ast.ExpectBecause(self.string(cast(Token, c[-1])), span=span)

    def expect_error(self, c: Children, span: Span) -> ast.ExpectError:
        return ast.ExpectError(span=span)

    def expect_risk(self, c: Children, span: Span) -> ast.ExpectRisk:
        score = cast(ast.IntLiteral, self.literal_of(cast(Token, c[-1])))
        return ast.ExpectRisk(score, span=span)

    def case_table(self, c: Children, span: Span) -> ast.CaseTable:
        names = tuple(self._ident(t) for t in tokens(c, "NAME"))
        rows = tuple(nodes(c, ast.CaseTableRow))
        return ast.CaseTable(names, rows, span=span)

    def case_table_row(self, c: Children, span: Span) -> ast.CaseTableRow:
        return ast.CaseTableRow(exprs(c), effect_of(c), span=span)


def effect_of(c: Children) -> ast.Effect:
    """Return the effect among the children of a rule."""
    return next(n for n in c if isinstance(n, ast.AutoRun | ast.Block | ast.Require))
