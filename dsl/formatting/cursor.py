"""A source text -> its tokens in order, each with the comments around it.

The printers ask for the tokens that the syntax tree tells of. What they leave out (brackets that
are not needed, a comma after the last item) is passed over here; comments never are.
"""

from __future__ import annotations

import re

from gatewright.dsl.formatting.layout import Doc, Line, Remark, Tok
from gatewright.dsl.source import Source

_SPACE = re.compile(r"[ \t\r\n\ufeff]+")
_TRIVIA = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\n]*)*")
_SPACES_ALONE = re.compile(r" +(?![ \t\r\n/])")
_TRIVIAL = frozenset(" \t\r\n\ufeff/")
"""What spaces and comments begin with; so does a sign, of which a comment has two."""
_OMITTED = frozenset("(),")


class OutOfStep(Exception):
    """The text does not have the token that the tree tells of: a defect of the formatter."""


class Cursor:
    """A place in a text, between two tokens."""

    def __init__(self, source: Source) -> None:
        self._text = source.text
        self._at = 0
        self._last: Tok | None = None
        self._pending: list[Remark] = []
        self._blank = False

    def take(self, text: str) -> Tok:
        """Return the next token, which is `text`."""
        return self._take(text)

    def take_match(self, pattern: re.Pattern[str]) -> Tok:
        """Return the next token, which has a pattern."""
        return self._take(pattern)

    def take_if(self, text: str, behind: str = "") -> Tok | None:
        """Return the next token if it is `text`, or is so behind brackets that are left out."""
        at = self._at
        while match := _TRIVIA.match(self._text, at):
            at = match.end()
            if not behind or not self._text.startswith(behind, at):
                break
            at += len(behind)
        return self.take(text) if self._text.startswith(text, at) else None

    def take_tight(self, text: str) -> Tok:
        """Return the next token, which stands right behind the one before it: `,` or `{`.

        Comments between the two are moved behind it.
        """
        before, last = self._last, None if self._last is None else self._last.after
        token = self._take(text)
        if before is not None and before.after is not last:
            token.after, before.after = before.after, last
        self._pending, token.before = token.before, []
        return token

    def take_closing(self, text: str, has_items: bool) -> tuple[list[Doc], Tok]:
        """Return the bracket that ends a block, and its comments as lines of the block."""
        token = self.take(text)
        comments: list[Doc] = []
        for remark in token.before:
            comments.append(Line(None, "keep" if has_items or comments else "first"))
            comments.append(Tok(remark.text, blank=remark.blank))
        token.before = []
        return comments, token

    def take_end(self) -> Tok:
        """Return the end of the text, with the comments above it."""
        end = self._take(re.compile(r"\Z"))
        end.blank = False
        return end

    def at_new_line(self) -> bool:
        """Tell whether the next token stands on another line than the last one."""
        match = _TRIVIA.match(self._text, self._at)
        return match is not None and "\n" in match.group()

    def spaces_ahead(self) -> int:
        """Return how many spaces stand before the next token, if nothing else does."""
        match = _SPACES_ALONE.match(self._text, self._at)
        return len(match.group()) if match else 0

    # HOT: every token comes by here.
    def _take(self, wanted: str | re.Pattern[str]) -> Tok:
        start = self._at
        if self._text[start : start + 1] in _TRIVIAL:
            self._skip_trivia(start)
        while (end := self._end_of(wanted)) is None:
            if self._text[self._at : self._at + 1] not in _OMITTED:
                shown = wanted if isinstance(wanted, str) else wanted.pattern
                raise OutOfStep(f"expected {shown} at offset {self._at}")
            # A doc comment is one by standing right above its declaration. What stood above a
            # bracket that is left out must not become one.
            closes = self._text[self._at] == ")" and bool(self._pending)
            self._at += 1
            self._blank = self._blank or closes
            self._skip_trivia(start)
        token = Tok(self._text[self._at : end], self._pending, None, self._blank)
        self._at, self._pending, self._last, self._blank = end, [], token, False
        return token

    def _end_of(self, wanted: str | re.Pattern[str]) -> int | None:
        """Return where what is wanted ends, if it stands here."""
        if isinstance(wanted, str):
            here = self._text.startswith(wanted, self._at)
            return self._at + len(wanted) if here else None
        match = wanted.match(self._text, self._at)
        return None if match is None else match.end()

    def _skip_trivia(self, start: int) -> None:
        """Pass over spaces and comments; the token before them ended at `start`."""
        while True:
            if space := _SPACE.match(self._text, self._at):
                before, self._at = self._at, space.end()
                if self._at > before + 1:
                    self._blank = self._blank or self._text.count("\n", before, self._at) > 1
            if not self._text.startswith("//", self._at):
                return
            end = self._text.find("\n", self._at)
            comment = self._text[self._at : end if end >= 0 else None]
            own_line = "\n" in self._text[start : self._at]
            self._at += len(comment)
            self._remark(comment.rstrip(" \t\r"), own_line)

    def _remark(self, text: str, own_line: bool) -> None:
        """Give a comment to the token before it, on whose line it stands, or to the next one."""
        last = self._last
        if last is not None and not own_line and not self._pending and last.after is None:
            last.after = text
        else:
            self._pending.append(Remark(text, self._blank))
        self._blank = False
