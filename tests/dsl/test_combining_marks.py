"""Runs of combining marks are found wherever they are, whatever they are made of, and soon."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import combining_marks
from gatewright.dsl.combining_marks import MAX_MARKS, MAX_WRITTEN, in_order, too_many_marks

MARK = "\u0301"


def normal_marks(char: str) -> int:
    """Return how many marks a character is made of; 0 where it is made of anything else, too."""
    parts = unicodedata.normalize("NFD", char)
    return len(parts) if all(map(unicodedata.combining, parts)) else 0


def test_whatever_is_made_of_marks_alone_counts() -> None:
    every = [char for char in map(chr, range(sys.maxunicode + 1)) if normal_marks(char)]
    assert {"\u0301", "\u0344", "\u0f73", "\u0f75", "\u0f81"} <= set(every)
    assert [char for char in every if not too_many_marks(char * MAX_MARKS)] == []


@pytest.mark.parametrize("char", ["a", "\u00e9", "\u202e", "\uac00", "\U0001d15e", "\U0001f600"])
def test_what_begins_with_another_character_does_not(char: str) -> None:
    assert not too_many_marks(char * 1000)


def longest(text: str) -> int:
    runs = "".join("1" if unicodedata.combining(char) else " " for char in text).split()
    return max(map(len, runs), default=0)


RUNS = st.lists(st.tuples(st.sampled_from(["\u0301", "\u0323", "e", "\u202e"]), st.integers(0, 9)))


@given(RUNS, st.integers(2, 12))
def test_a_run_is_found_wherever_it_is(runs: list[tuple[str, int]], limit: int) -> None:
    text = "".join(char * count for char, count in runs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(combining_marks, "_PIECE", 5)
        assert too_many_marks(text, limit) is (longest(text) >= limit)


@pytest.mark.parametrize("before", [0, 1, 64 * 1024 - 100, 64 * 1024, 100_000])
def test_a_run_in_a_long_text_is_found(before: int) -> None:
    for count in (MAX_MARKS - 1, MAX_MARKS):
        text = "e" * before + MARK * count + "e" * 70_000
        assert too_many_marks(text) is (count == MAX_MARKS)


MARKS = [
    "\u0301",
    "\u0323",
    "\u0334",
    "\u0345",
    "\u0344",
    "\u0f73",
    "\u0f71",
    "\u0f81",
    "e",
    "\u1100\u1161",
]


@given(st.lists(st.sampled_from(MARKS), max_size=40), st.integers(1, 6))
def test_runs_in_order_are_the_same_text(parts: list[str], times: int) -> None:
    for text in ("a" + "".join(parts) * times, "".join(part * times for part in parts)):
        whole = unicodedata.normalize("NFC", text)
        assert unicodedata.normalize("NFC", in_order(text)) == whole


def test_long_runs_are_in_order() -> None:
    """`unicodedata` would sort them in time by the square of their length."""
    text = "a" + "\u0345\u0301\u0334" * 20
    assert in_order(text) == "a" + "\u0334" * 20 + "\u0301" * 20 + "\u0345" * 20
    short = "a" + "\u0345\u0301\u0334" * (MAX_WRITTEN // 3)
    assert in_order(short) == short
