"""Instants and durations in nanoseconds, and their texts.

Python's own datetime stops at microseconds, so it is used for the calendar only. `values` offers
these types to everybody else.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import ClassVar

from gatewright.dsl.late_regex import late
from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
_NANOS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP_TEXT = late(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """An instant: nanoseconds since 1970-01-01T00:00:00Z, in the years 1 to 9999."""

    nanos: int

    MIN_NANOS: ClassVar[int] = -62_135_596_800 * _NANOS
    MAX_NANOS: ClassVar[int] = 253_402_300_800 * _NANOS - 1

    def __post_init__(self) -> None:
        if not self.MIN_NANOS <= self.nanos <= self.MAX_NANOS:
            raise EvaluationError("overflow", "the instant is outside the years 1 to 9999")

    @classmethod
    def parse(cls, text: str) -> Timestamp:
        """Read RFC 3339 text: `2026-12-02T00:00:00.5+01:00`."""
        match = _TIMESTAMP_TEXT.fullmatch(text)
        if match is None:
            raise _bad_timestamp()
        date_and_time = [int(part) for part in match.group(1, 2, 3, 4, 5, 6)]
        fraction, sign, hours, minutes = match.group(7, 8, 9, 10)
        try:
            year, month, day, hour, minute, second = date_and_time
            local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            raise _bad_timestamp() from None
        offset_s = 0
        if sign:
            if int(hours) > 23 or int(minutes) > 59:
                raise _bad_timestamp()
            offset_s = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1)
        since_epoch = local - _EPOCH
        seconds = since_epoch.days * 86_400 + since_epoch.seconds - offset_s
        return cls(seconds * _NANOS + int((fraction or "").ljust(9, "0")))

    @classmethod
    def from_datetime(cls, moment: datetime) -> Timestamp:
        """Convert a datetime; raises EvaluationError where it has no time zone."""
        if moment.tzinfo is None:
            raise EvaluationError("invalid_argument", "an instant needs a time zone")
        since_epoch = moment - _EPOCH
        micros = (since_epoch.days * 86_400 + since_epoch.seconds) * 10**6
        return cls((micros + since_epoch.microseconds) * 1000)

    def to_datetime(self) -> datetime:
        """Convert to a UTC datetime, nanoseconds cut to microseconds."""
        return _EPOCH + timedelta(microseconds=self.nanos // 1000)

    @property
    def text(self) -> str:
        """RFC 3339 in UTC, the fraction as short as it can be."""
        seconds, nanos = divmod(self.nanos, _NANOS)
        return f"{_whole(seconds)}{_fraction(nanos)}Z"

    def __str__(self) -> str:
        return self.text


# HOT: `make bench-runtime`, verification of a trail: many entries are of one second.
@lru_cache(maxsize=256)
def _whole(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def _bad_timestamp() -> EvaluationError:
    return EvaluationError(
        "invalid_argument", "the text is not an instant such as 2026-12-02T00:00:00Z"
    )


def _fraction(nanos: int) -> str:
    return f".{nanos:09}".rstrip("0").rstrip(".")


_UNIT_NANOS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": _NANOS,
    "m": 60 * _NANOS,
    "h": 3600 * _NANOS,
}
_LITERAL_UNITS = (
    ("d", 86_400 * _NANOS),
    ("h", 3600 * _NANOS),
    ("m", 60 * _NANOS),
    ("s", _NANOS),
    ("ms", 1_000_000),
)
_DURATION_PART = r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)"
_DURATION_TEXT = late(rf"([+-]?)(0|(?:{_DURATION_PART})+)")
_MAX_DURATION_TEXT = 100


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in nanoseconds, within 64 bits (about 292 years)."""

    nanos: int

    def __post_init__(self) -> None:
        if not INT_MIN <= self.nanos <= INT_MAX:
            raise EvaluationError("overflow", "the duration is longer than 292 years")

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read what `duration(text)` takes: `1h30m`, `-1.5s`, `300ms`, `0`."""
        match = _DURATION_TEXT.fullmatch(text) if len(text) <= _MAX_DURATION_TEXT else None
        if match is None:
            raise _bad_duration()
        nanos = 0
        for whole, fraction, unit in re.findall(_DURATION_PART, text):
            if not whole and not fraction:
                raise _bad_duration()
            scaled = int((whole or "0") + fraction) * _UNIT_NANOS[unit]
            nanos += scaled // 10 ** len(fraction)
        return cls(-nanos if match.group(1) == "-" else nanos)

    @property
    def text(self) -> str:
        """What `string(duration)` gives: seconds, `5400s` or `-1.5s`."""
        seconds, nanos = divmod(abs(self.nanos), _NANOS)
        return f"{'-' if self.nanos < 0 else ''}{seconds}{_fraction(nanos)}s"

    @property
    def literal(self) -> str:
        """The shortest literal of the policy language: `30d`, `90m`, `1500ms`."""
        for unit, size in _LITERAL_UNITS:
            if self.nanos and self.nanos % size == 0:
                return f"{self.nanos // size}{unit}"
        return f'duration("{self.text}")' if self.nanos else "0s"

    def __str__(self) -> str:
        return self.literal


def _bad_duration() -> EvaluationError:
    return EvaluationError("invalid_argument", "the text is not a duration such as 1h30m or 1.5s")
