"""The tree gives what RFC 9162 and pymerkle give; proofs hold for what they prove, and nothing else."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]

from gatewright.engine.runtime.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

CONTENTS = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def hashes(contents: list[bytes]) -> list[bytes]:
    return [leaf_hash(content) for content in contents]


# The vectors of Certificate Transparency (RFC 6962), as its reference implementation lists them.
VECTORS = [
    (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
]
INPUTS = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip


@pytest.mark.parametrize(("size", "root"), VECTORS)
def test_roots_are_those_of_the_reference_implementation(size: int, root: str) -> None:
    assert root_of(hashes([bytes.fromhex(x) for x in INPUTS[:size]])).hex() == root


@given(CONTENTS)
def test_roots_are_those_of_another_implementation(contents: list[bytes]) -> None:
    other: Any = InmemoryTree(algorithm="sha256")
    for content in contents:
        other.append_entry(content)
    assert root_of(hashes(contents)) == other.get_root()


@given(CONTENTS, st.data())
def test_a_frontier_goes_on_where_another_stopped(
    contents: list[bytes], data: st.DataObject
) -> None:
    leaves = hashes(contents)
    cut = data.draw(st.integers(0, len(leaves)))
    first = Frontier()
    for leaf in leaves[:cut]:
        first.append(leaf)
    second = Frontier(first.size, first.subtrees)
    for leaf in leaves[cut:]:
        second.append(leaf)
    assert (second.size, second.root()) == (len(leaves), root_of(leaves))
    assert first.root() == root_of(leaves[:cut])


def test_a_frontier_of_a_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="one full subtree"):
        Frontier(3, [EMPTY_ROOT])


@given(CONTENTS, st.data())
def test_inclusion_is_proved_for_that_leaf_at_that_place_alone(
    contents: list[bytes], data: st.DataObject
) -> None:
    leaves = hashes([bytes([n]) + content for n, content in enumerate(contents)])
    position = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.integers(0, len(leaves) + 1))
    root, proof = root_of(leaves), inclusion_proof(leaves, position)
    size, leaf = len(leaves), leaves[position]
    assert verify_inclusion(root, size, position, leaf, proof)
    assert other == position or not verify_inclusion(root, size, other, leaf, proof)
    assert not verify_inclusion(root, size, position, leaf_hash(b"no such"), proof)
    assert not verify_inclusion(EMPTY_ROOT, size, position, leaf, proof)
    assert not verify_inclusion(root, size, position, leaf, [*proof, leaf])
    assert not proof or not verify_inclusion(root, size, position, leaf, proof[:-1])


@given(CONTENTS, st.data())
def test_consistency_is_proved_for_a_beginning_alone(
    contents: list[bytes], data: st.DataObject
) -> None:
    leaves = hashes(contents)
    old = data.draw(st.integers(0, len(leaves)))
    root, old_root = root_of(leaves), root_of(leaves[:old])
    proof = consistency_proof(leaves, old)
    assert verify_consistency(old_root, old, root, len(leaves), proof)
    assert not verify_consistency(old_root, old, root, len(leaves), [*proof, old_root])
    wrong = sha256(b"wrong").digest()
    assert not verify_consistency(wrong, old, root, len(leaves), proof)
    if old:
        assert not verify_consistency(old_root, old, wrong, len(leaves), proof)
    assume(proof)
    assert not verify_consistency(old_root, old, root, len(leaves), proof[:-1])
    assert not verify_consistency(old_root, old, root, len(leaves), [wrong, *proof[1:]])


@pytest.mark.parametrize("position", [-1, 3])
def test_what_was_never_there_has_no_proof(position: int) -> None:
    leaves = hashes([b"a", b"b", b"c"])
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(leaves, position)
    with pytest.raises(ValueError, match="never"):
        consistency_proof(leaves, 4)
    assert not verify_consistency(EMPTY_ROOT, 4, EMPTY_ROOT, 3, [])
