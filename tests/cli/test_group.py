"""The group of commands: what it lists, what it imports, what it says of a wrong command."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import click
import pytest

from gatewright import __version__
from gatewright.cli import COMMANDS, main
from tests.cli.conftest import Run


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_every_command_and_its_examples(run: Run, flag: str) -> None:
    result = run(flag)
    assert result.exit_code == 0
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in result.output
        assert line in " ".join(result.output.split())
    assert "gatewright check policies/" in result.output
    assert "_GATEWRIGHT_COMPLETE" in result.output


@pytest.mark.parametrize("name", ["check", "fmt"])
def test_help_of_a_command_teaches_by_example(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"\n    gatewright {name} policies/\n" in result.output
    assert "Exit codes:" in result.output


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_told(run: Run, flag: str) -> None:
    assert run(flag).output == f"gatewright, version {__version__}\n"


def test_an_unknown_command_is_wrong_usage_with_a_hint(run: Run) -> None:
    result = run("chek")
    assert result.exit_code == 2
    assert "there is no command `chek`; did you mean `check`?" in result.stderr
    result = run("validate", "policies/")
    assert "there is no command `validate`; did you mean `check`?" in result.stderr
    result = run("zzzzzz")
    assert result.exit_code == 2
    assert "there is no command `zzzzzz`\n" in result.stderr


def test_an_unknown_option_is_wrong_usage(run: Run) -> None:
    assert run("--verbose").exit_code == 2
    assert run("check").exit_code == 2
    assert run("check", "--format", "xml", "a").exit_code == 2


def test_commands_are_found_by_name_alone() -> None:
    context = click.Context(main)
    assert main.get_command(context, "nothing") is None
    command = main.get_command(context, "fmt")
    assert command is not None
    assert command is import_module("gatewright.cli.fmt").command


def test_help_waits_for_no_parser() -> None:
    """Checked in a process of its own, since the tests have imported everything."""
    code = (
        "import sys\n"
        "from gatewright.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'lark', 'pydantic', 'celpy', 'sqlalchemy', 'yaml', 're2'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_shells_can_ask_for_completions() -> None:
    environment = {
        **os.environ,
        "_GATEWRIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": "gatewright fm",
        "COMP_CWORD": "1",
    }
    code = "from gatewright.cli import main; main(prog_name='gatewright')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout == "plain,fmt\n", done.stderr
