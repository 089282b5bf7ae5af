"""The tables of a simulated world, in SQLite: transactions, calls, effects; a file or memory.

A file may be shared by several processes; what was committed is there after any of them is killed.
INVARIANT: a write, its receipt and its effect are one transaction. Knows no fault and no operation.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gatewright.connectors.systems.sandbox.faults import Call, Fault
from gatewright.connectors.systems.sandbox.model import Values
from gatewright.connectors.systems.sandbox.view import View
from gatewright.engine.runtime.ports import ConnectorError, FieldChange, TargetRef

_APPLICATION: Final = 0x47575342
"""What marks a file as one of these."""
_LAYOUT: Final = 1
_BUSY_S: Final = 30.0

_TABLES: Final = (
    "CREATE TABLE world (made_of TEXT NOT NULL)",
    "CREATE TABLE records (system TEXT, object TEXT, id TEXT, version INTEGER NOT NULL,"
    " fields TEXT NOT NULL, UNIQUE (system, object, id))",
    "CREATE TABLE receipts (system TEXT, key TEXT, request TEXT NOT NULL,"
    " receipt TEXT NOT NULL, PRIMARY KEY (system, key))",
    "CREATE TABLE effects (number INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT, object TEXT,"
    " id TEXT, method TEXT, action TEXT, key TEXT, fields TEXT)",
    "CREATE TABLE calls (number INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT, method TEXT,"
    " action TEXT)",
)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that really happened to a record, by a call of a connector."""

    number: int
    target: TargetRef
    """With the sandbox's own name of the system, such as `billing`."""
    method: Literal["execute", "compensate"]
    action: str
    """What was done, or taken back."""
    key: str
    """The idempotency key of the call."""
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record that a world is made with."""

    system: str
    object: str
    id: str
    values: Values


class Store:
    """The tables of one world."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        """Open a file, or memory; raises ValueError where the file is no world."""
        self._path = None if path is None else Path(path)
        self._memory = None if path is not None else self._connect(":memory:")
        self._lock = threading.RLock()

    def close(self) -> None:
        """Forget a world in memory; a file stays."""
        if self._memory is not None:
            self._memory.close()

    @contextmanager
    def reading(self, system: str) -> Generator[View]:
        """Give the records of a system as they are at one moment."""
        with self._transaction("BEGIN") as db:
            yield View(db, system)

    @contextmanager
    def writing(self, system: str) -> Generator[View]:
        """Give the records of a system to write to: all of it is kept at the end, or nothing.

        Raises ConnectorError where nothing was kept for sure; a failure in the commit is another.
        """
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield View(db, system)

    def begin(self, made_of: str | None, default: str, records: Iterable[NewRecord]) -> None:
        """Make the world unless there is one, of what `made_of` says; None: of whatever it is.

        Raises ValueError where it was made of something else, or the file is not one of these.
        """
        try:
            with self._transaction("BEGIN IMMEDIATE") as db:
                (marked,) = db.execute("PRAGMA application_id").fetchone()
                if marked == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                    _make(db, made_of or default, records)
                    return
                (layout,) = db.execute("PRAGMA user_version").fetchone()
                if (marked, layout) != (_APPLICATION, _LAYOUT):
                    raise ValueError(
                        f"`{self._path}` is a database, but not of a sandbox of this version"
                    )
                (made,) = db.execute("SELECT made_of FROM world").fetchone()
        except ConnectorError as error:
            raise ValueError(f"`{self._path}` cannot be used: {error.message}") from None
        if made_of is not None and made_of != made:
            raise ValueError(
                f"`{self._path}` was made of another seed or of other records; open it without"
                " them, or take a new file"
            )

    # --- what happened

    def log(self, call: Call, faults: Iterable[tuple[Fault, int]]) -> Fault | None:
        """Count a call, and return the first fault that strikes it.

        Each fault comes with the number of the last call before it was injected. Raises
        ConnectorError where it cannot be counted: then it must not be made.
        """
        try:
            with self._transaction("BEGIN IMMEDIATE") as db:
                db.execute(
                    "INSERT INTO calls (system, method, action) VALUES (?, ?, ?)",
                    (call.system, call.method, call.action),
                )
                return next((f for f, since in faults if _strikes(db, f, since, call)), None)
        except CommitFailed as error:
            raise ConnectorError(f"{error}; the call was not made") from None

    def calls(self) -> list[Call]:
        """Return the calls that were counted, in order."""
        with self._transaction("BEGIN") as db:
            rows = db.execute("SELECT system, method, action FROM calls ORDER BY number")
            return [Call(*row) for row in rows]

    def last_call(self) -> int:
        """Return the number of the last call."""
        with self._transaction("BEGIN") as db:
            (number,) = db.execute("SELECT coalesce(max(number), 0) FROM calls").fetchone()
            return int(number)

    def effects(self) -> list[Effect]:
        """Return what happened, in order."""
        with self._transaction("BEGIN") as db:
            rows = db.execute(
                "SELECT number, system, object, id, method, action, key, fields FROM effects"
                " ORDER BY number"
            ).fetchall()
        return [
            Effect(row[0], TargetRef(*row[1:4]), row[4], row[5], row[6],
                   tuple(FieldChange(*field) for field in json.loads(row[7])))
            for row in rows
        ]  # fmt: skip

    # --- the database

    def _connect(self, name: str) -> sqlite3.Connection:
        return sqlite3.connect(name, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        if self._memory is not None:
            with self._lock:
                yield self._memory
            return
        db = self._connect(str(self._path))
        try:
            # What was committed outlives the process, which is all that a simulation needs.
            db.execute("PRAGMA synchronous = OFF")
            yield db
        finally:
            db.close()

    @contextmanager
    def _transaction(self, begin: str) -> Generator[sqlite3.Connection]:
        try:
            with self._connection() as db:
                try:
                    db.execute(begin)
                    yield db
                except BaseException:
                    _roll_back(db)
                    raise
                _commit(db)
        except sqlite3.Error as error:
            raise ConnectorError(f"the sandbox failed ({error}); nothing was changed") from None


class CommitFailed(Exception):
    """A commit failed: whether it was kept, only looking again can tell."""


def _commit(db: sqlite3.Connection) -> None:
    try:
        db.execute("COMMIT")
    except sqlite3.Error as error:
        _roll_back(db)
        raise CommitFailed(f"the sandbox failed in a commit ({error})") from None


def _roll_back(db: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):  # it may be rolled back already, or the file may be gone
        if db.in_transaction:
            db.execute("ROLLBACK")


def _make(db: sqlite3.Connection, made_of: str, records: Iterable[NewRecord]) -> None:
    for statement in _TABLES:
        db.execute(statement)
    db.execute("INSERT INTO world VALUES (?)", (made_of,))
    for record in records:
        View(db, record.system).put(record.object, record.id, record.values)
    db.execute(f"PRAGMA application_id = {_APPLICATION}")
    db.execute(f"PRAGMA user_version = {_LAYOUT}")


def _strikes(db: sqlite3.Connection, fault: Fault, since: int, call: Call) -> bool:
    """Tell whether a fault strikes a call that was just counted."""
    if not fault.fits(call):
        return False
    (count,) = db.execute(
        "SELECT count(*) FROM calls WHERE number > ? AND method = ?"
        " AND (? IS NULL OR system = ?) AND (? IS NULL OR action = ?)",
        (since, fault.method, fault.system, fault.system, fault.action, fault.action),
    ).fetchone()
    return fault.strikes(int(count))
