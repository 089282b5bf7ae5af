"""Conversions between kinds: int(), uint(), double(), bool(), string(), bytes(), ...

A conversion that would lose a number's whole part or a text's meaning is an error. Source:
cel-spec langdef.md, "Standard definitions".
"""

from __future__ import annotations

import re
from decimal import Decimal

from gatewright.engine.cel.registry import Library
from gatewright.engine.decimals import decimal_text, parse_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.rendering import double_text
from gatewright.engine.values import Duration, ExtensionValue, Money, Timestamp, Uint, Value, int64

LIBRARY = Library()

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_UNSIGNED = re.compile(r"[0-9]{1,40}")
_DOUBLE = re.compile(
    r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE
)
_MAX_NUMBER_TEXT = 1_000
_BOOLS = {
    **dict.fromkeys(("1", "t", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "false", "FALSE", "False"), False),
}


# One body serves every kind that needs no change of value.
@LIBRARY.function("int", "int")
@LIBRARY.function("uint", "uint")
@LIBRARY.function("double", "double")
@LIBRARY.function("bool", "bool")
@LIBRARY.function("string", "string")
@LIBRARY.function("bytes", "bytes")
@LIBRARY.function("timestamp", "timestamp")
@LIBRARY.function("duration", "duration")
@LIBRARY.function("decimal", "decimal")
@LIBRARY.function("money", "money")
def same(value: Value) -> Value:
    return value


@LIBRARY.function("int", "uint")
def int_of_uint(value: int) -> int:
    return int64(int(value))


@LIBRARY.function("int", "double")
def int_of_double(value: float) -> int:
    # Both ends are excluded: a double of that size no longer tells which int was meant.
    if not -(2.0**63) < value < 2.0**63:
        raise _out_of_range("a signed 64-bit integer")
    return int(value)


@LIBRARY.function("int", "decimal")
def int_of_decimal(value: Decimal) -> int:
    return int64(int(value))


@LIBRARY.function("int", "string")
def int_of_string(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _not_a("whole number")
    return int64(int(text))


@LIBRARY.function("int", "timestamp")
def int_of_timestamp(instant: Timestamp) -> int:
    return instant.nanos // 1_000_000_000


@LIBRARY.function("uint", "int")
def uint_of_int(value: int) -> Uint:
    return Uint(value)


@LIBRARY.function("uint", "double")
def uint_of_double(value: float) -> Uint:
    if not 0 <= value < 2.0**64:
        raise _out_of_range("an unsigned 64-bit integer")
    return Uint(int(value))


@LIBRARY.function("uint", "string")
def uint_of_string(text: str) -> Uint:
    if not _UNSIGNED.fullmatch(text):
        raise _not_a("whole number")
    return Uint(int(text))


@LIBRARY.function("double", "int|uint|decimal")
def double_of_number(value: int | Decimal) -> float:
    return float(value)


@LIBRARY.function("double", "string")
def double_of_string(text: str) -> float:
    if len(text) > _MAX_NUMBER_TEXT or not _DOUBLE.fullmatch(text):
        raise _not_a("number")
    number = float(text)
    if number in (float("inf"), float("-inf")) and text[-1] not in "fFyY":
        raise _out_of_range("a double")
    return number


@LIBRARY.function("bool", "string")
def bool_of_string(text: str) -> bool:
    if text not in _BOOLS:
        raise _not_a("bool")
    return _BOOLS[text]


@LIBRARY.function("string", "bool")
def string_of_bool(value: bool) -> str:
    return "true" if value else "false"


@LIBRARY.function("string", "int|uint")
def string_of_int(value: int) -> str:
    return str(int(value))


@LIBRARY.function("string", "double")
def string_of_double(value: float) -> str:
    return double_text(value)


@LIBRARY.function("string", "decimal")
def string_of_decimal(value: Decimal) -> str:
    return decimal_text(value)


@LIBRARY.function("string", "bytes")
def string_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise EvaluationError("invalid_argument", "the bytes are not UTF-8 text") from None


@LIBRARY.function("string", "timestamp|duration|money|net.IP|net.CIDR")
def string_of_text(value: Timestamp | Duration | Money | ExtensionValue) -> str:
    return value.text


@LIBRARY.function("bytes", "string")
def bytes_of_string(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EvaluationError("invalid_argument", "the text is not valid Unicode") from None


@LIBRARY.function("timestamp", "string")
def timestamp_of_string(text: str) -> Timestamp:
    return Timestamp.parse(text)


@LIBRARY.function("timestamp", "int")
def timestamp_of_int(seconds: int) -> Timestamp:
    return Timestamp(seconds * 1_000_000_000)


@LIBRARY.function("duration", "string")
def duration_of_string(text: str) -> Duration:
    return Duration.parse(text)


@LIBRARY.function("decimal", "string")
def decimal_of_string(text: str) -> Decimal:
    return parse_decimal(text)


@LIBRARY.function("decimal", "int|uint")
def decimal_of_int(value: int) -> Decimal:
    return Decimal(int(value))


@LIBRARY.function("money", "string")
def money_of_string(text: str) -> Money:
    return Money.parse(text)


def _not_a(what: str) -> EvaluationError:
    return EvaluationError("invalid_argument", f"the text is not a {what}")


def _out_of_range(what: str) -> EvaluationError:
    return EvaluationError("overflow", f"the number does not fit {what}")
