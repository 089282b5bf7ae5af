"""YAML -> plain values, of what JSON has too: no aliases, no repeated keys, no values but JSON's.

Every other word (`NO`, `1:30`, a date) stays the text it is. The events come from libyaml where
PyYAML has it, so that a large document is read in a second; values are made here, so that nothing
grows past a limit before it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

from gatewright.dsl.bad_document import BadDocument, TooManyValues
from gatewright.dsl.limits import INT_MAX, INT_MIN, MAX_DEPTH

_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
_NULLS = ("", "~", "null")
_BOOLS = {"true": True, "false": False}
_MOST_DIGITS = 20
_MOST_EXPLAINED = 64 * 1024
"""A longer text that is no YAML is told without the reason; to look for it takes too long."""

_NOT_YAML = (yaml.YAMLError, ValueError, OverflowError)
"""What the parsers raise; PyYAML's own one passes on what `chr` says of `"\\U00110000"`."""

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
_Event: TypeAlias = Any
"""An event of PyYAML, which has no types of its own."""


def read_yaml(text: str, most_values: int) -> Value:
    """Return what a document says; an empty one is None.

    Raises BadDocument, with a place; TooManyValues where there are more values than may be.
    """
    parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(most_values).read(_events(text, parser))
    except _NOT_YAML as error:
        raise _not_yaml(text, error, most_values) from None


def _events(text: str, parser: Any) -> Iterator[_Event]:
    """Yield the events of a text. What `yaml.parse` does, with half the calls."""
    loader = parser(text)
    try:
        yield from iter(loader.get_event, None)
    finally:
        loader.dispose()


def _not_yaml(text: str, error: Exception, most_values: int) -> Exception:
    """Say what is wrong as PyYAML's own parser does: libyaml says it in other words."""
    if len(text) <= _MOST_EXPLAINED:
        try:
            _Reader(most_values).read(_events(text, yaml.SafeLoader))
        except (BadDocument, TooManyValues) as bad:
            return bad
        except _NOT_YAML as own:
            why = getattr(own, "problem", None) or "it holds characters that YAML does not allow"
            return BadDocument(f"this is not YAML: {why}", _index(own) or _index(error))
    return BadDocument("this is not YAML: it cannot be read on from here", _index(error))


def _index(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.index if mark is not None else 0


class _Reader:
    """Makes the values of one document from its events."""

    def __init__(self, most_values: int) -> None:
        self._most = most_values
        self._documents = 0
        self._open = [_Open([])]
        """What the document stands in, and the lists and maps around what comes next."""

    # HOT: a document may have 100,000 values.
    def read(self, events: Iterator[_Event]) -> Value:
        """Return the value of the only document."""
        here = root = self._open[0]
        count = 0
        for event in events:
            kind = event.__class__
            if kind is yaml.ScalarEvent:
                value = _scalar(event)
            elif kind in _BEGINS:
                value = _begun(event, _BEGINS[kind])
            else:
                here = self._ended(event)
                continue
            if here.take(value, event):
                continue  # a key is no value of its own
            count += 1
            if count > self._most:
                raise TooManyValues(_start(event))
            if isinstance(value, list | dict):
                here = _Open(value)
                self._open.append(here)
                if len(self._open) > MAX_DEPTH + 2:
                    raise BadDocument("this is nested too deeply", _start(event))
        return root.first

    def _ended(self, event: _Event) -> _Open:
        """Go by what begins no value; return what the next one stands in."""
        match event:
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._open.pop()
            case yaml.AliasEvent():
                raise BadDocument("aliases are not allowed in data", _start(event))
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise BadDocument("a file of data is one document", _start(event))
            case _:
                pass
        return self._open[-1]


_BEGINS = {yaml.SequenceStartEvent: "seq", yaml.MappingStartEvent: "map"}


def _begun(event: _Event, kind: str) -> list[Value] | dict[str, Value]:
    if event.tag not in (None, "!", f"{_TAG}{kind}"):
        raise _bad_tag(event)
    return [] if kind == "seq" else {}


class _Open:
    """A list or map that is not at its end, and the key that waits for its value."""

    __slots__ = ("_items", "_key", "_map")

    def __init__(self, value: list[Value] | dict[str, Value]) -> None:
        self._items = value if isinstance(value, list) else None
        self._map: dict[str, Value] = {} if isinstance(value, list) else value
        self._key: str | None = None

    @property
    def first(self) -> Value:
        """The first value of a list, if there is one."""
        return self._items[0] if self._items else None

    def take(self, value: Value, event: _Event) -> bool:
        """Take what comes next; tell whether it is a key."""
        if self._items is not None:
            self._items.append(value)
            return False
        if self._key is not None:
            self._map[self._key], self._key = value, None
            return False
        if not isinstance(value, str):
            raise BadDocument("this key is no text; put it in quotes", _start(event))
        if value in self._map:
            raise BadDocument(f"the key `{value}` is given twice", _start(event))
        self._key = value
        return True


def _start(event: _Event) -> int:
    at: int = event.start_mark.index
    return at


def _scalar(event: _Event) -> Value:
    """Return the value of a word or a text in quotes."""
    text: str = event.value
    if event.tag in (None, "!"):
        return _plain(text, event) if event.implicit[0] else text
    kind = event.tag.removeprefix(_TAG)
    if kind == "str":
        return text
    if kind == "null" and text in _NULLS:
        return None
    if kind == "bool" and text in _BOOLS:
        return _BOOLS[text]
    if kind == "int" and _INT.fullmatch(text):
        return _int(text, event)
    if kind == "float" and _FLOAT.fullmatch(text):
        return _float(text, event)
    if kind == "float" and _NOT_FINITE.fullmatch(text):
        raise BadDocument("a number is not finite", _start(event))
    raise _bad_tag(event)


def _plain(text: str, event: _Event) -> Value:
    """Return the value of a word without quotes: what JSON has is read as in JSON."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    # HOT: most words are texts, which begin with none of these.
    if text[0] in "-+0123456789":
        if _INT.fullmatch(text):
            return _int(text, event)
        if _FLOAT.fullmatch(text):
            return _float(text, event)
    return text


def _int(text: str, event: _Event) -> int:
    if len(text) > _MOST_DIGITS or not INT_MIN <= int(text) <= INT_MAX:
        raise BadDocument("a whole number does not fit into 64 bits", _start(event))
    return int(text)


def _float(text: str, event: _Event) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise BadDocument("a number is not finite", _start(event))
    return number


def _bad_tag(event: _Event) -> BadDocument:
    kind = event.tag.removeprefix(_TAG)
    if kind in ("null", "bool", "int", "float", "seq", "map", "str"):
        why = "a value cannot be read as its tag says; put it in quotes"
    elif kind in ("binary", "timestamp", "set", "omap", "pairs"):
        why = "a value is no text, number, list or object; put it in quotes"
    else:
        why = f"the tag `{event.tag}` is not allowed in data"
    return BadDocument(why, _start(event))
