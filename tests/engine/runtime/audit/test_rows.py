"""Rows that somebody edited by hand are found by the trail, whichever column it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, ForeignKey, Integer, Table, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from gatewright.engine.load import load_source
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.verify import Report, verify
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.values import Timestamp
from tests.conftest import ROOT
from tests.engine.runtime.world import HOUR, World

REFUNDS = (ROOT / "examples" / "refunds" / "refunds.gate").read_text("utf-8")

NOT_COMPARED: dict[str, str] = {
    "runs.claimed_by": "whose claim it is; a worker goes by the fence",
    "decisions.number": "the order of the log",
    "timers.failures": "how often it could not be fired",
}
BELOW = {
    "runs": (t.asks, t.timers, t.payloads, t.decisions, t.exception_uses),
    "events": (t.event_keys, t.event_rules),
}
"""Rows that go with others."""
PINNED = {"runs.id", "events.number"}
"""Other rows hold to these: no database lets anybody change them alone."""
COMPARED = (
    t.runs, t.asks, t.timers, t.payloads, t.decisions, t.events, t.event_keys, t.event_rules,
    t.exception_uses, t.delegations,
)  # fmt: skip


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        start, end = Timestamp(world.now - HOUR).text, Timestamp(world.now + HOUR).text
        world.policy = load_source(
            REFUNDS
            + f"""
guard shut on billing.refund when action.amount == 31 USD => block
exception open suspends shut {{
  when action.amount < 40 USD from {start} until {end} owner "o" reason "r" max_uses 5
}}
"""
        )
        yield world


def a_day(world: World) -> dict[str, Run]:
    """Runs in every situation, and delegations."""
    done = world.work(world.approve(world.propose("75.00 USD", "ch_1")))
    world.propose("31.00 USD", "ch_2")
    world.work(world.propose("20.00 USD", "ch_3"))
    world.ledger.faults = ["refuses"]
    failed = world.work(world.approve(world.propose("80.00 USD", "ch_4")))
    back = world.work(world.approve(world.gate.compensate(done.id, by="bob"), "ann"))
    world.gate.comment(done.id, by="bob", text="well")
    for taker in ("gus", "bob"):
        from_at, until_at = Timestamp(world.now), Timestamp(world.now + HOUR)
        one = world.gate.delegate(giver="fay", taker=taker, from_at=from_at, until_at=until_at)
    world.gate.revoke(one, by="fay")
    rejected = world.gate.reject(world.propose("90.00 USD", "ch_4").id, by="ann", note="no")
    late = world.propose("120.00 USD", "ch_5")
    world.now += 3 * HOUR
    world.worker.drain()
    waiting = world.propose("300.00 USD", "ch_5")
    world.now += 1
    sequence(world.gate.desk.database)
    assert world.gate.run(late.id).state is State.PENDING
    return {
        "done": done, "failed": failed, "back": back, "rejected": rejected, "late": late,
        "waiting": waiting,
    }  # fmt: skip


def report(world: World) -> Report:
    with world.gate.desk.database.reading() as connection:
        return verify(connection)


def edited(world: World, edit: Callable[[Connection], object]) -> Report:
    """Verify a store with an edit, and take the edit back."""

    class Undone(Exception):
        pass

    found: list[Report] = []
    with pytest.raises(Undone), world.gate.desk.database.transaction() as connection:
        edit(connection)
        found.append(verify(connection))
        raise Undone
    return found[0]


def test_what_nobody_edited_is_good(world: World) -> None:
    a_day(world)
    found = report(world)
    assert (found.findings, found.rows, found.unvouched, found.waiting) == ((), 10, 0, 0)
    world.now += 30 * HOUR
    world.worker.drain()
    assert report(world).findings == ()


def other(column: Column[Any], row: Any) -> list[object]:
    """Return values that are not what a row has; the first that the database takes counts."""
    value = row[column.name]
    if isinstance(column.type, Integer):  # BigInteger too
        return [1 if value is None else value + 1]
    if value is None:
        return ["x"]
    return [f"{value[:-1]}{'0' if value[-1] != '0' else '1'}", '{"a":1}']


def some(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Return a few rows of a table, from its beginning to its end."""
    wanted = select(table).order_by(*table.primary_key.columns)
    rows = [dict(row) for row in connection.execute(wanted).mappings()]
    assert rows
    return [rows[0], rows[len(rows) // 2], rows[-1]]


def changes(connection: Connection, table: Table, column: Column[Any]) -> Iterator[object]:
    """Do one change of a column after the other, in savepoints that are taken back."""
    for row in some(connection, table):
        here = [c == row[c.name] for c in table.primary_key.columns]
        values = other(column, row)
        for key in column.foreign_keys:
            assert isinstance(key, ForeignKey)
            others = select(key.column).where(key.column != row[column.name]).limit(30)
            values = list(connection.scalars(others))
        for value in values:
            nested = connection.begin_nested()
            try:
                connection.execute(update(table).where(*here).values({column.name: value}))
            except DBAPIError:  # two of one key, or too long
                nested.rollback()
                continue
            yield row
            nested.rollback()
            break


def test_every_column_that_is_flipped_is_found(world: World) -> None:
    a_day(world)
    silent, flipped = set[str](), set[str]()
    with world.gate.desk.database.transaction() as connection:
        policy = {"digest": "sha256:0", "bundle": b"", "first_used_at": 0}
        connection.execute(insert(t.policies).values(policy))
        shape = {"digest": "0", "action": "billing.refund", "body": "{}"}
        connection.execute(insert(t.event_shapes).values(shape))
        for table in COMPARED:
            for column in table.columns:
                for _ in changes(connection, table, column):
                    flipped.add(f"{table.name}.{column.name}")
                    if not verify(connection).findings:
                        silent.add(f"{table.name}.{column.name}")
    names = {f"{table.name}.{column.name}" for table in COMPARED for column in table.columns}
    assert flipped == names - PINNED
    assert silent == NOT_COMPARED.keys()


def test_every_row_that_is_gone_is_found(world: World) -> None:
    a_day(world)
    for table in COMPARED:
        with world.gate.desk.database.reading() as connection:
            rows = some(connection, table)
        for row in rows:

            def drop(connection: Connection, table: Table = table, row: Any = row) -> None:
                for child in BELOW.get(table.name, ()):
                    column = child.c["event" if table is t.events else "run"]
                    key = row["number" if table is t.events else "id"]
                    connection.execute(child.delete().where(column == key))
                here = [c == row[c.name] for c in table.primary_key.columns]
                connection.execute(table.delete().where(*here))

            found = edited(world, drop).findings
            assert found, row
            assert {finding.kind for finding in found} <= {"row", "payload"}


def put(connection: Connection, run: str, document: dict[str, Any]) -> None:
    connection.execute(
        update(t.runs).where(t.runs.c.id == run)
        .values(body=json.dumps(document), state=document["state"])
    )  # fmt: skip


def body_of(connection: Connection, run: str) -> dict[str, Any]:
    body = connection.scalar(select(t.runs.c.body).where(t.runs.c.id == run))
    found: dict[str, Any] = json.loads(body or "")
    return found


def state(document: dict[str, Any]) -> None:
    document["state"] = "cancelled"


def voter(document: dict[str, Any]) -> None:
    document["rounds"][-1]["votes"][0]["person"] = "bob"


def vote_gone(document: dict[str, Any]) -> None:
    document["rounds"][-1]["votes"] = []


def vote_on_behalf(document: dict[str, Any]) -> None:
    document["rounds"][-1]["votes"][0]["on_behalf_of"] = "bob"


def vote_card(document: dict[str, Any]) -> None:
    document["rounds"][-1]["votes"][0]["card"] = "sha256:" + "0" * 64


def vote_note(document: dict[str, Any]) -> None:
    document["rounds"][-1]["votes"][0]["note"] = "fine"


def outcome(document: dict[str, Any]) -> None:
    document["attempts"][-1]["outcome"] = "not_applied"


def attempt_gone(document: dict[str, Any]) -> None:
    document["attempts"] = []


def plan(document: dict[str, Any]) -> None:
    document["rounds"][-1]["plan"] = "sha256:" + "0" * 64


def timer(document: dict[str, Any]) -> None:
    document["rounds"][-1]["asks"][0]["timeout_at"] = 5


def quorum(document: dict[str, Any]) -> None:
    document["rounds"][-1]["asks"][0]["quorum"] = 2


def remark(document: dict[str, Any]) -> None:
    document["remarks"][0]["by"] = "ann"


def receipt(document: dict[str, Any]) -> None:
    document["attempts"][-1]["receipt"]["version"] = "9"


EDITS: dict[Callable[[dict[str, Any]], None], str] = {
    state: "state", voter: "votes", vote_gone: "votes", vote_on_behalf: "votes",
    vote_card: "votes", vote_note: "body", outcome: "attempts", attempt_gone: "attempts",
    plan: "body", timer: "body", quorum: "body", remark: "body", receipt: "body",
}  # fmt: skip


def test_what_is_edited_within_a_run_is_named(world: World) -> None:
    done = a_day(world)["done"]
    for edit, column in EDITS.items():

        def change(connection: Connection, edit: Callable[[dict[str, Any]], None] = edit) -> None:
            document = body_of(connection, done.id)
            edit(document)
            put(connection, done.id, document)

        findings = edited(world, change).findings
        assert {(one.kind, one.table, one.row) for one in findings} == {("row", "runs", done.id)}
        assert column in {one.column for one in findings}, edit.__name__


def test_a_vote_that_nobody_gave_is_named(world: World) -> None:
    late = a_day(world)["waiting"]

    def change(connection: Connection) -> None:
        document = body_of(connection, late.id)
        ask = document["rounds"][-1]["asks"][0]
        vote = {"person": "fay", "route": ask["route"], "card": late.card, "at": world.now,
                "note": None, "on_behalf_of": None, "escalated_from": None}  # fmt: skip
        document["rounds"][-1]["votes"] = [vote]
        put(connection, late.id, document)

    (finding,) = edited(world, change).findings
    assert (finding.table, finding.row, finding.column) == ("runs", late.id, "votes")
    assert "`fay` that nobody gave" in finding.message


def test_a_delegation_that_nobody_gave_is_named(world: World) -> None:
    a_day(world)
    values = {"id": "del_x", "giver": "fay", "taker": "cat", "from_at": 0, "until_at": 2**62}
    (finding,) = edited(world, lambda c: c.execute(insert(t.delegations).values(values))).findings
    assert (finding.table, finding.row) == ("delegations", "del_x")


def test_a_past_action_that_was_made_up_is_named(world: World) -> None:
    a_day(world)
    copy = (
        "INSERT INTO events (id, action, at, status, shape, body)"
        " SELECT 'x', action, at, status, shape, body FROM events ORDER BY number LIMIT 1"
    )
    (finding,) = edited(world, lambda c: c.execute(text(copy))).findings
    assert (finding.table, finding.row) == ("events", "x")


def test_rows_are_compared_only_with_a_trail_that_holds(world: World) -> None:
    done = a_day(world)["done"]

    def change(connection: Connection) -> None:
        connection.execute(update(t.leaves).where(t.leaves.c.run == done.id).values(kind="x"))

    found = edited(world, change)
    assert (found.rows, [one.kind for one in found.findings]) == (None, ["changed"])
    with world.gate.desk.database.reading() as connection:
        assert verify(connection, rows=False).rows is None


def test_what_an_older_version_wrote_is_counted(world: World) -> None:
    """Its leaves say nothing of rows; here a store of today without them."""
    run = world.propose("20.00 USD", "ch_1")
    with world.gate.desk.database.transaction() as connection:
        for number, body in connection.execute(select(t.leaves.c.number, t.leaves.c.body)).all():
            leaf = json.loads(body)
            leaf.pop("rows", None)
            old = json.dumps(leaf, sort_keys=True, separators=(",", ":"))
            connection.execute(update(t.leaves).where(t.leaves.c.number == number).values(body=old))
        connection.execute(update(t.runs).where(t.runs.c.id == run.id).values(agent="other"))
    sequence(world.gate.desk.database)
    found = report(world)
    assert (found.is_good, found.rows, found.unvouched) == (True, 0, 1)
