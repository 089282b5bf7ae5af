"""The registry behind the message functions: every code once, with a title for the docs.

A message function is declared with `@message("GW0301", "unknown field")`. It returns a `Finding`,
the texts of a diagnostic; the decorator adds code and severity.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from typing import ParamSpec

from gatewright.dsl.diagnostics import Diagnostic, Label, Severity
from gatewright.dsl.records import dataclass
from gatewright.dsl.similar import most_similar
from gatewright.dsl.source import Span

P = ParamSpec("P")
_LONGEST_QUOTE = 120
_LONGEST_TEXT = 2_000
_LONGEST_CIRCLE = 12
_MOST_CANDIDATES = 200
_MOST_COMPARED = 20_000
"""How many pairs of characters a name and its candidates may have, to be compared one by one."""
_MOST_COMPARED_NEAR = 5_000
"""As above, of candidates that were chosen from many."""
_NEIGHBOURS = 8
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
    """Put a text on one line, and cut what is very long, what it quotes first."""
    if "\n" in text or "\r" in text:
        text = " ".join(line.strip() for line in text.splitlines())
    text = _LONG_QUOTE.sub(r"`\1...`", text) if len(text) > _LONGEST_QUOTE else text
    return f"{text[:_LONGEST_TEXT]}..." if len(text) > _LONGEST_TEXT else text


def circle(names: Iterable[str]) -> str:
    """Return names that lead to one another, those in the middle of many left out.

    >>> circle(["a", "b", "a"])
    '`a` -> `b` -> `a`'
    """
    shown = [f"`{name}`" for name in names]
    if len(shown) > _LONGEST_CIRCLE:
        middle = f"... {len(shown) - _LONGEST_CIRCLE:,} more ..."
        shown = [*shown[: _LONGEST_CIRCLE - 2], middle, *shown[-2:]]
    return " -> ".join(shown)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return `did you mean X?` for the candidate nearest to `name`, or None.

    >>> nearest("amuont", ["amount", "customer"])
    'did you mean `amount`?'
    """
    found = closest(name, candidates)
    return f"did you mean `{found}`?" if found else None


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` is most like, or None if it is like none.

    Of very many or very long candidates, only those are looked at that begin or end as `name` does.
    Cost: linear in the candidates, without looking into each.
    """
    if len(name) > _LONGEST_QUOTE:
        return None
    names = tuple(candidates)
    if len(names) > _MOST_CANDIDATES or len(name) * sum(map(len, names)) > _MOST_COMPARED:
        return _closest_of_many(name, names)
    alike = sorted({c for c in names if _is_about_as_long(c, name)})
    return most_similar(name, alike)


def _closest_of_many(name: str, names: tuple[str, ...]) -> str | None:
    """Return the name most like another among its neighbours in order, forwards and backwards.

    Whoever mistypes a name in one place keeps what stands before it and what stands behind.
    """
    forwards, backwards = _in_order(names)
    near = {*_neighbours(forwards, name), *(c[::-1] for c in _neighbours(backwards, name[::-1]))}
    alike = [c for c in near if _is_about_as_long(c, name)]
    alike.sort(key=lambda c: (-_shared(c, name), c))
    most = 1 + _MOST_COMPARED_NEAR // (len(name) ** 2 + 1)
    return most_similar(name, alike[:most])


@lru_cache(maxsize=8)
def _in_order(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return names sorted, and sorted by their ends; the names of a package are asked for often."""
    distinct = set(names)
    return sorted(distinct), sorted(name[::-1] for name in distinct)


def _neighbours(ordered: list[str], name: str) -> list[str]:
    at = bisect_left(ordered, name)
    return ordered[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]


def _is_about_as_long(candidate: str, name: str) -> bool:
    return abs(len(candidate) - len(name)) <= len(name) // 2 + 2


def _shared(candidate: str, name: str) -> int:
    """Return how many characters two names share at their beginnings and ends."""
    begin = _alike(candidate, name)
    return begin + _alike(candidate[begin:][::-1], name[begin:][::-1])


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)))  # fmt: skip
