"""The interpreter decides as the language page says, read a second time."""

from __future__ import annotations

from hypothesis import given

from gatewright.engine.decision import Decision, Effect
from tests.properties import oracle
from tests.properties.support import Facts, decide, examples, loaded, short_names
from tests.strategies.policies import GeneratedSet, policy_sets


@examples(1.0)
@given(policy_sets())
def test_decisions_are_those_of_the_second_interpreter(made: GeneratedSet) -> None:
    policy = loaded(made)
    for action in made.actions:
        decision = decide(policy, made, action)
        answer = Facts(policy.policy, made, action).answer()
        assert decision.effect is _effect(answer)
        if not answer.formula.blocked:
            named = short_names(policy.policy)
            needed = {named[route] for route in decision.routes}
            assert needed == answer.formula.needed(policy.policy)
            _keeps_orders({named[r]: i for i, s in enumerate(decision.stages) for r in s}, answer)
        assert decision.risk == answer.score
        floors = {rule.kind for rule in decision.rules}
        assert ("permit" in floors) == (not answer.permitted)
        if answer.permitted:
            assert ("default" in floors) == (not answer.opened)
            assert ("on_error" in floors) == answer.erred
            assert bool(decision.errors) == answer.erred


def _effect(answer: oracle.Answer) -> Effect:
    if answer.formula.blocked:
        return Effect.BLOCK
    return Effect.REQUIRE_APPROVAL if answer.formula.asked else Effect.AUTO_RUN


def _keeps_orders(stage: dict[str, int], answer: oracle.Answer) -> None:
    """Who must come after somebody is in a later stage; generated orders have no circles."""
    for first, second in answer.formula.orders:
        if first in stage and second in stage:
            assert stage[first] < stage[second]


@examples(0.3)
@given(policy_sets())
def test_a_decision_has_one_place_for_everything_it_says(made: GeneratedSet) -> None:
    policy = loaded(made)
    for action in made.actions:
        decision = decide(policy, made, action)
        _has_one_place(decision)


def _has_one_place(decision: Decision) -> None:
    assert decision.routes == tuple(route for stage in decision.stages for route in stage)
    assert len(set(decision.routes)) == len(decision.routes)
    assert (decision.effect is Effect.REQUIRE_APPROVAL) == bool(decision.routes)
    matched = {f"{r.package}.{r.name}" for r in decision.rules if r.status == "matched" and r.name}
    assert matched == set(decision.matched)
    if decision.effect is Effect.AUTO_RUN:
        assert not decision.errors
