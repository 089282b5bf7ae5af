"""docs/bundles.md: its commands and its Python run on the policy of the README."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gatewright as gw
from tests.cli.run import run
from tests.conftest import ROOT
from tests.engine.runtime.audit.keys import key_pair
from tests.readme_blocks import blocks, session

BLOCKS = blocks((ROOT / "docs" / "bundles.md").read_text("utf-8"))
README = {b.file: b.text for b in blocks((ROOT / "README.md").read_text("utf-8")) if b.file}


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "refunds.gate").write_text(README["refunds.gate"], "utf-8")
    (tmp_path / "refund.json").write_text(README["refund.json"], "utf-8")
    # What the two commands of openssl make.
    for path, content in zip(("release.pem", "release.pub.pem"), key_pair(3), strict=True):
        (tmp_path / path).write_bytes(content)

    (commands,) = (session(block) for block in BLOCKS if block.language == "console")
    ours = [command.words for command in commands if command.words[0] == "gatewright"]
    assert [words[1] for words in ours] == ["build", "verify", "explain"]
    for words in ours:
        ran = run(*words[1:])
        assert (ran.code, ran.err) == (0, ""), words

    action = json.loads(README["refund.json"])
    (load, watch) = (block.text for block in BLOCKS if block.language == "python")
    known: dict[str, object] = {"gw": gw, "action": action}
    exec(load, known)  # noqa: S102 - our own page
    exec(watch, known)  # noqa: S102
    policy, decision = known["policy"], known["decision"]
    assert isinstance(policy, gw.PolicySet)
    assert isinstance(decision, gw.Decision)
    assert decision.routes == policy.evaluate(action).routes == ("manager",)
