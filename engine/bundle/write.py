"""A checked policy -> the sections of a bundle. Same sources, same bytes."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from gatewright.dsl import ast
from gatewright.dsl.digest import canonical
from gatewright.dsl.policy import CheckedPolicy, Package
from gatewright.dsl.records import replace
from gatewright.dsl.source import Source, Span
from gatewright.engine.bundle import kinds
from gatewright.engine.bundle.decode import dumps
from gatewright.engine.bundle.encode import Encoder
from gatewright.engine.narrow import Places, permit_places, suspensions
from gatewright.engine.secrecy.secrets import Secrets


def sections_of(policy: CheckedPolicy) -> dict[str, bytes]:
    """Return the sections that hold a policy."""
    units = [unit.encode("ascii") for unit in _units(policy)]
    sources = sources_of(policy)
    return {
        "sources": _json([[source.name, source.text] for source in sources]),
        "data": canonical(policy.data).encode("ascii"),
        "index": _json(index_of(policy)),
        "offsets": offsets_of(units),
        "units": b"".join(units),
    }


def _json(value: object) -> bytes:
    return dumps(value).encode("ascii")


def sources_of(policy: CheckedPolicy) -> list[Source]:
    """Return the sources of a policy; places name them by their number."""
    return [file.span.source for file in policy.files]


def offsets_of(texts: Sequence[bytes]) -> bytes:
    """Return where each text begins, and where the last one ends: 8 bytes each, lowest first."""
    ends = array("Q", [0])
    for text in texts:
        ends.append(ends[-1] + len(text))
    if sys.byteorder == "big":
        ends.byteswap()
    return ends.tobytes()


# --- units


def _units(policy: CheckedPolicy) -> Iterator[str]:
    """Yield the units of all declarations, in the order of their kinds."""
    encoder = Encoder({id(source): n for n, source in enumerate(sources_of(policy))})
    elsewhere: dict[int, int] = {}
    number = 0
    for kind in kinds.KINDS:
        for item in _items(policy, kind):
            if kind in kinds.DECLARED:
                elsewhere[id(item.declaration)] = number
            yield encoder.unit(item, _span(item))
            number += 1
    for file in policy.files[:1]:
        yield encoder.unit(_head(file), file.span)
    for file in policy.files:
        yield encoder.file(file, elsewhere)


def _items(policy: CheckedPolicy, kind: str) -> Sequence[Any]:
    held: Any = getattr(policy, kind)
    return [held[name] for name in sorted(held)] if kind in kinds.NAMED else held


def _span(item: object) -> Span | None:
    return None if isinstance(item, Package) else getattr(item, "span", None)


def _head(file: ast.File) -> ast.File:
    return replace(file, declarations=(), comments=())


# --- the index


def index_of(policy: CheckedPolicy) -> dict[str, object]:
    """Return what says which declarations concern an action, and what else every decision needs."""
    counts = {kind: len(_items(policy, kind)) for kind in kinds.KINDS}
    counts |= {kinds.HEADS: min(1, len(policy.files)), kinds.FILES: len(policy.files)}
    return {
        "counts": counts,
        "names": {kind: sorted(getattr(policy, kind)) for kind in kinds.NAMED},
        "covers": {kind: _plain_places(_places(policy, kind)) for kind in kinds.COVERING},
        "suspensions": suspensions(policy.exceptions),
        "secrets": sorted(Secrets.of(policy).fields),
    }


def _places(policy: CheckedPolicy, kind: str) -> Places:
    if kind == "permits":
        return permit_places(policy.permits)
    return Places.of(item.scope for item in _items(policy, kind))


def _plain_places(places: Places) -> dict[str, object]:
    return {
        "packages": places.packages, "names": places.names, "prefixes": places.prefixes,
    }  # fmt: skip
