"""The generated policy sets themselves: they pass the checker, and are not all alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from gatewright.engine.decision import Decision
from tests.properties.support import Facts, decide, examples, loaded
from tests.strategies.policies import GeneratedSet, policy_sets


@examples(0.5)
@given(policy_sets())
def test_generated_sets_pass_the_checker_and_know_which_actions_fit(made: GeneratedSet) -> None:
    policy = loaded(made)
    for proposal in made.proposals:
        assert Facts(policy.policy, made, proposal.action).fits == proposal.fits


@pytest.mark.volume
def test_generated_decisions_are_of_every_kind() -> None:
    """What no generated decision shows, no property can say anything about."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=150,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(policy_sets())
    def look(made: GeneratedSet) -> None:
        policy = loaded(made)
        for action in made.actions:
            seen.update(set(_kinds(decide(policy, made, action))))

    look()
    wanted = {"auto_run", "require_approval", "block", "matched", "error", "suspended", "shadow",
              "permit", "default", "on_error", "stages", "absorbed", "risk",
              "obligation"}  # fmt: skip
    assert wanted - seen.keys() == set()


def _kinds(decision: Decision) -> Iterator[str]:
    yield decision.effect.value
    for rule in decision.rules:
        yield rule.status
        yield rule.kind
    if len(decision.stages) > 1:
        yield "stages"
    if decision.explain().absorbed:
        yield "absorbed"
    if decision.risk:
        yield "risk"
    if decision.obligations:
        yield "obligation"
