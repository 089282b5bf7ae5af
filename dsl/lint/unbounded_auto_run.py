"""An irreversible action that runs by itself, whatever its amount.

Avoid:

    @irreversible
    action billing.refund { customer: string, amount: money(USD) >= 0 USD }
    rule known_customer on billing.refund when action.customer in data.customers => auto_run

Prefer:

    rule known_customer on billing.refund
      when action.customer in data.customers
      when action.amount <= 50 USD
      => auto_run

Why: what cannot be undone should have a limit, so that one mistake of an agent costs a known sum.
A limit is a condition that keeps some number, decimal or money parameter below a value; a guard
that looks at one, and requires or blocks, counts as a limit too. A `default auto_run` runs what no
rule asks people about, and needs a limit as well. Actions without such a parameter are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.facts import Known
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import ActionType
from gatewright.dsl.walk import walk

_NUMBERS = (t.INT, t.UINT, t.DOUBLE, t.DECIMAL)


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each row that runs an irreversible action without a bound."""
    amounts = {
        action.name: fields
        for action in view.policy.actions.values()
        if action.irreversible and (fields := _amounts(action))
    }
    limits = _Limits(view, guards_alone=True) if amounts else None
    limited = {name for name, fields in amounts.items() if limits and limits.on(name, fields)}
    for row in view.rows:
        if row.row.effect.auto_run and not row.rule.shadow and row.known.contradiction is None:
            yield from _row(view, row, amounts, limited)
    if amounts:
        yield from _defaults(view, amounts)


def _defaults(view: View, amounts: dict[str, dict[ast.Select, None]]) -> Iterator[Diagnostic]:
    """Yield a warning for each default that runs an irreversible action without a bound."""
    opening = [f for f in view.policy.defaults if f.effect.auto_run and view.shows(f.span)]
    # By default an action runs that no rule asks people about, so rules are limits as well.
    limits = _Limits(view, guards_alone=False)
    for floor in opening:
        for action in view.covered(floor.scope):
            fields = amounts.get(action.name)
            if fields and not limits.on(action.name, fields) and view.default_of(action).auto_run:
                names = [_text(field) for field in fields]
                yield messages.unbounded_auto_run(floor.span, action.name, names, action.span)
                break


def _row(
    view: View, row: RowView, amounts: dict[str, dict[ast.Select, None]], limited: set[str]
) -> Iterator[Diagnostic]:
    for action in view.covered(row.rule.scope):
        fields = amounts.get(action.name)
        if fields and action.name not in limited and not _is_bounded(row.known, fields):
            names = [_text(field) for field in fields]
            yield messages.unbounded_auto_run(row.row.span, action.name, names, action.span)
            return


def _amounts(action: ActionType) -> dict[ast.Select, None]:
    """Return `action.F`, or `changes.F.new`, for each field that counts something."""
    span = action.span
    params = [(ast.Name("action", span=span), name, of) for name, of in action.params.fields]
    changes = [(ast.Name("changes", span=span), name, of) for name, of in action.changes.fields]
    found: dict[ast.Select, None] = {}
    for root, name, of in params + changes:
        if isinstance(of.type, t.MoneyType) or of.type in _NUMBERS:
            field = ast.Select(root, name, span=span)
            is_change = root.name == "changes"
            found[ast.Select(field, "new", span=span) if is_change else field] = None
    return found


def _text(field: ast.Select) -> str:
    """Return the name of a field as a message needs it."""
    return field.operand.field if isinstance(field.operand, ast.Select) else field.field


def _is_bounded(known: Known, fields: Collection[ast.Select]) -> bool:
    """Tell whether conditions keep some field below a value, or compare it in another way."""
    if known.bounds_above(fields):
        return True
    compound = (s.expression for s in known.values if s.expression not in fields)
    return any(select in fields for expr in compound for select in _selects(expr))


class _Limits:
    """The fields that some guard, or rule too, looks at, and then does not let an action run."""

    def __init__(self, view: View, *, guards_alone: bool) -> None:
        self._view = view
        # What is looked for is a field, and only selects are like one.
        self._rows = [
            (row.rule.scope, frozenset(selects))
            for row in view.rows
            if not (guards_alone and row.rule.kind == "rule")
            if not row.row.effect.auto_run and not row.rule.shadow
            if (selects := [s for e in row.known.values for s in _selects(e.expression)])
        ]

    def on(self, action: str, fields: Collection[ast.Select]) -> bool:
        """Tell whether an action is limited by a condition on one of the fields."""
        package = self._view.policy.actions[action].package
        return any(
            not selects.isdisjoint(fields) and scope.covers(action, package)
            for scope, selects in self._rows
        )


def _selects(expr: ast.Expr) -> Iterator[ast.Select]:
    """Yield the fields that an expression looks at, however deep in it: `a.b` and `a.b.c`."""
    for node in walk(expr):
        if isinstance(node, ast.Select) and isinstance(node.operand, ast.Name | ast.Select):
            yield node


LINT = Lint("unbounded-auto-run", "GW1011", check)
