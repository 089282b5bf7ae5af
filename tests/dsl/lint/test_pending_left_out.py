"""The lint `pending-left-out`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1032"
COUNT = "past.count(customer: action.customer, within: 30d)"


def _told(where: str, condition: str, kind: str = "guard", word: str = "when") -> list[str]:
    history = f"history past = billing.refund {where}\n"
    return in_billing(
        CODE, f"{history}{kind} g on billing.refund {word} {condition} => require manager\n"
    )


def _line(place: str) -> list[str]:
    return [
        "`past` `past` leaves out what is pending: actions proposed at once do not see one another"
        f" | a limit by this history: `{place}`"
    ]


@pytest.mark.parametrize(
    "where",
    [
        'where status == "executed"',
        'where status in ["executed", "compensated"] && amount > 5 USD',
        'where status != "pending"',
    ],
)
def test_a_limit_by_what_was_executed(where: str) -> None:
    assert _told(where, f"{COUNT} >= 1") == _line(COUNT)


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        (f"3 < {COUNT}", COUNT),
        (f"action.public && (action.items > 5 || {COUNT} > 3)", COUNT),
        (
            "past.sum(amount, within: 24h) + action.amount > 100 USD",
            "past.sum(amount, within: 24h)",
        ),
        ("past.distinct(customer, within: 1h) > 20", "past.distinct(customer, within: 1h)"),
    ],
)
def test_limits_in_all_forms(condition: str, place: str) -> None:
    assert _told('where status == "executed"', condition) == _line(place)


@pytest.mark.parametrize(
    "where",
    [
        "",
        'where status in ["executed", "pending"]',
        'where status == "rejected"',
        'where status != "blocked"',
        "where amount > 5 USD",
    ],
)
def test_histories_that_have_the_pending_or_not_the_executed_are_fine(where: str) -> None:
    assert _told(where, f"{COUNT} >= 1") == []


@pytest.mark.parametrize(
    ("condition", "kind", "word"),
    [
        (f"{COUNT} < 3", "guard", "when"),
        (f"{COUNT} > 3", "guard", "unless"),
        (f"!({COUNT} > 3)", "guard", "when"),
        (f"{COUNT} > 3", "rule", "when"),
        ("past.last(customer: action.customer).at > now - 7d", "guard", "when"),
    ],
)
def test_where_few_restrict_or_many_open_only_what_was_done_counts(
    condition: str, kind: str, word: str
) -> None:
    assert _told('where status == "executed"', condition, kind, word) == []


def test_a_history_is_told_once() -> None:
    condition = f"{COUNT} > 3 && {COUNT} < 9 || {COUNT} > 20"
    assert len(_told('where status == "executed"', condition)) == 1
