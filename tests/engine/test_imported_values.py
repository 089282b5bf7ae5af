"""What an imported package declares can be read as `package.name`: lets, histories, calendars."""

from __future__ import annotations

from typing import Any

import pytest

from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source

SHARED = """
package shared
import user as user
action pay.out { amount: int, to: string }
let limit = 100
let large = action.amount > limit
let twice = user.own * 2
history paid = pay.out where status == "executed"
calendar office { zone "UTC" days "mon-fri" hours "09:00-17:00" }
"""
USER = """
package user
import shared as s
let own = 21
let late = !now.in(s.office)
rule r on pay.out when CONDITION => auto_run
"""


def policy(condition: str) -> PolicySet:
    return load_source([SHARED, USER.replace("CONDITION", condition)])


def opened(condition: str, **action: Any) -> bool:
    past = {"action": "pay.out", "params": {"amount": 5, "to": "x"}, "status": "executed"}
    history = History([{**past, "id": "1", "at": "2026-11-19T12:00:00Z"}])
    given = {"action": "pay.out", "params": {"amount": 150, "to": "x"}, **action}
    decision = policy(condition).evaluate({"at": "2026-11-20T12:00:00Z", **given}, history)
    assert not decision.errors
    return decision.effect == "auto_run"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("s.limit == 100", True),
        ("s.large", True),
        ("s.large && action.amount > s.limit + 50", False),
        ("s.twice == 42", True),  # which reads a let of this package in turn
        ("s.paid.count(to: action.to, within: 30d) == 1", True),
        ("now.in(s.office)", True),
        ("!late", True),
        ("[1, 2].map(s, s * 2) == [2, 4]", True),  # a local name hides the package
    ],
)
def test_values_of_an_import(condition: str, expected: bool) -> None:
    assert opened(condition) is expected


@pytest.mark.parametrize("condition", ["s.nothing", "s.action.amount > 1", "s > 1", "t.limit > 1"])
def test_what_the_package_does_not_declare_is_an_error_of_the_policy(condition: str) -> None:
    with pytest.raises(PolicyError):
        policy(condition)


def test_the_explanation_shows_what_it_saw() -> None:
    decision = policy("action.amount < s.limit").evaluate(
        {"action": "pay.out", "params": {"amount": 150, "to": "x"}, "at": "2026-11-20T12:00:00Z"}
    )
    assert "action.amount (150) < s.limit (100) is false" in str(decision.explain())
