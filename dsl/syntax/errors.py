"""Where the parser stopped -> diagnostics in words of the language."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatewright.dsl.diagnostics import Diagnostic, Label
from gatewright.dsl.messages import syntax as messages
from gatewright.dsl.source import Source, Span
from gatewright.dsl.syntax.automaton import Stopped
from gatewright.dsl.syntax.expected import DECLARATIONS, EFFECTS, describe
from gatewright.dsl.syntax.hints import hint, widened
from gatewright.dsl.syntax.scan import Scan, next_text, text_end, token_end
from gatewright.dsl.syntax.slip import CONDITION, Slip, starts_line

_LAST_WORD = re.compile(r"(=>|[A-Za-z_0-9]+|[^\sA-Za-z_0-9])\s*\Z")
_MOST = 5
_LONGEST = 40
_CLOSERS = {"(": "RPAR", "[": "RSQB", "{": "RBRACE"}

_AFTER_OPENER = {
    "default": EFFECTS,
    "on_error": EFFECTS,
    "permit": frozenset({"AGENT", "WHEN"}),
    "test": frozenset({"STRING"}),
    "absolute": frozenset({"KW_GUARD"}),
} | dict.fromkeys(
    ("action", "type", "let", "history", "calendar", "route", "risk", "rule", "guard",
     "exception", "invariant"),
    frozenset({"NAME"}),
)  # fmt: skip
"""What follows the word that opens a declaration; where it does not, the word is read as a name."""


def explain(
    error: Stopped,
    source: Source,
    begin: int,
    end: int,
    found: Scan,
    after: str = "a declaration",
) -> Diagnostic:
    """Return the diagnostic of a syntax error in the range `begin` to `end` of a source.

    `after` is what may follow where the text may end.
    """
    at, terminals = error.at, error.accepted
    if at is None:
        before = _before(source, begin, text_end(source.text, end, found))
        return _at_end(source, begin, end, found, terminals, describe(terminals, before))
    span = _span(error, source, begin + at)
    if terminals & (DECLARATIONS | {"$END"}) and span.text in _AFTER_OPENER and starts_line(span):
        return _after_opener(source, span, end, found)
    before = _before(source, begin, span.start)
    if before in ("not", "NOT", "if") and "COMPARE" in terminals:
        # The word itself was read as a name.
        start = source.text.rindex(before, begin, span.start)
        span = source.span(start, start + len(before))
        terminals = CONDITION
        expected = ["a condition"]
    else:
        expected = describe(terminals, before, after)
    slip = Slip(span, before, terminals, found)
    return _unexpected(span, f"`{_short(span.text)}`", expected, hint(slip),
                       _open_bracket(source, begin, span.start, found, terminals))  # fmt: skip


def _unexpected(
    span: Span, what: str, expected: Sequence[str], advice: str | None, labels: tuple[Label, ...]
) -> Diagnostic:
    return messages.unexpected(span, what, expected[:_MOST], advice, labels)


def _after_opener(source: Source, opener: Span, end: int, found: Scan) -> Diagnostic:
    """Explain what follows the word that opens a declaration, and should not."""
    at = next_text(source.text, opener.end)
    terminals = _AFTER_OPENER[opener.text]
    expected = describe(terminals, opener.text)
    if at >= end:
        return _at_end(source, opener.start, end, found, frozenset(), expected)
    span = _word_at(source, at)
    slip = Slip(span, opener.text, terminals, found)
    return _unexpected(span, f"`{_short(span.text)}`", expected, hint(slip), ())


def _at_end(
    source: Source,
    begin: int,
    end: int,
    found: Scan,
    terminals: frozenset[str],
    expected: Sequence[str],
) -> Diagnostic:
    """Explain that the text, or this declaration of it, ends too early."""
    last = max(begin, text_end(source.text, end, found) - 1)
    span = source.span(last, min(last + 1, len(source.text)))
    whole = next_text(source.text, end) >= len(source.text)
    what = "end of the file" if whole else "end of the declaration"
    labels = _open_bracket(source, begin, end, found, terminals)
    return _unexpected(span, what, expected, None, labels)


def _open_bracket(
    source: Source, begin: int, end: int, found: Scan, terminals: frozenset[str]
) -> tuple[Label, ...]:
    """Point at the innermost bracket that is never closed, where it could be closed."""
    inside = [(b, offset) for b, offset in found.unclosed if begin <= offset < end]
    if not inside:
        return ()
    bracket, offset = inside[-1]
    if _CLOSERS[bracket] not in terminals:
        return ()
    return (Label(source.span(offset, offset + 1), f"this `{bracket}` is never closed"),)


def _span(error: Stopped, source: Source, at: int) -> Span:
    """Return what stands at an error: the token, a sign of another language, a character."""
    wide = widened(source.text, at)
    if wide is not None:
        return source.span(*wide)
    word = _word_at(source, at)
    if error.at is not None and error.end is not None:
        return source.span(at, max(at + error.end - error.at, word.end))
    return word


def _word_at(source: Source, at: int) -> Span:
    """Return the word, string or sign that stands at an offset."""
    return source.span(at, token_end(source.text, at))


def _before(source: Source, begin: int, at: int) -> str:
    """Return the word or sign before an offset."""
    match = _LAST_WORD.search(source.text[max(begin, at - 100) : at])
    return match.group(1) if match else ""


def _short(text: str) -> str:
    """Return the first line of a text, cut where it is long."""
    first = text.splitlines()[0] if text else text
    return first if len(first) <= _LONGEST else first[: _LONGEST - 3] + "..."
