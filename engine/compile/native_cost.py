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
from gatewright.engine.cel.comparison import FREE_TEXT, MAX_GROWTH
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Map, OptionalValue, Value, nfc


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one value from outside may be."""

    text: int
    """Characters of a text."""
    items: int
    """Elements of a list or map."""
    weight: int
    """As in `Size`."""


SMALL = Limits(text=2_000, items=200, weight=20_000)
TINY = Limits(text=100, items=32, weight=400)
"""For actions whose conditions might cost more than a decision has if values were only small."""
MAX_TEXT = SMALL.text
MAX_LEVELS = 16
"""How deep values from outside, and constants, may nest: whoever compares deeper ones than
`MAX_VALUE_DEPTH` gets an error that nothing absorbs, and native code may add `MAX_BUILT` levels."""
MAX_BUILT = 40
"""How many parts of a condition may build lists, maps or optional values, of a level each."""


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
UNKNOWN = Size(SMALL.text, SMALL.weight)


def text_size(length: int) -> Size:
    """Return the size of a text of that many characters."""
    return Size(length, 1 + length // CHARS_A_STEP)


def size_of_type(kind: t.Type, limits: Limits = SMALL) -> Size:
    """Return the most that a value of a type can be within the limits."""
    match kind:
        case t.StringType(limit):
            return text_size(limits.text if limit is None else min(limit, limits.text))
        case t.EnumType(values):
            return text_size(max(map(len, values), default=0))
        case t.ListType(element):
            return _items(size_of_type(element, limits).weight, limits)
        case t.MapType(key, value):
            of_both = size_of_type(key, limits).weight + size_of_type(value, limits).weight
            return _items(of_both, limits)
        case t.OptionalType(element):
            return size_of_type(element, limits) + SCALAR
        case _:
            return SCALAR if is_scalar(kind) else Size(limits.text, limits.weight)


def is_scalar(kind: t.Type) -> bool:
    """Tell whether values of a type have no parts and are not of any length."""
    if isinstance(kind, t.MoneyType):
        return True
    return isinstance(kind, t.Scalar) and kind not in (t.ANY, t.UNKNOWN, t.BYTES)


def _items(weight: int, limits: Limits) -> Size:
    return Size(limits.items, min(1 + limits.items * weight, limits.weight))


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


def part_of(whole: Size, kind: t.Type, limits: Limits = SMALL) -> Size:
    """Return the most that an element of a list or map can be, given its type."""
    own = size_of_type(kind, limits)
    weight = min(own.weight, whole.weight)
    return Size(min(own.length, CHARS_A_STEP * weight), weight)


def comparison_cost(left: Size, right: Size) -> int:
    """Return the most that comparing two values for equality takes."""
    if left.weight == 1:
        return 1
    if right.weight == 1:  # it may be an empty map, and then the keys of the other are counted
        return 1 + min(left.length, left.weight)
    less = min(left.weight, right.weight)
    # The longer one of two texts is put into normal form where it may equal the other.
    return 3 + 3 * less + max(left.weight, min(right.weight, (1 + MAX_GROWTH) * less))


def normalising_cost(one: Size, other: Size) -> int:
    """Return the most that putting the longer of two texts into normal form takes."""
    longer = max(one.length, other.length)
    return longer // CHARS_A_STEP if longer > FREE_TEXT else 0


def is_small(value: Value, limits: Limits = SMALL) -> bool:
    """Tell whether a value keeps the limits, nests little, and all its texts are normal.

    A normal text is its own Unicode normal form C and has no half characters, so that native code
    can compare it as it is. Cost: linear in the value, but at most its weight in the limits.
    """
    left, levels = limits.weight, MAX_LEVELS
    todo = [value]
    while todo:
        inner: list[Value] = []
        for current in todo:
            left -= 1
            if isinstance(current, str):
                left -= len(current) // CHARS_A_STEP
                if len(current) > limits.text or not _is_normal(current):
                    return False
            elif isinstance(current, bytes):
                left -= len(current) // CHARS_A_STEP
                if len(current) > limits.text:
                    return False
            elif isinstance(current, (tuple, Map)) and len(current) > limits.items:
                return False
            if left < 0:
                return False
            inner.extend(_parts(current))
        levels -= 1
        if levels < 0:
            return False
        todo = inner
    return True


def nests_little(value: Value) -> bool:
    """Tell whether a value has at most `MAX_LEVELS` levels. Cost: linear in it."""
    levels, inner = 0, [value]
    while inner and levels <= MAX_LEVELS:
        levels, inner = levels + 1, [part for each in inner for part in _parts(each)]
    return levels <= MAX_LEVELS


def _is_normal(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
        return nfc(text) == text
    except (EvaluationError, UnicodeEncodeError):
        return False
