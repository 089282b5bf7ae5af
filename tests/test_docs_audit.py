"""docs/audit.md: its commands run, one after the other, in the shop of docs/runtime.md."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.conftest import ROOT
from tests.engine.runtime.audit.keys import key_pair
from tests.readme_blocks import blocks

PAGE = (ROOT / "docs" / "audit.md").read_text("utf-8")
SHOP = blocks((ROOT / "docs" / "runtime.md").read_text("utf-8"))
LINES = re.findall(r"^    ((?:gatewright|openssl) .*)$", PAGE, flags=re.MULTILINE)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the page on runs, with one refund done and in the trail."""
    monkeypatch.chdir(tmp_path)
    for block in SHOP:
        if block.file:
            (tmp_path / block.file).write_text(block.text, "utf-8")
    made = next(block.text for block in SHOP if block.language == "python")
    subprocess.run([sys.executable, "-c", made], cwd=tmp_path, check=True)
    small = (tmp_path / "refund.json").read_text("utf-8").replace("75.00 USD", "20.00 USD")
    assert run("propose", "--action", "-", stdin=small).code == 0
    assert run("work", "--drain").code == 0
    return tmp_path


def test_the_commands_run_one_after_the_other(shop: Path) -> None:
    assert len(LINES) >= 8
    listed = run("audit", "export").out.splitlines()
    ids = {"run_1c7e": next(json.loads(line)["leaf"]["run"] for line in listed)}
    for line in LINES:
        command, _, pipe = line.partition("|")
        command, _, file = command.partition(" > ")
        words = [ids.get(word, word) for word in shlex.split(command, comments=True)]
        if words[0] == "openssl":  # the key, and its public half
            sign_from_now_on(shop)
            continue
        ran = run(*words[1:])
        assert (ran.code, ran.err) == (0, ""), line
        if file:
            (shop / file.strip()).write_text(ran.out, "utf-8")
        if pipe:  # jq takes one field out of the JSON
            assert shlex.split(pipe, comments=True) == ["jq", "-jr", ".checkpoint", ">", "kept.txt"]
            (shop / "kept.txt").write_text(ran.data["checkpoint"], "utf-8")
    assert (shop / "kept.txt").exists()


def sign_from_now_on(shop: Path) -> None:
    private, public = key_pair(4)
    (shop / "trail.pem").write_bytes(private)
    (shop / "trail.pub.pem").write_bytes(public)
    setting = 'audit_key = "trail.pem"\n'
    assert setting.strip() in PAGE
    configuration = (shop / "gatewright.toml").read_text("utf-8").removeprefix(setting)
    (shop / "gatewright.toml").write_text(setting + configuration, "utf-8")
