"""A proof as it is handed on <-> JSON, and whether it holds: without the store that it is from.

It leads to the root of the checkpoint that comes with it. Who made that checkpoint shows its
signature, by a public key, or a copy that was kept. Hashes are hexadecimal, the lowest first;
positions count from 0. Source: RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, cast

from gatewright.dsl.records import dataclass
from gatewright.engine.bundle.signing import Key
from gatewright.engine.runtime.audit.checkpoint import (
    Checkpoint,
    CheckpointError,
    is_signed,
    read,
    signers,
)
from gatewright.engine.runtime.audit.tree import leaf_hash, verify_consistency, verify_inclusion
from gatewright.engine.runtime.errors import GateError

MOST_HASHES: Final = 128
"""No tree whose size can be written needs more."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")


class BadProof(GateError):
    """What cannot be read as a proof at all."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_proof", message, "`gatewright audit proof` makes one")


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A leaf, and what leads from its hash to the root of a checkpoint."""

    number: int
    """By which the store knows it; nothing proves that."""
    position: int
    body: str
    leaf_hash: str
    proof: tuple[str, ...]
    checkpoint: str
    """Its text, as it is kept elsewhere."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """Size and root of a kept checkpoint, and what shows that a later one goes on from it."""

    size: int
    root: str
    proof: tuple[str, ...]
    checkpoint: str
    """The text of the later one."""


Proof: TypeAlias = Inclusion | Consistency


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a proof holds, and of what."""

    kind: Literal["inclusion", "consistency"]
    why: str | None
    """Why it does not hold; None where it does."""
    size: int
    """How many leaves the tree of its checkpoint has."""
    root: str
    signers: tuple[str, ...]
    """Who signed the checkpoint, as `name+key`: of the given keys, else whoever says so."""
    checked: bool
    """Whether its signature was checked by keys that were given."""
    compared: bool
    """Whether it was compared with a checkpoint that was given."""
    position: int | None = None
    """Of the leaf, in a proof of inclusion."""
    body: str | None = None
    """Of the leaf: exactly what is hashed."""
    since: int | None = None
    """In a proof of consistency: how many leaves the kept tree has."""

    @property
    def is_good(self) -> bool:
        """Whether it holds."""
        return self.why is None


def read_proof(data: Mapping[str, object]) -> Proof:
    """Return the proof of a JSON object; raises BadProof."""
    kind = Inclusion if "leaf_hash" in data else Consistency
    wanted = kind.__dataclass_fields__.keys()
    missing, more = wanted - data.keys(), data.keys() - wanted
    if missing:
        raise BadProof(f"this is no proof: `{min(missing)}` is missing")
    if more:
        raise BadProof("this is no proof: it has a key that no proof has")
    proof, note = _hashes(data["proof"]), _text(data, "checkpoint")
    if kind is Consistency:
        return Consistency(_count(data, "size"), _hash(data["root"], "root"), proof, note)
    return Inclusion(
        _count(data, "number"), _count(data, "position"), _text(data, "body"),
        _hash(data["leaf_hash"], "leaf_hash"), proof, note,
    )  # fmt: skip


def check(proof: Proof, keys: Sequence[Key] = (), against: Checkpoint | None = None) -> Checked:
    """Tell whether a proof holds.

    With public keys one of them must have signed its checkpoint. `against` is one that was kept: of
    a proof of inclusion the very one that it leads to, of consistency the one that it goes on from.
    Raises BadProof where its checkpoint is none, KeyUnusable.
    """
    try:
        point = read(proof.checkpoint)
    except CheckpointError as error:
        raise BadProof(f"its checkpoint cannot be read: {error.message}") from None
    why = _unproved(proof, point) or _unkept(proof, point, against) or _unsigned(point, keys)
    common = point.size, point.root.hex(), signers(point, keys), bool(keys), against is not None
    if isinstance(proof, Inclusion):
        return Checked("inclusion", why, *common, position=proof.position, body=proof.body)
    return Checked("consistency", why, *common, since=proof.size)


def _unproved(proof: Proof, point: Checkpoint) -> str | None:
    path = [bytes.fromhex(one) for one in proof.proof]
    if isinstance(proof, Consistency):
        root = bytes.fromhex(proof.root)
        if proof.size > point.size:
            return f"the tree of {proof.size} leaves is no beginning of one of {point.size}"
        if verify_consistency(root, proof.size, point.root, point.size, path):
            return None
        return (
            f"it does not show that the tree of {point.size} leaves begins with that of"
            f" {proof.size}"
        )
    own = leaf_hash(proof.body.encode())
    if own.hex() != proof.leaf_hash:
        return "the leaf is another than the one whose hash it has"
    if proof.position >= point.size:
        return f"a tree of {point.size} leaves has no position {proof.position}"
    if verify_inclusion(point.root, point.size, proof.position, own, path):
        return None
    return f"it does not lead from the leaf at position {proof.position} to the checkpoint's root"


def _unkept(proof: Proof, point: Checkpoint, kept: Checkpoint | None) -> str | None:
    """Compare with a kept checkpoint."""
    if kept is None:
        return None
    if isinstance(proof, Consistency):
        if (kept.size, kept.root.hex()) == (proof.size, proof.root):
            return None
        return f"it goes on from another tree than that of the kept checkpoint at {kept.size}"
    if (kept.size, kept.root) == (point.size, point.root):
        return None
    return f"it leads to another root than that of the kept checkpoint at {kept.size}"


def _unsigned(point: Checkpoint, keys: Sequence[Key]) -> str | None:
    if not keys:
        return None
    try:
        return None if is_signed(point, keys) else "its checkpoint is signed by none of the keys"
    except CheckpointError as error:
        return error.message


# --- what proofs are made of


def _count(data: Mapping[str, object], name: str) -> int:
    value = data[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise BadProof(f"this is no proof: `{name}` counts nothing")
    return value


def _text(data: Mapping[str, object], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise BadProof(f"this is no proof: `{name}` is no text")
    return value


def _hash(value: object, name: str) -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise BadProof(f"this is no proof: `{name}` is not 32 bytes in hexadecimal")
    return value


def _hashes(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadProof("this is no proof: `proof` is no list")
    found = cast("list[object]", value)
    if len(found) > MOST_HASHES:
        raise BadProof(f"this is no proof: `proof` has more than {MOST_HASHES} hashes")
    return tuple(_hash(one, f"proof[{place}]") for place, one in enumerate(found))
