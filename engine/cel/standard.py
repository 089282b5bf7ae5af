"""CEL's standard functions on strings, lists, maps and types: size, contains, matches, ...

Comparisons of text are made in Unicode normal form C, as `==` is. Source: docs/language.md#action.
"""

from __future__ import annotations

from gatewright.engine.cel.registry import Library
from gatewright.engine.values import Map, Value, nfc, type_of

LIBRARY = Library()


@LIBRARY.function("size", "string|bytes|list|map")
@LIBRARY.member("size", "string|bytes|list|map")
def size(value: str | bytes | tuple[Value, ...] | Map) -> int:
    return len(value)


@LIBRARY.member("contains", "string", "string")
def contains(text: str, part: str) -> bool:
    return nfc(part) in nfc(text)


@LIBRARY.member("startsWith", "string", "string")
def starts_with(text: str, prefix: str) -> bool:
    return nfc(text).startswith(nfc(prefix))


@LIBRARY.member("endsWith", "string", "string")
def ends_with(text: str, suffix: str) -> bool:
    return nfc(text).endswith(nfc(suffix))


@LIBRARY.function("type", "any")
def type_(value: Value) -> Value:
    return type_of(value)


@LIBRARY.function("dyn", "any")
def dyn(value: Value) -> Value:
    return value
