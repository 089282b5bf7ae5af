"""Runs of combining marks, which no script needs and which take long to put in order.

Unicode normal form C sorts the marks that follow a character, in time that grows with their square.
Whoever normalises text looks here first. Source: docs/language.md#choices.
"""

from __future__ import annotations

import unicodedata

MAX_MARKS = 256
"""How many combining marks in a row are too many in data and in what agents write."""
MAX_WRITTEN = 30
"""How many a string of a policy may have in a row: as many as Unicode's stream-safe text."""


def too_many_marks(text: str, limit: int = MAX_MARKS) -> bool:
    r"""Tell whether `limit` combining marks or more follow one another. Cost: linear.

    >>> too_many_marks("e\u0301"), too_many_marks("e" + "\u0301" * 256)
    (False, True)
    """
    if text.isascii() or len(text) < limit:
        return False
    # HOT: so long a run covers one of these characters, and nearly no text has marks there.
    if not any(map(unicodedata.combining, text[:: limit // 2])):
        return False
    is_mark = bytes(map(bool, map(unicodedata.combining, text)))
    return b"\x01" * limit in is_mark
