"""Processes that are killed or paused: a small share of `make crash`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT, unmeasured


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    kind: str = request.param
    if kind == "postgres":
        server = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("GATEWRIGHT_TEST_POSTGRES", server)
    return kind


def kill(*arguments: str) -> str:
    """Run it in a process of its own, and return what it says; it must find nothing wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.runtime.kill", *arguments],
        cwd=ROOT, env={**unmeasured(), "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_workers_and_people_are_killed_at_random(store: str) -> None:
    report = json.loads(kill("loop", "--store", store, "--seconds", "6"))
    assert report["kills"] >= 5
    assert sum(report["effects"].values()) > 0
    assert report["wrong"] == []


@pytest.mark.slow
def test_a_worker_that_was_paused_writes_nothing(store: str) -> None:
    assert kill("pause", "--store", store) == f"{store}: 4 cases, 0 wrong\n"
