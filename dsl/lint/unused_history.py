"""A history that nothing asks.

Avoid:

    history refunds = billing.refund where status == "executed"   // and no condition that asks it

Prefer:

    guard repeat on billing.refund
      when refunds.count(customer: action.customer, within: 30d) >= 1
      => require manager

Why: it looks as if past actions counted, but nothing looks at them. A package that only declares
what others import is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint import usage
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each history that no declaration of the set uses."""
    used = usage.values(view)
    for package, declaration in view.declarations():
        if isinstance(declaration, ast.HistoryDecl) and not usage.is_library(view, package):
            name = declaration.name
            if (package, name.name) not in used:
                yield messages.unused_history(name.span, name.name)


LINT = Lint("unused-history", "GW1007", check)
