"""`gatewright demo`: the whole story, the same on every machine."""

from __future__ import annotations

from importlib.resources import files

import pytest

from gatewright.cli import demo
from tests.cli.run import run
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "cli" / "demo.txt"


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
