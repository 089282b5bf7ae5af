"""A world in a file: shared by processes, and still there when one of them is killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatewright.connectors.systems.sandbox import ConnectionLost, Sandbox, store
from gatewright.engine.runtime.ports import Applied, ConnectorError
from gatewright.engine.runtime.run import State
from tests.conftest import ROOT, unmeasured
from tests.connectors.sandbox_actions import refund
from tests.connectors.sandbox_office import MINUTE, Office


def start(**told: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.connectors.sandbox_child", json.dumps(told)],
        cwd=ROOT,
        env={**unmeasured(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_a_killed_worker_did_is_found_and_not_done_again(tmp_path: Path) -> None:
    """The process ends, by SIGKILL, between the write and its answer."""
    store, path = tmp_path / "gate.db", tmp_path / "world.db"
    with Office(store, path).opened() as world:
        run = world.propose()
        with start(do="work", path=str(path), store=str(store), now=world.now) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "hangs\n"
            os.kill(child.pid, signal.SIGKILL)
            assert child.wait() == -signal.SIGKILL
        assert world.gate.run(run.id).state is State.EXECUTING
        assert world.effects() == 1
        world.now += 2 * MINUTE
        assert world.work(run).state is State.DONE
        assert world.effects() == 1
        assert world.charge()["refunded"] == "20.00 USD"


def test_no_write_of_several_processes_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    children = [start(do="refund", path=str(path), times=10, name=name) for name in "abc"]
    for child in children:
        with child:
            assert child.wait(timeout=120) == 0
    world = Sandbox(path)
    assert world.values("billing", "charge", "ch_1")["refunded"] == "0.30 USD"
    assert len({effect.key for effect in world.effects()}) == len(world.effects()) == 30


def test_one_key_of_several_processes_has_one_effect(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    children = [start(do="same", path=str(path)) for _ in range(3)]
    answers = [child.communicate(timeout=120)[0] for child in children]
    assert answers == ["re_1\n"] * 3
    assert len(Sandbox(path).effects()) == 1


def test_a_world_is_opened_again_with_everything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    first = Sandbox(path, seed=7)
    receipt = first.connector("billing").execute(refund("1.00 USD"), "1", "a")
    first.close()
    again = Sandbox(path)
    billing = again.connector("billing")
    assert billing.execute(refund("1.00 USD"), "1", "a") == receipt, "the key is known"
    assert billing.probe("a").receipt == receipt
    assert [effect.key for effect in again.effects()] == ["a"]
    assert again.values("crm", "contact", "C-1") == Sandbox(seed=7).values("crm", "contact", "C-1")


def test_calls_are_counted_over_all_processes(tmp_path: Path) -> None:
    path, fault = tmp_path / "world.db", {"kind": "never_arrives", "call": 2}
    Sandbox(path, faults=[fault]).connector("billing").execute(refund("1.00 USD"), "1", "a")
    again = Sandbox(path, faults=[fault]).connector("billing")
    with pytest.raises(ConnectionLost):
        again.execute(refund("1.00 USD"), "2", "b")
    assert again.probe("b").applied is Applied.NO


def test_a_file_is_not_made_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    Sandbox(path, seed=7)
    Sandbox(path, seed=7)
    others: tuple[dict[str, Any], ...] = (
        {"seed": 8},
        {"records": {"crm": {"contact": {"C-1": {"tier": "gold"}}}}},
    )
    for given in others:
        with pytest.raises(ValueError, match="another seed or of other records"):
            Sandbox(path, **given)


def test_a_file_that_is_no_world_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE records (id TEXT)")
    db.close()
    kept = other.read_bytes()
    with pytest.raises(ValueError, match="not of a sandbox"):
        Sandbox(other)
    assert other.read_bytes() == kept
    text = tmp_path / "notes.txt"
    text.write_text("no database at all, but longer than a header of one would be" * 20)
    for path in (text, tmp_path, tmp_path / "missing" / "world.db"):
        with pytest.raises(ValueError, match="cannot be used"):
            Sandbox(path)


def _uncounted(*_: object) -> None:
    """Log no call: that would be a write of its own."""


def test_a_commit_that_fails_is_an_unknown_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads for longer than a commit waits; the probe tells what became of it."""
    monkeypatch.setattr(store, "_BUSY_S", 0.0)
    path = tmp_path / "world.db"
    billing = Sandbox(path).connector("billing")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM records").fetchone()
    with pytest.raises(ConnectorError, match="the call was not made"):
        billing.execute(refund(), "1", "k")
    with monkeypatch.context() as uncounted:
        uncounted.setattr(store.Store, "log", _uncounted)
        with pytest.raises(store.CommitFailed):
            billing.execute(refund(), "1", "k")
    reader.close()
    assert billing.probe("k").applied is Applied.NO
    assert billing.execute(refund(), "1", "k").version == "2"


@pytest.mark.parametrize(
    "mark", ["application_id = 7", "user_version = 99"], ids=["another-program", "newer"]
)
def test_a_file_of_another_program_or_version_is_refused(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "world.db"
    if mark.startswith("user_version"):
        Sandbox(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA {mark}")
    db.close()
    with pytest.raises(ValueError, match="not of a sandbox of this version"):
        Sandbox(path)


def test_a_world_that_cannot_be_written_says_that_nothing_was_done(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    world = Sandbox(path)
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON effects BEGIN SELECT raise(ABORT, 'full'); END"
        )
    db.close()
    billing = world.connector("billing")
    with pytest.raises(ConnectorError, match=r"full.*nothing was changed"):
        billing.execute(refund(), "1", "k")
    assert world.values("billing", "charge", "ch_1")["refunded"] == "0.00 USD"
    assert world.records("billing", "refund") == {}
    assert billing.probe("k").applied is Applied.NO
