"""A connector to tables: reads and writes, each in one transaction, with a receipt for every key.

The receipt is kept in the same transaction as the write: so what became of a key can always be
told. Knows no column and no value.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import Connection, Engine

from gatewright.connectors.systems.sql import journal
from gatewright.connectors.systems.sql.database import (
    Away,
    OutcomeUnknown,
    open_engine,
    require_transactions,
    transaction,
)
from gatewright.connectors.systems.sql.objects import SqlObject
from gatewright.connectors.systems.sql.rows import Rows
from gatewright.engine.action import Action
from gatewright.engine.canonical import digest
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import (
    Applied,
    Capabilities,
    Concurrency,
    Conflict,
    ConnectorError,
    FieldChange,
    Idempotency,
    Preview,
    Probe,
    Receipt,
    Record,
    TargetRef,
    Unsupported,
)

_log = logging.getLogger("gatewright.connectors")


class SqlConnector:
    """A connector to tables; see `gatewright.engine.runtime.ports.Connector`.

    `database` is an address or an engine of the caller's. Raises ValueError where a declaration
    does not fit the tables, ConnectorError where the database cannot be used; no message holds an
    address. With `waits` one that is away is looked at again by every call, until it is back; then
    a declaration that does not fit is a ConnectorError of the call.
    """

    def __init__(
        self,
        database: str | Engine,
        system: str,
        objects: Mapping[str, SqlObject],
        *,
        waits: bool = False,
    ) -> None:
        self.system: Final = system
        self.capabilities: Final = Capabilities(
            Concurrency.ATOMIC, Idempotency.NATIVE, can_probe=True, can_compensate=True
        )
        self._engine = database if isinstance(database, Engine) else open_engine(database)
        self._owns_engine = not isinstance(database, Engine)
        self._objects = dict(objects)
        self._tables: dict[str, Rows] | None = None
        self._looking = threading.Lock()
        try:
            self._tables = self._look()
        except Away:
            self.close()
            if not waits:
                raise
            _log.warning("the database of `%s` is away: it is looked at again when needed", system)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"SqlConnector({self.system!r}, {sorted(self._objects)})"

    def _look(self) -> dict[str, Rows]:
        """Return what the tables are like; makes the journal where there is none."""
        try:
            with self._transaction() as connection:
                require_transactions(connection)
                journal.make_journal(connection)
                return {n: Rows.reflect(connection, o) for n, o in self._objects.items()}
        except OutcomeUnknown as error:  # of no consequence: who looks again finds the journal
            raise Away(f"{error}; nothing was changed") from None

    def _known(self) -> dict[str, Rows]:
        """Return what the tables are like, looking now where the database was away."""
        with self._looking:
            if self._tables is None:
                try:
                    self._tables = self._look()
                except ValueError as error:
                    raise ConnectorError(f"`{self.system}` cannot be used: {error}") from None
            return self._tables

    def close(self) -> None:
        """Close all connections that are not in use; an engine of the caller's is left alone."""
        if self._owns_engine:
            self._engine.dispose()

    # --- reading

    def read(self, target: TargetRef, fields: Sequence[str] | None = None) -> Record:
        """Return fields of a row, all where none are named; raises NoSuchTarget, Unsupported."""
        rows = self._rows(target)
        with self._transaction() as connection:
            record = rows.read(connection, target)
        if fields is None:
            return record
        rows.require(fields)
        return Record({name: record.values[name] for name in fields}, record.version)

    def preview(self, action: Action) -> Preview:
        """Return the old and new value of every field that the action sets."""
        target = self._target(action)
        return self._preview(target, self._rows(target).new_values(action), action.name)

    def preview_compensation(self, receipt: Receipt) -> Preview:
        """Return the row as it is, and the values that it had before the write."""
        new = self._rows(receipt.target).old_values(receipt)
        return self._preview(receipt.target, new, "take back")

    def _preview(self, target: TargetRef, new: Mapping[str, Json], what: str) -> Preview:
        record = self.read(target)
        changes = tuple(
            FieldChange(name, record.values[name], value) for name, value in new.items()
        )
        return Preview(
            target, changes, record.version, f"{what}: set {', '.join(new)} of {target}",
            "the old values are written back, as an action of its own", record.values,
        )  # fmt: skip

    # --- writing

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Update the row, once for a key; raises Conflict, NoSuchTarget, Unsupported."""
        target = self._target(action)
        new = self._rows(target).new_values(action)
        return self._write(target, new, expected_version, idempotency_key)

    def compensate(
        self, receipt: Receipt, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Write the old values back; as `execute`."""
        new = self._rows(receipt.target).old_values(receipt)
        return self._write(receipt.target, new, expected_version, idempotency_key)

    def probe(self, key: str) -> Probe:
        """Return the receipt of a key, if its write was committed."""
        self._known()
        with self._transaction() as connection:
            receipt = journal.receipt(connection, key)
        return Probe(Applied.NO) if receipt is None else Probe(Applied.YES, receipt)

    def _write(
        self, target: TargetRef, new: Mapping[str, Json], version: str | None, key: str
    ) -> Receipt:
        request = digest({"target": str(target), "version": version, "new": dict(new)})
        with self._transaction() as connection:
            # First of all: who repeats a call meets its own write as another version.
            done = journal.receipt_of_request(connection, key, request)
            if done is not None:
                return done
            rows = self._rows(target)
            before = rows.read(connection, target)
            if before.version != version:
                return self._lost(connection, target, key, request)
            after = rows.update(connection, target, new, before)
            if after is None:
                return self._lost(connection, target, key, request)
            old: dict[str, Json] = {name: before.values[name] for name in new}
            receipt = Receipt(key, target, None, after, {"fields": old})
            journal.keep(connection, receipt, request)
            return receipt

    def _lost(self, connection: Connection, target: TargetRef, key: str, request: str) -> Receipt:
        """Return the receipt if the row moved by a call with this very key; raises Conflict."""
        done = journal.receipt_of_request(connection, key, request)
        if done is not None:
            return done
        raise Conflict(f"{target} was changed in the meantime")

    # --- help

    def _target(self, action: Action) -> TargetRef:
        given = action.target
        if given is None or given.system != self.system or not given.object or not given.id:
            raise Unsupported(f"the action names no record of `{self.system}`")
        return TargetRef(self.system, given.object, given.id)

    def _rows(self, target: TargetRef) -> Rows:
        if target.system != self.system or target.object not in self._objects:
            raise Unsupported(f"`{self.system}` has no such object")
        return self._known()[target.object]

    def _transaction(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, self.system)
