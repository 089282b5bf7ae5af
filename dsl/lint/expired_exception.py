"""An exception whose time is over.

Avoid:

    exception peak suspends daily_budget {
      from 2025-11-25T00:00:00Z until 2025-12-02T00:00:00Z   // long ago
      owner "ops@acme.test" reason "seasonal peak" ticket "OPS-812"
    }

Prefer: take it away; the history of the files keeps it.

Why: it suspends nothing any more, yet a reader has to work that out, and a changed date brings it
back without the question whether it should be. The instant is the one that the caller gives; tests
and checks without a clock tell of none.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.checks.constants import Constant
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each exception that ended at or before the view's instant."""
    if view.at_nanos is None:
        return
    for exception in view.policy.exceptions:
        if exception.until_nanos <= view.at_nanos and view.shows(exception.span):
            until = str(Constant("timestamp", exception.until_nanos))
            yield messages.expired_exception(exception.span, exception.name, until)


LINT = Lint("expired-exception", "GW1013", check)
