"""Literals beside decimals are read from their spelling, also in lists and maps."""

from __future__ import annotations

import pytest

from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.load import load_source

HEAD = """package shop
action shop.price {
  rate: decimal, rates: list<decimal>, grid: list<list<decimal>>, by: map<string, decimal>, any: any
}
"""
GIVEN = {
    "action": "shop.price",
    "params": {
        "rate": "1.10",
        "rates": ["1.10", "-2.2"],
        "grid": [["1.10"], []],
        "by": {"a": "1.10"},
        "any": [1.5, "x"],
    },
}


@pytest.mark.parametrize(
    "condition",
    [
        "action.rates == [1.10, -2.20]",
        "[1.1, -2.2] == action.rates",
        "action.rates != [1.10]",
        "action.rates != [1.10, -2.2, 3.3]",
        "action.rates != [1, -2.2]",
        "action.grid == [[1.10], []]",
        'action.by == {"a": 1.10}',
        'action.by != {"b": 1.10}',
        '{"k": [1.10]} == {"k": [action.rate]}',
        "[action.rate, 2.5] == [1.10, 2.5]",
        "action.rate in [1.10, 2.20]",
        "1.10 in action.rates",
        "-2.2 in action.rates",
        "!(1.11 in action.rates)",
        "[1.10] in action.grid",
        "action.rates in [[1.10], [1.10, -2.20]]",
        'action.any == [1.5, "x"]',
        "1.5 in action.any",
    ],
)
def test_a_literal_beside_a_decimal_is_exact(condition: str) -> None:
    policies = load_source(HEAD + f"rule all when {condition} => auto_run")
    decision = policies.evaluate(GIVEN)
    assert (decision.effect.value, decision.errors) == ("auto_run", ())


@pytest.mark.parametrize(
    "condition",
    [
        "action.rates == [double(1), 2.5]",
        "action.rates + [2.5] == action.rates",
        'action.rates == ["1.10"]',
        "action.rates == [1.10].map(x, x)",
        'action.by == {"a": double(1)}',
    ],
)
def test_what_is_no_literal_is_refused(condition: str) -> None:
    with pytest.raises(PolicyError, match="GW03"):
        load_source(HEAD + f"rule all when {condition} => auto_run")
