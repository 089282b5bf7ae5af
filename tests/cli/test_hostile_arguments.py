"""What is given to the commands for runs forges no line of the terminal and ends in no traceback."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.cli.test_run_commands import Shop, refund

ODD = "a\x1b[2J\nerror: forged\r\x9b31m\u202e\u2028\u200b\udc9b"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def is_harmless(text: str) -> bool:
    hidden = set(ODD) - set("a[2J\nerror: forged31m")
    return not hidden & set(text) and not any(
        line.startswith("error: forged") for line in text.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (("queue", "--as", ODD), {0}),
        (("show", ODD), {1}),
        (("approve", "RUN", "--as", ODD, "--card", "CARD"), {1}),
        (("approve", "RUN", "--as", "ann", "--card", ODD), {1}),
        (("approve", "RUN", "--as", "ann", "--card", "CARD", "--route", ODD), {1}),
        (("comment", "RUN", ODD, "--as", "ann"), {1}),
        (("reject", "RUN", "--as", "ann", "--note", ODD), {1}),
        (("cancel", "RUN", "--as", ODD), {1}),
        (("delegate", "--as", ODD, "--list"), {0}),
        (("delegate", "--as", "ann", "--to", ODD, "--until", "2036-01-01T00:00:00Z"), {1}),
        (("delegate", "--as", "ann", "--revoke", ODD), {1}),
        (("dead-letters", "drop", ODD, "--as", "ann"), {1}),
        (("work", "--drain", "--name", ODD), {2}),
        (("work", "--drain", "--name", "w" * 129), {2}),
        (("work", "--drain", "--name", ""), {2}),
        (("audit", "derive", ODD), {1}),
        (("audit", "erase", "RUN", "--as", ODD, "--because", "why"), {1}),
        (("audit", "verify", "--against", ODD), {2}),
        (("audit", "verify", "--store", f"sqlite:///none/{ODD}"), {2}),
    ],
)
def test_an_argument(shop: Shop, arguments: tuple[str, ...], codes: set[int]) -> None:
    found = shop.propose(refund())
    given = [{"RUN": found["run"], "CARD": found["card"]}.get(one, one) for one in arguments]
    places = 2 if given[0] in ("audit", "dead-letters") else 1
    ran = run(*given[:places], "--config", shop.config, *given[places:])
    assert (ran.code in codes, is_harmless(ran.out + ran.err)) == (True, True), ran
    assert shop.state(found["run"]) == "pending"


def test_a_delegation_that_nobody_gave(shop: Shop) -> None:
    ran = shop.run("delegate", "--as", "ann", "--list")
    assert (ran.code, ran.out, ran.err) == (0, "", "nothing is given by or to `ann`\n")


@pytest.mark.parametrize(
    "forge",
    [
        "UPDATE runs SET action = ?",
        "UPDATE timers SET route = ?",
        "UPDATE events SET id = ?",
        "UPDATE leaves SET kind = ? WHERE number = 1",
        "UPDATE leaves SET run = ? WHERE number = 2",
        "UPDATE leaves SET body = ? WHERE number = 1",
        "UPDATE payloads SET commitment = ?",
        "UPDATE decisions SET id = ?",
    ],
)
def test_a_forged_row_forges_no_finding(shop: Shop, forge: str) -> None:
    shop.propose(refund())
    assert shop.run("work", "--drain").code == 0
    with closing(sqlite3.connect(shop.folder / "gate.db")) as store, store:
        store.execute(forge, (ODD[:-1],))
    ran = run("audit", "verify", "--config", shop.config)
    assert (ran.code, is_harmless(ran.out + ran.err)) == (1, True), ran


def test_words_of_a_forged_proof(shop: Shop, tmp_path: Path) -> None:
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps({"checkpoint": ODD[:-1], "body": ODD[:-1], "leaf": ODD[:-1]}))
    ran = run("audit", "proof", "--verify", proof)
    assert (ran.code, is_harmless(ran.out + ran.err)) == (2, True), ran
