"""A type that no action, field or target has.

Avoid:

    type Charge { status: string }
    action billing.refund on stripe.charge { customer: string }

Prefer:

    type Charge { status: string }
    action billing.refund on stripe.charge as Charge { customer: string }

Why: without `as Charge` the target's attributes are not checked, and a misspelt one is found only
when an action is decided. A package that only declares what others import is left alone.
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
    """Yield a warning for each type that no declaration of the set uses."""
    used = usage.type_names(view)
    for package, declaration in view.declarations():
        if isinstance(declaration, ast.TypeDecl) and not usage.is_library(view, package):
            name = declaration.name
            if (package, name.name) not in used:
                yield messages.unused_type(name.span, name.name)


LINT = Lint("unused-type", "GW1008", check)
