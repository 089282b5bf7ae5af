"""A money threshold that many small actions can pass in parts.

Avoid:

    rule small on billing.refund when action.amount < 50 USD => auto_run

Prefer:

    history refunds = billing.refund where status in ["executed", "pending"]
    rule small on billing.refund when action.amount < 50 USD => auto_run
    guard budget on billing.refund
      when refunds.sum(amount, agent: agent.id, within: 24h) + action.amount > 1000 USD
      => require finance

Why: a limit on one action says nothing about a hundred of them. An agent that loops, or is told to
split a payment, stays below it each time. Any rule or guard that covers the action and sums the
field over a history of it will do.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.conditions import begins_with
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Condition, History, Rule
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference
from gatewright.dsl.walk import walk


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each rule that runs amounts below a threshold that nothing sums."""
    found = [
        (row, action, field)
        for row in view.rows
        if row.row.effect.auto_run and not row.rule.shadow and row.known.contradiction is None
        for action, field in _thresholds(view, row)
    ]
    told = _summed(view) if found else set[tuple[str, ...]]()
    for row, action, field in found:
        rule = row.rule
        if (action, field) not in told and (rule.qualified, action, field) not in told:
            told.add((rule.qualified, action, field))
            yield messages.split_threshold(rule.span, action, field, row.row.span)


def _thresholds(view: View, row: RowView) -> Iterator[tuple[str, str]]:
    """Yield the actions and money fields that a row keeps below a value."""
    for subject in row.known.values:
        match subject.expression:
            case ast.Select(ast.Name("action"), field) if subject.family.startswith(
                "money("
            ) and row.known.bounds_above((subject.expression,)):
                for action in view.covered(row.rule.scope):
                    of = action.params.field(field)
                    if of is not None and isinstance(of.type, t.MoneyType):
                        yield action.name, field
            case _:
                pass


def _summed(view: View) -> set[tuple[str, ...]]:
    """Return the actions and fields whose sum over past actions is part of some condition."""
    found: set[tuple[str, ...]] = set()
    sums = _Sums(view)
    for rule in view.policy.rules:
        if not rule.shadow:
            scope = view.scopes[rule.package]
            summed = {pair for c in _conditions(rule) for pair in sums.of(c, scope)}
            for history, field in summed:
                covered = view.covered(rule.scope)
                found.update((a.name, field) for a in covered if a.name in history.actions)
    return found


def _conditions(rule: Rule) -> Iterator[ast.Expr]:
    """Yield the conditions of all rows, each once: rows of `cases` share most of them."""
    found: dict[int, ast.Expr] = {}
    head: tuple[Condition, ...] = ()
    for row in rule.rows:
        # HOT: a row of `cases` begins with what the row before begins with.
        begun = len(head) if begins_with(row.conditions, head) else 0
        found.update((id(c.expression), c.expression) for c in row.conditions[begun:])
        head = row.conditions[:-1]
    yield from found.values()


class _Sums:
    """Finds what conditions sum, also by way of `let`s, each of which is looked at once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._lets: dict[LetReference, set[tuple[History, str]]] = {}

    def of(self, condition: ast.Expr, scope: ExpressionScope) -> set[tuple[History, str]]:
        """Return the histories and fields that a condition sums."""
        found: set[tuple[History, str]] = set()
        for node in walk(condition):
            reference = scope.let(node)
            if reference is not None:
                found |= self._of_let(reference)
            match node:
                case ast.MethodCall(
                    ast.Name(name), "sum", (ast.Argument(None, ast.Name(field)), *_)
                ):
                    history = self._view.policy.packages[scope.label].histories.get(name)
                    if history is not None:
                        found.add((history, field))
                case _:
                    pass
        return found

    def _of_let(self, reference: LetReference) -> set[tuple[History, str]]:
        if reference not in self._lets:
            self._lets[reference] = set()
            self._lets[reference] = self.of(reference.value, reference.scope)
        return self._lets[reference]


LINT = Lint("split-threshold", "GW1012", check)
