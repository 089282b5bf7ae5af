"""Python data of a caller -> immutable run-time values, nothing converted but what means the same.

Lists become tuples, mappings become `Map`s with text keys, texts and keys are put into Unicode
normal form C. Exact Python values stand for themselves: Decimal, an aware datetime, a timedelta,
bytes. Everything else, and whatever JSON could not carry, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from gatewright.engine.decimals import exact_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.json_text import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    SURROGATE,
    JsonNumber,
)
from gatewright.engine.reading.problems import ActionError, Place, shown
from gatewright.engine.values import UINT_MAX, Duration, Map, Money, Timestamp, Uint, Value, nfc

_LARGEST = 10**MAX_DIGITS


class Freezer:
    """Freezes the values of one action; they may have `MAX_VALUES` parts between them."""

    def __init__(self) -> None:
        self._count = 0

    def value(self, raw: object, place: Place, depth: int = 0) -> Value:
        """Return the run-time value of a Python one; raises ActionError with its place."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise place.error(f"is one of more than {MAX_VALUES} values")
        if type(raw) is str and raw.isascii():  # HOT: most values are short texts
            return raw
        try:
            if isinstance(raw, (Mapping, list, tuple)):
                if depth >= MAX_DEPTH:
                    raise place.error(f"nests deeper than {MAX_DEPTH} levels")
                return self._compound(cast("Mapping[object, object]", raw), place, depth + 1)
            return scalar(raw, place)
        except (ActionError, RecursionError):
            raise
        except Exception:  # whatever the classes of a caller do
            raise place.error("is an object that cannot be read") from None

    def _compound(self, raw: object, place: Place, depth: int) -> Value:
        if isinstance(raw, Mapping):
            entries = entries_of(cast("Mapping[object, object]", raw), place)
            return Map((k, self.value(v, place.key(k), depth)) for k, v in entries.items())
        items = cast("list[object]", raw)
        return tuple([self.value(v, place.item(i), depth) for i, v in enumerate(items)])


def entries_of(raw: Mapping[object, object], place: Place) -> dict[str, object]:
    """Return a mapping with its keys normalised; integer and bool keys become text, as in JSON.

    Raises ActionError for a key of another type, and for two keys that are one.
    """
    entries: dict[str, object] = {}
    for raw_key, item in raw.items():
        key = _key(raw_key, place)
        if key in entries:
            raise place.error(f"has the key {shown(key)} twice")
        if len(entries) >= MAX_VALUES:
            raise place.error(f"has more than {MAX_VALUES} keys")
        entries[key] = item
    return entries


def _key(raw: object, place: Place) -> str:
    if type(raw) is str and raw.isascii():
        return raw
    if isinstance(raw, str):
        return text(raw, place)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int) and abs(int.__int__(raw)) <= UINT_MAX:
        return str(int.__int__(raw))
    raise place.error("has a key that is not text")


def text(raw: str, place: Place) -> str:
    """Return a text in normal form C; raises ActionError where it has none."""
    plain = str.__str__(raw)  # an enum member that is a text counts as the text
    if not plain.isascii() and SURROGATE.search(plain):
        raise place.error("has a lone surrogate, which is no character")
    try:
        return nfc(plain)
    except EvaluationError as error:
        raise place.error("cannot be compared: " + error.message) from None


def scalar(raw: object, place: Place) -> Value:
    """Return the run-time value of what is neither a list nor a mapping.

    Its class is a built-in one or one of ours: what a subclass would answer is not asked.
    """
    kind = type(raw)  # isinstance would believe what an object says of itself
    if raw is None or kind is bool:
        return cast("bool | None", raw)
    if issubclass(kind, str):
        return text(cast("str", raw), place)
    if issubclass(kind, int):
        return _integer(cast("int", raw), place)
    if issubclass(kind, float):
        return _double(cast("float", raw), place)
    if issubclass(kind, (bytes, bytearray)):
        return b"".join((cast("bytes", raw),))
    try:
        return _exact(raw, place)
    except EvaluationError as error:
        raise place.error(f"cannot be used: {error.message}") from None


def _integer(raw: int, place: Place) -> int:
    number = int.__int__(raw)
    if issubclass(type(raw), Uint):
        return Uint(number)
    if not -_LARGEST < number < _LARGEST:
        raise place.error(f"has more than {MAX_DIGITS} digits")
    return number


def _double(raw: float, place: Place) -> float:
    number = float.__float__(raw)
    if number != number or number in (float("inf"), float("-inf")):
        raise place.error("is not a finite number")
    return raw if type(raw) is JsonNumber else number


def _exact(raw: object, place: Place) -> Value:
    kind = type(raw)
    if issubclass(kind, Money):
        money = cast("Money", raw)
        if money.currency is None:
            raise place.error("is money without a currency")
        return Money(exact_decimal(money.amount), text(money.currency, place))
    if issubclass(kind, Decimal):
        return exact_decimal(cast("Decimal", raw))
    if issubclass(kind, datetime):
        raw = Timestamp.from_datetime(cast("datetime", raw))
    if issubclass(kind, timedelta):
        raw = Duration((cast("timedelta", raw) // timedelta(microseconds=1)) * 1000)
    if isinstance(raw, (Timestamp, Duration)):
        made = Timestamp if issubclass(type(raw), Timestamp) else Duration
        return made(int.__int__(raw.nanos))
    raise place.error(
        "is of a kind that no action can hold; "
        "text, numbers, instants, durations, money, lists and maps can be used"
    )
