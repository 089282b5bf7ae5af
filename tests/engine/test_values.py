"""The values of conditions: numbers, money, maps, texts, kinds."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import pytest

from gatewright.engine.cel.network import parse_ip
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    NOTHING,
    Duration,
    HostObject,
    Map,
    Money,
    Timestamp,
    TypeValue,
    Uint,
    Value,
    a_kind,
    int64,
    kind_of,
    map_key,
    nfc,
    type_of,
)
from tests.engine.cel.support import Host


def code(raised: pytest.ExceptionInfo[EvaluationError]) -> str:
    return raised.value.code


# --- numbers


@pytest.mark.parametrize("number", [-1, 2**64])
def test_a_uint_has_64_bits(number: int) -> None:
    with pytest.raises(EvaluationError) as raised:
        Uint(number)
    assert code(raised) == "overflow"


def test_a_uint_is_an_int_that_knows_its_kind() -> None:
    assert Uint(5) == 5
    assert repr(Uint(5)) == "Uint(5)"
    assert kind_of(Uint(5)) == "uint"


def test_int64_refuses_what_is_longer() -> None:
    assert int64(INT_MIN) == INT_MIN
    for number in (INT_MIN - 1, INT_MAX + 1):
        with pytest.raises(EvaluationError) as raised:
            int64(number)
        assert code(raised) == "overflow"


# --- money


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("75 USD", "75.00 USD"),
        ("75.5 EUR", "75.50 EUR"),
        ("75.0050 USD", "75.005 USD"),
        ("-0.00 USD", "0.00 USD"),
        ("-3.1 USD", "-3.10 USD"),
        ("1200 JPY", "1200 JPY"),
        ("1200.5 JPY", "1200.5 JPY"),
        ("1.5 KWD", "1.500 KWD"),
    ],
)
def test_money_has_one_text_for_equal_amounts(text: str, written: str) -> None:
    money = Money.parse(text)
    assert str(money) == written
    assert Money.parse(written) == money


@pytest.mark.parametrize(
    "text", ["", "75", "75USD", "75 usd", "1e3 USD", "+5 USD", "5. USD", "5 US"]
)
def test_what_is_no_money(text: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        Money.parse(text)
    assert code(raised) == "invalid_argument"


def test_only_zero_has_no_currency() -> None:
    assert Money(Decimal(0), None).text == "0"
    with pytest.raises(EvaluationError) as raised:
        Money(Decimal(1), None)
    assert code(raised) == "invalid_argument"


def test_equal_money_has_one_hash() -> None:
    assert hash(Money(Decimal("1.0"), "USD")) == hash(Money(Decimal("1.00"), "USD"))


# --- maps


def test_a_map_tells_true_from_one_and_one_from_nothing_else() -> None:
    values = Map([(True, "yes"), (1, "one"), ("1", "text")])
    assert (values[True], values[1], values["1"]) == ("yes", "one", "text")
    assert (values[Uint(1)], values[1.0]) == ("one", "one")
    assert list(values) == [True, 1, "1"]
    assert len(values) == 3
    assert 1.5 not in values
    assert b"1" not in values
    assert False not in values


@pytest.mark.parametrize("key", [1.0, None, b"a", (), Decimal(1), Duration(1)])
def test_what_is_no_key(key: Value) -> None:
    with pytest.raises(EvaluationError) as raised:
        Map([(key, 1)])
    assert code(raised) == "type_mismatch"


@pytest.mark.parametrize(("first", "second"), [("a", "a"), (1, Uint(1)), ("\u00e9", "e\u0301")])
def test_a_key_stands_once(first: Value, second: Value) -> None:
    with pytest.raises(EvaluationError) as raised:
        Map([(first, 1), (second, 2)])
    assert code(raised) == "invalid_argument"


def test_keys_are_normalised() -> None:
    values = Map.of({"e\u0301": 1})
    assert values["\u00e9"] == values["e\u0301"] == 1
    assert list(values) == ["\u00e9"]


def test_maps_are_equal_whatever_their_order() -> None:
    left, right = Map([("a", 1), (2, "b")]), Map([(Uint(2), "b"), ("a", 1)])
    assert left == right
    assert hash(left) == hash(right)
    assert left != Map.of({"a": 1})
    assert left != {"a": 1}
    assert repr(Map.of({"a": 1})) == "Map([('a', 1)])"


def test_map_key_of_nan_is_none() -> None:
    assert map_key(float("nan")) is None
    assert map_key(float("inf")) is None
    assert map_key(2.0) == map_key(2)


# --- text


def test_nfc_joins_letters_and_marks() -> None:
    assert nfc("e\u0301") == "\u00e9"
    assert nfc("\u00e9" * 1000) == "\u00e9" * 1000
    assert nfc("\ud800") == "\ud800"


def test_nfc_refuses_piles_of_marks() -> None:
    assert len(nfc("a" + "\u0307\u0323" * 100)) > 100
    with pytest.raises(EvaluationError) as raised:
        nfc("a" + "\u0307\u0323" * 50_000)
    assert code(raised) == "invalid_argument"


# --- kinds

KINDS: list[tuple[Value, str, str]] = [
    (None, "null", "null_type"),
    (True, "bool", "bool"),
    (1, "int", "int"),
    (Uint(1), "uint", "uint"),
    (1.0, "double", "double"),
    ("a", "string", "string"),
    (b"a", "bytes", "bytes"),
    ((1,), "list", "list"),
    (Map(), "map", "map"),
    (Timestamp(0), "timestamp", "google.protobuf.Timestamp"),
    (Duration(0), "duration", "google.protobuf.Duration"),
    (Decimal(1), "decimal", "decimal"),
    (Money(Decimal(1), "USD"), "money", "money"),
    (TypeValue("int"), "type", "type"),
    (NOTHING, "optional", "optional_type"),
    (parse_ip("::1"), "net.IP", "net.IP"),
    (Host(), "object", "object"),
]


@pytest.mark.parametrize(("value", "kind", "type_name"), KINDS)
def test_every_value_has_a_kind_and_a_type(value: Value, kind: str, type_name: str) -> None:
    assert kind_of(value) == kind
    assert type_of(value) == TypeValue(type_name)


def test_a_subclass_is_of_its_base_kind() -> None:
    class Status(StrEnum):
        OPEN = "open"

    assert kind_of(Status.OPEN) == "string"


def test_kinds_have_articles() -> None:
    assert [a_kind(v) for v in (None, 1, "a", Uint(1))] == ["null", "an int", "a string", "a uint"]


def test_a_host_object_is_what_answers() -> None:
    assert isinstance(Host(), HostObject)
    assert not isinstance("text", HostObject)
