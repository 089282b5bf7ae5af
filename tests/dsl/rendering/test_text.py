"""Diagnostics as text: whole outputs are compared."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.diagnostics import MAX_REPORTED, Diagnostics, Label, Severity
from gatewright.dsl.parser import parse
from gatewright.dsl.rendering.display import is_hidden, visible, width
from gatewright.dsl.rendering.text import MAX_SHOWN, summary, to_text
from gatewright.dsl.source import Source
from tests.dsl.rendering.support import error, span

POLICY = Source(
    "policies/refunds.gate",
    "package p\n\nlet small = 50 USD\nlet other = 1\nlet small = 60 USD\n"
    "rule r on *\n  when a\n  => block\n",
)


def shown(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def test_nothing_wrong_is_nothing_shown() -> None:
    assert to_text([]) == ""


def test_a_place_with_a_label_and_advice() -> None:
    first = Label(span(POLICY, "small"), "first declared here")
    found = error(span(POLICY, "small", 1), "`small` is declared twice", first, help="rename it")
    assert to_text([found]) == shown(
        "policies/refunds.gate:5:5: error[GW0101]: `small` is declared twice",
        "5 | let small = 60 USD",
        "  |     ^^^^^",
        "3 | let small = 50 USD",
        "  |     ----- first declared here",
        "  = help: rename it",
        "",
        "1 error",
    )


def test_several_are_parted_and_counted() -> None:
    warning = error(span(POLICY, "other"), "never used", severity=Severity.WARNING, code="GW1001")
    text = to_text([warning, error(span(POLICY, "60")), error(span(POLICY, "block"))])
    assert text == shown(
        "policies/refunds.gate:4:5: warning[GW1001]: never used",
        "4 | let other = 1",
        "  |     ^^^^^",
        "",
        "policies/refunds.gate:5:13: error[GW0101]: this is wrong",
        "5 | let small = 60 USD",
        "  |             ^^",
        "",
        "policies/refunds.gate:8:6: error[GW0101]: this is wrong",
        "8 |   => block",
        "  |      ^^^^^",
        "",
        "2 errors, 1 warning",
    )


def test_a_label_in_another_file_is_named() -> None:
    other = Source("b.gate", "x\n" * 119 + "let small = 1")
    label = Label(span(other, "small"), "here too")
    assert to_text([error(span(POLICY, "small"), "twice", label)]) == shown(
        "policies/refunds.gate:3:5: error[GW0101]: twice",
        "  3 | let small = 50 USD",
        "    |     ^^^^^",
        "   ::: b.gate:120:5",
        "120 | let small = 1",
        "    |     ----- here too",
        "",
        "1 error",
    )


def test_a_place_of_several_lines_is_shown_by_its_first() -> None:
    whole = span(POLICY, "rule r on *\n  when a\n")
    assert to_text([error(whole)]).splitlines()[1:3] == ["6 | rule r on *", "  | ^^^^^^^^^^^"]


@pytest.mark.parametrize(
    ("text", "start", "end", "line", "marks"),
    [
        ("a\tb", 2, 3, "1 | a   b", "  |     ^"),
        ("\t\tb", 1, 2, "1 |         b", "  |     ^^^^"),
        ('x = "日本" + y', 4, 8, '1 | x = "日本" + y', "  |     ^^^^^^"),
        ('"日本" + y', 7, 8, '1 | "日本" + y', "  |          ^"),
        ("e\u0301 x", 3, 4, "1 | e\u0301 x", "  |   ^"),
        ("a\u202eb", 1, 2, "1 | a<U+202E>b", "  |  ^^^^^^^^"),
        ("a\x1b[31mb", 6, 7, "1 | a<U+001B>[31mb", "  |              ^"),
        ("a\ud800b", 2, 3, "1 | a<U+D800>b", "  |          ^"),
        ("a\u2028b", 2, 3, "1 | a<U+2028>b", "  |          ^"),
        ("ab", 1, 1, "1 | ab", "  |  ^"),
        ("ab\n", 2, 3, "1 | ab", "  |   ^"),
        ("ab\r\n", 3, 4, "1 | ab", "  |   ^"),
        ("ab", 2, 2, "1 | ab", "  |   ^"),
        ("ab\n", 3, 3, "2 |", "  | ^"),
    ],
)
def test_marks_stand_below_their_characters(
    text: str, start: int, end: int, line: str, marks: str
) -> None:
    source = Source("x.gate", text)
    assert to_text([error(source.span(start, end))]).split("\n")[1:3] == [line, marks]


def test_of_an_empty_file_nothing_is_quoted() -> None:
    assert to_text([error(Source("x.gate", "").whole(), "nothing here")]) == shown(
        "x.gate:1:1: error[GW0101]: nothing here", "", "1 error"
    )


def test_a_long_line_is_cut_around_the_place() -> None:
    source = Source("x.gate", "a" * 200 + " here " + "b" * 200)
    lines = to_text([error(span(source, "here"))]).splitlines()
    assert lines[1] == "1 | ..." + "a" * 29 + " here " + "b" * 59 + "..."
    assert lines[2] == "  | " + " " * 33 + "^^^^"


def test_a_long_line_is_cut_at_its_end_alone_when_the_place_is_near_its_start() -> None:
    source = Source("x.gate", "here " + "b" * 200)
    lines = to_text([error(source.span(0, 200))]).splitlines()
    assert lines[1] == "1 | here " + "b" * 89 + "..."
    assert lines[2] == "  | " + "^" * 94


def test_a_long_line_is_cut_at_its_start_alone_when_the_place_is_near_its_end() -> None:
    source = Source("x.gate", "b" * 200 + " here")
    lines = to_text([error(span(source, "here"))]).splitlines()
    assert lines[1] == "1 | ..." + "b" * 89 + " here"
    assert lines[2] == "  | " + " " * 93 + "^^^^"


def test_what_the_words_quote_is_made_visible() -> None:
    source = Source("a\nb\u202e.gate", "let x = 1")
    label = Label(source.span(0, 3), "odd \u0007 label")
    text = to_text([error(source.span(0, 3), "a `\u2066x\x00`", label, help="not\nthat")])
    assert text == shown(
        "a<U+000A>b<U+202E>.gate:1:1: error[GW0101]: a `<U+2066>x<U+0000>`",
        "1 | let x = 1",
        "  | ^^^",
        "1 | let x = 1",
        "  | --- odd <U+0007> label",
        "  = help: not<U+000A>that",
        "",
        "1 error",
    )


def test_colour_is_added_only_when_asked_for_and_changes_no_words() -> None:
    found = [error(span(POLICY, "small"), help="rename it")]
    plain, coloured = to_text(found), to_text(found, color=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31merror[GW0101]\x1b[0m" in coloured
    for style in ("\x1b[1;31m", "\x1b[1m", "\x1b[34m", "\x1b[0m"):
        coloured = coloured.replace(style, "")
    assert coloured == plain


def test_what_is_left_out_is_counted() -> None:
    source = Source("x.gate", "a" * (MAX_REPORTED + 7))
    found = Diagnostics()
    found.extend(error(source.span(n, n + 1)) for n in range(MAX_REPORTED + 7))
    assert to_text(found).endswith(f"\n\n{MAX_REPORTED} errors, 7 more not shown\n")


def test_a_summary_counts_errors_and_warnings() -> None:
    warning = error(span(POLICY, "a"), severity=Severity.WARNING)
    assert summary([]) == "no errors"
    assert summary([warning, warning]) == "2 warnings"
    assert summary([error(span(POLICY, "a")), warning]) == "1 error, 1 warning"


def test_an_error_of_the_parser_points_at_its_word() -> None:
    source = Source("x.gate", "package p\n\nrule r on *\n  when a = b\n  => block\n")
    head, *rest = to_text(parse(source).diagnostics).splitlines()
    assert head.startswith("x.gate:4:10: error[GW")
    assert rest[:2] == ["4 |   when a = b", "  |          ^"]
    assert rest[-1] == "1 error"


# --- laws


@given(st.text(), st.data())
def test_no_text_breaks_the_picture(text: str, data: st.DataObject) -> None:
    source = Source("x.gate", text or "a")
    size = len(source.text)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    shown = to_text([error(source.span(start, end))])
    lines = shown.split("\n")
    assert not any(is_hidden(char) for char in shown.replace("\n", ""))
    assert lines[3:] == ["", "1 error", ""]
    quoted, marks = lines[1].partition("| ")[2], lines[2].partition("| ")[2]
    assert width(quoted) <= MAX_SHOWN + 16  # a hidden character at the edge is not cut in two
    assert marks.strip(" ").strip("^") == ""
    assert marks.count("^") >= 1


@given(st.text())
def test_visible_text_has_nothing_hidden(text: str) -> None:
    assert not any(is_hidden(char) for char in visible(text))
    if not any(is_hidden(char) for char in text):
        assert visible(text) == text


def test_every_character_of_direction_is_hidden() -> None:
    turns = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for code in range(0x110000):
        if unicodedata.bidirectional(chr(code)) in turns:
            assert is_hidden(chr(code))
