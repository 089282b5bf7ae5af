"""`gatewright dead-letters`: messages that were given up are seen, told after all, or let go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.notifying import Undeliverable
from tests.cli.run import Ran, run
from tests.cli.test_run_commands import Shop, refund, refused

NOTIFIERS = """
[[notifiers]]
use = "tests.cli.test_dead_letters_command:picky"
name = "one"

[[notifiers]]
use = "tests.cli.test_dead_letters_command:picky"
name = "two"
"""
taken: list[tuple[str, str]] = []
is_open = False


class Picky:
    """Takes nothing until it is open."""

    def __init__(self, name: str) -> None:
        self.name = name

    def notify(self, event: Mapping[str, Json]) -> None:
        if not is_open:
            raise Undeliverable("the door\x1b[2K is shut")
        taken.append((self.name, str(event["type"])))


def picky(name: str) -> Picky:
    return Picky(name)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr("tests.cli.test_dead_letters_command.is_open", False)
    taken.clear()
    found = Shop(tmp_path)
    found.config.write_text(found.config.read_text() + NOTIFIERS)
    found.propose(refund())
    assert found.run("work", "--drain").code == 0
    return found


def dead(shop: Shop, command: str, *arguments: object) -> Ran:
    return run("dead-letters", command, "--config", shop.config, *arguments)


def listed(shop: Shop) -> list[tuple[str, str]]:
    """Return ids with notifiers."""
    found = json.loads(dead(shop, "list", "--format", "json").out)
    return [(one["id"], one["notifier"]) for one in found]


def test_what_was_given_up_is_listed(shop: Shop) -> None:
    assert [name for _, name in listed(shop)] == ["one", "two", "one", "two"]
    lines = dead(shop, "list", "--most", "1").out.splitlines()
    assert lines[0].split()[1:3] == ["one", "run.pending"]
    assert "given up" in lines[1]
    assert "after 1 attempts: the door<U+001B>[2K is shut" in lines[1]


def test_a_message_is_told_after_all(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = dict(listed(shop))
    retried = dead(shop, "retry", first, "--as", "ann", "--notifier", "two")
    assert (retried.code, retried.out) == (0, f"{first}  two  is tried anew\n")
    monkeypatch.setattr("tests.cli.test_dead_letters_command.is_open", True)
    shop.run("work", "--drain")
    assert taken == [("two", "gatewright.run.pending")]
    assert dead(shop, "retry", second, "--as", "ann").code == 0
    shop.run("work", "--drain")
    assert sorted(taken[1:]) == [
        ("one", "gatewright.route.asked"), ("two", "gatewright.route.asked"),
    ]  # fmt: skip
    assert listed(shop) == [(first, "one")]
    kinds = [one["kind"] for one in shop.told("show", run_of(shop))["trail"]]
    assert kinds.count("message.revived") == 3


def run_of(shop: Shop) -> str:
    id_: str = json.loads(dead(shop, "list", "--format", "json").out)[0]["run"]
    return id_


def test_messages_are_let_go(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, _), *_ = listed(shop)
    id_ = run_of(shop)
    assert dead(shop, "drop", first, "--as", "ann", "--notifier", "one").code == 0
    assert (first, "one") not in listed(shop)
    assert len(listed(shop)) == 3
    refused(dead(shop, "drop", first, "--as", "ann", "--notifier", "one"), "not_dead")
    assert len(dead(shop, "drop", "--all", "--as", "ann").out.splitlines()) == 3
    assert dead(shop, "list").err == "no message was given up\n"
    monkeypatch.setattr("tests.cli.test_dead_letters_command.is_open", True)
    shop.run("work", "--drain")
    assert taken == []
    dropped = [one for one in shop.told("show", id_)["trail"] if one["kind"] == "message.dropped"]
    assert [one["actor"]["id"] for one in dropped] == ["ann"] * 4
    assert run("audit", "verify", "--config", shop.config).code == 0


def test_what_was_not_given_up_is_refused(shop: Shop) -> None:
    refused(dead(shop, "retry", "nothing", "--as", "ann"), "not_dead")
    refused(dead(shop, "drop", "--all", "--as", "eve"), "unknown_person")
    assert len(listed(shop)) == 4
    for wrong in ((), ("x", "--all")):
        assert dead(shop, "drop", *wrong, "--as", "ann").code == 2
