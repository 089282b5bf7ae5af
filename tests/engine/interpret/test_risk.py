"""Section 7: scores add up, capped at 100, before rules and guards; an error counts in full."""

from __future__ import annotations

import pytest

from tests.engine.interpret.support import ERRS, action, decide, effect, policy

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


def test_an_error_that_raises_the_score_brings_the_floor_even_where_that_opens() -> None:
    text = "on_error require legal default require clerk rule odd when risk >= 60 => auto_run "
    assert effect(decide(text + "risk a when false => 60")) == "require clerk"
    assert effect(decide(text + f"risk a when {ERRS} => 60")) == "require legal"


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
