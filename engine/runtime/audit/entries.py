"""Rows of the trail, page by page, in the order of the tree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, select

from gatewright.engine.runtime.audit.tree import leaf_hash
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t

_PAGE: Final = 5_000


class Leaf(NamedTuple):
    """A row of `leaves` that has a position."""

    position: int
    number: int
    run: str | None
    kind: str
    at: int
    body: str

    def hash(self) -> bytes:
        """Return the hash of what the row says now."""
        return leaf_hash(self.body.encode("utf-8", "surrogatepass"))


class Point(NamedTuple):
    """A row of `checkpoints`."""

    size: int
    root: str
    at: int
    frontier: str
    note: str

    def recorded(self) -> tuple[list[bytes], list[bytes]] | None:
        """Return the roots of subtrees and the hashes of leaves; None for what cannot be read."""
        try:
            data = cast("dict[str, Any]", json.loads(self.frontier))
            return _hashes(data["subtrees"]), _hashes(data["leaves"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


def frontier_text(subtrees: Sequence[bytes], leaves: Sequence[bytes]) -> str:
    """Return what `Point.recorded` reads."""
    return json.dumps(
        {"subtrees": [h.hex() for h in subtrees], "leaves": [h.hex() for h in leaves]}
    )


def leaves(connection: Connection, start: int = 0, end: int | None = None) -> Iterator[Leaf]:
    """Give leaves with positions from `start` to before `end`, in that order."""
    c = t.leaves.c
    columns = select(c.position, c.number, c.run, c.kind, c.at, c.body)
    upper = () if end is None else (c.position < end,)
    while True:
        wanted = columns.where(c.position >= start, *upper).order_by(c.position).limit(_PAGE)
        rows = connection.execute(wanted).all()
        for row in rows:
            yield Leaf._make(row)
        if len(rows) < _PAGE:
            return
        start = rows[-1][0] + 1


def spoken(connection: Connection) -> Iterator[tuple[Leaf, dict[str, str | None] | None]]:
    """Give leaves, each with the `content` and `salt` of its words; None where it has none."""
    rows = leaves(connection)
    while page := list(islice(rows, _PAGE // 10)):
        names = {leaf.position: name for leaf in page if (name := _words(leaf)) is not None}
        kept = payloads.rows(connection, names.values())
        for leaf in page:
            name = names.get(leaf.position)
            yield leaf, None if name is None else kept.get(name, {"content": None, "salt": None})


def _words(leaf: Leaf) -> str | None:
    if '"words":"sha256:' not in leaf.body:  # cheaper than to read each
        return None
    try:
        name = json.loads(leaf.body).get("words")
    except (ValueError, AttributeError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def points(connection: Connection) -> Iterator[Point]:
    """Give all checkpoints, the smallest tree first."""
    c, after = t.checkpoints.c, -1
    columns = select(c.size, c.root, c.at, c.frontier, c.note)
    while True:
        rows = connection.execute(columns.where(c.size > after).order_by(c.size).limit(100)).all()
        yield from map(Point._make, rows)
        if len(rows) < 100:
            return
        after = rows[-1][0]


def latest(connection: Connection) -> Point | None:
    """Return the checkpoint of the largest tree."""
    c = t.checkpoints.c
    columns = select(c.size, c.root, c.at, c.frontier, c.note)
    row = connection.execute(columns.order_by(c.size.desc()).limit(1)).one_or_none()
    return None if row is None else Point._make(row)


def _hashes(found: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in found]
