"""Texts of the lints (GW1xxx): advice on policies that are correct, all of them warnings."""

from __future__ import annotations

from collections.abc import Iterable

from gatewright.dsl.diagnostics import Label, Severity
from gatewright.dsl.messages.catalog import Finding, message, nearest
from gatewright.dsl.messages.syntax import describe_character
from gatewright.dsl.source import Span


@message("GW1001", "rule that can never match", Severity.WARNING)
def never_matches(span: Span, what: str, one: Span, other: Span) -> Finding:
    return Finding(
        span,
        f"{what} can never match: its conditions contradict each other",
        "take it away, or widen one of the conditions",
        (Label(other, "where this holds"), Label(one, "this cannot hold")),
    )


@message("GW1002", "declaration that concerns no action", Severity.WARNING)
def concerns_no_action(span: Span, what: str, pattern: str | None, hint: str | None) -> Finding:
    if pattern is None:
        return Finding(
            span,
            f"{what} concerns no action: its package declares none",
            hint or "say which actions it is about, as in `on billing.*`",
        )
    return Finding(
        span,
        f"`{pattern}` covers no action that is declared",
        hint or "declare the action, so that its fields are checked, or take the pattern away",
    )


@message("GW1003", "condition that is always true or always false", Severity.WARNING)
def constant_condition(span: Span, *, truth: bool, most_risk: int | None) -> Finding:
    """`most_risk` is what the risk may be, of a condition that looks at it."""
    return Finding(
        span,
        f"this condition is always {'true' if truth else 'false'}",
        "compare with a value that the field can have, or take the condition away"
        if most_risk is None
        else f"the risks of this set add up to {most_risk} at most: compare with less",
    )


@message("GW1004", "rule hidden by a block", Severity.WARNING)
def hidden_by_block(span: Span, what: str, guard: str, place: Span) -> Finding:
    return Finding(
        span,
        f"{what} decides nothing: `{guard}` blocks whatever it matches",
        "take it away, or give the block a narrower condition",
        (Label(place, "blocked here"),),
    )


@message("GW1005", "route that nothing requires", Severity.WARNING)
def unused_route(span: Span, name: str) -> Finding:
    return Finding(
        span, f"nothing requires the route `{name}`", "take it away, or use it in an effect"
    )


@message("GW1006", "unused let", Severity.WARNING)
def unused_let(span: Span, name: str) -> Finding:
    return Finding(span, f"the value `{name}` is never used", "take it away")


@message("GW1007", "unused history", Severity.WARNING)
def unused_history(span: Span, name: str) -> Finding:
    return Finding(
        span,
        f"the history `{name}` is never asked",
        f"take it away, or ask it: `{name}.count(agent: agent.id, within: 24h)`",
    )


@message("GW1008", "unused type", Severity.WARNING)
def unused_type(span: Span, name: str) -> Finding:
    return Finding(span, f"no action and no field has the type `{name}`", "take it away")


@message("GW1009", "unused calendar", Severity.WARNING)
def unused_calendar(span: Span, name: str) -> Finding:
    return Finding(
        span,
        f"the calendar `{name}` is never used",
        f"take it away, or use it: `now.in({name})`, or `calendar {name}` in a route",
    )


@message("GW1010", "unused import", Severity.WARNING)
def unused_import(span: Span, package: str, name: str) -> Finding:
    return Finding(span, f"nothing of `{package}` is used as `{name}`", "take the import away")


@message("GW1011", "irreversible action runs without a bound", Severity.WARNING)
def unbounded_auto_run(span: Span, action: str, fields: Iterable[str], declared: Span) -> Finding:
    names = " or ".join(f"`{name}`" for name in fields)
    return Finding(
        span,
        f"`{action}` cannot be undone, and runs here whatever its {names} is",
        "add a condition with an upper bound, or require a route above one",
        (Label(declared, "declared irreversible"),),
    )


@message("GW1012", "threshold that can be passed in parts", Severity.WARNING)
def split_threshold(span: Span, action: str, field: str, place: Span) -> Finding:
    return Finding(
        span,
        f"many small actions can pass this threshold: nothing sums `{field}` of `{action}`",
        "add a guard on the total of a time, as in"
        f" `when past.sum({field}, agent: agent.id, within: 24h) + action.{field} > ...`",
        (Label(place, "the threshold"),) if place != span else (),
    )


@message("GW1013", "exception that is over", Severity.WARNING)
def expired_exception(span: Span, name: str, until: str) -> Finding:
    return Finding(
        span, f"the exception `{name}` ended at {until}", "take it away, so that nobody revives it"
    )


@message("GW1014", "letters that look like others", Severity.WARNING)
def look_alike(span: Span, word: str, char: str, latin: str) -> Finding:
    return Finding(
        span,
        f"`{word}` has {describe_character(char)}, which looks like `{latin}`",
        "write the word in one alphabet: other text that looks the same is not equal to it",
    )


@message("GW1015", "characters that cannot be seen", Severity.WARNING)
def hidden_character(span: Span, char: str) -> Finding:
    return Finding(
        span,
        f"this text has {describe_character(char)}, which a reader cannot see",
        f"take it away, or write it as `\\u{ord(char):04x}`"
        if ord(char) <= 0xFFFF
        else f"take it away, or write it as `\\U{ord(char):08x}`",
    )


@message("GW1016", "rule without a test", Severity.WARNING)
def untested_rule(span: Span, what: str, actions: Iterable[str], untried: int | None) -> Finding:
    """`untried` is how many rules a set without any test has besides; None where it has tests."""
    names = sorted(actions)
    example = names[0] if names else "billing.refund"
    told = f"no test gives an action that {what} covers"
    if untried is not None:
        others = f" and {untried} more rule{'s' if untried > 1 else ''}" if untried else ""
        told = f"the policy set has no test: nothing tries {what}{others}"
    return Finding(
        span,
        told,
        f'add one: `test "..." {{ given {example} {{ ... }} expect ... }}`',
    )


@message("GW1017", "block without a reason", Severity.WARNING)
def block_without_because(span: Span, what: str) -> Finding:
    return Finding(
        span,
        f"{what} blocks without saying why",
        'add `because "..."`: it is what the person who asks is shown',
    )


@message("GW1018", "route that another one absorbs", Severity.WARNING)
def absorbed_route(span: Span, name: str, by: str, place: Span) -> Finding:
    return Finding(
        span,
        f"`{name}` is never asked here: `{by}` outranks it and is needed too",
        f"take `{name}` away, or ask it first: `require {name} then {by}`",
        (Label(place, f"`{by}` serves for it"),),
    )


@message("GW1019", "unknown lint", Severity.WARNING)
def unknown_lint(span: Span, name: str, known: Iterable[str]) -> Finding:
    names = sorted(known)
    return Finding(span, f"there is no lint `{name}`", nearest(name, names))


@message("GW1020", "exclusion of the requester lost", Severity.WARNING)
def lost_exclusion(span: Span, name: str, lost: Iterable[str], all_of: Iterable[str]) -> Finding:
    who = " and ".join(f"`{each}`" for each in lost)
    return Finding(
        span,
        f"this replaces the default of the route `{name}`: {who} may approve",
        f"name them again: `exclude {', '.join(all_of)}`",
    )


@message("GW1021", "approver that the agent chooses", Severity.WARNING)
def chosen_approver(span: Span, route: str, place: Span) -> Finding:
    return Finding(
        span,
        "the agent says who approves: this is its own word",
        "name people by a group, by an attribute of the target, or by `data`",
        (Label(place, f"`{route}` asks whom it names"),),
    )


@message("GW1022", "default that silence opens", Severity.WARNING)
def opened_by_silence(span: Span, kind: str, route: str, place: Span) -> Finding:
    what = "what no rule opens" if kind == "default" else "what could not be evaluated"
    return Finding(
        span,
        f"{what} runs where nobody answers: `{route}` approves by silence",
        "ask a route here that ends with `then reject`",
        (Label(place, "this approves when its time is over"),),
    )


@message("GW1023", "escalation to a weaker route", Severity.WARNING)
def weaker_escalation(
    span: Span, route: str, heir: str, what: str, advice: str, place: Span
) -> Finding:
    return Finding(
        span,
        f"silence weakens `{route}`: it escalates to `{heir}`, {what}",
        advice,
        (Label(place, "declared here"),),
    )


@message("GW1024", "bound that takes one currency alone", Severity.WARNING)
def one_currency_bound(span: Span, field: str, currency: str, bound: str) -> Finding:
    return Finding(
        span,
        f"`{field}` is money of any currency, and its bound is in {currency}: no other ever fits",
        f"write `money({currency}) {bound}`; where several currencies are meant, take the bound"
        f" away and let a guard look at the number: `{field}.amount`",
    )


@message("GW1025", "sum over several currencies", Severity.WARNING)
def mixed_currencies(span: Span, field: str, history: str, place: Span) -> Finding:
    return Finding(
        span,
        f"the `{field}` of `{history}` may be in several currencies, and a sum of two is an error",
        f'sum one currency: `where ... && {field}.currency == "USD"` in the history, or the type'
        " `money(USD)` in the action",
        (Label(place, "its past actions are of any currency"),),
    )


@message("GW1026", "ladder that asks less of larger amounts", Severity.WARNING)
def reversed_ladder(span: Span, effect: str, stricter: str, place: Span) -> Finding:
    return Finding(
        span,
        f"`{effect}` is less than what smaller amounts need: the effects may be swapped",
        "put the stricter effect on the larger amounts; where the smaller ones are the risk, say"
        ' so: `@allow("reversed-ladder")`',
        (Label(place, f"`{stricter}` here"),),
    )


@message("GW1027", "test of an action that may be misspelt", Severity.WARNING)
def misspelt_test(span: Span, name: str, meant: str) -> Finding:
    return Finding(
        span,
        f"no action `{name}` is declared: this tries patterns alone",
        f"did you mean `{meant}`?",
    )


@message("GW1028", "user with the name of a group", Severity.WARNING)
def user_or_group(span: Span, name: str, route: str, kind: str, place: Span) -> Finding:
    return Finding(
        span,
        f"`{name}` is one person for the route `{route}`, and a {kind} elsewhere",
        f'write `{kind}("{name}")`; a person alone is `user("...")` with an id of their own',
        (Label(place, f"a {kind} here"),),
    )


@message("GW1029", "letters that the text cannot have", Severity.WARNING)
def impossible_case(span: Span, function: str, text: str, wanted: str) -> Finding:
    gone = "capital" if function == "lowerAscii" else "small"
    return Finding(
        span,
        f"`{function}()` leaves no {gone} letter, so nothing is ever equal to `{text}`",
        f'write `"{wanted}"`',
    )


@message("GW1030", "threshold that no rule covers", Severity.WARNING)
def missed_threshold(span: Span, subject: str, value: str, below: Span) -> Finding:
    return Finding(
        span,
        f"no rule covers `{subject}` of exactly `{value}`: it gets the default",
        "let one of the two include it, with `<=` or `>=`",
        (Label(below, "the other one"),),
    )


@message("GW1031", "pattern with an open end that opens", Severity.WARNING)
def unanchored_pattern(span: Span) -> Finding:
    return Finding(
        span,
        "this pattern is found anywhere in a text, so what stands before or behind it is not asked",
        "say what the whole text is: begin the pattern with `^` and end it with `$`",
    )


@message("GW1032", "limit that does not count what is pending", Severity.WARNING)
def pending_left_out(span: Span, history: str, place: Span) -> Finding:
    return Finding(
        span,
        f"`{history}` leaves out what is pending: actions proposed at once do not see one another",
        'count it too: `status in ["executed", "pending"]`',
        (Label(place, "a limit by this history"),),
    )


@message("GW1033", "change that nothing looks at", Severity.WARNING)
def unwatched_change(span: Span, field: str, beside: Iterable[str], declared: Span) -> Finding:
    *most, last = [f"`{name}`" for name in beside]
    names = f"{', '.join(most)} and {last}" if most else last
    return Finding(
        span,
        f"with `{field}`, {names} may change here too, and no rule looks at that",
        f'ask that nothing else changes: `changes.only(["{field}"])`',
        (Label(declared, "declared here"),),
    )


@message("GW1034", "expression that is always an error", Severity.WARNING)
def always_an_error(span: Span, why: str, advice: str) -> Finding:
    return Finding(span, f"this is always an error: {why}", advice)


@message("GW1035", "permit for an agent that looks like a pattern", Severity.WARNING)
def agent_pattern(span: Span, agent: str, condition: str | None) -> Finding:
    """`condition` is what the pattern may mean, if that can be told."""
    example = condition or 'agent.team == "..."'
    return Finding(
        span,
        f"this permits an agent whose id is exactly `{agent}`: an id is no pattern",
        f"for several agents, write a condition: `permit when {example}`",
    )


@message("GW1036", "row of a table that needs another change", Severity.WARNING)
def unasked_change(span: Span, asked: Iterable[str], other: Iterable[str]) -> Finding:
    fields, others = (" and ".join(f"`{name}`" for name in names) for names in (asked, other))
    return Finding(
        span,
        f"this row looks at {fields} alone, and applies only where {others} changes too",
        f"write a guard of its own over {fields}",
    )


@message("GW1037", "auto_run where another rule requires somebody", Severity.WARNING)
def idle_auto_run(span: Span, what: str, rule: str, place: Span) -> Finding:
    return Finding(
        span,
        f"{what} lets nothing run: `{rule}` requires somebody for whatever it matches",
        "the most restrictive effect wins; write both as rows of one `tier` or `cases`, or give the"
        " other rule a narrower condition",
        (Label(place, "required here"),),
    )
