"""The commands for runs: from a configuration, through a worker, to the trail."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewright.cli.terminal import columns
from gatewright.dsl.rendering.display import width
from gatewright.engine.runtime.store.payloads import commitment
from tests.cli.run import REFUNDS, Ran, run
from tests.engine.runtime.audit.keys import key_pair

CONFIGURATION = """
policy = {policy}
store = "sqlite:///gate.db"
people = "people.yaml"

[[connectors]]
use = "sql"
system = "stripe"
database = "sqlite:///shop.db"

[connectors.objects.charge]
table = "charges"
key = "id"
version = "v"
money = {{ refunded = "USD" }}

[connectors.objects.charge.actions."billing.refund"]
sets = {{ status = "refunded", refunded = {{ param = "amount" }} }}
"""
PEOPLE = """
people: {ann: {}, bob: {}, fay: {}}
groups: {support-managers: [ann, bob], finance: [fay]}
"""


def refund(amount: str = "75.00 USD", charge: str = "ch_1", **more: object) -> dict[str, object]:
    return {
        "action": "billing.refund",
        "params": {"customer": f"C-{charge}", "amount": amount},
        "agent": {"id": "refund-bot", "owner": "team-support"},
        "target": {"id": charge},
        "context": {"reasoning": "The parcel never came."},
        **more,
    }


class Shop:
    """A shop in a folder, with its gate, spoken to by commands alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "gatewright.toml"
        self.config.write_text(CONFIGURATION.format(policy=json.dumps(REFUNDS)))
        (folder / "people.yaml").write_text(PEOPLE)
        with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
            shop.execute(
                "CREATE TABLE charges (id TEXT PRIMARY KEY, status TEXT, refunded NUMERIC, v INTEGER)"
            )
            shop.executemany(
                "INSERT INTO charges VALUES (?, 'paid', 0, 1)", [("ch_1",), ("ch_2",), ("ch_3",)]
            )

    def run(self, command: str, *arguments: object, stdin: str | None = None) -> Ran:
        return run(command, "--config", self.config, *arguments, stdin=stdin)

    def told(self, command: str, *arguments: object, stdin: str | None = None) -> dict[str, Any]:
        ran = self.run(command, *arguments, "--format", "json", stdin=stdin)
        assert ran.code == 0, ran.err
        return ran.data

    def propose(self, action: Mapping[str, object]) -> dict[str, Any]:
        return self.told("propose", "--action", "-", stdin=json.dumps(action))

    def state(self, id_: str) -> str:
        state: str = self.told("show", id_)["state"]
        return state

    def row(self, charge: str) -> tuple[str, float]:
        with closing(sqlite3.connect(self.folder / "shop.db")) as shop:
            query = "SELECT status, refunded FROM charges WHERE id = ?"
            status, refunded = shop.execute(query, (charge,)).fetchone()
        return status, refunded


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def refused(ran: Ran, code: str) -> None:
    assert (ran.code, ran.err.splitlines()[0].partition(":")[0]) == (1, f"error[{code}]")


def test_a_refund_from_proposal_to_trail(shop: Shop) -> None:
    proposed = shop.propose(refund())
    id_, card = proposed["run"], proposed["card"]
    assert proposed["state"] == "pending"
    assert [one["voters"] for one in proposed["waits_for"]] == [["ann", "bob", "fay"]]
    assert {f["field"]: (f["old"], f["new"]) for f in proposed["fields"]} == {
        "status": ("paid", "refunded"), "refunded": ("0.00 USD", "75.00 USD"),
    }  # fmt: skip
    assert proposed["agent"]["says"] == "The parcel never came."

    assert id_ in shop.run("queue", "--as", "ann").out
    unknown = shop.run("queue", "--as", "nobody").err
    assert unknown == "nothing waits for `nobody`, whom the directory does not know\n"
    assert shop.run("approve", id_, "--as", "ann", "--card", card).code == 0
    assert shop.row("ch_1") == ("paid", 0)
    assert shop.run("work", "--drain").code == 0
    assert shop.row("ch_1") == ("refunded", 75)

    text = shop.run("show", id_).out
    for part in (
        f"run   {id_}  done", "refunded  0.00 USD -> 75.00 USD", "the agent says: The parcel",
        "ann approved as manager", ", applied", "refund-bot  proposed", "ann  approved",
        "worker  verified",
    ):  # fmt: skip
        assert part in text
    kinds = [entry["kind"] for entry in shop.told("show", id_)["trail"]]
    assert kinds == ["proposed", "decided", "approved", "executing", "applied", "verified"]
    verified = run("audit", "verify", "--store", f"sqlite:///{shop.folder / 'gate.db'}")
    assert verified.code == 0, verified.out


def test_the_trail_of_a_configuration_or_of_a_store(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = shop.propose(refund("20.00 USD"))["run"]
    assert shop.run("work", "--drain").code == 0
    store = f"sqlite:///{shop.folder / 'gate.db'}"
    for command, *more in (("verify",), ("export",), ("proof", "1"), ("derive", id_)):
        by_name = run("audit", command, "--store", store, *more)
        by_file = run("audit", command, "--config", shop.config, *more)
        assert (by_name.code, by_name.out) == (0, by_file.out)
    monkeypatch.chdir(shop.folder)
    assert run("audit", "verify").out.startswith("good: ")
    assert (run("db", "upgrade").code, run("db", "check").code) == (0, 0)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    ran = run("audit", "verify")
    assert (ran.code, "name the store with --store" in ran.err) == (2, True)


def test_who_has_answered_of_several_is_told(shop: Shop) -> None:
    policy = shop.folder / "two.gate"
    source = (Path(REFUNDS) / "refunds.gate").read_text()
    policy.write_text(source.replace("one of group(", "2 of group(", 1))
    text = shop.config.read_text()
    shop.config.write_text(text.replace(json.dumps(REFUNDS), '"two.gate"'))
    found = shop.propose(refund())
    assert "manager: 2 of ann, bob, fay" in shop.run("queue").out
    approved = shop.run("approve", found["run"], "--as", "bob", "--card", found["card"])
    assert "needs manager: 2 of bob (approved), ann, fay" in approved.out.splitlines()


def test_of_many_people_some_are_named(shop: Shop) -> None:
    many = [f"m{n:02}" for n in range(12)]
    people: dict[str, object] = {"people": dict.fromkeys(many)}
    people["groups"] = {"support-managers": many}
    (shop.folder / "people.yaml").write_text(json.dumps(people))
    told = shop.propose(refund())
    assert told["waits_for"][0]["voters"] == many
    line = f"manager: one of {', '.join(many[:8])}, 4 more"
    assert shop.run("queue").out.splitlines()[-1] == f"    {line}"
    assert f"needs {line}" in shop.run("show", told["run"]).out.splitlines()


def test_runs_are_found_by_their_state(shop: Shop) -> None:
    done = shop.propose(refund("20.00 USD"))["run"]
    waits = shop.propose(refund("75.00 USD", "ch_2"))["run"]
    assert shop.run("work", "--drain").code == 0
    lines = shop.run("queue", "--state", "done").out.splitlines()
    assert lines[0].startswith(done)
    assert (len(lines), lines[-1]) == (4, "    done")
    both = json.loads(
        shop.run("queue", "--state", "done", "--state", "pending", "--format", "json").out
    )
    assert [(one["run"], one["state"]) for one in both] == [(done, "done"), (waits, "pending")]
    none = shop.run("queue", "--state", "outcome_unknown")
    assert (none.code, none.out, none.err) == (0, "", "no run is in that state\n")
    for wrong in (("--state", "finished"), ("--state", "done", "--as", "ann")):
        assert shop.run("queue", *wrong).code == 2


def test_a_bundle_must_be_signed_by_a_key_of_the_configuration(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    raw, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "release.pem").write_bytes(
        key.private_bytes(raw, pkcs8, serialization.NoEncryption())
    )
    (tmp_path / "release.pub.pem").write_bytes(
        key.public_key().public_bytes(raw, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    monkeypatch.chdir(tmp_path)
    shop.config.write_text(
        'policy_keys = "release.pub.pem"\nleast_version = 2\n'
        + shop.config.read_text().replace(json.dumps(REFUNDS), '"refunds.gwb"')
    )
    signed = ("--sign", "release.pem", "--version")
    for options, why in (
        (("--version", "2"), "signed"),
        ((*signed, "1"), "version"),
        ((*signed, "2"), None),
    ):
        assert run("build", REFUNDS, "-o", "refunds.gwb", *options).code == 0
        for command in (("queue",), ("work", "--drain")):
            ran = shop.run(*command)
            assert (ran.code, why is None or why in ran.err) == (0 if why is None else 1, True)
    (tmp_path / "release.pub.pem").write_text("no key")
    for command in (("queue",), ("work", "--drain")):
        ran = shop.run(*command)
        assert (ran.code != 0, "release.pub.pem" in ran.err) == (True, True), ran.err


def test_what_needs_nobody_is_done_by_a_worker_alone(shop: Shop) -> None:
    proposed = shop.propose(refund("20.00 USD"))
    assert proposed["state"] == "auto"
    shop.run("work", "--drain")
    assert shop.row("ch_1") == ("refunded", 20)


def told_by(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def test_a_worker_says_what_became_of_each_run(shop: Shop) -> None:
    done, gone = (shop.propose(refund("20.00 USD", charge))["run"] for charge in ("ch_1", "ch_2"))
    with closing(sqlite3.connect(shop.folder / "shop.db")) as database, database:
        database.execute("UPDATE charges SET status = 'lost', v = 2 WHERE id = 'ch_2'")
    ran = shop.run("work", "--drain")
    assert ran.code == 0
    *lines, count = ran.out.splitlines()
    assert set(lines) == {
        f"{done[:12]}  done  stripe.charge/ch_1",
        f"{gone[:12]}  blocked  stripe.charge/ch_2: decided again,"
        " since the record was changed since the preview",
    }
    assert (count.endswith(" steps"), ran.err) == (True, "")
    again = shop.run("work", "--drain")
    assert again.out in ("0 steps\n", "1 step\n")


def test_a_worker_tells_programs_a_line_of_json_for_each_run(shop: Shop) -> None:
    id_ = shop.propose(refund("20.00 USD"))["run"]
    (told, count) = told_by(shop.run("work", "--drain", "--json"))
    assert {**told, "at": ""} == {
        "run": id_, "action": "billing.refund", "state": "done", "why": None, "at": "",
        "target": {"system": "stripe", "object": "charge", "id": "ch_1"},
    }  # fmt: skip
    assert count["steps"] > 0
    shop.propose(refund("20.00 USD", "ch_2"))
    assert shop.run("work", "--drain", "--quiet", "--format", "json").out.count("\n") == 1
    assert shop.row("ch_2") == ("refunded", 20)


def test_a_run_that_is_not_done_says_why(shop: Shop) -> None:
    gone = shop.propose(refund("20.00 USD"))["run"]
    with closing(sqlite3.connect(shop.folder / "shop.db")) as database, database:
        database.execute("DELETE FROM charges WHERE id = 'ch_1'")
    line, _ = shop.run("work", "--drain").out.splitlines()
    assert line.startswith(f"{gone[:12]}  failed  stripe.charge/ch_1: nobody can see what would")


def test_a_worker_that_goes_on_says_it_at_once(shop: Shop) -> None:
    id_ = shop.propose(refund("20.00 USD"))["run"]
    command = [sys.executable, "-m", "gatewright", "work", "--json", "--config", str(shop.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest, errors = process.stdout.read(), process.stderr.read()
    assert (told["run"], told["state"]) == (id_, "done")
    assert (process.returncode, rest, b"working as" in errors) == (0, b"", True)


def test_nobody_who_reads_what_a_worker_says_stops_no_work(shop: Shop) -> None:
    for charge in ("ch_1", "ch_2", "ch_3"):
        shop.propose(refund("20.00 USD", charge))
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "gatewright", "work", "--drain", "--config", str(shop.config)]
    ran = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, b"runs are not told any more: Broken pipe\n")
    assert [shop.row(charge)[0] for charge in ("ch_1", "ch_2", "ch_3")] == ["refunded"] * 3


def test_an_approval_names_the_card_that_was_seen(shop: Shop) -> None:
    first, second = shop.propose(refund()), shop.propose(refund(charge="ch_2"))
    refused(
        shop.run("approve", first["run"], "--as", "ann", "--card", second["card"]), "other_card"
    )
    blind = shop.run("approve", first["run"], "--as", "ann")
    assert (blind.code, "--card DIGEST" in blind.err) == (2, True)
    refused(
        shop.run("approve", first["run"], "--as", "eve", "--card", first["card"]), "unknown_person"
    )
    assert shop.run("approve", first["run"], "--card", first["card"]).code == 2  # nobody says who
    assert shop.state(first["run"]) == "pending"


def test_of_several_approvals_each_counts_by_itself(shop: Shop) -> None:
    runs = [shop.propose(refund(charge=f"ch_{n}")) for n in (1, 2, 3)]
    given = [f"{r['run']}={r['card']}" for r in (runs[0], runs[2])]
    ran = shop.run("approve", given[0], f"{runs[1]['run']}=sha256:00", given[1], "--as", "ann")
    refused(ran, "other_card")
    assert f"error[other_card]: run `{runs[1]['run']}`: the approval names another" in ran.err
    assert [shop.state(r["run"]) for r in runs] == ["approved", "pending", "approved"]
    assert shop.run("approve", *given, "--as", "ann", "--card", "sha256:00").code == 2


def test_of_several_approvals_none_counts_where_one_names_no_card(shop: Shop) -> None:
    first, second = shop.propose(refund()), shop.propose(refund(charge="ch_2"))
    blind = shop.run("approve", f"{first['run']}={first['card']}", second["run"], "--as", "ann")
    assert (blind.code, "--card DIGEST" in blind.err) == (2, True)
    assert shop.state(first["run"]) == "pending"


def test_a_queue_says_that_there_are_more(shop: Shop) -> None:
    runs = [shop.propose(refund(charge=f"ch_{n}"))["run"] for n in (1, 2, 3)]
    for options in ((), ("--as", "ann"), ("--state", "pending")):
        some = shop.run("queue", *options, "--most", "2", "--format", "json")
        assert [one["run"] for one in json.loads(some.out)] == runs[:2]
        assert some.err == "there are more than these 2: --most shows more\n"
        assert shop.run("queue", *options, "--most", "3").err == ""


def test_what_was_done_by_hand_is_shown(shop: Shop) -> None:
    id_ = shop.propose(refund())["run"]
    shop.told("take-over", id_, "--as", "ann")
    record = json.dumps({"paid by": "cheque 12"})
    assert (
        shop.run("complete", id_, "--as", "ann", "--executed", "--record", "-", stdin=record).code
        == 0
    )
    assert 'hand  ann wrote down: {"paid by": "cheque 12"}' in shop.run("show", id_).out


def test_a_terminal_shows_the_card_and_asks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatewright.cli.answer.at_terminal", lambda: True)
    id_ = shop.propose(refund())["run"]
    no = shop.run("approve", id_, "--as", "ann", stdin="n\n")
    assert (no.code, shop.state(id_)) == (1, "pending")
    assert "refunded  0.00 USD -> 75.00 USD" in no.out
    assert "needs manager: one of ann, bob, fay" in no.out
    assert shop.run("approve", id_, "--as", "ann", stdin="y\n").code == 0
    assert shop.state(id_) == "approved"


@pytest.mark.parametrize(
    ("command", "arguments", "state"),
    [
        ("reject", ("--note", "It came."), "rejected"),
        ("request-changes", ("--note", "Half, please."), "changes_requested"),
        ("take-over", (), "taken_over"),
        ("cancel", ("--note", "Never mind."), "cancelled"),
    ],
)
def test_an_answer_that_is_no_approval_writes_nothing(
    shop: Shop, command: str, arguments: tuple[str, ...], state: str
) -> None:
    id_ = shop.propose(refund())["run"]
    told = shop.told(command, id_, "--as", "ann", *arguments)
    assert told["state"] == state
    assert shop.run("work", "--drain").code == 0
    assert shop.row("ch_1") == ("paid", 0)


@pytest.mark.parametrize("command", ["reject", "request-changes"])
def test_a_no_needs_a_reason(shop: Shop, command: str) -> None:
    id_ = shop.propose(refund())["run"]
    for given in ((), ("--note", ""), ("--note", " ")):
        ran = shop.run(command, id_, "--as", "ann", *given)
        assert (ran.code, "--note" in ran.err) == (2, True)
    assert shop.run("comment", id_, "", "--as", "ann").code == 2
    assert shop.state(id_) == "pending"


def test_another_plan_is_another_card(shop: Shop) -> None:
    first = shop.propose(refund())
    shop.run("request-changes", first["run"], "--as", "ann", "--note", "Half, please.")
    half = json.dumps(refund("60.00 USD"))
    revised = shop.told("revise", first["run"], "--action", "-", "--as", "refund-bot", stdin=half)
    assert (revised["round"], revised["state"]) == (2, "pending")
    assert revised["card"] != first["card"]
    refused(shop.run("approve", first["run"], "--as", "ann", "--card", first["card"]), "other_card")


def test_a_branch_takes_the_place_of_what_waits(shop: Shop) -> None:
    first = shop.propose(refund())["run"]
    other = json.dumps(refund("55.00 USD"))
    branch = shop.told("branch", first, "--action", "-", "--as", "ann", stdin=other)
    assert (branch["parent"], branch["relation"]) == (first, "branch")
    assert shop.state(first) == "cancelled"


def test_what_was_done_is_taken_back(shop: Shop) -> None:
    id_ = shop.propose(refund("20.00 USD"))["run"]
    shop.run("work", "--drain")
    back = shop.told("compensate", id_, "--as", "bob", "--note", "It came after all.")
    assert back["reasons"] == [{"by": "bob", "text": "It came after all."}]
    assert back["agent"]["says"] is None  # these are no words of the agent
    if back["state"] == "pending":
        shop.run("approve", back["run"], "--as", "ann", "--card", back["card"])
    shop.run("work", "--drain")
    assert (shop.state(id_), shop.row("ch_1")) == ("compensated", ("paid", 0))


def test_work_by_hand_is_written_down(shop: Shop) -> None:
    id_ = shop.propose(refund())["run"]
    shop.run("take-over", id_, "--as", "ann")
    done = shop.folder / "done.json"
    done.write_text('{"reference": "bank 17"}')
    refused(shop.run("complete", id_, "--as", "bob", "--executed"), "not_yours")
    told = shop.told("complete", id_, "--as", "ann", "--executed", "--record", done)
    assert (told["state"], told["record"]) == ("done", {"reference": "bank 17"})
    done.write_text("[1]")
    bad = shop.run("complete", id_, "--as", "ann", "--executed", "--record", done)
    assert (bad.code, "a record is a JSON object" in bad.err) == (2, True)


def test_a_run_that_did_not_fail_is_not_tried_again(shop: Shop) -> None:
    id_ = shop.propose(refund("20.00 USD"))["run"]
    refused(shop.run("retry", id_, "--as", "ann"), "wrong_state")
    assert shop.state(id_) == "auto"


def test_comments_are_shown_and_a_deputy_is_a_known_person(shop: Shop) -> None:
    proposed = shop.propose(refund())
    id_ = proposed["run"]
    shop.run("comment", id_, "I asked the carrier.", "--as", "bob")
    assert "said  bob: I asked the carrier." in shop.run("show", id_).out
    until = ("--until", "2199-01-01T00:00:00Z")
    given = shop.run("delegate", "--as", "ann", "--to", "eve", *until)
    refused(given, "unknown_person")
    assert shop.run("delegate", "--as", "ann", "--to", "bob").code == 2
    delegation = shop.run("delegate", "--as", "ann", "--to", "bob", *until).out.strip()
    for who, seen in (("ann", 1), ("bob", 1), ("fay", 0)):
        listed = shop.run("delegate", "--as", who, "--list").out.splitlines()
        told = [(line.split("  ")[:2], line.endswith(f" until {until[1]}")) for line in listed]
        assert told == [([delegation, "ann to bob"], True)] * seen
    assert shop.run("delegate", "--as", "ann", "--revoke", delegation).code == 0
    refused(shop.run("delegate", "--as", "bob", "--revoke", delegation), "no_delegation")
    assert shop.run("delegate", "--as", "ann", "--list").out == ""


def test_text_of_others_cannot_move_the_cursor(shop: Shop) -> None:
    action = refund(context={"reasoning": "fine\x1b[2K\rcard  sha256:aaaa\nrun  done"})
    id_ = shop.propose(action)["run"]
    shown = shop.run("show", id_)
    assert "\x1b" not in shown.out
    assert "\\x1b[2K\\rcard" in shown.out


# --- what cannot be used --------------------------------------------------------------------------


def crowd(shop: Shop) -> dict[str, Any]:
    """A run of a record with a long name, asked of people with long and wide names."""
    charge = "請求書-" * 30 + "end"
    with closing(sqlite3.connect(shop.folder / "shop.db")) as rows, rows:
        rows.execute("INSERT INTO charges VALUES (?, 'paid', 0, 1)", (charge,))
    names = ["山田太郎・東京営業部・承認担当者", "Ångström-Ødegård of the north", "n" * 120]
    listed = json.dumps(names, ensure_ascii=False)
    people = ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {{}}" for name in names)
    (shop.folder / "people.yaml").write_text(
        f"people: {{fay: {{}}, {people}}}\n"
        f"groups: {{support-managers: {listed}, finance: [fay]}}\n",
        encoding="utf-8",
    )
    params = {"customer": "C-1", "amount": "75.00 USD"}
    return shop.propose(refund(charge=charge, params=params))


@pytest.mark.parametrize("wide", [None, 40, 60, 100, 500])
def test_a_queue_is_as_wide_as_the_terminal(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, wide: int | None
) -> None:
    """Without a terminal 80 columns, whatever the environment says. Nothing is cut."""
    proposed = crowd(shop)
    monkeypatch.setenv("COLUMNS", "30")
    if wide is not None:
        monkeypatch.setattr("gatewright.cli.queue.columns", lambda: wide)
    out = shop.run("queue").out
    assert max(width(line) for line in out.splitlines()) <= (wide or 80)
    assert proposed["run"] in out.split()
    together = "".join(out.split())
    for part in (proposed["target"]["id"], *proposed["waits_for"][0]["voters"]):
        assert part.replace(" ", "") in together
    assert shop.run("queue", "--json").out == shop.run("queue", "--format", "json").out
    assert json.loads(shop.run("queue", "--json").out)[0]["target"] == proposed["target"]


def test_the_width_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_terminal, wide, found in ((False, 120, 80), (True, 120, 120), (True, 10, 40)):
        monkeypatch.setattr("sys.stdout.isatty", partial(bool, is_terminal))
        monkeypatch.setenv("COLUMNS", str(wide))
        assert columns() == found


def test_what_people_write_has_a_length_and_is_text(shop: Shop) -> None:
    id_ = shop.propose(refund())["run"]
    long = shop.run("reject", id_, "--as", "ann", "--note", "x" * 10_001)
    refused(long, "too_long")
    assert "the note has 10,001 characters; at most 10,000 are kept" in long.err
    refused(shop.run("comment", id_, "x" * 10_001, "--as", "ann"), "too_long")
    # What no UTF-8 is comes from a shell as lone surrogates.
    refused(shop.run("comment", id_, "a\udcffb", "--as", "ann"), "bad_text")
    assert shop.run("take-over", id_, "--as", "ann").code == 0
    by_hand = ("complete", id_, "--as", "ann", "--executed", "--record", "-")
    refused(shop.run(*by_hand, stdin=json.dumps({"what": "x" * 70_000})), "too_long")
    assert shop.state(id_) == "taken_over"
    shown = shop.told("show", id_)
    assert (shown["remarks"], shown["record"]) == ([], None)


def test_an_action_that_cannot_be_read(shop: Shop) -> None:
    assert shop.run("propose", "--action", "-", stdin="{").code == 2
    assert shop.run("propose", "--action", shop.folder / "none.json").code == 2
    refused(shop.run("propose", "--action", "-", stdin='{"action": 5}'), "bad_action")
    refused(
        shop.run("propose", "--action", "-", stdin=json.dumps(refund(charge="ch_9"))), "no_preview"
    )


def test_a_run_that_is_not_there(shop: Shop) -> None:
    for command, *more in (("show",), ("cancel", "--as", "ann"), ("retry", "--as", "ann")):
        refused(shop.run(command, "run_none", *more), "no_such_run")


def test_a_run_is_named_by_the_beginning_of_its_id(shop: Shop) -> None:
    """As far as it is one that no other run begins with."""
    proposed = {charge: shop.propose(refund(charge=charge)) for charge in ("ch_1", "ch_2", "ch_3")}
    ids = [one["run"] for one in proposed.values()]
    length = next(n for n in range(6, 37) if len({id_[:n] for id_ in ids}) == len(ids))
    first, second, third = (id_[:length] for id_ in ids)
    as_ann = ("--as", "ann")
    for name, *more in (
        ("show",),
        ("comment", "is it true?", *as_ann),
        ("request-changes", "--note", "half", *as_ann),
    ):
        assert shop.told(name, first, *more)["run"] == ids[0]
    half = json.dumps(refund("60.00 USD"))
    revised = shop.told("revise", first, "--action", "-", "--as", "refund-bot", stdin=half)
    approved = shop.run(
        "approve", f"{first}={revised['card']}", f"run_none={revised['card']}", *as_ann
    )
    refused(approved, "no_such_run")
    other = json.dumps(refund("55.00 USD", "ch_2"))
    branch = shop.told("branch", second, "--action", "-", *as_ann, stdin=other)
    assert branch["parent"] == ids[1]
    assert shop.told("take-over", third, *as_ann)["run"] == ids[2]
    assert shop.told("complete", third, "--executed", *as_ann)["state"] == "done"
    assert shop.run("work", "--drain").code == 0
    assert shop.state(first) == "done"
    assert shop.told("compensate", first, *as_ann)["parent"] == ids[0]
    refused(shop.run("retry", first, *as_ann), "wrong_state")
    refused(shop.run("cancel", second, *as_ann), "wrong_state")
    refused(shop.run("reject", second, "--note", "no", *as_ann), "wrong_state")
    derived = run("audit", "derive", "--config", shop.config, second)
    assert (derived.code, derived.out.split()[0]) == (0, ids[1])


def test_a_beginning_of_several_ids_names_none(shop: Shop) -> None:
    ids = {shop.propose(refund("20.00 USD", "ch_1"))["run"] for _ in range(3)}
    with closing(sqlite3.connect(shop.folder / "gate.db")) as gate, gate:
        for number, id_ in enumerate(sorted(ids)):
            gate.execute("UPDATE runs SET id = ? WHERE id = ?", (f"run_ab{number}{id_[7:]}", id_))
    ran = shop.run("cancel", "run_ab", "--as", "ann")
    refused(ran, "ambiguous_run")
    assert [ran.err.count(f"`run_ab{number}") for number in range(3)] == [1, 1, 1]
    misspelt = shop.run("show", "ab2")
    refused(misspelt, "no_such_run")
    assert "help: did you mean `run_ab2" in misspelt.err
    refused(shop.run("cancel", "run_a", "--as", "ann"), "no_such_run")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('store = "sqlite:///gate.db"', "", "the setting `store` is missing"),
        ("people =", "poeple =", "there is no setting `poeple`; did you mean `people`?"),
        ("store =", "stoer =", "there is no setting `stoer`; did you mean `store`?"),
        ("[[connectors]]", "[connectors]", "each under a line `[[connectors]]`"),
        ("policy =", "policy", "this is no TOML"),
        ('"people.yaml"', '"${NO_SUCH_THING}"', "no variable `NO_SUCH_THING`"),
        ('use = "sql"', 'use = "sqll"', "nothing is called `sqll`"),
        ('use = "sql"', 'use = "no.such:thing"', "cannot be imported"),
        ('use = "sql"', 'use = "os:sep"', "nothing that can be called"),
        ('table = "charges"', 'table = "chargez"', "chargez"),
        ('system = "stripe"', "", "does not take"),
        ('key = "id"', "key = 5", "`objects.charge.key`"),
    ],
)
def test_a_configuration_that_is_wrong(shop: Shop, old: str, new: str, why: str) -> None:
    text = shop.config.read_text()
    assert old in text
    shop.config.write_text(text.replace(old, new, 1))
    ran = shop.run("queue")
    assert (ran.code, why in ran.err) == (2, True), ran.err


def test_two_connectors_of_one_system(shop: Shop) -> None:
    head, _, connector = shop.config.read_text().partition("[[connectors]]")
    shop.config.write_text(f"{head}[[connectors]]{connector}\n[[connectors]]{connector}")
    ran = shop.run("queue")
    assert (ran.code, "two connectors for the system `stripe`" in ran.err) == (2, True)


def test_people_or_policies_that_are_wrong(shop: Shop) -> None:
    (shop.folder / "people.yaml").write_text("groups: {managers: []}")
    refused(shop.run("queue"), "bad_directory")
    (shop.folder / "bad.gate").write_text("package a\nrule")
    shop.config.write_text(CONFIGURATION.format(policy='"bad.gate"'))
    ran = shop.run("queue")
    assert (ran.code, "error[GW" in ran.err) == (1, True)
    assert shop.run("work", "--drain").code == 1


def test_a_system_that_is_away_keeps_nobody_from_stopping_a_run(shop: Shop) -> None:
    home, away = shop.folder / "shop.db", shop.folder / "shop"
    away.mkdir()
    home.rename(away / "shop.db")
    shop.config.write_text(shop.config.read_text().replace("shop.db", "shop/shop.db"))
    first, second = shop.propose(refund()), shop.propose(refund(charge="ch_2"))
    away.rename(shop.folder / "gone")
    for given in (
        ("queue",), ("show", first["run"]), ("reject", first["run"], "--as", "ann", "--note", "No."),
        ("approve", second["run"], "--as", "ann", "--card", second["card"]), ("work", "--drain"),
    ):  # fmt: skip
        ran = shop.run(*given)
        assert ran.code == 0, ran.err
    refused(shop.run("propose", "--action", "-", stdin=json.dumps(refund())), "no_preview")
    assert [shop.state(one["run"]) for one in (first, second)] == ["rejected", "approved"]


def test_a_bad_edit_of_the_policies_keeps_nobody_from_stopping_a_run(shop: Shop) -> None:
    policies = shop.folder / "refunds.gate"
    policies.write_text((Path(REFUNDS) / "refunds.gate").read_text("utf-8"), "utf-8")
    shop.config.write_text(CONFIGURATION.format(policy='"refunds.gate"'))
    first, second = shop.propose(refund()), shop.propose(refund(charge="ch_2"))
    policies.write_text("package shop.refunds\nrule", "utf-8")

    listed = shop.run("queue", "--as", "ann")
    assert (listed.code, first["run"] in listed.out) == (0, True)
    assert "the policies cannot be used as they are" in listed.err
    assert shop.run("show", first["run"]).code == 0
    assert shop.run("reject", first["run"], "--as", "eve", "--note", "no").code == 1
    assert shop.run("reject", first["run"], "--as", "ann", "--note", "no").code == 0
    assert shop.run("cancel", second["run"], "--as", "ann").code == 0
    for command in (("approve", second["run"], "--card", second["card"]), ("retry", second["run"])):
        ran = shop.run(*command, "--as", "ann")
        assert (ran.code, "error[GW" in ran.err) == (1, True)


def test_a_store_that_is_gone(shop: Shop) -> None:
    text = shop.config.read_text().replace("sqlite:///gate.db", "sqlite:///nowhere/gate.db")
    shop.config.write_text(text)
    assert shop.run("queue").code == 2


def test_leases_outlive_calls(shop: Shop) -> None:
    ran = shop.run("work", "--lease", "5", "--call-timeout", "5", "--drain")
    assert (ran.code, "--call-timeout must be shorter" in ran.err) == (2, True)


def test_secrets_come_from_the_environment(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_STORE", f"sqlite:///{shop.folder / 'other.db'}")
    shop.config.write_text(shop.config.read_text().replace("sqlite:///gate.db", "${GATE_STORE}"))
    shop.propose(refund())
    assert (shop.folder / "other.db").exists()
    text = shop.config.read_text()
    shop.config.write_text(text.replace('people = "people.yaml"', 'seal = "short"'))
    ran = shop.run("queue")
    assert (ran.code, "is no key" in ran.err, "short" in ran.err) == (2, True, False)


def test_what_a_run_was_about_is_erased(shop: Shop) -> None:
    """Limits count a refund for 30 days; a later erasure is in tests/engine/runtime/test_erasing.py."""
    id_ = shop.propose(refund())["run"]
    options = ("--config", shop.config, "--as", "ann", "--because", "Request 17")
    refused(run("audit", "erase", id_, *options), "not_ended")
    shop.run("reject", id_, "--as", "ann", "--note", "It came.")
    refused(run("audit", "erase", id_, *options), "still_counts")
    erased = run("audit", "erase", id_, *options, "--counted")
    assert (erased.code, erased.err) == (0, "")
    assert erased.out.splitlines() == [
        f"erased {id_}: 2 payloads, 1 logged decisions",
        "limits may still count it: erase it once more when they do not",
    ]
    again = run("audit", "erase", id_, *options, "--counted", "--format", "json")
    assert (again.data["payloads"], again.data["decisions"], again.data["counted"]) == (0, 0, True)

    text = shop.run("show", id_).out
    assert "what it was about is not known any more" in text
    assert "ann  rejected  (erased)" in text
    assert "It came." not in text
    shop.run("work", "--drain")
    verified = run("audit", "verify", "--config", shop.config)
    assert (verified.code, "3 payloads and decisions are erased" in verified.out) == (0, True)
    derived = run("audit", "derive", "--config", shop.config, id_)
    assert (derived.code, "  erased: " in derived.out) == (0, True)
    exported = run("audit", "export", "--config", shop.config).out
    assert '"words": {"content": null, "salt": null}' in exported
    assert "It came." not in exported


def test_words_are_exported_beside_their_commitments(shop: Shop) -> None:
    id_ = shop.propose(refund())["run"]
    shop.run("reject", id_, "--as", "ann", "--note", "It came.")
    shop.run("work", "--drain")
    lines = [json.loads(x) for x in run("audit", "export", "--config", shop.config).out.split("\n")
             if x]  # fmt: skip
    (line,) = [one for one in lines if "words" in one]
    body = json.loads(line["leaf"]["body"])
    assert body["words"] == commitment(line["words"]["content"], line["words"]["salt"])
    assert json.loads(line["words"]["content"]) == {"note": "It came."}


def test_whether_anybody_signed_is_said(shop: Shop) -> None:
    shop.propose(refund("20.00 USD"))
    shop.run("work", "--drain")
    named = ("audit", "verify", "--config", shop.config)
    unsigned = run(*named)
    assert (unsigned.code, "nobody has signed" in unsigned.out) == (0, True)
    refused_ = run(*named, "--require-signature")
    assert (refused_.code, "wrong: nobody has signed" in refused_.out) == (1, True)

    private, public = key_pair(1)
    (shop.folder / "trail.pem").write_bytes(private)
    (shop.folder / "trail.pub.pem").write_bytes(public)
    shop.config.write_text('audit_key = "trail.pem"\n' + shop.config.read_text())
    before = run(*named)  # the key is configured, and the checkpoint is from before
    assert (before.code, "signed by none of the keys" in before.out) == (1, True)
    assert "  help: no checkpoint is signed. A key that was configured only now signs" in before.out
    assert "as by `gatewright comment`, then let `gatewright work --drain` make one" in before.out
    shop.run("work", "--drain")
    assert run(*named).out == before.out  # nothing new: nothing is signed, and it stays wrong
    shop.propose(refund("20.00 USD", "ch_2"))
    shop.run("work", "--drain")
    for more in ((), ("--key", shop.folder / "trail.pub.pem"), ("--require-signature",)):
        signed = run(*named, *more)
        assert (signed.code, "\nsigned by gatewright+" in signed.out) == (0, True)
        assert " of " in signed.out.split("signed by")[1]
    unchecked = run("audit", "verify", "--store", f"sqlite:///{shop.folder / 'gate.db'}")
    assert (unchecked.code, "not checked, since no --key" in unchecked.out) == (0, True)


def test_a_run_that_somebody_edited_is_refused_and_named(shop: Shop) -> None:
    id_ = shop.propose(refund())["run"]
    with closing(sqlite3.connect(shop.folder / "gate.db")) as gate, gate:
        changed = "UPDATE runs SET body = replace(body, '75.00 USD', '750.00 USD') WHERE id = ?"
        assert gate.execute(changed, (id_,)).rowcount == 1
    answers = (
        ("reject", id_, "--as", "ann", "--note", "no"), ("cancel", id_, "--as", "ann"),
        ("comment", id_, "well", "--as", "ann"),
    )  # fmt: skip
    for answer in answers:
        ran = shop.run(*answer)
        refused(ran, "edited_run")
        assert (
            "put its row back from a backup of the store (table `runs`, where `id` names" in ran.err
        )
    found = run("audit", "verify", "--config", shop.config)
    assert (found.code, f"of `{id_}` is not what its last step left" in found.out) == (1, True)


def test_to_verify_needs_no_private_key(shop: Shop) -> None:
    private, public = key_pair(1)
    (shop.folder / "trail.pem").write_bytes(private)
    (shop.folder / "trail.pub.pem").write_bytes(public)
    (shop.folder / "other.pem").write_bytes(key_pair(2)[1])
    plain = shop.config.read_text()
    shop.config.write_text('audit_key = "trail.pem"\n' + plain)
    shop.propose(refund("20.00 USD"))
    shop.run("work", "--drain")
    named = ("audit", "verify", "--config", shop.config)
    assert "\nsigned by gatewright+" in run(*named).out

    (shop.folder / "trail.pem").unlink()  # as where only workers may read it
    gone = run(*named)
    assert (gone.code, gone.out) == (2, "")
    assert "trail.pem: No such file or directory; a public key does to verify" in gone.err
    assert "`--key` or `audit_public_keys`" in gone.err
    assert "\nsigned by" in run(*named, "--key", shop.folder / "trail.pub.pem").out
    for keys, code in (
        ('"trail.pub.pem"', 0), ('["other.pem", "trail.pub.pem"]', 0), ('"other.pem"', 1),
        ('"gone.pem"', 2), ("[]", 2),
    ):  # fmt: skip
        shop.config.write_text(f'audit_key = "trail.pem"\naudit_public_keys = {keys}\n{plain}')
        found = run(*named)
        assert (found.code, "\nsigned by gatewright+" in found.out) == (code, code == 0), keys
        # Of several keys it is told which one signed.
        assert ("trail.pub.pem);" in found.out) == (code == 0), keys
        if code == 0:
            told = run(*named, "--format", "json").data
            assert told["key_files"] == {told["signers"][0]: str(shop.folder / "trail.pub.pem")}
    shop.config.write_text('audit_public_keys = "trail.pub.pem"\n' + plain)
    assert "\nsigned by gatewright+" in run(*named).out
    (shop.folder / "trail.pem").write_bytes(public)  # what stands in its place may be public
    shop.config.write_text('audit_key = "trail.pem"\n' + plain)
    assert "\nsigned by gatewright+" in run(*named).out
    assert "is no private key" in run("work", "--config", shop.config, "--drain").err
    shop.config.write_text(plain)
    unchecked = run(*named)
    assert (unchecked.code, "no `audit_public_keys` are configured" in unchecked.out) == (0, True)
