"""An escalation that asks less than the route that nobody answered.

Avoid:

    route managers { 2 of group("managers") timeout 4h then escalate on_call }
    route on_call { one of group("on-call") timeout 4h then reject }

Prefer:

    route managers { 2 of group("managers") timeout 4h then escalate director }
    route director { one of group("directors") outranks managers timeout 4h then reject }

Why: whoever finds a route too strict only has to wait. A route asks less where the other one
outranks it, where it needs fewer people, where it asks the same people and more, or where it lets
somebody in whom the other excludes because of the action. That it `outranks` the other says that
fewer people, or other ones, are enough on purpose; it makes nobody's exclusion void. What a group
holds is not known here, so different groups are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.usage import referred
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Route
from gatewright.dsl.walk import walk

_OF_THE_ACTION = frozenset({"action", "target", "changes", "context"})
_DEFAULT = ("requester", "agent.owner")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each time-out that escalates to a route that asks less."""
    policy = view.policy
    for package, declaration in view.declarations():
        if isinstance(declaration, ast.RouteDecl):
            route = policy.routes[f"{package}.{declaration.name.name}"]
            for timeout in view.nodes(declaration, ast.Timeout):
                if timeout.route is not None:
                    name = ".".join(referred(policy, package, timeout.route))
                    yield from _escalation(timeout.route, route, policy.routes[name])


def _escalation(written: ast.QualifiedName, route: Route, heir: Route) -> Iterator[Diagnostic]:
    weakness = _weakness(route, heir)
    if weakness is not None:
        what, advice = weakness
        yield messages.weaker_escalation(
            written.span, route.name, written.text, what, advice, heir.span
        )


def _weakness(route: Route, heir: Route) -> tuple[str, str] | None:
    """Return in what a route that another one escalates to asks less, with advice, if it does."""
    higher, lower = heir.name, route.name
    if heir.qualified in route.outranks:
        return (
            f"which `{lower}` outranks",
            "escalate to a route that asks more, or write `then reject`",
        )
    kept = {person for expr in heir.exclude for person in _people(expr)}
    for expr in (person for listed in route.exclude for person in _people(listed)):
        if _is_about_action(expr) and expr not in kept:
            named = expr.span.text
            again = ", ".join((*(_DEFAULT if not heir.exclude else ()), named))
            return (
                f"which lets `{named}` answer",
                f"exclude it in `{higher}` too: `exclude {again}`",
            )
    if route.qualified in heir.outranks:
        return None
    what = _fewer(route, heir) or _more_people(route, heir)
    if what is None:
        return None
    return (
        what,
        "escalate to a route that asks as much, or write `then reject`; where it is enough on"
        f" purpose, say so in `{higher}`: `outranks {lower}`",
    )


def _is_about_action(expr: ast.Expr) -> bool:
    names = (node.name for node in walk(expr) if isinstance(node, ast.Name))
    return not _OF_THE_ACTION.isdisjoint(names)


def _fewer(route: Route, heir: Route) -> str | None:
    """Say that an heir needs fewer people, where that can be told."""
    before, after = _needed(route), _needed(heir)
    if after is None or (before is None and after > 1) or (before is not None and after >= before):
        return None
    return "where one person is enough" if after == 1 else f"where {after} people are enough"


def _needed(route: Route) -> int | None:
    """Return how many must answer; None where that is as many as a group has."""
    if route.quorum == "one":
        return 1
    if route.quorum != "all":
        return route.quorum
    people = frozenset(_people(route.people))
    return len(people) if all(map(_is_one, people)) else None


def _is_one(person: ast.Expr) -> bool:
    is_user = isinstance(person, ast.Call) and person.function == "user"
    return is_user or isinstance(person, ast.StringLiteral)


def _more_people(route: Route, heir: Route) -> str | None:
    """Say that an heir asks as many of more people, those of the other one among them."""
    if route.quorum != heir.quorum or route.quorum == "all":
        return None
    before, after = frozenset(_people(route.people)), frozenset(_people(heir.people))
    return "which asks the same people and more" if before < after else None


def _people(people: ast.Expr) -> Iterator[ast.Expr]:
    """Yield whom an expression lists, lists in lists taken apart."""
    if isinstance(people, ast.ListLiteral):
        for item in people.items:
            yield from _people(item.value)
    else:
        yield people


LINT = Lint("weaker-escalation", "GW1023", check)
