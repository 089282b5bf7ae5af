"""Names and what each leads to at once -> all that each leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def closure(direct: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """Return everything that each name reaches, transitively, without itself."""
    reached: dict[str, frozenset[str]] = {}
    for start in direct:
        seen: set[str] = set()
        todo = list(direct[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(direct.get(name, ()))
        reached[start] = frozenset(seen - {start})
    return reached
