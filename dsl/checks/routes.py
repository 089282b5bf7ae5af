"""Checks the expressions of routes: people, exclusions, channels, and holidays of calendars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

from gatewright.dsl import ast, records
from gatewright.dsl import types as t
from gatewright.dsl.checks.contexts import Alike, Context, Contexts
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages import declarations as declaration_messages
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import routes as messages
from gatewright.dsl.policy import CheckedPolicy, Route
from gatewright.dsl.resolve.collect import Report
from gatewright.dsl.source import Span
from gatewright.dsl.typing.base import dotted
from gatewright.dsl.typing.known import TooDifferent
from gatewright.dsl.typing.presence import Facts
from gatewright.dsl.typing.scopes import ExpressionScope
from gatewright.dsl.typing.signatures import Signature, signature
from gatewright.dsl.typing.typer import Typer

_HOLIDAYS = (
    "the holidays of a calendar are a list of dates",
    'write them as `holidays ["2026-12-25"]`, or read them from `data`',
)
_DATE = 'write each as a text such as "2026-12-25"'
PEOPLE = ("group", "role", "user")
"""Functions that name people."""
CHANNELS = ("slack", "email", "webhook", "teams", "apprise")
"""Functions that name a channel; `email` stands alone too, for everybody who may approve."""


def people_signatures() -> tuple[Signature, ...]:
    """Return the functions that a route can use besides those of every condition."""
    people = [signature(f"{name}(string) -> people") for name in PEOPLE]
    return (*people, *(signature(f"{name}(string) -> channel") for name in CHANNELS))


def check_routes(policy: CheckedPolicy, contexts: Contexts, report: Report) -> None:
    """Check the expressions of every route and calendar, for the actions of its package."""
    scopes = _Scopes(contexts)
    for route in policy.routes.values():
        for context in contexts.of_package(route.package):
            found: list[Diagnostic] = []
            try:
                _check_route(route, Typer(scopes.of(context), found.append, context.lets))
            except TooDifferent:
                report(limit_messages.too_different(route.span))
                return
            for diagnostic in found:
                report(diagnostic)
            if found:
                break
    for package in policy.packages.values():
        for calendar in package.calendars.values():
            if calendar.holidays is not None:
                for context in contexts.of_package(package.name)[:1]:
                    typer = Typer(context.scope, report, context.lets)
                    kind = typer.infer(calendar.holidays, Facts.none())
                    if not _may_be_dates(kind):
                        span = calendar.holidays.span
                        report(declaration_messages.bad_calendar(span, *_HOLIDAYS))
                for span, day in _days(calendar.holidays, policy.data):
                    if not _is_date(day):
                        why = f"`{day}` is no date of a holiday"
                        report(declaration_messages.bad_calendar(span, why, _DATE))
                        break


def _may_be_dates(kind: t.Type) -> bool:
    """Tell whether a type may be that of a list of texts or instants."""
    days = kind.element if isinstance(kind, t.ListType) else None
    return kind in (t.ANY, t.UNKNOWN) or (
        isinstance(days, t.StringType) or days in (t.TIMESTAMP, t.ANY, t.UNKNOWN)
    )


def _days(holidays: ast.Expr, data: Mapping[str, object]) -> Iterator[tuple[Span, object]]:
    """Yield the holidays that can be known now, each with its place: of a list, or of `data`."""
    if isinstance(holidays, ast.ListLiteral):
        for item in holidays.items:
            if isinstance(item.value, ast.StringLiteral):
                yield item.value.span, item.value.value
    path = dotted(holidays)
    if path is None or path[0].name != "data":
        return
    found: Any = data
    for key in path[1].split(".")[1:]:
        found = cast("Any", found).get(key) if isinstance(found, Mapping) else None
    if isinstance(found, list | tuple):
        yield from ((holidays.span, day) for day in cast("Iterable[object]", found))


def _is_date(day: object) -> bool:
    try:
        return isinstance(day, date) or bool(isinstance(day, str) and date.fromisoformat(day))
    except ValueError:
        return False


class _Scopes:
    """What routes see in contexts: one scope for all of them."""

    def __init__(self, contexts: Contexts) -> None:
        self._functions = people_signatures()
        self._contexts = contexts
        self._alike: dict[str, Alike] = {}
        self._known: dict[int, tuple[Context, ExpressionScope]] = {}

    def of(self, context: Context) -> ExpressionScope:
        """Return the scope of a route in a context."""
        if id(context) not in self._known:
            names = {**context.scope.names, "requester": t.STRING}
            names |= dict.fromkeys(CHANNELS, t.CHANNEL)
            package = context.package
            if package not in self._alike:
                self._alike[package] = Alike(package, self._contexts.mentioning)
            scope = records.replace(
                context.scope, names=names, functions=self._functions, alike=self._alike[package]
            )
            self._known[id(context)] = context, scope
        return self._known[id(context)][1]


def _check_route(route: Route, typer: Typer) -> None:
    _people(route.people, typer)
    for person in route.exclude:
        _people(person, typer)
    for channel in route.notify:
        typer.check(channel, t.CHANNEL, Facts.none())


def _people(expr: ast.Expr, typer: Typer) -> None:
    """People are `group("...")` and the like, an id, or a list of these."""
    if isinstance(expr, ast.ListLiteral):
        for item in expr.items:
            _people(item.value, typer)
        return
    kind = typer.infer(expr, Facts.none())
    texts = isinstance(kind, t.StringType) or kind in (t.PEOPLE, t.ANY, t.UNKNOWN)
    if isinstance(kind, t.ListType):
        texts = isinstance(kind.element, t.StringType) or kind.element in (t.PEOPLE, t.ANY)
    if not texts:
        typer.report(messages.not_people(expr.span, str(kind)))
