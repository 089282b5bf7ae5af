"""Processes that are killed or paused at random: a small share of `make crash`, and a pause by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.worker import Worker
from tests.conftest import ROOT
from tests.runtime.kill.bank import GRADES, ledger_of
from tests.runtime.kill.people import action
from tests.runtime.kill.place import Place

WAIT_S = 60
# Processes that are killed tell nothing of their coverage.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
    "PYTHONPATH": str(ROOT),
}


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_workers_and_people_are_killed_at_random(store: str, request: pytest.FixtureRequest) -> None:
    if store == "postgres":
        server = request.getfixturevalue("postgres_server")
        ENVIRONMENT["GATEWRIGHT_TEST_POSTGRES"] = server
    command = [sys.executable, "-m", "tests.runtime.kill", "loop", "--store", store]
    done = subprocess.run(
        [*command, "--seconds", "8"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    report = json.loads(done.stdout)
    assert report["kills"] >= 5
    assert sum(report["effects"].values()) > 0


ENDS = {
    "native": State.DONE,  # repeated with the same key
    "set": State.DONE,  # repeated for the same version
    "probe": State.OUTCOME_UNKNOWN,  # no trace of it, but the call may still come
    "none": State.OUTCOME_UNKNOWN,
}  # fmt: skip


@pytest.mark.slow
def test_a_worker_that_was_paused_writes_nothing(database_url: str, tmp_path: Path) -> None:
    """Each of four workers is stopped in a call; others take its run, and then it wakes."""
    place = Place(tmp_path, database_url, "tests.runtime.kill.stopping:connector")
    place.lay_out()
    for system in GRADES:
        ledger_of(tmp_path, system).make("ch_1")
    with place.gate() as gate:
        made = {s: gate.propose(action(s, "ch_1", 500, s)) for s in GRADES}
        workers = [_work(place, name) for name in GRADES]
        try:
            for worker in workers:
                assert os.WIFSTOPPED(os.waitpid(worker.pid, os.WUNTRACED)[1])
            before = _taken_over(gate, made)
            assert {s: run.state for s, run in before.items()} == ENDS
            for worker in workers:
                worker.terminate()  # it ends after the step at hand
                worker.send_signal(signal.SIGCONT)
            for worker in workers:
                said = worker.communicate(timeout=WAIT_S)[1].decode()
                assert worker.returncode == 0, said
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        assert {s: gate.run(run.id) for s, run in made.items()} == before
        for system in GRADES:
            assert ledger_of(tmp_path, system).effects() == 1, system


def _work(place: Place, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gatewright", "work", "--config", str(place.toml)]
    return subprocess.Popen(
        [*command, "--name", name, "--lease", "1", "--call-timeout", "0.9"],
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _taken_over(gate: Gate, made: dict[str, Run]) -> dict[str, Run]:
    """Work until all claims of others have ended and nothing is left to do."""
    other, end = Worker(gate, name="other", lease_s=60, call_timeout_s=30), time.monotonic() + WAIT_S
    while True:
        other.drain()
        found = {system: gate.run(run.id) for system, run in made.items()}
        if all(run.state in ENDS.values() for run in found.values()) or time.monotonic() > end:
            return found
        time.sleep(0.05)
