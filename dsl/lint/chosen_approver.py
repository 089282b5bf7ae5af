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

from collections.abc import Iterator, Mapping

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Let

_PEOPLE = ("user", "group", "role")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each part of a route's approvers that is the agent's word."""
    for route in view.policy.routes.values():
        if view.shows(route.span):
            lets = view.policy.packages[route.package].lets
            for named in _named(route.people):
                if _is_word_of_agent(named, lets):
                    yield messages.chosen_approver(named.span, route.name, route.span)


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


def _is_word_of_agent(expr: ast.Expr, lets: Mapping[str, Let]) -> bool:
    """Tell whether an expression is, or takes out of, what the agent says of an action."""
    fields: list[str] = []
    while True:
        match expr:
            case ast.Select(operand=operand, field=field):
                expr = operand
                fields.append(field)
            case ast.Index(operand=operand):
                expr = operand
            case ast.MethodCall(target=target):
                expr = target
            case ast.Conditional(then=then, otherwise=otherwise):
                return _is_word_of_agent(then, lets) or _is_word_of_agent(otherwise, lets)
            case ast.Name(name=name) if name in lets:
                # A `let` that is made of itself is an error of the check.
                expr = lets[name].value
            case ast.Name(name="action"):
                return fields[-1:] != ["name"]
            case ast.Name(name="changes"):
                return "old" not in fields
            case ast.Name(name="context"):
                return True
            case _:
                return False


LINT = Lint("chosen-approver", "GW1021", check)
