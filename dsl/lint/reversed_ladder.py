"""A ladder over an amount that asks less of the larger ones.

Avoid:

    rule by_amount on billing.refund
      tier action.amount {
        < 500 USD  => require manager
        >= 500 USD => auto_run
      }

Prefer:

    rule by_amount on billing.refund
      tier action.amount {
        < 500 USD  => auto_run
        >= 500 USD => require manager
      }

Why: two effects that were swapped are a ladder without a gap, and the largest amounts go through
it. Effects are compared where one of them is always the stricter one: `auto_run`, a route, a route
that outranks it, `block`. Amounts below zero are left alone, and so is a `block` of the smallest
ones below a ladder that rises, and a field that is called a price or a balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from gatewright.dsl import ast
from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.constants import constant
from gatewright.dsl.checks.intervals import Cut
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import CheckedPolicy, Effect
from gatewright.dsl.records import dataclass

_LESS_IS_WORSE = ("price", "balance", "remaining")


@dataclass(frozen=True, slots=True)
class _Step:
    """A row of a ladder: the cut that it begins at, None for no bound, and what it asks."""

    low: Cut | None
    written: ast.TierRow
    effect: Effect


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each row that asks less than the one of smaller amounts before it."""
    for rule in view.rules:
        body = rule.declaration.body
        if isinstance(body, ast.Tier) and _is_amount(body.subject):
            effects = [row.effect for row in rule.rows]
            steps = _above_zero(body, effects, view.scopes[rule.package].lets)
            for lower, upper in pairwise(_without_least(view.policy, steps)):
                if _is_stricter(view.policy, lower.effect, upper.effect):
                    yield messages.reversed_ladder(
                        upper.written.span,
                        upper.written.effect.span.text,
                        lower.written.effect.span.text,
                        lower.written.span,
                    )


def _is_amount(subject: ast.Expr) -> bool:
    match subject:
        case ast.Select(ast.Name("action"), field):
            return not any(word in field.lower() for word in _LESS_IS_WORSE)
        case _:
            return False


def _above_zero(tier: ast.Tier, effects: list[Effect], lets: Mapping[str, ast.Expr]) -> list[_Step]:
    """Return the rows that amounts above zero come to, in their order; none for other values."""
    steps: list[_Step] = []
    for row, effect in zip(tier.rows, effects, strict=True):
        values = intervals.EVERYTHING
        for operator, bound in _bounds(row.cell):
            end = constant(bound, lets)
            if end is None or end.kind != "money":
                return []
            values &= intervals.compared(operator, end.value)
        if not (values & intervals.above(0, inclusive=False)).is_empty:
            steps.append(_Step(values.ends.low, row, effect))
    return sorted(steps, key=lambda step: (step.low is not None, step.low or (0, 0)))


def _bounds(
    cell: ast.CompareCell | ast.RangeCell,
) -> tuple[tuple[ast.ComparisonOperator, ast.Expr], ...]:
    if isinstance(cell, ast.CompareCell):
        return ((cell.operator, cell.bound),)
    return (">=", cell.low), ("<=", cell.high)


def _without_least(policy: CheckedPolicy, steps: list[_Step]) -> list[_Step]:
    """Leave out a block of the smallest amounts, where the rows above it rise."""
    if len(steps) < 3 or not steps[0].effect.block:
        return steps
    rises = any(_is_stricter(policy, step.effect, steps[1].effect) for step in steps[2:])
    return steps[1:] if rises else steps


def _is_stricter(policy: CheckedPolicy, one: Effect, other: Effect) -> bool:
    return _asks_for(policy, one, other) and not _asks_for(policy, other, one)


def _asks_for(policy: CheckedPolicy, one: Effect, other: Effect) -> bool:
    """Tell whether whatever is enough for one effect is enough for the other."""
    if one.block or other.auto_run:
        return True
    if other.block:
        return False
    served = one.routes.union(*(policy.routes[route].outranks for route in one.routes))
    return other.routes <= served


LINT = Lint("reversed-ladder", "GW1026", check)
