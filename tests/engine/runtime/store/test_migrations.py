"""A database gets the tables of this version once, whoever comes first."""

from __future__ import annotations

import multiprocessing
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, delete, event, insert, inspect, select, text

from gatewright.engine.canonical import exact_json
from gatewright.engine.history.event import Event
from gatewright.engine.runtime.store import events as store_events
from gatewright.engine.runtime.store import schema
from gatewright.engine.runtime.store.database import Database, open_database
from gatewright.engine.runtime.store.errors import StoreOutdated, StoreReadOnly, StoreUnusable
from gatewright.engine.runtime.store.migrations import (
    FOLDER,
    VERSION_TABLE,
    check,
    ensure,
    newest,
    require_no_other,
    upgrade,
)
from tests.engine.history.test_indexes import NOW, past

NEXT = """
from alembic import op
import sqlalchemy as sa

revision = "9999"
down_revision = "{before}"

def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    {then}
"""


def tables(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(inspect(connection).get_table_names())


def versions(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")))  # noqa: S608


def later(tmp_path: Path, then: str = "pass") -> str:
    """Return a folder of the steps of a version after this one."""
    folder = tmp_path / "later"
    shutil.copytree(Path(FOLDER) / "versions", folder / "versions")
    step = NEXT.format(before=newest(), then=then)
    (folder / "versions" / "9999_later.py").write_text(step, encoding="utf-8")
    return str(folder)


def all_versions() -> tuple[str, ...]:
    """Every version up to this one, in order."""
    return tuple(f"{number:04}" for number in range(1, int(newest()) + 1))


def test_the_steps_make_the_tables_of_the_schema(bare_database: Database) -> None:
    upgrade(bare_database)
    of_postgres = {"runs_by_prefix"}

    def is_here(_: object, name: str | None, kind: str, *more: object) -> bool:
        return bare_database.is_postgres or kind != "index" or name not in of_postgres

    with bare_database.reading() as connection:
        options = {
            "version_table": VERSION_TABLE, "compare_server_default": True, "include_object": is_here,
        }  # fmt: skip
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.complete()) == []


def test_the_last_step_leads_to_the_version_that_is_asked_for() -> None:
    assert ScriptDirectory(FOLDER).get_current_head() == schema.VERSION == newest()


def older(tmp_path: Path, last: str) -> str:
    """Return a folder of the steps up to a version."""
    folder = tmp_path / "older"
    shutil.copytree(Path(FOLDER) / "versions", folder / "versions")
    for step in (folder / "versions").glob("0*.py"):
        if step.stem[:4] > last:
            step.unlink()
    return str(folder)


def test_past_actions_of_an_older_database_are_counted_and_added_up(
    bare_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(bare_database, folder=older(tmp_path, "0006"))
    events = [
        past(n, NOW - n, {"customer": "C", "amount": f"{n}.50 {'USD' if n % 3 else 'EUR'}"},
             status="executed" if n % 2 else "blocked", agent="bot")
        for n in range(7)
    ]  # fmt: skip
    with bare_database.transaction() as connection:
        for event in events:
            _put_as_0006(connection, event)
    monkeypatch.setattr(store_events, "_PAGE", 3)
    assert upgrade(bare_database) == ("0007", "0008")
    tables = (schema.event_forms, schema.event_keys, schema.events, schema.event_shapes)
    with bare_database.transaction() as connection:
        moved = [_rows(connection, table) for table in tables[:2]]
        for table in (schema.event_keys, schema.events, schema.event_forms):
            connection.execute(delete(table))
        for event in events:
            store_events.put(connection, event)
        made = [_rows(connection, table) for table in tables[:2]]
    assert moved == made
    assert len(moved[0]) > 1
    assert len(moved[1]) > len(events)


def _rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    """Return the rows of a table without the numbers that a database gives."""
    numbers = {"number", "event", "form"}
    columns = [column for column in table.columns if column.name not in numbers]
    found = [tuple(row) for row in connection.execute(select(*columns))]
    return sorted(found, key=repr)


def _put_as_0006(connection: Connection, event: Event) -> None:
    """Record an event as the version before forms did."""
    shape = {"digest": "of-before", "action": event.action, "body": "{}"}
    if connection.scalar(text("SELECT count(*) FROM event_shapes")) == 0:
        connection.execute(insert(schema.event_shapes).values(shape))
    row = {
        "id": event.id, "action": event.action, "at": event.at.nanos, "status": event.status,
        "shape": "of-before", "body": exact_json(event.to_dict()),
    }  # fmt: skip
    number = connection.execute(
        insert(schema.events).values(row).returning(schema.events.c.number)
    ).scalar_one()
    connection.execute(
        text("INSERT INTO event_keys (event, name, value, at) VALUES (:e, 'customer', 'x', :at)"),
        {"e": number, "at": event.at.nanos},
    )


def test_questions_of_an_older_database_learn_when_their_run_was_proposed(
    bare_database: Database, tmp_path: Path
) -> None:
    upgrade(bare_database, folder=older(tmp_path, "0001"))
    run = (
        "INSERT INTO runs (id, version, state, action, proposed_at, updated_at, fence, body)"
        " VALUES ('run_1', 1, 'pending', 'a', 5, 7, 0, '{}')"
    )
    with bare_database.transaction() as connection:
        connection.execute(text(run))
        connection.execute(text("INSERT INTO asks (run, route, asked_at) VALUES ('run_1', 'r', 7)"))
    upgrade(bare_database)
    with bare_database.reading() as connection:
        (ask,) = connection.execute(select(schema.asks))
    assert tuple(ask) == ("run_1", "r", 5, 7, None)


def test_an_empty_database_is_made_and_then_passes(bare_database: Database) -> None:
    ensure(bare_database)
    assert tables(bare_database) == {*schema.metadata.tables, VERSION_TABLE}
    assert versions(bare_database) == [newest()]
    ensure(bare_database)
    assert upgrade(bare_database) == ()


def test_a_current_database_is_known_by_one_statement(database: Database) -> None:
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    for step in (ensure, check, require_no_other):
        step(database)
    assert [statement.split()[0] for statement in asked if VERSION_TABLE in statement] == [
        "SELECT"
    ] * 3
    assert not [one for one in asked if "sqlite_master" in one or "pg_class" in one]


@pytest.mark.parametrize("rows", [(), ("0001",), ("0008", "x"), ("x",), ("00080",)])
def test_only_this_version_alone_is_current(database: Database, rows: tuple[str, ...]) -> None:
    with database.transaction() as connection:
        connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))  # noqa: S608
        for row in rows:
            connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:v)"), {"v": row})  # noqa: S608
    with pytest.raises(StoreOutdated):
        check(database)


def test_an_older_database_is_refused_until_it_is_upgraded(
    database: Database, tmp_path: Path
) -> None:
    folder = later(tmp_path)
    with pytest.raises(StoreOutdated, match="gatewright db upgrade"):
        ensure(database, folder=folder)
    assert "later" not in tables(database)
    assert upgrade(database, folder=folder) == ("9999",)
    ensure(database, folder=folder)
    assert versions(database) == ["9999"]
    assert "later" in tables(database)


def test_a_newer_database_is_refused(database: Database, tmp_path: Path) -> None:
    upgrade(database, folder=later(tmp_path))
    before = tables(database)
    for step in (ensure, upgrade):
        with pytest.raises(StoreOutdated, match="version 9999"):
            step(database)
    assert (tables(database), versions(database)) == (before, ["9999"])


def test_two_versions_at_once_are_refused(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES ('x')"))  # noqa: S608
    with pytest.raises(StoreOutdated):
        ensure(database)


def test_a_step_that_fails_leaves_nothing(bare_database: Database, tmp_path: Path) -> None:
    folder = later(tmp_path, then="raise RuntimeError('no')")
    with pytest.raises(RuntimeError, match="no"):
        ensure(bare_database, folder=folder)
    assert tables(bare_database) == set()


def test_tables_of_others_stay_theirs(bare_database: Database) -> None:
    with bare_database.transaction() as connection:
        connection.execute(text("CREATE TABLE runs (x INTEGER)"))
    with pytest.raises(StoreUnusable, match="`runs`"):
        ensure(bare_database)
    assert tables(bare_database) == {"runs"}


def test_tables_under_other_names_do_not_matter(bare_database: Database) -> None:
    with bare_database.transaction() as connection:
        connection.execute(text("CREATE TABLE orders (x INTEGER)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
    ensure(bare_database)
    assert versions(bare_database) == [newest()]


def test_twelve_threads_make_one(bare_database: Database) -> None:
    ready = Barrier(12)

    def make(_: int) -> tuple[str, ...]:
        ready.wait(30)
        return upgrade(bare_database)

    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(make, range(12)))
    assert sorted(done) == [()] * 11 + [all_versions()]


def make_in_process(url: str) -> tuple[str, ...]:
    database = open_database(url, patience_s=60)
    try:
        return upgrade(database)
    finally:
        database.close()


def test_four_processes_make_one(database_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        done = pool.map(make_in_process, [database_url] * 4, chunksize=1)
    assert sorted(done) == [()] * 3 + [all_versions()]


def test_databases_are_made_side_by_side(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / str(n)}.db" for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(make_in_process, urls)) == [all_versions()] * 6


def test_a_database_that_may_only_be_read(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    make_in_process(f"sqlite:///{file}")
    opened = open_database(f"sqlite:///{file}?mode=ro")
    ensure(opened)
    opened.close()
    empty = tmp_path / "empty.db"
    empty.touch()
    opened = open_database(f"sqlite:///{empty}?mode=ro")
    with pytest.raises(StoreReadOnly):
        ensure(opened)
    opened.close()
