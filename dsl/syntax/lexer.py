r"""A text -> its tokens, each of what may stand where it stands.

Any word may be a field's name and `2 of` is a quorum in a route alone, so the parser says what it
would take. Of the terminals that it takes, the first that matches counts, in the order of the
tables; most often that is the first that matches at all, which is looked for first.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

NAME = "NAME"
_WORDS = re.compile(r"(?:\(\?:([a-z_|]+)\)|([a-z_]+))\\b")
_BLANK = r"(?:[ \t\r\n\ufeff]++|//[^\n]*+)*+"
IGNORED = ("COMMENT", "__IGNORE_1", "__IGNORE_2")
"""The terminals that stand for `_BLANK` in the grammar."""


class Token:
    """A terminal where it stands in its source, with its text."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end

    def __str__(self) -> str:
        return self.text


class Lexer:
    """Finds tokens by the terminals of a grammar: names and patterns, in their order.

    INVARIANT: a keyword comes before NAME, and no other terminal stands between the two; no pattern
    captures. A test compares what is found with what Lark's own lexer finds.
    """

    def __init__(self, terminals: Sequence[tuple[str, str]]) -> None:
        self.words: dict[str, str] = {}
        """The terminals of words that are not read as NAME where they may stand."""
        self.kinds = [""]
        """The terminals by the numbers of groups of `match`."""
        self._patterns = {name: pattern for name, pattern in terminals if name not in IGNORED}
        self._compiled: dict[str, re.Pattern[str]] = {}
        branches: list[str] = []
        for name, pattern in self._patterns.items():
            words = _WORDS.fullmatch(pattern)
            if words is not None:
                self.words |= dict.fromkeys((words[1] or words[2]).split("|"), name)
            else:
                self.kinds.append(name)
                branches.append(f"(?:{pattern})()")
        self.match = re.compile(f"(?:{'|'.join(branches)}){_BLANK}", re.ASCII).match
        """Matches a token at a place, and what is blank behind it. The group that matched, which is
        empty, tells the terminal in `kinds`, and where the token ends."""
        self._blank = re.compile(_BLANK)

    def after_blank(self, text: str, at: int) -> int:
        """Return where the next thing stands that is no space and no comment, or the end."""
        found = self._blank.match(text, at)
        return found.end() if found is not None else at

    def accepted(self, text: str, at: int, terminals: Container[str]) -> tuple[str, int] | None:
        """Return the first of some terminals that matches at a place, and where it ends."""
        for name, pattern in self._patterns.items():
            if name in terminals:
                compiled = self._compiled.get(name)
                if compiled is None:
                    compiled = self._compiled[name] = re.compile(pattern, re.ASCII)
                found = compiled.match(text, at)
                if found is not None:
                    return name, found.end()
        return None
