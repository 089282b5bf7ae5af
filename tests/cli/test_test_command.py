"""`gatewright test`: results, exit codes, files written, selection, watching."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gatewright.cli import test as command
from gatewright.cli.selection import BadSelection, selects
from gatewright.dsl.diagnostics import Diagnostic, Severity
from gatewright.dsl.load import check_paths
from tests.cli.conftest import Run

POLICY = """\
package demo
action a.x { n: int }
rule small on a.x when action.n < 5 => auto_run
"""
PASSING = 'test "four runs" { given a.x { n: 4 } expect auto_run }\n'
FAILING = 'test "five runs" { given a.x { n: 5 } expect auto_run }\n'


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, *parts: str, name: str = "demo.gate") -> Path:
    file = folder / name
    file.write_text("".join(parts), encoding="utf-8")
    return file


def test_all_pass(run: Run, folder: Path) -> None:
    write(folder, POLICY, PASSING)
    result = run("test", folder)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "1 passed\n", "")


def test_a_failure_is_shown_with_its_reason_and_exits_1(run: Run, folder: Path) -> None:
    file = write(folder, POLICY, PASSING, FAILING)
    result = run("test", file)
    assert result.exit_code == 1
    lines = result.stdout.split("\n")
    assert lines[:4] == [
        "FAIL five runs",
        f'  {file}:5:46: test "five runs"',
        "    expected  auto_run",
        "    decided   block",
    ]
    assert "    BLOCK: nobody may let this run" in lines
    assert lines[-2] == "1 passed, 1 failed"


def test_verbose_lists_all_and_shows_warnings(run: Run, folder: Path) -> None:
    write(folder, POLICY, "let unused = 5\n", PASSING, FAILING)
    plain = run("test", folder)
    assert "PASS" not in plain.stdout
    assert plain.stderr == ""
    result = run("test", "-v", folder)
    assert "PASS four runs\n" in result.stdout
    assert "FAIL five runs\n" in result.stdout


def test_warnings_are_shown_only_where_asked_for(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(folder, POLICY, PASSING)
    policy, diagnostics = check_paths([file])
    assert policy is not None
    whole = policy.files[0].span
    warning = Diagnostic("GW1099", Severity.WARNING, "a warning", whole)
    diagnostics.add(warning)

    def loaded(_: object) -> object:
        return policy, diagnostics

    monkeypatch.setattr(command, "check_paths", loaded)
    assert run("test", file).stderr == ""
    assert "warning[GW1099]: a warning" in run("test", "-v", file).stderr


def test_several_paths_are_one_set(run: Run, folder: Path) -> None:
    first = write(folder, POLICY)
    second = write(folder, "package demo\n", PASSING, name="tests.gate")
    assert run("test", first, second).stdout == "1 passed\n"


def test_no_test_at_all_fails(run: Run, folder: Path) -> None:
    write(folder, POLICY)
    result = run("test", folder)
    assert result.exit_code == 1
    assert "error: there is no test in these policies" in result.stderr


def test_errors_of_policies_are_shown_as_check_does(run: Run, folder: Path) -> None:
    write(folder, POLICY.replace("< 5", "< nothing"), PASSING)
    result = run("test", folder)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert ": error[GW" in result.stderr
    assert "^^^" in result.stderr


def test_what_cannot_be_read_exits_2(run: Run, folder: Path) -> None:
    result = run("test", folder / "nothing")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert run("test").exit_code == 2


# --- selection


def test_k_selects(run: Run, folder: Path) -> None:
    write(folder, POLICY, PASSING, FAILING)
    result = run("test", folder, "-k", "four")
    assert (result.exit_code, result.stdout) == (0, "1 passed, 1 left out\n")
    assert run("test", folder, "-k", "demo and not five").exit_code == 0
    none = run("test", folder, "-k", "nothing")
    assert none.exit_code == 1
    assert none.stderr == "error: no test fits -k, of 2 tests\n"
    assert run("test", folder, "-k", "and").exit_code == 2


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("REFUND", True),
        ("the ladder", True),
        ("ladder the", False),
        ("nope", False),
        ("not nope", True),
        ("not not nope", False),
        ("refund and nope", False),
        ("refund or nope", True),
        ("nope or nope or ladder", True),
        ("not (nope or ladder)", False),
        ("(refund) and (the ladder)", True),
        ("'and'", True),
        ('"(50"', True),
        ("refund and not '(50'", False),
        ("", None),
        ("   ", None),
        ("and", None),
        ("refund and", None),
        ("refund or or x", None),
        ("not", None),
        ("(refund", None),
        ("refund)", None),
        ("()", None),
        ("'refund", None),
        ("not " * 60 + "x", None),
    ],
)
def test_selections(expression: str, wanted: bool | None) -> None:
    if wanted is None:
        with pytest.raises(BadSelection):
            selects(expression)
    else:
        assert selects(expression)("billing.refunds the ladder and more (50 USD)") is wanted


# --- files


def test_junit_is_written(run: Run, folder: Path) -> None:
    write(folder, POLICY, PASSING, FAILING)
    report = folder / "report.xml"
    assert run("test", folder, "--junit", report).exit_code == 1
    root = ElementTree.parse(report).getroot()  # noqa: S314 - our own text
    assert (root.attrib["tests"], root.attrib["failures"]) == ("2", "1")


def test_a_report_that_cannot_be_written_exits_2(run: Run, folder: Path) -> None:
    write(folder, POLICY, PASSING)
    result = run("test", folder, "--junit", folder / "no" / "report.xml")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_coverage_is_reported(run: Run, folder: Path) -> None:
    write(folder, POLICY, PASSING)
    result = run("test", folder, "--coverage")
    assert result.exit_code == 0
    assert "1 passed\n\nCoverage by tests\n" in result.stdout
    assert "`action.n < 5`: never false" in result.stdout
    assert "total 50.0%\n" in result.stdout


def test_coverage_as_json_and_too_little_of_it(run: Run, folder: Path) -> None:
    write(folder, POLICY, PASSING)
    file = folder / "coverage.json"
    result = run("test", folder, "--coverage-json", file, "--fail-under", "50")
    assert (result.exit_code, result.stdout) == (0, "1 passed\n")
    assert json.loads(file.read_text())["percent"] == 50.0
    result = run("test", folder, "--fail-under", "50.1")
    assert result.exit_code == 1
    assert result.stderr == "error: coverage is 50.0%, less than 50.1%\n"
    assert run("test", folder, "--fail-under", "101").exit_code == 2


def test_colours_only_where_they_are_wanted(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, POLICY, PASSING)
    shown: list[str] = []

    def echo(text: str, **_: object) -> None:
        shown.append(text)

    monkeypatch.setattr("click.echo", echo)
    monkeypatch.delenv("NO_COLOR", raising=False)
    run("test", folder)
    monkeypatch.setenv("NO_COLOR", "1")
    run("test", folder)
    assert shown == ["\x1b[32m1 passed\x1b[0m", "1 passed"]


# --- watching


def options(*paths: Path) -> command.Options:
    return command.Options(tuple(map(str, paths)), lambda _: True, None, False, None, None, False)


class Sleeper:
    """Takes the place of `time.sleep`: each call does the next thing, the last ends watching."""

    def __init__(self, *things: Callable[[], object]) -> None:
        self._things = list(things)
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self._things:
            raise KeyboardInterrupt
        self._things.pop(0)()


def test_watching_runs_again_after_a_change(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, POLICY, PASSING)
    sleep = Sleeper(
        lambda: None,
        lambda: write(folder, POLICY, PASSING, FAILING),
        lambda: write(folder, "nonsense"),
        lambda: write(folder, POLICY, PASSING),
    )
    assert command.watching(options(folder), sleep) == 0
    shown = capsys.readouterr()
    assert [line for line in shown.out.split("\n") if "passed" in line] == [
        "1 passed", "1 passed, 1 failed", "1 passed",
    ]  # fmt: skip
    assert shown.err.count("watching 1 file; Ctrl-C ends") == 4
    assert len(sleep.slept) == 5


def test_watching_sees_data_and_what_is_not_there_yet(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policies = folder / "policies"

    def create() -> None:
        policies.mkdir()
        write(policies, POLICY, PASSING)

    def add_data() -> None:
        (policies / "data").mkdir()
        (policies / "data" / "people.json").write_text("{}")

    def remove() -> None:
        (policies / "data" / "people.json").unlink()
        (policies / "demo.gate").unlink()
        (policies / "data").rmdir()
        policies.rmdir()

    sleep = Sleeper(create, lambda: write(policies, "{}", name="data.json"), add_data)
    assert command.watching(options(policies), sleep) == 0
    shown = capsys.readouterr()
    assert shown.out.count("1 passed") == 3
    assert "No such file" in shown.err
    assert "watching 3 files" in shown.err
    (policies / "data.json").unlink()
    assert command.watching(options(policies), Sleeper(remove)) == 2


def test_a_file_that_vanishes_while_it_is_looked_at(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = folder / "gone.gate"
    assert command.watching(options(missing), Sleeper()) == 2
    assert "watching 0 files" in capsys.readouterr().err


def test_the_watch_flag_watches(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, POLICY, FAILING)
    monkeypatch.setattr("time.sleep", Sleeper())
    result = run("test", folder, "--watch")
    assert result.exit_code == 1
    assert "watching 1 file; Ctrl-C ends" in result.stderr


def test_help_teaches_by_example(run: Run) -> None:
    result = run("test", "--help")
    assert result.exit_code == 0
    assert "\n    gatewright test policies/\n" in result.output
    assert "Exit codes:" in result.output
