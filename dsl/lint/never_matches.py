"""A rule, or a row of one, whose conditions contradict each other.

Avoid:

    rule mid on billing.refund
      when action.amount < 50 USD
      when action.amount > 200 USD
      => require manager

Prefer:

    rule mid on billing.refund
      when action.amount in 50 USD .. 200 USD
      => require manager

Why: the rule never matches, so its author believes in a protection that is not there. A row of
`cases` behind a wider one is the same mistake. Steps of a `tier` are left alone, since a tier must
name every value.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.facts import Known
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Rule
from gatewright.dsl.resolve.expand import clauses
from gatewright.dsl.source import Span


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each rule that cannot match, or else for each such row of it."""
    for rule in view.rules:
        yield from _rule(rule, view)
    for risk in view.policy.risks:
        if view.shows(risk.span):
            reader = view.reader(risk.package, risk.scope)
            places = _contradiction(reader.together(clauses(risk.clauses)))
            if places:
                yield messages.never_matches(risk.span, f"the risk `{risk.name}`", *places)


def _rule(rule: Rule, view: View) -> Iterator[Diagnostic]:
    shared = _contradiction(view.rule_reader(rule).together(clauses(rule.declaration.clauses)))
    if shared:
        yield messages.never_matches(rule.span, f"the {rule.kind} `{rule.name}`", *shared)
    elif not isinstance(rule.declaration.body, ast.Tier):
        for row in view.rows_of(rule):
            places = _contradiction(row.known)
            if places:
                yield messages.never_matches(row.row.span, "this row", *places)


def _contradiction(known: Known) -> tuple[Span, Span] | None:
    """Return the places of two conditions that cannot both hold.

    None where one alone never holds: `constant-condition` tells of it.
    """
    return None if known.one_never_holds else known.contradiction


LINT = Lint("never-matches", "GW1001", check)
