"""Records, receipts and effects of one simulated system, read and written in a transaction.

Knows SQL and the tables of `store.py`; begins and commits nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatewright.connectors.systems.sandbox.faults import Call
from gatewright.connectors.systems.sandbox.model import Values
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.plan import receipt_document, receipt_of
from gatewright.engine.runtime.ports import FieldChange, Receipt


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is kept."""

    values: dict[str, Json]
    version: int


class View:
    """The records of one system within a transaction: the `Look` of operations, and writes."""

    def __init__(self, db: sqlite3.Connection, system: str) -> None:
        self._db = db
        self._system = system

    def kept(self, object: str, id: str) -> Kept | None:
        """Return a record with its version; None where there is none."""
        row = self._db.execute(
            "SELECT fields, version FROM records WHERE system = ? AND object = ? AND id = ?",
            (self._system, object, id),
        ).fetchone()
        return None if row is None else Kept(json.loads(row[0]), row[1])

    def get(self, object: str, id: str) -> Values | None:
        """Return a record; None where there is none."""
        found = self.kept(object, id)
        return None if found is None else found.values

    def all(self, object: str) -> dict[str, Values]:
        """Return all records of a type, by id, in the order they were made."""
        rows = self._db.execute(
            "SELECT id, fields FROM records WHERE system = ? AND object = ? ORDER BY rowid",
            (self._system, object),
        )
        return {id_: json.loads(fields) for id_, fields in rows}

    def find(self, object: str, field: str, value: str) -> Mapping[str, Values]:
        """Return the records that have a text in a field, by id, in the order they were made."""
        rows = self._db.execute(
            "SELECT id, fields FROM records WHERE system = ? AND object = ?"
            " AND json_extract(fields, ?) = ? ORDER BY rowid",
            (self._system, object, f'$."{field}"', value),
        )
        return {id_: json.loads(fields) for id_, fields in rows}

    def next_number(self, object: str, prefix: str) -> int:
        """Return a number that, after the prefix, is no record's id yet."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM records WHERE system = ? AND object = ? AND substr(id, 1, ?) = ?",
            (self._system, object, len(prefix), prefix),
        ).fetchone()
        number = int(count) + 1
        while self.kept(object, f"{prefix}{number}") is not None:
            number += 1
        return number

    def put(self, object: str, id: str, values: Values) -> int:
        """Write a whole record, new or not, and return its new version."""
        (version,) = self._db.execute(
            "INSERT INTO records (system, object, id, version, fields) VALUES (?, ?, ?, 1, ?)"
            " ON CONFLICT (system, object, id)"
            " DO UPDATE SET version = version + 1, fields = excluded.fields RETURNING version",
            (self._system, object, id, _json(dict(values))),
        ).fetchone()
        return int(version)

    def receipt(self, key: str) -> tuple[str, Receipt] | None:
        """Return the digest of the request and the receipt of a key."""
        row = self._db.execute(
            "SELECT request, receipt FROM receipts WHERE system = ? AND key = ?",
            (self._system, key),
        ).fetchone()
        return None if row is None else (row[0], receipt_of(json.loads(row[1])))

    def keep_receipt(self, request: str, receipt: Receipt) -> None:
        """Keep the receipt of a key; where keys are not honoured the latest counts."""
        self._db.execute(
            "INSERT OR REPLACE INTO receipts (system, key, request, receipt) VALUES (?, ?, ?, ?)",
            (self._system, receipt.key, request, _json(receipt_document(receipt))),
        )

    def forget_receipts(self) -> None:
        """Forget all keys of the system."""
        self._db.execute("DELETE FROM receipts WHERE system = ?", (self._system,))

    def add_effect(
        self, object: str, id: str, call: Call, key: str, fields: Iterable[FieldChange]
    ) -> None:
        """Write down that something happened to a record."""
        changes = [[change.field, change.old, change.new] for change in fields]
        self._db.execute(
            "INSERT INTO effects (system, object, id, method, action, key, fields)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._system, object, id, call.method, call.action, key, _json(changes)),
        )


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False)
