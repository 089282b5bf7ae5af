"""Texts about the rows of tiers, cases and tables (GW0401 to GW0419, GW043x)."""

from __future__ import annotations

from gatewright.dsl.diagnostics import Label, Severity
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span


@message("GW0401", "tier or table without rows")
def no_rows(span: Span, what: str) -> Finding:
    row = {"tier": "< 50 USD => auto_run", "cases": "else => block", "table": "_ => block"}[what]
    return Finding(span, f"this `{what}` has no rows", help=f"give it one, such as `{row}`")


@message("GW0402", "tier step that is not constant")
def step_not_constant(span: Span) -> Finding:
    return Finding(
        span,
        f"`{span.text}` is known only when an action is decided, so the tier cannot be checked",
        help="a step is a literal or a `let` of one; use `cases` to compare with other values",
    )


@message("GW0403", "tier over values without steps")
def no_ladder(span: Span, kind: str) -> Finding:
    return Finding(
        span,
        f"a tier cannot step over `{span.text}`, which is `{kind}`",
        help="a tier needs a number, money, a duration or a timestamp; use `table` or `cases`",
    )


@message("GW0404", "range upside down")
def upside_down(span: Span, low: str, high: str) -> Finding:
    return Finding(
        span,
        f"the range `{low} .. {high}` holds nothing: its start is greater than its end",
        help=f"write `{high} .. {low}`",
    )


@message("GW0405", "cell of another kind than its subject")
def cell_does_not_fit(span: Span, subject: Span, kind: str, advice: str | None) -> Finding:
    return Finding(
        span,
        f"`{span.text}` cannot be compared with `{subject.text}`, which is `{kind}`",
        advice,
        (Label(subject, "the subject"),),
    )


@message("GW0406", "steps of two kinds")
def mixed_steps(span: Span, kind: str, first: Span, first_kind: str) -> Finding:
    return Finding(
        span,
        f"this step is {kind}, an earlier one is {first_kind}",
        "one tier steps over values of one kind and one currency",
        (Label(first, f"{first_kind} here"),),
    )


@message("GW0407", "gap in a tier")
def gap(span: Span, missing: str, labels: tuple[Label, ...]) -> Finding:
    return Finding(
        span,
        f"nothing covers {missing}",
        "one row starts where another ends: `< 50`, `50 .. 200`, `> 200`;"
        " several ranges of money are a `cases`",
        labels,
    )


@message("GW0408", "overlap in a tier")
def tier_overlap(span: Span, both: str, first: Span) -> Finding:
    return Finding(
        span,
        f"this row and an earlier one both cover {both}",
        "give each value to one row: `< 50` ends before 50, `50 .. 200` starts with it;"
        " several ranges of money are a `cases`",
        (Label(first, "already covered by this row"),),
    )


@message("GW0409", "cell that matches nothing")
def matches_nothing(span: Span, subject: Span, kind: str) -> Finding:
    return Finding(
        span,
        f"no value of `{subject.text}`, which is `{kind}`, is `{span.text}`",
        help="write a value that it can have, or take the row away",
        labels=(Label(subject, "the subject"),),
    )


@message("GW0410", "wrong number of cells")
def wrong_number_of_cells(span: Span, found: int, expected: int, head: Span) -> Finding:
    cells = "1 cell" if found == 1 else f"{found} cells"
    return Finding(
        span,
        f"this row has {cells}, the table has {expected} subject{'s' if expected != 1 else ''}",
        "separate cells by `|`; `_` matches everything",
        (Label(head, "the subjects"),),
    )


@message("GW0411", "rows that overlap")
def rows_overlap(span: Span, example: str, first: Span) -> Finding:
    return Finding(
        span,
        f"this row and an earlier one both match {example}, with different effects",
        "make one of them narrower, or write `table strictest`, where the most restrictive wins",
        (Label(first, "this row matches too"),),
    )


@message("GW0412", "rows that may overlap")
def rows_may_overlap(span: Span, cell: str, first: Span) -> Finding:
    return Finding(
        span,
        f"this row and an earlier one may both match, with different effects:"
        f" `{cell}` is known only when an action is decided",
        "write `table strictest`, where the most restrictive row wins, or use constant cells",
        (Label(first, "this row may match too"),),
    )


@message("GW0413", "row that adds nothing", Severity.WARNING)
def row_adds_nothing(span: Span, *, same: bool, first: Span) -> Finding:
    return Finding(
        span,
        "this row repeats an earlier one"
        if same
        else "this row adds nothing: an earlier row with the same effect covers it",
        "take it away",
        (Label(first, "the earlier row"),),
    )


@message("GW0430", "row after else")
def row_after_else(span: Span, otherwise: Span) -> Finding:
    return Finding(
        span,
        "no action reaches this row, since `else` comes before it",
        help="move `else` to the end",
        labels=(Label(otherwise, "takes everything that is left"),),
    )
