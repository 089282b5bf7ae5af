"""`gatewright dead-letters`: what a notifier did not take is listed, told after all, or dropped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewright.engine.runtime.notifying import Undeliverable
from tests.cli.run import Ran, run
from tests.cli.test_run_commands import Shop, refund, refused
from tests.engine.runtime.inbox import Inbox, raising

inboxes: dict[str, Inbox] = {}
"""What the configuration names: each test has its own."""


def inbox(name: str) -> Inbox:
    return inboxes.setdefault(name, Inbox(name))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    inboxes.clear()
    shop = Shop(tmp_path)
    named = "".join(
        f'\n[[notifiers]]\nuse = "{__name__}:inbox"\nname = "{name}"\n' for name in ("hook", "file")
    )
    shop.config.write_text(shop.config.read_text() + named)
    return shop


def dead(shop: Shop, times: int = 1, *names: str) -> str:
    """Have the first messages of a run given up, and return its id."""
    for name in names or ("hook",):
        inbox(name).before = raising(Undeliverable("the address\x1b[2K is unknown"), times)
    id_: str = shop.propose(refund())["run"]
    assert shop.run("work", "--drain").code == 0
    return id_


def letters(shop: Shop, *arguments: str) -> list[dict[str, object]]:
    ran = command(shop, "list", "--json", *arguments)
    assert ran.code == 0, ran.err
    found: list[dict[str, object]] = json.loads(ran.out)
    return found


def command(shop: Shop, name: str, *arguments: object) -> Ran:
    return run("dead-letters", name, "--config", shop.config, *arguments)


def test_none_is_listed_where_all_were_told(shop: Shop) -> None:
    shop.propose(refund())
    assert shop.run("work", "--drain").code == 0
    assert command(shop, "list") == Ran(0, "", "no message was given up\n")
    assert letters(shop) == []
    ran = command(shop, "redeliver", "--all", "--as", "ann")
    assert ran == Ran(0, "", "no message was given up\n")


def test_what_was_given_up_is_listed(shop: Shop) -> None:
    id_ = dead(shop)
    (letter,) = letters(shop)
    assert {**letter, "message": "", "at": "", "given_up_at": ""} == {
        "message": "", "type": "run.pending", "run": id_, "notifier": "hook", "attempts": 1,
        "at": "", "given_up_at": "", "error": "the address\x1b[2K is unknown",
    }  # fmt: skip
    text = command(shop, "list").out.splitlines()
    assert text[0].startswith(f"{letter['message']}  ")
    assert text[0].endswith(f"run.pending of {id_} to hook")
    assert text[1].startswith("    given up after 1 attempt, ")
    assert text[1].endswith(r": the address\x1b[2K is unknown")
    assert letters(shop, "--notifier", "file") == []
    dead(shop, 2)
    assert len(letters(shop)) == 3
    assert letters(shop, "--most", "1") == [letter]


def test_one_is_told_after_all(shop: Shop) -> None:
    id_ = dead(shop)
    (letter,) = letters(shop)
    ran = command(shop, "redeliver", letter["message"], "--as", "ann")
    assert (ran.code, ran.out) == (
        0,
        f"{letter['message']}  will be told: run.pending to hook\n",
    )
    assert letters(shop) == []
    assert shop.run("work", "--drain").code == 0
    assert inbox("hook").types(id_) == ["route.asked", "run.pending"]
    assert shop.told("show", id_)["trail"][-1]["actor"] == {"kind": "person", "id": "ann"}


def test_a_message_is_told_to_all_that_did_not_take_it_or_to_one(shop: Shop) -> None:
    dead(shop, 1, "hook", "file")
    message = letters(shop)[0]["message"]
    ran = command(shop, "redeliver", message, "--notifier", "file", "--as", "ann", "--json")
    assert [one["notifier"] for one in json.loads(ran.out)] == ["file"]
    assert [one["notifier"] for one in letters(shop)] == ["hook"]
    assert shop.run("work", "--drain").code == 0
    second = dead(shop, 1, "hook", "file")
    (*_, letter) = letters(shop)
    ran = command(shop, "redeliver", letter["message"], "--as", "ann")
    assert (ran.code, len(ran.out.splitlines())) == (0, 2)
    assert [one["message"] for one in letters(shop)] == [message]
    assert shop.run("work", "--drain").code == 0
    assert inbox("hook").types(second) == inbox("file").types(second)


def test_all_of_one_notifier_are_told_or_dropped(shop: Shop) -> None:
    id_ = dead(shop, 2, "hook", "file")
    assert len(letters(shop)) == 4
    ran = command(shop, "drop", "--all", "--notifier", "file", "--as", "ann")
    assert (ran.code, len(ran.out.splitlines())) == (0, 2)
    assert {one["notifier"] for one in letters(shop)} == {"hook"}
    assert command(shop, "redeliver", "--all", "--as", "ann").code == 0
    assert letters(shop) == []
    assert shop.run("work", "--drain").code == 0
    assert (inbox("hook").types(id_), inbox("file").types(id_)) == (
        ["run.pending", "route.asked"],
        [],
    )
    kinds = [entry["kind"] for entry in shop.told("show", id_)["trail"]]
    assert (kinds.count("message.dropped"), kinds.count("message.revived")) == (2, 2)


def test_what_is_refused_stops_no_other(shop: Shop) -> None:
    dead(shop)
    (letter,) = letters(shop)
    for name in ("redeliver", "drop"):
        refused(command(shop, name, "nothing", "--as", "ann"), "not_dead")
        refused(command(shop, name, letter["message"], "--as", "eve"), "unknown_person")
        refused(command(shop, name, "--all", "--as", "eve"), "unknown_person")
    elsewhere = ("--notifier", "file", "--as", "ann")
    refused(command(shop, "drop", letter["message"], *elsewhere), "not_dead")
    ran = command(shop, "drop", "nothing", letter["message"], "--as", "ann")
    refused(ran, "not_dead")
    assert "is dropped" in ran.out
    assert letters(shop) == []


@pytest.mark.parametrize("name", ["redeliver", "drop"])
def test_either_messages_or_all_are_named(shop: Shop, name: str) -> None:
    for arguments in ((), ("one", "--all")):
        ran = command(shop, name, *arguments, "--as", "ann")
        assert (ran.code, "name messages, or say --all" in ran.err) == (2, True)
    assert command(shop, name, "one").code == 2  # nobody says who
