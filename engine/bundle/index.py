"""The index of a bundle: JSON -> which declarations concern an action, checked before use."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NoReturn, cast

from gatewright.dsl.records import dataclass
from gatewright.engine.bundle import kinds
from gatewright.engine.bundle.decode import loads
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.narrow import Places

OFFSET_BYTES = 8


@dataclass(frozen=True, slots=True)
class Index:
    """Where things are in a bundle."""

    counts: Mapping[str, int]
    """How many declarations of each kind there are."""
    starts: Mapping[str, int]
    """The number of each kind's first unit."""
    total: int
    """How many units there are."""
    names: Mapping[str, Mapping[str, int]]
    """The numbers of the units that are had by name."""
    covers: Mapping[str, Places]
    """Which declarations cover an action, by kind; positions within the kind."""
    suspensions: dict[str, list[int]]
    """The positions of the exceptions that suspend a rule, by its name."""
    secrets: frozenset[str]


def read_index(text: bytes) -> Index:
    """Read the index. Raises BundleError."""
    parts = _dict(loads(text, "index"))
    if parts.keys() != {"counts", "names", "covers", "suspensions", "secrets"}:
        _malformed()
    known = _counts(_dict(parts["counts"]))
    sums = [0, *accumulate(known.values())]
    starts = dict(zip(known, sums, strict=False))
    return Index(
        counts=known,
        starts=starts,
        total=sums[-1],
        names=_names(_dict(parts["names"]), known, starts),
        covers=_covers(_dict(parts["covers"]), known),
        suspensions=_places(parts["suspensions"], known["exceptions"]),
        secrets=frozenset(_texts(parts["secrets"])),
    )


def _malformed() -> NoReturn:
    raise BundleError("the index of the bundle is malformed")


def _dict(raw: object) -> dict[str, Any]:
    return cast("dict[str, object]", raw) if isinstance(raw, dict) else _malformed()


def _counts(raw: dict[str, Any]) -> dict[str, int]:
    if raw.keys() != set(kinds.ALL) or any(type(n) is not int or n < 0 for n in raw.values()):
        _malformed()
    return {kind: raw[kind] for kind in kinds.ALL}


def _names(
    raw: dict[str, Any], counts: Mapping[str, int], starts: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for kind in kinds.NAMED:
        names = _texts(raw.get(kind))
        numbers = {name: starts[kind] + place for place, name in enumerate(names)}
        if not len(numbers) == len(names) == counts[kind]:
            _malformed()
        found[kind] = numbers
    return found


def _covers(raw: dict[str, Any], counts: Mapping[str, int]) -> dict[str, Places]:
    found: dict[str, Places] = {}
    for kind in kinds.COVERING:
        match raw.get(kind):
            case {"packages": packages, "names": names, "prefixes": prefixes}:
                parts = [_places(part, counts[kind]) for part in (packages, names, prefixes)]
                found[kind] = Places(*parts)
            case _:
                _malformed()
    return found


def _places(raw: object, count: int) -> dict[str, list[int]]:
    """Check lists of ascending positions by name."""
    lists = _dict(raw)
    for places in lists.values():
        if not isinstance(places, list):
            _malformed()
        before = -1
        for place in cast("list[object]", places):
            if type(place) is not int or not before < place < count:
                _malformed()
            before = place
    return lists


def _texts(raw: object) -> list[str]:
    if not isinstance(raw, list):
        _malformed()
    items = cast("list[object]", raw)
    return [item if isinstance(item, str) else _malformed() for item in items]


def read_offsets(text: bytes, count: int, length: int) -> Sequence[int]:
    """Read where so many texts begin, which fill a section of that length. Raises BundleError."""
    if len(text) != (count + 1) * OFFSET_BYTES:
        raise BundleError("the index of the bundle is malformed")
    offsets: Sequence[int] = memoryview(text).cast("Q")
    if sys.byteorder == "big":
        pieces = range(0, len(text), OFFSET_BYTES)
        offsets = [int.from_bytes(text[at : at + OFFSET_BYTES], "little") for at in pieces]
    ordered = all(a < b for a, b in pairwise(offsets))
    if offsets[0] != 0 or offsets[-1] != length or not ordered:
        raise BundleError("the index of the bundle is malformed")
    return offsets
