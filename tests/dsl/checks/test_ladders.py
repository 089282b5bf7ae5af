"""Tiers: total, without overlap, of one kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import ast, types
from gatewright.dsl.checks.ladders import check_tier
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.types import Type
from tests.dsl.checks.support import body, told

USD = types.MoneyType("USD")


def check(cells: list[str], subject: Type, lets: str = "") -> list[Diagnostic]:
    rows = "\n".join(f"{cell} => auto_run" for cell in cells)
    tier, named = body(f"{lets}\nrule r on a.b tier action.x {{\n{rows}\n}}", ast.Tier)
    found: list[Diagnostic] = []
    check_tier(tier, subject, named, found.append)
    return found


@pytest.mark.parametrize(
    ("subject", "cells"),
    [
        (USD, ["< 50 USD", "50 USD .. 200 USD", "> 200 USD"]),
        (USD, ["> 200 USD", "50 USD .. 200 USD", "< 50 USD"]),
        (USD, ["<= 50 USD", "> 50 USD"]),
        (USD, ["< small", "small .. small * 4", "> small * 4"]),
        (USD, ["== 0 USD", "!= 0 USD"]),
        (types.MONEY, ["< 50 EUR", ">= 50 EUR"]),
        (types.INT, ["< 1", "1 .. 5", "6 .. 9", "> 9"]),
        (types.INT, ["<= 1", ">= 2"]),
        (types.INT, ["< 1.5", "> 1.5"]),
        (types.INT, ["!= 3", "== 3"]),
        (types.INT, ["-9223372036854775808 .. 5", "6 .. 9223372036854775807"]),
        (types.UINT, ["0u .. 5u", "> 5u"]),
        (types.UINT, ["< 1", ">= 1"]),
        (types.DOUBLE, ["< 0.5", ">= 0.5"]),
        (types.DECIMAL, ["< 0.5", "0.5 .. 1", "> 1"]),
        (types.DURATION, ["< 1h", "1h .. 1d", "> 1d"]),
        (types.TIMESTAMP, ["< 2026-01-01T00:00:00Z", ">= 2026-01-01T00:00:00Z"]),
        (types.ANY, ["< 5", ">= 5"]),
        (types.UNKNOWN, ["< 5 USD", ">= 5 USD"]),
    ],
)
def test_a_ladder_that_covers_every_value_once_is_fine(subject: Type, cells: list[str]) -> None:
    assert check(cells, subject, "let small = 50 USD") == []


@pytest.mark.parametrize(
    ("subject", "cells", "expected"),
    [
        (
            USD,
            ["< 50 USD", "50 USD .. 199 USD", "> 200 USD"],
            "GW0407 `> 200 USD` nothing covers `> 199 USD` and `<= 200 USD`"
            " | the row before: `50 USD .. 199 USD`",
        ),
        (
            USD,
            ["< 50 USD", "> 50 USD"],
            "GW0407 `> 50 USD` nothing covers `50 USD` | the row before: `< 50 USD`",
        ),
        (
            USD,
            ["<= 49.99 USD", ">= 50 USD"],
            "GW0407 `>= 50 USD` nothing covers `> 49.99 USD` and `< 50 USD`"
            " | the row before: `<= 49.99 USD`",
        ),
        (
            types.INT,
            ["< 1", "3 .. 5", "> 5"],
            "GW0407 `3 .. 5` nothing covers `1 .. 2` | the row before: `< 1`",
        ),
        (
            types.INT,
            ["< 1", "> 1"],
            "GW0407 `> 1` nothing covers `1` | the row before: `< 1`",
        ),
        (USD, [">= 0 USD"], "GW0407 `>= 0 USD` nothing covers `< 0 USD`"),
        (USD, ["<= 0 USD"], "GW0407 `<= 0 USD` nothing covers `> 0 USD`"),
        (types.INT, ["<= 5"], "GW0407 `<= 5` nothing covers `>= 6`"),
        (types.INT, [">= 5"], "GW0407 `>= 5` nothing covers `<= 4`"),
        (types.UINT, ["> 5u"], "GW0407 `> 5u` nothing covers `<= 5`"),
        (
            types.DURATION,
            ["< 1h", "2h .. 3h", "> 3h"],
            "GW0407 `2h .. 3h` nothing covers `>= 1h` and `< 2h` | the row before: `< 1h`",
        ),
        (
            USD,
            ["<= 50 USD", ">= 50 USD"],
            "GW0408 `>= 50 USD` this row and an earlier one both cover `50 USD`"
            " | already covered by this row: `<= 50 USD`",
        ),
        (
            USD,
            ["> 10 USD", "<= 50 USD"],
            "GW0408 `<= 50 USD` this row and an earlier one both cover `> 10 USD` and `<= 50 USD`"
            " | already covered by this row: `> 10 USD`",
        ),
        (
            types.INT,
            ["< 5", "0 .. 9", "> 9"],
            "GW0408 `0 .. 9` this row and an earlier one both cover `0 .. 4`"
            " | already covered by this row: `< 5`",
        ),
        (
            USD,
            ["< 50 USD", "200 USD .. 50 USD"],
            "GW0404 `200 USD .. 50 USD` the range `200 USD .. 50 USD` holds nothing:"
            " its start is greater than its end",
        ),
        (
            USD,
            ["< action.limit", ">= 5 USD"],
            "GW0402 `< action.limit` `< action.limit` is known only when an action is decided,"
            " so the tier cannot be checked",
        ),
        (
            USD,
            ["1 USD .. data.x", "> 5 USD"],
            "GW0402 `1 USD .. data.x` `1 USD .. data.x` is known only when an action is decided,"
            " so the tier cannot be checked",
        ),
        (
            types.MONEY,
            ["< 50 USD", ">= 50 EUR"],
            "GW0406 `>= 50 EUR` this step is EUR, an earlier one is USD | USD here: `< 50 USD`",
        ),
        (
            types.ANY,
            ["< 5", ">= 5h"],
            "GW0406 `>= 5h` this step is a duration, an earlier one is a number"
            " | a number here: `< 5`",
        ),
        (
            types.ANY,
            ["< 5", "5 .. 6h"],
            "GW0406 `6h` this step is a duration, an earlier one is a number | a number here: `5`",
        ),
        (
            USD,
            ["< 50", ">= 50 USD"],
            "GW0405 `50` `50` cannot be compared with `action.x`, which is `money(USD)`"
            " | the subject: `action.x`",
        ),
        (
            USD,
            ["< 50 USD", ">= 50 EUR"],
            "GW0405 `50 EUR` `50 EUR` cannot be compared with `action.x`, which is `money(USD)`"
            " | the subject: `action.x`",
        ),
        (
            types.INT,
            ["1.2 .. 1.8", "> 5"],
            "GW0409 `1.2 .. 1.8` no value of `action.x`, which is `int`, is `1.2 .. 1.8`"
            " | the subject: `action.x`",
        ),
        (
            types.STRING,
            ["< 5"],
            "GW0403 `action.x` a tier cannot step over `action.x`, which is `string`",
        ),
        (
            types.ANY,
            ["< true", ">= true"],
            "GW0405 `true` `true` cannot be compared with `action.x`, which is `any`"
            " | the subject: `action.x`",
        ),
    ],
)
def test_a_ladder_with_a_gap_or_an_overlap_is_told(
    subject: Type, cells: list[str], expected: str
) -> None:
    assert told(check(cells, subject))[0] == expected


def test_a_ladder_without_rows() -> None:
    assert [d.code for d in check([], USD)] == ["GW0401"]


def test_every_gap_and_overlap_is_told_once() -> None:
    found = check(["1 .. 3", "3 .. 5", "8 .. 9", "9 .. 9"], types.INT)
    assert [d.code for d in found] == ["GW0407", "GW0408", "GW0407", "GW0408", "GW0407"]


def test_advice_names_the_currency() -> None:
    (found,) = check(["< 50", ">= 50 USD"], USD)
    assert found.help == "write the currency: `50 USD`"


STEPS = st.one_of(
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(-4, 4)).map(
        lambda cell: f"{cell[0]} {cell[1]}"
    ),
    st.tuples(st.integers(-4, 4), st.integers(0, 4)).map(lambda c: f"{c[0]} .. {c[0] + c[1]}"),
)


def matches(cell: str, value: float) -> bool:
    if ".." in cell:
        low, high = map(int, cell.split(".."))
        return low <= value <= high
    operator, bound = cell.split()
    return {
        "<": value < int(bound),
        "<=": value <= int(bound),
        ">": value > int(bound),
        ">=": value >= int(bound),
        "==": value == int(bound),
        "!=": value != int(bound),
    }[operator]


@given(st.lists(STEPS, min_size=1, max_size=5), st.sampled_from([types.INT, types.DOUBLE]))
def test_a_ladder_is_good_when_each_value_has_one_row(cells: list[str], subject: Type) -> None:
    step = 2 if subject == types.DOUBLE else 1
    values = [n / step for n in range(-10 * step, 10 * step + 1)]
    hits = [sum(matches(cell, value) for cell in cells) for value in values]
    codes = {d.code for d in check(cells, subject)}
    assert ("GW0407" in codes) == (0 in hits)
    assert ("GW0408" in codes) == any(n > 1 for n in hits)
