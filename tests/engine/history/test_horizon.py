"""How far back a policy looks: windows anywhere in its text."""

from __future__ import annotations

import pytest

from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from gatewright.engine.history.horizon import longest_window
from gatewright.engine.values import Duration

HEAD = """
package billing.refunds
action billing.refund { customer: string, amount: money(USD) }
history refunds = billing.refund
route manager { one of group("managers") }
let month = 30d
"""
GUARD = "guard g on billing.refund when {} => require manager"
DAY = 86_400 * 10**9


def longest(text: str) -> Duration | None:
    """Return the longest window of a policy."""
    policy, diagnostics = check_sources([Source("policy.gate", HEAD + text)])
    assert policy is not None, [str(d) for d in diagnostics]
    return longest_window(policy)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", 0),
        (GUARD.format("refunds.count(within: 7d) > 1"), 7),
        (GUARD.format("refunds.count(within: 7d) + refunds.count(within: 9d) > 1"), 9),
        (GUARD.format("refunds.count(within: month) > 1"), 30),
        (GUARD.format("refunds.last(within: 2d).at > now - 1d"), 2),
        (GUARD.format("[1, 2].size() > 1"), 0),
        (GUARD.format("agreement(g, within: 90d) < 0.5"), 90),
        ("let often = refunds.count(within: 8d) > 3\n" + GUARD.format("often"), 8),
        (GUARD.format("true") + ' because "{refunds.count(within: 5d)} refunds"', 5),
        ("risk r on billing.refund when refunds.sum(amount, within: 4d) > 5 USD => 20", 4),
    ],
)
def test_windows_that_the_text_bounds(text: str, days: int) -> None:
    assert longest(text) == Duration(days * DAY)


@pytest.mark.parametrize(
    "condition",
    [
        "refunds.last(customer: action.customer).at > now - 1d",
        "refunds.count(within: month + 1d) > 1",
        'refunds.count(within: duration("5h")) > 1',
    ],
)
def test_windows_without_a_bound(condition: str) -> None:
    assert longest(GUARD.format(condition)) is None
