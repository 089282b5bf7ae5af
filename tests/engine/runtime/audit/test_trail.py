"""A trail holds on both databases, and whatever is changed in it is named."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update

from gatewright.engine.runtime.audit.checkpoint import Checkpoint, read
from gatewright.engine.runtime.audit.entries import leaves
from gatewright.engine.runtime.audit.sequence import LOCK, TrailBroken, sequence
from gatewright.engine.runtime.audit.tree import Frontier
from gatewright.engine.runtime.audit.verify import Report, verify
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import Database, open_database
from gatewright.engine.runtime.store.errors import StoreLocked
from gatewright.engine.runtime.store.migrations import upgrade
from gatewright.engine.runtime.store.trail import record
from tests.cli.run import run
from tests.engine.runtime.audit.keys import key_pair
from tests.engine.runtime.databases import fresh_schema

PRIVATE, PUBLIC = key_pair(1)
_, STRANGER = key_pair(2)


def add(database: Database, count: int) -> None:
    with database.transaction() as connection:
        entries = [Entry("approved", "person", "ann", {"n": n}) for n in range(count)]
        record(connection, "run-1", entries, 1_700_000_000_000_000_000)


def report(database: Database, against: Checkpoint | None = None, *keys: bytes) -> Report:
    with database.reading() as connection:
        return verify(connection, keys, against)


def told(database: Database, against: Checkpoint | None = None) -> tuple[str, int | None]:
    (finding,) = report(database, against).findings
    return finding.kind, finding.position


@pytest.fixture
def trail(database: Database) -> Database:
    """Give a store with leaves at positions 0 to 2 and 3 to 6, two checkpoints, signed."""
    for count in (3, 4):
        add(database, count)
        assert sequence(database, PRIVATE)
    return database


def test_a_good_trail_is_good(trail: Database) -> None:
    found = report(trail, None, PUBLIC)
    assert (found.findings, found.size, found.checkpoints, found.waiting) == ((), 7, 2, 0)
    add(trail, 2)
    assert (report(trail).findings, report(trail).waiting) == ((), 2)


def test_stores_in_one_database_do_not_wait_for_each_other(postgres_server: str) -> None:
    with fresh_schema(postgres_server) as one, fresh_schema(postgres_server) as other:
        stores = [open_database(address, patience_s=0.5) for address in (one, other)]
        for store in stores:
            upgrade(store)
            add(store, 1)
        with stores[0].transaction() as connection:
            connection.execute(LOCK)
            assert sequence(stores[1])
            with pytest.raises(StoreLocked):
                sequence(stores[0])
        for store in stores:
            store.close()


def test_an_empty_trail_is_good(database: Database) -> None:
    assert sequence(database) is None
    assert report(database, None, PUBLIC).is_good


def test_sequencing_again_changes_nothing(trail: Database) -> None:
    assert sequence(trail, PRIVATE) == sequence(trail, PRIVATE)
    assert report(trail).checkpoints == 2


def test_many_sequencers_give_each_leaf_one_position(database: Database) -> None:
    add(database, 2_500)
    threads = [threading.Thread(target=sequence, args=(database,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        assert [leaf.position for leaf in leaves(connection)] == list(range(2_500))
    assert report(database).is_good


@pytest.mark.parametrize("position", range(7))
def test_a_changed_body_is_named(trail: Database, position: int) -> None:
    with trail.transaction() as c:
        where = t.leaves.c.position == position
        body = c.scalar(select(t.leaves.c.body).where(where))
        assert body is not None
        c.execute(update(t.leaves).where(where).values(body=body.replace("ann", "bob")))
    (finding,) = report(trail).findings
    assert (finding.kind, finding.position, finding.number) == ("changed", position, position + 1)


@pytest.mark.parametrize("change", [{"run": "x"}, {"run": None}, {"kind": "x"}, {"at": 1}])
def test_a_changed_column_is_named(trail: Database, change: dict[str, object]) -> None:
    with trail.transaction() as c:
        c.execute(update(t.leaves).where(t.leaves.c.position == 4).values(change))
    assert told(trail) == ("changed", 4)


@pytest.mark.parametrize(("gone", "kind"), [(0, "missing"), (4, "missing"), (6, "cut")])
def test_a_leaf_that_is_gone_is_named(trail: Database, gone: int, kind: str) -> None:
    with trail.transaction() as c:
        c.execute(delete(t.leaves).where(t.leaves.c.position == gone))
    assert told(trail) == (kind, gone)


def test_a_gap_that_was_closed_is_named(trail: Database) -> None:
    with trail.transaction() as c:
        c.execute(delete(t.leaves).where(t.leaves.c.position == 4))
        for place in (5, 6):
            moved = update(t.leaves).where(t.leaves.c.position == place)
            c.execute(moved.values(position=place - 1))
    assert told(trail) == ("missing", 4)


def test_leaves_that_changed_places_are_named(trail: Database) -> None:
    with trail.transaction() as c:
        for old, new in ((4, 99), (5, 4), (99, 5)):
            c.execute(update(t.leaves).where(t.leaves.c.position == old).values(position=new))
    assert told(trail) == ("reordered", 4)


@pytest.mark.parametrize("column", ["root", "frontier", "note"])
def test_a_changed_checkpoint_is_found(trail: Database, column: str) -> None:
    with trail.transaction() as c:
        c.execute(text(f"UPDATE checkpoints SET {column} = '0' WHERE size = 3"))  # noqa: S608
    assert told(trail) == ("checkpoint", 2)


def test_nothing_is_appended_to_a_trail_that_was_cut(trail: Database) -> None:
    with trail.transaction() as c:
        c.execute(delete(t.leaves).where(t.leaves.c.position == 6))
    add(trail, 1)
    with pytest.raises(TrailBroken):
        sequence(trail)


def test_a_trail_cut_with_its_checkpoint_is_found_by_one_kept_elsewhere(trail: Database) -> None:
    kept = read(sequence(trail) or "")
    with trail.transaction() as c:
        c.execute(delete(t.leaves).where(t.leaves.c.position >= 3))
        c.execute(delete(t.checkpoints).where(t.checkpoints.c.size > 3))
    assert report(trail).is_good
    assert told(trail, kept) == ("cut", 3)


def test_another_trail_is_found_by_a_checkpoint_kept_elsewhere(trail: Database) -> None:
    leaf = Frontier(1, [bytes(32)])
    assert told(trail, Checkpoint("gatewright", 1, leaf.root()))[0] == "changed"
    assert report(trail, read(sequence(trail) or ""), PUBLIC).is_good


def test_the_last_checkpoint_must_be_signed_by_the_key(trail: Database) -> None:
    assert [f.kind for f in report(trail, None, STRANGER).findings] == ["signature"]
    add(trail, 1)
    sequence(trail)
    assert [f.kind for f in report(trail, None, PUBLIC).findings] == ["signature"]


def test_what_to_do_where_the_key_has_not_signed(trail: Database) -> None:
    """It is wrong in each case: whoever takes a signature away may say that the key is new."""
    (other,) = report(trail, None, STRANGER).findings
    (signer,) = report(trail, None, PUBLIC).signers
    begin = f"it says to be signed by {signer}: verify by that key, if it is right. A key that"
    assert (other.help or "").startswith(begin)
    add(trail, 1)
    sequence(trail)
    (lost,) = report(trail, None, PUBLIC).findings
    assert (lost.help or "").startswith("one before it is signed: a worker without `audit_key`")
    note = select(t.checkpoints.c.size, t.checkpoints.c.note)
    with trail.transaction() as connection:
        for size, whole in connection.execute(note).all():
            bare = whole.partition("\n\n")[0] + "\n\n"
            connection.execute(
                update(t.checkpoints).where(t.checkpoints.c.size == size).values(note=bare)
            )
    (none,) = report(trail, None, PUBLIC).findings
    assert (none.kind, none.message) == (lost.kind, lost.message) == (other.kind, other.message)
    assert (none.help or "").startswith("no checkpoint is signed. A key that was configured only")
    assert report(trail, None).is_good  # by no key nothing must be signed


def test_who_signed_is_said(trail: Database) -> None:
    found = report(trail, None, PUBLIC)
    assert (found.signed, found.checkpoints, len(found.signers), found.checked) == (2, 2, 1, True)
    assert found.signers[0].startswith("gatewright+")
    unchecked = report(trail)
    assert (unchecked.is_good, unchecked.signers, unchecked.checked) == (True, found.signers, False)
    add(trail, 1)
    sequence(trail)
    last = report(trail)
    assert (last.is_good, last.signed, last.checkpoints, last.signers) == (True, 2, 3, ())
    with trail.reading() as connection:
        (finding,) = verify(connection, require_signature=True).findings
    assert (finding.kind, finding.message) == ("signature", "nobody has signed the last checkpoint")


def test_a_changed_payload_is_named_and_an_erased_one_is_fine(trail: Database) -> None:
    with trail.transaction() as c:
        c.execute(
            insert(t.runs).values(
                id="run-1", version=1, state="done", action="a.b", proposed_at=0, updated_at=0,
                fence=0, body="{}",
            )
        )  # fmt: skip
        payloads.put(c, "run-1", "content", "00" * 16)
    assert (report(trail).findings, report(trail).payloads) == ((), 1)
    with trail.transaction() as c:
        c.execute(update(t.payloads).values(content="other"))
    assert told(trail) == ("payload", None)
    with trail.transaction() as c:
        names = payloads.erase(c, "run-1", 1)
        assert len(names) == 1
    assert told(trail) == ("payload", None)  # nobody says that it was erased
    with trail.transaction() as c:
        body = {"because": "r", "payloads": names, "decisions": []}
        record(c, "run-1", [Entry("erased", "person", "ann", body)], 1_700_000_000_000_000_000)
    assert (report(trail).findings, report(trail).erased) == ((), 1)


def test_the_command_is_green_and_red_after_one_byte_is_flipped_in_a_copy(tmp_path: Path) -> None:
    store = open_database(f"sqlite:///{tmp_path / 'gate.db'}")
    t.metadata.create_all(store.engine)
    add(store, 5)
    (tmp_path / "kept.txt").write_text(sequence(store, PRIVATE) or "")
    (tmp_path / "pub.pem").write_bytes(PUBLIC)
    with store.engine.connect() as c:
        c.exec_driver_sql("COMMIT")
        c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        c.exec_driver_sql("BEGIN")
    store.close()
    options = ("--key", tmp_path / "pub.pem", "--against", tmp_path / "kept.txt")
    good = run("audit", "verify", "--store", f"sqlite:///{tmp_path / 'gate.db'}", *options)
    assert (good.code, good.out[:5]) == (0, "good:")

    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "gate.db", copy)
    content = bytearray(copy.read_bytes())
    place = content.index(b'"body":{"n":3}') + len('"body":{"n":')
    content[place] ^= 1
    copy.write_bytes(bytes(content))
    bad = run("audit", "verify", "--store", f"sqlite:///{copy}", "--format", "json")
    (finding,) = bad.data["findings"]
    assert (bad.code, finding["kind"], finding["position"]) == (1, "changed", 3)
    assert finding["number"] == 4

    lines = [json.loads(x) for x in run("audit", "export", "--store",
             f"sqlite:///{tmp_path / 'gate.db'}").out.splitlines()]  # fmt: skip
    assert [next(iter(line)) for line in lines] == ["leaf"] * 5 + ["checkpoint"]
    proof = run("audit", "proof", "--store", f"sqlite:///{tmp_path / 'gate.db'}", "4")
    assert (proof.code, proof.data["position"], len(proof.data["proof"])) == (0, 3, 3)
    assert run("audit", "proof", "--store", f"sqlite:///{copy}", "4").code == 1
    assert run("audit", "verify", "--store", f"sqlite:///{tmp_path / 'none.db'}").code == 2
    assert not (tmp_path / "none.db").exists()
