"""What may only restrict, restricts: more guards, and errors instead of answers."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from gatewright.engine.evaluate import PolicySet
from tests.properties.support import at_least_as_strict, decide, examples, loaded
from tests.strategies.policies import GeneratedSet, added_guards, policy_sets

ERRING = (
    "agent.nothing_of_the_kind == 1",
    "1 / (now.getHours() - now.getHours()) == 0",
    "9223372036854775807 + now.getHours() + 1 > 0",
    "decimal(1) / 3 > 0",
)
"""Conditions that pass the checker and have no answer for any action here."""


@examples(0.5)
@given(st.data())
def test_a_guard_more_never_loosens(data: st.DataObject) -> None:
    made = data.draw(policy_sets())
    package, guard = data.draw(added_guards(made))
    _only_restricts(made, loaded(made), loaded(made.adding(package, guard)))


@examples(0.6)
@given(st.data())
def test_an_error_for_an_answer_never_loosens(data: st.DataObject) -> None:
    made = data.draw(policy_sets())
    conditions = [(d, i) for _, d in made.declared for i in d.slots]
    assume(conditions)
    declared, index = data.draw(st.sampled_from(conditions))
    erring = data.draw(st.sampled_from(ERRING))
    # Both branches are the old condition, so that what it proves to be present stays proved.
    worse = declared.with_condition(index, lambda c: f"({erring}) ? ({c}) : ({c})")
    _only_restricts(made, loaded(made), loaded(made.replacing(declared, worse)))


def _only_restricts(made: GeneratedSet, before: PolicySet, after: PolicySet) -> None:
    for action in made.actions:
        loose, strict = decide(before, made, action), decide(after, made, action)
        assert at_least_as_strict(after.policy, strict, loose)
