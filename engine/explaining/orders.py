"""The orders that rules ask for, and the stages that came of them -> those that are not kept.

A route that is absorbed leaves its place in an order to whoever outranks it. Then one answer may
stand on both sides, or two orders may contradict each other that did not as they were written.
Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.policy import Effect
from gatewright.dsl.records import dataclass
from gatewright.engine.approvals import Approvals


@dataclass(frozen=True, slots=True)
class Unkept:
    """An order that is not kept, by qualified names.

    `asked` are the routes that stand for the two; they are the same where one answer serves for
    both. `reversed` tells that the second is asked first.
    """

    before: str
    after: str
    asked: tuple[str, str]
    reversed: bool


def unkept(effect: Effect, approvals: Approvals) -> Iterator[Unkept]:
    """Yield the orders of an effect that its stages do not keep, sorted."""
    stage = {route: n for n, routes in enumerate(approvals.stages) for route in routes}
    heirs: dict[str, list[str]] = {}
    for lower, upper in approvals.absorbed:
        heirs.setdefault(lower, []).append(upper)
    for before, after in sorted(effect.orders):
        for first in heirs.get(before, [before]):
            for second in heirs.get(after, [after]):
                if stage[first] >= stage[second]:
                    is_reversed = stage[first] > stage[second]
                    yield Unkept(before, after, (first, second), is_reversed)
