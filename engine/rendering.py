"""A value -> its text as the author of a policy would write it, for people.

What is shown is cut where it is long or deep, and written so that no character of it can be
mistaken for another.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from gatewright.engine.decimals import decimal_text
from gatewright.engine.values import (
    Duration,
    ExtensionValue,
    Map,
    Money,
    OptionalValue,
    Timestamp,
    TypeValue,
    Uint,
    Value,
)

_MAX_RENDER_DEPTH = 8
_MAX_RENDER_CHARS = 4_000
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(value: Value) -> str:
    """Write a value as a policy author would: `75.00 USD`, `"text"`, `30d`, `{"a": 1}`.

    Total: deep or long values are cut with `...`; two equal values of money give one text.

    >>> render((Duration(30 * 86_400 * 10**9), Money(Decimal(75), "USD"), "a"))
    '[30d, 75.00 USD, "a"]'
    """
    pieces: list[str] = []
    room = _render(value, pieces, _MAX_RENDER_CHARS, 0)
    return "".join(pieces) if room >= 0 else "".join(pieces)[:_MAX_RENDER_CHARS] + "..."


def _render(value: Value, pieces: list[str], room: int, depth: int) -> int:
    """Append the text of `value`; return how many characters are left, negative when cut."""
    if isinstance(value, (tuple, Map, OptionalValue)):
        return _render_compound(value, pieces, room, depth)
    text = _render_scalar(value, room)
    pieces.append(text)
    return room - len(text)


def _render_compound(
    value: tuple[Value, ...] | Map | OptionalValue, pieces: list[str], room: int, depth: int
) -> int:
    if depth >= _MAX_RENDER_DEPTH:
        pieces.append("...")
        return room - 3
    opening, closing = "[", "]"
    parts: Iterable[tuple[Value, ...]]
    if isinstance(value, Map):
        opening, closing, parts = "{", "}", value.items()
    elif isinstance(value, OptionalValue):
        opening, closing = f"optional.{'of' if value.present else 'none'}(", ")"
        parts = ((value.content,),) if value.present else ()
    else:
        parts = ((item,) for item in value)
    pieces.append(opening)
    room -= len(opening) + len(closing)
    for position, part in enumerate(parts):
        for separator, item in zip((", " if position else "", ": "), part, strict=False):
            pieces.append(separator)
            room = _render(item, pieces, room - len(separator), depth + 1)
        if room < 0:
            return room
    pieces.append(closing)
    return room


def _render_scalar(value: Value, room: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{int(value)}u" if isinstance(value, Uint) else str(value)
    if isinstance(value, float):
        return _render_double(value)
    if isinstance(value, (str, bytes)):
        return _quoted(value[: max(room, 0) + 1])
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, (Timestamp, Money)):
        return value.text
    return value.literal if isinstance(value, (Duration, ExtensionValue)) else "{...}"


def double_text(number: float) -> str:
    """Write a double as `string(x)` does: shortest form that reads back, `NaN`, `-Infinity`.

    >>> double_text(2.0), double_text(1e30), double_text(-0.0045)
    ('2', '1e+30', '-0.0045')
    """
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number).removesuffix(".0")


def _render_double(number: float) -> str:
    text = double_text(number)
    if text[-1] in "Ny":
        return f'double("{text}")'
    return text if "." in text or "e" in text else f"{text}.0"


def _quoted(text: str | bytes) -> str:
    if isinstance(text, bytes):
        shown = "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in text)
        return 'b"' + shown.replace('"', "\\x22") + '"'
    return '"' + "".join(_shown(char) for char in text) + '"'


def _shown(char: str) -> str:
    """Escape what would not be seen as it is: controls, bidi marks, lone surrogates."""
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == " " or (char.isprintable() and unicodedata.category(char) != "Cf"):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
