"""Source texts and places in them.

A `Source` is one policy file, already decoded. A `Span` is a half-open range of character
offsets in a source. Lines and columns are counted from 1, columns in Unicode code points.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from gatewright.dsl.records import dataclass, field


class Position(tuple[int, int]):
    """A place for people: line and column, both counted from 1.

    Written out, since a NamedTuple takes longer to be made than the rest of the module.
    """

    __slots__ = ()

    def __new__(cls, line: int, column: int) -> Position:
        """Make a position of a line and a column."""
        return super().__new__(cls, (line, column))

    def __getnewargs__(self) -> tuple[int, int]:
        return self.line, self.column

    @property
    def line(self) -> int:
        """The number of the line."""
        return self[0]

    @property
    def column(self) -> int:
        """The number of the character within the line."""
        return self[1]


@dataclass(frozen=True, eq=False)
class Source:
    """One policy file: the name that diagnostics show, and its whole text."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def position(self, offset: int) -> Position:
        """Return the line and column of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return line `number` (from 1) without its line end."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")

    def span(self, start: int, end: int) -> Span:
        """Return the span of the offsets `start` (included) to `end` (excluded)."""
        return Span(self, start, end)

    def whole(self) -> Span:
        """Return the span of the first character, for what concerns the file as a whole."""
        return Span(self, 0, min(1, len(self.text)))


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters in a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters of the range."""
        return self.source.text[self.start : self.end]

    @property
    def begin(self) -> Position:
        """Line and column of the first character."""
        return self.source.position(self.start)

    @property
    def finish(self) -> Position:
        """Line and column just past the last character."""
        return self.source.position(self.end)

    def __str__(self) -> str:
        line, column = self.begin
        return f"{self.source.name}:{line}:{column}"

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, other.end)
