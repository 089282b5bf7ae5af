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
that looks at one, and requires or blocks, counts as a limit too. Actions without such a parameter
are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.conditions import Known
from gatewright.dsl.lint.usage import mentioned
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import ActionType

_NUMBERS = (t.INT, t.UINT, t.DOUBLE, t.DECIMAL)


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each row that runs an irreversible action without a bound."""
    amounts = {
        action.name: fields
        for action in view.policy.actions.values()
        if action.irreversible and (fields := _amounts(action))
    }
    limited = {name for name, fields in amounts.items() if _is_limited(view, name, fields)}
    for row in view.rows:
        if row.row.effect.auto_run and not row.rule.shadow and row.known.contradiction is None:
            yield from _row(view, row, amounts, limited)


def _row(
    view: View, row: RowView, amounts: dict[str, list[ast.Select]], limited: set[str]
) -> Iterator[Diagnostic]:
    for action in view.covered(row.rule.scope):
        fields = amounts.get(action.name)
        if fields and action.name not in limited and not _is_bounded(row.known, fields):
            names = [_text(field) for field in fields]
            yield messages.unbounded_auto_run(row.row.span, action.name, names, action.span)
            return


def _amounts(action: ActionType) -> list[ast.Select]:
    """Return `action.F`, or `changes.F.new`, for each field that counts something."""
    span = action.span
    params = [(ast.Name("action", span=span), name, of) for name, of in action.params.fields]
    changes = [(ast.Name("changes", span=span), name, of) for name, of in action.changes.fields]
    found: list[ast.Select] = []
    for root, name, of in params + changes:
        if isinstance(of.type, t.MoneyType) or of.type in _NUMBERS:
            field = ast.Select(root, name, span=span)
            is_change = root.name == "changes"
            found.append(ast.Select(field, "new", span=span) if is_change else field)
    return found


def _text(field: ast.Select) -> str:
    """Return the name of a field as a message needs it."""
    return field.operand.field if isinstance(field.operand, ast.Select) else field.field


def _is_bounded(known: Known, fields: list[ast.Select]) -> bool:
    """Tell whether conditions keep some field below a value, or compare it in another way."""
    for field in fields:
        if known.bounds_above(field):
            return True
    compound = [s.expression for s in known.values if s.expression not in fields]
    return any(mentioned(expr, field) for expr in compound for field in fields)


def _is_limited(view: View, action: str, fields: list[ast.Select]) -> bool:
    """Tell whether some rule or guard, by a condition on such a field, does not let it run."""
    package = view.policy.actions[action].package
    return any(
        row.rule.scope.covers(action, package)
        and not row.row.effect.auto_run
        and not row.rule.shadow
        and any(mentioned(s.expression, field) for s in row.known.values for field in fields)
        for row in view.rows
        if row.rule.kind != "rule"
    )


LINT = Lint("unbounded-auto-run", "GW1011", check)
