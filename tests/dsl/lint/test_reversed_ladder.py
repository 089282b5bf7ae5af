"""The lint `reversed-ladder`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1026"
HEAD = """package p
action a.b { amount: money(USD), price: money(USD), count: int }
route clerk { one of group("clerks") }
route manager { one of group("managers") outranks clerk }
route finance { one of group("finance") outranks manager }
route legal { one of group("legal") }
let small = 50 USD
"""


def _ladder(rows: str, subject: str = "action.amount", kind: str = "rule") -> list[str]:
    return found(CODE, f"{HEAD}{kind} r on a.b tier {subject} {{ {rows} }}\n")


def _told(row: str, effect: str, stricter: str, below: str) -> str:
    return (
        f"`{row}` `{effect}` is less than what smaller amounts need: the effects may be swapped"
        f" | `{stricter}` here: `{below}`"
    )


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("require manager", "auto_run"),
        ("block", "auto_run"),
        ("block", "require legal"),
        ("require finance", "require clerk"),
        ("require manager and legal", "require manager"),
        ("require finance and legal", "require legal and clerk"),
    ],
)
def test_effects_that_are_swapped(lower: str, upper: str) -> None:
    told = [_told(f">= 500 USD => {upper}", upper, lower, f"< 500 USD => {lower}")]
    assert _ladder(f"< 500 USD => {lower} >= 500 USD => {upper}") == told
    assert _ladder(f">= 500 USD => {upper} < 500 USD => {lower}") == told
    assert _ladder(f"< 500 USD => {upper} >= 500 USD => {lower}") == []


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("require legal", "require manager"),
        ("require manager then legal", "require legal then manager"),
        ("require manager", "require manager"),
        ("require manager and legal", "require finance"),
    ],
)
def test_effects_that_cannot_be_compared_are_fine(lower: str, upper: str) -> None:
    assert _ladder(f"< 500 USD => {lower} >= 500 USD => {upper}") == []


def test_each_step_down_is_told() -> None:
    rows = "< small => require clerk  50 USD .. 99 USD => block  > 99 USD => require manager"
    assert _ladder(rows) == [
        _told(
            "> 99 USD => require manager", "require manager", "block", "50 USD .. 99 USD => block"
        )
    ]
    rows = "< small => require finance  50 USD .. 99 USD => require clerk  > 99 USD => auto_run"
    assert len(_ladder(rows)) == 2
    assert len(_ladder(rows.replace("auto_run", "block"), kind="guard")) == 1


@pytest.mark.parametrize(
    "rows",
    [
        "< 0 USD => block  0 USD .. 5 USD => auto_run  > 5 USD => block",
        "<= 0 USD => block  > 0 USD => auto_run",
        "< 1 USD => block  1 USD .. 50 USD => auto_run  > 50 USD => require clerk",
    ],
)
def test_amounts_below_zero_and_a_least_amount_are_fine(rows: str) -> None:
    assert _ladder(rows) == []


def test_a_block_below_a_ladder_that_does_not_rise_is_told() -> None:
    rows = "< 1 USD => block  1 USD .. 50 USD => require clerk  > 50 USD => auto_run"
    assert len(_ladder(rows)) == 2


@pytest.mark.parametrize("subject", ["action.price", "action.count", "action.amount * 2"])
def test_other_subjects_are_left_alone(subject: str) -> None:
    unit = "" if subject == "action.count" else " USD"
    rows = f"< 5{unit} => require clerk  >= 5{unit} => auto_run"
    assert _ladder(rows, subject) == []
