"""What surely says the same as a text that was parsed, against a second parse of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.formatter import format_source
from gatewright.dsl.parser import parse, says_the_same
from gatewright.dsl.source import Source
from gatewright.dsl.syntax.automaton import Step
from tests.dsl.syntax.test_automaton import FILES
from tests.strategies.policies_text import policy_texts


def is_said_by(text: str, other: str) -> bool:
    """Tell whether another text surely says the same; if so, parsing it must agree."""
    trace: list[Step] = []
    before = parse(Source("", text), trace)
    assert not before.diagnostics
    same = says_the_same(before.file, trace, Source("", other))
    if same:
        after = parse(Source("", other))
        assert not after.diagnostics
        assert after.file == before.file
        assert [c.text for c in after.file.comments] == [c.text for c in before.file.comments]
    return same


SHORT = [file.read_text("utf-8") for file in FILES if file.stat().st_size < 4_000]
GOOD = [text for text in SHORT if not parse(Source("", text)).diagnostics]
PIECES = [
    " ", "\n", "\n\n", "  ", "", ",", "(", ")", "//\n", "// c\n", "/// doc\n", "x", ".", "-", "5", "5 ",
    "USD", " USD", "of", " of", "=", "'", "}", "]", "\r", "\r\n", "\u202e", "guard", "in ", "\ufeff",
]  # fmt: skip


def test_what_is_laid_out_anew_is_known_to_say_the_same() -> None:
    same = [is_said_by(text, format_source(Source("", text))) for text in GOOD]
    assert len(same) > 20
    assert same.count(False) < len(same) / 10  # those with brackets that are left out


@given(st.sampled_from(GOOD) | policy_texts(most=3), st.data())
def test_what_surely_says_the_same_does(text: str, data: st.DataObject) -> None:
    other = format_source(Source("", text)) if data.draw(st.booleans()) else text
    for _ in range(data.draw(st.integers(1, 2))):
        begin = data.draw(st.integers(0, len(other)))
        end = data.draw(st.integers(begin, min(len(other), begin + 2)))
        other = other[:begin] + data.draw(st.sampled_from(PIECES)) + other[end:]
    is_said_by(text, other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("let a = 1+2", "let a = 1\n + 2 "),
        ("let a = [1, 2,]", "let a = [1, 2]"),
        ("let a = {'b': [1,],}", "let a = { 'b': [ 1 ] }"),
        ("absolute\n guard g => block", "absolute guard g => block"),
        ("/// doc\nlet a = 1 // one", "/// doc\nlet a=1  // one"),
    ],
)
def test_layout_and_last_commas_change_nothing(text: str, other: str) -> None:
    assert is_said_by(f"package p\n{text}", f"package p\n\n{other}\n")


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("let a = 1", "let a = 2"),
        ("let a = 1", "let a = 1 let b = 1"),
        ("let a = 1 let b = 1", "let a = 1"),
        ("let a = 5 USD", "let a = 5\nUSD"),
        ("let a = f(1, 2)", "let a = f(1 2)"),
        ("let a = b.c", "let a = b..c"),
        ("let a = [1]", "let a = [1,]"),
        ("let a = (1)", "let a = 1"),
        ("let a = 'b'", 'let a = "b"'),
        ("let a = 1 // one", "let a = 1"),
        ("let a = 1 // one", "let a = 1 // two"),
        ("let a = 1", "let a = 1 // one"),
        ("/// doc\nlet a = 1", "/// doc\n\nlet a = 1"),
        ("// no\n/// doc\n\nlet a = 1", "// no\n/// doc\nlet a = 1"),
        ("let a = 1", "let a = 1 $"),
        ("let a = 1", "let a = 1 'b"),
    ],
)
def test_another_text_does_not_surely_say_the_same(text: str, other: str) -> None:
    assert not is_said_by(f"package p\n{text}\n", f"package p\n{other}\n")
