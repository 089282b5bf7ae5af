"""The lint `concerns-no-action`."""

from __future__ import annotations

import pytest

from gatewright.dsl.lint import lint
from tests.dsl.lint.support import ACTIONS, checked, found, in_billing

CODE = "GW1002"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("guard g on biling.* => block", "biling.*"),
        ("guard g on billing.*, crm.* => block", "crm.*"),
        ("risk r on biling.* when true => 10", "biling.*"),
        ("default require manager on biling.*", "biling.*"),
        ("on_error require manager on biling.*", "biling.*"),
        ('permit agent "a" to biling.*', "biling.*"),
        ("invariant i on biling.*: never default", "biling.*"),
    ],
)
def test_patterns_that_cover_nothing(text: str, place: str) -> None:
    assert in_billing(CODE, text) == [f"`{place}` `{place}` covers no action that is declared"]


def test_the_nearest_prefix_is_proposed() -> None:
    policy = checked(ACTIONS + "guard g on biling.* => block")
    helps = [d.help for d in lint(policy) if d.code == CODE]
    assert helps == ["did you mean `billing.*`?"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("guard g => block", "`g` the guard `g` concerns no action: its package declares none"),
        ("rule g => auto_run", "`g` the rule `g` concerns no action: its package declares none"),
        (
            "risk g when true => 10",
            "`g` the risk `g` concerns no action: its package declares none",
        ),
        (
            "invariant g: never default",
            "`g` the invariant `g` concerns no action: its package declares none",
        ),
        (
            "default block",
            "`default block` this `default` concerns no action: its package declares none",
        ),
        (
            "on_error block",
            "`on_error block` this `on_error` concerns no action: its package declares none",
        ),
    ],
)
def test_without_on_a_package_needs_actions_of_its_own(text: str, expected: str) -> None:
    assert found(CODE, ACTIONS, f"package other\n{text}") == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "guard g on billing.* => block",
        "guard g on * => block",
        "guard g => block",
        "guard g on billing.refund => block",
        'permit agent "a" to *',
        "let x = 1",
    ],
)
def test_what_covers_some_action(text: str) -> None:
    assert in_billing(CODE, text) == []


def test_a_package_without_actions_may_say_which_it_is_about() -> None:
    assert found(CODE, ACTIONS, "package other\nguard g on billing.refund => block") == []
