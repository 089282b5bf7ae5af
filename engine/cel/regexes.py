"""Regular expressions: matches, regex.replace, regex.extract, regex.extractAll.

RE2 syntax and linear time. A compiled pattern is small (its program is bounded) and cached; what
matching costs is charged before it is done. This module alone knows the regex library. Source:
docs/language.md#expressions; cel-go ext README, "Regex".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Protocol, cast

import re2  # type: ignore[import-untyped]

from gatewright.engine.cel.budget import CHARS_A_STEP, Budget
from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import NOTHING, OptionalValue, nfc

LIBRARY = Library()

MAX_PATTERN_CHARS = 1_000
_MAX_MEMORY_BYTES = 1 << 20
_CACHED_PATTERNS = 256
# A program of that many instructions is charged like one step a piece of text.
_INSTRUCTIONS_A_STEP = 50
_TEMPLATE_PIECE = re.compile(r"([^\\]+)|(\\.?)", re.DOTALL)


# The library has no types; these two protocols say what is used of it.
_RE2 = cast(Any, re2)


class Match(Protocol):
    """What the regex library gives for a match; offsets count code points."""

    def start(self) -> int:
        """Return where the match begins."""
        ...

    def end(self) -> int:
        """Return the position behind the match."""
        ...

    def group(self, number: int) -> str | None:
        """Return the text of a group, 0 for the whole match."""
        ...


class Pattern(Protocol):
    """A compiled pattern of the regex library."""

    @property
    def groups(self) -> int:
        """How many groups it has."""
        ...

    @property
    def programsize(self) -> int:
        """How many instructions it was compiled to."""
        ...

    def search(self, text: str) -> Match | None:
        """Return the first match."""
        ...

    def finditer(self, text: str) -> Iterable[Match]:
        """Go through the matches that do not overlap."""
        ...


@lru_cache(_CACHED_PATTERNS)
def compiled(pattern: str) -> Pattern:
    """Compile an RE2 pattern; raises EvaluationError `invalid_argument` where it is not one."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise EvaluationError(
            "invalid_argument", f"a pattern has at most {MAX_PATTERN_CHARS} characters"
        )
    options = _RE2.Options()
    options.max_mem = _MAX_MEMORY_BYTES
    options.log_errors = False
    try:
        return cast(Pattern, _RE2.compile(nfc(pattern), options))
    except (_RE2.error, UnicodeEncodeError):
        raise EvaluationError(
            "invalid_argument", "the pattern is not a regular expression (RE2 syntax)"
        ) from None


def _prepare(budget: Budget, text: str, pattern: str) -> Pattern:
    """Compile, and charge for one walk over the text."""
    ready = compiled(pattern)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise EvaluationError("invalid_argument", "the text is not valid Unicode") from None
    pieces = 1 + len(text) // CHARS_A_STEP
    more_steps_a_piece = ready.programsize // _INSTRUCTIONS_A_STEP
    budget.charge_text(pieces * CHARS_A_STEP)
    budget.charge(pieces * more_steps_a_piece)
    return ready


@LIBRARY.function("matches", "string", "string", metered=True)
@LIBRARY.member("matches", "string", "string", metered=True)
def matches(budget: Budget, text: str, pattern: str) -> bool:
    text = nfc(text)
    return _prepare(budget, text, pattern).search(text) is not None


def _each(budget: Budget, ready: Pattern, text: str) -> Iterator[Match]:
    """Find all matches; an empty one right behind another does not count."""
    last_end = -1
    for match in ready.finditer(text):
        budget.charge()
        if match.start() != match.end() or match.start() != last_end:
            yield match
        last_end = match.end()


@LIBRARY.function("regex.replace", "string", "string", "string", metered=True)
def replace(budget: Budget, text: str, pattern: str, replacement: str) -> str:
    return replace_some(budget, text, pattern, replacement, -1)


@LIBRARY.function("regex.replace", "string", "string", "string", "int", metered=True)
def replace_some(budget: Budget, text: str, pattern: str, replacement: str, limit: int) -> str:
    ready = _prepare(budget, text, pattern)
    template = _template(replacement, ready.groups)
    pieces: list[str] = []
    last = 0
    for count, match in enumerate(_each(budget, ready, text)):
        if count == limit:
            break
        pieces.append(text[last : match.start()])
        for part in template:
            piece = part if isinstance(part, str) else match.group(part) or ""
            budget.charge(1 + len(piece) // CHARS_A_STEP)
            pieces.append(piece)
        last = match.end()
    return "".join((*pieces, text[last:]))


def _template(replacement: str, groups: int) -> tuple[str | int, ...]:
    r"""Split a replacement into texts and numbers of groups: `\2-\1` is 2, "-", 1."""
    parts: list[str | int] = []
    for text, escaped in _TEMPLATE_PIECE.findall(replacement):
        if not escaped:
            parts.append(text)
        elif escaped == "\\\\":
            parts.append("\\")
        elif len(escaped) == 2 and escaped[1] in "0123456789" and int(escaped[1]) <= groups:
            parts.append(int(escaped[1]))
        else:
            raise EvaluationError(
                "invalid_argument",
                "in a replacement a backslash stands before another or the number of a group",
            )
    return tuple(parts)


@LIBRARY.function("regex.extract", "string", "string", metered=True)
def extract(budget: Budget, text: str, pattern: str) -> OptionalValue:
    ready = _prepare(budget, text, pattern)
    group = _wanted_group(ready)
    match = ready.search(text)
    found = None if match is None else match.group(group)
    # An empty group is as good as none; an empty match is a match.
    if found is None or (group and not found):
        return NOTHING
    return OptionalValue.of(found)


@LIBRARY.function("regex.extractAll", "string", "string", metered=True)
def extract_all(budget: Budget, text: str, pattern: str) -> tuple[str, ...]:
    ready = _prepare(budget, text, pattern)
    group = _wanted_group(ready)
    found = (match.group(group) or "" for match in _each(budget, ready, text))
    return tuple(text for text in found if text or not group)


def _wanted_group(ready: Pattern) -> int:
    if ready.groups > 1:
        raise EvaluationError("invalid_argument", "the pattern has more than one group to extract")
    return ready.groups
