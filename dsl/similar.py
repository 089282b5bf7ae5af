"""A name that nobody knows -> the known one that it is most like, for hints."""

from __future__ import annotations

from collections.abc import Iterable


def most_similar(name: str, known: Iterable[str]) -> str | None:
    """Return the name that a name is most like, None if it is like none of them."""
    # Late, since only mistakes get hints.
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return close[0] if close else None


def are_alike(one: str, other: str) -> bool:
    """Tell whether two words differ by so little that one may be the other, misspelt.

    Of short words that is two letters in the wrong order, too.

    >>> are_alike("refnd", "refund"), are_alike("cmr", "crm"), are_alike("create", "update")
    (True, True, False)
    """
    # Late for the same reason.
    from difflib import SequenceMatcher

    swapped = any(
        one == f"{other[:i]}{other[i + 1]}{other[i]}{other[i + 2 :]}" for i in range(len(other) - 1)
    )
    return swapped or SequenceMatcher(None, one, other).ratio() >= 0.75
