"""A rule or guard that blocks without a `because`.

Avoid:

    absolute guard closed on billing.* when action.customer in data.closed => block

Prefer:

    absolute guard closed on billing.* when action.customer in data.closed => block
      because "The account of customer {action.customer} is closed."

Why: an approval shows who to ask; a block is the end of the road, so the reason is all that a
person or an agent gets to go on.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each rule with a row that blocks and no `because`."""
    for rule in view.rules:
        if rule.because is None and any(row.effect.block for row in rule.rows):
            yield messages.block_without_because(rule.span, f"the {rule.kind} `{rule.name}`")


LINT = Lint("block-without-because", "GW1017", check)
