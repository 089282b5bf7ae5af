"""`gatewright check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewright import __version__
from gatewright.cli.terminal import wants_color
from tests.cli.conftest import Run

GOOD = "package p\n\naction a.b { x: int }\n\nrule r on a.b when action.x > 1 => auto_run\n"
BAD = "package p\nlet x = \n"


@pytest.fixture(name="good")
def good_fixture(tmp_path: Path) -> Path:
    file = tmp_path / "good.gate"
    file.write_text(GOOD, "utf-8")
    return file


@pytest.fixture(name="bad")
def bad_fixture(tmp_path: Path) -> Path:
    file = tmp_path / "bad.gate"
    file.write_text(BAD, "utf-8")
    return file


def test_a_good_file(run: Run, good: Path) -> None:
    result = run("check", "--no-lint", good)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no errors\n")


def test_a_good_file_gets_advice(run: Run, good: Path) -> None:
    result = run("check", good)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "warning[GW1016]" in result.stderr
    assert result.stderr.endswith("1 warning\n")


def test_errors_are_shown_on_standard_error(run: Run, bad: Path) -> None:
    result = run("check", bad)
    assert (result.exit_code, result.stdout) == (1, "")
    head, quoted, marks, *rest = result.stderr.splitlines()
    assert head.startswith(f"{bad}:2:7: error[GW0101]: unexpected end of the file")
    assert (quoted, marks) == ("2 | let x =", "  |       ^")
    assert rest[-1] == "1 error"
    assert "\x1b" not in result.stderr


def test_a_folder_is_searched(run: Run, bad: Path, good: Path) -> None:
    assert bad.parent == good.parent
    result = run("check", bad.parent)
    assert result.exit_code == 1
    assert str(bad) in result.stderr


def test_json(run: Run, bad: Path, good: Path) -> None:
    result = run("check", "--format", "json", bad)
    assert (result.exit_code, result.stderr) == (1, "")
    assert [(d["code"], d["line"]) for d in json.loads(result.stdout)] == [("GW0101", 2)]
    result = run("check", good, "--format", "json", "--no-lint")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_sarif(run: Run, bad: Path) -> None:
    result = run("check", "--format", "sarif", bad)
    assert (result.exit_code, result.stderr) == (1, "")
    [found] = json.loads(result.stdout)["runs"]
    assert found["tool"]["driver"]["version"] == __version__
    assert [r["ruleId"] for r in found["results"]] == ["GW0101"]


def test_a_path_that_is_not_there_is_unreadable_input(run: Run, tmp_path: Path) -> None:
    result = run("check", tmp_path / "none\n.gate")
    assert (result.exit_code, result.stdout) == (2, "")
    name = f"{tmp_path}/none<U+000A>.gate"
    assert result.stderr == f"error: {name}: No such file or directory\n"


def test_bytes_that_are_no_text_are_an_error_with_a_place(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.gate"
    file.write_bytes(b"package p\n// caf\xe9\n")
    result = run("check", file)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{file}:2:7: error[GW0801]: byte 16 of the file is not UTF-8")


class _Stream:
    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "environment", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    is_terminal: bool,
    environment: dict[str, str],
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", _Stream(is_terminal))
    assert wants_color() is expected


@pytest.mark.parametrize(
    ("name", "text", "quoted", "help"),
    [
        ("data.yaml", "limit: 5\n", "limit: 5",
         "this is a document: data stands beside the policies as `data.yaml`, and is read with them"),
        ("limits.yml", "- 5\n", "- 5",
         "this is a document: data stands beside the policies as `data.yaml`, and is read with them"),
        ("gatewright.toml", 'store = "x"\n', 'store = "x"',
         "this is a configuration: the commands for runs take one with `--config`"),
        ("data.json", "{}\n", "{}",
         "this looks like JSON: an action is given with `--action`, and data stands beside the"
         " policies as `data.json`"),
    ],
)  # fmt: skip
def test_files_that_are_no_policies(
    run: Run, tmp_path: Path, name: str, text: str, quoted: str, help: str
) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    result = run("check", file)
    assert (result.exit_code, result.stdout) == (1, "")
    head, line, _, advice, *_ = result.stderr.splitlines()
    assert head == f"{file}:1:1: error[GW0109]: a policy file begins with its package"
    assert line == f"1 | {quoted}"
    assert advice == f"  = help: {help}"
