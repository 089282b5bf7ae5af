"""The examples are policies that one could use: sound, tested, described, with actions to try."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewright.dsl.formatter import format_source
from gatewright.dsl.lint import lint
from gatewright.dsl.load import check_paths
from gatewright.dsl.source import Source
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.policy_tests.run import run_tests
from tests.cli.run import run
from tests.conftest import ROOT

EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir())


def test_these_are_the_examples() -> None:
    assert [path.name for path in EXAMPLES] == ["crm", "identity", "refunds", "support"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
class TestEachExample:
    def test_it_loads_without_a_warning(self, example: Path) -> None:
        policy, diagnostics = check_paths([example])
        assert not list(diagnostics)
        assert policy is not None and lint(policy) == []

    def test_its_tests_pass(self, example: Path) -> None:
        policy, _ = check_paths([example])
        assert policy is not None
        results = run_tests(PolicySet(policy))
        assert len(results) >= 8
        assert [result.message for result in results if not result.passed] == []

    def test_its_files_are_in_canonical_layout(self, example: Path) -> None:
        for path in example.rglob("*.gate"):
            text = path.read_text("utf-8")
            assert format_source(Source(str(path), text)) == text

    def test_its_actions_fit_and_are_decided(self, example: Path) -> None:
        actions = sorted((example / "actions").glob("*.json"))
        assert actions
        for action in actions:
            ran = run("eval", example, "--action", action)
            assert ran.code == 0, ran.err
            assert ran.data["errors"] == []
            assert ran.data["at"] == json.loads(action.read_text("utf-8"))["at"]

    def test_its_page_has_a_title_and_how_to_run_it(self, example: Path) -> None:
        page = (example / "README.md").read_text("utf-8")
        assert page.startswith("# ")
        assert f"gatewright test examples/{example.name}\n" in page
