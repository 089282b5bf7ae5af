"""Merkle trees as RFC 9162 has them: hashes of leaves -> roots, proofs, and their verification.

Pure. Positions count from 0. A tree is never kept: a `Frontier` has the roots of its full subtrees,
as many as its size has bits set, and a proof is made of the roots of ranges of leaves.
Source: RFC 9162, section 2.1 (hashes as in RFC 6962).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""

Range: TypeAlias = tuple[int, int]
"""Leaves from a position up to, not including, another one."""

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two subtrees."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a tree: its size, and the roots of its full subtrees, largest first."""

    __slots__ = ("_roots", "_size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        """Go on from a frontier that was kept; raises ValueError for what is none."""
        self._size = size
        self._roots = list(roots)
        whole = all(len(root) == HASH_BYTES for root in self._roots)
        if size < 0 or len(self._roots) != size.bit_count() or not whole:
            raise ValueError("a tree of this size has other subtrees")

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The roots of the full subtrees, largest first."""
        return tuple(self._roots)

    # HOT: once for every entry that is verified.
    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf. Cost: O(1) amortised, O(log n) at most."""
        roots, size = self._roots, self._size
        self._size = size + 1
        while size & 1:
            leaf = _sha256(b"\x01" + roots.pop() + leaf).digest()
            size >>= 1
        roots.append(leaf)

    def root(self) -> bytes:
        """Return the root of the tree. Cost: O(log n)."""
        if not self._roots:
            return EMPTY_ROOT
        *others, root = self._roots
        for left in reversed(others):
            root = node_hash(left, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of a tree with leaves of these hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_ranges(position: int, size: int) -> list[Range]:
    """Return the ranges whose roots are the inclusion proof of a leaf, from the leaf upwards.

    Raises ValueError where there is no such leaf.
    """
    if not 0 <= position < size:
        raise ValueError("the tree has no such leaf")
    start, end = 0, size
    ranges: list[Range] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """Return the ranges whose roots are the proof that a tree grew from `first` to `second` leaves.

    Nothing where they are equal. Raises ValueError where `first` is 0 or larger than `second`.
    """
    if not 0 < first <= second:
        raise ValueError("the first tree is empty or larger")
    start, end = 0, second
    ranges: list[Range] = []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    # The subtree that both share; where it is the whole first tree, its root is known already.
    return [*([(start, end)] if start else []), *ranges[::-1]]


def range_roots(leaves: Iterable[bytes], ranges: Sequence[Range]) -> list[bytes]:
    """Return the roots of disjoint ranges, in their order, reading the hashes of all leaves once.

    Raises ValueError where there are too few leaves. Cost: O(n) time, O(log n) memory.
    """
    roots: dict[Range, bytes] = {}
    waiting = sorted(ranges, reverse=True)
    frontier = Frontier()
    for position, leaf in enumerate(leaves):
        if not waiting:
            break
        start, end = waiting[-1]
        if position >= start:
            frontier.append(leaf)
        if position + 1 == end:
            roots[waiting.pop()] = frontier.root()
            frontier = Frontier()
    if waiting:
        raise ValueError("there are too few leaves")
    return [roots[found] for found in ranges]


def root_from_inclusion(
    leaf: bytes, position: int, size: int, path: Sequence[bytes]
) -> bytes | None:
    """Return the root that a proof leads to, or None where it is no proof for that position.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= position < size or any(len(hash_) != HASH_BYTES for hash_ in path):
        return None
    place, last, root = position, size - 1, leaf
    for hash_ in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            root = node_hash(hash_, root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, hash_)
        place, last = place >> 1, last >> 1
    return root if last == 0 else None


def is_included(leaf: bytes, position: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof shows that a leaf stands at a position of a tree."""
    return root_from_inclusion(leaf, position, size, path) == root


def is_consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that the second tree begins with the whole first one.

    Source: RFC 9162, section 2.1.4.2. Every tree begins with the empty one.
    """
    if not 0 <= first <= second or any(len(hash_) != HASH_BYTES for hash_ in path):
        return False
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    if first == second:
        return not path and first_root == second_root
    if not path:
        return False
    rest = list(path) if first & (first - 1) else [first_root, *path]
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = rest[0]
    for hash_ in rest[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, hash_)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """Return the largest power of two that is less than a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
