"""`because` strings -> their texts and the places of their `{expression}`s.

Knows only the spelling of strings; the parser reads the expressions.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.records import dataclass
from gatewright.dsl.syntax import literals


@dataclass(frozen=True, slots=True)
class Hole:
    """Where an expression stands, as offsets within the spelling, without its braces."""

    start: int
    end: int


class BadTemplate(ValueError):
    """A brace without its partner, at an offset within the spelling."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


def split(spelling: str) -> Iterator[str | Hole]:
    """Yield the texts (unescaped, in normal form C) and holes of a `because` string in turn.

    Raises BadTemplate, and literals.BadLiteral for a bad escape or endless marks.
    """
    body, raw, offset = literals.string_body(spelling)
    text_start = at = 0
    pieces: list[str] = []

    def text(end: int) -> None:
        part = body[text_start:end]
        pieces.append(part if raw else literals.unescape(part, offset + text_start))

    while at < len(body):
        if body.startswith(("{{", "}}"), at):
            text(at + 1)
            at += 2
            text_start = at
        elif body[at] == "{":
            text(at)
            if written := "".join(pieces):
                yield literals.normal(written)
            end = _closing_brace(body, at, offset)
            yield Hole(offset + at + 1, offset + end)
            pieces.clear()
            at = text_start = end + 1
        elif body[at] == "}":
            raise BadTemplate("a `}` closes nothing", offset + at)
        else:
            at += 2 if body[at] == "\\" and not raw else 1
    text(len(body))
    if written := "".join(pieces):
        yield literals.normal(written)


def _closing_brace(body: str, opening: int, offset: int) -> int:
    """Return where the hole that opens at `opening` ends, past nested braces and strings."""
    depth = 0
    quote = ""
    for at in range(opening, len(body)):
        char = body[at]
        if char == "\\":
            raise BadTemplate("a placeholder has no escapes: use single quotes in it", offset + at)
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if not depth:
                return at
    raise BadTemplate("a `{` is never closed", offset + opening)
