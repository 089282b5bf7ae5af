"""A JSON value -> the value of one scalar type that it stands for.

Only here do texts become money, decimals, instants or durations. A JSON number is never money, and
is a decimal only by its exact spelling. Each reader gives UNFIT or raises EvaluationError for what
does not fit; who asked says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeVar

from gatewright.dsl.late_regex import late
from gatewright.dsl.types import (
    BOOL,
    BYTES,
    DECIMAL,
    DOUBLE,
    DURATION,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
)
from gatewright.engine.cel.untyped import duration_of
from gatewright.engine.decimals import exact_decimal, parse_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.json_text import JsonNumber
from gatewright.engine.reading.problems import UNFIT, Unfit
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    Duration,
    Map,
    Money,
    Timestamp,
    Uint,
    Value,
)

T = TypeVar("T")

_INTEGER = late(r"0|-?[1-9][0-9]{0,19}")


def attempt(read: Callable[[], T]) -> T | Unfit:
    """Return what is read, or UNFIT where that is an EvaluationError."""
    try:
        return read()
    except EvaluationError:
        return UNFIT


def money_of_object(raw: Map) -> Value | Unfit:
    """Read `{"amount": "75.00", "currency": "USD"}`.

    A number as amount is refused, whole or not: nobody can tell units from cents.
    """
    amount, currency = raw.get("amount"), raw.get("currency")
    if len(raw) != 2 or not isinstance(currency, str):
        return UNFIT
    if isinstance(amount, Decimal):
        amount = f"{amount:f}"
    text = amount if isinstance(amount, str) else ""
    return attempt(lambda: Money.parse(f"{text} {currency}"))


def typed_key(text: str, wanted: Type) -> Value | Unfit:
    """Read a key of a JSON object, which is text, as the key of a typed map."""
    if wanted == BOOL:
        return {"true": True, "false": False}.get(text, UNFIT)
    if wanted in (INT, UINT):
        number = int(text) if _INTEGER.fullmatch(text) else None
        return UNFIT if number is None else SCALARS[wanted](number)
    return text


def _bool(raw: Value) -> Value | Unfit:
    return raw if isinstance(raw, bool) else UNFIT


def _int(raw: Value) -> Value | Unfit:
    if isinstance(raw, bool) or not isinstance(raw, int) or not INT_MIN <= raw <= INT_MAX:
        return UNFIT
    return int(raw)


def _uint(raw: Value) -> Value | Unfit:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= UINT_MAX:
        return UNFIT
    return Uint(raw)


def _double(raw: Value) -> Value | Unfit:
    """Read a number as a double; an integer only where the double is exactly it."""
    if isinstance(raw, float):
        return float(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        return UNFIT
    return float(raw) if int(float(raw)) == raw else UNFIT


def _decimal(raw: Value) -> Value | Unfit:
    """Read a decimal; a double without spelling is not exact, so it is refused."""
    if isinstance(raw, JsonNumber):
        return parse_decimal(raw.text)
    if isinstance(raw, str):
        return parse_decimal(raw)
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        return UNFIT
    return exact_decimal(Decimal(raw))


def _bytes(raw: Value) -> Value | Unfit:
    if not isinstance(raw, str):
        return raw if isinstance(raw, bytes) else UNFIT
    # Late, since actions seldom have bytes.
    import base64

    try:
        return base64.b64decode(raw, validate=True)
    except ValueError:
        return UNFIT


def _timestamp(raw: Value) -> Value | Unfit:
    if isinstance(raw, str):
        return Timestamp.parse(raw)
    return raw if isinstance(raw, Timestamp) else UNFIT


def _duration(raw: Value) -> Value | Unfit:
    """Read `30d` and `2w` as the language's literals, the rest as `duration(text)` does."""
    if isinstance(raw, str):
        return duration_of(raw)
    return raw if isinstance(raw, Duration) else UNFIT


def _null(raw: Value) -> Value | Unfit:
    return raw if raw is None else UNFIT


SCALARS: Final[dict[Type, Callable[[Value], Value | Unfit]]] = {
    BOOL: _bool,
    INT: _int,
    UINT: _uint,
    DOUBLE: _double,
    DECIMAL: _decimal,
    BYTES: _bytes,
    TIMESTAMP: _timestamp,
    DURATION: _duration,
    NULL: _null,
    STRING: lambda raw: raw if isinstance(raw, str) else UNFIT,
}
