"""`gatewright fmt`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gatewright.cli import fmt
from gatewright.dsl.formatter import FormatDefect
from tests.cli.conftest import Run

UGLY = "package p\nlet  x=50USD // why\n"
NEAT = "package p\n\nlet x = 50 USD  // why\n"


@pytest.fixture(name="ugly")
def ugly_fixture(tmp_path: Path) -> Path:
    file = tmp_path / "ugly.gate"
    file.write_text(UGLY, "utf-8")
    return file


def test_a_file_is_rewritten_and_named(run: Run, ugly: Path) -> None:
    result = run("fmt", ugly)
    assert result.exit_code == 0
    assert result.stdout == f"formatted {ugly}\n"
    assert result.stderr == "1 file changed, 0 files already in form\n"
    assert ugly.read_text("utf-8") == NEAT
    assert os.listdir(ugly.parent) == ["ugly.gate"]


def test_a_file_in_form_is_not_touched(run: Run, ugly: Path) -> None:
    ugly.write_text(NEAT, "utf-8")
    before = ugly.stat()
    result = run("fmt", ugly)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "0 files changed, 1 file already in form\n"
    assert ugly.stat().st_ino == before.st_ino
    assert ugly.stat().st_mtime_ns == before.st_mtime_ns


def test_check_changes_nothing_and_fails(run: Run, ugly: Path) -> None:
    result = run("fmt", "--check", ugly)
    assert result.exit_code == 1
    assert result.stdout == f"would format {ugly}\n"
    assert result.stderr == "1 file would change, 0 files already in form\n"
    assert ugly.read_text("utf-8") == UGLY
    ugly.write_text(NEAT, "utf-8")
    assert run("fmt", "--check", ugly).exit_code == 0


def test_diff_changes_nothing_and_shows_what_would(run: Run, ugly: Path) -> None:
    result = run("fmt", "--diff", ugly)
    assert result.exit_code == 0
    assert result.stdout == (
        f"--- {ugly}\n+++ {ugly} (formatted)\n@@ -1,2 +1,3 @@\n"
        " package p\n-let  x=50USD // why\n+\n+let x = 50 USD  // why\n"
    )
    assert ugly.read_text("utf-8") == UGLY
    assert run("fmt", "--diff", "--check", ugly).exit_code == 1


def test_a_folder_is_searched_and_every_file_reported_alone(run: Run, ugly: Path) -> None:
    (ugly.parent / "deep").mkdir()
    neat, bad = ugly.parent / "deep" / "neat.gate", ugly.parent / "bad.gate"
    neat.write_text(NEAT, "utf-8")
    bad.write_text("package p\nlet x =\n", "utf-8")
    result = run("fmt", ugly.parent)
    assert result.exit_code == 1
    assert result.stdout == f"formatted {ugly}\n"
    assert f"{bad}:2:7: error[GW0101]" in result.stderr
    assert result.stderr.endswith("1 error\n1 file changed, 1 file already in form\n")
    assert bad.read_text("utf-8") == "package p\nlet x =\n"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + NEAT.encode(), NEAT.replace("\n", "\r\n")])
def test_byte_order_marks_and_line_ends_are_layout(
    run: Run, ugly: Path, content: bytes | str
) -> None:
    ugly.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert run("fmt", ugly).exit_code == 0
    assert ugly.read_bytes() == NEAT.encode()


def test_bytes_that_are_no_text_are_an_error(run: Run, ugly: Path) -> None:
    ugly.write_bytes(b"package p // \xff")
    result = run("fmt", ugly)
    assert result.exit_code == 2
    assert "byte 13 of the file is not UTF-8" in result.stderr
    assert ugly.read_bytes() == b"package p // \xff"


def test_a_folder_without_policies_is_an_error_as_for_check(run: Run, tmp_path: Path) -> None:
    result = run("fmt", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{tmp_path}:1:1: error[GW0804]: there is no `.gate` file here")
    assert run("check", tmp_path).stderr in result.stderr


def test_a_file_too_large_is_an_error(run: Run, ugly: Path) -> None:
    ugly.write_bytes(b"package p\n" + b"// more\n" * 200_000)
    result = run("fmt", ugly)
    assert result.exit_code == 1
    assert "error[GW0701]" in result.stderr


def test_standard_input_goes_to_standard_output(run: Run) -> None:
    result = run("fmt", "-", stdin=UGLY.encode())
    assert (result.exit_code, result.stdout) == (0, NEAT)


def test_standard_input_can_be_checked_and_compared(run: Run) -> None:
    result = run("fmt", "-", "--check", stdin=UGLY.encode())
    assert (result.exit_code, result.stdout) == (1, "")
    result = run("fmt", "-", "--diff", stdin=b"package p")
    assert result.stdout == (
        "--- <stdin>\n+++ <stdin> (formatted)\n@@ -1 +1 @@\n-package p\n+package p\n"
    )


def test_standard_input_with_errors_gives_no_output(run: Run) -> None:
    result = run("fmt", "-", stdin=b"package p let")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "<stdin>:1:" in result.stderr


def test_files_beside_standard_input_are_reported_apart(run: Run, ugly: Path) -> None:
    result = run("fmt", "-", ugly, stdin=UGLY.encode())
    assert (result.exit_code, result.stdout) == (0, NEAT)
    assert f"formatted {ugly}\n" in result.stderr


def test_mode_and_link_stay(run: Run, ugly: Path) -> None:
    ugly.chmod(0o640)
    link = ugly.parent / "link.gate"
    link.symlink_to(ugly)
    assert run("fmt", link).exit_code == 0
    assert link.is_symlink()
    assert ugly.read_text("utf-8") == NEAT
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640


def test_a_path_that_is_not_there_is_unreadable_input(run: Run, tmp_path: Path) -> None:
    result = run("fmt", tmp_path / "none.gate")
    assert result.exit_code == 2
    assert result.stderr == f"error: {tmp_path}/none.gate: No such file or directory\n"


def test_a_folder_that_cannot_be_listed_is_unreadable_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "scandir", refuse)
    result = run("fmt", tmp_path)
    assert result.exit_code == 2
    assert result.stderr == f"error: {tmp_path}: Permission denied\n"


def test_a_file_that_cannot_be_written_stays_whole(
    run: Run, ugly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    result = run("fmt", ugly)
    assert result.exit_code == 2
    assert result.stderr == f"error: {ugly}: cannot be written: No space left on device\n"
    assert ugly.read_text("utf-8") == UGLY
    assert os.listdir(ugly.parent) == ["ugly.gate"]


def test_a_folder_that_cannot_be_written_is_said(
    run: Run, ugly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    result = run("fmt", ugly)
    assert result.exit_code == 2
    assert result.stderr == f"error: {ugly}: cannot be written: Permission denied\n"


def test_a_defect_of_the_formatter_changes_no_file(
    run: Run, ugly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: object) -> str:
        raise FormatDefect("formatting ugly.gate would change what it says")

    monkeypatch.setattr(fmt, "format_source", fail)
    result = run("fmt", ugly)
    assert result.exit_code == 1
    assert "error: formatting ugly.gate would change what it says" in result.stderr
    assert ugly.read_text("utf-8") == UGLY
