"""A row that somebody else may insert at the same time: whoever comes second changes nothing."""

from __future__ import annotations

from sqlalchemy import Connection, Table


def insert_new(connection: Connection, table: Table, **values: object) -> None:
    """Insert a row unless there is one of the same key."""
    # Loads all of a dialect: that of the store is there already, the other one is not needed.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        statement = postgresql.insert(table).on_conflict_do_nothing()
    else:
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(table).on_conflict_do_nothing()
    connection.execute(statement.values(**values))
