"""The lint `unknown-lint`, and what `@allow` does."""

from __future__ import annotations

import pytest

from gatewright.dsl.lint import lint
from tests.dsl.lint.support import ACTIONS, checked, in_billing

CODE = "GW1019"


def test_a_misspelt_name_gets_the_nearest_as_a_hint() -> None:
    policy = checked(ACTIONS + '@allow("unused_let")\nlet small = 50 USD')
    (told,) = [d for d in lint(policy) if d.code == CODE]
    assert (told.span.text, told.message) == ('"unused_let"', "there is no lint `unused_let`")
    assert told.help == "did you mean `unused-let`?"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("GW1006", '@allow("unused-let")\nlet small = 50 USD'),
        ("GW1006", '@allow("unused-type", "unused-let")\nlet small = 50 USD'),
        ("GW1017", '@allow("block-without-because")\nguard g => block'),
        ("GW1003", '@allow("constant-condition")\nguard g when 1 < 2 => block'),
        ("GW1019", '@allow("unknown-lint", "no-such-lint")\nlet small = 50 USD'),
    ],
)
def test_an_allowed_lint_is_silent(code: str, text: str) -> None:
    assert in_billing(code, text) == []


def test_allow_speaks_for_its_declaration_alone() -> None:
    text = '@allow("unused-let")\nlet small = 50 USD\nlet big = 500 USD'
    assert in_billing("GW1006", text) == ["`big` the value `big` is never used"]


def test_allow_speaks_for_its_lint_alone() -> None:
    text = '@owner("team")\n@allow("unused-let")\nguard g when 1 < 2 => block'
    assert in_billing("GW1003", text) == ["`1 < 2` this condition is always true"]
