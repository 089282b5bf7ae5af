"""The order of declarations, files and packages has no meaning. Source: docs/language.md#how-a-decision-is-made."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.decision import Decision
from gatewright.engine.reading.json_text import Json
from tests.properties.support import decide, examples, loaded
from tests.strategies.policies import GeneratedSet, load, policy_sets


@examples(0.5)
@given(policy_sets(), st.randoms(use_true_random=False))
def test_a_set_laid_out_anew_decides_the_same(made: GeneratedSet, random: Random) -> None:
    first, second = loaded(made), load(made.shuffled(random), made.data)
    for action in made.actions:
        one, other = decide(first, made, action), decide(second, made, action)
        assert one.effect is other.effect
        assert one.stages == other.stages
        assert one.matched == other.matched
        assert one.risk == other.risk
        assert one.obligations == other.obligations
        assert one.action_digest == other.action_digest
        assert _without_places(one) == _without_places(other)


@examples(0.2)
@given(policy_sets(), st.randoms(use_true_random=False))
def test_names_and_order_of_files_leave_the_digest_alone(
    made: GeneratedSet, random: Random
) -> None:
    renamed = [(f"{random.random()}.gate", text) for _, text in made.files]
    shuffled = tuple(random.sample(renamed, len(renamed)))
    first, second = loaded(made), load(shuffled, dict(list(made.data.items())[::-1]))
    assert first.digest == second.digest
    for action in made.actions:
        assert decide(first, made, action).id == decide(second, made, action).id


def _without_places(decision: Decision) -> object:
    """All that a decision and its explanation say, as sets: their order follows the files."""
    whole: dict[str, Json] = {**decision.to_dict(), "explanation": decision.explain().to_dict()}
    return _plain({k: v for k, v in whole.items() if k not in ("id", "policy_digest")})


def _plain(value: Json) -> object:
    if isinstance(value, dict):
        kept = {k: _plain(v) for k, v in value.items() if k not in ("at", "policy_digest")}
        return sorted((k, repr(v)) for k, v in kept.items())
    if isinstance(value, list):
        return sorted(repr(_plain(item)) for item in value)
    return value
