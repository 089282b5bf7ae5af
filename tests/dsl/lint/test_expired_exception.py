"""The lint `expired-exception`."""

from __future__ import annotations

import pytest

from gatewright.dsl.syntax.literals import timestamp
from tests.dsl.lint.support import ACTIONS, found

TEXT = (
    ACTIONS
    + """guard g on billing.refund => block
exception peak suspends g {
  from 2026-01-01T00:00:00Z
  until 2026-01-02T00:00:00Z
  owner "o" reason "r" ticket "t"
}
"""
)


@pytest.mark.parametrize(
    ("at", "over"),
    [
        (None, False),
        ("2025-01-01T00:00:00Z", False),
        ("2026-01-01T23:59:59.999999999Z", False),
        ("2026-01-02T00:00:00Z", True),
        ("2027-01-01T00:00:00Z", True),
    ],
)
def test_exceptions_that_are_over(at: str | None, over: bool) -> None:
    told = found("GW1013", TEXT, at_nanos=timestamp(at) if at else None)
    expected = ["`peak` the exception `peak` ended at 2026-01-02T00:00:00Z"]
    assert told == (expected if over else [])
