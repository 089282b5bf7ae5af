"""Route declarations -> who may approve, in which time, and which route outranks which.

Checks what the declarations alone can show: nobody named, circles, timers out of order. Expressions
(people, exclusions, channels) are type-checked later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from gatewright.dsl import ast, limits, records
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.messages import routes as messages
from gatewright.dsl.messages import syntax as syntax_messages
from gatewright.dsl.policy import OnTimeout, Period, Route
from gatewright.dsl.reach import closure
from gatewright.dsl.resolve.collect import Collected, PackageDeclarations, Report
from gatewright.dsl.resolve.effects import ResolveRoute, find_circle, route_resolver

I = TypeVar("I", bound=ast.Node)  # noqa: E741 - an item of a route
_DAY_NANOS = 86_400_000_000_000


def resolve_routes(collected: Collected, report: Report) -> dict[str, Route]:
    """Return all routes of a set by qualified name, with `outranks` closed transitively."""
    routes: dict[str, Route] = {}
    for package in collected.packages.values():
        resolve = route_resolver(collected, package.name, report)
        for declaration in package.routes.values():
            route = _RouteReader(collected, package, declaration, resolve, report).read()
            routes[route.qualified] = route
    direct = {name: sorted(route.outranks) for name, route in routes.items()}
    _report_circles(routes, direct, report)
    reached = _reached(routes, direct, report)
    return {
        name: records.replace(routes[name], outranks=reached.get(name, frozenset()))
        for name in sorted(routes)
    }


def _reached(
    routes: Mapping[str, Route], direct: Mapping[str, list[str]], report: Report
) -> dict[str, frozenset[str]]:
    """Return all that each route outranks, as far as there are not too many."""
    reached = closure(direct, limits.MAX_OUTRANKED)
    left_out = next((route for name, route in routes.items() if name not in reached), None)
    if left_out is not None:
        report(limit_messages.too_many_outranked(left_out.span))
    return reached


def _report_circles(
    routes: Mapping[str, Route], direct: Mapping[str, list[str]], report: Report
) -> None:
    circle = find_circle((a, b) for a, followers in direct.items() for b in followers)
    if circle:
        report(messages.outranks_circle(routes[circle[0]].span, _short(routes, circle)))
    escalations = {
        name: route.timeout.route
        for name, route in routes.items()
        if route.timeout is not None and route.timeout.route is not None
    }
    circle = find_circle(escalations.items())
    if circle:
        report(messages.escalation_circle(routes[circle[0]].span, _short(routes, circle)))


def _short(routes: Mapping[str, Route], names: list[str]) -> list[str]:
    return [routes[name].name for name in names]


@records.dataclass(slots=True)
class _RouteReader:
    """Reads one route."""

    collected: Collected
    package: PackageDeclarations
    declaration: ast.RouteDecl
    resolve: ResolveRoute
    report: Report

    def read(self) -> Route:
        name = self.declaration.name
        approvers = self._one(ast.Approvers, "who approves")
        if approvers is None:
            self.report(messages.no_approvers(name.span, name.name))
            people: ast.Expr = ast.ListLiteral((), span=name.span)
        else:
            people = approvers.people
            self._check_quorum(approvers)
        self._one(ast.Distinct, "`distinct`")
        remind, sla = self._one(ast.Remind, "`remind`"), self._one(ast.Sla, "`sla`")
        timeout = self._one(ast.Timeout, "`timeout`")
        timers = [(label, item.after) for label, item in
                  (("reminder", remind), ("time-out", timeout)) if item]  # fmt: skip
        self._check_timers(timers)
        exclude = [person for item in self._all(ast.Exclude) for person in item.people]
        return Route(
            name=name.name,
            package=self.package.name,
            quorum=approvers.quorum if approvers else "one",
            people=people,
            exclude=tuple(exclude),
            outranks=self._outranks(),
            remind=_period(remind.after) if remind else None,
            sla=_period(sla.after) if sla else None,
            timeout=self._timeout(timeout),
            notify=tuple(c for item in self._all(ast.Notify) for c in item.channels),
            calendar=self._calendar(),
            span=name.span,
            doc=self.declaration.doc,
        )

    def _all(self, kind: type[I]) -> list[I]:
        return [item for item in self.declaration.items if isinstance(item, kind)]

    def _one(self, kind: type[I], what: str) -> I | None:
        items = self._all(kind)
        for extra in items[1:]:
            self.report(syntax_messages.repeated_part(extra.span, what, items[0].span))
        return items[0] if items else None

    def _check_quorum(self, approvers: ast.Approvers) -> None:
        if isinstance(approvers.quorum, int) and approvers.quorum < 1:
            self.report(messages.bad_quorum(approvers.span))
        people, quorum = approvers.people, approvers.quorum
        named = _named(people)
        if named == 0 or _names_nobody(people):
            self.report(messages.empty_approvers(people.span))
        if isinstance(quorum, int) and named and quorum > named:
            name = people.value if isinstance(people, ast.StringLiteral) else None
            self.report(messages.quorum_too_large(approvers.span, quorum, named, name))

    def _check_timers(
        self, timers: list[tuple[str, ast.DurationLiteral | ast.BusinessDaysLiteral]]
    ) -> None:
        lengths = [after for item in self.declaration.items
                   if isinstance(item, ast.Remind | ast.Sla | ast.Timeout)
                   for after in (item.after,)]  # fmt: skip
        for after in lengths:
            if _length(after) <= 0:
                self.report(messages.empty_timer(after.span))
        if len(timers) == 2 and _length(timers[0][1]) >= _length(timers[1][1]):
            self.report(messages.timers_out_of_order(timers[0][1].span, timers[0][0], timers[1][0]))

    def _outranks(self) -> frozenset[str]:
        names = [name for item in self._all(ast.Outranks) for name in item.routes]
        return frozenset(route for route in map(self.resolve, names) if route is not None)

    def _timeout(self, item: ast.Timeout | None) -> OnTimeout | None:
        if item is None:
            return None
        route = self.resolve(item.route) if item.route is not None else None
        return OnTimeout(_period(item.after), item.then, route)

    def _calendar(self) -> str | None:
        """Return the calendar that counts business days here: the one named, or the only one."""
        named = self._one(ast.UseCalendar, "`calendar`")
        own = sorted(self.package.calendars)
        if named is not None:
            return self._named_calendar(named.name)
        days = [item.after for item in self.declaration.items
                if isinstance(item, ast.Remind | ast.Sla | ast.Timeout)
                and isinstance(item.after, ast.BusinessDaysLiteral)]  # fmt: skip
        if not days:
            return None
        if len(own) == 1:
            return f"{self.package.name}.{own[0]}"
        self.report(messages.no_calendar(days[0].span, own))
        return None

    def _named_calendar(self, name: ast.QualifiedName) -> str | None:
        home, short = self.package.home(name), name.parts[-1]
        found = self.collected.packages.get(home)
        if found is not None and short in found.calendars:
            return f"{home}.{short}"
        if home not in self.package.missing:
            known = self.package.calendars
            self.report(name_messages.unknown_calendar(name.span, name.text, known))
        return None


def _period(after: ast.DurationLiteral | ast.BusinessDaysLiteral) -> Period:
    if isinstance(after, ast.BusinessDaysLiteral):
        return Period(None, after.days)
    return Period(after.nanos)


def _length(after: ast.DurationLiteral | ast.BusinessDaysLiteral) -> int:
    """Return a timer's length in nanoseconds; a business day counts as a day."""
    if isinstance(after, ast.BusinessDaysLiteral):
        return after.days * _DAY_NANOS
    return after.nanos


def _named(people: ast.Expr) -> int | None:
    """Return how many people are named at most, each once; None where the text does not tell."""
    items = [i.value for i in people.items] if isinstance(people, ast.ListLiteral) else [people]
    names: set[str] = set()
    others = 0
    for item in items:
        match item:
            case ast.StringLiteral(name) | ast.Call(
                "user", (ast.Argument(_, ast.StringLiteral(name)),)
            ):
                names.add(name)
            case ast.Call("user"):
                others += 1
            case _:
                return None
    return len(names) + others


def _names_nobody(people: ast.Expr) -> bool:
    """Tell whether people, or one of a list, are named by an empty string."""
    match people:
        case ast.StringLiteral(value=value):
            return not value.strip()
        case ast.Call(function="group" | "role" | "user", arguments=(argument,)):
            return _names_nobody(argument.value)
        case ast.ListLiteral(items=items):
            return any(_names_nobody(item.value) for item in items)
        case _:
            return False
