"""Lints: advice on policies that are correct, one rule a module.

Each module has a docstring that says what to avoid, what to prefer, and why, and a `LINT`. A
declaration with `@allow("name-of-a-lint")` is left alone by it. Lints never change what a policy
means, and never refuse it.
"""

from __future__ import annotations

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint import (
    absorbed_route,
    agent_pattern,
    always_an_error,
    block_without_because,
    chosen_approver,
    concerns_no_action,
    constant_condition,
    expired_exception,
    hidden_by_block,
    hidden_character,
    idle_auto_run,
    impossible_case,
    look_alike,
    lost_exclusion,
    missed_threshold,
    misspelt_test,
    mixed_currencies,
    never_matches,
    one_currency_bound,
    opened_by_silence,
    pending_left_out,
    reversed_ladder,
    split_threshold,
    unanchored_pattern,
    unasked_change,
    unbounded_auto_run,
    unknown_lint,
    untested_rule,
    unused_calendar,
    unused_history,
    unused_import,
    unused_let,
    unused_route,
    unused_type,
    unwatched_change,
    user_or_group,
    weaker_escalation,
)
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.policy import CheckedPolicy

__all__ = ["LINTS", "NAMES", "Lint", "lint"]

LINTS: tuple[Lint, ...] = (
    never_matches.LINT,
    concerns_no_action.LINT,
    constant_condition.LINT,
    hidden_by_block.LINT,
    unused_route.LINT,
    unused_let.LINT,
    unused_history.LINT,
    unused_type.LINT,
    unused_calendar.LINT,
    unused_import.LINT,
    unbounded_auto_run.LINT,
    split_threshold.LINT,
    expired_exception.LINT,
    look_alike.LINT,
    hidden_character.LINT,
    untested_rule.LINT,
    block_without_because.LINT,
    absorbed_route.LINT,
    unknown_lint.LINT,
    lost_exclusion.LINT,
    chosen_approver.LINT,
    opened_by_silence.LINT,
    weaker_escalation.LINT,
    one_currency_bound.LINT,
    mixed_currencies.LINT,
    reversed_ladder.LINT,
    misspelt_test.LINT,
    user_or_group.LINT,
    impossible_case.LINT,
    missed_threshold.LINT,
    unanchored_pattern.LINT,
    pending_left_out.LINT,
    unwatched_change.LINT,
    always_an_error.LINT,
    agent_pattern.LINT,
    unasked_change.LINT,
    idle_auto_run.LINT,
)
"""Every lint, by code."""

NAMES: frozenset[str] = frozenset(each.name for each in LINTS)
"""What `@allow` may name."""


def lint(policy: CheckedPolicy, at_nanos: int | None = None) -> list[Diagnostic]:
    """Return the warnings of all lints, in order of place, each once.

    `at_nanos` is the instant by which exceptions are judged, in nanoseconds since 1970; without it
    none is over. Files of the standard library are not looked at. Cost: about linear in the policy.
    """
    view = View(policy, at_nanos, NAMES)
    allowed = _allowed(view)
    found: dict[tuple[object, ...], Diagnostic] = {}
    for each in LINTS:
        for diagnostic in each.check(view):
            if not _is_allowed(each.name, diagnostic, allowed):
                found.setdefault(diagnostic.sort_key(), diagnostic)
    return sorted(found.values(), key=Diagnostic.sort_key)


def _allowed(view: View) -> dict[str, list[ast.Declaration]]:
    """Return the declarations that some lint shall leave alone, by its name."""
    found: dict[str, list[ast.Declaration]] = {}
    for _, declaration in view.declarations():
        for name in unknown_lint.allowances(declaration):
            found.setdefault(name.value, []).append(declaration)
    return found


def _is_allowed(
    name: str, diagnostic: Diagnostic, allowed: dict[str, list[ast.Declaration]]
) -> bool:
    place = diagnostic.span
    return any(
        declaration.span.source is place.source
        and declaration.span.start <= place.start < declaration.span.end
        for declaration in allowed.get(name, ())
    )
