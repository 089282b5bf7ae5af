"""What the conditions of a decision cost is never more than compiled code counts on."""

from __future__ import annotations

import pytest
from hypothesis import given

from gatewright.engine.cel import budget
from gatewright.engine.cel.budget import Allowance, Budget
from gatewright.engine.compile.unit import plan_of
from gatewright.engine.evaluate import PolicySet
from tests.properties.support import examples, loaded
from tests.strategies.policies import GeneratedSet, policy_sets


def bound(policy: PolicySet, name: str, patch: pytest.MonkeyPatch) -> int | None:
    """Return how much compiled code says that a decision may cost; None where it cannot say."""
    seen: list[int] = []

    def noting(taken: int) -> bool:
        seen.append(taken)
        return True

    part = policy.parts.of(name)
    with patch.context() as inside:
        inside.setattr("gatewright.engine.compile.metering.is_affordable", noting)
        declared = part.policy.actions[name]
        plan_of(part.policy, policy.data, declared, part.asking, lambda _, residual: residual)
    return max(seen, default=None)


@examples(1)
@given(policy_sets())
def test_no_decision_costs_more_than_its_bound(made: GeneratedSet) -> None:
    taken: list[int] = []
    """What was taken between one refill and the next: first by what decides."""
    take, refill = Allowance.take, Allowance.refill

    def taking(self: Allowance, spent: Budget) -> None:
        take(self, spent)
        if taken:  # else constants are being made
            taken[-1] = self.taken

    def refilling(self: Allowance) -> None:
        refill(self)
        taken.append(0)

    policy = loaded(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "FREE_STEPS", 0)
        patch.setattr(budget, "TEXT_SHARE", 1)
        patch.setattr(Allowance, "take", taking)
        patch.setattr(Allowance, "refill", refilling)
        for action in made.actions:
            name = str(action["action"])
            if name not in policy.policy.actions:
                continue
            taken.clear()
            most = bound(policy, name, patch)
            outcome = policy.outcome(action, made.history, now=made.now, uses=made.uses_of)
            if most is not None and not outcome.erred:
                assert taken[0] <= most
