"""Data documents -> the immutable `data` of a policy set, and its static type."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn, cast

import yaml

from gatewright.dsl import types as t
from gatewright.dsl.files import Document
from gatewright.dsl.limits import INT_MAX, INT_MIN, MAX_DEPTH
from gatewright.dsl.marks import too_many_marks
from gatewright.dsl.messages import files as messages
from gatewright.dsl.policy import Json
from gatewright.dsl.resolve.collect import Report
from gatewright.dsl.source import Source, Span


class _BadDocument(Exception):
    """What is wrong with a document, in policy words, and at which offset where that is known."""

    def __init__(self, why: str, at: int = 0) -> None:
        super().__init__(why)
        self.at = at


def load_data(documents: Iterable[Document], report: Report) -> Mapping[str, Json]:
    """Merge data documents. What cannot be read, or is given twice, is reported and left out."""
    data: dict[str, Json] = {}
    given_by: dict[str, str] = {}
    for document in documents:
        source = document.source
        try:
            content = _freeze(_read(source.name, source.text), 0)
        except _BadDocument as bad:
            report(messages.bad_document(_place(source, bad.at), str(bad)))
            continue
        if document.name is not None:
            content = MappingProxyType({document.name: content})
        elif not isinstance(content, Mapping):
            why = "the root of `data` must be an object with keys"
            report(messages.bad_document(source.whole(), why))
            continue
        for key, value in content.items():
            if key in given_by:
                report(messages.data_twice(source.whole(), key, given_by[key]))
            else:
                data[key], given_by[key] = value, source.name
    return MappingProxyType(data)


def _place(source: Source, at: int) -> Span:
    """Return one character of a document; the last one for what comes at its end."""
    start = max(0, min(at, len(source.text) - 1))
    return source.span(start, min(start + 1, len(source.text)))


def freeze_data(data: Mapping[str, object], report: Report) -> Mapping[str, Json]:
    """Return plain values from code as `data`; what is no plain value is reported."""
    try:
        frozen = _freeze(data, 0)
    except _BadDocument as bad:
        report(messages.bad_document(Source("<data>", "").whole(), str(bad)))
        return {}
    return frozen if isinstance(frozen, Mapping) else {}


def _read(name: str, text: str) -> Any:
    if name.endswith(".json"):
        return _read_json(text)
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a safe loader, made stricter
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "it holds characters that YAML does not allow"
        raise _BadDocument(f"this is not YAML: {why}", mark.index if mark else 0) from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        # What the YAML library raises for a value that contradicts its own tag.
        raise _BadDocument("a value cannot be read as its tag says; put it in quotes") from None


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_int)
    except RecursionError:
        raise _BadDocument("this is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _BadDocument("this is not JSON: it cannot be read on from here", error.pos) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _BadDocument(f"the key `{key}` is given twice")
        found[key] = value
    return found


def _refuse(word: str) -> NoReturn:
    raise _BadDocument(f"`{word}` is not a number")


def _int(text: str) -> int:
    if len(text) > 20:
        raise _BadDocument("a whole number does not fit into 64 bits")
    return int(text)


class _StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys, aliases that multiply, or dates that are no JSON."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        at = cast(Any, self).peek_event().start_mark.index
        if self.check_event(yaml.AliasEvent):
            raise _BadDocument("aliases are not allowed in data", at)
        self._depth += 1
        if self._depth > MAX_DEPTH + 1:
            raise _BadDocument("this is nested too deeply", at)
        node = cast(Any, super()).compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[str, Any] = {}
        construct: Callable[[Any, bool], object] = cast(Any, self).construct_object
        for key_node, value_node in node.value:
            key, at = construct(key_node, True), key_node.start_mark.index
            if not isinstance(key, str):
                raise _BadDocument("this key is no text; put it in quotes", at)
            if key in found:
                raise _BadDocument(f"the key `{key}` is given twice", at)
            found[key] = construct(value_node, True)
        return found


# What JSON has is read as in JSON; every other word (`NO`, `1:30`, a date) stays the text it is.
_PLAIN = {
    "null": (re.compile(r"~|null|"), ["~", "n", ""]),
    "bool": (re.compile(r"true|false"), ["t", "f"]),
    "int": (re.compile(r"[-+]?(0|[1-9][0-9]*)"), [*"-+0123456789"]),
    "float": (re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?"), [*"-+0123456789"]),
}
_StrictLoader.yaml_implicit_resolvers = {}
for _kind, (_pattern, _starts) in _PLAIN.items():
    cast(Any, _StrictLoader).add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern.pattern})$"), _starts
    )


def _freeze(value: object, depth: int) -> Json:
    """Make a document immutable: tuples and read-only maps, strings in normal form C."""
    if depth > MAX_DEPTH:
        raise _BadDocument("this is nested too deeply")
    match value:
        case None | bool():
            return value
        case int():
            if not INT_MIN <= value <= INT_MAX:
                raise _BadDocument("a whole number does not fit into 64 bits")
            return value
        case float():
            if value != value or value in (float("inf"), float("-inf")):
                raise _BadDocument("a number is not finite")
            return value
        case str():
            return _text(value)
        case list() | tuple():
            return tuple(_freeze(item, depth + 1) for item in cast("list[object]", value))
        case Mapping():
            entries = cast("Mapping[object, object]", value)
            items = [(_key(key), _freeze(item, depth + 1)) for key, item in entries.items()]
            return MappingProxyType(_unique(items))
        case _:
            raise _BadDocument("a value is no text, number, list or object; put it in quotes")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise _BadDocument("a key is no text; put it in quotes")
    return _text(key)


def _text(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _BadDocument("a string holds half of a character")
    if too_many_marks(text):
        raise _BadDocument("too many combining marks follow one another")
    return unicodedata.normalize("NFC", text)


def data_type(value: Json, name: str = "data") -> t.Type:
    """Return the type of a document: objects are records, mixed lists are lists of any."""
    match value:
        case None:
            return t.NULL
        case bool():
            return t.BOOL
        case int():
            return t.INT
        case float():
            return t.DOUBLE
        case str():
            return t.STRING
        case tuple():
            kinds = {data_type(item, f"{name}[]") for item in value}
            return t.ListType(kinds.pop() if len(kinds) == 1 else t.ANY)
        case _:
            fields = [(key, t.FieldType(data_type(item, f"{name}.{key}")))
                      for key, item in value.items()]  # fmt: skip
            return t.RecordType(name, tuple(fields))
