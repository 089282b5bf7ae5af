"""Policies declared by their text, for tests that need types, histories and bounds."""

from __future__ import annotations

from functools import cache

from gatewright.dsl.load import check_sources
from gatewright.dsl.policy import ActionType, CheckedPolicy, History
from gatewright.dsl.source import Source

HEAD = "package billing.refunds\n"


@cache
def declare(text: str) -> CheckedPolicy:
    """Check a policy of one file in the package `billing.refunds`."""
    policy, diagnostics = check_sources([Source("policy.gate", HEAD + text)])
    assert policy is not None, [str(d) for d in diagnostics]
    return policy


def action_type(fields: str = "", on: str = "", more: str = "") -> ActionType:
    """Declare `billing.refund` with these fields."""
    return declare(f"action billing.refund {on} {{ {fields} }}\n{more}").actions["billing.refund"]


def history(fields: str, where: str = "", more: str = "") -> History:
    """Declare the history `refunds` of `billing.refund` with these fields."""
    text = f"action billing.refund {{ {fields} }}\n{more}\nhistory refunds = billing.refund {where}"
    return declare(text).packages["billing.refunds"].histories["refunds"]
