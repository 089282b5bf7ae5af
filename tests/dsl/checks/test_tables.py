"""Tables: cells that fit, rows that do not contradict each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import ast, types
from gatewright.dsl.checks.tables import check_table
from gatewright.dsl.diagnostics import Diagnostic, Severity
from gatewright.dsl.types import Type
from tests.dsl.checks.support import body, told

STAGE = types.EnumType(("Prospecting", "Qualified", "Proposal", "Closed Won"))
USD = types.MoneyType("USD")


def check(rows: str, *subjects: Type, strictest: bool = False) -> list[Diagnostic]:
    names = ", ".join(f"action.x{i}" for i in range(len(subjects)))
    head = "table strictest" if strictest else "table"
    text = f"let small = 50 USD\nrule r on a.b {head} ({names}) {{\n{rows}\n}}"
    table, lets = body(text, ast.Table)
    found: list[Diagnostic] = []
    check_table(table, subjects, lets, found.append)
    return found


@pytest.mark.parametrize(
    ("subjects", "rows"),
    [
        (
            (STAGE, STAGE),
            """
            "Prospecting" | "Qualified"  => auto_run
            "Qualified"   | "Proposal"   => auto_run
            _             | "Closed Won" => require deal_desk
            """,
        ),
        ((USD,), "< small => auto_run\n>= small => block"),
        ((types.INT,), "< 5 => auto_run\n> 4 => block"),
        ((types.INT, STAGE), '< 5 | "Qualified" => auto_run\n1 .. 9 | "Proposal" => block'),
        ((types.BOOL,), "true => auto_run\nfalse => block"),
        ((types.STRING,), '"a" => auto_run\n!= "a" => block'),
        ((types.ListType(types.INT),), "[1] => auto_run\n[2] => block"),
        ((types.ListType(types.INT),), "[1] => auto_run\n!= [1] => block"),
        ((types.ANY,), '5 => auto_run\n"a" => block\n> 5 => block\n1 USD => block\nnull => block'),
        ((types.STRING, types.BOOL), "data.x | true => auto_run\n_ | false => block"),
        ((types.STRING,), "_ => require a and b\n_ => require b and a"),
        ((types.BYTES,), 'b"x" => auto_run\nb"y" => block'),
        ((types.TIMESTAMP,), "< 2026-01-01T00:00:00Z => auto_run\n2026-01-01T00:00:00Z => block"),
    ],
)
def test_rows_that_agree_or_never_meet_are_fine(subjects: tuple[Type, ...], rows: str) -> None:
    found = check(rows, *subjects)
    assert [d for d in found if d.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("subjects", "rows", "expected"),
    [
        (
            (STAGE, STAGE),
            '"Qualified" | _ => auto_run\n_ | "Proposal" => block',
            'GW0411 `_ | "Proposal" => block` this row and an earlier one both match'
            ' `("Qualified", "Proposal")`, with different effects'
            ' | this row matches too: `"Qualified" | _ => auto_run`',
        ),
        (
            (USD,),
            "<= 50 USD => auto_run\n>= 50 USD => block",
            "GW0411 `>= 50 USD => block` this row and an earlier one both match `50 USD`,"
            " with different effects | this row matches too: `<= 50 USD => auto_run`",
        ),
        (
            (USD,),
            "< 50 USD => auto_run\n> 20 USD => block",
            "GW0411 `> 20 USD => block` this row and an earlier one both match `21 USD`,"
            " with different effects | this row matches too: `< 50 USD => auto_run`",
        ),
        (
            (types.DURATION,),
            "> 1h => auto_run\n< 3601s => block",
            "GW0411 `< 3601s => block` this row and an earlier one both match `3600000000001ns`,"
            " with different effects | this row matches too: `> 1h => auto_run`",
        ),
        (
            (types.INT,),
            "> 4 => auto_run\n< 6 => block",
            "GW0411 `< 6 => block` this row and an earlier one both match `5`,"
            " with different effects | this row matches too: `> 4 => auto_run`",
        ),
        (
            (types.BOOL, types.STRING),
            "true | _ => auto_run\n_ | _ => block",
            "GW0411 `_ | _ => block` this row and an earlier one both match `(true, _)`,"
            " with different effects | this row matches too: `true | _ => auto_run`",
        ),
        (
            (types.STRING,),
            '!= "a" => auto_run\n!= "b" => block',
            'GW0411 `!= "b" => block` this row and an earlier one both match `"aa"`,'
            ' with different effects | this row matches too: `!= "a" => auto_run`',
        ),
        (
            (types.ANY,),
            '!= "a" => auto_run\n5 => block',
            "GW0411 `5 => block` this row and an earlier one both match `5`,"
            ' with different effects | this row matches too: `!= "a" => auto_run`',
        ),
        (
            (types.ANY,),
            '!= "a" => auto_run\n!= 5 => block',
            "GW0411 `!= 5 => block` this row and an earlier one both match `_`,"
            ' with different effects | this row matches too: `!= "a" => auto_run`',
        ),
        (
            (types.BOOL,),
            "!= true => auto_run\n_ => block",
            "GW0411 `_ => block` this row and an earlier one both match `_`,"
            " with different effects | this row matches too: `!= true => auto_run`",
        ),
        (
            (types.BOOL,),
            "!= true => auto_run\nfalse => block",
            "GW0411 `false => block` this row and an earlier one both match `false`,"
            " with different effects | this row matches too: `!= true => auto_run`",
        ),
        (
            (types.STRING,),
            'data.x => auto_run\n"b" => block',
            'GW0412 `"b" => block` this row and an earlier one may both match, with different'
            " effects: `data.x` is known only when an action is decided"
            " | this row may match too: `data.x => auto_run`",
        ),
        (
            (types.STRING,),
            '"b" => block\ndata.x => auto_run',
            "GW0412 `data.x => auto_run` this row and an earlier one may both match, with different"
            " effects: `data.x` is known only when an action is decided"
            ' | this row may match too: `"b" => block`',
        ),
        (
            (types.BOOL, types.STRING),
            'true | data.x => auto_run\ntrue | "b" => block',
            'GW0412 `true | "b" => block` this row and an earlier one may both match, with'
            " different effects: `data.x` is known only when an action is decided"
            " | this row may match too: `true | data.x => auto_run`",
        ),
        (
            (types.INT,),
            "1 .. data.x => auto_run\n5 => block",
            "GW0412 `5 => block` this row and an earlier one may both match, with different"
            " effects: `1 .. data.x` is known only when an action is decided"
            " | this row may match too: `1 .. data.x => auto_run`",
        ),
        (
            (types.STRING,),
            "data.x => auto_run\ndata.x => block",
            "GW0411 `data.x => block` this row and an earlier one both match `data.x`,"
            " with different effects | this row matches too: `data.x => auto_run`",
        ),
        (
            (types.STRING, types.STRING),
            'data.x | "a" => auto_run\n_ | _ => block',
            'GW0411 `_ | _ => block` this row and an earlier one both match `(_, "a")`,'
            ' with different effects | this row matches too: `data.x | "a" => auto_run`',
        ),
        (
            (types.STRING, types.STRING),
            '"a" => auto_run',
            'GW0410 `"a" => auto_run` this row has 1 cell, the table has 2 subjects'
            " | the subjects: `action.x0, action.x1`",
        ),
        (
            (types.STRING,),
            '"a" | "b" => auto_run',
            'GW0410 `"a" | "b" => auto_run` this row has 2 cells, the table has 1 subject'
            " | the subjects: `action.x0`",
        ),
        (
            (types.STRING,),
            "5 => auto_run",
            "GW0405 `5` `5` cannot be compared with `action.x0`, which is `string`"
            " | the subject: `action.x0`",
        ),
        (
            (types.RecordType("Charge", ()),),
            "5 => auto_run",
            "GW0405 `5` `5` cannot be compared with `action.x0`, which is `Charge`"
            " | the subject: `action.x0`",
        ),
        (
            (types.BOOL,),
            "< true => auto_run",
            "GW0405 `true` `true` cannot be compared with `action.x0`, which is `bool`"
            " | the subject: `action.x0`",
        ),
        (
            (types.INT,),
            "1 .. true => auto_run",
            "GW0405 `true` `true` cannot be compared with `action.x0`, which is `int`"
            " | the subject: `action.x0`",
        ),
        (
            (types.INT,),
            "1.5 => auto_run",
            "GW0409 `1.5` no value of `action.x0`, which is `int`, is `1.5`"
            " | the subject: `action.x0`",
        ),
        (
            (types.INT,),
            "5 .. 1 => auto_run",
            "GW0404 `5 .. 1` the range `5 .. 1` holds nothing: its start is greater than its end",
        ),
        (
            (types.STRING,),
            '"a" => auto_run\n"a" => auto_run',
            'GW0413 `"a" => auto_run` this row repeats an earlier one'
            ' | the earlier row: `"a" => auto_run`',
        ),
        (
            (types.INT, types.STRING),
            '1 .. 9 | _ => auto_run\n2 .. 3 | "a" => auto_run',
            'GW0413 `2 .. 3 | "a" => auto_run` this row adds nothing: an earlier row with the same'
            " effect covers it | the earlier row: `1 .. 9 | _ => auto_run`",
        ),
        (
            (types.INT,),
            "< 9 => auto_run\n5 => auto_run",
            "GW0413 `5 => auto_run` this row adds nothing: an earlier row with the same"
            " effect covers it | the earlier row: `< 9 => auto_run`",
        ),
        (
            (types.STRING,),
            '!= "a" => auto_run\n!= "a" => auto_run',
            'GW0413 `!= "a" => auto_run` this row repeats an earlier one'
            ' | the earlier row: `!= "a" => auto_run`',
        ),
        (
            (types.STRING,),
            "data.x => auto_run\ndata.x => auto_run",
            "GW0413 `data.x => auto_run` this row repeats an earlier one"
            " | the earlier row: `data.x => auto_run`",
        ),
        (
            (types.STRING,),
            "_ => auto_run\n_ => auto_run",
            "GW0413 `_ => auto_run` this row repeats an earlier one"
            " | the earlier row: `_ => auto_run`",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_told(
    subjects: tuple[Type, ...], rows: str, expected: str
) -> None:
    assert told(check(rows, *subjects)) == [expected]


def test_a_table_without_rows() -> None:
    assert [d.code for d in check("", types.STRING)] == ["GW0401"]


def test_strictest_allows_rows_to_overlap() -> None:
    assert check('_ => auto_run\n"a" => block\ndata.x => block', types.STRING, strictest=True) == []


def test_strictest_still_tells_of_rows_that_add_nothing() -> None:
    rows = "_ => block\n5 => block"
    assert [d.code for d in check(rows, types.INT, strictest=True)] == ["GW0413"]


def test_a_certain_overlap_is_told_before_a_possible_one() -> None:
    found = check('data.x => auto_run\n"b" => auto_run\n"b" => block', types.STRING)
    assert [d.code for d in found] == ["GW0411"]


def test_values_without_order_are_advised_to_stand_alone() -> None:
    (found,) = check("< true => auto_run", types.BOOL)
    assert found.help == "values of the kind bool have no order: write the value alone, or `!=`"


def test_two_thousand_rows_of_two_columns() -> None:
    rows = "\n".join(
        f'"k{i}" | {i} .. {i + 1} => {"auto_run" if i % 2 else "block"}' for i in range(2000)
    )
    assert check(rows, types.STRING, types.INT) == []


CELLS = st.one_of(
    st.just("_"),
    st.integers(0, 4).map(str),
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "!="]), st.integers(0, 4)).map(
        lambda cell: f"{cell[0]} {cell[1]}"
    ),
    st.tuples(st.integers(0, 4), st.integers(0, 3)).map(lambda c: f"{c[0]} .. {c[0] + c[1]}"),
)


def matches(cell: str, value: float) -> bool:
    if cell == "_":
        return True
    if ".." in cell:
        low, high = map(int, cell.split(".."))
        return low <= value <= high
    operator, bound = cell.split() if " " in cell else ("==", cell)
    number = int(bound)
    return {
        "<": value < number,
        "<=": value <= number,
        ">": value > number,
        ">=": value >= number,
        "==": value == number,
        "!=": value != number,
    }[operator]


@given(
    st.lists(
        st.tuples(CELLS, CELLS, st.sampled_from(["auto_run", "block"])), min_size=1, max_size=5
    )
)
def test_rows_overlap_when_some_values_match_both(rows: list[tuple[str, str, str]]) -> None:
    values = [n / 2 for n in range(-2, 18)]

    def share(a: str, b: str) -> bool:
        return any(matches(a, v) and matches(b, v) for v in values)

    expected = {
        i
        for i, (a, b, effect) in enumerate(rows)
        if any(
            share(a, other_a) and share(b, other_b)
            for other_a, other_b, other in rows[:i]
            if other != effect
        )
    }
    text = "\n".join(f"{a} | {b} => {effect}" for a, b, effect in rows)
    found = check(text, types.DOUBLE, types.DOUBLE)
    lines = {d.span.begin.line - 4 for d in found if d.code == "GW0411"}
    assert lines == expected
