"""The tree against pymerkle, checkpoints against a known note, the sequencer on SQLite."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymerkle  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, insert, select, update

from gatewright.engine.runtime.audit import tree
from gatewright.engine.runtime.audit.checkpoint import (
    Checkpoint,
    CheckpointError,
    Keys,
    Signer,
    key_id,
    read_note,
)
from gatewright.engine.runtime.audit.leaf import Actor, Leaf, commit, sealed
from gatewright.engine.runtime.audit.record import erase, record
from gatewright.engine.runtime.audit.sequence import AuditError, Log, sequence
from gatewright.engine.runtime.store import schema as t
from tests.engine.bundle.test_signing import OUR_PUBLIC, OURS, THEIR_PUBLIC, THEIRS

BOT = Actor("agent", "refund-bot")
LOG = Log("example.com/gate", Signer("example.com/gate", OURS))


def hashes(count: int) -> list[bytes]:
    return [tree.leaf_hash(b"%d" % n) for n in range(count)]


def peer(count: int) -> Any:
    made: Any = pymerkle.InmemoryTree(algorithm="sha256")
    for n in range(count):
        made.append_entry(b"%d" % n)
    return made


def test_every_root_and_proof_of_small_trees_is_that_of_pymerkle() -> None:
    other = peer(40)
    for size in range(1, 41):
        leaves = hashes(size)
        root = tree.root_of(leaves)
        assert root == other.get_root(size)
        for position in range(size):
            path = tree.range_roots(leaves, tree.inclusion_ranges(position, size))
            assert path == other.prove_inclusion(position + 1, size).path[1:]
            assert tree.is_included(leaves[position], position, size, path, root)
        for first in range(1, size + 1):
            path = tree.range_roots(leaves, tree.consistency_ranges(first, size))
            assert tree.is_consistent(first, size, other.get_root(first), root, path)
    assert hashlib.sha256(b"").digest() == tree.EMPTY_ROOT


@given(st.data())
def test_a_changed_proof_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    position = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    root = tree.root_of(leaves)
    path = tree.range_roots(leaves, tree.inclusion_ranges(position, size))
    changed = data.draw(st.integers(0, len(path) - 1))
    bad = [tree.leaf_hash(h) if n == changed else h for n, h in enumerate(path)]
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != position))
    for leaf, place, proof in [
        (leaves[position], position, bad), (leaves[position], position, path[:-1]),
        (leaves[position], position, [*path, root]), (leaves[other], position, path),
        (leaves[position], other, path),
    ]:  # fmt: skip
        assert not tree.is_included(leaf, place, size, proof, root)
    first = data.draw(st.integers(1, size - 1))
    grown = tree.range_roots(leaves, tree.consistency_ranges(first, size))
    old = tree.root_of(leaves[:first])
    assert tree.is_consistent(first, size, old, root, grown)
    assert not tree.is_consistent(first, size, tree.leaf_hash(old), root, grown)
    assert not tree.is_consistent(first, size, old, root, grown[:-1])


def test_the_id_of_a_key_is_that_of_the_note_package_of_go() -> None:
    name, id_, key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".split(
        "+", 2
    )
    raw = base64.b64decode(key)
    assert raw[:1] == b"\x01"
    assert key_id(name, Ed25519PublicKey.from_public_bytes(raw[1:])).hex() == id_


def test_a_checkpoint_is_believed_only_as_it_was_signed() -> None:
    note = Signer("example.com/gate", OURS).sign(Checkpoint("example.com/gate", 3, bytes(32)))
    Keys.read([OUR_PUBLIC, THEIR_PUBLIC]).check(read_note(note))
    with pytest.raises(CheckpointError, match="none of the keys"):
        Keys.read([THEIR_PUBLIC]).check(read_note(note))
    data = note.encode()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(CheckpointError):
            Keys.read([OUR_PUBLIC]).check(read_note(changed))


@pytest.fixture(name="engine")
def engine_fixture(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'gate.db'}")
    t.metadata.create_all(made)
    with made.begin() as connection:
        run = {"id": "r1", "version": 1, "state": "done", "action": "a.b", "body": "{}", "fence": 0}
        connection.execute(insert(t.runs).values({**run, "proposed_at": 1, "updated_at": 1}))
    yield made
    made.dispose()


def write(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        for n in range(count):
            record(connection, Leaf("approved", "r1", n, BOT, {"n": n}))


def test_leaves_get_positions_in_order_and_a_checkpoint(engine: Engine) -> None:
    assert sequence(engine, LOG, lambda: 1) is None
    write(engine, 5)
    first = sequence(engine, LOG, lambda: 1, most=3)
    last = sequence(engine, LOG, lambda: 2)
    assert first is not None
    assert last is not None
    assert (first.size, last.size) == (3, 5)
    with engine.begin() as connection:
        rows = connection.execute(select(t.leaves).order_by(t.leaves.c.position)).all()
        note = connection.scalar(select(t.checkpoints.c.note).where(t.checkpoints.c.size == 5))
    assert [(r.position, r.number) for r in rows] == [(n, n + 1) for n in range(5)]
    assert last.root == tree.root_of(tree.leaf_hash(r.body.encode()) for r in rows)
    Keys.read([OUR_PUBLIC]).check(read_note(note or ""))
    assert sequence(engine, LOG, lambda: 3) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"frontier": "00" * 32}, {"frontier": "x"}, {"root": "00" * 32}, {"note": ""}, {"size": 4},
        {"note": Signer("example.com/gate", THEIRS).sign(Checkpoint("example.com/gate", 2, bytes(32)))},
        {"note": f"example.com/gate\n2\n{base64.b64encode(bytes(32)).decode()}\n\n"},
    ],
)  # fmt: skip
def test_nothing_follows_a_checkpoint_that_is_not_whole(
    engine: Engine, damage: dict[str, object]
) -> None:
    write(engine, 2)
    sequence(engine, LOG, lambda: 1)
    write(engine, 1)
    with engine.begin() as connection:
        connection.execute(update(t.checkpoints).values(damage))
    with pytest.raises(AuditError):
        sequence(engine, LOG, lambda: 2)
    with engine.begin() as connection:
        placed = select(t.leaves.c.number).where(t.leaves.c.position.is_not(None))
        assert len(connection.execute(placed).all()) == 2


def test_an_erased_payload_is_gone_and_its_leaf_is_not(engine: Engine, tmp_path: Path) -> None:
    payload = sealed("a secret reason of somebody")
    with engine.begin() as connection:
        leaf = Leaf("proposed", "r1", 1, BOT, payloads={"reason": payload.commitment})
        record(connection, leaf, [payload])
        row = connection.execute(select(t.payloads)).one()
        assert commit(row.content, row.salt) == payload.commitment == row.commitment
    with engine.begin() as connection:
        assert erase(connection, "r1", 2, Actor("person", "ann")) == 1
        assert erase(connection, "r1", 3, Actor("person", "ann")) == 0
        row = connection.execute(select(t.payloads)).one()
        assert (row.content, row.salt, row.erased_at) == (None, None, 2)
        bodies = connection.scalars(select(t.leaves.c.body).order_by(t.leaves.c.number)).all()
    assert bodies[0] == leaf.text()
    assert payload.commitment in bodies[1]
    assert len(bodies) == 2
    assert b"a secret reason" not in (tmp_path / "gate.db").read_bytes()


def test_a_payload_that_no_leaf_names_is_refused(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(ValueError, match="names its commitment"):
        record(connection, Leaf("proposed", "r1", 1, BOT), [sealed("x")])
