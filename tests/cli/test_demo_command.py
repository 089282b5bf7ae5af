"""`gatewright demo`: the whole story, the same on every machine."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import pytest

from gatewright.cli import demo
from tests.cli.run import run
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "cli" / "demo.txt"


@pytest.fixture(autouse=True)
def on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the PATH that has a command of this name."""
    command = tmp_path / "bin" / "gatewright"
    command.parent.mkdir()
    command.touch(0o755)
    monkeypatch.setenv("PATH", str(command.parent))
    return command


def test_the_whole_output() -> None:
    ran = run("demo")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == GOLDEN.read_text("utf-8"), "look at the difference before you change demo.txt"


def test_it_says_the_same_again_whatever_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    first = run("demo")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("COLUMNS", "40")
    assert run("demo") == first


def test_the_story_has_every_effect() -> None:
    text = run("demo").out
    for line in (
        "AUTO_RUN: nobody needs to approve",
        "REQUIRE APPROVAL of manager",
        "REQUIRE APPROVAL of finance",
        "BLOCK: nobody may let this run",
        "agent night-bot is not permitted to billing.refund",
        "already had a refund in the last 30 days",
        "`params.amount` is missing",
    ):
        assert line in text


def test_its_policy_is_that_of_the_examples_and_is_shipped() -> None:
    shipped = files("gatewright.cli").joinpath("demo_policies", demo.POLICY)
    example = ROOT / "examples" / "refunds" / demo.POLICY
    assert shipped.read_text("utf-8") == example.read_text("utf-8") == demo.policy_text()


def test_it_fails_where_the_tests_of_the_policy_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = demo.policy_text().replace("49.99 USD  => auto_run", "49.99 USD  => block")
    monkeypatch.setattr(demo, "policy_text", lambda: broken)
    ran = run("demo")
    assert ran.code == 1
    assert "The policy's own tests: 13 of 14 pass." in ran.out


def test_the_command_at_the_end_can_be_called_as_it_stands_there(
    on_the_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert demo.program() == "gatewright"
    on_the_path.unlink()
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert demo.program() == "python -m gatewright"
    script = tmp_path / ".venv" / "bin" / "gatewright"
    script.parent.mkdir(parents=True)
    script.touch()
    assert demo.program() == str(script)
    monkeypatch.chdir(tmp_path)
    assert demo.program() == ".venv/bin/gatewright"
    assert "    .venv/bin/gatewright explain examples/refunds" in run("demo").out
