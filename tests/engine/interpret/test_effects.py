"""The formula of a decision: opened or default, every effect that is T or E, and the error floor."""

from __future__ import annotations

import pytest

from tests.engine.interpret.support import ERRS, action, decide, effect, policy, statuses


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # A rule may open an action, and say who is needed.
        ("rule a => auto_run", "auto_run"),
        ("rule a => require manager", "require manager"),
        ("rule a => block", "block"),
        ("rule a when action.n > 1 => auto_run", "block"),
        # No rule at all: the default, and without one block.
        ("", "block"),
        ("default require clerk", "require clerk"),
        ("default auto_run", "auto_run"),
        # A rule that is false does not open.
        ("default require clerk rule a when false => auto_run", "require clerk"),
        # The default counts only where no rule opens.
        ("default block rule a => require manager", "require manager"),
        ("default require finance rule a => auto_run", "auto_run"),
        # A guard tightens, and opens nothing.
        ("rule a => auto_run guard g => require manager", "require manager"),
        ("rule a => auto_run guard g when false => block", "auto_run"),
        ("guard g => require manager", "block"),
        ("default require clerk guard g => require legal", "require clerk and legal"),
        ("absolute guard g => require manager rule a => auto_run", "require manager"),
        # The most restrictive wins: all effects at once.
        ("rule a => auto_run rule b => require manager", "require manager"),
        ("rule a => auto_run rule b => block", "block"),
        ("rule a => require manager rule b => require legal", "require legal and manager"),
        ("rule a => require clerk rule b => require finance", "require finance"),
        ("rule a => require manager guard g => block", "block"),
        ("default require clerk default require legal", "require clerk and legal"),
        ("default auto_run default block", "block"),
        # `unless c` is `&& !c`, and several lines all agree.
        ("rule a unless action.n > 1 => auto_run", "auto_run"),
        ("rule a unless action.n == 1 => auto_run", "block"),
        ("rule a when action.n == 1 when true unless false => auto_run", "auto_run"),
        ("rule a when action.n == 1 when false => auto_run", "block"),
    ],
)
def test_the_decision_is_the_and_of_all_effects(rules: str, expected: str) -> None:
    assert effect(decide(rules)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # An error never opens an action; the error floor, without one block, comes on top.
        (f"rule a when {ERRS} => auto_run", "block"),
        (f"on_error require legal default require clerk rule a when {ERRS} => auto_run",
         "require clerk and legal"),
        # What errs has its effect all the same.
        (f"on_error require legal rule a => auto_run rule b when {ERRS} => require manager",
         "require legal and manager"),
        (f"on_error require legal rule a => auto_run guard g when {ERRS} => require manager",
         "require legal and manager"),
        (f"on_error require legal rule a => auto_run guard g when {ERRS} => block", "block"),
        (f"on_error require legal rule a => auto_run rule b when {ERRS} => auto_run",
         "require legal"),
        # All floors that cover the action, at once.
        (f"on_error require legal on_error require clerk rule a => auto_run "
         f"guard g when {ERRS} => require legal", "require clerk and legal"),
        (f"on_error block rule a => auto_run guard g when {ERRS} => require clerk", "block"),
        # F && E is F: no error at all. T && E is E. T || E is T.
        (f"rule a => auto_run guard g when false && {ERRS} => block", "auto_run"),
        (f"rule a => auto_run guard g when {ERRS} && false => block", "auto_run"),
        (f"rule a when {ERRS} || true => auto_run", "auto_run"),
        (f"on_error require legal default auto_run rule a when {ERRS} && true => auto_run",
         "require legal"),
        (f"rule a => auto_run guard g when {ERRS} when false => block", "auto_run"),
        (f"rule a => auto_run guard g unless {ERRS} when false => block", "auto_run"),
        # `!` of an error is an error.
        (f"on_error require legal rule a => auto_run guard g unless {ERRS} => require clerk",
         "require clerk and legal"),
    ],
)  # fmt: skip
def test_an_error_restricts_and_never_opens(rules: str, expected: str) -> None:
    assert effect(decide(rules)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("rule a => auto_run", "block"),
        ("on_error require legal rule a => auto_run", "block"),
        ("on_error require legal default require clerk rule a => auto_run",
         "require clerk and legal"),
        ("on_error require legal default auto_run rule a => auto_run", "require legal"),
        # What the rule asks for counts all the same.
        ("on_error require legal default auto_run rule a => require manager",
         "require legal and manager"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "bad",
    [
        action(None),
        action("1"),
        action(1, surprise=True),
        action(1, params={"n": 1, "m": 2}),
        action(1, changes={"Nothing": {"old": 1, "new": 2}}),
        action(1, at="yesterday"),
        action(1, target={"system": "paypal"}),
    ],
)
def test_an_action_that_does_not_fit_is_not_opened(
    rules: str, expected: str, bad: dict[str, object]
) -> None:
    decision = decide(rules, bad)
    assert effect(decision) == expected
    assert decision.errors
    assert {"on_error", "default"} <= {rule.kind for rule in decision.rules}


def test_what_is_no_action_is_decided_by_what_covers_everything() -> None:
    everything = policy("rule a => auto_run default auto_run on * on_error require legal on *")
    assert effect(decide(everything, {})) == "require legal"
    assert effect(decide("rule a => auto_run", {})) == "block"


def test_each_condition_that_errs_is_told() -> None:
    decision = decide(
        f"on_error require legal rule a => auto_run guard g when {ERRS}"
        " unless 1 / (action.n - 1) > 0 => require clerk"
    )
    assert [(error.source, error.message) for error in decision.errors] == [
        ("guard g", "`agent.nothing` is absent"),
        ("guard g", "division by zero"),
    ]
    assert statuses(decision) == {"a": "matched", "g": "error"}
    assert decision.matched == ("shop.a",)


# --- shadow


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("rule a => auto_run @shadow guard g => block", "auto_run"),
        ("@shadow rule a => auto_run", "block"),
        (f"rule a => auto_run @shadow guard g when {ERRS} => block", "auto_run"),
    ],
)
def test_what_is_in_shadow_has_no_effect(rules: str, expected: str) -> None:
    decision = decide(rules)
    assert effect(decision) == expected
    assert "shadow" in statuses(decision).values()
    assert not decision.errors


def test_a_shadow_that_does_not_match_is_not_told() -> None:
    assert statuses(decide("rule a => auto_run @shadow guard g when false => block")) == {
        "a": "matched"
    }


# --- obligations


def test_obligations_are_those_of_what_matched_or_erred() -> None:
    decision = decide(
        "on_error require legal"
        ' rule a => auto_run obligate notify(channel: "#ops", n: action.n)'
        f' guard g when {ERRS} => require clerk obligate page("duty", agent.nothing)'
        ' guard h when false => block obligate notify(channel: "#never")'
    )
    assert [(o.rule, o.name, o.args) for o in decision.obligations] == [
        ("shop.a", "notify", {"channel": "#ops", "n": 1}),
        ("shop.g", "page", {"0": "duty", "1": None}),
    ]
    assert decision.obligations[0].to_dict() == {
        "name": "notify",
        "args": {"channel": "#ops", "n": 1},
        "rule": "shop.a",
    }


def test_an_argument_that_errs_is_null_and_the_explanation_says_so() -> None:
    text = (
        " guard g => require clerk"
        ' obligate page("duty", share: 1 / (action.n - 1), to: agent.nothing)'
        " obligate log(action.n) rule a => auto_run guard h when false => block"
        " obligate never(agent.nothing)"
    )
    decision, without = decide(text), decide(text.partition(" obligate")[0] + " rule a => auto_run")
    assert (decision.effect, decision.routes) == (without.effect, without.routes)
    assert decision.errors == ()
    assert decision.obligations[0].args == {"0": "duty", "share": None, "to": None}
    told = decision.explain().unvalued
    assert [(one.rule, one.obligation, one.argument) for one in told] == [
        ("g", "page", "share"),
        ("g", "page", "to"),
    ]
    assert decision.explain().to_dict()["unvalued"] == [one.to_dict() for one in told]
    lines = str(decision.explain()).split("\n")
    at = lines.index("Obligations that lack a value:")
    for line, one in zip(lines[at + 1 : at + 3], told, strict=True):
        what = f"page of g: {one.argument} is null, an error: {one.message}"
        assert line == f"  {what}    {one.at}"
