"""The lint `idle-auto-run`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1037"


def told(text: str) -> list[str]:
    """Return what is told, without what stands at the other rule."""
    return [line.partition(" | ")[0] for line in in_billing(CODE, text)]


SMALL = "rule small on billing.refund when action.amount < 50 USD => auto_run\n"


@pytest.mark.parametrize(
    "other",
    [
        "rule any on billing.refund => require manager",
        "rule any on billing.* => require manager",
        "rule any => require manager then finance",
        "rule any on billing.refund when action.amount < 60 USD => require manager",
        "rule any on billing.refund tier action.amount { < 70 USD => require manager >= 70 USD => block }",
    ],
)
def test_a_rule_beside_one_that_requires_somebody_for_all_it_matches(other: str) -> None:
    why = (
        "`small` the rule `small` lets nothing run: `any` requires somebody for whatever it matches"
    )
    assert told(SMALL + other) == [why]
    assert told(f"{other}\n{SMALL}") == [why]


@pytest.mark.parametrize(
    "other",
    [
        "rule some on billing.refund when action.amount < 49 USD => require manager",
        'rule some on billing.refund when action.note == "x" => require manager',
        "rule some on billing.update => require manager",
        "rule some on billing.refund => auto_run",
        # What a guard requires opens nothing: without the rule the default would count.
        "guard some on billing.refund => require manager",
        "@shadow rule some on billing.refund => require manager",
        "rule some on billing.refund => require manager\n"
        'exception e suspends some { from 2026-11-01 until 2026-12-01 reason "a sale" }',
    ],
)
def test_where_it_may_let_something_run(other: str) -> None:
    assert told(SMALL + other) == []


def test_rows_among_others_are_told_one_by_one() -> None:
    text = """
    rule any on billing.refund when action.amount < 10 USD => require manager
    rule rows on billing.refund tier action.amount {
      < 5 USD => auto_run
      5 USD .. 8 USD => auto_run
      > 8 USD => auto_run
    }
    """
    why = "this row lets nothing run: `any` requires somebody for whatever it matches"
    assert told(text) == [
        f"`< 5 USD => auto_run` {why}",
        f"`5 USD .. 8 USD => auto_run` {why}",
    ]


def test_a_rule_that_requires_somebody_elsewhere_decides_something() -> None:
    text = """
    rule any on billing.refund when action.amount < 10 USD => require manager
    rule rows on billing.refund tier action.amount { < 5 USD => auto_run >= 5 USD => block }
    """
    assert told(text) == [
        "`< 5 USD => auto_run` this row lets nothing run: `any` requires somebody for whatever it matches"
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "@shadow rule small on billing.refund => auto_run",
        "rule small on billing.refund => auto_run obligate note(a: 1)",
        '@allow("idle-auto-run") rule small on billing.refund => auto_run',
    ],
)
def test_what_waits_for_evidence_or_does_something_else_is_left(rule: str) -> None:
    assert told(f"rule any on billing.refund => require manager\n{rule}") == []
