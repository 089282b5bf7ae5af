"""An explanation agrees with the decision that was taken, and says the same every time."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given

from gatewright.dsl.policy import AUTO_RUN, BLOCK, CheckedPolicy
from gatewright.dsl.policy import Effect as Formula
from gatewright.dsl.records import replace
from gatewright.engine.approvals import approvals
from gatewright.engine.decision import Decision, Effect, RuleReport
from tests.properties.support import decide, examples, loaded, short_names
from tests.strategies.policies import GeneratedSet, policy_sets


@examples(0.8)
@given(policy_sets())
def test_the_explanation_agrees_with_the_decision(made: GeneratedSet) -> None:
    policy = loaded(made)
    for action in made.actions:
        decision = decide(policy, made, action)
        explanation = decision.explain()
        assert explanation.effect == decision.effect.value
        assert explanation.stages == decision.stages
        assert explanation.risk == decision.risk
        assert explanation.errors == decision.errors
        said = {*explanation.decisive, *explanation.others, *explanation.shadow}
        rules = [rule for rule in decision.rules if rule.status != "suspended"]
        assert {_once(rule) for rule in said} == {_once(rule) for rule in rules}
        suspended = {s.rule for s in explanation.suspended}
        assert suspended == {r.name for r in decision.rules if r.status == "suspended"}
        assert bool(explanation.decisive) or decision.effect is Effect.AUTO_RUN
        _decisive_rules_decide(policy.policy, decision)
        _text_says_so(decision)


def _once(rule: RuleReport) -> RuleReport:
    """Return a report without conditions told before: an explanation tells an error once."""
    told = {(c.at, c.text, c.error): c for c in reversed(rule.conditions)}
    return replace(rule, conditions=tuple(reversed(told.values())))


def _decisive_rules_decide(policy: CheckedPolicy, decision: Decision) -> None:
    """The effects of what was decisive, all at once, are the decision."""
    total = AUTO_RUN
    for rule in decision.rules:
        if rule.decisive:
            total &= _parsed(rule.effect, short_names(policy))
    assert total.block == (decision.effect is Effect.BLOCK)
    if not total.block:
        needed = approvals(total, policy.routes).routes
        assert sorted(policy.route_name(route) for route in needed) == sorted(decision.routes)


def _parsed(text: str, named: dict[str, str]) -> Formula:
    if text == "block":
        return BLOCK
    stages = [] if text == "auto_run" else text.removeprefix("require ").split(" then ")
    routes = [[named[name] for name in stage.split(" and ")] for stage in stages]
    orders = {(a, b) for s, t in itertools.pairwise(routes) for a in s for b in t}
    return Formula(False, frozenset(r for s in routes for r in s), frozenset(orders))


def _text_says_so(decision: Decision) -> None:
    text = str(decision.explain())
    heads = {Effect.AUTO_RUN: "AUTO_RUN", Effect.BLOCK: "BLOCK"}
    assert text.startswith(heads.get(decision.effect, "REQUIRE APPROVAL"))
    for part in (*decision.routes, *decision.because, *(e.message for e in decision.errors)):
        assert part in text


@examples(0.5)
@given(policy_sets())
def test_the_same_decision_is_told_in_the_same_words(made: GeneratedSet) -> None:
    one, other = loaded(made), loaded(made)
    for action in made.actions:
        first, second = decide(one, made, action), decide(other, made, action)
        assert str(first.explain()) == str(second.explain())
        assert _json(first) == _json(second) == _json(first)
        assert first.id == second.id


@examples(0.4)
@given(policy_sets())
def test_an_explanation_made_later_tells_of_the_facts_decided_on(made: GeneratedSet) -> None:
    """What happens after a decision is no part of why it was taken.

    A question that it had no need to ask is told as one that was not asked.
    """
    policy = loaded(made)
    for action in made.actions:
        history = made.history
        at_once = policy.evaluate(action, history, now=made.now, uses=made.uses_of)
        later = policy.evaluate(action, history, now=made.now, uses=made.uses_of)
        first, known = _told(at_once)
        for number, shape in enumerate(made.world.actions):
            for agent in ("bot-1", "bot-2"):
                history.append(
                    {"id": f"later-{number}-{agent}", "action": shape.name, "agent": agent,
                     "at": "2026-06-15T11:59:00Z", "status": "executed"}
                )  # fmt: skip
        told, facts = _told(later)
        assert told == first
        for fact in facts:
            assert fact in known or "was not asked" in fact["error"]["message"]


def _told(decision: Decision) -> tuple[dict[str, Any], list[Any]]:
    """What a decision says, without the values that conditions saw; and the facts from histories."""
    whole = json.loads(_json(decision))
    said = whole["decision"]
    said["rules"] = [
        (rule["name"], rule["status"], rule["decisive"], rule["because"])
        for rule in said["rules"]
        if rule["status"] != "shadow"
    ]
    return said, whole["why"]["facts"]["history"]


def _json(decision: Decision) -> str:
    """Plain JSON: what is written can be read again, and is the same."""
    whole = {"decision": decision.to_dict(), "why": decision.explain().to_dict()}
    text = json.dumps(whole, allow_nan=False)
    assert json.loads(text) == whole
    return text
