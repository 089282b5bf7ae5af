"""`-k EXPRESSION` -> which tests are meant: texts, combined by `and`, `or`, `not` and brackets.

A text is looked for in `package test name`, whatever its case. Words that follow one another are
one text, spaces included; quotes make `and` or a bracket part of a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Selects = Callable[[str], bool]

_TOKEN = re.compile(r"""\s*(?:(\()|(\))|"([^"]*)"|'([^']*)'|([^\s()"']+))""")
_WORDS = ("and", "or", "not")
_MAX_DEPTH = 50


class BadSelection(ValueError):
    """An expression that cannot be read."""


def selects(expression: str) -> Selects:
    """Return the predicate that an expression stands for; raises BadSelection.

    >>> wanted = selects("ladder and not (200 or finance)")
    >>> wanted("billing the ladder (amount: 50)"), wanted("billing the ladder (amount: 200)")
    (True, False)
    """
    return _Reader(_tokens(expression)).whole()


def _tokens(expression: str) -> list[tuple[str, str]]:
    """Split into brackets, operators and texts; neighbouring texts are joined by a space."""
    found: list[tuple[str, str]] = []
    position, end = 0, len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        if match is None:
            raise BadSelection("a quote is not closed")
        position = match.end()
        opening, closing, double, single, word = match.groups()
        if opening or closing:
            found.append((opening or closing, ""))
        elif word in _WORDS:
            found.append((word, ""))
        else:
            text = next(part for part in (double, single, word) if part is not None)
            if found and found[-1][0] == "text":
                text = f"{found.pop()[1]} {text}"
            found.append(("text", text))
    return found


class _Reader:
    """Reads tokens by descent: `or` binds least, `not` most."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def whole(self) -> Selects:
        result = self._either()
        if self._position < len(self._tokens):
            raise BadSelection(f"`{self._next()}` stands where it has no meaning")
        return result

    def _next(self) -> str:
        return self._tokens[self._position][0] if self._position < len(self._tokens) else ""

    def _take(self, kind: str) -> bool:
        if self._next() != kind:
            return False
        self._position += 1
        return True

    def _either(self) -> Selects:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return lambda name: any(part(name) for part in parts)

    def _all(self) -> Selects:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return lambda name: all(part(name) for part in parts)

    def _one(self) -> Selects:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BadSelection("it nests too deeply")
        try:
            if self._take("not"):
                inner = self._one()
                return lambda name: not inner(name)
            if self._take("("):
                inner = self._either()
                if not self._take(")"):
                    raise BadSelection("a bracket is not closed")
                return inner
            return self._text()
        finally:
            self._depth -= 1

    def _text(self) -> Selects:
        if self._next() != "text":
            what = f"before `{self._next()}`" if self._next() else "at the end"
            raise BadSelection(f"a text is missing {what}")
        wanted = self._tokens[self._position][1].casefold()
        self._position += 1
        return lambda name: wanted in name.casefold()
