"""The lint `never-matches`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1001"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "rule r on billing.refund when action.amount < 5 USD when action.amount >"
            " 9 USD => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.amount < 5 USD` | this cannot hold:"
            " `action.amount > 9 USD`",
        ),
        (
            'guard g on billing.refund when action.customer == "a" when'
            ' action.customer == "b" => block',
            "`g` the guard `g` can never match: its conditions contradict each other"
            ' | where this holds: `action.customer == "a"`'
            ' | this cannot hold: `action.customer == "b"`',
        ),
        (
            'guard g on billing.refund when action.customer in ["a", "b"]'
            ' unless action.customer in ["b", "a", "c"] => block',
            "`g` the guard `g` can never match: its conditions contradict each other"
            ' | where this holds: `action.customer in ["a", "b"]`'
            ' | this cannot hold: `action.customer in ["b", "a", "c"]`',
        ),
        (
            "rule r on billing.refund when action.items > 4 when action.items < 5 => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.items > 4` | this cannot hold: `action.items < 5`",
        ),
        (
            "rule r on billing.refund when action.public unless action.public => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.public` | this cannot hold: `action.public`",
        ),
        (
            "rule r on billing.refund when action.public when action.public == false => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.public` | this cannot hold: `action.public == false`",
        ),
        (
            "let big = action.amount > 100 USD\nlet limit = 50 USD\n"
            "rule r on billing.refund when big when action.amount < limit => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `big` | this cannot hold: `action.amount < limit`",
        ),
        (
            "rule r on billing.refund when action.customer == data.customers[0]"
            " when action.customer != data.customers[0] => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.customer == data.customers[0]`"
            " | this cannot hold: `action.customer != data.customers[0]`",
        ),
        (
            "rule r on billing.refund when action.items < data.limit"
            " when action.items >= data.limit => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.items < data.limit`"
            " | this cannot hold: `action.items >= data.limit`",
        ),
        (
            "rule r on billing.refund when action.items < data.limit"
            " unless data.limit > action.items => auto_run",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.items < data.limit`"
            " | this cannot hold: `data.limit > action.items`",
        ),
        (
            "rule r on billing.refund"
            ' when action.customer == "a" || action.customer == "b"'
            ' when action.customer in ["c"] => auto_run',
            "`r` the rule `r` can never match: its conditions contradict each other"
            ' | where this holds: `action.customer == "a" || action.customer == "b"`'
            ' | this cannot hold: `action.customer in ["c"]`',
        ),
        (
            "rule r on billing.refund cases {\n"
            "  action.amount < 100 USD => auto_run\n"
            "  action.amount < 50 USD => require manager\n"
            "  else => require finance\n}",
            "`action.amount < 50 USD => require manager`"
            " this row can never match: its conditions contradict each other"
            " | where this holds: `action.amount < 100 USD`"
            " | this cannot hold: `action.amount < 50 USD`",
        ),
        (
            "rule r on billing.refund cases {\n"
            "  action.public => auto_run\n  !action.public => require manager\n"
            "  else => require finance\n}",
            "`else => require finance` this row can never match: its conditions"
            " contradict each other"
            " | where this holds: `action.public` | this cannot hold: `!action.public`",
        ),
        (
            "rule r on billing.update when changes.has('Stage') && changes.Stage.new == \"a\"\n"
            'table (changes.Stage.new) { "b" => auto_run\n"a" => require manager }',
            '`"b" => auto_run` this row can never match: its conditions contradict each other'
            " | where this holds: `changes.has('Stage') && changes.Stage.new == \"a\"`"
            ' | this cannot hold: `"b"`',
        ),
        (
            "rule r on billing.refund when action.items < 3 when action.items > 3\n"
            "tier action.amount { < 5 USD => auto_run >= 5 USD => block }",
            "`r` the rule `r` can never match: its conditions contradict each other"
            " | where this holds: `action.items < 3` | this cannot hold: `action.items > 3`",
        ),
        (
            "risk odd on billing.refund when action.items < 3 when action.items > 3 => 10",
            "`odd` the risk `odd` can never match: its conditions contradict each other"
            " | where this holds: `action.items < 3` | this cannot hold: `action.items > 3`",
        ),
        (
            "guard g when risk > 60 when risk < 60 => block",
            "`g` the guard `g` can never match: its conditions contradict each other"
            " | where this holds: `risk > 60` | this cannot hold: `risk < 60`",
        ),
        (
            "guard g on billing.refund when now < 2026-01-01T00:00:00Z"
            " when now >= 2026-02-01T00:00:00Z => block",
            "`g` the guard `g` can never match: its conditions contradict each other"
            " | where this holds: `now < 2026-01-01T00:00:00Z`"
            " | this cannot hold: `now >= 2026-02-01T00:00:00Z`",
        ),
    ],
)
def test_conditions_that_contradict_each_other_are_told(text: str, expected: str) -> None:
    assert in_billing(CODE, text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "rule r on billing.refund when action.amount >= 5 USD when action.amount <= 5"
        " USD => auto_run",
        "rule r on billing.refund when action.amount > 5 USD when action.amount <"
        " 5.01 USD => auto_run",
        'rule r on billing.refund when action.customer == "a" when action.note == "b" => auto_run',
        "rule r on billing.refund when action.items < 3 || action.items > 3 => auto_run",
        "rule r on billing.refund when !(action.items < 3 && action.public) => auto_run",
        # A tier names every value, also those that its `when` excludes.
        "rule r on billing.refund when action.amount > 9 USD\n"
        "tier action.amount { < 5 USD => auto_run >= 5 USD => block }",
        "rule r on billing.refund cases {\n"
        "  action.amount < 50 USD => auto_run\n  action.amount < 100 USD => require manager\n"
        "  else => require finance\n}",
        # Always false alone: `constant-condition` tells of it.
        "guard g on billing.refund when action.amount < 0 USD when action.public => block",
        "rule r on billing.refund"
        " when action.public && action.items == 1 && action.items == 2 => auto_run",
        "risk odd on billing.refund when action.items < 3 => 10",
    ],
)
def test_conditions_that_can_hold_together(text: str) -> None:
    assert in_billing(CODE, text) == []
