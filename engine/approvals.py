"""An effect -> the routes that are still needed, and in which stages they are asked.

A route is absorbed where a needed route outranks it, unless the policy puts the two in an order:
`require a then b` needs both, whichever of them outranks the other.
Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl.policy import Effect, Route
from gatewright.dsl.reach import closure
from gatewright.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who is needed: stages in order, the routes of a stage in parallel, by qualified name."""

    stages: tuple[tuple[str, ...], ...]
    absorbed: tuple[tuple[str, str], ...]
    """Pairs (route that is not asked, needed route that outranks it)."""

    @property
    def routes(self) -> tuple[str, ...]:
        """All needed routes, in the order of their stages."""
        return tuple(route for stage in self.stages for route in stage)


def approvals(effect: Effect, routes: Mapping[str, Route]) -> Approvals:
    """Return who is needed for an effect that does not block. Deterministic."""
    after = closure(_followers(effect.orders))
    needed: set[str] = set()
    heirs: dict[str, list[str]] = {}
    # Which needed routes outrank a route, without those that it is in an order with.
    outranking: dict[str, list[str]] = {}
    # From the top: a route outranks strictly fewer than whatever outranks it.
    for route in sorted(effect.routes, key=lambda r: (-len(routes[r].outranks), r)):
        if route in outranking:
            heirs[route] = sorted(outranking[route])
            continue
        needed.add(route)
        for lower in routes[route].outranks:
            if not _are_ordered(lower, route, after):
                outranking.setdefault(lower, []).append(route)
    orders = _inherit(effect.orders, frozenset(needed), heirs)
    pairs = tuple((lower, upper) for lower, uppers in sorted(heirs.items()) for upper in uppers)
    return Approvals(_stages(frozenset(needed), orders, after), pairs)


def _are_ordered(one: str, other: str, after: Mapping[str, frozenset[str]]) -> bool:
    return other in after.get(one, ()) or one in after.get(other, ())


def _followers(orders: frozenset[tuple[str, str]]) -> dict[str, list[str]]:
    followers: dict[str, list[str]] = {}
    for before, after in sorted(orders):
        followers.setdefault(before, []).append(after)
        followers.setdefault(after, [])
    return followers


def _inherit(
    orders: frozenset[tuple[str, str]], needed: frozenset[str], heirs: Mapping[str, list[str]]
) -> dict[str, frozenset[str]]:
    """Return for each needed route those that come after it; heirs stand where the absorbed did."""
    followers: dict[str, list[str]] = {route: [] for route in needed}
    for before, after in sorted(orders):
        firsts = [before] if before in needed else heirs[before]
        seconds = [after] if after in needed else heirs[after]
        for first in firsts:
            followers[first].extend(second for second in seconds if second != first)
    return closure(followers)


def _stages(
    needed: frozenset[str],
    after: Mapping[str, frozenset[str]],
    written: Mapping[str, frozenset[str]],
) -> tuple[tuple[str, ...], ...]:
    """Lay the routes out in stages. Those that wait for each other are asked in parallel.

    Where an order that an heir took over contradicts one that is `written`, the written one stays.
    """
    awaited: dict[str, set[str]] = {route: set() for route in needed}
    for order in (after, written):
        for first, followers in order.items():
            for second in followers & needed:
                if first not in order.get(second, ()):
                    awaited[second].add(first)
    rest = set(needed)
    stages: list[tuple[str, ...]] = []
    while rest:
        ready = sorted(route for route in rest if awaited[route].isdisjoint(rest))
        stages.append(tuple(ready))
        rest.difference_update(ready)
    return tuple(stages)
