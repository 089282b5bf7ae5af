"""What commands for runs say to people: what is wrong, what waits where, and what to do."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from gatewright.cli.terminal import wrapped
from gatewright.dsl.rendering.display import width
from tests.cli.run import run
from tests.cli.test_run_commands import Shop, refund, refused


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


# --- what waits for something else than an answer


def test_a_queue_counts_what_people_have_to_go_on_with(shop: Shop) -> None:
    assert shop.run("queue").err == "nothing waits for an answer\n"
    first, second, third = (shop.propose(refund(charge=f"ch_{n}"))["run"] for n in (1, 2, 3))
    assert shop.run("queue").err == ""
    assert shop.run("request-changes", first, "--as", "ann", "--note", "Half.").code == 0
    assert shop.run("take-over", second, "--as", "ann").code == 0
    besides = (
        "besides, people have to go on with: 1 changes requested, 1 taken over\n"
        "  `gatewright queue --state changes_requested --state taken_over` lists them\n"
    )
    some = shop.run("queue")
    assert (third in some.out, some.err) == (True, besides)
    assert shop.run("queue", "--as", "ann").err == ""
    assert shop.run("cancel", third, "--as", "ann").code == 0
    assert shop.run("queue").err == f"nothing waits for an answer\n{besides}"
    assert shop.run("queue", "--as", "ann").err == f"nothing waits for `ann`\n{besides}"
    listed = shop.run("queue", *besides.partition("queue ")[2].partition("`")[0].split())
    assert (first in listed.out, second in listed.out, listed.err) == (True, True, "")
    assert shop.run("queue", "--json").err == ""


# --- what does not fit


@pytest.mark.parametrize(
    ("steps", "is_what", "advice"),
    [
        ((), "pending", "people are asked: `gatewright show` says who may answer"),
        (
            (("request-changes", "--note", "Half."),),
            "changes requested", "it waits for another plan: `revise` brings it",
        ),
        (
            (("take-over",),), "taken over",
            "`ann` does it by hand, and writes down what was done: `complete`",
        ),
        ((("cancel",),), "cancelled", "it is over; branch it to propose another plan"),
        (
            (("take-over",), ("complete", "--executed")),
            "done", "it was carried out: `compensate` takes it back",
        ),
    ],
)  # fmt: skip
def test_a_retry_of_what_did_not_fail_says_what_to_do(
    shop: Shop, steps: tuple[tuple[str, ...], ...], is_what: str, advice: str
) -> None:
    id_ = shop.propose(refund())["run"]
    for command, *more in steps:
        assert shop.run(command, id_, "--as", "ann", *more).code == 0
    ran = shop.run("retry", id_, "--as", "ann")
    refused(ran, "wrong_state")
    assert ran.err == (
        f"error[wrong_state]: run `{id_}` is {is_what}: only what failed is tried again\n"
        f"  help: {advice}\n"
    )


def test_who_acts_can_be_named_by_the_environment(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEWRIGHT_AS", raising=False)
    id_ = shop.propose(refund())["run"]
    missing = shop.run("cancel", id_)
    assert (missing.code, "--as PERSON, or GATEWRIGHT_AS in the environment" in missing.err) == (
        2, True,
    )  # fmt: skip
    monkeypatch.setenv("GATEWRIGHT_AS", "ann")
    assert shop.run("cancel", id_).code == 0


# --- how wide


LONG = "I have asked the carrier, 日本語日本語 and all. " * 5 + "x" * 90 + " card  sha256:00 " * 8


def on_terminal(shop: Shop, wide: int, *words: str) -> str:
    """What a command writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "gatewright", words[0], "--config", str(shop.config), *words[1:]],
        stdout=theirs, stdin=subprocess.DEVNULL, env={**os.environ, "COLUMNS": str(wide)},
    )  # fmt: skip
    os.close(theirs)
    read = b""
    with suppress(OSError):  # how a terminal ends
        while part := os.read(ours, 65_536):
            read += part
    os.close(ours)
    assert child.wait() == 0
    return read.decode().replace("\r\n", "\n")


def test_a_run_is_as_wide_as_the_terminal(shop: Shop) -> None:
    """Nothing is lost, and nothing that somebody wrote begins where lines of a run do."""
    found = shop.propose(refund(context={"reasoning": LONG}))
    assert shop.run("comment", found["run"], LONG, "--as", "bob").code == 0
    assert shop.run("take-over", found["run"], "--as", "ann", "--note", LONG).code == 0
    whole = shop.run("show", found["run"]).out
    assert f"said  bob: {LONG}".rstrip() in whole  # a line each where there is no terminal
    shown = on_terminal(shop, 60, "show", found["run"])
    copied = (f"run   {found['run']}  taken over", f"card  {found['card']}")
    for line in shown.splitlines():
        assert width(line) <= 60 or line in copied
    assert shown.split() == [
        piece
        for word in whole.split()
        for piece in ((word[:52], word[52:]) if "xxx" in word else (word,))
    ]
    begins = [line for line in shown.splitlines() if line.lstrip().startswith("card  sha256:00")]
    assert all(line.startswith("        card") for line in begins)
    assert sum(line.startswith("card  ") for line in shown.splitlines()) == 1
    told = on_terminal(shop, 60, "comment", found["run"], "well", "--as", "bob")
    assert max(width(line) for line in told.splitlines()) <= 60


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        (
            "said  ann: " + "a " * 20,
            ["said  ann: a a a a a a a a a a a a a a", "        a a a a a a"],
        ),
        (
            "      ann says: " + "b" * 40,
            ["      ann says:", f"        {'b' * 32}", f"        {'b' * 8}"],
        ),
        ("  status  " + "c " * 18, ["  status  c c c c c c c c c c c c", "        c c c c c c"]),
        ("card  sha256:" + "0" * 64, ["card  sha256:" + "0" * 64]),
        ("      short", ["      short"]),
    ],
)
def test_what_continues_a_line_stands_further_in(line: str, lines: list[str]) -> None:
    assert list(wrapped(line, 40)) == lines


# --- what somebody edited


EDITS = {
    "its row": "UPDATE runs SET body = replace(body, '75.00 USD', '750.00 USD') WHERE id = ?",
    "its past action": "DELETE FROM events WHERE id = ?",
    "its trail": "DELETE FROM leaves WHERE run = ?",
}
PUT_BACK = {
    "its row": "(table `runs`, where `id` names the run)",
    "its past action": "(table `events`, where `id` names the run)",
    "its trail": "(table `leaves`, where `run` names the run)",
}


def queued(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shop.run("queue", "--json").out)
    return found


@pytest.mark.parametrize("what", EDITS)
def test_a_run_that_somebody_edited_is_marked(shop: Shop, what: str) -> None:
    id_, other = (shop.propose(refund(charge=charge))["run"] for charge in ("ch_1", "ch_2"))
    assert "edited" not in shop.run("queue").out + shop.run("show", id_).out
    assert [one["edited"] for one in queued(shop)] == [None, None]
    with closing(sqlite3.connect(shop.folder / "gate.db")) as gate, gate:
        assert gate.execute(EDITS[what], (id_,)).rowcount
    edited, _, right = shop.run("queue").out.partition(other)
    assert f"    edited by somebody: {what}; `gatewright show` says what to do" in edited
    assert "edited" not in right
    assert [one["edited"] for one in queued(shop)] == [what, None]
    assert shop.told("show", id_)["edited"] == what
    told = f"put {what} back from a backup of the store {PUT_BACK[what]}"
    lines = shop.run("show", id_).out.splitlines()
    assert lines[:2] == [
        f"run   {id_}  pending",
        f"wrong {what} was edited by somebody: nothing is done with it until it is right",
    ]
    assert lines[2].startswith(f"      {told}; `gatewright audit verify` says what differs")
    cancelled = shop.run("cancel", id_, "--as", "ann")
    refused(cancelled, "edited_run")
    assert f"help: nothing is done with it, nor is it cancelled: {told}" in cancelled.err
    assert shop.run("cancel", other, "--as", "ann").code == 0


# --- the trail


def test_a_leaf_that_cannot_be_proved_is_told_why(shop: Shop) -> None:
    id_ = shop.propose(refund("20.00 USD"))["run"]
    assert shop.run("work", "--drain").code == 0
    named = ("audit", "proof", "--config", shop.config)
    gone = run(*named, 999)
    refused(gone, "not_proved")
    assert "there is no leaf of number 999: the trail has 5 leaves, and the highest" in gone.err
    assert "number is 5\n" in gone.err
    assert shop.run("comment", id_, "It came.", "--as", "ann").code == 0
    waits = run(*named, 6)
    refused(waits, "not_proved")
    assert "no checkpoint covers the leaf of number 6 yet: the latest has 5 of 6" in waits.err
    assert "`gatewright work` makes one" in waits.err


@pytest.mark.parametrize("group", ["audit", "db", "dead-letters"])
def test_no_line_about_a_command_is_cut(group: str) -> None:
    listed = run(group, "--help").out.partition("Commands:\n")[2].splitlines()
    assert listed
    assert all(re.fullmatch(r"  [a-z]+ +[A-Z].*[a-z.]", line) for line in listed), listed
    assert not any(line.endswith("...") for line in listed)
