"""The standard library of policies: every package is sound, tested and described."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewright.dsl import ast
from gatewright.dsl.files import library_packages, library_sources
from gatewright.dsl.formatter import format_source
from gatewright.dsl.lint import lint
from gatewright.dsl.load import check_paths, check_sources
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Source
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source
from gatewright.engine.policy_tests.run import run_tests
from tests.cli.run import run
from tests.conftest import ROOT
from tests.readme_blocks import indented_commands

PACKAGES = ("std.calendars", "std.context", "std.people")


def folder(package: str) -> Path:
    return ROOT / "stdlib_policies" / package.removeprefix("std.")


def checked(package: str) -> CheckedPolicy:
    """Check the tests of a package, which import it; there must be nothing to say about them."""
    policy, diagnostics = check_paths([folder(package) / "tests"])
    assert not list(diagnostics)
    assert policy is not None
    return policy


def test_the_library_has_these_packages() -> None:
    assert tuple(library_packages()) == PACKAGES


def test_its_own_folder_checks_without_a_word() -> None:
    policy, diagnostics = check_paths([ROOT / "stdlib_policies"])
    assert not list(diagnostics)
    assert policy is not None
    assert lint(policy) == []
    assert {*PACKAGES} < {*policy.packages}


def test_a_changed_copy_of_a_file_of_it_is_refused(tmp_path: Path) -> None:
    text = (folder("std.people") / "people.gate").read_text("utf-8")
    (tmp_path / "people.gate").write_text(text + "\n// mine\n", "utf-8")
    _, diagnostics = check_paths([tmp_path])
    assert [found.code for found in diagnostics] == ["GW0214"]


@pytest.mark.parametrize("package", PACKAGES)
class TestEachPackage:
    def test_it_can_be_imported_alone(self, package: str) -> None:
        source = Source("a.gate", f"package a\nimport {package} as library\n")
        policy, diagnostics = check_sources([source])
        assert not list(diagnostics)
        assert policy is not None and package in policy.packages

    def test_its_tests_pass_without_a_warning(self, package: str) -> None:
        policy = checked(package)
        assert lint(policy) == []
        results = run_tests(PolicySet(policy))
        assert results
        assert [result.message for result in results if not result.passed] == []

    def test_its_files_are_in_canonical_layout(self, package: str) -> None:
        for path in folder(package).rglob("*.gate"):
            text = path.read_text("utf-8")
            assert format_source(Source(str(path), text)) == text

    def test_its_page_names_what_it_declares(self, package: str) -> None:
        page = (folder(package) / "README.md").read_text("utf-8")
        assert page.startswith(f"# {package}\n")
        policy, _ = check_sources([Source("a.gate", f"package a\nimport {package} as b\n")])
        assert policy is not None
        declared = [
            d.name.name
            for file in policy.files
            if file.package is not None and file.package.text == package
            for d in file.declarations
            if isinstance(d, ast.RouteDecl | ast.CalendarDecl | ast.RiskDecl)
        ]
        assert declared
        assert [name for name in declared if f"`{name}`" not in page] == []

    def test_it_declares_no_action_and_decides_nothing(self, package: str) -> None:
        """Whoever imports it decides: a library must not open or restrict by itself."""
        deciding = (
            ast.ActionDecl, ast.RuleDecl, ast.PermitDecl, ast.DefaultDecl, ast.OnErrorDecl,
            ast.ExceptionDecl, ast.PolicyTest,
        )  # fmt: skip
        policy, _ = check_sources([Source("a.gate", f"package a\nimport {package} as b\n")])
        assert policy is not None
        own = [f for f in policy.files if f.package is not None and f.package.text == package]
        assert len(own) == len(library_sources(package))
        assert not [d for file in own for d in file.declarations if isinstance(d, deciding)]


def test_the_page_of_the_library_lists_them_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "stdlib_policies" / "README.md").read_text("utf-8")
    assert all(f"[`{package}`](" in page for package in PACKAGES)
    commands = indented_commands(page)
    assert len(commands) == len(PACKAGES)
    assert [command.words for command in commands if run(*command.words[1:]).code] == []


def test_a_package_without_a_file_is_not_in_the_library() -> None:
    assert library_sources("std.nothing") == []
    assert library_sources("std") == []
    assert library_sources("std.people.tests") != library_sources("std.people")


GUARDED = """
package sales
import std.context
action crm.note { text: string }
route manager { one of group("sales-managers") timeout 4h then reject }
rule notes on crm.note => auto_run
guard unexplained on crm.* when risk >= 30 => require manager
"""


def test_importing_the_context_package_activates_its_risks() -> None:
    policy = load_source(GUARDED)
    explained = {"reasoning": "asked for in ticket 812", "evidence": ["ticket 812"]}
    action = {"action": "crm.note", "params": {"text": "call back"}}
    assert policy.evaluate({**action, "context": explained}).effect == "auto_run"
    decision = policy.evaluate(action)
    assert decision.risk == 30
    assert decision.routes == ("manager",)
    text = str(decision.explain())
    assert "20 no_reasoning: the agent gives no reasoning" in text
    assert "10 no_evidence: the agent gives no evidence" in text
    assert policy.evaluate({**action, "context": {**explained, "confidence": 0.5}}).risk == 30


WAITING = """
package billing
import std.calendars as calendars
action billing.refund { amount: money(USD) }
route finance { one of group("finance") calendar calendars.office_eu timeout 1bd then reject }
rule all on billing.refund => auto_run
guard at_night on billing.refund unless now.in(calendars.office_eu) => require finance
  because "Nobody of finance is in the office."
"""


def test_a_calendar_of_the_library_serves_conditions_and_timers() -> None:
    policy = load_source(WAITING)
    action = {"action": "billing.refund", "params": {"amount": "5 USD"}}
    assert policy.evaluate({**action, "at": "2026-11-20T12:00:00Z"}).effect == "auto_run"
    night = policy.evaluate({**action, "at": "2026-11-20T22:00:00Z"})
    assert night.routes == ("finance",)
    assert night.because == ("Nobody of finance is in the office.",)
