"""Many rules: spread over many actions, or all on one.

`act`: each action has three rules, below `low` auto_run, below `high` manager, else finance.
`flat`: each tenant has one rule, auto_run below its limit; whatever none opens is blocked.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple


class Bounds(NamedTuple):
    """Where an action's second and third rule begin, in cents."""

    low: int
    high: int


class Act(NamedTuple):
    """A request of `act`."""

    action: str
    cents: int


class Payment(NamedTuple):
    """A request of `flat`."""

    tenant: str
    cents: int


@dataclass(frozen=True, slots=True)
class ManyActions:
    """Three rules an action."""

    rules: int
    bounds: dict[str, Bounds]
    name: str = "act"

    @classmethod
    def of(cls, rules: int) -> ManyActions:
        """Return the workload with about so many rules: a multiple of three."""
        bounds = {f"a{i}": _bounds(i) for i in range(rules // 3)}
        return cls(3 * len(bounds), bounds)

    def draw(self, chance: random.Random, count: int) -> list[Act]:
        """Return so many requests, over all actions; hardly one comes twice."""
        return [self._one(chance) for _ in range(count)]

    def _one(self, chance: random.Random) -> Act:
        action = f"a{chance.randrange(len(self.bounds))}"
        low, high = self.bounds[action]
        edge = chance.choice((low - 1, low, high - 1, high))
        return Act(action, edge if chance.random() < 0.05 else chance.randrange(2 * high))

    def effect(self, act: Act) -> str:
        """Return what the definition says."""
        low, high = self.bounds[act.action]
        if act.cents < low:
            return "auto_run"
        return "manager" if act.cents < high else "finance"


@dataclass(frozen=True, slots=True)
class OneAction:
    """One rule a tenant, all on one action."""

    rules: int
    limits: dict[str, int]
    name: str = "flat"

    @classmethod
    def of(cls, rules: int) -> OneAction:
        """Return the workload with so many rules."""
        return cls(rules, {f"t{i}": 100_00 + i * 7_919 % 9_000_00 for i in range(rules)})

    def draw(self, chance: random.Random, count: int) -> list[Payment]:
        """Return so many requests; one in a hundred is of a tenant that nobody knows."""
        return [self._one(chance) for _ in range(count)]

    def _one(self, chance: random.Random) -> Payment:
        tenant = f"t{chance.randrange(len(self.limits))}"
        limit = self.limits[tenant]
        edge = chance.choice((limit - 1, limit))
        cents = edge if chance.random() < 0.05 else chance.randrange(2 * limit)
        return Payment("nobody" if chance.random() < 0.01 else tenant, cents)

    def effect(self, payment: Payment) -> str:
        """Return what the definition says."""
        limit = self.limits.get(payment.tenant)
        return "auto_run" if limit is not None and payment.cents < limit else "block"


def _bounds(index: int) -> Bounds:
    low = 1_000_00 + index * 7_919 % 9_000_00
    return Bounds(low, low + 1_000_00 + index * 104_729 % 90_000_00)
