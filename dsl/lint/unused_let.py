"""A named expression that nothing uses.

Avoid:

    let small = 50 USD
    rule by_amount on billing.refund when action.amount < 40 USD => auto_run

Prefer:

    let small = 40 USD
    rule by_amount on billing.refund when action.amount < small => auto_run

Why: a reader takes the name for the threshold that is in force. A package that only declares what
others import is left alone.
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
    """Yield a warning for each let that no declaration of the set uses."""
    used = usage.values(view)
    for package, declaration in view.declarations():
        if isinstance(declaration, ast.LetDecl) and not usage.is_library(view, package):
            name = declaration.name
            if (package, name.name) not in used:
                yield messages.unused_let(name.span, name.name)


LINT = Lint("unused-let", "GW1006", check)
