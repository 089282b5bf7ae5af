"""A rule whose actions are all blocked by another rule or guard.

Avoid:

    guard freeze on billing.* => block because "Refunds are frozen."
    rule small on billing.refund when action.amount < 50 USD => auto_run

Prefer:

    guard freeze on billing.* when now < 2026-12-01T00:00:00Z => block because "Refunds are frozen."
    rule small on billing.refund when action.amount < 50 USD => auto_run

Why: the most restrictive effect wins, so a block whose conditions are implied by those of a rule
makes the rule idle. Either the block is too wide, or the rule should go. A block that an exception
suspends hides nothing, nor does a shadow rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.hiding import Hiders, hidden_rows
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each rule whose rows are all hidden, or else for each hidden row."""
    blocks = Hiders(view, lambda _, row: row.effect.block)
    found = hidden_rows(view, blocks, lambda row: not row.row.effect.block)
    for row, block, is_whole in found:
        what = f"the {row.rule.kind} `{row.rule.name}`" if is_whole else "this row"
        place = row.rule.span if is_whole else row.row.span
        yield messages.hidden_by_block(place, what, block.rule.name, block.row.span)


LINT = Lint("hidden-by-block", "GW1004", check)
