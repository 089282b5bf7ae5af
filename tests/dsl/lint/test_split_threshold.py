"""The lint `split-threshold`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1012"
RULE = "rule r on billing.refund when action.amount < 50 USD => auto_run\n"
TOLD = (
    "`r` many small actions can pass this threshold: nothing sums `amount` of `billing.refund`"
    " | the threshold: `auto_run`"
)
HISTORY = "history past = billing.refund\nhistory other = billing.update\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "guard g when past.count(within: 1d) > 5 => block",
        "guard g when other.sum(amount, within: 1d) > 5 USD => block",
        "guard g on billing.update when past.sum(amount, within: 1d) > 5 USD => block",
        "@shadow guard g when past.sum(amount, within: 1d) > 5 USD => block",
        "guard g when past.sum(items, within: 1d) > 5 => block",
        "guard g when [1].map(x, x) == [1] => block",
    ],
)
def test_a_threshold_that_no_sum_guards_is_told(text: str) -> None:
    assert in_billing(CODE, HISTORY + RULE + text) == [TOLD]


@pytest.mark.parametrize(
    "text",
    [
        "guard g when past.sum(amount, within: 1d) > 5 USD => block",
        "guard g on billing.* when past.sum(amount, agent: agent.id, within: 1d) > 5 USD => block",
        "let total = past.sum(amount, within: 1d)\nguard g when total > 5 USD => block",
        "let a = past.sum(amount, within: 1d)\nlet b = a\nguard g when b > 5 USD && b"
        " > 6 USD => block",
    ],
)
def test_a_threshold_beside_a_sum_is_fine(text: str) -> None:
    assert in_billing(CODE, HISTORY + RULE + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "rule r on billing.refund when action.items < 5 => auto_run",
        "rule r on billing.refund when action.amount > 5 USD => auto_run",
        "rule r on billing.refund when action.amount < 5 USD => require manager",
        "rule r on billing.refund => auto_run",
        "@shadow rule r on billing.refund when action.amount < 5 USD => auto_run",
        "rule r on billing.refund when action.amount < 5 USD when action.amount > 6"
        " USD => auto_run",
    ],
)
def test_without_a_threshold_of_money_nothing_is_told(text: str) -> None:
    assert in_billing(CODE, text) == []


def test_each_action_of_a_rule_is_told_once() -> None:
    text = (
        "rule r on billing.refund, billing.update cases {\n"
        "action.amount < 5 USD => auto_run\naction.amount < 9 USD => auto_run\n}"
    )
    assert [line.split(" | ")[0][-16:] for line in in_billing(CODE, text)] == [
        "`billing.refund`",
        "`billing.update`",
    ]


def test_the_rule_itself_may_sum() -> None:
    text = (
        "rule r on billing.refund when action.amount < 50 USD"
        " when past.sum(amount, within: 1d) < 500 USD => auto_run"
    )
    assert in_billing(CODE, HISTORY + text) == []
