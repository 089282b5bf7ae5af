"""Scores of risks add up, capped at 100, before rules and guards; an error counts in full."""

from __future__ import annotations

import pytest

from gatewright.engine.decision import Decision
from tests.engine.interpret.support import ERRS, action, decide, effect, policy, statuses

OPEN = "rule all => auto_run guard risky when risk >= 60 => require legal "


@pytest.mark.parametrize(
    ("risks", "score", "expected"),
    [
        ("", 0, "auto_run"),
        ("risk a when true => 59", 59, "auto_run"),
        ("risk a when true => 60", 60, "require legal"),
        ("risk a when true => 30 risk b when true => 30", 60, "require legal"),
        ("risk a when true => 30 risk b when false => 30", 30, "auto_run"),
        ("risk a when true => 30 risk b unless true => 30", 30, "auto_run"),
        ("risk a when true unless false => 60", 60, "require legal"),
        ("risk a when true => 80 risk b when true => 80", 100, "require legal"),
        ("risk a on shop.order.* when true => 60", 0, "auto_run"),
        ("risk a on * when action.n == 1 => 60", 60, "require legal"),
        # An error counts its full score, and brings the floor.
        (f"on_error require clerk risk a when {ERRS} => 60", 60, "require clerk and legal"),
        (f"on_error require clerk risk a when {ERRS} => 5", 5, "require clerk"),
        (f"risk a when {ERRS} when false => 60", 0, "auto_run"),
        (f"risk a when {ERRS} => 5", 5, "block"),
    ],
)
def test_scores_add_up(risks: str, score: int, expected: str) -> None:
    decision = decide(OPEN + risks)
    assert decision.risk == score
    assert effect(decision) == expected


FLOORS = "on_error require legal default require clerk "
READS = "let high = risk >= 60 history old = shop.refund "


@pytest.mark.parametrize(
    "opens",
    [
        "rule odd when risk >= 60 => auto_run",
        "rule odd when high => auto_run",
        "rule odd when o.much => auto_run",
        "rule odd when high => require finance",
        "rule odd when true unless risk < 60 => auto_run",
        "rule odd when risk in 10 .. 70 => auto_run",
        "rule odd when old.count(n: risk, within: 1d) == 0 && high => auto_run",
        "rule odd when [risk].exists(score, score > 50) => auto_run",
        "rule odd cases { risk < 60 => require finance else => auto_run }",
        "rule odd tier risk { < 60 => require finance >= 60 => auto_run }",
        "rule odd table (risk) { > 59 => auto_run }",
    ],
)
def test_an_erring_risk_never_opens(opens: str) -> None:
    others = ("package shop\nimport other as o", "package other\nlet much = risk > 40")

    def decided(risk: str) -> Decision:
        return decide(policy(READS + FLOORS + opens + f" risk a when {risk} => 60", *others))

    assert "default" not in {rule.kind for rule in decided("true").rules}
    erring = decided(ERRS)
    assert erring.risk == 60
    assert {"default", "on_error"} <= {rule.kind for rule in erring.rules}
    assert statuses(erring) == {"odd": "error"}


@pytest.mark.parametrize(
    ("low", "expected"),
    [
        # Certain whatever the erring risk (30 or 0) adds.
        ("risk >= 10", "require clerk and legal"),
        ("risk <= 40", "require clerk and legal"),
        ("risk > 40", "require clerk"),
        # Not certain: high enough with it, low enough without it, and neither nor.
        ("risk >= 40", "require clerk and legal"),
        ("risk <= 10", "require clerk and legal"),
        ("risk in 20 .. 30", "require clerk"),
    ],
)
def test_a_guard_restricts_wherever_a_possible_score_lets_it(low: str, expected: str) -> None:
    text = f"on_error require clerk rule all => auto_run guard g when {low} => require legal "
    risks = f"risk sure when true => 10 risk unsure when {ERRS} => 30"
    assert effect(decide(text + risks)) == expected


def test_a_guard_that_holds_with_the_full_score_matches() -> None:
    text = "on_error require clerk rule all => auto_run guard g when risk {} => require legal "
    full = decide(text.format(">= 30") + f"risk a when {ERRS} => 30")
    assert (statuses(full)["g"], [e.source for e in full.errors]) == ("matched", ["risk a"])
    less = decide(text.format("< 30") + f"risk a when {ERRS} => 30")
    assert statuses(less)["g"] == "error"
    assert [(e.source, e.message) for e in less.errors] == [
        ("risk a", "`agent.nothing` is absent"),
        ("guard g", "the answer depends on a risk that is an error"),
    ]


def test_each_part_of_several_erring_risks_may_count() -> None:
    """10 and 20 make 0, 10, 20 or 30: the middle is seen neither by the full nor the least."""
    text = "on_error require clerk rule all => auto_run guard g when risk == 20 => require legal "
    risks = f"risk a when {ERRS} => 10 risk b when {ERRS} => 20"
    assert effect(decide(text + risks)) == "require clerk and legal"


def test_an_exception_does_not_apply_by_an_erring_risk() -> None:
    text = (
        "on_error require clerk rule all => auto_run guard g => require legal "
        "exception e suspends g { when risk >= 60 from 2026-06-01T00:00:00Z"
        ' until 2026-07-01T00:00:00Z owner "a" reason "b" } '
    )
    assert effect(decide(text + "risk a when true => 60")) == "auto_run"
    assert effect(decide(text + f"risk a when {ERRS} => 60")) == "require clerk and legal"


def test_texts_show_the_full_score() -> None:
    text = 'guard g when risk < 60 => block because "score {risk}" '
    assert decide(text + f"risk a when {ERRS} => 60").because[-1] == "score 60"


def test_a_let_may_read_the_risk() -> None:
    text = "let high = risk >= 60 rule all => auto_run guard g when high => block "
    assert effect(decide(text + "risk a when true => 60")) == "block"
    assert effect(decide(text + "risk a when true => 59")) == "auto_run"


def test_the_score_is_that_of_all_packages() -> None:
    other = "package other\nrisk b on * when true => 40"
    assert decide(policy(OPEN + "risk a when true => 40", other)).risk == 80


def test_the_parts_of_the_score_are_explained() -> None:
    decision = decide(
        OPEN + 'on_error require clerk risk a when action.n == 1 => 40 because "n is {action.n}"'
        f" risk b when {ERRS} => 20 risk c when false => 5"
    )
    first, second = decision.explain().risk_parts
    assert (first.name, first.score, first.because, first.erred) == ("a", 40, "n is 1", False)
    assert (second.name, second.score, second.because, second.erred) == ("b", 20, None, True)
    assert first.to_dict()["conditions"]
    text = str(decision.explain())
    assert "Risk 60 of 100" in text
    assert "40 a: n is 1" in text
    assert [error.source for error in decision.errors] == ["risk b"]


def test_the_score_is_known_without_a_permit_too() -> None:
    decision = decide('permit agent "eve" to * risk a when true => 40', action())
    assert (effect(decision), decision.risk) == ("block", 40)


def test_an_explanation_names_the_risk_without_which_there_were_no_floor() -> None:
    floor = f"rule all => auto_run on_error require clerk risk a when {ERRS} => 5"
    text = str(decide(floor).explain())
    assert text.endswith("Needed for auto_run:\n  risk a would have to be without an error"), text
    fine = "rule all => auto_run guard g when true => require clerk risk a when true => 5"
    assert "risk a would have" not in str(decide(fine).explain())
