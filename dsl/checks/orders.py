"""Checks orders of approval over all rules of an action, and what silence would approve.

Source: language.md §2, §5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from gatewright.dsl.messages import routes as messages
from gatewright.dsl.policy import ActionType, CheckedPolicy, Effect, Rule
from gatewright.dsl.resolve.collect import Report
from gatewright.dsl.resolve.effects import find_circle
from gatewright.dsl.source import Span

_Order = tuple[str, str]


def check_orders(policy: CheckedPolicy, report: Report) -> None:
    """Report circles of `then` among the rules of an action, and time-outs that may not approve."""
    ordering = [rule for rule in policy.rules if _orders(rule)]
    approving = {name for name, route in policy.routes.items()
                 if route.timeout is not None and route.timeout.then == "approve"}  # fmt: skip
    for action in policy.actions.values():
        if ordering:
            _circles(policy, action, ordering, report)
        if action.irreversible and approving:
            _silence(policy, action, approving, report)


def _orders(rule: Rule) -> dict[_Order, Span]:
    """Return the orders that a rule asks for, with the row that says so first."""
    found: dict[_Order, Span] = {}
    for row in rule.rows:
        for order in row.effect.orders:
            found.setdefault(order, row.span)
    return found


def _circles(
    policy: CheckedPolicy, action: ActionType, ordering: Iterable[Rule], report: Report
) -> None:
    places: dict[_Order, Span] = {}
    for rule in ordering:
        own = _orders(rule)
        # Rows of one rule that contradict each other hold for different actions.
        if rule.scope.covers(action.name, action.package) and not find_circle(own):
            for order, place in own.items():
                places.setdefault(order, place)
    circle = find_circle(places)
    if circle:
        first, *rest = [places[pair] for pair in pairwise(circle)]
        names = [policy.route_name(route) for route in circle]
        report(messages.order_circle(first, names, rest[-1] if rest else None))


def _silence(
    policy: CheckedPolicy, action: ActionType, approving: set[str], report: Report
) -> None:
    """Report routes of an irreversible action that approve when nobody answers."""
    for effect in _effects(policy, action):
        for name in sorted(effect.routes):
            for reached in _escalations(policy, name):
                if reached in approving:
                    route = policy.routes[reached]
                    report(
                        messages.approve_irreversible(
                            route.span, route.name, action.name, action.span
                        )
                    )


def _effects(policy: CheckedPolicy, action: ActionType) -> Iterator[Effect]:
    for rule in policy.rules:
        if rule.scope.covers(action.name, action.package):
            yield from (row.effect for row in rule.rows)
    for floor in (*policy.defaults, *policy.on_errors):
        if floor.scope.covers(action.name, action.package):
            yield floor.effect


def _escalations(policy: CheckedPolicy, name: str) -> Iterator[str]:
    """Yield a route and all those that it escalates to."""
    seen: set[str] = set()
    current: str | None = name
    while current is not None and current not in seen:
        yield current
        seen.add(current)
        timeout = policy.routes[current].timeout
        current = timeout.route if timeout is not None else None
