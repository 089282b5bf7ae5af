"""A route whose approvers the agent names.

Avoid:

    route reviewer { one of user(action.reviewer) }

Prefer:

    route reviewer { one of user(target.owner) }
    route lead { one of data.leads[action.team] }

Why: parameters, new values of `changes` and the context are what the agent says. Whoever may name
the approver may name a friend, and a gate that the proposer chooses the keeper of holds nothing.
The target's attributes come from the business system, and `data` from whoever keeps the policies; a
parameter that only looks something up there, or is a part of a longer name, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Let

_PEOPLE = ("user", "group", "role")
_WORDS = ("action", "changes", "context")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each part of a route's approvers that is the agent's word."""
    packages = view.policy.packages
    words = {name: _words(package.lets.values()) for name, package in packages.items()}
    for route in view.policy.routes.values():
        if view.shows(route.span):
            for named in _named(route.people):
                if not words[route.package].isdisjoint(_sources(named)):
                    yield messages.chosen_approver(named.span, route.name, route.span)


def _words(lets: Iterable[Let]) -> frozenset[str]:
    """Return the names whose values are what the agent says, those of `let`s among them."""
    users: dict[str, list[str]] = {}
    for let in lets:
        for source in _sources(let.value):
            users.setdefault(source, []).append(let.name)
    found = dict.fromkeys(_WORDS)
    todo = list(_WORDS)
    while todo:
        more = [name for name in users.get(todo.pop(), ()) if name not in found]
        found |= dict.fromkeys(more)
        todo += more
    return frozenset(found)


def _named(people: ast.Expr) -> Iterator[ast.Expr]:
    """Yield what names people, in the order written: the ids and names of groups themselves."""
    match people:
        case ast.ListLiteral(items=items):
            for item in items:
                yield from _named(item.value)
        case ast.Conditional(then=then, otherwise=otherwise):
            yield from _named(then)
            yield from _named(otherwise)
        case ast.Call(function=function, arguments=arguments) if function in _PEOPLE:
            yield from (argument.value for argument in arguments)
        case _:
            yield people


def _sources(expr: ast.Expr) -> Iterator[str]:
    """Yield the names that a value is, or is taken out of: not what only looks it up."""
    todo: list[tuple[ast.Expr, str]] = [(expr, "")]
    while todo:
        expr, field = todo.pop()
        match expr:
            case ast.Select(operand=ast.Select(operand=ast.Name(name="changes")), field="old"):
                pass
            case ast.Select(operand=operand):
                todo.append((operand, expr.field))
            case ast.Index(operand=operand):
                todo.append((operand, ""))
            case ast.MethodCall(target=target):
                todo.append((target, ""))
            case ast.Conditional(then=then, otherwise=otherwise):
                todo += [(then, ""), (otherwise, "")]
            case ast.ListLiteral(items=items):
                todo += [(item.value, "") for item in items]
            case ast.Name(name=name):
                if (name, field) != ("action", "name"):
                    yield name
            case _:
                pass


LINT = Lint("chosen-approver", "GW1021", check)
