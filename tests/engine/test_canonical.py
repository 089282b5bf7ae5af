"""Canonical JSON and digests."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.canonical import canonical_json, digest, exact_json, to_json
from gatewright.engine.reading.json_text import Json, JsonNumber
from gatewright.engine.values import NOTHING, Duration, Map, Money, Timestamp, Uint, Value
from tests.engine.reading.test_json_text import JSON


@given(JSON)
def test_the_canonical_text_is_json_of_the_same_data(data: Json) -> None:
    text = canonical_json(data)
    assert json.loads(text) == data
    assert canonical_json(json.loads(text)) == text


@given(JSON, JSON)
def test_one_text_means_equal_data(left: Json, right: Json) -> None:
    if canonical_json(left) == canonical_json(right):
        assert left == right


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ([None, True, False], "[null,true,false]"),
        ((1, Uint(1), 1.0, -0.0, 0.0), "[1,1,1e0,-0e0,0e0]"),
        ([JsonNumber("1.50"), 1.5, JsonNumber("15E-1")], "[15e-1,15e-1,15e-1]"),
        ([JsonNumber("100.0"), 1e22, -12.34], "[1e2,1e22,-1234e-2]"),
        ([JsonNumber("0.30000000000000001")], "[30000000000000001e-17]"),
        ({"b": 1, "a": {"é": "\n"}}, '{"a":{"é":"\\n"},"b":1}'),
        ([], "[]"),
    ],
)
def test_equal_data_has_one_spelling(data: object, text: str) -> None:
    assert canonical_json(data).decode() == text


@pytest.mark.parametrize("data", [float("nan"), float("inf"), {1: 2}, {1, 2}, Decimal(1), "\ud800"])
def test_what_has_no_json_is_refused(data: object) -> None:
    with pytest.raises(ValueError):
        canonical_json(data)


def test_a_digest_says_how_it_was_made() -> None:
    assert digest({}) == ("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (Money(Decimal("75.5"), "USD"), "75.50 USD"),
        (Decimal("1.50"), "1.50"),
        (Timestamp(0), "1970-01-01T00:00:00Z"),
        (Duration(90 * 10**9), "90s"),
        (b"\xff", "/w=="),
        (Uint(3), 3),
        ((1, None, True, "a", 1.5), [1, None, True, "a", 1.5]),
        (Map([("a", (1,)), (1, 2), (True, 3)]), {"a": [1], "1": 2, "true": 3}),
        (NOTHING, "optional.none()"),
    ],
)
def test_values_become_json_as_actions_write_them(value: Value, data: Json) -> None:
    assert to_json(value) == data
    assert type(to_json(value)) is type(data)


def test_exact_json_keeps_order_and_spelling() -> None:
    text = '{"b": [1.50, true, null], "a": {"é": "\\n"}}'
    assert exact_json({"b": [JsonNumber("1.50"), True, None], "a": {"é": "\n"}}) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_reads_back(number: float) -> None:
    assert float(canonical_json(number)) == number
