"""An `@allow` that names no lint.

Avoid:

    @allow("unused_let")
    let small = 50 USD

Prefer:

    @allow("unused-let")
    let small = 50 USD

Why: a misspelt name allows nothing, and the warning that it should still is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each name in an `@allow` that is not one of a lint."""
    for _, declaration in view.declarations():
        for name in allowances(declaration):
            if name.value not in view.lint_names:
                yield messages.unknown_lint(name.span, name.value, view.lint_names)


def allowances(declaration: ast.Declaration) -> Iterator[ast.StringLiteral]:
    """Yield what the `@allow`s of a declaration name."""
    for annotation in declaration.annotations:
        if annotation.name == "allow":
            for argument in annotation.arguments:
                if isinstance(argument.value, ast.StringLiteral):
                    yield argument.value


LINT = Lint("unknown-lint", "GW1019", check)
