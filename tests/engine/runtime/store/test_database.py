"""Transactions, steps that are tried again, the clock, and what is said when the database fails."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gatewright.engine.runtime.store.database import Database, open_database
from gatewright.engine.runtime.store.errors import (
    StoreBusy,
    StoreFull,
    StoreGone,
    StoreLocked,
    StoreReadOnly,
    StoreUnsure,
    StoreUnusable,
)
from tests.engine.runtime.databases import programs, temporary_cluster

ADD = text("INSERT INTO things VALUES (:n)")


def numbers(database: Database) -> list[int]:
    with database.reading() as connection:
        return [n for (n,) in connection.execute(text("SELECT n FROM things ORDER BY n"))]


@pytest.fixture
def things(bare_database: Database) -> Database:
    with bare_database.transaction() as connection:
        connection.execute(text("CREATE TABLE things (n integer PRIMARY KEY)"))
    return bare_database


def sqlite_only(database: Database) -> None:
    if database.is_postgres:
        pytest.skip("about SQLite")


def postgres_only(database: Database) -> None:
    if not database.is_postgres:
        pytest.skip("about PostgreSQL")


# --- transactions --------------------------------------------------------------------------------


def test_a_file_that_nobody_can_write_is_read_without_files_beside_it(tmp_path: Path) -> None:
    made = open_database(f"sqlite:///{tmp_path}/made.db")
    with made.transaction() as connection:
        connection.execute(text("CREATE TABLE things (n integer PRIMARY KEY)"))
        connection.execute(ADD, {"n": 1})
    made.close()
    folder = tmp_path / "medium"
    folder.mkdir()
    (tmp_path / "made.db").rename(folder / "gate.db")
    fixed = open_database(f"sqlite:///{folder}/gate.db?mode=ro&immutable=1", create=False)
    with fixed.reading():
        assert numbers(fixed) == [1]
        assert [file.name for file in folder.iterdir()] == ["gate.db"]
    with pytest.raises(StoreReadOnly), fixed.transaction() as connection:
        connection.execute(ADD, {"n": 2})
    fixed.close()


@pytest.mark.parametrize("query", ["SELECT n FROM others", "SELECT m FROM things"])
def test_tables_and_columns_that_are_gone_are_told(things: Database, query: str) -> None:
    with pytest.raises(StoreUnusable, match="lacks a table"), things.reading() as connection:
        connection.execute(text(query))


def test_a_transaction_is_kept_as_a_whole_or_not_at_all(things: Database) -> None:
    with things.transaction() as connection:
        connection.execute(ADD, {"n": 1})
    with pytest.raises(ZeroDivisionError), things.transaction() as connection:
        connection.execute(ADD, {"n": 2})
        raise ZeroDivisionError
    assert numbers(things) == [1]


def test_several_rows_that_fail_are_told_once(
    things: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(IntegrityError), things.transaction() as connection:
        connection.execute(ADD, [{"n": n % 300} for n in range(2_000)])
    assert not caplog.records


def test_a_mistake_of_the_caller_stays_what_it_is(things: Database) -> None:
    with pytest.raises(IntegrityError), things.transaction() as connection:
        connection.execute(ADD, {"n": 1})
        connection.execute(ADD, {"n": 1})
    assert numbers(things) == []


def test_reading_sees_one_moment(things: Database) -> None:
    with things.reading() as connection:
        before = connection.scalar(text("SELECT count(*) FROM things"))
        with things.transaction() as other:
            other.execute(ADD, {"n": 1})
        assert connection.scalar(text("SELECT count(*) FROM things")) == before == 0
    assert numbers(things) == [1]


def test_steps_that_decide_by_what_they_read_see_one_another(things: Database) -> None:
    """Each adds the number of rows: without isolation two of them would add the same."""

    def add(connection: Connection) -> None:
        found = connection.scalar(text("SELECT count(*) FROM things"))
        connection.execute(ADD, {"n": found})

    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        for _ in range(5):
            things.retrying(add)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(things) == list(range(30))


def test_trying_again_ends_with_patience(database_url: str) -> None:
    database = open_database(database_url, patience_s=0.5)
    postgres_only(database)
    database.now()  # to connect for the first time may take longer than anybody's patience
    tried = 0

    def refused(connection: Connection) -> None:
        nonlocal tried
        tried += 1
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(StoreBusy, match="ask again when less is going on"):
        database.retrying(refused)
    assert tried > 1
    database.close()


def test_what_the_work_raises_is_not_tried_again(things: Database) -> None:
    tried = 0

    def work(connection: Connection) -> None:
        nonlocal tried
        tried += 1
        connection.execute(ADD, {"n": 1})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        things.retrying(work)
    assert (tried, numbers(things)) == (1, [])


def test_sqlite_keeps_what_it_commits(bare_database: Database) -> None:
    sqlite_only(bare_database)
    with bare_database.transaction() as connection:
        said = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert said == ["wal", 2, 1, 10_000]


def test_a_database_in_memory_is_one_for_all_threads() -> None:
    database = open_database("sqlite://")
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE things (n integer PRIMARY KEY)"))

    def add(n: int) -> None:
        with database.transaction() as connection:
            connection.execute(ADD, {"n": n})

    threads = [threading.Thread(target=add, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(database) == [0, 1, 2, 3]
    database.close()


# --- the clock -----------------------------------------------------------------------------------


def test_the_time_is_that_of_the_database(bare_database: Database) -> None:
    with bare_database.transaction() as connection:
        within = bare_database.now(connection)
    hour = 3_600 * 10**9
    assert abs(within - time.time_ns()) < hour
    assert within <= bare_database.now() + hour


def test_a_clock_that_is_given_is_asked(database_url: str) -> None:
    database = open_database(database_url, clock=lambda: 17)
    assert database.now() == 17
    database.close()


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["", "gate.db", "mysql://root:hunter2@host/x", "sqlite+aiosqlite:///x", "post gres://hunter2"],
)
def test_an_address_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(StoreUnusable, match=r"write `sqlite:///gate\.db`") as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_password_is_shown(postgres_server: str) -> None:
    database = open_database("postgresql://who:hunter2@127.0.0.1:1/none")
    with pytest.raises(StoreGone, match=r"`none` on 127\.0\.0\.1 cannot be reached") as caught:
        database.now()
    assert "hunter2" not in f"{caught.value}{database!r}{caught.value.__cause__}"
    database.close()


def test_a_lock_that_somebody_holds_is_told_after_a_while(
    database_url: str, things: Database
) -> None:
    hasty = open_database(database_url, patience_s=0.05)
    with things.transaction() as connection:
        connection.execute(ADD, {"n": 1})
        lock = "LOCK TABLE things IN ACCESS EXCLUSIVE MODE"
        connection.execute(text(lock if things.is_postgres else "SELECT 1"))
        with pytest.raises(StoreLocked, match="let that finish, then ask again"):
            hasty.retrying(lambda c: c.execute(ADD, {"n": 2}), "writing")
    hasty.close()
    assert numbers(things) == [1]


def test_a_process_that_sleeps_in_a_step_does_not_keep_its_locks(things: Database) -> None:
    postgres_only(things)
    with things.transaction() as connection:
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "30s"
    # Where the connection is reset before the server's last words are read, these are lost.
    told = "ended a step that stood still|went away in the middle"
    with pytest.raises(StoreGone, match=told):  # noqa: SIM117
        with things.transaction() as connection:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 1"))
            with things.transaction() as other:
                other.execute(text("SELECT pg_sleep(0.2)"))
            connection.execute(ADD, {"n": 1})
    assert numbers(things) == []


def test_a_full_disk_is_told_as_such(things: Database) -> None:
    with (
        pytest.raises(StoreFull, match="make room on its disk"),
        things.transaction() as connection,
    ):
        connection.execute(ADD, {"n": 1})
        if things.is_postgres:
            connection.execute(
                text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$")
            )
        else:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.execute(text("CREATE TABLE more AS SELECT zeroblob(1000000) AS b"))
    assert numbers(things) == []


def test_a_database_that_may_only_be_read_is_told_as_such(
    database_url: str, things: Database
) -> None:
    read_only = (
        database_url + "%20-cdefault_transaction_read_only%3Don"
        if things.is_postgres
        else database_url + "?mode=ro"
    )
    database = open_database(read_only)
    assert numbers(database) == []
    with pytest.raises(StoreReadOnly, match="may only be read"), database.transaction() as c:
        c.execute(ADD, {"n": 1})
    database.close()
    assert numbers(things) == []


def end_session(database: Database, connection: Connection, server: str) -> None:
    """End the session of a connection, as a server does that is shut down."""
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_gone_in_the_middle(things: Database, postgres_server: str) -> None:
    postgres_only(things)
    with pytest.raises(StoreGone, match="see that the server runs") as caught:  # noqa: SIM117
        with things.transaction() as connection:
            connection.execute(ADD, {"n": 1})
            end_session(things, connection, postgres_server)
            connection.execute(ADD, {"n": 2})
    assert not isinstance(caught.value, StoreUnsure)
    assert numbers(things) == [], "the next step has a new connection"


def test_gone_at_the_commit_leaves_it_open_whether_it_was_kept(
    things: Database, postgres_server: str
) -> None:
    postgres_only(things)
    with pytest.raises(StoreUnsure, match="may or may not be kept"), things.transaction() as c:
        c.execute(ADD, {"n": 1})
        end_session(things, c, postgres_server)
    assert numbers(things) == []


def test_a_file_that_was_deleted_is_not_made_anew(things: Database, tmp_path: Path) -> None:
    sqlite_only(things)
    for file in tmp_path.glob("gate.db*"):
        file.unlink()
    with pytest.raises(StoreGone, match="was deleted or replaced"):
        numbers(things)
    assert list(tmp_path.glob("gate.db*")) == []


def test_a_file_that_was_replaced_is_not_written_to(things: Database, tmp_path: Path) -> None:
    sqlite_only(things)
    (tmp_path / "gate.db").rename(tmp_path / "old.db")
    sqlite3.connect(tmp_path / "gate.db").execute("CREATE TABLE things (n)").connection.close()
    with pytest.raises(StoreGone, match="was deleted or replaced"):
        numbers(things)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database at all, but long enough for a header" * 9)
    database = open_database(f"sqlite:///{tmp_path / 'notes.txt'}")
    with pytest.raises(StoreUnusable, match="is no SQLite database"), database.transaction():
        pass
    database.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'none' / 'gate.db'}")
    with pytest.raises(StoreGone, match="cannot be opened"), database.transaction():
        pass
    database.close()


def test_many_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from sqlalchemy import text\n"
        "from gatewright.engine.runtime.store.database import open_database\n"
        "d = open_database(sys.argv[1])\n"
        "with d.transaction() as c:\n"
        "    c.execute(text('CREATE TABLE IF NOT EXISTS t (n integer)'))\n"
        "    c.execute(text('INSERT INTO t VALUES (1)'))\n"
    )
    url = f"sqlite:///{tmp_path / 'gate.db'}"
    running = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    database = open_database(url)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM t")) == 4
    database.close()


@pytest.mark.slow
def test_a_cluster_of_our_own_serves_as_well() -> None:
    if programs() is None:
        pytest.skip("needs the programs of PostgreSQL")
    with temporary_cluster() as address:
        database = open_database(address)
        with database.transaction("deciding") as connection:
            assert connection.scalar(text("SHOW transaction_isolation")) == "serializable"
        database.close()
