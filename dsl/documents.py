"""Data documents -> the immutable `data` of a policy set, and its static type."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, NoReturn, cast

from gatewright.dsl import types as t
from gatewright.dsl.bad_document import BadDocument, TooManyValues
from gatewright.dsl.combining_marks import too_many_marks
from gatewright.dsl.files import Document
from gatewright.dsl.limits import INT_MAX, INT_MIN, MAX_DEPTH, MAX_VALUES
from gatewright.dsl.messages import files as messages
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.policy import Json
from gatewright.dsl.resolve.collect import Report
from gatewright.dsl.source import Source, Span

_SIGNS = (",", "[", "{")
"""Before every value of a JSON text but the first stands one of these."""
_SIGN_OR_TEXT = re.compile(r""""(?:[^"\\]++|\\(?:.|\Z))*+"?|,|[\[{](?!\s*+[\]}])""", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]++|\\.)*+")(?P<key>[ \t\r\n]*+:)?+"""
    r"""|(?P<open>[\[{])|(?P<close>[\]}])|(?P<word>[^\s,:\[\]{}"]++)"""
)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def load_data(documents: Iterable[Document], report: Report) -> Mapping[str, Json]:
    """Merge data documents. What cannot be read, or is given twice, is reported and left out."""
    data: dict[str, Json] = {}
    given_by: dict[str, str] = {}
    for document in documents:
        source = document.source
        try:
            content = _content(source)
        except TooManyValues as many:
            report(limit_messages.too_many_values(_place(source, many.at)))
            continue
        except BadDocument as bad:
            report(messages.bad_document(_place(source, bad.at), str(bad)))
            continue
        if document.name is not None:
            # Some file systems take names apart: a key is written in a policy in normal form.
            content = MappingProxyType({unicodedata.normalize("NFC", document.name): content})
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
    except BadDocument as bad:
        report(messages.bad_document(Source("<data>", "").whole(), str(bad)))
        return {}
    return frozen if isinstance(frozen, Mapping) else {}


def _content(source: Source) -> Json:
    if source.name.endswith(".json"):
        return _json_content(source.text)
    # Late, since it loads PyYAML, and few policies have data in YAML.
    from gatewright.dsl.yaml_text import read_yaml

    return _freeze(read_yaml(source.text, MAX_VALUES), 0)


def _json_content(text: str) -> Json:
    _count_values(text)
    try:
        return _freeze(_parsed(text), 0)
    except RecursionError:
        raise _placed(text, BadDocument("this is nested too deeply")) from None
    except json.JSONDecodeError as error:
        why = _WHY_NO_JSON.get(error.msg, "it cannot be read on from here")
        if error.pos >= len(text.rstrip()):
            why = "it ends before all lists and objects do" if text.strip() else "it is empty"
        raise BadDocument(f"this is not JSON: {why}", error.pos) from None
    except BadDocument as bad:
        raise _placed(text, bad) from None


_WHY_NO_JSON = {
    "Expecting ',' delimiter": "`,` or the end of the list or object is expected here",
    "Expecting ':' delimiter": "`:` is expected here",
    "Expecting property name enclosed in double quotes": "a key in double quotes is expected here",
    "Expecting value": "a value is expected here",
    "Extra data": "something follows the end of the value",
    "Unterminated string starting at": "this string does not end",
    "Invalid control character at": "a line break in a string is written as `\\n`, a tab as `\\t`",
}
"""What the standard library says of a text, in our words; what it says otherwise is not told."""


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_int)


def _placed(text: str, bad: BadDocument) -> BadDocument:
    """Return what is wrong first in a JSON text, with its place. Cost: linear."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        try:
            if token["close"]:
                keys.pop()
            elif token["key"]:
                _take_key(token["text"], keys[-1])
            elif token["open"]:
                _freeze([], len(keys))
                keys.append(set())
            else:
                _freeze(_parsed(token[0]), len(keys))
        except BadDocument as here:
            return BadDocument(str(here), token.start())
        except (ValueError, IndexError):
            break  # no JSON: what was found before is all that can be told
    return bad


def _take_key(token: str, known: set[str]) -> None:
    key = _key(_parsed(token))
    if key in known:
        raise _given_twice(key)
    known.add(key)


def _count_values(text: str) -> None:
    """Raise TooManyValues before any value is made. Cost: linear, and stops at the limit."""
    if sum(map(text.count, _SIGNS)) < MAX_VALUES:
        return
    signs = (match for match in _SIGN_OR_TEXT.finditer(text) if match.group() in _SIGNS)
    for past in islice(signs, MAX_VALUES - 1, None):
        raise TooManyValues(past.start())


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        first = {key: at for at, (key, _) in reversed(list(enumerate(pairs)))}
        twice = next(key for at, (key, _) in enumerate(pairs) if first[key] < at)
        raise _given_twice(twice)
    return found


def _given_twice(key: str) -> BadDocument:
    return BadDocument(f"the key `{key}` is given twice")


def _refuse(word: str) -> NoReturn:
    raise BadDocument(f"`{word}` is not a number")


def _int(text: str) -> int:
    if len(text) > 20:
        raise BadDocument("a whole number does not fit into 64 bits")
    return int(text)


def _freeze(value: object, depth: int) -> Json:
    """Make a document immutable: tuples and read-only maps, strings in normal form C."""
    if depth > MAX_DEPTH:
        raise BadDocument("this is nested too deeply")
    # HOT: most values are texts.
    if type(value) is str:
        return _text(value)
    match value:
        case None | bool():
            return value
        case int():
            if not INT_MIN <= value <= INT_MAX:
                raise BadDocument("a whole number does not fit into 64 bits")
            return value
        case float():
            if value != value or value in (float("inf"), float("-inf")):
                raise BadDocument("a number is not finite")
            return value
        case str():
            return _text(value)
        case list() | tuple():
            return tuple([_freeze(item, depth + 1) for item in cast("list[object]", value)])
        case Mapping():
            entries = cast("Mapping[object, object]", value)
            items = [(_key(key), _freeze(item, depth + 1)) for key, item in entries.items()]
            return MappingProxyType(_unique(items))
        case _:
            raise BadDocument("a value is no text, number, list or object; put it in quotes")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise BadDocument("a key is no text; put it in quotes")
    return _text(key)


def _text(text: str) -> str:
    if text.isascii():
        return text
    if _HALF_CHARACTER.search(text):
        raise BadDocument("a string holds half of a character")
    if too_many_marks(text):
        raise BadDocument("too many combining marks follow one another")
    return unicodedata.normalize("NFC", text)


_PLAIN_TYPES: Mapping[type, t.Type] = {
    type(None): t.NULL, bool: t.BOOL, int: t.INT, float: t.DOUBLE, str: t.STRING,
}  # fmt: skip
_PLAIN_FIELDS = {kind: t.FieldType(plain) for kind, plain in _PLAIN_TYPES.items()}


def data_type(value: Json, name: str = "data") -> t.Type:
    """Return the type of a document: objects are records, mixed lists are lists of any."""
    if isinstance(value, tuple):
        # HOT: compared and not hashed, since a hash goes through all that a type is made of.
        kinds = (data_type(item, f"{name}[]") for item in value)
        first = next(kinds, t.ANY)
        return t.ListType(first if all(kind == first for kind in kinds) else t.ANY)
    if isinstance(value, Mapping):
        fields = [(key, _field_type(item, name, key)) for key, item in value.items()]
        return t.RecordType(name, tuple(fields))
    return _PLAIN_TYPES[type(value)]


def _field_type(value: Json, name: str, key: str) -> t.FieldType:
    # HOT: most fields of most documents are plain.
    return _PLAIN_FIELDS.get(type(value)) or t.FieldType(data_type(value, f"{name}.{key}"))
