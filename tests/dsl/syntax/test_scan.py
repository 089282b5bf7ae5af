"""The first look at a text: what it refuses, and what it remembers."""

from __future__ import annotations

import pytest

from gatewright.dsl import limits
from gatewright.dsl.source import Source
from gatewright.dsl.syntax.scan import (
    Scan,
    declaration_starts,
    next_text,
    scan,
    text_end,
    token_end,
)


def look(text: str) -> Scan:
    return scan(Source("a", text))


def problems(text: str) -> list[tuple[str, int]]:
    return [(p.code, p.span.start) for p in look(text).problems]


@pytest.mark.parametrize(
    "text",
    [
        "'a' \"b\" r'\\' b\"\\\"\" \"\"\"a\n\"\"\" '''\\''' '''",
        "'\\'' '\"' \"'\" '' \"\" '''''' \"\"\"\"\"\"",
        "a\r\nb \r\n\tc",
        "br'\\' Rb\"\\\" '\u202e' '\t'",
        "// any 'thing ( \u00e9\n",
        "",
        "\ufeffpackage p",
    ],
)
def test_what_is_in_order(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "code", "start"),
    [
        ("x 'a", "GW0103", 2),
        ("'a\n'", "GW0103", 0),
        ("'a\\\n'", "GW0103", 0),
        ("r'\\'a'b", "GW0103", 5),
        ('""" \\""" ', "GW0103", 0),
        ("a\x00", "GW0102", 1),
        ("a\x0bb", "GW0102", 1),
        ("a \ufeff", "GW0102", 2),
        ("\u200ba", "GW0102", 0),
        ("// \u202e", "GW0102", 3),
        ("// a\x00", "GW0102", 4),
        ("//\x7f", "GW0102", 2),
        ("// a\x85b", "GW0102", 4),
        ("/// a\u2028b", "GW0102", 5),
        ("// a\u2029b", "GW0102", 4),
        ("a\rb", "GW0102", 1),
        ("a \r\r\nb", "GW0102", 2),
        ("'\ud800'", "GW0102", 1),
        ("// \udfff", "GW0102", 3),
    ],
)
def test_what_is_no_text_is_told_at_its_place(text: str, code: str, start: int) -> None:
    assert problems(text)[0] == (code, start)


def test_size_is_counted_in_bytes() -> None:
    assert problems("//" + "a" * (limits.MAX_FILE_BYTES - 2)) == []
    assert problems("//" + "a" * (limits.MAX_FILE_BYTES - 1)) == [("GW0701", 0)]
    assert problems("//" + "\u00e9" * (limits.MAX_FILE_BYTES // 2)) == [("GW0701", 0)]


def test_tokens_are_counted() -> None:
    assert not look("a " * limits.MAX_TOKENS).too_large
    assert look("a " * (limits.MAX_TOKENS + 1)).too_large
    assert look("//\n" * (limits.MAX_TOKENS + 1)).too_large
    assert not look("x = '" + "{a} " * limits.MAX_TOKENS + "'").too_large
    assert look("because '" + "{a} " * limits.MAX_TOKENS + "'").too_large
    assert look("because // c\n '" + "{a} " * limits.MAX_TOKENS + "'").too_large
    assert not look("because '" + "a " * limits.MAX_TOKENS + "'").too_large


def test_depth_is_counted_over_all_brackets() -> None:
    assert not look("([{" * 21 + "(").too_large
    assert look("([{" * 21 + "((").too_large
    assert not look("()" * 1000).too_large
    assert not look("'((((((((((" + "(" * 100 + "'").too_large


def test_brackets_that_are_not_paired_are_remembered() -> None:
    found = look("( [ } ) ] {")
    assert found.unclosed == [("[", 2), ("{", 10)]
    assert found.stray == {4, 8}
    assert look("f(a[1], {b: (2)})").unclosed == []


def test_comments_keep_their_text_without_the_line_end() -> None:
    found = look("a // b \r\n/// c\n//")
    assert [(c.text, c.span.start) for c in found.comments] == [
        ("// b ", 2),
        ("/// c", 9),
        ("//", 15),
    ]


def starts(text: str) -> list[str]:
    source = Source("a", text)
    found = declaration_starts(source, scan(source))
    return [text[at:].split("\n")[0] for at in found]


def test_where_declarations_seem_to_start() -> None:
    text = (
        "package p\nrule a\n  rule b\nrules c\nrule\nrule => x\nlet = 5\ntest 'x'\ntest\"y\"\n"
        "action.x > 5\nrisk in [1]\ntype == 5\n// rule d\n'''\nrule e\n'''\n@owner\nabsolute guard\n"
        "default: x\nroute r{\npermit\r\nlet\n"
    )
    assert starts(text) == [
        "package p", "rule a", "rule", "rule => x", "let = 5", "test 'x'", 'test"y"', "@owner",
        "absolute guard", "route r{", "permit\r", "let",
    ]  # fmt: skip


def test_all_start_at_the_column_of_the_first() -> None:
    assert starts(" package p\nrule a\n rule b\n  rule c\n") == ["package p", "rule b"]
    assert starts("") == []


def test_finding_the_next_and_the_last_thing() -> None:
    text = " // a\n x // b\n//c\n "
    found = look(text)
    assert next_text(text, 0) == 7
    assert next_text(text, 8) == len(text)
    assert text_end(text, len(text), found) == 8
    assert text_end(text, 7, found) == 0
    assert text_end("x", 1, look("x")) == 1


@pytest.mark.parametrize(
    ("text", "end"),
    [("abc d", 3), ("=> x", 2), ("'a b' c", 5), ("'a b", 1), ("// a", 1), ("", 0), ("\u00e9a", 1)],
)
def test_the_end_of_a_token(text: str, end: int) -> None:
    assert token_end(text, 0) == end
