"""README.md says what is true: its files, commands, outputs and Python run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.cli import COMMANDS
from tests.cli.run import run
from tests.conftest import ROOT
from tests.readme_blocks import Block, blocks, indented_commands, session

PAGE = (ROOT / "README.md").read_text("utf-8")
BLOCKS = blocks(PAGE)


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files of the page, in which its blocks run."""
    monkeypatch.chdir(tmp_path)
    for block in BLOCKS:
        if block.file:
            (tmp_path / block.file).write_text(block.text, "utf-8")
    yield tmp_path


def of_language(language: str) -> list[Block]:
    found = [block for block in BLOCKS if block.language == language]
    assert found, f"the page has no {language} block"
    return found


def test_every_block_is_tested() -> None:
    assert {block.language for block in BLOCKS} <= {"gate", "json", "console", "python"}
    assert all(block.file for block in BLOCKS if block.language in ("gate", "json"))


@pytest.mark.usefixtures("folder")
def test_commands_write_what_the_page_shows() -> None:
    commands = [command for block in of_language("console") for command in session(block)]
    assert len(commands) >= 3
    for command in commands:
        assert command.words[0] == "gatewright"
        ran = run(*command.words[1:])
        assert (ran.code, ran.out + ran.err) == (0, command.output), command.words


@pytest.mark.usefixtures("folder")
def test_the_coverage_on_the_testing_page_is_that_of_the_policy_here() -> None:
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    (block,) = (b for b in blocks(page) if b.text.startswith("$ gatewright test"))
    (command,) = session(block)
    ran = run(*command.words[1:])
    assert (ran.code, ran.out + ran.err) == (0, command.output)


@pytest.mark.usefixtures("folder")
def test_every_python_block_runs() -> None:
    for number, block in enumerate(of_language("python"), start=1):
        code = compile(block.text, f"README.md, Python block {number}", "exec")
        exec(code, {"__name__": "readme"})  # noqa: S102 - our own page


def test_policies_are_in_canonical_layout(folder: Path) -> None:
    assert of_language("gate")
    ran = run("fmt", "--check", folder)
    assert ran.code == 0, ran.out


def test_the_commands_are_those_that_exist() -> None:
    rows = re.findall(r"^\| (`gatewright .*?) \|", PAGE, flags=re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`gatewright ([a-z-]+)", row)]
    assert sorted(listed) == sorted(COMMANDS)


def test_the_make_targets_exist() -> None:
    targets = re.findall(r"^    make ([a-z]+)", PAGE, flags=re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets == ["demo", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_folders_exist() -> None:
    rows = re.findall(r"^\| (`[a-z_]+/`.*?) \|", PAGE, flags=re.MULTILINE)
    folders = [name for row in rows for name in re.findall(r"`([a-z_]+)/`", row)]
    assert len(folders) == 8
    assert [name for name in folders if not (ROOT / name).is_dir()] == []


# --- the pages of the examples


@pytest.mark.parametrize("example", ["refunds", "crm", "support", "identity"])
def test_commands_of_an_example_run(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    commands = indented_commands((ROOT / "examples" / example / "README.md").read_text("utf-8"))
    assert {command.words[1] for command in commands} >= {"test", "explain"}
    for command in commands:
        ran = run(*command.words[1:])
        assert ran.code == 0, ran.err
