"""Checks orders of approval over all that concerns an action, and what silence would approve.

Source: docs/language.md#how-a-decision-is-made, #route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from gatewright.dsl.messages import routes as messages
from gatewright.dsl.policy import ActionType, CheckedPolicy, Effect, Route, Scope
from gatewright.dsl.resolve.collect import Report
from gatewright.dsl.resolve.effects import find_circle
from gatewright.dsl.source import Span

_Order = tuple[str, str]
_Orders = dict[_Order, Span]
"""Which route comes before which, with the first place that says so."""


def check_orders(policy: CheckedPolicy, report: Report) -> None:
    """Report circles of `then` in what concerns an action, and time-outs that may not approve."""
    orders = _orders_by_scope(policy)
    circles: dict[tuple[Scope, ...], list[str]] = {}
    silent = _silent_effects(policy)
    for action in policy.actions.values():
        scopes = tuple(s for s in orders if s.covers(action.name, action.package))
        if scopes not in circles:
            circles[scopes] = find_circle(order for scope in scopes for order in orders[scope])
        if circles[scopes]:
            _tell(policy, circles[scopes], [orders[scope] for scope in scopes], report)
        if action.irreversible:
            _silence(policy, action, silent, report)


def _orders_by_scope(policy: CheckedPolicy) -> dict[Scope, _Orders]:
    """Return the orders that are asked for. What has one scope holds for the same actions."""
    found: dict[Scope, _Orders] = {}
    for scope, own in _orders(policy):
        # Rows of one rule that contradict each other hold for different actions.
        if own and not find_circle(own):
            of_scope = found.setdefault(scope, {})
            for order, place in own.items():
                of_scope.setdefault(order, place)
    return found


def _orders(policy: CheckedPolicy) -> Iterator[tuple[Scope, _Orders]]:
    """Yield the orders that each rule, `default` and `on_error` asks for.

    An action that does not fit may meet all of them together.
    """
    for rule in policy.rules:
        yield rule.scope, _orders_of((row.effect, row.span) for row in rule.rows)
    for floor in (*policy.defaults, *policy.on_errors):
        yield floor.scope, _orders_of([(floor.effect, floor.span)])


def _orders_of(effects: Iterable[tuple[Effect, Span]]) -> _Orders:
    """Return the orders of effects, each with the place that says so first."""
    found: _Orders = {}
    for effect, place in effects:
        for order in effect.orders:
            found.setdefault(order, place)
    return found


def _tell(
    policy: CheckedPolicy, circle: list[str], orders: Iterable[_Orders], report: Report
) -> None:
    """Report a circle at the place that is written first of those that ask for its first order."""
    places = [
        min((found[pair] for found in orders if pair in found), key=lambda span: span.start)
        for pair in pairwise(circle)
    ]
    names = [policy.route_name(route) for route in circle]
    report(messages.order_circle(places[0], names, places[-1] if len(places) > 1 else None))


def _silence(
    policy: CheckedPolicy,
    action: ActionType,
    silent: Mapping[str, Iterable[Scope]],
    report: Report,
) -> None:
    """Report routes of an irreversible action that approve when nobody answers."""
    for name, scopes in silent.items():
        if any(scope.covers(action.name, action.package) for scope in scopes):
            route = policy.routes[name]
            report(messages.approve_irreversible(route.span, route.name, action.name, action.span))


def _silent_effects(policy: CheckedPolicy) -> dict[str, list[Scope]]:
    """Return the routes that approve when nobody answers, with the scopes that may come to them."""
    approving = approving_routes(policy.routes)
    found: dict[str, dict[Scope, None]] = {}
    for scope, effect in _effects(policy):
        for name in effect.routes:
            reached = approving[name]
            if reached is not None:
                found.setdefault(reached, {})[scope] = None
    return {name: list(scopes) for name, scopes in sorted(found.items())}


def _effects(policy: CheckedPolicy) -> Iterator[tuple[Scope, Effect]]:
    for rule in policy.rules:
        yield from ((rule.scope, row.effect) for row in rule.rows)
    yield from ((floor.scope, floor.effect) for floor in (*policy.defaults, *policy.on_errors))


def approving_routes(routes: Mapping[str, Route]) -> dict[str, str | None]:
    """Return for each route the one that it comes to by escalation and that approves by itself.

    Each route is followed once. A circle of escalations comes to none.
    """
    found: dict[str, str | None] = {}
    for start in routes:
        way: list[str] = []
        current: str | None = start
        end: str | None = None
        while current is not None and current not in found:
            way.append(current)
            found[current] = None
            timeout = routes[current].timeout
            end = current if timeout is not None and timeout.then == "approve" else None
            current = timeout.route if timeout is not None else None
        end = found[current] if current is not None else end
        found.update(dict.fromkeys(way, end))
    return found
