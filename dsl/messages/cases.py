"""Texts about the rows of `cases` (GW043x)."""

from __future__ import annotations

from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span


@message("GW0430", "row after else")
def row_after_else(span: Span, otherwise: Span) -> Finding:
    return Finding(
        span,
        "no action reaches this row, since `else` comes before it",
        help="move `else` to the end",
        labels=(Label(otherwise, "takes everything that is left"),),
    )
