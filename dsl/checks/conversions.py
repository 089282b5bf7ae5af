"""Texts and numbers that a conversion, such as `timestamp("...")`, can never take.

In doubt a text can be read: what is said here holds for every decision. Knows neither types nor the
engine. Source: docs/language.md#expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from ipaddress import ip_address, ip_interface
from zoneinfo import ZoneInfo

from gatewright.dsl import limits
from gatewright.dsl.checks.constants import NUMBERS, Constant
from gatewright.dsl.late_regex import late

_TIMESTAMP = late(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_DURATION = late(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_MONEY = late(r"-?[0-9]+(?:\.[0-9]+)? [A-Z]{3}")
_DECIMAL = late(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,8})?")
_WHOLE = late(r"[+-]?[0-9]{1,40}")
_UNSIGNED = late(r"[0-9]{1,40}")
_DOUBLE = late(
    r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))"
)
_BOOLS = frozenset("1 t true TRUE True 0 f false FALSE False".split())
_OFFSET = late(r"[+-]?(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_ZONE = late(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,31}){0,2}")
_MAX_DURATION_TEXT = 100
_MAX_DECIMAL_TEXT = 4 * limits.MAX_DIGITS


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return False
    try:
        datetime.fromisoformat(match[1])
    except ValueError:
        return False
    return True


def _is_whole(text: str, low: int, high: int) -> bool:
    return bool(_WHOLE.fullmatch(text)) and low <= int(text) <= high


def _is_address(text: str, read: Callable[[str], object]) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


_READ: Mapping[str, Callable[[str], object]] = {
    "timestamp": _is_timestamp,
    "duration": lambda text: len(text) <= _MAX_DURATION_TEXT and _DURATION.fullmatch(text),
    "money": lambda text: _MONEY.fullmatch(text),
    "decimal": lambda text: len(text) <= _MAX_DECIMAL_TEXT and _DECIMAL.fullmatch(text),
    "int": lambda text: _is_whole(text, limits.INT_MIN, limits.INT_MAX),
    "uint": lambda text: _UNSIGNED.fullmatch(text) and int(text) <= limits.UINT_MAX,
    "double": lambda text: _DOUBLE.fullmatch(text),
    "bool": _BOOLS.__contains__,
    "ip": lambda text: _is_address(text, ip_address),
    "cidr": lambda text: "/" in text and _is_address(text, ip_interface),
}
"""The functions that read a text, and whether they may be able to."""


_RANGES: Mapping[str, tuple[int, int]] = {
    "int": (limits.INT_MIN, limits.INT_MAX),
    "uint": (0, limits.UINT_MAX),
    "timestamp": (-62_135_596_800, 253_402_300_799),  # seconds of the years 1 to 9999
}


def reads_texts(function: str) -> bool:
    """Tell whether a function of one argument reads texts."""
    return function in _READ


def is_never_read(function: str, text: str) -> bool:
    """Tell whether a function that reads texts can never read this one.

    >>> is_never_read("duration", "30d"), is_never_read("duration", "1h30m")
    (True, False)
    """
    return not _READ[function](text)


def never_fits(function: str, number: Constant) -> bool:
    """Tell whether `int(...)`, `uint(...)` or `timestamp(...)` of a number is out of range.

    >>> never_fits("uint", Constant("int", -1)), never_fits("int", Constant("uint", 1))
    (True, False)
    """
    if number.kind not in NUMBERS or function not in _RANGES:
        return False
    low, high = _RANGES[function]
    value = Decimal(str(number.value))
    return not low <= (int(value) if number.kind == "decimal" else value) <= high


def is_no_zone(name: str) -> bool:
    """Tell whether a text names no time zone: neither `Europe/Berlin` nor `+02:00`."""
    if _OFFSET.fullmatch(name):
        return False
    if not _ZONE.fullmatch(name):
        return True
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return True
    return False
