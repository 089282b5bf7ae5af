"""The lint `look-alike`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1014"
A = "\N{CYRILLIC SMALL LETTER A}"
O = "\N{GREEK SMALL LETTER OMICRON}"  # noqa: E741
SORRY = "\N{CYRILLIC SMALL LETTER ES}\N{CYRILLIC SMALL LETTER O}\N{CYRILLIC SMALL LETTER ER}"


@pytest.mark.parametrize(
    ("text", "place", "char", "latin"),
    [
        (
            f'guard g on billing.refund when "{A}cme" in action.tags => block',
            f"{A}cme",
            "U+0430 CYRILLIC SMALL LETTER A",
            "a",
        ),
        (
            f'guard g => block because "Not f{O}r {{1}} you."',
            f"f{O}r",
            "U+03BF GREEK SMALL LETTER OMICRON",
            "o",
        ),
        (
            f'test "{A}cme" {{ given billing.refund {{ }} expect error }}',
            f"{A}cme",
            "U+0430 CYRILLIC SMALL LETTER A",
            "a",
        ),
        (
            f'guard g on billing.refund when "{SORRY}" in action.tags || "cop" in'
            f" action.tags => block",
            SORRY,
            "U+0441 CYRILLIC SMALL LETTER ES",
            "c",
        ),
        (
            f'guard g on billing.refund when "\N{LATIN SMALL LETTER E WITH ACUTE}{A}"'
            f" in action.tags => block",
            f"\N{LATIN SMALL LETTER E WITH ACUTE}{A}",
            "U+0430 CYRILLIC SMALL LETTER A",
            "a",
        ),
    ],
)
def test_words_that_look_like_others(text: str, place: str, char: str, latin: str) -> None:
    assert in_billing(CODE, text) == [f"`{place}` `{place}` has {char}, which looks like `{latin}`"]


def test_a_word_written_with_an_escape() -> None:
    text = 'guard g on billing.refund when "\\u0430cme" in action.tags => block'
    (line,) = in_billing(CODE, text)
    assert line.startswith('`"\\u0430cme"`')


@pytest.mark.parametrize(
    "said",
    [
        "acme",
        "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        SORRY,  # a word of its own, and no other word reads like it
        "\N{GREEK CAPITAL LETTER DELTA}t",  # looks like no Latin letter
        "\N{CYRILLIC SMALL LETTER ZHE}\N{CYRILLIC SMALL LETTER U}\N{CYRILLIC SMALL LETTER KA}",
        f"{A} b",
    ],
)
def test_words_that_do_not(said: str) -> None:
    assert (
        in_billing(CODE, f'guard g on billing.refund when "{said}" in action.tags => block') == []
    )
