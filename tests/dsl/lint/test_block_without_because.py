"""The lint `block-without-because`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1017"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("guard g => block", "guard"),
        ("absolute guard g => block", "absolute guard"),
        ("rule g cases { action.amount < 5 USD => auto_run else => block }", "rule"),
    ],
)
def test_blocks_without_a_reason(text: str, what: str) -> None:
    assert in_billing(CODE, text) == [f"`g` the {what} `g` blocks without saying why"]


@pytest.mark.parametrize(
    "text",
    ['guard g => block because "Because."', "guard g => require manager", "rule g => auto_run"],
)
def test_a_reason_or_another_effect_is_fine(text: str) -> None:
    assert in_billing(CODE, text) == []
