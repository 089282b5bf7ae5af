"""The most that a call of a function charges, and how large its value can be.

Source: the functions of `engine/cel`, which charge; `registry.Overload.run` charges for texts that
go in, and for texts and lists that come out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass, replace
from gatewright.engine.cel.budget import CHARS_A_STEP
from gatewright.engine.cel.regexes import compiled
from gatewright.engine.compile.native_code import Cannot, Code, is_text
from gatewright.engine.compile.native_cost import (
    SCALAR,
    SMALL,
    Limits,
    Size,
    comparison_cost,
    is_scalar,
    normalising_cost,
    part_of,
    size_of_value,
    text_size,
)
from gatewright.engine.values import Value

_INSTRUCTIONS_A_STEP = 50
_MAX_RANGE = 10_000
_SCALAR_TEXT = 400
"""How long the text of a value can be that is neither text nor made of parts."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a call costs beyond its arguments, and the size of its value."""

    cost: int
    size: Size
    element: Size | None = None
    """As in `Code`."""


def call_bound(name: str, arguments: tuple[Code, ...], kind: t.Type, metered: bool) -> Bound:
    """Return the bound of a call; `kind` is the type of its value. Raises Cannot without one."""
    texts = sum(argument.size.length // CHARS_A_STEP for argument in arguments)
    found = _KNOWN.get(name)
    if found is not None:
        bound = found(arguments)
    elif metered:
        raise Cannot
    else:
        bound = Bound(0, _result(arguments, kind))
    given = bound.size.weight if is_text(kind) else bound.size.length
    return replace(bound, cost=bound.cost + texts + given)


def _result(arguments: tuple[Code, ...], kind: t.Type) -> Size:
    """Bound what a plain function gives: at most some characters for each that goes in."""
    if is_scalar(kind):
        return SCALAR
    length = 4 * sum(argument.size.length for argument in arguments) + _SCALAR_TEXT
    if is_text(kind):
        return text_size(length)
    weight = sum(argument.size.weight for argument in arguments)
    return Size(length, 4 * weight + _SCALAR_TEXT)


def element_size(code: Code, limits: Limits = SMALL) -> Size:
    """Return the most that an element of a list, or a key of a map, can be."""
    known = code.known.content
    if isinstance(known, tuple):
        size = Size(1, 1)
        for item in known:
            size |= size_of_value(item)
        return size
    if code.element is not None:
        return code.element
    return part_size(code, element_type(code), limits)


def part_size(code: Code, kind: t.Type, limits: Limits = SMALL) -> Size:
    """Return the most that a part can be: as all of what was built, which keeps no limits."""
    if code.given:
        return part_of(code.size, kind, limits)
    return Size(CHARS_A_STEP * code.size.weight, code.size.weight)


def element_type(code: Code) -> t.Type:
    """Return the type of an element, or of a key, as far as it is sure."""
    match code.type:
        case t.ListType(element):
            return element
        case t.MapType(key):
            return key
        case _:
            return t.ANY


def _same(arguments: tuple[Code, ...]) -> Bound:
    return Bound(arguments[0].size.length, arguments[0].size)


def _some(arguments: tuple[Code, ...]) -> Bound:
    return replace(_same(arguments), element=element_size(arguments[0]))


def _wrapped(arguments: tuple[Code, ...]) -> Bound:
    return Bound(0, arguments[0].size + SCALAR)


def _end(arguments: tuple[Code, ...]) -> Bound:
    return Bound(0, element_size(arguments[0]) + SCALAR)


def _extreme(arguments: tuple[Code, ...]) -> Bound:
    return Bound(len(arguments) + max(a.size.length for a in arguments), SCALAR)


def _range(arguments: tuple[Code, ...]) -> Bound:
    length = arguments[0].known.content
    if not isinstance(length, int) or length > _MAX_RANGE:
        raise Cannot
    length = max(length, 0)
    return Bound(length, Size(length, 1 + length), SCALAR)


def _flatten(arguments: tuple[Code, ...]) -> Bound:
    levels = 1 if len(arguments) == 1 else arguments[-1].known.content
    if not isinstance(levels, int):
        raise Cannot
    size = arguments[0].size
    return Bound(2 * size.weight * min(max(levels, 0), 64), Size(size.weight, size.weight))


def _distinct(arguments: tuple[Code, ...]) -> Bound:
    one, size = element_size(arguments[0]), arguments[0].size
    return Bound(size.length * size.length * comparison_cost(one, one), size, one)


def _sort(arguments: tuple[Code, ...]) -> Bound:
    size, one = arguments[0].size, element_size(arguments[0])
    return Bound(sort_cost(size, one), size, one)


def sort_cost(whole: Size, key: Size) -> int:
    """Return the most that sorting so many elements by such keys takes: both of two are read."""
    return whole.length * (1 + (1 + whole.length.bit_length()) * 2 * key.weight)


def _sets(arguments: tuple[Code, ...]) -> Bound:
    left, right = arguments
    one, other = element_size(left), element_size(right)
    each = max(comparison_cost(one, other), comparison_cost(other, one))
    if is_text(element_type(left)) and is_text(element_type(right)):
        each = 1 + min(one.weight, other.weight) + normalising_cost(one, other)
    return Bound(2 * left.size.length * right.size.length * each, SCALAR)


def _join(arguments: tuple[Code, ...]) -> Bound:
    whole = arguments[0].size
    longest = element_size(arguments[0]).length
    characters = min(CHARS_A_STEP * whole.weight, whole.length * longest)
    between = 0 if len(arguments) == 1 else arguments[-1].size.length
    size = text_size(characters + whole.length * between)
    return Bound(whole.length + size.weight, size)


def _replace(arguments: tuple[Code, ...]) -> Bound:
    text, new = arguments[0].size.length, arguments[2].size.length
    size = text_size(text + (text + 1) * new)
    return Bound(size.weight, size)


def _split(arguments: tuple[Code, ...]) -> Bound:
    length = arguments[0].size.length
    size = Size(length + 1, 2 + length + length // CHARS_A_STEP)
    return Bound(length + 1, size, text_size(length))


def _format(arguments: tuple[Code, ...]) -> Bound:
    template, values = (argument.size for argument in arguments)
    cost = values.weight * (2 + _SCALAR_TEXT // CHARS_A_STEP)
    return Bound(cost, text_size(template.length + CHARS_A_STEP * cost))


# --- regular expressions -----------------------------------------------------------------------


def _walk(arguments: tuple[Code, ...]) -> int:
    """Return what one walk over a text costs, by a pattern that is known."""
    pattern: Value = arguments[1].known.content
    if not isinstance(pattern, str):
        raise Cannot
    a_piece = 1 + compiled(pattern).programsize // _INSTRUCTIONS_A_STEP
    return (1 + arguments[0].size.length // CHARS_A_STEP) * a_piece


def _matches(arguments: tuple[Code, ...]) -> Bound:
    return Bound(_walk(arguments), SCALAR)


def _extract(arguments: tuple[Code, ...]) -> Bound:
    return Bound(_walk(arguments), arguments[0].size + SCALAR)


def _extract_all(arguments: tuple[Code, ...]) -> Bound:
    split = _split(arguments)
    return replace(split, cost=_walk(arguments) + split.cost + 1)


def _replace_matches(arguments: tuple[Code, ...]) -> Bound:
    length, parts = arguments[0].size.length, arguments[2].size.length
    if not arguments[2].known.present:
        raise Cannot
    size = text_size(length + (length + 1) * parts + parts * length)
    return Bound(_walk(arguments) + (length + 1) * (2 + 2 * parts) + size.weight, size)


_KNOWN: Final[Mapping[str, Callable[[tuple[Code, ...]], Bound]]] = {
    "format": _format, "lists.range": _range, "flatten": _flatten, "distinct": _distinct,
    "sort": _sort, "math.greatest": _extreme, "math.least": _extreme, "optional.unwrap": _same,
    "unwrapOpt": _same, "matches": _matches, "regex.replace": _replace_matches,
    "regex.extract": _extract, "regex.extractAll": _extract_all, "sets.contains": _sets,
    "sets.equivalent": _sets, "sets.intersects": _sets, "join": _join, "replace": _replace,
    "split": _split, "first": _end, "last": _end, "optional.of": _wrapped, "value": _same,
    "slice": _some, "reverse": _some, "dyn": _same,
}  # fmt: skip
