"""No statement of a step reads a table from end to end: everything is found through an index."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from benchmarks.runtime import scene
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import Query
from gatewright.engine.history.where import lasting
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.store import runs
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.events import put
from gatewright.engine.runtime.store.history import StoreHistory
from gatewright.engine.values import Map, Money, Timestamp
from tests.engine.runtime.world import HOUR, World

Statements = dict[str, Any]
"""Statements with the parameters of one execution."""

SMALL = {"policies", "event_shapes", "event_forms", "checkpoints"}
"""Tables that do not grow with the runs, or of which only the last row is read."""


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as opened:
        yield opened


@contextmanager
def noted(database: Database) -> Generator[Statements]:
    """Note what is executed."""
    found: Statements = {}

    def note(_: object, __: object, statement: str, parameters: Any, *more: Any) -> None:
        if re.match(r"(SELECT\b.*\bFROM|UPDATE|DELETE)\b", statement.strip(), re.DOTALL):
            found[statement] = parameters[0] if more[-1] else parameters

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def scans(database: Database, statements: Statements) -> list[str]:
    """Return the plans that look at every row of a table, each with its statement."""
    found: list[str] = []
    with database.reading() as connection:
        if database.is_postgres:  # whole scans are chosen only where nothing else is possible
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in statements.items():
            explain = "EXPLAIN" if database.is_postgres else "EXPLAIN QUERY PLAN"
            rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plan = [str(row[-1]) for row in rows]
            found += [f"{line.strip()} in {statement}" for line in plan if _reads_all(line)]
    return found


def _reads_all(line: str) -> bool:
    whole = re.search(r"Seq Scan on (\w+)|^SCAN (?!anon_)(\w+)\b(?! USING (COVERING )?INDEX)", line)
    return whole is not None and not {whole[1], whole[2]} & SMALL


def story(world: World) -> None:
    """Take every kind of step at least once."""
    gate, database = world.gate, world.gate.desk.database
    done = world.propose("20.00 USD", "ch_1", idempotency_key="k")
    world.propose("20.00 USD", "ch_1", idempotency_key="k")
    waiting, other = world.propose(charge="ch_2"), world.propose(charge="ch_3")
    name = gate.delegate(
        giver="ann", taker="cat", from_at=Timestamp(world.now), until_at=Timestamp(world.now + HOUR)
    )
    assert {run.id for run in gate.queue(person="cat")} == {waiting.id, other.id}
    assert len(gate.queue()) == 2
    gate.revoke(name, by="ann")
    world.approve(waiting)
    assert world.work(done).state is State.DONE
    gate.compensate(done.id, by="ann")
    gate.reject(other.id, by="bob", note="no")
    gate.trail(done.id)
    world.now += HOUR
    world.worker.drain()
    sequence(database)
    with database.reading() as connection:
        runs.listed(connection, after=(done.proposed_at, done.id))
        runs.listed(connection, states=[State.PENDING], after=(done.proposed_at, done.id))


def test_no_statement_of_a_step_reads_a_whole_table(world: World) -> None:
    database = world.gate.desk.database
    with noted(database) as statements:
        story(world)
    tables = {name for each in statements for name in re.findall(r"(?:FROM|UPDATE) (\w+)", each)}
    assert tables >= {"runs", "asks", "timers", "payloads", "events", "leaves", "delegations"}
    assert scans(database, statements) == []


@pytest.mark.parametrize(
    "statement",
    ["SELECT id FROM runs WHERE action = 'a'", "UPDATE leaves SET at = 0 WHERE kind = 'decided'"],
    ids=["runs", "leaves"],
)
def test_a_scan_is_found(world: World, statement: str) -> None:
    (found,) = scans(world.gate.desk.database, {statement: ()})
    assert statement in found


MANY = 100_000
NOW = Timestamp(1_764_000_000_000_000_000)
_COPIES = (
    """
    INSERT INTO events (number, id, action, at, status, shape, body)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
    SELECT number + i * 2, id || i, action, at - i, status, shape, body FROM events CROSS JOIN n
    """,
    """
    INSERT INTO event_keys (event, name, value, at, form, units1, units2, units3)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
    SELECT event + i * 2, name, value, at - i, form, units1, units2, units3
    FROM event_keys CROSS JOIN n
    """,
)


def fill(database: Database) -> None:
    """Give two customers a hundred thousand refunds each."""
    with database.transaction() as connection:
        for customer in ("C-1", "C-2"):
            params = Map.of({"customer": customer, "amount": "5.25 USD"})
            put(connection, Event(customer, "billing.refund", NOW, "executed", params, agent="bot"))
        for statement in _COPIES:
            connection.execute(text(statement), {"many": MANY})
        connection.execute(text("ANALYZE event_keys"))
        connection.execute(text("ANALYZE events"))


def about(**parts: Any) -> Query:
    """Return a question about a customer, as the policy of the benchmarks asks it."""
    declared = scene.policy().policy.packages["bench"].histories["refunds"]
    where = lasting(declared)
    assert where is not None
    return Query(
        history=declared.qualified, actions=declared.actions, record=declared.record, now=NOW,
        within_nanos=MANY, keys=(("customer", "C-1"),), holds=where.holds, where=where, **parts,
    )  # fmt: skip


def plans(database: Database, statements: Statements) -> list[str]:
    """Return the plan of each statement that looks at keys, as it is in this store."""
    explain = "EXPLAIN" if database.is_postgres else "EXPLAIN QUERY PLAN"
    found: list[str] = []
    with database.reading() as connection:
        for statement, parameters in statements.items():
            if "event_keys" in statement:
                rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)
                found.append("\n".join(str(row[-1]) for row in rows))
    return found


@pytest.mark.slow
def test_a_hundred_thousand_events_are_asked_about_through_an_index(database: Database) -> None:
    fill(database)
    amounts = about(field="amount")
    expected: list[tuple[str, Query, object]] = [
        ("count", amounts, MANY),
        ("sum", amounts, Money(Decimal("5.25") * MANY, "USD")),
        ("last", amounts, "C-1"),
        ("distinct", about(field="agent"), 1),
    ]
    for question, query, answer in expected:
        with noted(database) as statements, database.reading() as connection:
            found = getattr(StoreHistory(connection, recorded=True), question)(query)
        assert (found.id if isinstance(found, Event) else found) == answer
        explained = plans(database, statements)
        assert explained
        assert all("event_keys_by_value" in plan for plan in explained), question
        assert scans(database, statements) == []
        if not database.is_postgres and question != "distinct":
            assert all("COVERING INDEX event_keys_by_value" in plan for plan in explained)
