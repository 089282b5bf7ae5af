"""A directory file that changes under a gate, or is no directory; and people in two spellings."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.connectors.systems.sandbox import Sandbox
from gatewright.engine.load import load_source
from gatewright.engine.runtime.directory import (
    DirectoryError,
    DirectoryFile,
    FileDirectory,
    Person,
)
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.worker import Worker
from gatewright.engine.values import Timestamp

POLICY = load_source("""
package shop.refunds
action billing.refund on billing.charge { amount: money(USD) > 0 USD }
route manager { one of group("managers") timeout 4h then reject }
default require manager
""")
NFC, NFD = "Zo\u00eb", "Zoe\u0308"
REFUND = {
    "action": "billing.refund",
    "params": {"amount": "75.00 USD"},
    "target": {"id": "ch_1"},
    "agent": {"id": "bot"},
}


def write(file: Path, text: str, age_s: int = 60) -> None:
    """Write a file of an age at which nobody looks into it again for nothing."""
    file.write_text(text, encoding="utf-8")
    at = time.time_ns() - age_s * 10**9
    os.utime(file, ns=(at, at))


# --- a file that changes


class Office:
    """A gate whose people stand in a file, and a worker that goes on all the time."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "people.yaml"
        self.write("people: {ann: {}, bob: {}}\ngroups: {managers: [ann, bob]}")
        self.world = Sandbox(seed=7)
        self.gate = Gate(
            POLICY,
            store=f"sqlite:///{folder}/gate.db",
            connectors=self.world.connectors(),
            directory=DirectoryFile(self.file),
        )
        self.worker = Worker(self.gate)

    def write(self, text: str) -> None:
        write(self.file, text)

    def asked(self) -> tuple[str, str]:
        run = self.gate.propose(REFUND)
        return run.id, run.card

    def approved_by(self, person: str) -> str:
        run, card = self.asked()
        self.gate.approve(run, by=person, card=card)
        return run

    def worked(self, run: str) -> State:
        self.worker.drain()
        return self.gate.run(run).state


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.gate.close()


def test_who_left_does_not_count_for_a_worker_that_began_before(office: Office) -> None:
    run = office.approved_by("ann")
    office.write("people: {ann: {}, bob: {}}\ngroups: {managers: [bob]}")
    assert office.worked(run) is State.PENDING
    assert office.world.effects() == []


def test_who_came_counts_for_a_worker_that_began_before(office: Office) -> None:
    office.write("people: {zed: {}}\ngroups: {managers: [zed]}")
    assert office.worked(office.approved_by("zed")) is State.DONE


@pytest.mark.parametrize(
    "text", ["people: {ann: {}}\ngroups: {managers: []}", "people: {ann: [", ""]
)
def test_people_that_nobody_knows_approve_nothing(office: Office, text: str) -> None:
    run = office.approved_by("ann")
    waiting, card = office.asked()
    office.write(text)
    assert office.worked(run) is State.APPROVED
    assert office.world.effects() == []
    with pytest.raises(DirectoryError):
        office.gate.approve(waiting, by="ann", card=card)
    office.write("people: {ann: {}}\ngroups: {managers: [ann]}")
    assert office.gate.approve(waiting, by="ann", card=card).state is State.APPROVED


def test_a_file_that_is_gone(office: Office) -> None:
    run, card = office.asked()
    office.file.unlink()
    with pytest.raises(DirectoryError, match="cannot be read"):
        office.gate.approve(run, by="ann", card=card)


def test_a_file_is_read_when_it_changed(tmp_path: Path) -> None:
    """Also where it is as long and as old as before; else it is only looked at."""
    file = tmp_path / "people.yaml"
    write(file, "people: {ann: {}}")
    now = [time.time_ns() + 10**10]
    people = DirectoryFile(file, lambda: now[0])
    assert people() is people()
    write(file, "people: {bob: {}}")
    assert people().people() == {"bob"}
    now[0] = time.time_ns()  # it was written a moment ago
    assert people() is not people()


# --- a file that is none


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("people: {a: {}, b: {}}\ngroups:\n  m: [a]\n  m: [b]\n", ":4:3: the key `m` is given twice"),
        ("people: {a: {}, a: {roles: [boss]}}", "the key `a` is given twice"),
        ("people: " + "[" * 20_000, "nested too deeply"),
        ("people: " + "{a: " * 5_000, "nested too deeply"),
        ("people: &p {ann: *p}", "aliases are not allowed"),
        ("people: !!python/object/apply:os.system [id]", "is not allowed"),
        ("people: {a: {}}\n---\npeople: {b: {}}", "is one document"),
        ('people: {"a\\0b": {}}', "NUL"),
        ("people: {" + "a" * 300 + ": {}}", "300 characters; at most 256"),
        (f"people: {{{NFC}: {{}}, {NFD}: {{}}}}", "twice, in two ways"),
        ("people: {<<: [1]}", "must be a mapping"),
        ("people: {1: {}}", "this key is no text"),
    ],
)  # fmt: skip
def test_what_is_no_directory(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "people.yaml"
    write(file, text)
    with pytest.raises(DirectoryError) as caught:
        FileDirectory.read(file)
    assert why in caught.value.message


def test_words_that_yaml_takes_for_something_else(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    write(file, "people: {no: {name: 2020-13-45}, on: {name: 0x_}}\ngroups: {off: [no, on]}")
    found = FileDirectory.read(file)
    assert found.people() == found.group("off") == {"no", "on"}


# --- two spellings of one person


@pytest.mark.parametrize("listed", [NFC, NFD])
@pytest.mark.parametrize("given", [NFC, NFD])
@pytest.mark.parametrize("answering", [NFC, NFD])
@pytest.mark.parametrize("role", ["agent", "owner", "team", "requester", "editor", "stand-in"])
def test_another_spelling_lets_nobody_approve_their_own(
    listed: str, given: str, answering: str, role: str
) -> None:
    people = FileDirectory.of(
        {
            "people": {listed: {}, "ann": {}, "bob": {}},
            "groups": {"managers": [listed, "ann", "bob"], f"team {listed}": [listed]},
        }
    )
    gate = Gate(
        POLICY, store="sqlite://", connectors=Sandbox(seed=7).connectors(), directory=people
    )
    agents = {
        "agent": {"id": given},
        "owner": {"id": "bot", "owner": given},
        "team": {"id": "bot", "owner": f"team {given}"},
        "stand-in": {"id": "bot", "owner": "ann"},
    }
    action = {**REFUND, "agent": agents.get(role, {"id": "bot"})}
    run = gate.propose(action, requester=given if role == "requester" else None)
    if role == "editor":
        run = gate.revise(run.id, action, by=given)
    if role == "stand-in":
        now = run.updated_at
        until = Timestamp(now + 10**13)
        gate.delegate(giver="ann", taker=given, from_at=Timestamp(now), until_at=until)
    with pytest.raises(GateError) as caught:
        gate.approve(run.id, by=answering, card=run.card)
    assert caught.value.code == "excluded"
    assert gate.approve(run.id, by="bob", card=run.card).state is State.APPROVED
    gate.close()


class Spelt:
    """A directory of a host, which finds a group by one spelling of its name alone."""

    def __init__(self, team: str) -> None:
        self._groups = {team: frozenset({"oli"}), "managers": frozenset({"oli", "bob"})}

    def people(self) -> frozenset[str]:
        return frozenset({"oli", "bob"})

    def person(self, id: str) -> Person | None:
        return Person(id) if id in self.people() else None

    def group(self, name: str) -> frozenset[str]:
        return self._groups.get(name, frozenset())

    def role(self, name: str) -> frozenset[str]:
        return frozenset()


@pytest.mark.parametrize("spelt", [NFC, NFD])
def test_a_team_in_another_spelling_does_not_approve_what_its_agent_does(spelt: str) -> None:
    gate = Gate(
        POLICY, store="sqlite://", connectors=Sandbox(seed=7).connectors(), directory=Spelt(spelt)
    )
    run = gate.propose({**REFUND, "agent": {"id": "bot", "owner": NFC}})
    with pytest.raises(GateError) as caught:
        gate.approve(run.id, by="oli", card=run.card)
    assert caught.value.code == "excluded"
    gate.close()


def test_one_person_in_two_spellings_fills_one_place() -> None:
    two = load_source("""
    package shop.refunds
    action billing.refund on billing.charge { amount: money(USD) > 0 USD }
    route manager { 2 of group("managers") }
    default require manager
    """)
    people = FileDirectory.of(
        {"people": {NFD: {}, "ann": {}}, "groups": {"managers": [NFD, "ann"]}}
    )
    gate = Gate(two, store="sqlite://", connectors=Sandbox(seed=7).connectors(), directory=people)
    run = gate.propose(REFUND)
    assert [one.id for one in gate.queue(person=NFC)] == [run.id]
    gate.approve(run.id, by=NFC, card=run.card)
    with pytest.raises(GateError) as caught:
        gate.approve(run.id, by=NFD, card=run.card)
    assert caught.value.code == "voted"
    gate.close()


@pytest.mark.parametrize("by", [None, 7, "Z" + "\u0301" * 300])
def test_who_is_no_text_is_nobody(office: Office, by: str) -> None:
    run, card = office.asked()
    with pytest.raises(GateError) as caught:
        office.gate.approve(run, by=by, card=card)
    assert caught.value.code == "bad_text"
