"""Proofs from a trail: a leaf is in its tree, and the tree begins with that of a kept checkpoint.

Whoever has a checkpoint checks a proof without the store, as `proof` does. Each is checked here too
before it is given.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from gatewright.engine.runtime.audit.checkpoint import Checkpoint
from gatewright.engine.runtime.audit.entries import Leaf, Point, latest, leaves
from gatewright.engine.runtime.audit.proof import Consistency, Inclusion
from gatewright.engine.runtime.audit.tree import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.store import schema as t


class NotProved(GateError):
    """What was to be proved is not so, or the trail does not hold."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__("not_proved", message, help)


def prove_leaf(connection: Connection, number: int) -> Inclusion:
    """Prove by the latest checkpoint that a leaf is in the trail; raises NotProved. Cost: O(n)."""
    point, rows = _covered(connection)
    found = next((row for row in rows if row.number == number), None)
    if found is None:
        raise _no_leaf(connection, number, point.size)
    own = found.hash()
    path = inclusion_proof([row.hash() for row in rows], found.position)
    if not verify_inclusion(bytes.fromhex(point.root), point.size, found.position, own, path):
        raise _broken()
    return Inclusion(number, found.position, found.body, own.hex(), _hex(path), point.note)


def prove_growth(connection: Connection, kept: Checkpoint) -> Consistency:
    """Prove that the tree of the latest checkpoint begins with that of one that was kept.

    Raises NotProved where it does not: the trail was cut, or rewritten. Cost: O(n).
    """
    point, rows = _covered(connection)
    if kept.size > point.size:
        raise NotProved(
            f"the checkpoint that was kept has {kept.size} leaves, the latest one {point.size}"
        )
    path = consistency_proof([row.hash() for row in rows], kept.size)
    root = bytes.fromhex(point.root)
    if not verify_consistency(kept.root, kept.size, root, point.size, path):
        raise NotProved(
            f"the first {kept.size} leaves are not those of the checkpoint that was kept",
            "see `gatewright audit verify --against`",
        )
    return Consistency(kept.size, kept.root.hex(), _hex(path), point.note)


def _covered(connection: Connection) -> tuple[Point, list[Leaf]]:
    """Return the latest checkpoint, and the leaves below it; raises NotProved for too few."""
    point = latest(connection)
    if point is None:
        raise NotProved("there is no checkpoint yet", "`gatewright work` makes one")
    rows = list(leaves(connection, 0, point.size))
    if [row.position for row in rows] != list(range(point.size)):
        raise _broken()
    return point, rows


def _no_leaf(connection: Connection, number: int, covered: int) -> NotProved:
    """Say why no checkpoint covers a leaf: it waits for one, or there is none of that number."""
    c = t.leaves.c
    count, last = connection.execute(select(func.count(), func.max(c.number))).one()
    if connection.scalar(select(c.number).where(c.number == number)) is not None:
        return NotProved(
            f"no checkpoint covers the leaf of number {number} yet: the latest has {covered} of"
            f" {count} leaves", "`gatewright work` makes one",
        )  # fmt: skip
    return NotProved(
        f"there is no leaf of number {number}: the trail has {count} leaves, and the highest number"
        f" is {last}", "`gatewright audit export` gives the numbers of the leaves of a run",
    )  # fmt: skip


def _broken() -> NotProved:
    return NotProved("the trail does not hold", "see `gatewright audit verify`")


def _hex(path: list[bytes]) -> tuple[str, ...]:
    return tuple(part.hex() for part in path)
