"""Texts about routes, effects and orders of approval (GW05xx)."""

from __future__ import annotations

from collections.abc import Iterable

from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages.catalog import Finding, circle, message
from gatewright.dsl.source import Span


@message("GW0501", "route without approvers")
def no_approvers(span: Span, name: str) -> Finding:
    return Finding(
        span,
        f"the route `{name}` names nobody who may approve",
        help='add a line such as `one of group("support-managers")`',
    )


@message("GW0502", "empty approvers")
def empty_approvers(span: Span) -> Finding:
    return Finding(
        span,
        "nobody is named here, so nobody could ever approve",
        help='name people with `group("...")`, `role("...")` or `user("...")`',
    )


@message("GW0503", "quorum of nobody")
def bad_quorum(span: Span) -> Finding:
    return Finding(
        span, "at least one person must approve", help="write `one of`, `2 of`, `all of`"
    )


@message("GW0504", "quorum larger than the group")
def quorum_too_large(span: Span, quorum: int, people: int, name: str | None = None) -> Finding:
    """`name` is the text that alone stands there, if one does."""
    named = f"only {people} {'is' if people == 1 else 'are'} named"
    advice = "name more people"
    if name is not None:
        advice = f'name more people: a text is the id of one person, a group is `group("{name}")`'
    return Finding(span, f"{quorum} people must approve, and {named}", help=advice)


@message("GW0505", "routes that outrank each other")
def outranks_circle(span: Span, names: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"a route outranks itself: {circle(names)}",
        help="take one `outranks` away: an answer serves for the other route in one way only",
    )


@message("GW0506", "escalation in a circle")
def escalation_circle(span: Span, names: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"the escalation never ends: {circle(names)}",
        help="let the last route end with `then reject`",
    )


@message("GW0507", "time-out that approves something irreversible")
def approve_irreversible(span: Span, route: str, action: str, action_span: Span) -> Finding:
    return Finding(
        span,
        f"the route `{route}` would approve `{action}` by silence, which cannot be undone",
        help="write `then reject` or `then escalate <route>`",
        labels=(Label(action_span, "this action is `@irreversible`"),),
    )


@message("GW0508", "order of approvals in a circle")
def order_circle(span: Span, names: Iterable[str], other: Span | None) -> Finding:
    labels = (Label(other, "and this order says the opposite"),) if other else ()
    return Finding(
        span,
        f"each of these routes waits for the other: {circle(names)}",
        help="let every rule ask them in the same order",
        labels=labels,
    )


@message("GW0509", "on_error that opens")
def on_error_opens(span: Span) -> Finding:
    return Finding(
        span,
        "an error cannot lead to `auto_run`",
        help="write `on_error block`, or a route: `on_error require security`",
    )


@message("GW0510", "guard that opens")
def guard_opens(span: Span, name: str) -> Finding:
    return Finding(
        span,
        f"the guard `{name}` can only tighten, and `auto_run` does not",
        help="use a `rule` to open an action",
    )


@message("GW0511", "business days without a calendar")
def no_calendar(span: Span, known: Iterable[str]) -> Finding:
    names = sorted(known)
    return Finding(
        span,
        "business days need a calendar with a time zone",
        help=f"say which one counts here: {' or '.join(f'`calendar {name}`' for name in names)}"
        if names
        else 'declare one: `calendar office { zone "Europe/Berlin" days "mon-fri" '
        'hours "09:00-17:00" }`',
    )


@message("GW0512", "timers out of order")
def timers_out_of_order(span: Span, first: str, second: str) -> Finding:
    return Finding(
        span,
        f"the {first} comes at or after the {second}",
        help=f"make the {first} shorter than the {second}",
    )


@message("GW0513", "timer without a length")
def empty_timer(span: Span) -> Finding:
    return Finding(
        span, "a timer must be longer than nothing", help="give it a length such as `4h` or `30m`"
    )


@message("GW0514", "route required twice")
def route_twice(span: Span, name: str) -> Finding:
    return Finding(
        span,
        f"the route `{name}` is required twice in one effect",
        help="name it once; for two people of it write `2 of` in the route",
    )


@message("GW0515", "not people")
def not_people(span: Span, kind: str) -> Finding:
    return Finding(
        span,
        f"people are named here, and `{span.text}` is `{kind}`",
        help='use `group("...")`, `role("...")`, `user("...")`, an id, or a list of these',
    )
