"""All lints together: their names, codes, pages, and their order."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from gatewright.dsl.diagnostics import Diagnostic, Severity
from gatewright.dsl.lint import LINTS, NAMES, lint
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.load import check_sources
from gatewright.dsl.messages.catalog import TITLES
from gatewright.dsl.source import Source
from tests.dsl.lint.support import ACTIONS, checked

BUSY = (
    ACTIONS
    + """let small = 50 USD
guard g when 1 < 2 => block
guard h on crm.* when risk > 200 => require manager and finance
"""
)


@pytest.mark.parametrize("each", LINTS, ids=lambda each: each.name)
def test_each_lint_is_a_module_with_a_page(each: Lint) -> None:
    module = importlib.import_module(f"gatewright.dsl.lint.{each.name.replace('-', '_')}")
    page = module.__doc__ or ""
    assert module.LINT is each
    assert "\nAvoid:" in page
    assert "\nPrefer:" in page
    assert "\nWhy: " in page


def test_codes_and_names_are_unique_and_registered() -> None:
    assert len(NAMES) == len(LINTS) == len({each.code for each in LINTS})
    assert {code for code in TITLES if code.startswith("GW1")} == {each.code for each in LINTS}
    assert [each.code for each in LINTS] == sorted(each.code for each in LINTS)


def test_each_lint_has_a_test_file() -> None:
    files = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    modules = {each.name.replace("-", "_") for each in LINTS}
    assert {m if not m.startswith("unused_") else "unused" for m in modules} <= files


def test_each_lint_tells_of_its_own_code_alone() -> None:
    view = View(checked(BUSY), None, NAMES)
    for each in LINTS:
        assert {d.code for d in each.check(view)} <= {each.code}


def test_warnings_are_sorted_and_told_once() -> None:
    told = lint(checked(BUSY))
    assert told == sorted(told, key=Diagnostic.sort_key)
    assert len({d.sort_key() for d in told}) == len(told)
    assert {d.severity for d in told} == {Severity.WARNING}
    assert {d.code for d in told} >= {"GW1002", "GW1003", "GW1006", "GW1018"}


def test_messages_are_sentences_without_end() -> None:
    for told in lint(checked(BUSY)):
        assert not told.message.endswith(".")
        assert told.message[0] in "`abcdefghijklmnopqrstuvwxyz"


def test_a_policy_of_nothing_has_no_warnings() -> None:
    assert lint(checked("package a")) == []


@pytest.mark.parametrize("example", ["crm", "identity", "refunds", "support"])
def test_the_examples_have_only_advice_about_texts_and_tests(
    shared_dir: Path, example: str
) -> None:
    files = sorted((shared_dir / "design" / "examples" / example).glob("*.gate"))
    sources = [Source(file.name, file.read_text(encoding="utf-8")) for file in files]
    policy, diagnostics = check_sources(sources, {"sales_pool": ("u-1",)})
    assert policy is not None, list(diagnostics)
    found = {d.code for d in lint(policy)} - {"GW1016", "GW1017"}
    # `just_in_time` never lets anything run: `standard` requires the owner for all of it.
    assert found == ({"GW1037"} if example == "identity" else set())
