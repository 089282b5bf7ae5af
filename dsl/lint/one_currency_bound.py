"""A bound in one currency on a field that takes any.

Avoid:

    action billing.refund { customer: string, amount: money > 0 USD }

Prefer:

    action billing.refund { customer: string, amount: money(USD) > 0 USD }

Why: amounts of two currencies cannot be compared, so an action in another currency never fits its
type and is always restricted. The type says `money` of any currency, and means one. Where several
are meant, the field has no bound, and a guard asks for the sign: `when action.amount.amount <= 0`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.checks.constants import constant
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each field of `money` whose bound is an amount of one currency."""
    for _, field in view.own_nodes(ast.FieldDecl):
        written, bound = field.type, field.refinement
        if bound is not None and written.name.text == "money" and not written.arguments:
            amount = constant(bound.bound, {})
            if amount is not None and amount.currency is not None:
                place = written.span.source.span(written.span.start, bound.span.end)
                rest = bound.span.text
                yield messages.one_currency_bound(place, field.name.name, amount.currency, rest)


LINT = Lint("one-currency-bound", "GW1024", check)
