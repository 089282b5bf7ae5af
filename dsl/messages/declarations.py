"""Texts about actions, types, histories, calendars, permits and tests (GW06xx)."""

from __future__ import annotations

from collections.abc import Iterable

from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages.catalog import Finding, message, nearest
from gatewright.dsl.source import Span


@message("GW0601", "bad type argument")
def bad_type_argument(span: Span, name: str, wanted: str) -> Finding:
    help = (
        f"write `{name}`; a bound stands behind a type: `int >= 0`"
        if name not in _WITH_ARGUMENTS
        else None
    )
    return Finding(span, f"the type `{name}` takes {wanted}", help=help)


_WITH_ARGUMENTS = frozenset({"money", "string", "enum", "list", "map"})
"""Types whose message has an example."""


@message("GW0602", "field given twice")
def field_twice(span: Span, name: str, first: Span) -> Finding:
    return Finding(
        span,
        f"the field `{name}` is given twice",
        help="take one of them away, or give it another name",
        labels=(Label(first, "first given here"),),
    )


@message("GW0603", "unknown status")
def bad_status(span: Span, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"`{name}` is not a status of a past action",
        help=nearest(name, known) or f"the statuses are {', '.join(f'`{k}`' for k in known)}",
    )


@message("GW0604", "bad calendar")
def bad_calendar(span: Span, why: str, help: str) -> Finding:
    return Finding(span, why, help=help)


@message("GW0605", "bad target")
def bad_target(span: Span, why: str, help: str) -> Finding:
    return Finding(span, why, help=help)


@message("GW0606", "risk score out of range")
def bad_score(span: Span) -> Finding:
    return Finding(
        span,
        "a risk score is a whole number from 1 to 100",
        help="write one such as `=> 40`; scores add up, to 100 at most",
    )


@message("GW0607", "unknown subject of a test")
def unknown_subject(span: Span, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"`{name}` is neither an action nor a part of one",
        help=nearest(name, known)
        or "a test gives an action, or `agent`, `target`, `changes`, `context` or `data`",
    )


@message("GW0608", "test without an action")
def test_without_action(span: Span) -> Finding:
    return Finding(
        span,
        "this test gives no action to decide",
        help='add a line such as `given billing.refund { customer: "C-1" }`',
    )


@message("GW0609", "test without an expectation")
def test_without_expectation(span: Span) -> Finding:
    return Finding(
        span,
        "this test expects nothing, so it cannot fail",
        help="add a line such as `expect auto_run`, or `cases` with effects",
    )


@message("GW0610", "unknown field of a test")
def unknown_test_field(
    span: Span, what: str, name: str, known: Iterable[str], hint: str | None = None
) -> Finding:
    names = [*known]
    listed = (
        f"the fields are {', '.join(f'`{n}`' for n in names)}" if 0 < len(names) <= 12 else None
    )
    return Finding(
        span,
        f"{what} has no field `{name}`",
        help=hint or nearest(name, names) or listed or "take it away, or declare it",
    )


@message("GW0611", "row of a test table with the wrong number of values")
def wrong_case_width(span: Span, values: int, fields: int) -> Finding:
    given = "1 value" if values == 1 else f"{values} values"
    return Finding(
        span,
        f"this row has {given}, and the head names {fields} field{'s' if fields != 1 else ''}",
        help="separate values by `|`",
    )


@message("GW0612", "value that a test cannot know")
def not_a_test_value(span: Span, *, is_key: bool) -> Finding:
    if is_key:
        return Finding(span, "a test gives a field by its name", help="write it as `name: value`")
    return Finding(
        span,
        f"a test gives plain values, and `{span.text}` is known only when an action is decided",
        help="write a literal, a list, a map, or a `let` of these",
    )


@message("GW0613", "expectation given twice")
def one_expectation(span: Span, what: str, first: Span) -> Finding:
    return Finding(
        span,
        f"this test expects {what} twice, and an action has only one",
        help="keep one of them, or write a test for each action",
        labels=(Label(first, "first expected here"),),
    )


@message("GW0614", "permit for nobody")
def permit_without_agent(span: Span) -> Finding:
    return Finding(
        span,
        "a permit names an agent with an id that is not empty",
        help="write its id, or for several agents a condition: `permit when agent.team == ...`",
    )
