"""A name that nobody knows -> the known one that it is most like, for hints."""

from __future__ import annotations

from collections.abc import Iterable


def most_similar(name: str, known: Iterable[str]) -> str | None:
    """Return the name that a name is most like, None if it is like none of them."""
    # Late, since only mistakes get hints.
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return close[0] if close else None
