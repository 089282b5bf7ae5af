"""A business system in one SQLite file that counts every effect: what double execution shows up in.

Several processes may share the file. How much it promises is chosen: keys, compare-and-set, a
probe, or nothing. A fault plan says how the next calls go wrong.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from gatewright.engine.action import Action
from gatewright.engine.runtime.ports import (
    Applied,
    Capabilities,
    Concurrency,
    Conflict,
    ConnectorError,
    FieldChange,
    Idempotency,
    NoSuchTarget,
    Preview,
    Probe,
    Receipt,
    Record,
    TargetRef,
)

Fault = Literal["refuses", "raises_before", "raises_after", "nonsense"]


class Ledger:
    """Charges that can be refunded: `billing.refund` sets `status` and `refunded`."""

    def __init__(
        self, path: Path, grade: Idempotency = Idempotency.NATIVE, system: str = "stripe"
    ) -> None:
        self.path = path
        self.system = system
        self.grade = grade
        self.faults: list[Fault] = []
        with self.opened() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS charges (id TEXT PRIMARY KEY, version INTEGER, fields TEXT)"
            )
            db.execute("CREATE TABLE IF NOT EXISTS done (key TEXT PRIMARY KEY, receipt TEXT)")
            db.execute("CREATE TABLE IF NOT EXISTS effects (key TEXT, charge TEXT)")

    @contextmanager
    def opened(self) -> Generator[sqlite3.Connection]:
        db = self._connect()
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30, isolation_level=None)

    # --- what tests do and ask

    def make(self, charge: str) -> None:
        """Make a charge unless another process did."""
        known = json.dumps({"status": "paid", "refunded": "0.00 USD"})
        with self.opened() as db:
            db.execute("INSERT OR IGNORE INTO charges VALUES (?, 1, ?)", (charge, known))

    def put(self, charge: str, **fields: object) -> None:
        """Make a charge, or change one behind everybody's back."""
        known = {"status": "paid", "refunded": "0.00 USD", **fields}
        with self.opened() as db:
            db.execute(
                "INSERT INTO charges VALUES (?, 1, ?) ON CONFLICT (id) DO UPDATE"
                " SET version = version + 1, fields = excluded.fields",
                (charge, json.dumps(known)),
            )

    def remove(self, charge: str) -> None:
        """Take a charge away, as somebody might in the meantime."""
        with self.opened() as ledger:
            ledger.execute("DELETE FROM charges WHERE id = ?", (charge,))

    def fields(self, charge: str) -> dict[str, object]:
        return dict(self.read(TargetRef(self.system, "charge", charge)).values)

    def effects(self, charge: str | None = None) -> int:
        """How often money moved, for one charge or all."""
        with self.opened() as db:
            where, args = ("WHERE charge = ?", (charge,)) if charge else ("", ())
            return int(db.execute(f"SELECT count(*) FROM effects {where}", args).fetchone()[0])  # noqa: S608

    # --- the connector

    @property
    def capabilities(self) -> Capabilities:
        return self.promised(self.grade)

    @staticmethod
    def promised(grade: Idempotency) -> Capabilities:
        """Return what a ledger of a grade promises."""
        return Capabilities(
            Concurrency.ATOMIC if grade is Idempotency.COMPARE_AND_SET else Concurrency.WEAK,
            grade,
            can_probe=grade in (Idempotency.PROBE, Idempotency.NATIVE),
            can_compensate=True,
        )

    def read(self, target: TargetRef, fields: Sequence[str] | None = None) -> Record:
        with self.opened() as db:
            row = db.execute(
                "SELECT version, fields FROM charges WHERE id = ?", (target.id,)
            ).fetchone()
        if row is None:
            raise NoSuchTarget(f"there is no charge `{target.id}`")
        known = json.loads(row[1])
        return Record(
            {k: v for k, v in known.items() if fields is None or k in fields}, str(row[0])
        )

    def preview(self, action: Action) -> Preview:
        target = TargetRef(self.system, "charge", _id(action))
        new = {"status": "refunded", "refunded": str(action.params["amount"])}
        return self._preview(target, new, "Pays money back.", "The refund is taken back.")

    def _preview(
        self, target: TargetRef, new: dict[str, str], what: str, undo: str | None
    ) -> Preview:
        record = self.read(target)
        changes = tuple(
            FieldChange(name, record.values[name], value) for name, value in new.items()
        )
        return Preview(target, changes, record.version, what, undo, record.values)

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        target = TargetRef(self.system, "charge", _id(action))
        new = {"status": "refunded", "refunded": str(action.params["amount"])}
        return self._write(target, new, expected_version, idempotency_key)

    def _write(
        self, target: TargetRef, new: dict[str, str], expected: str | None, key: str
    ) -> Receipt:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "refuses":
            raise ConnectorError("the bank said no")
        if fault == "raises_before":
            raise OSError("the network is gone")
        with self.opened() as db:
            known = db.execute("SELECT receipt FROM done WHERE key = ?", (key,)).fetchone()
            if known is not None and self.grade is Idempotency.NATIVE:
                return _receipt(key, target, json.loads(known[0]))
            version, text = db.execute(
                "SELECT version, fields FROM charges WHERE id = ?", (target.id,)
            ).fetchone()
            if expected is not None and str(version) != expected:
                raise Conflict("the charge was changed")
            old = json.loads(text)
            db.execute(
                "UPDATE charges SET version = version + 1, fields = ? WHERE id = ?",
                (json.dumps({**old, **new}), target.id),
            )
            document = {"version": str(version + 1), "undo": {name: old[name] for name in new}}
            db.execute("INSERT INTO effects VALUES (?, ?)", (key, target.id))
            db.execute("INSERT OR REPLACE INTO done VALUES (?, ?)", (key, json.dumps(document)))
        if fault == "raises_after":
            raise OSError("the network went away before the answer came")
        if fault == "nonsense":
            return "done, I guess"  # type: ignore[return-value]
        return _receipt(key, target, document)

    def probe(self, key: str) -> Probe:
        with self.opened() as db:
            row = db.execute(
                "SELECT receipt, charge FROM done JOIN effects USING (key) WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return Probe(Applied.NO)
        target = TargetRef(self.system, "charge", row[1])
        return Probe(Applied.YES, _receipt(key, target, json.loads(row[0])))

    def preview_compensation(self, receipt: Receipt) -> Preview:
        new = _before(receipt)
        return self._preview(receipt.target, new, "Takes the refund back.", None)

    def compensate(
        self, receipt: Receipt, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        new = _before(receipt)
        return self._write(receipt.target, new, expected_version, idempotency_key)


def _id(action: Action) -> str:
    return (action.target.id if action.target else None) or ""


def _before(receipt: Receipt) -> dict[str, str]:
    """Return the old values, as this system wrote them down or as the runtime found them."""
    kept: Any = receipt.undo.get("fields", receipt.undo)
    return {name: str(value) for name, value in kept.items()}


def _receipt(key: str, target: TargetRef, document: Mapping[str, Any]) -> Receipt:
    undo: dict[str, Any] = document["undo"]
    return Receipt(key, target, f"re_{key[-6:]}", str(document["version"]), undo)
