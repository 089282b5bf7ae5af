"""Names and what each leads to at once -> all that each leads to."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping


def closure(
    direct: Mapping[str, Iterable[str]], most_pairs: int = sys.maxsize
) -> dict[str, frozenset[str]]:
    """Return everything that each name reaches, transitively, without itself.

    Names are left out from the one on with which there are more than `most_pairs` pairs.
    """
    reached: dict[str, frozenset[str]] = {}
    for start in direct:
        seen: set[str] = set()
        todo = list(direct[start])
        while todo and len(seen) <= most_pairs:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(direct.get(name, ()))
        most_pairs -= len(seen)
        if most_pairs < 0:
            break
        reached[start] = frozenset(seen - {start})
    return reached
