"""JSON text -> plain data, strictly: whatever two readers could understand differently is refused.

Refused are keys given twice, NaN and infinities, numbers too long or too large, lone surrogates,
text that is not UTF-8, and whatever follows the value. A number that is no integer keeps its
spelling, since money and decimals are exact. Knows nothing of actions. RFC 8259 otherwise.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NoReturn, TypeAlias, cast

from gatewright.dsl.late_regex import late
from gatewright.dsl.records import dataclass
from gatewright.engine.reading.problems import ActionError, Place, Unfit, shown

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 64
"""How deep lists and objects may nest."""
MAX_VALUES = 100_000
"""How many values a text may have; so many are read and decided on in about a second."""
MAX_DIGITS = 60
MAX_EXPONENT = 400

_SPACE = late(r"[ \t\n\r]*+")
_STRING = late(r'"([^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+)"')
_GOOD_PART = late(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+')
"""A string as far as it is right."""
_ESCAPE = late(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F])|.)"
)
_NUMBER = late(r"-?(0|[1-9][0-9]*+)(\.[0-9]++)?+([eE]([+-]?[0-9]++))?+")
_WORD = late(r"[A-Za-z_0-9.+-]{1,40}")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_NOT_NUMBERS = ("NaN", "Infinity", "-Infinity", "nan", "inf", "-inf")
SURROGATE = late("[\ud800-\udfff]")


class JsonNumber(float):
    """A JSON number that is no integer: a double that remembers its spelling.

    >>> JsonNumber("50.10").text, JsonNumber("50.10").exact
    ('50.10', Decimal('50.10'))
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> JsonNumber:
        """Read the spelling, which must be that of a finite number."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)

    @property
    def exact(self) -> Decimal:
        """The number that was written."""
        return Decimal(self.text)


def read_json(text: str | bytes) -> Json:
    """Return the data of a JSON text; a byte order mark in front is skipped.

    Raises ActionError, and nothing else, with line, column and the path within the data. Cost:
    linear in the length, which is at most `MAX_BYTES`.
    """
    if not isinstance(text, str):
        text = _decoded(bytes(text))
    elif len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _too_large()
    text = text.removeprefix("\ufeff")
    surrogate = None if text.isascii() else SURROGATE.search(text)
    if surrogate is not None:
        raise _Reader(text).error("a lone surrogate is no character", surrogate.start())
    try:
        return _read_plain(text)
    except (ValueError, RecursionError):
        return _Reader(text).read()


# HOT: most texts are plain. The standard library's parser reads those some twenty times faster than
# `_Reader`, which reads the rest, and whatever is wrong, to say what and where.

_MAX_PLAIN_NUMBER = 25
_PERHAPS_LONE = late(r"\\u[dD][89a-fA-F]")


def _read_plain(text: str) -> Json:
    """Read what is plain; raises ValueError for everything in which the two could differ."""
    nesting = text.count("[") + text.count("{")
    if len(text) > MAX_VALUES and text.count(",") + nesting + 1 > MAX_VALUES:
        raise ValueError("many values")
    if "\\u" in text and _PERHAPS_LONE.search(text):
        raise ValueError("escapes that may be half of a character")
    text = text.strip(" \t\n\r")
    data, end = _PLAIN.raw_decode(text)
    if end != len(text):
        raise ValueError("something follows")
    if nesting > MAX_DEPTH and _is_deep(data):
        raise ValueError("deep")
    if _quotes(text) != 2 * _strings([data]):
        raise ValueError("a key given twice")
    return cast("Json", data)


# Of a key given twice the parser keeps the latter: a text in quotes is then missing from the data.
# To be asked about every object, as its hook does, would take as long as to parse it.


def _quotes(text: str) -> int:
    """Return how many quotes of a JSON text begin or end a text in it."""
    if "\\" in text:
        text = text.replace(r"\\", "").replace(r"\"", "")
    return text.count('"')


def _strings(container: list[Json] | dict[str, Json]) -> int:
    """Return how many texts there are in data, keys among them."""
    found = 0
    items: Iterable[Json] = container
    if type(container) is dict:
        found, items = len(container), container.values()
    for item in items:
        if type(item) is str:
            found += 1
        elif type(item) is dict or type(item) is list:
            found += _strings(item)
    return found


def _is_deep(data: Json) -> bool:
    """Tell whether lists and objects nest deeper than `MAX_DEPTH` levels."""
    level = [data]
    for _ in range(MAX_DEPTH):
        items = (item for outer in level for item in _items(outer))
        level = [item for item in items if isinstance(item, (dict, list))]
    return bool(level)


def _items(data: Json) -> Iterable[Json]:
    if isinstance(data, dict):
        return data.values()
    return data if isinstance(data, list) else ()


def _plain_integer(text: str) -> int:
    if len(text) > _MAX_PLAIN_NUMBER:
        raise ValueError("a long number")
    return int(text)


def _plain_number(text: str) -> JsonNumber:
    if len(text) > _MAX_PLAIN_NUMBER or "e" in text or "E" in text:
        raise ValueError("a long number")
    return JsonNumber(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


_PLAIN = json.JSONDecoder(
    parse_int=_plain_integer,
    parse_float=_plain_number,
    parse_constant=_no_number,
)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _too_large()
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        valid = data[: error.start].decode("utf-8")
        raise _Reader(valid).error("the text is not UTF-8", len(valid)) from None


def _too_large() -> ActionError:
    return ActionError(f"the text is longer than {MAX_BYTES // 1024 // 1024} MiB")


@dataclass(slots=True)
class _Frame:
    """A list or an object that is being read, and where it begins.

    `key` is where its next value belongs.
    """

    container: list[Json] | dict[str, Json]
    at: int
    key: str | None = None

    def add(self, value: Json) -> None:
        if isinstance(self.container, list):
            self.container.append(value)
        else:
            self.container[self.key or ""] = value


class _Reader:
    """Reads one text from left to right, without recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._frames: list[_Frame] = []
        self._count = 0

    def read(self) -> Json:
        while True:
            value = self._value()
            while not isinstance(value, Unfit):
                if not self._frames:
                    if self._peek():
                        raise self.error("something follows the end of the value", self._at)
                    return value
                value = self._close_or_next(value)

    def _value(self) -> Json | Unfit:
        """Read a scalar or an empty container; UNFIT when a container was opened instead."""
        start = self._peek()
        self._count += 1
        if self._count > MAX_VALUES:
            raise self.error(f"the text has more than {MAX_VALUES} values", self._at)
        if start == '"':
            return self._string()
        if start in ("{", "["):
            return self._open({} if start == "{" else [])
        number = _NUMBER.match(self.text, self._at)
        if number is not None:
            return self._number(number)
        return self._word()

    def _open(self, container: list[Json] | dict[str, Json]) -> Json | Unfit:
        if len(self._frames) >= MAX_DEPTH:
            raise self.error(f"lists and objects nest deeper than {MAX_DEPTH} levels", self._at)
        start = self._at
        self._at += 1
        is_object = isinstance(container, dict)
        if self._peek() == ("}" if is_object else "]"):
            self._at += 1
            return container
        self._frames.append(_Frame(container, start))
        if is_object:
            self._key()
        return Unfit.UNFIT

    def _close_or_next(self, value: Json) -> Json | Unfit:
        """Put a value where it belongs; return its container if it ends here, else UNFIT."""
        frame = self._frames[-1]
        frame.add(value)
        is_object = isinstance(frame.container, dict)
        after = self._peek()
        if after == ",":
            self._at += 1
            if is_object:
                self._key()
            return Unfit.UNFIT
        if after != ("}" if is_object else "]"):
            raise self.error(f"expected `,` or `{'}' if is_object else ']'}`", self._at)
        self._at += 1
        return self._frames.pop().container

    def _key(self) -> None:
        if self._peek() != '"':
            raise self.error("expected a key in double quotes", self._at)
        start = self._at
        key = self._string()
        frame = self._frames[-1]
        if key in frame.container:
            raise self.error(f"the key {shown(key)} is given twice", start)
        frame.key = key
        if self._peek() != ":":
            raise self.error("expected `:` after the key", self._at)
        self._at += 1

    def _string(self) -> str:
        match = _STRING.match(self.text, self._at)
        if match is None:
            raise self._bad_string()
        self._at = match.end()
        body = match.group(1)
        if "\\" not in body:
            return body
        value = cast("str", json.loads(match.group()))
        if SURROGATE.search(value):
            raise self.error("a lone surrogate is no character", self._lone(match.span(1)))
        return value

    def _bad_string(self) -> ActionError:
        """Say what breaks the string that begins here, and where."""
        good = _GOOD_PART.match(self.text, self._at)
        at = good.end() if good is not None else self._at
        char = self.text[at : at + 1]
        if char == "\\":
            return self.error("JSON has no such escape; a backslash is written twice", at)
        if char in ("", "\n", "\r"):
            return self.error("the string does not end on its line", self._at)
        return self.error("a control character in a string is written as an escape: `\\t`", at)

    def _lone(self, span: tuple[int, int]) -> int:
        """Return where the first lone surrogate of a string is written."""
        escapes = _ESCAPE.finditer(self.text, *span)
        return next(escape.start() for escape in escapes if escape.group(1))

    def _number(self, match: re.Match[str]) -> int | JsonNumber:
        whole, fraction, exponent, power = match.groups()
        digits = (whole + (fraction or ".")[1:]).lstrip("0")
        if len(digits) > MAX_DIGITS:
            raise self.error(f"the number has more than {MAX_DIGITS} digits", self._at)
        self._at = match.end()
        if fraction is None and exponent is None:
            return int(match.group())
        if exponent and (len(exponent) > 10 or abs(int(power)) > MAX_EXPONENT):
            raise self.error("the exponent of the number is too large", match.start())
        number = JsonNumber(match.group())
        if number in (float("inf"), float("-inf")) or (not number and digits):
            raise self.error("the number is beyond what a double can hold", match.start())
        return number

    def _word(self) -> bool | None:
        word = _WORD.match(self.text, self._at)
        text = word.group() if word else ""
        if text in _WORDS:
            self._at += len(text)
            return _WORDS[text]
        if text in _NOT_NUMBERS:
            raise self.error(f"`{text}` is not a number", self._at)
        if not text and self._at >= len(self.text):
            raise self.error("the text ends where a value is expected", self._at)
        raise self.error("expected a value", self._at)

    def _peek(self) -> str:
        """Skip white space and return the next character, or an empty text at the end."""
        char = self.text[self._at : self._at + 1]
        if char > " ":
            return char
        space = _SPACE.match(self.text, self._at)
        self._at = space.end() if space else self._at
        return self.text[self._at : self._at + 1]

    def error(self, message: str, at: int) -> ActionError:
        """Return the ActionError of a place in the text.

        Where the text ends too soon, that is where what does not end begins.
        """
        frames = self._frames
        if frames and at >= len(self.text):
            *frames, last = frames
            kind = "list" if isinstance(last.container, list) else "object"
            message, at = f"the text ends before the {kind} that begins here", last.at
        place = Place("")
        for frame in frames:
            if frame.key is not None:
                place = place.key(frame.key)
            elif isinstance(frame.container, list):
                place = place.item(len(frame.container))
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        return ActionError(message, place.path, line, column)
