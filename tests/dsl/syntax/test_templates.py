"""`because` texts: their words and their placeholders."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import ast
from gatewright.dsl.syntax.literals import BadLiteral
from gatewright.dsl.syntax.templates import BadTemplate, Hole, split
from tests.dsl.syntax.support import declaration, parsed, show, told


def parts(spelling: str) -> list[str]:
    return [p if isinstance(p, str) else f"<{spelling[p.start : p.end]}>" for p in split(spelling)]


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("'plain'", ["plain"]),
        ("''", []),
        ("'{a}'", ["<a>"]),
        ("'{a}{b}'", ["<a>", "<b>"]),
        ("'x {a.b + 1} y'", ["x ", "<a.b + 1>", " y"]),
        ("'{{a}} {{{a}}}'", ["{a} {", "<a>", "}"]),
        ("\"{m['}']} {'{'}\"", ["<m['}']>", " ", "<'{'>"]),
        ("'{ {1: {2: 3}} }'", ["< {1: {2: 3}} >"]),
        ("'a\\n{b}\\t'", ["a\n", "<b>", "\t"]),
        ("r'a\\n{b}\\'", ["a\\n", "<b>", "\\"]),
        ('"""a\n{b}"""', ["a\n", "<b>"]),
        ("'e\u0301{a}'", ["\u00e9", "<a>"]),
        ("'{}'", ["<>"]),
    ],
)
def test_a_template_is_split(spelling: str, expected: list[str]) -> None:
    assert parts(spelling) == expected


@pytest.mark.parametrize(
    ("spelling", "at", "why"),
    [
        ("'a } b'", 3, "closes nothing"),
        ("'a { b'", 3, "never closed"),
        ("'{a {b}'", 1, "never closed"),
        ("'{{{'", 3, "never closed"),
        ('"{a == \'x}"', 1, "never closed"),
        ("'{a\\n}'", 3, "no escapes"),
        ("'{\\'}'", 2, "no escapes"),
        ("r'{\\d}'", 3, "no escapes"),
    ],
)
def test_a_brace_without_a_partner_is_told_at_its_place(spelling: str, at: int, why: str) -> None:
    with pytest.raises(BadTemplate, match=why) as bad:
        list(split(spelling))
    assert bad.value.at == at


def test_bad_escapes_in_the_text() -> None:
    with pytest.raises(BadLiteral) as bad:
        list(split("'a {b} \\q'"))
    assert (bad.value.start, bad.value.end) == (7, 9)


@given(st.text(st.characters(exclude_characters="'\\\n\r", exclude_categories=["Cs"])))
def test_doubled_braces_are_braces(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert "".join(p for p in split(f"'{doubled}'") if not isinstance(p, Hole)) == (
        unicodedata.normalize("NFC", text)
    )


def test_placeholders_are_expressions_with_places() -> None:
    rule = declaration("guard g => block because 'over {a.b + 1} for {c}'")
    assert isinstance(rule, ast.RuleDecl)
    assert rule.because is not None
    assert show(rule.because) == "Template([over  Binary(+, Select(a, b), 1)  for  c])"
    shown = [p.span.text for p in rule.because.parts if not isinstance(p, str)]
    assert shown == ["a.b + 1", "c"]


def test_a_placeholder_that_cannot_be_read_hides_no_other() -> None:
    text = "package p\nguard g => block because '{a b} {} {f(} {9999999999999999999999} {\u0430} {(}'\n"
    assert told(parsed(text).diagnostics) == [
        "GW0108 `a b` in a `because` text, `a b` is not an expression",
        "GW0108 `}` in a `because` text, a placeholder is empty",
        "GW0108 `f(` in a `because` text, `f(` is not an expression",
        "GW0105 `9999999999999999999999` this number does not fit into 64 bits",
        "GW0108 `\u0430` in a `because` text, `\u0430` is not an expression",
        "GW0108 `(` in a `because` text, `(` is not an expression",
    ]


def test_a_placeholder_may_not_be_too_deep() -> None:
    text = f"package p\nguard g => block because '{{{'!' * 70}x}}'\nlet a = 5\n"
    found = parsed(text)
    assert [d.code for d in found.diagnostics] == ["GW0703"]
    assert len(found.file.declarations) == 1
