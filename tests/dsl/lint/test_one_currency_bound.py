"""The lint `one-currency-bound`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1024"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("amount: money > 0 USD", "`money > 0 USD` `amount` is money of any currency, and its bound is in USD: no other ever fits"),
        ("a?: money <= 5 EUR", "`money <= 5 EUR` `a` is money of any currency, and its bound is in EUR: no other ever fits"),
        ("changes { fee: money != 5 CHF }", "`money != 5 CHF` `fee` is money of any currency, and its bound is in CHF: no other ever fits"),
    ],
)  # fmt: skip
def test_a_bound_of_one_currency_on_money_of_any(fields: str, told: str) -> None:
    text = f"package p\naction a.b {{ {fields} }}\n"
    assert found(CODE, text) == [told]
    if "changes" not in fields:
        as_type = f"package p\ntype T {{ {fields} }}\naction a.b {{ t: T }}\n"
        assert found(CODE, as_type) == [told]


@pytest.mark.parametrize(
    "fields", ["amount: money", "amount: money(USD) > 0 USD", "n: int > 0", "n: decimal >= 0.5"]
)
def test_fields_of_one_currency_or_without_a_bound_are_fine(fields: str) -> None:
    assert found(CODE, f"package p\naction a.b {{ {fields} }}\n") == []
