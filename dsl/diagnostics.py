"""Diagnostics: what is wrong with a policy, where, and what to do about it.

A `Diagnostic` is plain data. The texts are made in `gatewright.dsl.messages`, one function each;
`gatewright.dsl.rendering.text` turns diagnostics into text with carets, JSON or SARIF.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from gatewright.dsl.records import dataclass, field
from gatewright.dsl.source import Span

MAX_REPORTED = 100
"""How many diagnostics a run keeps; the rest are only counted."""
MAX_FOUND = 200
"""After so many errors a set is not looked at any further."""


NOT_UTF8 = "GW0801"
"""The code of a file that is no text: of all errors it says most, and commands exit with 2."""


class Severity(StrEnum):
    """How much a diagnostic weighs: only an error refuses the policy set; a note is information."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that belongs to a diagnostic: `first declared here`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a stable code, a lower-case sentence, a place, labels and advice."""

    code: str
    severity: Severity
    message: str
    span: Span
    labels: tuple[Label, ...] = ()
    help: str | None = None

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order by file, place, code and text."""
        span = self.span
        return (span.source.name, span.start, span.end, self.code, self.message)

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}[{self.code}]: {self.message}"


@dataclass(slots=True)
class Diagnostics:
    """Collects diagnostics: without repeats, sorted when read, capped at `MAX_REPORTED`."""

    _found: dict[tuple[object, ...], Diagnostic] = field(
        default_factory=dict[tuple[object, ...], Diagnostic]
    )

    def add(self, diagnostic: Diagnostic) -> None:
        """Add one; the same message at the same place counts once."""
        self._found.setdefault(diagnostic.sort_key(), diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add several."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def has_errors(self) -> bool:
        """Whether anything refuses the policy set."""
        return any(d.severity is Severity.ERROR for d in self._found.values())

    @property
    def omitted(self) -> int:
        """How many were found beyond the cap."""
        return max(0, len(self._found) - MAX_REPORTED)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Diagnostic]:
        """Iterate in order of place. What the cap keeps: files that are no text, then errors."""
        found = sorted(self._found.values(), key=Diagnostic.sort_key)
        if len(found) > MAX_REPORTED:
            found.sort(key=_rank)
            found = sorted(found[:MAX_REPORTED], key=Diagnostic.sort_key)
        return iter(found)


def _rank(diagnostic: Diagnostic) -> tuple[bool, bool]:
    """Order by how much a diagnostic says, most first."""
    return diagnostic.code != NOT_UTF8, diagnostic.severity is not Severity.ERROR


class PolicyError(Exception):
    """A policy set that cannot be used. `.diagnostics` says why, in order of place."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("\n".join(_with_help(d) for d in self.diagnostics))

    def __reduce__(self) -> tuple[type[PolicyError], tuple[object, ...]]:
        return type(self), (self.diagnostics,)


def _with_help(diagnostic: Diagnostic) -> str:
    """Write a diagnostic with its advice, as a traceback shows it."""
    advice = f"\n  = help: {diagnostic.help}" if diagnostic.help else ""
    return f"{diagnostic}{advice}"


class Unreadable(Exception):
    """A path that cannot be read at all; commands end with exit code 2."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why

    def __reduce__(self) -> tuple[type[Unreadable], tuple[str, str]]:
        return type(self), (self.path, self.why)
