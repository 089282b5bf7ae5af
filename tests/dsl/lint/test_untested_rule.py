"""The lint `untested-rule`."""

from __future__ import annotations

import pytest

from gatewright.dsl.lint import lint
from tests.dsl.lint.support import ACTIONS, checked, in_billing

CODE = "GW1016"
TEST = 'test "t" { given agent { id: "a" } given billing.refund { customer: "C" } expect error }\n'
TOLD = "`g` no test gives an action that the guard `g` covers"


@pytest.mark.parametrize(
    "text",
    ["guard g on billing.update => block", "guard g on crm.* => block"],
)
def test_rules_without_a_test(text: str) -> None:
    assert in_billing(CODE, TEST + text) == [TOLD]


@pytest.mark.parametrize(
    "text",
    [
        "guard g on billing.refund => block",
        "guard g on billing.* => block",
        "guard g on * => block",
        "guard g => block",
        'guard g on crm.* => block\ntest "u" { given crm.update { } expect block }',
    ],
)
def test_rules_with_a_test(text: str) -> None:
    assert in_billing(CODE, TEST + text) == []


def test_a_set_without_tests_is_told_once() -> None:
    told = "`g` the policy set has no test: nothing tries the guard `g`"
    text = "guard g on billing.update => block\n"
    assert in_billing(CODE, text) == [told]
    text += "guard h on billing.refund => block\n"
    assert in_billing(CODE, text) == [f"{told} and 1 more rule"]
    assert in_billing(CODE, f"{text}rule i => block\n") == [f"{told} and 2 more rules"]


@pytest.mark.parametrize(
    ("on", "example"), [("billing.update", "billing.update"), ("crm.*", "billing.refund")]
)
def test_an_example_is_proposed(on: str, example: str) -> None:
    policy = checked(ACTIONS + f"guard g on {on} => block")
    (text,) = [d.help for d in lint(policy) if d.code == CODE]
    assert text == f'add one: `test "..." {{ given {example} {{ ... }} expect ... }}`'
