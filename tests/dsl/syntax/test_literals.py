"""Spellings of literals and their values."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import limits
from gatewright.dsl.syntax import literals
from gatewright.dsl.syntax.literals import BadLiteral


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        ("'a\\n\\t\\\\\\'\\\"\\`\\?\\a\\b\\f\\r\\v'", "a\n\t\\'\"`?\a\b\f\r\v"),
        (r"'\x41\X42\u00e9\U0001F600\101'", "AB\u00e9\U0001f600A"),
        ('"""a\n"b""c"""', 'a\n"b""c'),
        ("r'\\n'", "\\n"),
        ("R'''\\'''", "\\"),
        ("'e\u0301'", "\u00e9"),
        ("'\\u0065\\u0301'", "\u00e9"),
        ("''", ""),
    ],
)
def test_strings_are_read_with_their_escapes(text: str, value: str) -> None:
    assert literals.string(text) == value


@pytest.mark.parametrize("mark", ["\u0301", "\\u0301"])
def test_more_marks_than_any_script_needs_are_refused(mark: str) -> None:
    assert literals.string(f"'e{mark * 30}'").startswith("\u00e9")
    with pytest.raises(BadLiteral) as caught:
        literals.string(f"'e{mark * 31}'")
    assert caught.value.problem == "marks"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("b'a\u00e9'", b"a\xc3\xa9"),
        (r"b'\x41\xff\101\377\n'", b"A\xffA\xff\n"),
        (r"br'\x41'", rb"\x41"),
        (r"Rb'\x41'", rb"\x41"),
        ("b''", b""),
    ],
)
def test_bytes_are_read(text: str, value: bytes) -> None:
    assert literals.bytes_(text) == value


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        (r"'ab\q'", 3, 5),
        (r"'\xZZ'", 1, 3),
        (r"'\ud800'", 1, 7),
        (r"'\U00110000'", 1, 11),
        (r"'\8'", 1, 3),
        (r"'\400'", 1, 3),
        ('"""a\\q"""', 4, 6),
    ],
)
def test_bad_escapes_have_a_place(text: str, start: int, end: int) -> None:
    with pytest.raises(BadLiteral) as bad:
        literals.string(text)
    assert (bad.value.problem, bad.value.start, bad.value.end) == ("escape", start, end)


@pytest.mark.parametrize("text", [r"b'\u0041'", r"b'\U00000041'", r"b'a\q'"])
def test_bytes_have_no_characters_by_number(text: str) -> None:
    with pytest.raises(BadLiteral) as bad:
        literals.bytes_(text)
    assert bad.value.problem == "escape"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("18446744073709551615", limits.UINT_MAX),
        ("0" * 100 + "5", 5),
        ("0xFf", 255),
        ("0X00", 0),
        ("0xFFFFFFFFFFFFFFFF", limits.UINT_MAX),
    ],
)
def test_integers_are_read_up_to_the_largest_uint(text: str, value: int) -> None:
    assert literals.integer(text) == value


@pytest.mark.parametrize(
    "text", ["18446744073709551616", "9" * 100_000, "0x10000000000000000", "0x" + "F" * 100_000]
)
def test_integers_have_64_bits(text: str) -> None:
    with pytest.raises(BadLiteral, match="range"):
        literals.integer(text)


def test_doubles_are_read_within_their_range() -> None:
    assert literals.double("1.5e3") == 1500.0
    with pytest.raises(BadLiteral, match="range"):
        literals.double("1e999")


def test_decimals_and_money_are_exact() -> None:
    assert literals.decimal("12.50") == Decimal("12.50")
    assert literals.money("49.99EUR") == (Decimal("49.99"), "EUR")
    assert literals.money("50 USD") == (Decimal(50), "USD")
    assert literals.decimal("1" * limits.MAX_DIGITS) == Decimal("1" * limits.MAX_DIGITS)
    with pytest.raises(BadLiteral, match="digits"):
        literals.decimal("0." + "1" * limits.MAX_DIGITS)


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("1ms", 10**6), ("1s", 10**9), ("1m", 60 * 10**9), ("1d", 86_400 * 10**9), ("0w", 0)],
)
def test_durations_are_read_in_nanoseconds(text: str, nanos: int) -> None:
    assert literals.duration(text) == nanos


def test_durations_have_64_bits_of_nanoseconds() -> None:
    assert literals.duration("9223372036s") == 9223372036 * 10**9
    with pytest.raises(BadLiteral, match="range"):
        literals.duration("9223372037s")


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("1970-01-02", 86_400 * 10**9),
        ("1970-01-01T00:01Z", 60 * 10**9),
        ("0001-01-01T00:00:00Z", -62_135_596_800 * 10**9),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999_999),
    ],
)
def test_timestamps_are_read_in_nanoseconds(text: str, nanos: int) -> None:
    assert literals.timestamp(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30", "2026-13-01", "0000-01-01", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60",
        "2026-01-01T00:00:00.0000000001Z", "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00", "2026-01-01T00:00:00", "yesterday",
    ],
)  # fmt: skip
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(BadLiteral, match="timestamp"):
        literals.timestamp(text)


@given(st.text())
def test_escaped_text_means_itself(text: str) -> None:
    escaped = "".join(f"\\U{ord(char):08x}" for char in text if not "\ud800" <= char <= "\udfff")
    plain = "".join(char for char in text if not "\ud800" <= char <= "\udfff")
    assert literals.unescape(escaped) == plain
