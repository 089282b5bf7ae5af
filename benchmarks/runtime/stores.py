"""Stores to measure: a SQLite file, and a schema of a PostgreSQL server; both go in the end.

The server is what `GATEWRIGHT_BENCH_POSTGRES` names, else the database `test` on 127.0.0.1:5432.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal
from urllib.parse import quote

import psycopg
from sqlalchemy import text

from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.schema import metadata

Kind = Literal["SQLite", "PostgreSQL"]
KINDS: Final[tuple[Kind, ...]] = ("SQLite", "PostgreSQL")

_SERVER: Final = "postgresql://127.0.0.1:5432/test"
_numbers = count(1)


def server() -> str:
    """Return the address of the PostgreSQL database where schemas are made."""
    return os.environ.get("GATEWRIGHT_BENCH_POSTGRES", _SERVER)


@contextmanager
def fresh(kind: Kind) -> Generator[str]:
    """Give the address of an empty store."""
    if kind == "SQLite":
        with TemporaryDirectory(prefix="gatewright-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'gate.db'}"
        return
    name = f"gw_bench_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server(), autocommit=True) as admin:
        admin.execute(f'CREATE SCHEMA "{name}"'.encode())
        try:
            joint = "&" if "?" in server() else "?"
            yield f"{server()}{joint}options={quote(f'-csearch_path={name}')}"
        finally:
            admin.execute("SET client_min_messages = warning")
            admin.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())


def version(database: Database) -> str:
    """Return the version of what keeps the store."""
    asked = "SHOW server_version" if database.is_postgres else "SELECT sqlite_version()"
    with database.reading() as connection:
        return str(connection.scalar(text(asked)))


def settle(database: Database, *, vacuum: bool = False) -> None:
    """Let PostgreSQL note how large its tables are, as its autovacuum would. SQLite never does.

    `vacuum` lets it also note which pages everybody sees: indexes alone answer about those.
    """
    if not database.is_postgres:
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in metadata.tables:
            connection.execute(text(f"{'VACUUM ' if vacuum else ''}ANALYZE {table}"))
