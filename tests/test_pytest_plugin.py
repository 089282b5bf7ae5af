"""The pytest plugin, in runs of pytest on projects of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Kept: an inner run unloads what it loads.
from gatewright.engine import load
from gatewright.engine.policy_tests import run

pytest_plugins = ["pytester"]

POLICY = """\
package demo
action a.x { n: int }
rule small on a.x when action.n < 5 => auto_run
"""
assert load  # see above
TESTS = """\
test "four runs" { given a.x { n: 4 } expect auto_run }
test "edges" {
  given a.x { }
  cases (n) {
    4 => auto_run
    5 => auto_run
  }
}
"""


def write(pytester: pytest.Pytester, name: str, *parts: str) -> Path:
    file = pytester.path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(parts), encoding="utf-8")
    return file


def test_tests_of_policies_run_with_nothing_added(pytester: pytest.Pytester) -> None:
    write(pytester, "policies/demo.gate", POLICY, TESTS)
    write(pytester, "test_python.py", "def test_it(): pass\n")
    result = pytester.runpytest("-v")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "policies/demo.gate::four runs PASSED*",
            "policies/demo.gate::edges (n: 4) PASSED*",
            "policies/demo.gate::edges (n: 5) FAILED*",
            "test_python.py::test_it PASSED*",
            'policies/demo.gate:9:10: test "edges (n: 5)"',
            "  expected  auto_run",
            "  decided   block",
            "  BLOCK: nobody may let this run",
            "FAILED policies/demo.gate::edges (n: 5) - expected auto_run, d*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_items_are_chosen_by_node_id_and_by_k(pytester: pytest.Pytester) -> None:
    write(pytester, "demo.gate", POLICY, TESTS)
    pytester.runpytest("demo.gate::edges (n: 4)").assert_outcomes(passed=1)
    pytester.runpytest("-k", "four").assert_outcomes(passed=1, deselected=2)
    pytester.runpytest("-k", "demo and edges").assert_outcomes(passed=1, failed=1, deselected=1)


def test_points_in_names_are_shown_as_in_node_ids(pytester: pytest.Pytester) -> None:
    write(pytester, "demo.gate", POLICY, 'test "1.5" { given a.x { n: 1 } expect auto_run }')
    pytester.runpytest("-v").stdout.fnmatch_lines(["demo.gate::1.5 PASSED*"])
    pytester.runpytest("demo.gate::1.5").assert_outcomes(passed=1)


def test_double_colons_do_not_break_node_ids(pytester: pytest.Pytester) -> None:
    write(pytester, "demo.gate", POLICY, 'test "a::b" { given a.x { n: 1 } expect auto_run }')
    pytester.runpytest("demo.gate::a:b").assert_outcomes(passed=1)


def test_files_without_tests_are_left_alone(pytester: pytest.Pytester) -> None:
    write(pytester, "demo.gate", POLICY)
    write(pytester, "other.gate", "this belongs to another tool")
    assert pytester.runpytest().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_folder_is_one_policy_set_with_what_is_below(pytester: pytest.Pytester) -> None:
    write(pytester, "policies/demo.gate", POLICY)
    write(pytester, "policies/data.json", '{"limit": 3}')
    body = 'test "t" { given a.x { n: 1 } expect auto_run }\n'
    write(pytester, "policies/more/tests.gate", "package demo\n", body)
    pytester.runpytest().assert_outcomes(passed=1)
    pytester.runpytest("policies/more").assert_outcomes(passed=1)


def test_folders_beside_one_another_are_sets_of_their_own(pytester: pytest.Pytester) -> None:
    for name in ("one", "two"):
        write(pytester, f"{name}/demo.gate", POLICY, TESTS.split('test "edges"')[0])
    pytester.runpytest().assert_outcomes(passed=2)


def test_listed_paths_are_one_set_each(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ngatewright_paths = policies policies/apart\n")
    body = 'test "t" { given a.x { n: 1 } expect auto_run }\n'
    write(pytester, "policies/one/demo.gate", POLICY)
    write(pytester, "policies/two/tests.gate", "package demo\n", body)
    result = pytester.runpytest("policies/two")
    result.assert_outcomes(passed=1)
    write(pytester, "policies/apart/tests.gate", "package demo\n", body)
    result = pytester.runpytest("policies/apart")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["policies/apart/tests.gate:2:18: error*`a.x`*"])


def test_a_comment_before_its_name_hides_no_test(pytester: pytest.Pytester) -> None:
    body = 'test // at the edge\n  "t" { given a.x { n: 1 } expect auto_run }\n'
    write(pytester, "demo.gate", POLICY, body)
    pytester.runpytest().assert_outcomes(passed=1)


def test_a_folder_with_files_in_capitals_is_of_the_set_too(pytester: pytest.Pytester) -> None:
    write(pytester, "policies/GUARDS.GATE", "package other\nguard g on * => block\n")
    body = 'test "t" { given a.x { n: 1 } expect block }\n'
    write(pytester, "policies/more/demo.gate", POLICY, body)
    pytester.makeini("[pytest]\n")
    pytester.runpytest("policies/more").assert_outcomes(passed=1)


def test_tests_that_no_set_has_are_not_passed_over(pytester: pytest.Pytester) -> None:
    body = 'test "t" { given a.x { n: 1 } expect auto_run }\n'
    write(pytester, "policies/demo.gate", POLICY)
    write(pytester, "elsewhere/tests.gate", "package demo\n", body)
    os.symlink(pytester.path / "elsewhere", pytester.path / "policies" / "linked")
    result = pytester.runpytest("policies")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*linked/tests.gate is no part of the policies in *policies"])


def test_files_that_begin_with_a_dot_are_left_alone(pytester: pytest.Pytester) -> None:
    write(pytester, "policies/demo.gate", POLICY, TESTS.split('test "edges"')[0])
    write(pytester, "policies/.demo.gate", POLICY, TESTS)
    pytester.runpytest().assert_outcomes(passed=1)


BROKEN = (POLICY.replace("< 5", "< nothing"), "let unused = 1\n", TESTS)
FINE = ("package demo\n", 'test "f" { given a.x { n: 1 } expect block }\n')


def test_errors_of_policies_are_one_failed_item_with_carets(pytester: pytest.Pytester) -> None:
    write(pytester, "demo.gate", *BROKEN)
    write(pytester, "fine.gate", *FINE)
    result = pytester.runpytest("-v")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "demo.gate::policies without errors FAILED*",
            "demo.gate:3:35: error*nothing*",
            "*^^^*",
            "FAILED demo.gate::policies without errors*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize("broken", ["action a.x {\n", "let x = nothing\n"], ids=["syntax", "name"])
def test_a_broken_set_leaves_all_others_alone(pytester: pytest.Pytester, broken: str) -> None:
    write(pytester, "one/demo.gate", POLICY, TESTS)
    write(pytester, "two/demo.gate", "package demo\n", broken, TESTS)
    write(pytester, "test_python.py", "def test_it(): pass\n")
    result = pytester.runpytest("-v")
    result.assert_outcomes(passed=3, failed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["two/demo.gate::policies without errors FAILED*"])


@pytest.mark.parametrize("chosen", [["demo.gate::edges (n: 4)"], ["-k", "edges"], ["-m", "slow"]],
                         ids=["node", "k", "m"])  # fmt: skip
def test_errors_are_told_where_single_tests_are_asked_for(
    pytester: pytest.Pytester, chosen: list[str]
) -> None:
    write(pytester, "demo.gate", *BROKEN)
    result = pytester.runpytest(*chosen)
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*ERROR collecting demo.gate*", "demo.gate:3:35: error*nothing*"])


def test_what_cannot_be_read_is_told(pytester: pytest.Pytester) -> None:
    write(pytester, "demo.gate", POLICY, TESTS)
    (pytester.path / "broken.gate").symlink_to("nowhere")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*broken.gate: is no file, nor a link to one*"])


@pytest.mark.parametrize(
    ("ini", "arguments", "collected"),
    [
        ("", [], True),
        ("", ["--no-gatewright"], False),
        ("", ["--no-gatewright", "demo.gate"], False),
        ("gatewright = false", [], False),
        ("gatewright = false", ["demo.gate"], True),
        ("gatewright = false", ["--gatewright"], True),
        ("gatewright = false", ["--no-gatewright", "demo.gate"], False),
        ("gatewright = true", [], True),
    ],
)
def test_it_can_be_turned_off(
    pytester: pytest.Pytester, ini: str, arguments: list[str], collected: bool
) -> None:
    pytester.makeini(f"[pytest]\n{ini}\n")
    write(pytester, "demo.gate", POLICY, TESTS)
    result = pytester.runpytest(*arguments)
    assert ("passed" in result.parseoutcomes()) is collected


def test_a_file_that_does_not_open_is_told_when_it_is_loaded(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester, "demo.gate", POLICY, TESTS)
    opened = Path.open

    def refuse(path: Path, mode: str = "r", **more: object) -> object:
        if path.suffix == ".gate":
            raise PermissionError(13, "Permission denied")
        return opened(path, mode)

    monkeypatch.setattr(Path, "open", refuse)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*demo.gate: Permission denied*"])


def test_a_defect_of_the_engine_keeps_its_traceback(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester, "demo.gate", POLICY, TESTS)

    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(run, "run_case", fail)
    result = pytester.runpytest()
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*RuntimeError: a defect"])


def test_junit_and_durations_work(pytester: pytest.Pytester) -> None:
    write(pytester, "demo.gate", POLICY, TESTS)
    pytester.runpytest("--junitxml=report.xml", "--durations=3")
    text = (pytester.path / "report.xml").read_text()
    assert 'message="expected auto_run, decided block"' in text
    assert "BLOCK: nobody may let this run" in text


def test_other_peoples_runs_load_nothing_heavy(tmp_path: Path) -> None:
    """Checked in a process of its own, since this one has loaded everything."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    heavy = [m for m in sys.modules if m.startswith(('gatewright.', 'lark', 'click',"
        " 'yaml', 're2', 'pydantic'))]\n"
        "    assert heavy == ['gatewright.pytest_plugin'], heavy\n"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:hypothesispytest",
         "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True, text=True, env=clean, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
