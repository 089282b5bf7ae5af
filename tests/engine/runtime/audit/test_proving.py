"""Proofs from a trail: what they show can be checked without the store, and nothing else is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from gatewright.engine.runtime.audit.checkpoint import Checkpoint, read
from gatewright.engine.runtime.audit.proving import NotProved, prove_growth, prove_leaf
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.tree import leaf_hash, verify_consistency, verify_inclusion
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import Database, open_database
from gatewright.engine.runtime.store.trail import record
from tests.cli.run import run


def add(database: Database, count: int, who: str = "ann") -> None:
    with database.transaction() as connection:
        entries = [Entry("approved", "person", who, {"n": n}) for n in range(count)]
        record(connection, "run-1", entries, 1_700_000_000_000_000_000)


def grow(database: Database, count: int) -> Checkpoint:
    """Add some leaves and return the checkpoint over all."""
    add(database, count)
    return read(sequence(database) or "")


def unhex(proof: tuple[str, ...] | list[str]) -> list[bytes]:
    return [bytes.fromhex(part) for part in proof]


@pytest.mark.parametrize("number", range(1, 8))
def test_a_leaf_is_proved_by_the_latest_checkpoint(database: Database, number: int) -> None:
    grow(database, 3)
    latest = grow(database, 4)
    with database.reading() as connection:
        proved = prove_leaf(connection, number)
    assert read(proved.checkpoint) == latest
    own = leaf_hash(proved.body.encode())
    assert own.hex() == proved.leaf_hash
    proof = unhex(proved.proof)
    assert verify_inclusion(latest.root, latest.size, proved.position, own, proof)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (8, "no checkpoint covers the leaf of number 8 yet: the latest has 7 of 8 leaves"),
        (0, "there is no leaf of number 0: the trail has 8 leaves, and the highest number is 8"),
        (9, "there is no leaf of number 9: the trail has 8 leaves, and the highest number is 8"),
    ],
)
def test_a_leaf_that_no_checkpoint_covers_is_not_proved(
    database: Database, number: int, why: str
) -> None:
    grow(database, 7)
    add(database, 1)
    with database.reading() as connection, pytest.raises(NotProved) as caught:
        prove_leaf(connection, number)
    assert caught.value.message == why


def test_a_leaf_that_was_changed_is_not_proved(database: Database) -> None:
    grow(database, 3)
    with database.transaction() as connection:
        second = t.leaves.c.position == 1
        connection.execute(update(t.leaves).where(second).values(body="{}"))
    with database.reading() as connection, pytest.raises(NotProved, match="does not hold"):
        prove_leaf(connection, 2)


def test_a_trail_that_went_on_is_proved(database: Database) -> None:
    kept = [grow(database, count) for count in (1, 2, 1, 3)]
    with database.reading() as connection:
        for old in kept:
            proved = prove_growth(connection, old)
            new, proof = read(proved.checkpoint), unhex(proved.proof)
            assert (proved.size, proved.root, new) == (old.size, old.root.hex(), kept[-1])
            assert verify_consistency(old.root, old.size, new.root, new.size, proof)


def test_a_trail_that_was_rewritten_with_its_checkpoints_is_not_proved(database: Database) -> None:
    kept = grow(database, 3)
    with database.transaction() as connection:
        connection.execute(delete(t.checkpoints))
        connection.execute(update(t.leaves).values(position=None))
        first = t.leaves.c.number == 1
        connection.execute(update(t.leaves).where(first).values(body=t.leaves.c.body + " "))
    assert grow(database, 2).size == 5
    with database.reading() as connection, pytest.raises(NotProved, match="first 3 leaves"):
        prove_growth(connection, kept)


def test_a_trail_that_was_cut_is_not_proved(database: Database) -> None:
    grow(database, 3)
    kept = grow(database, 2)
    with database.transaction() as connection:
        connection.execute(delete(t.checkpoints).where(t.checkpoints.c.size == 5))
    with database.reading() as connection, pytest.raises(NotProved, match="has 5 leaves"):
        prove_growth(connection, kept)


def test_a_trail_with_a_hole_proves_nothing(database: Database) -> None:
    kept = grow(database, 3)
    with database.transaction() as connection:
        connection.execute(delete(t.leaves).where(t.leaves.c.position == 1))
    with database.reading() as connection:
        for prove in (lambda: prove_leaf(connection, 1), lambda: prove_growth(connection, kept)):
            with pytest.raises(NotProved, match="does not hold"):
                prove()


def test_without_a_checkpoint_nothing_is_proved(database: Database) -> None:
    with database.reading() as connection, pytest.raises(NotProved, match="no checkpoint yet"):
        prove_leaf(connection, 1)


# --- the command


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A file with five leaves in two checkpoints; the first is kept in `kept.txt`."""
    url = f"sqlite:///{tmp_path / 'gate.db'}"
    database = open_database(url)
    t.metadata.create_all(database.engine)
    grow(database, 2)
    with database.reading() as connection:
        (note,) = connection.scalars(select(t.checkpoints.c.note)).all()
    (tmp_path / "kept.txt").write_text(note)
    grow(database, 3)
    database.close()
    return url


def proof(store: str, *arguments: str | Path) -> dict[str, Any]:
    ran = run("audit", "proof", "--store", store, *arguments)
    assert ran.code == 0, ran.err
    data: dict[str, Any] = json.loads(ran.out)
    return data


def test_the_command_proves_both(store: str, tmp_path: Path) -> None:
    told = proof(store, "--against", tmp_path / "kept.txt")
    new, old = read(told["checkpoint"]), bytes.fromhex(told["root"])
    assert (told["size"], new.size) == (2, 5)
    assert verify_consistency(old, 2, new.root, 5, unhex(told["proof"]))
    assert proof(store, "4")["checkpoint"] == told["checkpoint"]


def test_the_command_asks_for_one_of_both(store: str, tmp_path: Path) -> None:
    for arguments in ((), ("4", "--against", tmp_path / "kept.txt")):
        ran = run("audit", "proof", "--store", store, *arguments)
        assert (ran.code, "either a leaf or" in ran.err) == (2, True)


def test_the_command_says_what_is_not_so(store: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    other = open_database(url)
    t.metadata.create_all(other.engine)
    add(other, 1, "bob")
    grow(other, 3)
    other.close()
    ran = run("audit", "proof", "--store", url, "--against", tmp_path / "kept.txt")
    assert (ran.code, "error[not_proved]: the first 2 leaves" in ran.err) == (1, True)
    ran = run("audit", "proof", "--store", url, "5")
    assert (ran.code, "there is no leaf of number 5: the trail has 4" in ran.err) == (1, True)
