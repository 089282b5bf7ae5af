"""The three values of a condition: true, false, or an error, and how they combine.

Source: docs/language.md#how-a-decision-is-made. F && E is F, T && E is E; T || E is T, F || E is E.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Truth(Enum):
    """What a condition came to."""

    TRUE = "true"
    FALSE = "false"
    ERROR = "error"

    def __invert__(self) -> Truth:
        """Return `!x`; the opposite of an error is an error."""
        return _OPPOSITE[self]


_OPPOSITE = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.ERROR: Truth.ERROR}


def all_of(values: Iterable[Truth]) -> Truth:
    """Return the conjunction, in any order: F wins, then E.

    >>> all_of([Truth.ERROR, Truth.FALSE])
    <Truth.FALSE: 'false'>
    """
    found = Truth.TRUE
    for value in values:
        if value is Truth.FALSE:
            return value
        if value is Truth.ERROR:
            found = value
    return found


def any_of(values: Iterable[Truth]) -> Truth:
    """Return the disjunction, in any order: T wins, then E."""
    found = Truth.FALSE
    for value in values:
        if value is Truth.TRUE:
            return value
        if value is Truth.ERROR:
            found = value
    return found
