"""Texts about conditions and other interpreters of CEL (GW09xx): `gatewright check --portable`."""

from __future__ import annotations

from gatewright.dsl.diagnostics import Label, Severity
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span


@message("GW0901", "condition that is no plain CEL", Severity.NOTE)
def not_portable(span: Span, what: str, help: str | None, condition: Span) -> Finding:
    within = condition.start <= span.start and span.end <= condition.end
    return Finding(
        span,
        f"this condition uses {what}, which plain CEL does not have",
        help,
        () if within else (Label(condition, "the condition"),),
    )


@message("GW0902", "condition that another CEL host cannot read", Severity.NOTE)
def not_read(span: Span) -> Finding:
    return Finding(
        span,
        "cel-python cannot read this condition as plain CEL",
        "a field may have the name of a word that CEL keeps for itself",
    )


@message("GW0903", "condition that another CEL host answers differently", Severity.WARNING)
def answered_differently(span: Span, ours: str, theirs: str, test: Span) -> Finding:
    return Finding(
        span,
        f"this condition is {ours} here and {theirs} in cel-python",
        "compare values of one kind, and write conversions out: `double(x) > 1.5`, or"
        " `duration(agent.age)` of a text in hours such as `72h`",
        (Label(test, "with the action of this test"),),
    )
