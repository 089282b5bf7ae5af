"""Plain data -> records, where each value is of exactly the type that a field is annotated with.

What is in any other form, if only `5` for a text, is not read here: whoever asks has a slower way
for it, that knows every form and tells what is wrong. So pydantic, which takes longer to load than
most commands to run, is loaded for such data alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_Read = Callable[[Any], Any]


class NotPlain(Exception):
    """Data in another form, which may be right or wrong."""


def read_plain(kind: Callable[..., T], data: object) -> T:
    """Return the record of a dict with its fields as keys; raises NotPlain.

    Fields are texts, numbers, booleans, None, members of an enumeration by their values, literals,
    lists and tuples from lists, dicts with texts as keys, and records; or one of several of them.
    """
    found: T = _reader(kind)(data)
    return found


@cache
def _reader(hint: Any) -> _Read:
    """Return what reads a value of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _one_of(inner)
    if origin in (Union, UnionType):
        return _first([_reader(each) for each in inner])
    if origin is tuple:
        if len(inner) != 2 or inner[1] is not Ellipsis:
            raise TypeError(f"{hint} cannot be read")
        return _many(tuple, _reader(inner[0]))
    if origin is list:
        return _many(list, _reader(inner[0]))
    if origin is dict:
        return _keyed(_reader(inner[1]))
    if hint is Any:
        return _whatever
    if hint in (str, int, float, bool, NoneType):
        return _exactly(hint)
    if issubclass(hint, Enum):
        return _member({member.value: member for member in hint})
    return _record(hint)


def _whatever(value: Any) -> Any:
    return value


def _require(kind: type, value: Any) -> None:
    if type(value) is not kind:
        raise NotPlain


def _exactly(kind: type) -> _Read:
    def read(value: Any) -> Any:
        _require(kind, value)
        return value

    return read


def _one_of(values: tuple[Any, ...]) -> _Read:
    if not all(type(value) is str for value in values):
        raise TypeError(f"{values} are not all texts")
    return _member({value: value for value in values})


def _member(members: dict[str, Any]) -> _Read:
    def read(value: Any) -> Any:
        if type(value) is not str or value not in members:
            raise NotPlain
        return members[value]

    return read


def _first(readers: list[_Read]) -> _Read:
    """Return what reads by the first of several that can."""

    def read(value: Any) -> Any:
        for each in readers:
            try:
                return each(value)
            except NotPlain:
                pass
        raise NotPlain

    return read


def _many(made: Callable[[Iterable[Any]], Any], each: _Read) -> _Read:
    def read(value: Any) -> Any:
        _require(list, value)
        return made(map(each, value))

    return read


def _keyed(each: _Read) -> _Read:
    def read(value: Any) -> Any:
        _require(dict, value)
        for key in value:
            _require(str, key)
        return value if each is _whatever else {k: each(v) for k, v in value.items()}

    return read


def _record(kind: type) -> _Read:
    hints = get_type_hints(kind)
    readers = {name: _reader(hint) for name, hint in hints.items()}

    def read(value: Any) -> Any:
        _require(dict, value)
        try:
            return kind(**{name: readers[name](entry) for name, entry in value.items()})
        except (KeyError, TypeError):  # of an unknown name, or without one that is needed
            raise NotPlain from None

    return read
