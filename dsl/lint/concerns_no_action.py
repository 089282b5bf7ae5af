"""A declaration whose `on` or `to` covers no declared action.

Avoid:

    guard night on biling.* when now.in(night) => require duty

Prefer:

    guard night on billing.* when now.in(night) => require duty

Why: a pattern may cover actions that nobody declared, so a misspelt one is no error; it just never
matches. The same goes for a rule without `on` in a package that declares no action.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.source import Span

_SCOPED = (ast.RuleDecl, ast.RiskDecl, ast.InvariantDecl, ast.DefaultDecl, ast.OnErrorDecl)


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each pattern, and each declaration without `on`, that covers nothing."""
    names = view.policy.actions.keys()
    prefixes = {
        ".".join(name.split(".")[:n]) for name in names for n in range(1, name.count(".") + 1)
    }
    declaring = {action.package for action in view.policy.actions.values()}
    for package, declaration in view.declarations():
        for pattern in _patterns(declaration):
            if pattern.parts and pattern.text not in names and not any(map(pattern.covers, names)):
                alike = [f"{prefix}.*" for prefix in prefixes] if pattern.wildcard else names
                hint = nearest(pattern.text, alike)
                yield messages.concerns_no_action(pattern.span, "", pattern.text, hint)
        if isinstance(declaration, _SCOPED) and not declaration.on and package not in declaring:
            what, place = _name(declaration)
            yield messages.concerns_no_action(place, what, None, None)


def _patterns(declaration: ast.Declaration) -> tuple[ast.Pattern, ...]:
    if isinstance(declaration, _SCOPED):
        return declaration.on
    return declaration.to if isinstance(declaration, ast.PermitDecl) else ()


def _name(declaration: ast.Declaration) -> tuple[str, Span]:
    match declaration:
        case ast.RuleDecl(kind=kind, name=name):
            return f"the {kind} `{name.name}`", name.span
        case ast.RiskDecl(name=name):
            return f"the risk `{name.name}`", name.span
        case ast.InvariantDecl(name=name):
            return f"the invariant `{name.name}`", name.span
        case ast.OnErrorDecl():
            return "this `on_error`", declaration.span
        case _:
            return "this `default`", declaration.span


LINT = Lint("concerns-no-action", "GW1002", check)
