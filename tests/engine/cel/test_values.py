from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.cel.network import parse_cidr, parse_ip
from gatewright.engine.decimals import decimal_text, exact_decimal, parse_decimal, plain_form
from gatewright.engine.errors import EvaluationError
from gatewright.engine.rendering import double_text, render
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    NOTHING,
    Duration,
    HostObject,
    Map,
    Money,
    OptionalValue,
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

nanos = st.integers(Timestamp.MIN_NANOS, Timestamp.MAX_NANOS)
durations = st.integers(INT_MIN, INT_MAX).map(Duration)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)


def code(raised: pytest.ExceptionInfo[EvaluationError]) -> str:
    return raised.value.code


# --- errors


def test_an_error_has_code_and_message_and_can_be_sent_to_another_process() -> None:
    error = EvaluationError("overflow", "too large")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (copy.code, copy.message, str(copy)) == ("overflow", "too large", "too large")


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


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.50", "1.50"),
        ("-0.00", "0.00"),
        ("1e3", "1000"),
        ("1.5E+2", "150"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0e500", "0"),
        ("0e-500", "0"),
        ("1." + "0" * 80, "1"),
        ("120" + "." + "0" * 80, "120"),
        ("1e59", "1" + "0" * 59),
        ("1e-60", "0." + "0" * 59 + "1"),
    ],
)
def test_decimals_are_read_exactly(text: str, plain: str) -> None:
    assert decimal_text(parse_decimal(text)) == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e60", "overflow"),
        ("1e-61", "overflow"),
        ("1e1000000", "overflow"),
        ("1e-1000000", "overflow"),
        ("1e99999999", "overflow"),
        ("1e100000000", "invalid_argument"),
        ("9" * 61, "overflow"),
        ("0." + "1" * 61, "overflow"),
        ("9" * 300, "invalid_argument"),
        ("", "invalid_argument"),
        ("NaN", "invalid_argument"),
        ("1_000", "invalid_argument"),
        (" 1", "invalid_argument"),
        ("\u0661", "invalid_argument"),
    ],
)
def test_decimals_have_limits(text: str, expected: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        parse_decimal(text)
    assert code(raised) == expected


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_is_finite(number: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        exact_decimal(Decimal(number))
    assert code(raised) == "invalid_argument"


@given(decimals)
def test_exact_decimal_keeps_the_value(number: Decimal) -> None:
    try:
        kept = exact_decimal(number)
    except EvaluationError as error:
        assert error.code == "overflow"
    else:
        assert kept == number
        assert parse_decimal(decimal_text(kept)) == number


@given(
    st.booleans(),
    st.one_of(
        st.integers(0, 10**6), st.integers(0, 10**61), st.integers(0, 99).map(lambda n: n * 10**59)
    ),
    st.integers(-125, 65),
)
def test_a_decimal_in_plain_form_is_found_out_at_once(
    is_negative: bool, digits: int, exponent: int
) -> None:
    number = Decimal(digits).scaleb(exponent, Context(prec=300)).copy_abs()
    number = number.copy_negate() if is_negative else number
    assert number.as_tuple().exponent == exponent
    try:
        expected: object = str(plain_form(number))
    except EvaluationError as error:
        expected = error.message
    try:
        kept: object = str(exact_decimal(number))
    except EvaluationError as error:
        kept = error.message
    assert kept == expected


@given(st.floats(allow_nan=False))
def test_the_text_of_a_double_reads_back(number: float) -> None:
    assert float(double_text(number)) == number


# --- instants


@given(nanos)
def test_the_text_of_an_instant_reads_back(number: int) -> None:
    assert Timestamp.parse(Timestamp(number).text) == Timestamp(number)


@given(nanos, nanos)
def test_instants_are_ordered_as_their_nanoseconds(left: int, right: int) -> None:
    assert (Timestamp(left) < Timestamp(right)) is (left < right)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2026-12-02T01:30:00.5+01:30", "2026-12-02T00:00:00.5Z"),
        ("2026-12-02T00:00:00-23:59", "2026-12-02T23:59:00Z"),
        ("2026-12-02T00:00:00.000000001Z", "2026-12-02T00:00:00.000000001Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
    ],
)
def test_instants_are_read_and_written(text: str, same: str) -> None:
    assert str(Timestamp.parse(text)) == same


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-12-02",
        "2026-12-02 00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-12-02T24:00:00Z",
        "2026-12-02T00:00:60Z",
        "2026-12-02T00:00:00",
        "2026-12-02T00:00:00+24:00",
        "2026-12-02T00:00:00+00:60",
        "2026-12-02T00:00:00.0000000001Z",
        "\u0662026-12-02T00:00:00Z",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        Timestamp.parse(text)
    assert code(raised) == "invalid_argument"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_an_instant_lies_in_the_years_1_to_9999(text: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        Timestamp.parse(text)
    assert code(raised) == "overflow"


def test_instants_become_datetimes_and_come_back() -> None:
    berlin = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    instant = Timestamp.from_datetime(berlin)
    assert instant.text == "2026-01-01T00:00:00Z"
    assert instant.to_datetime() == datetime(2026, 1, 1, tzinfo=UTC)
    early = Timestamp.parse("0001-01-01T00:00:00.000001Z")
    assert Timestamp.from_datetime(early.to_datetime()) == early
    with pytest.raises(EvaluationError):
        Timestamp.from_datetime(datetime(2026, 1, 1))  # noqa: DTZ001


# --- durations


@given(durations)
def test_the_text_of_a_duration_reads_back(duration: Duration) -> None:
    assert Duration.parse(duration.text) == duration


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0", 0),
        ("-0", 0),
        ("1h30m", 5400 * 10**9),
        ("-1.5s", -1_500_000_000),
        ("+1.s", 10**9),
        (".5ms", 500_000),
        ("1us1\u00b5s1\u03bcs", 3000),
        ("1ns", 1),
        ("0.0000000001s", 0),
    ],
)
def test_durations_are_read_exactly(text: str, nanos: int) -> None:
    assert Duration.parse(text).nanos == nanos


@pytest.mark.parametrize(
    "text", ["", "1", "s", ".s", "1d", "1 s", "1s ", "--1s", "1s-1s", "1e3s", "1h" * 60]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        Duration.parse(text)
    assert code(raised) == "invalid_argument"


def test_a_duration_has_64_bits_of_nanoseconds() -> None:
    with pytest.raises(EvaluationError) as raised:
        Duration.parse("9223372037s")
    assert code(raised) == "overflow"


@pytest.mark.parametrize(
    ("nanos", "literal"),
    [
        (0, "0s"),
        (30 * 86_400 * 10**9, "30d"),
        (-4 * 3600 * 10**9, "-4h"),
        (90 * 60 * 10**9, "90m"),
        (61 * 10**9, "61s"),
        (1_500_000_000, "1500ms"),
        (-1_500, 'duration("-0.0000015s")'),
    ],
)
def test_the_literal_of_a_duration_is_short(nanos: int, literal: str) -> None:
    assert str(Duration(nanos)) == literal


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


# --- rendering


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
