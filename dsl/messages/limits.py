"""Texts about limits: size, tokens, nesting, cost (GW07xx)."""

from __future__ import annotations

from gatewright.dsl import limits
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span


@message("GW0701", "file too large")
def file_too_large(
    span: Span, most_bytes: int, *, is_data: bool = False, laid_out: bool = False
) -> Finding:
    return Finding(
        span,
        f"the file {'would be' if laid_out else 'is'} larger than {most_bytes // 1024:,} KiB"
        + " when it is formatted" * laid_out,
        help="split it: give parts of it as `data/name.json`"
        if is_data
        else "split it: several files may share a package",
    )


@message("GW0702", "too many tokens")
def too_many_tokens(span: Span) -> Finding:
    return Finding(
        span,
        f"the file has more than {limits.MAX_TOKENS:,} tokens",
        help="split it: several files may share a package",
    )


@message("GW0703", "nested too deeply")
def too_deep(span: Span, *, is_type: bool = False) -> Finding:
    return Finding(
        span,
        f"this is nested more than {limits.MAX_DEPTH} levels deep",
        help="let a type have fewer types inside" if is_type else "name a part of it with `let`",
    )


@message("GW0704", "condition too costly")
def too_costly(span: Span, cost: int, limit: int, unbounded: int) -> Finding:
    shown = f"{cost:,}" if cost < 10**9 else "more than 1,000,000,000"
    return Finding(
        span,
        f"this can take {shown} steps, and a condition may take {limit:,}",
        help=f"what has no declared length counts as {unbounded:,}: declare `string(max: n)`, ask"
        " `x in list` or `sets.contains(...)` instead of a macro inside a macro, or move it into"
        " a history",
    )


@message("GW0705", "too many values in data")
def too_many_values(span: Span) -> Finding:
    return Finding(
        span,
        f"the document holds more than {limits.MAX_VALUES:,} values",
        help="keep what policies ask for, and leave the rest away",
    )


@message("GW0706", "too many rows of `cases`")
def too_many_cases(span: Span) -> Finding:
    return Finding(
        span,
        f"one `cases` has at most {limits.MAX_CASES:,} rows",
        help="write a `tier` or a `table`, whose rows know nothing of each other, or keep values in"
        " `data`",
    )


@message("GW0707", "too many lines of conditions")
def too_many_clauses(span: Span, kind: str) -> Finding:
    return Finding(
        span,
        f"a {kind} has at most {limits.MAX_CLAUSES} lines of `when` and `unless`",
        help="join conditions with `&&`, or write several of these",
    )


@message("GW0708", "too many routes that outrank each other")
def too_many_outranked(span: Span) -> Finding:
    return Finding(
        span,
        "with this route there are more than"
        f" {limits.MAX_OUTRANKED:,} pairs of routes of which one outranks the other",
        help="let fewer routes outrank one another: who outranks a route also outranks all below",
    )


@message("GW0709", "too many routes of an effect")
def too_many_required(span: Span) -> Finding:
    return Finding(
        span,
        f"an effect requires at most {limits.MAX_REQUIRED} routes",
        help="declare one route for people who answer together, such as `all of [...]`",
    )


@message("GW0710", "too much to check")
def too_many_checks(span: Span) -> Finding:
    return Finding(
        span,
        "with this declaration there are more than"
        f" {limits.MAX_CHECKS:,} pairs of a rule, or row of one, and an action that it concerns",
        help="let what has a pattern concern fewer actions, or make two sets of the policies",
    )


@message("GW0711", "too much to check for different actions")
def too_different(span: Span) -> Finding:
    return Finding(
        span,
        "with this declaration more than"
        f" {limits.MAX_DIFFERENT:,} parts of conditions mean something else for another action",
        help="declare the fields that patterns and `let`s ask for with the same types, or let them"
        " concern fewer actions",
    )


@message("GW0712", "too many large patterns")
def too_large_patterns(span: Span) -> Finding:
    return Finding(
        span,
        "with this pattern the regular expressions of the set have more than"
        f" {limits.MAX_INSTRUCTIONS:,} instructions; the rest are not checked",
        help="ask for fewer repetitions and smaller classes: `\\pL{20}` alone has 24,000,"
        " `[a-z]{20}` has 24; or use the same pattern in several places",
    )


@message("GW0713", "too many fields of histories")
def too_many_history_fields(span: Span) -> Finding:
    return Finding(
        span,
        "with this history the actions of the set's histories have more than"
        f" {limits.MAX_HISTORY_FIELDS:,} fields together",
        help="let several rules ask one history, or declare fewer fields in the actions",
    )


@message("GW0714", "too much in a file")
def too_much(span: Span, what: str, most: int) -> Finding:
    return Finding(
        span,
        f"the file has more than {most:,} {what}",
        help="split it, several files may share a package, or keep long lists and tables in `data`",
    )


@message("GW0715", "too many runs of tests")
def too_many_test_runs(span: Span) -> Finding:
    return Finding(
        span,
        f"with this test those of the file run more than {limits.MAX_TEST_RUNS:,} times, once for"
        " each row of `cases`",
        help="move some into another file of the package; a row for each edge of a condition is"
        " enough",
    )
