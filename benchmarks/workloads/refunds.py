"""The refund policy: tiers by amount, a block on closed charges, a reason that needs a person.

closed charge                        block
above 200 USD                        finance
50 USD and more, or a goodwill       manager
everything else                      auto_run
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

REASONS = ("duplicate", "damaged", "late", "goodwill")


class Refund(NamedTuple):
    """A refund that is asked for; amounts are in cents."""

    customer: str
    cents: int
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refunds:
    """Five rules on one action, without a history."""

    name: str = "refund"
    rules: int = 5
    manager_cents: int = 50_00
    finance_cents: int = 200_00

    def draw(self, chance: random.Random, count: int) -> list[Refund]:
        """Return so many requests; no customer comes twice."""
        return [self._one(chance) for _ in range(count)]

    def _one(self, chance: random.Random) -> Refund:
        edge = chance.choice((0, 49_99, 50_00, 50_01, 199_99, 200_00, 200_01))
        return Refund(
            customer=f"C-{chance.getrandbits(48):012x}",
            cents=edge if chance.random() < 0.2 else chance.randrange(400_00),
            status="closed" if chance.random() < 0.1 else "open",
            reason=chance.choice(REASONS),
        )

    def effect(self, refund: Refund) -> str:
        """Return what the definition says."""
        if refund.status == "closed":
            return "block"
        if refund.cents > self.finance_cents:
            return "finance"
        if refund.cents >= self.manager_cents or refund.reason == "goodwill":
            return "manager"
        return "auto_run"
