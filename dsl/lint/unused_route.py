"""A route that nothing can ask.

Avoid:

    route auditor { one of group("audit") }       // and no effect that requires it

Prefer:

    guard huge on billing.refund when action.amount > 5000 USD => require auditor

Why: a route that no effect, timeout or invariant names asks nobody. Often the effect that should
have named it was changed. To be outranked by another route is no use. A package that only declares
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
    """Yield a warning for each route that no declaration of the set uses."""
    used = usage.routes(view)
    for package, declaration in view.declarations():
        if isinstance(declaration, ast.RouteDecl) and not usage.is_library(view, package):
            name = declaration.name
            if (package, name.name) not in used:
                yield messages.unused_route(name.span, name.name)


LINT = Lint("unused-route", "GW1005", check)
