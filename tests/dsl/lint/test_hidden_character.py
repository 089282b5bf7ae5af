"""The lint `hidden-character`."""

from __future__ import annotations

import pytest

from gatewright.dsl.diagnostics import MAX_FOUND
from gatewright.dsl.lint import lint
from tests.dsl.lint.support import ACTIONS, checked, in_billing

CODE = "GW1015"


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u00ad", "U+00AD SOFT HYPHEN"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("\u200d", "U+200D ZERO WIDTH JOINER"),
        ("\u200f", "U+200F RIGHT-TO-LEFT MARK"),
        ("\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A"),
    ],
)
def test_characters_that_cannot_be_seen(char: str, name: str) -> None:
    expected = [f"`{char}` this text has {name}, which a reader cannot see"]
    assert (
        in_billing(CODE, f'guard g on billing.refund when "a{char}b" in action.tags => block')
        == expected
    )
    assert in_billing(CODE, f'guard g => block because "a{char}b"') == expected
    assert (
        in_billing(CODE, f'test "a{char}b" {{ given billing.refund {{ }} expect error }}')
        == expected
    )


@pytest.mark.parametrize(
    "said",
    [
        "plain",
        "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        "\\u200b",
        "\N{WOMAN}\u200d\N{PERSONAL COMPUTER}",
        "\N{ARABIC LETTER MEEM}\u200c\N{ARABIC LETTER MEEM}",
    ],
)
def test_texts_that_show_what_they_are(said: str) -> None:
    assert (
        in_billing(CODE, f'guard g on billing.refund when "{said}" in action.tags => block') == []
    )


@pytest.mark.parametrize(("char", "escape"), [("\u200b", "\\u200b"), ("\U000e0041", "\\U000e0041")])
def test_the_escape_to_write_instead(char: str, escape: str) -> None:
    policy = checked(ACTIONS + f'guard g on billing.refund when "a{char}b" in action.tags => block')
    helps = [d.help for d in lint(policy) if d.code == CODE]
    assert helps == [f"take it away, or write it as `{escape}`"]


def test_a_file_of_hidden_characters_gets_some_hundred_warnings() -> None:
    """After the first few hundred each text still has the first of its own."""
    many = "\u200b" * 100_000
    texts = "".join(f'guard g{n} on billing.refund => block because "{many}"\n' for n in range(3))
    assert len(in_billing(CODE, texts)) == MAX_FOUND + 2
