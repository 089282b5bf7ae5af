"""A store -> whether its trail is the one that was recorded, and the first thing that is wrong.

Everything is computed anew from the bodies of leaves; then the other rows of the store are compared
with them. What this cannot see: a trail that was rewritten as a whole, with its checkpoints, by
somebody who has the key, or where there is none; a checkpoint kept elsewhere shows that too. Of
leaves that no checkpoint covers yet nothing is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, select

from gatewright.dsl.records import dataclass
from gatewright.engine.bundle.signing import Key
from gatewright.engine.runtime.audit.checkpoint import (
    Checkpoint,
    CheckpointError,
    is_signed,
    read,
    signers,
)
from gatewright.engine.runtime.audit.entries import Leaf, Point, leaves, points
from gatewright.engine.runtime.audit.erasures import erasures
from gatewright.engine.runtime.audit.finding import Finding, Kind
from gatewright.engine.runtime.audit.rows import compare
from gatewright.engine.runtime.audit.tree import Frontier
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.payloads import holds
from gatewright.engine.values import Timestamp

MOST_PAYLOADS: Final = 100

# HOT: verification of a trail reads every leaf, and `json.loads` looks for spaces around it first.
_decoded: Final[Callable[[str], tuple[Any, int]]] = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and what was found: the first thing wrong in the tree, and payloads."""

    size: int
    root: str
    checkpoints: int
    waiting: int
    payloads: int
    erased: int
    """How many payloads and logged decisions were erased, as the trail says."""
    rows: int | None
    """How many runs and delegations are as the trail says; None where they were not compared."""
    unvouched: int
    """Runs of which the trail says too little, since they were made by an older Gatewright."""
    signed: int
    """How many checkpoints have a signature."""
    signers: tuple[str, ...]
    """Who signed the last checkpoint, as `name+key`: of the given keys, else whoever says so."""
    checked: bool
    """Whether signatures were checked by keys that were given."""
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class _Wrong(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def verify(
    connection: Connection, keys: Sequence[Key] = (), against: Checkpoint | None = None,
    *, rows: bool = True, require_signature: bool = False,
) -> Report:  # fmt: skip
    """Check the trail of a store, in a transaction that sees one moment. Cost: O(n).

    Then the other rows of the store are compared with it, unless not `rows`, or where it does not
    hold: there is nothing to compare with.

    With public keys the last checkpoint must be signed by one of them, and no signature of theirs
    may be wrong; with `require_signature` by anybody, which says nothing of who that is. `against`
    is a checkpoint kept elsewhere. Raises KeyUnusable, StoreError.
    """
    findings: list[Finding] = []
    walk = _Walk(connection, keys, against, require_signature)
    try:
        walk.go()
    except _Wrong as wrong:
        findings.append(wrong.finding)
    checked, bad = _payloads(connection)
    erased, unsaid = erasures(connection)
    compared = compare(connection) if rows and not findings else None
    differing = [] if compared is None else compared.findings
    waiting = select(func.count()).select_from(t.leaves).where(t.leaves.c.position.is_(None))
    return Report(
        walk.tree.size, walk.tree.root().hex(), walk.checkpoints,
        connection.scalar(waiting) or 0, checked, erased,
        None if compared is None else compared.compared,
        0 if compared is None else compared.unvouched,
        walk.signed_checkpoints, walk.signers, bool(keys),
        (*findings, *bad, *unsaid, *differing),
    )  # fmt: skip


class _Walk:
    def __init__(
        self, connection: Connection, keys: Sequence[Key], against: Checkpoint | None,
        required: bool,
    ) -> None:  # fmt: skip
        self.connection, self.keys, self.against = connection, keys, against
        self.tree = Frontier()
        self.checkpoints = self.signed_checkpoints = 0
        self.signers: tuple[str, ...] = ()
        self.all_signers: tuple[str, ...] = ()
        """Who says to have signed the last checkpoint, by whatever key."""
        self.was_signed = False
        """Whether some checkpoint is signed as the last one must be."""
        self.required = required

    def go(self) -> None:
        rows = leaves(self.connection)
        signed = not self.keys
        if self.against is not None:
            signed_elsewhere = self._signed(self.against)
            if self.keys and not signed_elsewhere:
                raise _wrong("signature", "the checkpoint kept elsewhere is signed by no given key")
        self._compare_kept()
        for point in points(self.connection):
            self._batch(point, rows)
            signed = self._point(point) or not self.keys
            self.was_signed |= signed if self.keys else bool(self.signers)
            self.checkpoints += 1
        if self.against is not None and self.against.size > self.tree.size:
            raise _wrong(
                "cut", f"the trail was cut: the checkpoint kept elsewhere has {self.against.size}"
                f" leaves, the store {self.tree.size}", self.tree.size,
            )  # fmt: skip
        extra = next(rows, None)
        if extra is not None:
            raise _of(extra, "checkpoint", "has a position that no checkpoint covers")
        if self.checkpoints and not signed:
            raise self._unsigned("the last checkpoint is signed by none of the keys")
        if self.checkpoints and self.required and not self.signers:
            raise self._unsigned("nobody has signed the last checkpoint")

    def _unsigned(self, message: str) -> _Wrong:
        """Return what is wrong with the last checkpoint's signature, and what to do.

        INVARIANT: it stays wrong also where a key was configured only since: a checkpoint whose
        signature somebody took away looks the same.
        """
        if self.all_signers:
            others = ", ".join(self.all_signers)
            help = f"it says to be signed by {others}: verify by that key, if it is right. {_NEXT}"
        elif self.was_signed:
            help = f"{_LOST}. {_NEXT}"
        else:
            help = f"no checkpoint is signed. {_NEXT}"
        return _Wrong(Finding("signature", message, help=help))

    def _signed(self, checkpoint: Checkpoint) -> bool:
        try:
            return is_signed(checkpoint, self.keys)
        except CheckpointError as error:
            raise _wrong("signature", error.message) from None

    def _batch(self, point: Point, rows: Iterator[Leaf]) -> None:
        """Append the leaves up to a checkpoint; raises for the first that is not as recorded."""
        start, found = self.tree.size, list[Leaf]()
        for leaf in rows:
            found.append(leaf)
            if leaf.position >= point.size - 1:
                break
        hashes = [leaf.hash() for leaf in found]
        recorded = point.recorded()
        expected = [] if recorded is None else recorded[1]
        if len(expected) != point.size - start:
            expected = hashes if len(hashes) == point.size - start else [b""] * (point.size - start)
        if hashes == expected and self._passes(found, hashes):
            return
        for place in range(len(expected)):
            if place >= len(found):
                raise _wrong(
                    "cut", f"the trail was cut: the leaf at position {start + place} and those"
                    f" after it are missing below the checkpoint at {point.size}", start + place,
                )  # fmt: skip
            self._leaf(found, hashes, expected, place, start)

    def _passes(self, found: list[Leaf], hashes: list[bytes]) -> bool:
        """Append leaves whose hashes are as recorded; False, and nothing is, where a look is due.

        That is where a column does not agree, or where the checkpoint kept elsewhere is among them.
        """
        # HOT: `make bench-runtime`, verification of a trail.
        start, kept = self.tree.size, self.against
        if kept is not None and start < kept.size <= start + len(found):
            return False
        if any(leaf.position != place for place, leaf in enumerate(found, start)):
            return False
        if not all(map(_agrees, found)):
            return False
        for leaf_hash in hashes:
            self.tree.append(leaf_hash)
        return True

    def _leaf(
        self, found: list[Leaf], hashes: list[bytes], expected: list[bytes], place: int, start: int
    ) -> None:
        leaf, wanted, position = found[place], expected[place], start + place
        if leaf.position != position:
            raise _wrong("missing", f"the leaf at position {position} is missing", position)
        if hashes[place] != wanted:
            if hashes[place] not in expected[place + 1 :]:
                raise _of(leaf, "changed", "was changed")
            if wanted not in hashes[place + 1 :]:
                raise _wrong("missing", f"the leaf at position {position} is missing", position)
            raise _of(leaf, "reordered", "stands where another one was")
        if not _agrees(leaf):
            raise _of(leaf, "changed", "has a column that does not agree with its body")
        self.tree.append(hashes[place])
        self._compare_kept()

    def _compare_kept(self) -> None:
        kept = self.against
        if kept is not None and kept.size == self.tree.size and kept.root != self.tree.root():
            raise _wrong(
                "changed", f"the first {kept.size} leaves are not those of the checkpoint kept"
                " elsewhere", max(kept.size - 1, 0),
            )  # fmt: skip

    def _point(self, point: Point) -> bool:
        """Compare a checkpoint with the tree, and tell whether a key signed it."""
        where = f"the checkpoint at {point.size}"
        recorded = point.recorded()
        if point.root != self.tree.root().hex():
            raise _wrong("checkpoint", f"{where} has another root than its leaves", point.size - 1)
        if recorded is None or recorded[0] != self.tree.subtrees:
            raise _wrong("checkpoint", f"the frontier of {where} was changed", point.size - 1)
        try:
            note = read(point.note)
        except CheckpointError as error:
            raise _wrong("checkpoint", f"{where}: {error.message}", point.size - 1) from None
        if (note.size, note.root) != (point.size, self.tree.root()):
            raise _wrong("checkpoint", f"the text of {where} was changed", point.size - 1)
        self.signed_checkpoints += bool(note.signatures)
        is_signed_by_key = self._signed(note)
        self.signers = signers(note, self.keys)
        self.all_signers = signers(note)
        return is_signed_by_key


_LOST: Final = (
    "one before it is signed: a worker without `audit_key` made this one, or somebody took its"
    " signature away"
)
_NEXT: Final = (
    "A key that was configured only now signs from the next checkpoint on: write something about a"
    " run, as by `gatewright comment`, then let `gatewright work --drain` make one"
)


def _wrong(kind: Kind, message: str, position: int | None = None) -> _Wrong:
    return _Wrong(Finding(kind, message, position))


def _of(leaf: Leaf, kind: Kind, what: str) -> _Wrong:
    message = f"the leaf at position {leaf.position} (number {leaf.number}) {what}"
    return _Wrong(Finding(kind, message, leaf.position, leaf.number))


def _agrees(leaf: Leaf) -> bool:
    try:
        body, end = _decoded(leaf.body)
        if end != len(leaf.body):
            body = json.loads(leaf.body)
        return (body["run"], body["kind"], body["at"]) == (
            leaf.run, leaf.kind, Timestamp(leaf.at).text)  # fmt: skip
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return False


def _payloads(connection: Connection) -> tuple[int, list[Finding]]:
    """Check the contents that are not erased against their commitments."""
    c, after, checked = t.payloads.c, "", 0
    bad: list[Finding] = []
    columns = select(c.commitment, c.content, c.salt).where(c.content.is_not(None))
    while True:
        wanted = columns.where(c.commitment > after).order_by(c.commitment).limit(1_000)
        rows = connection.execute(wanted).all()
        for name, content, salt in rows:
            checked += 1
            if not holds(name, content, salt) and len(bad) < MOST_PAYLOADS:
                bad.append(Finding("payload", f"the payload `{name}` was changed"))
        if len(rows) < 1_000:
            return checked, bad
        after = rows[-1][0]
