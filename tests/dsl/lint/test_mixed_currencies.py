"""The lint `mixed-currencies`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1025"
TOLD = [
    "`amount` the `amount` of `past` may be in several currencies, and a sum of two is an error"
    " | its past actions are of any currency: `past`"
]
ACTION = "action a.b { customer: string, amount: money, currency?: string }\n"
HISTORY = 'history past = a.b where status == "executed"\n'
RULE = "rule all on a.b => require boss\n"
SUM = "past.sum(amount, customer: action.customer, within: 24h)"
GUARD = f"guard budget on a.b when {SUM} > 100 USD => require boss\n"


def _of(*texts: str, action: str = ACTION, history: str = HISTORY, guard: str = GUARD) -> list[str]:
    head = 'package p\nroute boss { one of group("bosses") }\n'
    return found(CODE, "".join((head, action, history, guard, *texts)))


@pytest.mark.parametrize(
    "guard",
    [
        GUARD,
        f"let total = {SUM}\nguard budget on a.b when total > 100 USD => block\n",
        f"risk much on a.b when {SUM} > 100 USD => 20\n",
        f"permit when {SUM} < 100 USD to a.b\n",
        f"rule small on a.b unless {SUM} > 100 USD => auto_run\n",
    ],
)
def test_a_sum_of_any_currency_is_told_wherever_it_stands(guard: str) -> None:
    assert _of(RULE, guard=guard) == TOLD


@pytest.mark.parametrize(
    ("action", "several"),
    [
        ("action a.b { customer: string, amount: money(USD) }\n", False),
        ("action a.b { customer: string, amount: money > 0 USD }\n", False),
        ("action a.b { customer: string, amount: money(USD) }\n"
         "action a.c { customer: string, amount: money(EUR) }\n", True),
        ("action a.b { customer: string, amount: money(USD) }\n"
         "action a.c { customer: string, amount: money }\n", True),
        ("action a.b { customer: string, amount: money(USD) }\n"
         "action a.c { customer: string }\n", False),
        ("action a.b { customer: string, amount: money(USD) }\n"
         "action a.c { customer: string, amount: money < 5 USD }\n", False),
    ],
)  # fmt: skip
def test_the_types_of_all_past_actions_count(action: str, several: bool) -> None:
    names = [line.split()[1] for line in action.splitlines()]
    history = f"history past = {', '.join(names)}\n"
    rules = "".join(f"rule r{i} on {name} => require boss\n" for i, name in enumerate(names))
    assert (_of(rules, action=action, history=history) != []) is several


@pytest.mark.parametrize(
    "history",
    [
        'history past = a.b where status == "executed" && amount.currency == "USD"\n',
        'history past = a.b where has(currency) && currency == "USD"\n',
        'let usd = "USD"\nhistory past = a.b where amount.currency == usd\n',
    ],
)
def test_a_where_that_looks_at_the_currency_is_fine(history: str) -> None:
    assert _of(RULE, history=history) == []


def test_a_key_of_the_currency_is_fine() -> None:
    keys = 'customer: action.customer, currency: "USD"'
    guard = GUARD.replace("customer: action.customer", keys)
    assert _of(RULE, guard=guard) == []


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        # Blocked in all currencies but one, or perhaps.
        (RULE + 'guard g on a.b unless action.amount.currency == "USD" => block\n', False),
        (RULE + 'guard g on a.* when action.amount.currency != "USD" => block\n', False),
        (RULE + 'guard g on a.b unless action.amount.currency in ["USD"] => block\n', False),
        (RULE + 'guard g on a.b unless action.amount.currency == "USD" unless agent.id == "x"'
                " => block\n", False),
        (RULE + 'guard g on a.b unless action.amount.currency in ["USD", "EUR"] => block\n', True),
        (RULE + '@shadow guard g on a.b when action.amount.currency != "USD" => block\n', True),
        (RULE + 'guard g on a.b when action.amount.currency != "USD" => require boss\n', True),
        # Opened in one currency alone.
        ('rule r on a.b when action.amount.currency == "USD" => auto_run\n', False),
        ("rule r on a.b tier action.amount { < 5 USD => auto_run >= 5 USD => require boss }\n", False),
        ("rule r on a.b when action.amount < 5 USD => auto_run\n"
         "rule s on a.b when action.amount < 5 EUR => auto_run\n", True),
        ("rule r on a.b when action.amount < 5 USD => auto_run\nrule s on a.b => require boss\n", True),
        ("rule r on a.b when action.amount < 5 USD => auto_run\nrule s on a.b when action.amount"
         " > 5 EUR => block\n", False),
        ("rule r on a.b when action.amount < 5 USD => auto_run\ndefault require boss\n", True),
        ("rule r on a.b when action.amount < 5 USD => auto_run\ndefault block\n", False),
    ],
)  # fmt: skip
def test_actions_that_run_in_one_currency_alone_are_fine(rules: str, told: bool) -> None:
    assert _of(rules) == (TOLD if told else [])
