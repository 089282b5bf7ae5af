"""A text as lines of a width: nothing is lost, no line is too long, words stay whole if they fit."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.rendering.display import folded, width

letters = st.sampled_from(["a", "b", " ", "日", "é", "e\u0301", "-"])
texts = st.lists(letters, max_size=60).map("".join)


@given(texts, st.integers(2, 20))
def test_lines_fit_and_say_it_all(text: str, columns: int) -> None:
    lines = folded(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    whole = [word for line in lines for word in line.split(" ")]
    assert all(word in whole for word in text.split(" ") if width(word) <= columns)


@given(texts, st.integers(2, 20))
def test_a_line_ends_only_where_the_next_word_does_not_fit(text: str, columns: int) -> None:
    for line, after in pairwise(folded(text, columns)):
        assert width(line) + 1 + width(after.split(" ")[0]) > columns


def test_what_has_no_width_stays_with_its_letter() -> None:
    assert folded("e\u0301" * 4, 2) == ["e\u0301" * 2] * 2
