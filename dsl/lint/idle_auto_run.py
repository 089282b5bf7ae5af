"""An `auto_run` of a rule beside another rule that requires somebody for the same actions.

Avoid:

    rule any on billing.refund => require manager
    rule small on billing.refund when action.amount < 50 USD => auto_run

Prefer:

    rule by_amount on billing.refund
      tier action.amount { < 50 USD => auto_run  >= 50 USD => require manager }

Why: of all effects that match the most restrictive one wins, whatever the order of rules and
however narrow a condition is. Whatever the `auto_run` matches, the other rule requires somebody
for, and opens it too: the rule decides nothing. Beside a guard it may be what opens the action, so
guards are not looked at, nor rules in shadow, which wait for evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.hiding import Hiders, hidden_rows
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Row, Rule


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each rule of which every `auto_run` is hidden, or else for each row."""
    for row, other, is_whole in hidden_rows(view, Hiders(view, _requires), _is_open):
        is_whole = is_whole and all(one.effect.auto_run for one in row.rule.rows)
        what = f"the rule `{row.rule.name}`" if is_whole else "this row"
        place = row.rule.span if is_whole else row.row.span
        yield messages.idle_auto_run(place, what, other.rule.name, other.row.span)


def _requires(rule: Rule, row: Row) -> bool:
    return rule.kind == "rule" and bool(row.effect.routes)


def _is_open(row: RowView) -> bool:
    """Tell whether all that a row does is to let an action run."""
    return row.row.effect.auto_run and not row.rule.shadow and not row.rule.obligations


LINT = Lint("idle-auto-run", "GW1037", check)
