"""An effect that requires a route beside one that outranks it.

Avoid:

    route finance { one of group("finance") outranks manager }
    guard big on billing.refund when action.amount > 500 USD => require manager and finance

Prefer:

    guard big on billing.refund when action.amount > 500 USD => require finance

Why: the answer of finance serves for that of the manager, so the manager is never asked. Whoever
wrote both wants two people to look; `require manager then finance` asks both, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.usage import referred
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each route of an effect that another one of it absorbs."""
    for package, declaration in view.declarations():
        if not isinstance(declaration, ast.PolicyTest):
            for effect in view.nodes(declaration, ast.Require):
                yield from _effect(view, package, effect)


def _effect(view: View, package: str, effect: ast.Require) -> Iterator[Diagnostic]:
    routes = [
        (stage, name, ".".join(referred(view.policy, package, name)))
        for stage, names in enumerate(effect.stages)
        for name in names
    ]
    for stage, name, route in routes:
        for other_stage, other, by in routes:
            outranked = route in view.policy.routes[by].outranks
            if outranked and stage == other_stage:
                yield messages.absorbed_route(name.span, name.text, other.text, other.span)
                break


LINT = Lint("absorbed-route", "GW1018", check)
