"""Spellings of literals -> values. Each function raises `BadLiteral` for one without a value.

It knows nothing of the grammar; offsets in a `BadLiteral` count from the start of the spelling.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from gatewright.dsl import limits
from gatewright.dsl.combining_marks import MAX_WRITTEN, too_many_marks

NANOS = {
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
    "d": 24 * 3600 * 1_000_000_000,
    "w": 7 * 24 * 3600 * 1_000_000_000,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPE = re.compile(
    r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL
)
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}  # fmt: skip
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d))?"
)
Problem = Literal["range", "digits", "escape", "timestamp", "marks"]


class BadLiteral(ValueError):
    """A spelling without a value: what is wrong, and where within the spelling."""

    def __init__(self, problem: Problem, detail: str = "", start: int = 0, end: int = 0) -> None:
        super().__init__(problem)
        self.problem: Problem = problem
        self.detail = detail
        self.start = start
        self.end = end


def integer(text: str) -> int:
    """Return the value of `12` or `0x1F`; at most 2^64 - 1."""
    if len(text) < 19 and text.isdecimal():
        return int(text)
    digits = text.lower()
    if digits.startswith("0x"):
        value = int(digits[2:].lstrip("0") or "0", 16) if len(digits) < 64 else limits.UINT_MAX + 1
    else:
        stripped = digits.lstrip("0") or "0"
        value = int(stripped) if len(stripped) <= 20 else limits.UINT_MAX + 1
    if value > limits.UINT_MAX:
        raise BadLiteral("range", "64 bits")
    return value


def double(text: str) -> float:
    """Return the double nearest to `1.5` or `2e3`."""
    value = float(text)
    if value == float("inf"):
        raise BadLiteral("range", "a double")
    return value


def decimal(text: str) -> Decimal:
    """Return `12.50` exactly."""
    if sum(char.isdigit() for char in text) > limits.MAX_DIGITS:
        raise BadLiteral("digits")
    return Decimal(text)


def money(text: str) -> tuple[Decimal, str]:
    """Return amount and currency of `49.99 EUR`."""
    return decimal(text[:-3].rstrip()), text[-3:]


def duration(text: str) -> int:
    """Return the nanoseconds of `30d`, `15m` or `250ms`."""
    digits = text.rstrip("mshdw")
    nanos = integer(digits) * NANOS[text[len(digits) :]]
    if nanos > limits.INT_MAX:
        raise BadLiteral("range", "a duration of 64-bit nanoseconds (292 years)")
    return nanos


def timestamp(text: str) -> int:
    """Return nanoseconds since the epoch of an RFC 3339 timestamp, or of a date at 00:00 UTC."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise BadLiteral("timestamp")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction, zone = match.group(7) or "", match.group(8) or "Z"
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _offset(zone)
    except (ValueError, OverflowError):
        raise BadLiteral("timestamp") from None
    if len(fraction) > 9:
        raise BadLiteral("timestamp")
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * NANOS["s"] + int(fraction.ljust(9, "0"))


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise BadLiteral("timestamp")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def string_body(text: str) -> tuple[str, bool, int]:
    """Split a string spelling: what stands between the quotes, whether raw, and its offset."""
    prefix = 0
    while text[prefix] not in "\"'":
        prefix += 1
    raw = "r" in text[:prefix].lower()
    quotes = 3 if text[prefix : prefix + 3] in ('"""', "'''") else 1
    return text[prefix + quotes : len(text) - quotes], raw, prefix + quotes


def string(text: str) -> str:
    """Return the value of a string spelling, in Unicode normal form C."""
    body, raw, offset = string_body(text)
    value = body if raw else unescape(body, offset)
    return normal(value)


def normal(text: str) -> str:
    """Return a text in Unicode normal form C; raises BadLiteral for endless combining marks."""
    if too_many_marks(text, MAX_WRITTEN + 1):
        raise BadLiteral("marks")
    return unicodedata.normalize("NFC", text)


def unescape(body: str, offset: int = 0) -> str:
    """Replace the escape sequences of a string; `offset` is where `body` starts in its spelling."""

    def replace(match: re.Match[str]) -> str:
        hexadecimal = match.group(1) or match.group(2) or match.group(3)
        if hexadecimal or match.group(4):
            code = int(hexadecimal, 16) if hexadecimal else int(match.group(4), 8)
            if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                return chr(code)
        elif match.group(5) in _SIMPLE:
            return _SIMPLE[match.group(5)]
        raise BadLiteral("escape", match.group(), offset + match.start(), offset + match.end())

    return _ESCAPE.sub(replace, body) if "\\" in body else body


def bytes_(text: str) -> bytes:
    r"""Return the value of a bytes spelling; `\x` and octal escapes are single bytes."""
    body, raw, offset = string_body(text)
    if raw:
        return body.encode()
    out = bytearray()
    last = 0
    for match in _ESCAPE.finditer(body):
        out += body[last : match.start()].encode()
        last = match.end()
        if match.group(1) or match.group(4):
            out.append(int(match.group(1), 16) if match.group(1) else int(match.group(4), 8))
        elif match.group(5) in _SIMPLE:
            out += _SIMPLE[match.group(5)].encode()
        else:
            raise BadLiteral("escape", match.group(), offset + match.start(), offset + match.end())
    return bytes(out + body[last:].encode())
