"""Instants and durations: reading, writing, order, limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    Duration,
    Timestamp,
)

nanos = st.integers(Timestamp.MIN_NANOS, Timestamp.MAX_NANOS)
durations = st.integers(INT_MIN, INT_MAX).map(Duration)


def code(raised: pytest.ExceptionInfo[EvaluationError]) -> str:
    return raised.value.code


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
