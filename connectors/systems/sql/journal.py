"""The journal: a table beside those written to, with the receipt of every idempotency key.

INVARIANT: a receipt is kept in the transaction of its write, so a key has one effect at most.
"""

from __future__ import annotations

from typing import Any, Final, cast

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    insert,
    select,
)

from gatewright.engine.canonical import canonical_json
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime.plan import receipt_document, receipt_of
from gatewright.engine.runtime.ports import Receipt, Unsupported

JOURNAL: Final = Table(
    "gatewright_journal",
    MetaData(),
    Column("key", String(256), primary_key=True),
    Column("request", String(80), nullable=False),
    Column("receipt", Text, nullable=False),
)


def make_journal(connection: Connection) -> None:
    """Make the table where it does not exist."""
    JOURNAL.create(connection, checkfirst=True)


def receipt(connection: Connection, key: str) -> Receipt | None:
    """Return the receipt of a key; None where nothing was written with it."""
    entry = _entry(connection, key)
    return None if entry is None else _receipt(entry)


def receipt_of_request(connection: Connection, key: str, request: str) -> Receipt | None:
    """As `receipt`; raises Unsupported where the key belongs to a request of another digest."""
    entry = _entry(connection, key)
    if entry is None:
        return None
    if entry["request"] != request:
        raise Unsupported("the idempotency key belongs to another write")
    return _receipt(entry)


def keep(connection: Connection, receipt: Receipt, request: str) -> None:
    """Keep the receipt of a write, with the digest of what was asked for."""
    text = canonical_json(receipt_document(receipt)).decode()
    row = {"key": receipt.key, "request": request, "receipt": text}
    connection.execute(insert(JOURNAL).values(row))


def _entry(connection: Connection, key: str) -> RowMapping | None:
    query = select(JOURNAL).where(JOURNAL.c.key == key)
    return connection.execute(query).mappings().one_or_none()


def _receipt(entry: RowMapping) -> Receipt:
    return receipt_of(cast("dict[str, Any]", read_json(entry["receipt"])))
