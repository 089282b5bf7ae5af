"""An `exclude` that lets the one who brought the proposal approve it.

Avoid:

    route manager { one of group("managers") exclude user("kim") }

Prefer:

    route manager { one of group("managers") exclude requester, agent.owner, user("kim") }

Why: without `exclude` the requester and the agent's owner cannot approve. With it those that it
names cannot, *in their place*, so a line that was meant to keep one person more out lets these two
in. A route that names `requester` is left alone: whoever wrote it has thought of the default.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Route
from gatewright.dsl.walk import walk


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each route whose exclusions leave the requester in."""
    for route in view.policy.routes.values():
        if route.exclude and view.shows(route.span):
            mentioned = [node for expr in route.exclude for node in walk(expr)]
            if not any(_is_name(node, "requester") for node in mentioned):
                lets = view.policy.packages[route.package].lets
                # What a `let` holds may be the owner; the requester it cannot name.
                owner = any(
                    _is_owner(node) or (isinstance(node, ast.Name) and node.name in lets)
                    for node in mentioned
                )
                yield _told(route, owner=owner)


def _told(route: Route, *, owner: bool) -> Diagnostic:
    written = [expr.span.text for expr in route.exclude]
    lost = ["requester"] if owner else ["requester", "agent.owner"]
    return messages.lost_exclusion(route.exclude[0].span, route.name, lost, [*lost, *written])


def _is_name(node: ast.Expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.name == name


def _is_owner(node: ast.Expr) -> bool:
    return (
        isinstance(node, ast.Select) and node.field == "owner" and _is_name(node.operand, "agent")
    )


LINT = Lint("lost-exclusion", "GW1020", check)
