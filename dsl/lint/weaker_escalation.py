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

from collections.abc import Iterator, Mapping
from functools import cached_property

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
    asked = {name: _Asked(route) for name, route in view.policy.routes.items()}
    for package, declaration in view.declarations():
        if isinstance(declaration, ast.RouteDecl):
            route = asked[f"{package}.{declaration.name.name}"]
            for timeout in view.nodes(declaration, ast.Timeout):
                if timeout.route is not None:
                    heir = asked[".".join(referred(view.policy, package, timeout.route))]
                    yield from _escalation(timeout.route, route, heir)


class _Asked:
    """Whom a route asks and excludes, worked out once however many escalate to it."""

    def __init__(self, route: Route) -> None:
        self.route = route

    @cached_property
    def people(self) -> frozenset[ast.Expr]:
        """Whom it lists as approvers."""
        return frozenset(_listed(self.route.people))

    @cached_property
    def excluded(self) -> Mapping[ast.Expr, None]:
        """Whom it lists as excluded, in the order written."""
        return dict.fromkeys(person for expr in self.route.exclude for person in _listed(expr))

    @cached_property
    def needed(self) -> int | None:
        """How many must answer; None where that is as many as a group has."""
        quorum = self.route.quorum
        if quorum == "one":
            return 1
        if quorum != "all":
            return quorum
        return len(self.people) if all(map(_is_one, self.people)) else None


def _escalation(written: ast.QualifiedName, route: _Asked, heir: _Asked) -> Iterator[Diagnostic]:
    weakness = _weakness(route, heir)
    if weakness is not None:
        what, advice = weakness
        yield messages.weaker_escalation(
            written.span, route.route.name, written.text, what, advice, heir.route.span
        )


def _weakness(route: _Asked, heir: _Asked) -> tuple[str, str] | None:
    """Return in what a route that another one escalates to asks less, with advice, if it does."""
    higher, lower = heir.route.name, route.route.name
    if heir.route.qualified in route.route.outranks:
        return (
            f"which `{lower}` outranks",
            "escalate to a route that asks more, or write `then reject`",
        )
    for expr in route.excluded:
        if _is_about_action(expr) and expr not in heir.excluded:
            named = expr.span.text
            again = ", ".join((*(() if heir.excluded else _DEFAULT), named))
            return (
                f"which lets `{named}` answer",
                f"exclude it in `{higher}` too: `exclude {again}`",
            )
    if route.route.qualified in heir.route.outranks:
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


def _fewer(route: _Asked, heir: _Asked) -> str | None:
    """Say that an heir needs fewer people, where that can be told."""
    before, after = route.needed, heir.needed
    if after is None or (before is None and after > 1) or (before is not None and after >= before):
        return None
    return "where one person is enough" if after == 1 else f"where {after} people are enough"


def _more_people(route: _Asked, heir: _Asked) -> str | None:
    """Say that an heir asks as many of more people, those of the other one among them."""
    quorum = route.route.quorum
    if quorum != heir.route.quorum or quorum == "all" or not route.people < heir.people:
        return None
    return "which asks the same people and more"


def _listed(people: ast.Expr) -> Iterator[ast.Expr]:
    """Yield whom an expression lists, lists in lists taken apart."""
    if isinstance(people, ast.ListLiteral):
        for item in people.items:
            yield from _listed(item.value)
    else:
        yield people


def _is_one(person: ast.Expr) -> bool:
    is_user = isinstance(person, ast.Call) and person.function == "user"
    return is_user or isinstance(person, ast.StringLiteral)


LINT = Lint("weaker-escalation", "GW1023", check)
