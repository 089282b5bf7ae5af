"""A user of a route with the name of a group.

Avoid:

    route first { one of group("desk-leads") timeout 4h then escalate second }
    route second { one of "desk-leads" timeout 4h then reject }

Prefer:

    route second { one of group("desk-leads") timeout 4h then reject }

Why: a text in a route is the id of one person. Where nobody has it, nobody can answer, and every
action that needs the route waits until its time is over; an `exclude` of it excludes nobody. Told
are only texts that another place of the set calls a group or a role.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference

_COLLECTIVE = ("group", "role")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each user that has the name of a group or role of the set."""
    collectives: dict[str, ast.Call] = {}
    for _, call in view.all_nodes(ast.Call):
        name = _named(call)
        if call.function in _COLLECTIVE and name is not None:
            collectives.setdefault(name, call)
    for route in view.policy.routes.values():
        if view.shows(route.span):
            for expr in (route.people, *route.exclude):
                for user, name in _users(expr, view.scopes[route.package]):
                    if name in collectives and view.shows(user.span):
                        other = collectives[name]
                        yield messages.user_or_group(
                            user.span, name, route.name, other.function, other.span
                        )


def _named(call: ast.Call) -> str | None:
    match call.arguments:
        case (ast.Argument(None, ast.StringLiteral(name)),):
            return name
        case _:
            return None


def _users(expr: ast.Expr, scope: ExpressionScope) -> Iterator[tuple[ast.Expr, str]]:
    """Yield the users that an expression lists by their ids, with where they are written."""
    todo, seen = [(expr, scope)], set[LetReference]()
    while todo:
        expr, scope = todo.pop()
        reference = scope.let(expr)
        if reference is not None and reference not in seen:
            seen.add(reference)
            todo.append((reference.value, reference.scope))
        match expr:
            case ast.ListLiteral(items=items):
                todo += [(item.value, scope) for item in reversed(items)]
            case ast.Conditional(then=then, otherwise=otherwise):
                todo += [(otherwise, scope), (then, scope)]
            case ast.StringLiteral(value):
                yield expr, value
            case ast.Call("user") if (name := _named(expr)) is not None:
                yield expr, name
            case _:
                pass


LINT = Lint("user-or-group", "GW1028", check)
