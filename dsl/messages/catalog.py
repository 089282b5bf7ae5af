"""The registry behind the message functions: every code once, with a title for the docs.

A message function is declared with `@message("GW0301", "unknown field")`. It returns a `Finding`,
the texts of a diagnostic; the decorator adds code and severity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

from gatewright.dsl.diagnostics import Diagnostic, Label, Severity
from gatewright.dsl.records import dataclass
from gatewright.dsl.similar import most_similar
from gatewright.dsl.source import Span

P = ParamSpec("P")
_LONGEST_QUOTE = 120
_MOST_CANDIDATES = 200
_LONG_QUOTE = re.compile(rf"`([^`]{{{_LONGEST_QUOTE}}})[^`]+`")

TITLES: dict[str, str] = {}
"""Every diagnostic code with the title of its section in `docs/diagnostics.md`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a message function says: the sentence, the place, labels and advice."""

    span: Span
    message: str
    help: str | None = None
    labels: tuple[Label, ...] = ()


def message(
    code: str, title: str, severity: Severity = Severity.ERROR
) -> Callable[[Callable[P, Finding]], Callable[P, Diagnostic]]:
    """Register a message function under a code that no other function has."""
    if code in TITLES:
        raise ValueError(f"{code} is taken by {TITLES[code]!r}")
    TITLES[code] = title

    def decorate(texts: Callable[P, Finding]) -> Callable[P, Diagnostic]:
        @wraps(texts)
        def build(*args: P.args, **kwargs: P.kwargs) -> Diagnostic:
            f = texts(*args, **kwargs)
            labels = tuple(Label(label.span, _short(label.text)) for label in f.labels)
            advice = f.help and _short(f.help)
            return Diagnostic(code, severity, _short(f.message), f.span, labels, advice)

        return build

    return decorate


def _short(text: str) -> str:
    """Put a text on one line, and cut what it quotes where that is very long."""
    if "\n" in text or "\r" in text:
        text = " ".join(line.strip() for line in text.splitlines())
    return _LONG_QUOTE.sub(r"`\1...`", text) if len(text) > _LONGEST_QUOTE else text


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return `did you mean X?` for the candidate nearest to `name`, or None.

    >>> nearest("amuont", ["amount", "customer"])
    'did you mean `amount`?'
    """
    found = closest(name, candidates)
    return f"did you mean `{found}`?" if found else None


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` is most like, or None if it is like none.

    Of very many candidates, only those about as long are looked at.
    """
    if len(name) > _LONGEST_QUOTE:
        return None
    names = sorted(c for c in set(candidates) if abs(len(c) - len(name)) <= len(name) // 2 + 2)
    if len(names) > _MOST_CANDIDATES:
        names = [c for c in names if c[:1] == name[:1]][:_MOST_CANDIDATES]
    return most_similar(name, names)
