"""The compiled path decides as the reference interpreter does, always."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine import deciding
from gatewright.engine.bundle import compiled_layout
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.compile.unit import plan_of
from gatewright.engine.decision import Answer
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.interpret import Request, interpret
from gatewright.engine.outcome import Outcome
from tests.engine.bundle.support import bundled
from tests.properties.pairs import compare, interpreted, told
from tests.properties.support import decide, examples, loaded
from tests.strategies.policies import GeneratedSet, policy_sets


@examples(2)
@given(policy_sets())
def test_compiled_and_interpreted_decisions_are_the_same(made: GeneratedSet) -> None:
    policy = loaded(made)
    for action in made.actions:
        assert told(decide(policy, made, action)) == interpreted(policy, made, dict(action))


@examples(1)
@given(policy_sets())
def test_an_explanation_agrees_with_the_compiled_decision(made: GeneratedSet) -> None:
    policy = loaded(made)
    for action in made.actions:
        decision = decide(policy, made, action)
        report = decision.report
        named = {
            f"{rule.package}.{rule.name}"
            for rule in report.rules
            if rule.status == "matched" and rule.kind in ("rule", "guard", "absolute guard")
        }
        assert named == set(decision.matched)
        stages = report.explanation.value.to_dict()["stages"]
        assert stages == [list(stage) for stage in decision.stages]


@examples(1)
@given(policy_sets())
def test_a_set_out_of_a_bundle_decides_the_same(made: GeneratedSet) -> None:
    policy = loaded(made)
    unpacked = BundledSet(bundled(build(policy.policy)))
    for action in made.actions:
        assert told(decide(unpacked, made, action)) == told(decide(policy, made, action))
        assert told(decide(unpacked, made, action)) == interpreted(policy, made, dict(action))


def decides_all_small(policy: PolicySet, name: str) -> bool:
    """Tell whether the conditions on an action may be compiled for all actions that are small."""
    part = policy.parts.of(name)
    declared = part.policy.actions.get(name)
    if declared is None:
        return False
    planned = plan_of(part.policy, policy.data, declared, part.asking, lambda _, residual: residual)
    return planned is not None


@examples(2)
@given(policy_sets())
def test_a_compiled_form_out_of_a_bundle_decides_the_same(made: GeneratedSet) -> None:
    """It decides as the interpreter does, and leaves it what a unit that is compiled here leaves."""
    policy = loaded(made)
    interpretations: list[str] = []

    def counting(policy: CheckedPolicy, request: Request) -> Outcome:
        interpretations.append(request.action)
        return interpret(policy, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_layout, "LEAST_ROWS", 0)
        patch.setattr(deciding, "interpret", counting)
        content = build(policy.policy)
        unpacked = BundledSet(bundled(content))
        assert build(unpacked.policy) == content
        for action in made.actions:
            name = str(action["action"])
            assert (unpacked.carried(name) is not None) is decides_all_small(policy, name)
            counts: list[int] = []
            decisions: list[Answer] = []
            for each in (policy, unpacked):
                before = len(interpretations)
                decisions.append(told(decide(each, made, action)))
                counts.append(len(interpretations) - before)
            assert decisions == [interpreted(policy, made, dict(action))] * 2
            assert counts[0] == counts[1]


@pytest.mark.volume
@pytest.mark.parametrize("job", range(3))
def test_many_actions_of_a_set_are_decided_alike(job: int) -> None:
    """The first sets of those that `make fuzz` compares, 3,000 pairs in all."""
    seen: Counter[str] = Counter()
    for number in range(17):
        seen += compare(f"1-{17 * job + number}")
    assert seen.total() == 1_020
    assert seen.keys() == {"auto_run", "require_approval", "block"}
