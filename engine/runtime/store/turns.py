"""Turns of steps that decide, on PostgreSQL: many at once, or one alone.

A lock of a table is the one thing that a SERIALIZABLE step can wait for before it sees the moment
that it reads: a step that waited for its turn reads what those before it wrote. `policies` is the
table: nothing else locks it. Source: PostgreSQL documentation, LOCK.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

_TOGETHER: Final = text("LOCK TABLE policies IN ROW SHARE MODE")
_ALONE: Final = text("LOCK TABLE policies IN EXCLUSIVE MODE")
_PATIENCE_MS: Final = 1_000


def take_turn(connection: Connection, *, alone: bool) -> None:
    """Take a turn, as the first thing of a step; it ends with the transaction.

    Who wants to be alone waits until those who are deciding have ended, and others wait behind; for
    a second, so that one that hangs does not stop everybody. Raises StoreLocked then, by whoever
    holds the transaction.
    """
    if not alone:
        connection.execute(_TOGETHER)
        return
    usual = connection.scalar(text("SHOW lock_timeout"))  # sees no moment either
    _wait_at_most(connection, f"{_PATIENCE_MS}ms")
    connection.execute(_ALONE)
    _wait_at_most(connection, str(usual))


def _wait_at_most(connection: Connection, limit: str) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{limit}'"))
