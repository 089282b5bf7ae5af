"""The lint `missed-threshold`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1030"


def _rules(*conditions: str) -> list[str]:
    effects = ("auto_run", "require manager", "require finance")
    rules = (
        f"rule r{i} on billing.refund when {condition} => {effects[min(i, 2)]}\n"
        for i, condition in enumerate(conditions)
    )
    return in_billing(CODE, "".join(rules))


def _told(subject: str, value: str, above: str = "r1", below: str = "r0") -> str:
    return (
        f"`{above}` no rule covers `{subject}` of exactly `{value}`: it gets the default"
        f" | the other one: `{below}`"
    )


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        (("action.amount < 50 USD", "action.amount > 50 USD"), [_told("action.amount", "50 USD")]),
        (("action.amount > 50 USD", "action.amount < 50 USD"),
         [_told("action.amount", "50 USD", "r0", "r1")]),
        (("action.items < 5", "action.items > 5"), [_told("action.items", "5")]),
        (("action.items <= 4", "action.items >= 6"), [_told("action.items", "5")]),
        (("action.amount < 9.50 USD && action.public", "action.amount > 9.50 USD && action.public"),
         [_told("action.amount", "9.50 USD")]),
        (("action.amount < 50 USD", "action.amount > 50 USD && action.amount < 90 USD",
          "action.amount > 90 USD"),
         [_told("action.amount", "50 USD"),
          _told("action.amount", "90 USD", "r2", "r1")]),
    ],
)  # fmt: skip
def test_a_value_between_two_rules(conditions: tuple[str, ...], told: list[str]) -> None:
    assert _rules(*conditions) == told


@pytest.mark.parametrize(
    "conditions",
    [
        ("action.amount < 50 USD", "action.amount >= 50 USD"),
        ("action.amount < 50 USD", "action.amount > 60 USD"),
        ("action.amount < 50 USD", "action.amount > 50 USD", "action.amount == 50 USD"),
        ("action.amount < 50 USD", "action.amount > 50 USD", "action.public"),
        ("action.amount < 50 USD && action.public", "action.amount > 50 USD"),
        ("action.amount > 0 USD",),
        ("action.items < 5", "action.items >= 5 && action.items != 9"),
        ("action.customer < 'm'", "action.customer > 'm'"),
    ],
)
def test_rules_without_a_single_value_between_them(conditions: tuple[str, ...]) -> None:
    assert _rules(*conditions) == []


@pytest.mark.parametrize(
    ("default", "told"),
    [("", 1), ("default block\n", 1), ("default require manager\n", 0), ("default auto_run\n", 0),
     ("default require manager\ndefault require finance on *\n", 1)],
)  # fmt: skip
def test_a_default_that_says_what_a_neighbour_says_is_fine(default: str, told: int) -> None:
    rules = (
        "rule a on billing.refund when action.amount < 50 USD => auto_run\n"
        "rule b on billing.refund when action.amount > 50 USD => require manager\n"
    )
    assert len(in_billing(CODE, rules + default)) == told


@pytest.mark.parametrize(
    "body",
    [
        "cases { action.items < 5 => auto_run action.items > 5 => require manager }",
        "table (action.items) { < 5 => auto_run > 5 => require manager }",
    ],
)
def test_the_rows_of_one_rule_are_told_as_such(body: str) -> None:
    told = in_billing(CODE, f"rule a on billing.refund {body}")
    above, below = "> 5 => require manager", "< 5 => auto_run"
    if "cases" in body:
        above, below = f"action.items {above}", f"action.items {below}"
    assert told == [_told("action.items", "5", above, below)]


def test_guards_shadows_and_other_actions_do_not_count() -> None:
    rules = (
        "rule a on billing.refund when action.amount < 50 USD => auto_run\n"
        "{0}rule b on billing.{1} when action.amount > 50 USD => require manager\n"
        "guard g on billing.refund when action.amount == 50 USD => require manager\n"
    )
    assert len(in_billing(CODE, rules.format("", "refund"))) == 1
    assert in_billing(CODE, rules.format("@shadow ", "refund")) == []
    assert in_billing(CODE, rules.format("", "update")) == []
