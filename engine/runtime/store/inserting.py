"""A row that somebody else may insert at the same time: whoever comes second changes nothing."""

from __future__ import annotations

from sqlalchemy import Connection, Table


def insert_new(connection: Connection, table: Table, **values: object) -> None:
    """Insert a row unless there is one of the same key."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # all of it, which SQLite does without

        of_postgres = postgresql.insert(table).values(**values)
        connection.execute(of_postgres.on_conflict_do_nothing())
    else:
        from sqlalchemy.dialects import sqlite  # all of it, which PostgreSQL does without

        of_sqlite = sqlite.insert(table).values(**values)
        connection.execute(of_sqlite.on_conflict_do_nothing())
