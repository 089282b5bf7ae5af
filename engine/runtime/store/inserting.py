"""A row that somebody else may insert at the same time: whoever comes second changes nothing."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, **values: object) -> None:
    """Insert a row unless there is one of the same key."""
    of = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(of.insert(table).values(**values).on_conflict_do_nothing())
