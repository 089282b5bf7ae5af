"""Quick ways to draw one of several things: generated sets make hundreds of such choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]


@cache
def _below(bound: int) -> st.SearchStrategy[int]:
    return st.integers(0, bound - 1)


def pick(draw: Draw, options: Sequence[T]) -> T:
    """Draw one of some options; shrinks to the first. A strategy for each length is kept."""
    index: int = draw(_below(len(options))) if len(options) > 1 else 0
    return options[index]


def chance(draw: Draw, one_in: int = 2) -> bool:
    """Draw true once in so many times; shrinks to false."""
    return bool(draw(_below(one_in)) == one_in - 1)


def some(draw: Draw, options: Sequence[T], least: int, most: int) -> list[T]:
    """Draw so many different options, in any order."""
    rest = list(options)
    count = least + draw(_below(min(most, len(rest)) - least + 1))
    return [rest.pop(draw(_below(len(rest)))) for _ in range(count)]
