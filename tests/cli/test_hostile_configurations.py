"""Whatever stands in `gatewright.toml`: the command says what is wrong and where, and ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.cli.test_run_commands import Shop

WEBHOOK = '\n[[notifiers]]\nuse = "webhook"\n'
LINES = '\n[[notifiers]]\nuse = "lines"\n'


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    for name, text in {
        "odd_syntax": "def (", "odd_exit": "import sys; sys.exit(3)", "odd_none": "def make(): pass",
        "odd_error": "def make(): raise RuntimeError('the password is 1234')",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return Shop(tmp_path)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (f"{WEBHOOK}url = 5", "are texts"),
        (f'{WEBHOOK}url = "https://a.example"\nname = 5', "are texts"),
        (f'{WEBHOOK}url = "https://a.example"\nsecret = 7', "are texts"),
        (f'{WEBHOOK}url = "https://a.example"\ntimeout_s = nan', "`timeout_s` of a webhook"),
        (f'{WEBHOOK}url = "https://a.example"\ntimeout_s = "x"', "`timeout_s` of a webhook"),
        (f"{LINES}target = 1", "the path of a file, or a stream"),
        (f'{LINES}target = ""', "the path of a file, or a stream"),
        (f'{LINES}target = "m.jsonl"\nname = 5', "a notifier's name"),
        ('\n[[notifiers]]\nuse = "os:getcwd"', "`os:getcwd` makes nothing that can `notify`"),
        ('\n[[notifiers]]\nuse = ":"', "nothing is called `:`"),
        ('\n[[notifiers]]\nuse = ".x:make"', "nothing is called `.x:make`"),
        ('\n[[connectors]]\nuse = "odd_syntax:make"', "cannot be imported: SyntaxError in it"),
        ('\n[[connectors]]\nuse = "odd_exit:make"', "cannot be imported: SystemExit in it"),
        ('\n[[connectors]]\nuse = "odd_none:make"', "makes nothing that can `execute`"),
        ('\n[[connectors]]\nuse = "odd_error:make"', "`odd_error:make` failed (RuntimeError)"),
        ('\n[[connectors]]\nuse = "a\\u0000b:make"', "has a NUL character"),
        ("\n[[connectors]]\nx = " + "[" * 5_000, "no TOML that can be read"),
        ("\n[[connectors]]\nx = " + "9" * 5_000, "no TOML that can be read"),
    ],
)
def test_what_is_added(shop: Shop, more: str, why: str) -> None:
    shop.config.write_text(shop.config.read_text() + more)
    ran = shop.run("queue")
    assert (ran.code, why in ran.err, "1234" in ran.err) == (
        (1, True, False) if "name = 5" in more and "lines" in more else (2, True, False)
    ), ran.err


@pytest.mark.parametrize("store", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:"])
def test_a_store_that_would_lose_what_was_proposed(shop: Shop, store: str) -> None:
    shop.config.write_text(shop.config.read_text().replace("sqlite:///gate.db", store))
    ran = shop.run("queue")
    assert (ran.code, "in memory is lost with each command" in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("key", ["policy", "store", "people"])
def test_names_with_a_nul_character(shop: Shop, key: str) -> None:
    text = shop.config.read_text()
    shop.config.write_text(
        "\n".join(
            f'{key} = "a\\u0000b"' if line.startswith(key) else line for line in text.splitlines()
        )
    )
    ran = shop.run("queue")
    assert (ran.code, "has a NUL character" in ran.err) == (2, True), ran.err


def test_an_option_that_postgresql_does_not_know(tmp_path: Path) -> None:
    """It is refused before anybody connects."""
    ran = run("db", "check", "--store", "postgresql://nobody@127.0.0.1:1/none?odd=1")
    assert (ran.code, "see to what stands behind its ?" in ran.err) == (2, True), ran.err


def test_a_mark_that_some_editors_put_first(shop: Shop) -> None:
    shop.config.write_text("\ufeff" + shop.config.read_text(), encoding="utf-8")
    assert shop.run("queue").code == 0


def test_a_worker_says_that_new_policies_have_errors(shop: Shop) -> None:
    policy = shop.folder / "policy.gate"
    good = "package a.b\naction a.go on a.it { x: int }\n"
    policy.write_text(good)
    lines = shop.config.read_text().splitlines()
    shop.config.write_text(
        "\n".join('policy = "policy.gate"' if one.startswith("policy") else one for one in lines)
    )
    command = [sys.executable, "-m", "gatewright", "work", "--config", str(shop.config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()  # that it works
        policy.write_text(good + "rule (\n")
        broken = process.stderr.readline()
        policy.write_text(good + "default block\n")
        mended = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
    assert "cannot be used as they are, those of before stay in force: " in broken
    assert "policy.gate:3:" in broken
    assert mended == "the policies in the files are in force\n"
