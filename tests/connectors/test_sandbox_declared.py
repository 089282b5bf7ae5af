"""A sandbox in a configuration, tried by commands alone: each opens the world again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatewright.connectors.systems.sandbox import Sandbox
from gatewright.connectors.systems.sandbox.declared import sandbox
from gatewright.engine.runtime.ports import Capabilities, Concurrency, Idempotency
from tests.cli.run import REFUNDS, refund, run
from tests.conftest import ROOT
from tests.readme_blocks import blocks

PEOPLE = """
people: {ann: {}, fay: {}}
groups: {support-managers: [ann], finance: [fay]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of the page, with the policy of the refunds example."""
    page = (ROOT / "docs" / "connectors.md").read_text("utf-8")
    (declared,) = (b.text for b in blocks(page) if b.language == "toml" and not b.file)
    path = tmp_path / "gatewright.toml"
    path.write_text(
        f'policy = {json.dumps(REFUNDS)}\nstore = "sqlite:///gate.db"\npeople = "people.yaml"\n\n'
        + declared
    )
    (tmp_path / "people.yaml").write_text(PEOPLE)
    return path


def told(config: Path, command: str, *arguments: str, stdin: str | None = None) -> dict[str, Any]:
    ran = run(command, "--config", config, *arguments, "--format", "json", stdin=stdin)
    assert ran.code == 0, ran.err
    return ran.data


def propose(config: Path, **changed: object) -> dict[str, Any]:
    return told(config, "propose", "--action", "-", stdin=json.dumps(refund(**changed)))


def test_the_configuration_of_the_page(config: Path) -> None:
    """Every call fails after its write, and the probe finds out."""
    waits = propose(config, params={"customer": "C-1", "amount": "75.00 USD"})
    assert waits["state"] == "pending"
    told(config, "approve", waits["run"], "--as", "ann", "--card", waits["card"])
    second = propose(
        config, params={"customer": "C-3", "amount": "5.00 USD"}, target={"id": "ch_3"}
    )
    blocked = propose(
        config, params={"customer": "C-2", "amount": "5.00 USD"}, target={"id": "ch_2"}
    )
    assert (second["state"], blocked["state"]) == ("auto", "blocked")
    assert run("work", "--config", config, "--drain").code == 0
    for one in (waits, second):
        assert told(config, "show", one["run"])["state"] == "done"
    world = Sandbox(config.parent / "world.db")
    assert [effect.target.id for effect in world.effects()] == ["ch_1", "ch_3"]


def test_what_is_declared_is_what_is_made(tmp_path: Path) -> None:
    connectors = sandbox(
        database=f"sqlite:///{tmp_path / 'world.db'}",
        names={"crm": "salesforce"},
        capabilities={
            "crm": {"concurrency": "none", "idempotency": "native", "key_window_s": 60},
        },
    )  # fmt: skip
    assert [one.system for one in connectors] == ["salesforce", "tickets", "billing", "identity"]
    assert connectors[0].capabilities == Capabilities(Concurrency.NONE, Idempotency.NATIVE, 60)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("sqlite:///world.db", "world.db", "`database` must be a file"),
        ("sqlite:///world.db", "sqlite://", "`database` must be a file"),
        ("seed = 7", 'seed = "7"', "`seed`"),
        ("seed = 7", "sed = 7", "`sed`"),
        ("billing = ", "biling = ", "did you mean `billing`"),
        ('status = "disputed"', 'status = "bad"', "`status` must be one of paid"),
        ('"weak"', '"wek"', "`capabilities.billing.concurrency`"),
        ("can_probe = true", "", "needs `can_probe`"),
        ('"fails_after_write"', '"fails"', "no kind `fails`"),
        ('times = "all"', 'times = "never"', "`times`"),
        ('system = "billing"', 'system = "stripe"', "no system `stripe`"),
    ],
)
def test_a_declaration_that_is_wrong(config: Path, old: str, new: str, why: str) -> None:
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))
    ran = run("queue", "--config", config)
    assert (ran.code, why in ran.err) == (2, True), ran.err
