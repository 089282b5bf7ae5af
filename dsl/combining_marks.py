"""Runs of combining marks, which no script needs and which take long to put in order.

Unicode normal form C sorts the marks that follow a character, in time that grows with their square.
Whoever normalises text looks here first. Source: docs/language.md#choices.
"""

from __future__ import annotations

import re
import unicodedata

MAX_MARKS = 256
"""How many combining marks in a row are too many in data and in what agents write."""
MAX_WRITTEN = 30
"""How many a string of a policy may have in a row: as many as Unicode's stream-safe text."""


_PAIRS = "\u0f73\u0f75\u0f81"
"""Characters that are no marks by themselves, but stand for two marks and nothing before them."""
_PIECE = 64 * 1024
"""So many characters are looked at together."""


def too_many_marks(text: str, limit: int = MAX_MARKS) -> bool:
    r"""Tell whether `limit` combining marks or more follow one another. Cost: linear.

    >>> too_many_marks("e\u0301"), too_many_marks("e" + "\u0301" * 256)
    (False, True)
    """
    if text.isascii() or len(text) < limit:
        return False
    # HOT: so long a run covers one of these characters, and nearly no text has marks there.
    if not _marks(text[:: limit // 2]):
        return False
    return any(
        _longest_run(text[start : start + _PIECE + limit]) >= limit
        for start in range(0, len(text), _PIECE)
    )


def in_order(text: str) -> str:
    """Return the same text in Unicode, its long runs of marks in the order of normal form D.

    `unicodedata.normalize` takes time by the square of the runs that it has to sort itself. Cost:
    linear, but for sorting each run.
    """
    if not too_many_marks(text, MAX_WRITTEN + 1):
        return text
    for pair in _PAIRS:
        text = text.replace(pair, unicodedata.normalize("NFD", pair))
    class_of = {mark: unicodedata.combining(mark) for mark in _marks(text)}
    run = re.compile(f"[{''.join(class_of)}]{{{MAX_WRITTEN + 1},}}+")
    return run.sub(lambda found: "".join(sorted(found[0], key=class_of.__getitem__)), text)


def _longest_run(text: str) -> int:
    marks = _marks(text)
    return max(map(len, re.findall(f"[{marks}]++", text))) if marks else 0


def _marks(text: str) -> str:
    """Return the combining marks that occur in a text, each once."""
    return "".join(c for c in set(text) if unicodedata.combining(c) or c in _PAIRS)
