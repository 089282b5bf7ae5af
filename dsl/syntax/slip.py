"""A place where the syntax breaks, with what is around it."""

from __future__ import annotations

from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Span
from gatewright.dsl.syntax.scan import Scan

CONDITION = frozenset({"CONDITION"})
"""What could stand where `not` or `if` stands instead: no terminal says so."""
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Slip:
    """A place that cannot be read on, and what is around it."""

    span: Span
    """What stands there."""
    before: str
    """The word or sign before it."""
    accepted: frozenset[str]
    """The terminals that could stand there."""
    found: Scan

    @property
    def word(self) -> str:
        """What stands there, as text."""
        return self.span.text

    def accepts(self, *terminals: str) -> bool:
        """Tell whether all of these terminals could stand here."""
        return self.accepted.issuperset(terminals)

    def preceding(self, length: int = 40) -> str:
        """Return some text before the place."""
        return self.span.source.text[max(0, self.span.start - length) : self.span.start]

    def following(self, length: int = 40) -> str:
        """Return some text after the place."""
        return self.span.source.text[self.span.end : self.span.end + length]


def starts_line(span: Span) -> bool:
    """Tell whether nothing but spaces stands before a place on its line."""
    text = span.source.text
    return not text[text.rfind("\n", 0, span.start) + 1 : span.start].strip(" \t\ufeff")
