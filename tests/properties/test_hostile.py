"""Whatever is proposed, there is a decision; and what does not fit its type never just runs."""

from __future__ import annotations

import json
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from tests.properties.support import Facts, examples, loaded
from tests.strategies.policies import GeneratedSet, load, policy_sets

WORDS = st.sampled_from(
    ["action", "params", "agent", "id", "owner", "attributes", "target", "changes", "old", "new",
     "context", "evidence", "confidence", "at", "amount", "customer", "shop.refund", "bot-1", "",
     "5.00 USD", "\ud800", "\x00", "2026-06-15T12:00:00Z", "__class__"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    WORDS,
    st.text(max_size=5),
    st.binary(max_size=3),
    st.decimals(),
    st.datetimes(),
    st.just(10**400),
    st.just(object()),
    st.just({1, 2}),
)
GARBAGE: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(WORDS, st.integers()), inner, max_size=4),
    ),
    max_leaves=12,
)

OPEN = load(
    (
        (
            "open.gate",
            """package open
            action shop.refund { amount: money(USD) >= 0 USD, customer?: string, extra?: any
              changes { Amount: money(USD), Stage: enum("a", "b") } }
            default auto_run on *
            on_error require somebody on *
            route somebody { one of group("g") }
            rule all on * => auto_run
            rule some when action.amount < 50 USD => auto_run
            """.replace("any\n", "any,\n"),
        ),
    ),
    {},
)
"""A policy as open as can be: only what does not fit can keep an action from running."""


def _decides(policy: PolicySet, made: GeneratedSet | None, action: Any) -> None:
    now, history = (made.now, made.history) if made else (None, None)
    decision = policy.evaluate(action, history, now=now)
    assert decision.effect in Effect
    if decision.effect is Effect.AUTO_RUN:
        assert not decision.errors
    json.dumps(decision.to_dict())
    assert str(decision.explain())
    assert decision.id


@examples(2.0)
@given(GARBAGE)
def test_anything_at_all_is_decided(action: Any) -> None:
    _decides(OPEN, None, action)


@examples(2.0)
@given(
    st.sampled_from(["action", "params", "agent", "target", "changes", "context", "at"]), GARBAGE
)
def test_an_action_with_garbage_in_one_place_is_decided(place: str, garbage: Any) -> None:
    action = {"action": "shop.refund", "params": {"amount": "5.00 USD"}, place: garbage}
    _decides(OPEN, None, action)


@examples(0.4)
@given(policy_sets(), GARBAGE, st.data())
def test_what_does_not_fit_never_just_runs(
    made: GeneratedSet, garbage: Any, data: st.DataObject
) -> None:
    policy = loaded(made)
    action = dict(data.draw(st.sampled_from(made.actions)))
    params: Any = action.get("params")
    if isinstance(params, dict) and params and data.draw(st.booleans()):
        names: list[str] = sorted(cast("dict[str, object]", params))
        action["params"] = {**params, data.draw(st.sampled_from(names)): garbage}
    for tried in (action, garbage):
        _decides(policy, made, tried)
        decision = policy.evaluate(tried, made.history, now=made.now)
        if not Facts(policy.policy, made, tried).fits:
            assert decision.effect is not Effect.AUTO_RUN
