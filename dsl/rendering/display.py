"""Characters -> what a terminal shows of them: visible escapes, and how many columns they take.

Policy text is untrusted where it is shown: a control or bidirectional character printed as it is
could hide or reorder what a reviewer reads. Knows nothing of diagnostics or policies.
"""

from __future__ import annotations

import unicodedata

# Controls, formats (bidi, zero width), surrogates, private use, unassigned, line separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NO_WIDTH = frozenset({"Mn", "Me"})


def is_hidden(char: str) -> bool:
    """Tell whether a character has no safe appearance of its own."""
    return unicodedata.category(char) in _HIDDEN


def visible(text: str) -> str:
    r"""Return `text` with each hidden character written out, line ends and tabs too.

    >>> visible("a\u202eb\n")
    'a<U+202E>b<U+000A>'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(c):04X}>" if is_hidden(c) else c for c in text)


def width(text: str) -> int:
    """Return how many columns a text without hidden characters takes: wide characters take two.

    >>> width("naïve"), width("日本")
    (5, 4)
    """
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def folded(text: str, columns: int) -> list[str]:
    """Return a text without hidden characters as lines of so many columns at most.

    It breaks at spaces, and within what has none only where that fits on no line. `columns` is at
    least 2.

    >>> folded("to be or not", 6), folded("abcdefgh", 3)
    (['to be', 'or not'], ['abc', 'def', 'gh'])
    """
    lines: list[str] = []
    for piece in (piece for word in text.split(" ") for piece in _pieces(word, columns)):
        if lines and width(lines[-1]) + 1 + width(piece) <= columns:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def _pieces(word: str, columns: int) -> list[str]:
    """Return a word, or what fits on a line of it each; what has no width stays with its letter."""
    if width(word) <= columns:
        return [word]
    pieces, taken = [""], 0
    for char in word:
        size = _char_width(char)
        if taken + size > columns:
            pieces.append("")
            taken = 0
        pieces[-1] += char
        taken += size
    return pieces


def _char_width(char: str) -> int:
    if unicodedata.category(char) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
