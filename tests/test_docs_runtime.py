"""docs/runtime.md runs as it stands there, but for ids, digests and instants."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.conftest import ROOT
from tests.readme_blocks import blocks, session

BLOCKS = blocks((ROOT / "docs" / "runtime.md").read_text("utf-8"))
DRAWN = re.compile(
    r"\brun_[0-9a-f]{8,32}|sha256:[0-9a-f]{64}|\d{4}-\d\d-\d\dT[\d:]+Z|(?<=by )\S+:\d+(?=, applied)"
)


def masked(text: str) -> str:
    return DRAWN.sub(
        lambda found: (
            found[0][: found[0].find("_") + 1 or found[0].find(":") + 1] + "..."
            if found[0].startswith(("run_", "sha256:"))
            else "..."
        ),
        text,
    )


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWRIGHT_AS", raising=False)
    seen: dict[str, str] = {}
    printed = ""
    for block in BLOCKS:
        if block.file:
            (tmp_path / block.file).write_text(block.text, "utf-8")
        elif block.language == "python":
            printed = python(block.text, tmp_path)
        elif block.language == "text":
            assert printed == block.text
        else:
            assert block.language == "console"
            for command in session(block):
                words = [seen.get(word, word) for word in command.words[1:]]
                ran = run(*words)
                assert (ran.code, ran.err) == (0, ""), command.words
                assert masked(ran.out) == command.output
                for name, pattern in (("$RUN", r"run_\w{32}"), ("$CARD", r"sha256:\w{64}")):
                    if found := re.search(pattern, ran.out):
                        seen.setdefault(name, found[0])
    assert seen.keys() == {"$RUN", "$CARD"}


def python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_policies_are_in_canonical_layout(tmp_path: Path) -> None:
    for block in BLOCKS:
        if block.language == "gate":
            (tmp_path / block.file).write_text(block.text, "utf-8")
    assert run("fmt", "--check", tmp_path).code == 0
    assert run("test", tmp_path).code == 0
