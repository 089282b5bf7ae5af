"""The lint `impossible-case`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1029"


def _when(condition: str) -> list[str]:
    lets = 'let word = "Late"\nlet words = ["late", "Late"]\nlet low = action.note.lowerAscii()\n'
    return in_billing(CODE, f"{lets}guard g on billing.refund when {condition} => block\n")


@pytest.mark.parametrize(
    "condition",
    [
        'action.note.lowerAscii() == "Late"',
        '"Late" != action.note.lowerAscii()',
        'action.note.lowerAscii() in ["late", "Late"]',
        'action.note.lowerAscii().contains("Late")',
        'action.note.trim().lowerAscii().startsWith("Late")',
        'action.public || !action.note.lowerAscii().endsWith("Late")',
        'action.note.lowerAscii().matches("Late")',
        'low == "Late"',
        'action.tags.exists(t, t.lowerAscii() == "Late")',
    ],
)
def test_capital_letters_in_small_texts(condition: str) -> None:
    told = "`lowerAscii()` leaves no capital letter, so nothing is ever equal to `Late`"
    assert _when(condition) == [f'`"Late"` {told}']


@pytest.mark.parametrize("condition", ["action.note.lowerAscii() == word", "low in words"])
def test_a_let_is_told_where_the_text_stands(condition: str) -> None:
    assert [line.split(" ")[0] for line in _when(condition)] == ['`"Late"`']


def test_small_letters_in_capital_texts() -> None:
    told = "`upperAscii()` leaves no small letter, so nothing is ever equal to `LAte`"
    assert _when('action.note.upperAscii() == "LAte"') == [f'`"LAte"` {told}']


@pytest.mark.parametrize(
    "condition",
    [
        'action.note.lowerAscii() == "late 5 É"',
        'action.note.upperAscii() == "LATE"',
        'action.note == "Late"',
        'action.note.lowerAscii().matches("[A-Za-z]+")',
        'action.note.lowerAscii().matches("(?i)Late")',
        r'action.note.lowerAscii().matches(r"\Slate\W")',
        "action.note.lowerAscii() == action.customer",
        'action.note.lowerAscii().replace("Late", "x") == ""',
    ],
)
def test_what_can_be_equal_is_fine(condition: str) -> None:
    assert _when(condition) == []
