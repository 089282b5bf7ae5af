"""Values as the author of a policy would write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.cel.network import parse_cidr, parse_ip
from gatewright.engine.rendering import double_text, render
from gatewright.engine.values import (
    NOTHING,
    Duration,
    Map,
    Money,
    OptionalValue,
    Timestamp,
    TypeValue,
    Uint,
    Value,
)
from tests.engine.cel.support import Host


@given(st.floats(allow_nan=False))
def test_the_text_of_a_double_reads_back(number: float) -> None:
    assert float(double_text(number)) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (-1, "-1"),
        (Uint(5), "5u"),
        (2.0, "2.0"),
        (0.1, "0.1"),
        (1e30, "1e+30"),
        (float("nan"), 'double("NaN")'),
        (float("-inf"), 'double("-Infinity")'),
        ('say "hi"\\\n\r\t', r'"say \"hi\"\\\n\r\t"'),
        ("caf\u00e9 \U0001f600", '"caf\u00e9 \U0001f600"'),
        ("\x00\u202e\ud800\U000e0001", r'"\u0000\u202e\ud800\U000e0001"'),
        (b'a"\xff', r'b"a\x22\xff"'),
        (Decimal("1.50"), "1.50"),
        (Money(Decimal(75), "USD"), "75.00 USD"),
        (Duration(30 * 86_400 * 10**9), "30d"),
        (Timestamp(0), "1970-01-01T00:00:00Z"),
        (TypeValue("int"), "int"),
        ((), "[]"),
        ((1, ("a",)), '[1, ["a"]]'),
        (Map([("a", 1), (True, ())]), '{"a": 1, true: []}'),
        (NOTHING, "optional.none()"),
        (OptionalValue.of(1), "optional.of(1)"),
        (parse_ip("::1"), 'ip("::1")'),
        (parse_cidr("10.0.0.0/8"), 'cidr("10.0.0.0/8")'),
        (Host(), "{...}"),
    ],
)
def test_render_writes_what_an_author_would(value: Value, text: str) -> None:
    assert render(value) == text


def test_render_cuts_what_is_deep_or_long() -> None:
    deep: Value = ()
    for _ in range(2000):
        deep = (deep, deep)
    assert len(render(deep)) < 5000
    assert render("x" * 10**6).endswith("x...")
    assert len(render(tuple(range(10**5)))) < 4100
    assert len(render(("x" * 5000, "y"))) < 4100
