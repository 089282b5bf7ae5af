"""Databases for tests: SQLite files, and schemas of a PostgreSQL server.

PostgreSQL is what `GATEWRIGHT_TEST_POSTGRES` names, else the server on 127.0.0.1:5432 if it answers,
else a cluster of our own, made of the programs that are installed. In CI its absence is a failure.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from gatewright.engine.runtime.store.database import Database, open_database
from gatewright.engine.runtime.store.migrations import upgrade
from tests.conftest import in_ci

LOCAL = "postgresql://127.0.0.1:5432/test"
_NO_WAIT = "-csynchronous_commit=off"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Generator[str]:
    """Give the address of a PostgreSQL database where schemas may be made."""
    with ExitStack() as stack:
        yield stack.enter_context(any_server())


@contextmanager
def any_server() -> Generator[str]:
    """Find a server, or start one; skip without any, but fail in CI."""
    named = os.environ.get("GATEWRIGHT_TEST_POSTGRES")
    if named:
        with psycopg.connect(named, connect_timeout=5):
            yield named
    elif answers(LOCAL):
        yield LOCAL
    elif programs() is not None:
        with temporary_cluster() as address:
            yield address
    else:
        reason = "needs PostgreSQL: set GATEWRIGHT_TEST_POSTGRES, or install its server"
        if in_ci():
            pytest.fail(reason)
        pytest.skip(reason)


def answers(address: str) -> bool:
    """Tell whether there is a server that lets us in."""
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def programs() -> Path | None:
    """Return the folder of the newest `initdb` and `pg_ctl`; None where there are none."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


@contextmanager
def temporary_cluster() -> Generator[str]:
    """Make a cluster in a folder of its own, run it, and take both away in the end."""
    folder = programs()
    assert folder is not None, "the programs of PostgreSQL are not installed"
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="gatewright-postgres-") as home:
        if user is not None:
            shutil.chown(home, user)
        data, port = Path(home) / "data", _free_port()

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [folder / program, "-D", data, *arguments],
                check=True, user=user, cwd=home, stdout=subprocess.DEVNULL, timeout=120,
                extra_groups=[] if user else None,
            )  # fmt: skip

        run("initdb", "-A", "trust", "-U", "tester", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -h 127.0.0.1 -k {home} -F"
        run("pg_ctl", "-w", "-l", str(Path(home) / "log"), "-o", options, "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")


def _unprivileged() -> str | None:
    """Return another user where we are root: PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def fresh_schema(server: str) -> Generator[str]:
    """Make an empty schema, and give the address under which everything happens in it.

    No test takes the power away from the server, so nobody waits for its disk.
    """
    name = f"gw_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True, options=_NO_WAIT) as admin:
        admin.execute(f'CREATE SCHEMA "{name}"'.encode())
        try:
            joint = "&" if "?" in server else "?"
            yield f"{server}{joint}options={quote(f'-csearch_path={name} {_NO_WAIT}')}"
        finally:
            admin.execute("SET client_min_messages = warning")
            admin.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())


def await_rollback(address: str) -> None:
    """Return once a PostgreSQL server has noticed that processes ended: nothing is locked by them."""
    if not address.startswith("postgresql"):
        return
    end = time.monotonic() + _LONGEST_ROLLBACK_S
    with psycopg.connect(address, autocommit=True) as admin:
        while admin.execute(_LOCKED_BY_OTHERS).fetchone() is not None:
            assert time.monotonic() < end, "a process that ended still locks something"
            time.sleep(0.01)


_LONGEST_ROLLBACK_S = 60
_LOCKED_BY_OTHERS = """
SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = pg_locks.relation
WHERE relnamespace = current_schema()::regnamespace AND pid <> pg_backend_pid() LIMIT 1
"""


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """Give the address of a database of this test's own, without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gate.db'}"
    else:
        with fresh_schema(request.getfixturevalue("postgres_server")) as address:
            yield address


@pytest.fixture
def bare_database(database_url: str) -> Generator[Database]:
    """Give a database without any table."""
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def database(bare_database: Database) -> Database:
    """Give a database with all tables, and nothing in them."""
    upgrade(bare_database)
    return bare_database
