"""How large values can be, and so what the interpreter would charge for walking through them.

Native code has no budget. It may stand for an expression only where the interpreter could not have
run out of its own: sizes and costs here are never less than those of a run, as long as every value
that comes from outside `is_small`. Source: docs/language.md#limits.
"""

from __future__ import annotations

from collections.abc import Iterable

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass
from gatewright.engine.cel.budget import CHARS_A_STEP
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Map, OptionalValue, Value, nfc

MAX_TEXT = 2_000
"""How many characters a text from outside may have."""
MAX_ITEMS = 200
"""How many elements a list or map from outside may have."""
MAX_WEIGHT = 20_000
"""How much one value from outside may weigh."""


@dataclass(frozen=True, slots=True)
class Size:
    """The most characters or elements of a value, and the most steps of a walk through all of it.

    A weight is one a value at any depth, and one for ten characters.
    """

    length: int = 1
    weight: int = 1

    def __add__(self, other: Size) -> Size:
        return Size(self.length + other.length, self.weight + other.weight)

    def __or__(self, other: Size) -> Size:
        return Size(max(self.length, other.length), max(self.weight, other.weight))


SCALAR = Size()
UNKNOWN = Size(MAX_TEXT, MAX_WEIGHT)


def text_size(length: int) -> Size:
    """Return the size of a text of that many characters."""
    return Size(length, 1 + length // CHARS_A_STEP)


def size_of_type(kind: t.Type) -> Size:
    """Return the most that a small value of a type can be."""
    match kind:
        case t.StringType(limit):
            return text_size(MAX_TEXT if limit is None else min(limit, MAX_TEXT))
        case t.EnumType(values):
            return text_size(max(map(len, values), default=0))
        case t.ListType(element):
            return _items(size_of_type(element).weight)
        case t.MapType(key, value):
            return _items(size_of_type(key).weight + size_of_type(value).weight)
        case t.OptionalType(element):
            return size_of_type(element) + SCALAR
        case _:
            return SCALAR if is_scalar(kind) else UNKNOWN


def is_scalar(kind: t.Type) -> bool:
    """Tell whether values of a type have no parts and are not of any length."""
    if isinstance(kind, t.MoneyType):
        return True
    return isinstance(kind, t.Scalar) and kind not in (t.ANY, t.UNKNOWN, t.BYTES)


def _items(weight: int) -> Size:
    return Size(MAX_ITEMS, min(1 + MAX_ITEMS * weight, MAX_WEIGHT))


def size_of_value(value: Value) -> Size:
    """Return the size of a value that is known. Cost: linear in it."""
    if isinstance(value, (str, bytes)):
        return text_size(len(value))
    parts = tuple(_parts(value))
    length = len(value) if isinstance(value, (tuple, Map)) else 1
    return Size(length, 1 + sum(size_of_value(part).weight for part in parts))


def _parts(value: Value) -> Iterable[Value]:
    if isinstance(value, tuple):
        yield from value
    elif isinstance(value, Map):
        for pair in value.items():
            yield from pair
    elif isinstance(value, OptionalValue):
        yield value.content


def part_of(whole: Size, kind: t.Type) -> Size:
    """Return the most that an element of a list or map can be, given its type."""
    own = size_of_type(kind)
    weight = min(own.weight, whole.weight)
    return Size(min(own.length, CHARS_A_STEP * weight), weight)


def comparison_cost(left: Size, right: Size) -> int:
    """Return the most that comparing two values for equality takes."""
    if left.weight == 1:
        return 1
    if right.weight == 1:  # it may be an empty map, and then the keys of the other are counted
        return 1 + min(left.length, left.weight)
    return 3 + 3 * min(left.weight, right.weight) + left.weight


def is_small(value: Value) -> bool:
    """Tell whether a value keeps the limits of this module, and all its texts are normal.

    A normal text is its own Unicode normal form C and has no half characters, so that native code
    can compare it as it is. Cost: linear in the value, but at most `MAX_WEIGHT`.
    """
    left = MAX_WEIGHT
    todo = [value]
    while todo:
        current = todo.pop()
        left -= 1
        if isinstance(current, str):
            left -= len(current) // CHARS_A_STEP
            if len(current) > MAX_TEXT or not _is_normal(current):
                return False
        elif isinstance(current, bytes):
            left -= len(current) // CHARS_A_STEP
            if len(current) > MAX_TEXT:
                return False
        elif isinstance(current, (tuple, Map)) and len(current) > MAX_ITEMS:
            return False
        if left < 0:
            return False
        todo.extend(_parts(current))
    return True


def _is_normal(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
        return nfc(text) == text
    except (EvaluationError, UnicodeEncodeError):
        return False
