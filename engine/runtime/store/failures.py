"""An error of a database -> the `StoreError` that says what it means and what to do.

SQLite tells by its result codes, PostgreSQL by SQLSTATE. Whatever is neither a matter of the
database's state nor of the connection is left alone: it is a mistake of the caller.
Sources: sqlite.org/rescode.html; PostgreSQL documentation, appendix A.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError

from gatewright.engine.runtime.store.errors import (
    StoreBusy,
    StoreError,
    StoreFull,
    StoreGone,
    StoreLocked,
    StoreReadOnly,
    StoreUnusable,
)

_UNREACHABLE: Final = "see that the server runs and can be reached, then ask again"
_NO_FILE: Final = "see that the file and its folder are there and may be used"

_LACKS: Final = "lacks a table, or a column of one, that Gatewright made"
_RESTORE: Final = "see what `gatewright db check` says, or restore it from a backup"

_SQLITE: Final[dict[int, tuple[type[StoreError], str, str]]] = {
    sqlite3.SQLITE_BUSY: (
        StoreLocked, "is locked by another process", "let that finish, then ask again"),
    sqlite3.SQLITE_LOCKED: (
        StoreLocked, "is locked by another process", "let that finish, then ask again"),
    sqlite3.SQLITE_FULL: (
        StoreFull, "has no room left", "make room on its disk, then ask again"),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnly, "may only be read", "let this user write the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: (StoreGone, "cannot be opened", _NO_FILE),
    sqlite3.SQLITE_IOERR: (
        StoreGone, "cannot be read or written", "see to its disk, then ask again"),
    sqlite3.SQLITE_PERM: (StoreUnusable, "may not be used", _NO_FILE),
    sqlite3.SQLITE_AUTH: (StoreUnusable, "may not be used", _NO_FILE),
    sqlite3.SQLITE_NOTADB: (
        StoreUnusable, "is no SQLite database", "name another file, or a new one"),
    sqlite3.SQLITE_CORRUPT: (
        StoreUnusable, "is damaged", "restore it from a backup"),
}  # fmt: skip

_NO_SUCH: Final = ("no such table", "no such column")
"""SQLite has one code for these and for every mistake of a caller."""

_STATES: Final[dict[str, tuple[type[StoreError], str, str]]] = {
    "40001": (
        StoreBusy, "has several steps that undo each other", "ask again when less is going on"),
    "40P01": (
        StoreBusy, "has several steps that undo each other", "ask again when less is going on"),
    # An earlier statement failed, and whoever asked went on without what it did not get.
    "25P02": (
        StoreBusy, "broke a step off in the middle", "ask again when less is going on"),
    "25P03": (StoreGone, "ended a step that stood still", "ask again"),
    "55P03": (StoreLocked, "is locked by another session", "let that finish, then ask again"),
    "57014": (StoreLocked, "did not answer in time", "let other work finish, then ask again"),
    "25006": (
        StoreReadOnly, "may only be read", "name the primary server, or let this role write"),
    "53100": (StoreFull, "has no room left", "make room on its disk, then ask again"),
    "53300": (
        StoreGone, "has no connection left", "allow more of them, or close others"),
    "3D000": (StoreUnusable, "does not exist", "create the database first"),
    "3F000": (StoreUnusable, "has no schema to work in", "create it, or name another"),
    "42501": (
        StoreUnusable, "refuses this role", "grant it the right to create and write tables"),
    "42P01": (StoreUnusable, _LACKS, _RESTORE),
    "42703": (StoreUnusable, _LACKS, _RESTORE),
}  # fmt: skip
"""By SQLSTATE; a class of two characters stands for all states that begin so."""

_CLASSES: Final[dict[str, tuple[type[StoreError], str, str]]] = {
    "08": (StoreGone, "cannot be reached", _UNREACHABLE),
    "28": (StoreUnusable, "refuses the login", "see to the user and password of the address"),
    "53": (StoreFull, "has no resources left", "see to its memory and disk, then ask again"),
    "57": (StoreGone, "went away in the middle", _UNREACHABLE),
    "58": (StoreGone, "cannot read or write its files", "see to its disk, then ask again"),
    "XX": (StoreUnusable, "is damaged", "restore it from a backup"),
}


def told(error: DBAPIError, where: str) -> StoreError | None:
    """Return what an error means for the store called `where`; None where it is not about it."""
    found = _found(error)
    if found is None:
        return None
    kind, what, advice = found
    return kind(f"the store {where} {what}", advice)


def _found(error: DBAPIError) -> tuple[type[StoreError], str, str] | None:
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_ERROR and str(origin).startswith(_NO_SUCH):
            return StoreUnusable, _LACKS, _RESTORE
        # The low byte is the primary result code: SQLITE_READONLY_DBMOVED is a SQLITE_READONLY.
        return None if code is None else _SQLITE.get(code & 0xFF)
    state = getattr(origin, "sqlstate", None)
    if state is None and error.statement is None and type(origin).__name__ == "ProgrammingError":
        return StoreUnusable, "cannot be reached by this address", "see to what stands behind its ?"
    if isinstance(state, str):
        found = _STATES.get(state) or _CLASSES.get(state[:2])
        if found is not None:
            return found
    if error.connection_invalidated or (state is None and _is_operational(origin)):
        return StoreGone, "cannot be reached or went away in the middle", _UNREACHABLE
    return None


def _is_operational(origin: BaseException | None) -> bool:
    return origin is not None and type(origin).__name__ == "OperationalError"
