"""Places in texts, and how diagnostics are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.diagnostics import (
    MAX_REPORTED,
    Diagnostic,
    Diagnostics,
    PolicyError,
    Severity,
)
from gatewright.dsl.messages.catalog import TITLES, Finding, closest, message, nearest
from gatewright.dsl.messages.syntax import describe_character
from gatewright.dsl.source import Source, Span

SOURCE = Source("a.gate", "ab\r\n\u00e9cd\n")


def finding(
    start: int = 0, *, severity: Severity = Severity.ERROR, code: str = "GW0101"
) -> Diagnostic:
    return Diagnostic(code, severity, "something is wrong", SOURCE.span(start, start + 1))


def test_positions_count_from_1() -> None:
    assert SOURCE.position(0) == (1, 1)
    assert SOURCE.position(3) == (1, 4)
    assert SOURCE.position(4) == (2, 1)
    assert SOURCE.position(8) == (3, 1)
    assert [SOURCE.line(n) for n in (1, 2, 3)] == ["ab", "\u00e9cd", ""]
    assert Source("x", "").position(0) == (1, 1)


def test_a_span_has_its_text_and_both_ends() -> None:
    span = SOURCE.span(4, 6)
    assert (span.text, span.begin, span.finish, str(span)) == (
        "\u00e9c",
        (2, 1),
        (2, 3),
        "a.gate:2:1",
    )
    assert SOURCE.span(0, 1).to(span) == SOURCE.span(0, 6)
    assert SOURCE.whole() == SOURCE.span(0, 1)
    assert Source("x", "").whole().text == ""


@given(st.text(), st.data())
def test_a_position_leads_back(text: str, data: st.DataObject) -> None:
    source = Source("x", text)
    offset = data.draw(st.integers(0, len(text)))
    line, column = source.position(offset)
    lines = text.split("\n")
    assert sum(len(each) + 1 for each in lines[: line - 1]) + column - 1 == offset
    assert source.line(line) == lines[line - 1].rstrip("\r")


def test_a_diagnostic_is_one_line() -> None:
    assert str(finding(4)) == "a.gate:2:1: error[GW0101]: something is wrong"


def test_the_same_twice_counts_once_and_order_is_by_place() -> None:
    found = Diagnostics()
    found.extend([finding(5), finding(1), finding(5), finding(1, code="GW0100")])
    assert [(d.span.start, d.code) for d in found] == [
        (1, "GW0100"),
        (1, "GW0101"),
        (5, "GW0101"),
    ]
    assert len(found) == 3
    assert found.has_errors
    assert found.omitted == 0


def test_warnings_give_way_to_errors_past_the_cap() -> None:
    source = Source("x", "a" * 300)
    found = Diagnostics()
    for start in range(120):
        severity = Severity.WARNING if start < 60 else Severity.ERROR
        found.add(Diagnostic("GW0101", severity, "m", Span(source, start, start + 1)))
    kept = list(found)
    assert len(kept) == MAX_REPORTED
    assert sum(d.severity is Severity.ERROR for d in kept) == 60
    assert kept == sorted(kept, key=Diagnostic.sort_key)
    assert found.omitted == 20
    assert not Diagnostics().has_errors


def test_a_policy_error_says_all() -> None:
    error = PolicyError([finding(0), finding(4)])
    assert str(error).count("\n") == 1
    assert len(error.diagnostics) == 2


def test_a_code_belongs_to_one_message() -> None:
    with pytest.raises(ValueError, match="GW0101 is taken by 'unexpected text'"):
        message("GW0101", "another")


def test_long_quotes_are_cut() -> None:
    def finding(text: str) -> Finding:
        return Finding(SOURCE.whole(), f"a `{text}` b")

    made = message("GW9999", "for this test")(finding)
    try:
        assert made("x" * 120).message == f"a `{'x' * 120}` b"
        assert made("x\r\n  + y").message == "a `x + y` b"
        assert made("x" * 121).message == f"a `{'x' * 120}...` b"
    finally:
        del TITLES["GW9999"]


def test_the_nearest_of_many_names_is_the_hint() -> None:
    assert nearest("amuont", ["amount", "account"]) == "did you mean `amount`?"
    assert nearest("zzz", ["amount"]) is None
    assert closest("amount", []) is None
    assert closest("x" * 1000, ["x" * 999]) is None
    many = [f"route_{i}" for i in range(5_000)]
    assert closest("route_4999x", [*many, "route_4999"]) in many
    assert closest("boss", [*many, "bos"]) == "bos"


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("a", "U+0061 LATIN SMALL LETTER A"),
        ("\x00", "U+0000 (a control character)"),
        ("\ud800", "U+D800"),
        ("\U0001f600", "U+1F600 GRINNING FACE"),
    ],
)
def test_characters_are_named(char: str, name: str) -> None:
    assert describe_character(char) == name


WORDS = [f"{verb}_{noun}_{n}" for verb in ("take", "give", "send") for noun in ("note", "card")
         for n in range(1_000)]  # fmt: skip
SLIPS = [
    ("tke_note_17", "take_note_17"),
    ("taake_note_17", "take_note_17"),
    ("send_crad_998", "send_card_998"),
    ("send_card_998x", "send_card_998"),
    ("Give_card_5", "give_card_5"),
    ("give-card_5", "give_card_5"),
]


@pytest.mark.parametrize(("slip", "meant"), SLIPS)
def test_the_nearest_of_thousands_of_names(slip: str, meant: str) -> None:
    assert closest(slip, WORDS) == meant
    assert closest(slip, reversed(WORDS)) == meant


def test_among_thousands_of_names_none_may_be_near() -> None:
    assert closest("amount", WORDS) is None
    assert closest("", WORDS) is None
    assert closest("x" * 110, ["y" * 110] * 5_000) is None
    assert closest("x" * 110, [f"{'x' * 107}{n:04}" for n in range(5_000)]) is not None
