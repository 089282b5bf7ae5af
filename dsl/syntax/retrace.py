"""A text of the same tokens as another one that was parsed already -> where they stand in it.

The parser takes a token by its own state and by the text from there on, and builds by the tokens
alone. So a text in which it would take the same ones, step by step, has the same syntax tree, and
that is found in a fraction of the time that a second parse takes. What a comment is for depends on
where it stands, so the comments are returned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gatewright.dsl.ast import Comment
from gatewright.dsl.source import Source
from gatewright.dsl.syntax.automaton import Step
from gatewright.dsl.syntax.lexer import NAME, Lexer
from gatewright.dsl.syntax.tables import END

_COMMENT = re.compile(r"//[^\n]*+")
_ODD_SPACE = re.compile("[\r\ufeff]")
_COMMA, _CLOSING = ",", ("]", "}")
_OF_SEVERAL_WORDS = "ABSOLUTE_GUARD"
"""The terminal with a space inside, of which nothing but its kind counts."""


class Retraced(NamedTuple):
    """The tokens of a trace in another text, and the comments between them."""

    places: Mapping[int, int]
    """Where each begins, by where it began; a comma that was left out has no place."""
    comments: list[Comment]


# HOT: what is formatted may have 50,000 tokens.
def retrace(lexer: Lexer, trace: Sequence[Step], source: Source) -> Retraced | None:
    """Return where the tokens of a trace stand in a text; None where it has others.

    A comma before a bracket that closes may be left out there: it means nothing. The answer is None
    too where spaces are of a kind that `scan` might refuse. Cost: linear.
    """
    text = source.text
    if _ODD_SPACE.search(text):
        return None
    match, kinds, words = lexer.match, lexer.kinds, lexer.words
    places: dict[int, int] = {}
    gaps: list[tuple[int, int]] = []
    at = lexer.after_blank(text, 0)
    gaps.append((0, at))
    for number, (row, kind, part, start) in enumerate(trace):
        if (found := match(text, at)) is None:
            if kind != END or at < len(text):
                return None
            break
        group = found.lastindex or 0
        here, stop, following = kinds[group], found.end(group), found.end()
        if here == NAME:
            here = words.get(text[at:stop], NAME)
        if here not in row:
            other = lexer.accepted(text, at, row)
            if other is None:
                return None
            here, stop = other
            following = lexer.after_blank(text, stop)
        if here != kind or (text[at:stop] != part and kind != _OF_SEVERAL_WORDS):
            if part == _COMMA and trace[number + 1][2] in _CLOSING:
                continue
            return None
        places[start] = at
        if following > stop + 1:
            gaps.append((stop, following))
        at = following
    return Retraced(places, _comments(source, gaps))


def _comments(source: Source, gaps: list[tuple[int, int]]) -> list[Comment]:
    return [
        Comment(found.group(), span=source.span(*found.span()))
        for begin, end in gaps
        for found in _COMMENT.finditer(source.text, begin, end)
    ]
