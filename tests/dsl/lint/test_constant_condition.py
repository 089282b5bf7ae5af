"""The lint `constant-condition`."""

from __future__ import annotations

import pytest

from gatewright.dsl.lint import lint
from tests.dsl.lint.support import ACTIONS, checked, found, in_billing

CODE = "GW1003"


def lines(*pairs: tuple[str, bool]) -> list[str]:
    return [f"`{text}` this condition is always {str(truth).lower()}" for text, truth in pairs]


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("action.amount < 0 USD", False),
        ("action.amount >= 0 USD", True),
        ("0 USD > action.amount", False),
        ("action.amount in 0 USD .. 5 USD || action.amount > 4 USD", True),
        ("action.amount in 5 USD .. 4 USD", False),
        ("action.items < 3 || action.items >= 3", True),
        ("action.items < 3 && action.items >= 3", False),
        ("action.items > 3 && action.public && action.items < 4", False),
        ("action.items > 2.5 || action.items < 2.6", True),
        ("action.public || !action.public", True),
        ("action.public && !action.public", False),
        ("action.public == true || action.public != true", True),
        ("action.note.size() > 500", False),
        ("size(action.note) <= 500", True),
        ("action.note.size() >= 0", True),
        ("size(action.tags) < 0", False),
        ('action.name == "billing.update"', False),
        ('action.name == "billing.refund"', True),
        ('target.status == "open" || target.status == "paid"', True),
        ("target.status in ['open', 'paid']", True),
        ("risk > 100", False),
        ("risk >= 0", True),
        ("true", True),
        ("false", False),
        ("1 < 2", True),
        ("2 USD == 2.00 USD", True),
        ("[1] == [2]", False),
        ("1 in [1, 2]", True),
        ("3 in [1, 2]", False),
        ("'a' in []", False),
        ("refunds.count(within: 1d) >= 0", True),
        ("refunds.distinct(customer, within: 1d) < 0", False),
        ("agreement(other, within: 90d) > 1.0", False),
        ("ever", True),
        ("!ever", True),
    ],
)
def test_a_condition_that_is_always_the_same_is_told(condition: str, truth: bool) -> None:
    text = (
        "let ever = action.items < 3 || action.items > 2\n"
        "history refunds = billing.refund\n"
        "guard other on billing.refund when action.public => block\n"
        f"guard g on billing.refund when {condition} => block"
    )
    place = "ever" if condition == "!ever" else condition
    assert in_billing(CODE, text) == lines((place, truth))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "guard g on billing.refund when action.public || action.amount < 0 USD => block",
            [("action.amount < 0 USD", False)],
        ),
        (
            "guard g on billing.refund unless action.amount < 0 USD => block",
            [("action.amount < 0 USD", False)],
        ),
        (
            "guard g on billing.refund when action.public ? action.amount < 0 USD || action.public"
            " : action.public => block",
            [("action.amount < 0 USD", False)],
        ),
        (
            "guard g on billing.refund when (1 < 2 ? action.public : action.items > 2) => block",
            [("1 < 2", True)],
        ),
        (
            "rule r on billing.refund cases {\n"
            "action.items < 5 => auto_run\nrisk > 200 => block\nelse => block\n}",
            [("risk > 200", False)],
        ),
        (
            "risk r on billing.refund when action.amount < 0 USD => 10",
            [("action.amount < 0 USD", False)],
        ),
        ("permit when 1 < 2 to billing.*", [("1 < 2", True)]),
        (
            "invariant i on billing.refund: never auto_run when action.amount < 0 USD",
            [("action.amount < 0 USD", False)],
        ),
        (
            "invariant i on billing.refund: always at least manager when action.amount < 0 USD",
            [("action.amount < 0 USD", False)],
        ),
        (
            "guard g on billing.refund => block\nexception e suspends g {\n"
            "when 1 > 2 from 2026-01-01T00:00:00Z until 2026-01-02T00:00:00Z"
            ' owner "o" reason "r" ticket "t"\n}',
            [("1 > 2", False)],
        ),
        # Of two actions, what fits neither.
        (
            "guard g on billing.refund, billing.update when action.amount < -1 USD => block",
            [],
        ),
        (
            "guard g when action.amount < 0 USD => block",
            [],
        ),
        (
            "guard g on billing.update when action.amount > 100 USD => block",
            [("action.amount > 100 USD", False)],
        ),
        (
            "guard g on billing.update when changes.has('Stage')"
            " && changes.Stage.new in ['a', 'b', 'c'] => block",
            [("changes.Stage.new in ['a', 'b', 'c']", True)],
        ),
        (
            "guard g on billing.refund when has(action.reason)"
            " && action.reason in ['late', 'broken'] => block",
            [("action.reason in ['late', 'broken']", True)],
        ),
    ],
)
def test_the_smallest_part_is_told(text: str, expected: list[tuple[str, bool]]) -> None:
    assert in_billing(CODE, text) == lines(*expected)


@pytest.mark.parametrize(
    "text",
    [
        "guard g on billing.refund when action.amount > 0 USD => block",
        "guard g on billing.refund when action.amount <= 0 USD => block",
        "guard g on billing.refund when action.note.size() > 499 => block",
        "guard g on billing.* when action.amount < 0 USD => block",
        "guard g on billing.* when action.name == 'crm.update' => block",
        "guard g on billing.refund when action.customer == 'a' || action.customer == 'b' => block",
        "guard g on billing.refund when action.items < 3 || action.public => block",
        "guard g on billing.refund when action.items in [1, 2] || action.items > 5 => block",
        "guard g on billing.refund when 'vip' in action.tags => block",
        "guard g on billing.refund when action.tags == ['vip'] => block",
        "guard g on billing.refund when action.tags != ['vip'] => block",
        "guard g on billing.refund when action.items > data.limit => block",
        "guard g on billing.refund when action.items in 1 .. data.limit => block",
        "guard g on billing.refund when action.customer in data.customers => block",
        "guard g on billing.refund when has(target.lines) && size(target.lines) > 0 => block",
        "guard g on billing.refund when action.tags[0].size() > 500 => block",
        "guard g on billing.refund when agent.level in ['a', 1] => block",
        "guard g on billing.refund when agent.level in [true, false] => block",
        "guard g on billing.refund when agent.?level.orValue(1) > 0 => block",
        "guard g on billing.refund when target.system == 'stripe' => block",
        "guard g on billing.refund when action.reason == 'late' => block".replace(
            "when", "when has(action.reason) &&"
        ),
        "guard g when action.amount > 99 USD => block",
        "permit when true to billing.*",
        "risk r on billing.refund when true => 10",
        "history refunds = billing.refund where status == 'executed'",
        "history refunds = billing.refund",
        "invariant i on billing.refund: never auto_run",
        "invariant i on billing.refund: always at least manager",
        "invariant i on billing.refund: never default",
        "guard g on billing.update when changes.only(['Stage'])"
        " && changes.Stage.new == 'a' => block",
    ],
)
def test_a_condition_that_depends_is_fine(text: str) -> None:
    assert in_billing(CODE, text) == []


def test_refinements_of_nested_types_and_lets_of_the_package() -> None:
    text = """package shop
let floor = 10
type Line { price: double > 0, count: int >= floor, odd: int > 1.5, free: int > size("abc") }
action shop.sell { line: Line, at: timestamp, wait: duration > 1h }
guard a when action.line.price <= 0.0 => block
guard b when action.line.count < 10 => block
guard c when action.line.count < 11 => block
guard d when action.at < 2026-01-01T00:00:00Z => block
guard e when action.wait <= 1h => block
guard f when action.line.odd == 1 => block
guard h when action.line.free == 1 => block
"""
    assert found(CODE, text) == lines(
        ("action.line.price <= 0.0", False),
        ("action.line.count < 10", False),
        ("action.wait <= 1h", False),
        ("action.line.odd == 1", False),
    )


@pytest.mark.parametrize(
    ("condition", "truth"),
    [("risk >= 30", None), ("risk > 30", False), ("risk <= 30", True), ("risk < 30", None)],
)
def test_the_risk_is_no_more_than_its_parts(condition: str, truth: bool | None) -> None:
    risks = "risk a on billing.refund when action.items > 5 => 20\nrisk b on * when agent.id == 'x' => 10\n"
    text = f"{risks}guard g on billing.update when {condition} => block\n"
    assert in_billing(CODE, text) == ([] if truth is None else lines((condition, truth)))
    advice = [d.help for d in lint(checked(ACTIONS + text)) if d.code == CODE]
    assert advice == ["the risks of this set add up to 30 at most: compare with less"] * len(advice)
