"""Diagnostics made by hand, for the tests of how they are shown."""

from __future__ import annotations

from gatewright.dsl.diagnostics import Diagnostic, Label, Severity
from gatewright.dsl.source import Source, Span


def span(source: Source, text: str, nth: int = 0) -> Span:
    """Return where `text` stands in a source, for the nth time."""
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(text, start + 1)
    return source.span(start, start + len(text))


def error(
    at: Span,
    message: str = "this is wrong",
    *labels: Label,
    help: str | None = None,
    severity: Severity = Severity.ERROR,
    code: str = "GW0101",
) -> Diagnostic:
    """Return a diagnostic."""
    return Diagnostic(code, severity, message, at, labels, help)
