"""Parts of instants and durations: getFullYear, getHours("Europe/Berlin"), ...

Source: cel-spec langdef.md, "Timestamps and durations". Months and days of the year count from 0,
`getDate` from 1, Sunday is day 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Duration, Timestamp

LIBRARY = Library()

_OFFSET = re.compile(r"([+-]?)([0-9]{2}):([0-9]{2})")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,31}){0,2}")

# A part of an instant, from its local time and its nanoseconds.
_PARTS: Mapping[str, Callable[[datetime], int]] = {
    "getFullYear": lambda local: local.year,
    "getMonth": lambda local: local.month - 1,
    "getDate": lambda local: local.day,
    "getDayOfMonth": lambda local: local.day - 1,
    "getDayOfWeek": lambda local: local.isoweekday() % 7,
    "getDayOfYear": lambda local: local.timetuple().tm_yday - 1,
    "getHours": lambda local: local.hour,
    "getMinutes": lambda local: local.minute,
    "getSeconds": lambda local: local.second,
    "getMilliseconds": lambda local: local.microsecond // 1000,
}
_DURATION_PARTS: Mapping[str, Callable[[int], int]] = {
    "getHours": lambda nanos: nanos // (3600 * 10**9),
    "getMinutes": lambda nanos: nanos // (60 * 10**9),
    "getSeconds": lambda nanos: nanos // 10**9,
    "getMilliseconds": lambda nanos: nanos // 10**6 % 1000,
}


def local_time(instant: Timestamp, zone: tzinfo) -> datetime:
    """Return the instant as a clock in that zone shows it, cut to microseconds."""
    try:
        return instant.to_datetime().astimezone(zone)
    except OverflowError:
        raise EvaluationError("overflow", "the local time is outside the years 1 to 9999") from None


def zone_named(name: str) -> tzinfo:
    """Return the zone of an IANA name (`Europe/Berlin`) or a fixed offset (`-02:30`)."""
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        if int(hours) > 23 or int(minutes) > 59:
            raise _unknown_zone()
        distance = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-distance if sign == "-" else distance)
    if not _ZONE.fullmatch(name):
        raise _unknown_zone()
    try:
        return ZoneInfo(name)
    # Unknown; a folder of the database; or a file in it that is no zone.
    except (KeyError, OSError, ValueError):
        raise _unknown_zone() from None


def _unknown_zone() -> EvaluationError:
    return EvaluationError(
        "invalid_argument", "the time zone is unknown: use a name such as Europe/Berlin or +02:00"
    )


def _declare(name: str, part: Callable[[datetime], int]) -> None:
    @LIBRARY.member(name, "timestamp")
    def in_utc(instant: Timestamp) -> int:
        return part(local_time(instant, UTC))

    @LIBRARY.member(name, "timestamp", "string")
    def in_zone(instant: Timestamp, zone: str) -> int:
        return part(local_time(instant, zone_named(zone)))


def _declare_of_duration(name: str, part: Callable[[int], int]) -> None:
    @LIBRARY.member(name, "duration")
    def of_duration(duration: Duration) -> int:
        # Towards zero, so that -90m has -1 hours.
        return part(duration.nanos) if duration.nanos >= 0 else -part(-duration.nanos)


for _name, _part in _PARTS.items():
    _declare(_name, _part)
for _name, _of_nanos in _DURATION_PARTS.items():
    _declare_of_duration(_name, _of_nanos)
