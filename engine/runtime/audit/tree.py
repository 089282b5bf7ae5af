"""The Merkle tree: hashes of leaves -> roots and proofs, and proofs -> whether they hold.

Hashes are 32 bytes of SHA-256; positions count from 0. Pure. Source: RFC 9162, section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees; the prefix tells a node from a leaf."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a tree: the roots of its full subtrees, the largest first.

    Leaves are appended in O(log n) without reading those before; `size` leaves are below it.
    """

    __slots__ = ("size", "subtrees")

    def __init__(self, size: int = 0, subtrees: Iterable[bytes] = ()) -> None:
        self.size = size
        self.subtrees = list(subtrees)
        if size < 0 or len(self.subtrees) != size.bit_count():
            raise ValueError("a tree has one full subtree for each bit of its size")

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        # HOT: verification of a trail appends every leaf.
        subtrees, carried = self.subtrees, self.size
        while carried & 1:
            leaf = sha256(b"\x01" + subtrees.pop() + leaf).digest()
            carried >>= 1
        subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.subtrees:
            return EMPTY_ROOT
        *others, root = self.subtrees
        for subtree in reversed(others):
            root = node_hash(subtree, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root, the lowest first. Cost: O(n).

    Raises ValueError where there is no such position.
    """
    if not 0 <= position < len(leaves):
        raise ValueError("the tree has no leaf at that position")
    path: list[bytes] = []
    start, end = 0, len(leaves)
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            path.append(root_of(leaves[middle:end]))
            end = middle
        else:
            path.append(root_of(leaves[start:middle]))
            start = middle
    return path[::-1]


def verify_inclusion(
    root: bytes, size: int, position: int, leaf: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof leads from a leaf's hash to the root of a tree. RFC 9162, 2.1.3.2."""
    if not 0 <= position < size:
        return False
    index, last, found = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(sibling, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """Return what shows that the tree of the first `size` leaves is a beginning of this one.

    Empty where one of them is empty or both are the same. Raises ValueError for a size beyond it.
    """
    if not 0 <= size <= len(leaves):
        raise ValueError("the tree was never of that size")
    if size in (0, len(leaves)):
        return []
    path: list[bytes] = []
    start, end, whole = 0, len(leaves), True
    while size != end:
        middle = start + _split(end - start)
        if size <= middle:
            path.append(root_of(leaves[middle:end]))
            end = middle
        else:
            path.append(root_of(leaves[start:middle]))
            start, whole = middle, False
    if not whole:
        path.append(root_of(leaves[start:end]))
    return path[::-1]


def verify_consistency(
    old_root: bytes, old_size: int, new_root: bytes, new_size: int, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that one tree is a beginning of another. RFC 9162, 2.1.4.2."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    return bool(path) and _both_roots(path, old_size - 1, new_size - 1) == (old_root, new_root)


def _both_roots(path: Sequence[bytes], old: int, new: int) -> tuple[bytes, bytes] | None:
    """Return the roots that a path leads to; None for one of a wrong length."""
    while old & 1:
        old, new = old >> 1, new >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if new == 0:
            return None
        if old & 1 or old == new:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not old & 1 and old:
                old, new = old >> 1, new >> 1
        else:
            new_found = node_hash(new_found, sibling)
        old, new = old >> 1, new >> 1
    return (old_found, new_found) if new == 0 else None


def _split(size: int) -> int:
    """Return the largest power of two below a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
