"""Quick ways to draw one of several things: generated sets make hundreds of such choices.

What chooses is a `Draw`: Hypothesis, which shrinks what fails, or a seeded generator, which makes
very many sets in the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Draw = Callable[[int], int]
"""Returns a number from 0 up to below a bound."""


def drawn_by(draw: st.DrawFn) -> Draw:
    """Let Hypothesis choose. A strategy for each bound is kept."""
    return lambda bound: draw(_below(bound))


@cache
def _below(bound: int) -> st.SearchStrategy[int]:
    return st.integers(0, bound - 1)


def pick(draw: Draw, options: Sequence[T]) -> T:
    """Draw one of some options; shrinks to the first."""
    return options[draw(len(options)) if len(options) > 1 else 0]


def chance(draw: Draw, one_in: int = 2) -> bool:
    """Draw true once in so many times; shrinks to false."""
    return draw(one_in) == one_in - 1


def some(draw: Draw, options: Sequence[T], least: int, most: int) -> list[T]:
    """Draw so many different options, in any order."""
    rest = list(options)
    count = least + draw(min(most, len(rest)) - least + 1)
    return [rest.pop(draw(len(rest))) for _ in range(count)]
