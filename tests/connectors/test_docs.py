"""The examples of docs/connectors.md run, and print what the page says; nothing is left out of its tables."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from gatewright.cli import answer
from gatewright.connectors.systems.sandbox import FaultKind
from gatewright.connectors.systems.sandbox.world import SYSTEMS
from tests.cli.run import run
from tests.conftest import ROOT
from tests.readme_blocks import blocks, indented_commands

PAGE = (ROOT / "docs" / "connectors.md").read_text("utf-8")
EXAMPLES = [
    (code.text, output.text)
    for code, output in pairwise(blocks(PAGE))
    if code.language == "python" and output.language == "text"
]


def test_every_example_shows_what_it_prints() -> None:
    assert len(EXAMPLES) == sum(block.language == "python" for block in blocks(PAGE)) >= 3


@pytest.mark.parametrize(("code", "output"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_example_prints_what_the_page_says(tmp_path: Path, code: str, output: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stderr == ""
    assert done.stdout == output


def test_the_page_names_every_fault_and_whatever_a_system_has() -> None:
    for kind in FaultKind:
        assert f"| `{kind}` |" in PAGE
    for system in SYSTEMS.values():
        (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{system.name}` |"))
        for name in (*system.objects, *(action for _, action in system.operations)):
            assert f"`{name}`" in row


def test_the_first_try_on_the_command_line_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(answer, "at_terminal", lambda: True)
    for block in blocks(PAGE):
        if block.file:
            (tmp_path / block.file).write_text(block.text, "utf-8")
    (policy,) = re.findall(r'load_source\("""\n(.*?)"""\)', PAGE, flags=re.DOTALL)
    (tmp_path / "refunds.gate").write_text(policy, "utf-8")

    runs: list[str] = []
    for command in indented_commands(PAGE):
        words = [runs[-1] if word == "RUN" else word for word in command.words[1:]]
        ran = run(*words, stdin="y\n")
        assert (ran.code, ran.err) == (0, ""), command.words
        if words[0] in ("propose", "queue"):
            runs += re.findall(r"run_\w{32}", ran.out)[:1]
    first, back = dict.fromkeys(runs)
    states = {id_: run("show", id_).out.split()[2] for id_ in (first, back)}
    assert states == {first: "compensated", back: "done"}
