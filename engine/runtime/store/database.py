"""An address -> a `Database`: transactions, steps that are tried again, and the time.

SQLite is one file: WAL, so that readers and a writer do not wait for each other; every commit is
on disk (`synchronous=FULL`); who writes begins with BEGIN IMMEDIATE, so that what was read is
still true when it writes. On PostgreSQL a step that decides by what it reads is SERIALIZABLE and
is tried again where another came between; all others are READ COMMITTED.
Sources: SQLAlchemy documentation, "SQLite: transactional behavior"; PostgreSQL documentation 13.2.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from gatewright.engine.runtime.store.errors import (
    StoreBusy,
    StoreError,
    StoreGone,
    StoreLocked,
    StoreUnsure,
    StoreUnusable,
)
from gatewright.engine.runtime.store.failures import told

T = TypeVar("T")

Clock = Callable[[], int]
Purpose = Literal["deciding", "writing", "reading"]
"""What a transaction is for; see `Database`."""

PATIENCE_S: Final = 10.0
"""How long a step waits for others, and is tried again, before it gives up."""

IDLE_S: Final = 30.0
"""How long a process may do nothing in the middle of a step on PostgreSQL, before the server ends
it: one that is paused would keep its locks from all others for as long as it sleeps."""

_FIRST_PAUSE_S: Final = 0.001
_LONGEST_PAUSE_S: Final = 0.1
_CLOCK: Final = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint")
_PURPOSE_OPTION: Final = "gatewright_purpose"
_ISOLATION: Final[dict[Purpose, str]] = {
    "deciding": "SERIALIZABLE",
    "writing": "READ COMMITTED",
    "reading": "REPEATABLE READ",
}


class Database:
    """One store. May be shared by threads; each process opens its own.

    A step's purpose is `deciding` (what it reads must still be true when it commits), `writing`, or
    `reading` (one snapshot, nothing is written). On SQLite deciding and writing are the same.
    """

    def __init__(self, engine: Engine, where: str, clock: Clock | None, patience_s: float) -> None:
        self.engine = engine
        self.where = where
        """The store's name for people; without credentials."""
        self.patience_s = patience_s
        self._clock = clock
        self._engines = {
            purpose: engine.execution_options(**_options(engine, purpose)) for purpose in PURPOSES
        }

    def __repr__(self) -> str:
        return f"Database({self.where})"

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL; else it is SQLite."""
        return self.engine.dialect.name == "postgresql"

    def now(self, connection: Connection | None = None) -> int:
        """Return the time in nanoseconds since 1970: of the clock that was given, else the store's.

        PostgreSQL has a clock of its own, in microseconds: all machines that share the work share
        it. `connection` is one that is open already, so that no other is needed.
        """
        if self._clock is not None:
            return self._clock()
        if not self.is_postgres:
            return time.time_ns()
        if connection is not None:
            return int(connection.scalar(_CLOCK) or 0)
        with self.reading() as fresh:
            return int(fresh.scalar(_CLOCK) or 0)

    def transaction(self, purpose: Purpose = "writing") -> AbstractContextManager[Connection]:
        """Open a transaction: committed at the end of the block, rolled back where it raises.

        Raises StoreError where the database is the reason. A step that decides belongs into
        `retrying`: on PostgreSQL it may be refused although nothing is wrong.
        """
        return self._transaction(purpose)

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one moment of the store and writes nothing."""
        return self._transaction("reading")

    def retrying(self, work: Callable[[Connection], T], purpose: Purpose = "deciding") -> T:
        """Do some work in a transaction, again where others came between, and return its result.

        `work` may be called several times: it must do nothing but read and write through the
        connection. Raises StoreError once patience ends, and whatever `work` raises.
        """
        end = time.monotonic() + self.patience_s
        pause = _FIRST_PAUSE_S
        while True:
            try:
                with self._transaction(purpose) as connection:
                    return work(connection)
            except (StoreBusy, StoreLocked):
                if time.monotonic() + pause > end:
                    raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def forget_deleted(self) -> None:
        """Let go of what the database keeps of deleted rows beside its tables, where it can.

        SQLite overwrites them in its file, and empties its journal here unless somebody is reading.
        PostgreSQL does it by VACUUM, and in its own time.
        """
        if self.is_postgres:
            return
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections that are not in use; those in use are closed when let go."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, purpose: Purpose) -> Generator[Connection]:
        at_commit = False
        try:
            with self._engines[purpose].begin() as connection:
                yield connection
                at_commit = purpose != "reading"
        except DBAPIError as error:
            meant = told(error, self.where)
            if meant is None:
                raise
            raise _unsure(meant) if at_commit and type(meant) is StoreGone else meant from None
        except PoolTimeout:
            raise StoreLocked(
                f"the store {self.where} has no connection free",
                "let other work finish, then ask again",
            ) from None


PURPOSES: Final[tuple[Purpose, ...]] = ("deciding", "writing", "reading")


def _unsure(error: StoreError) -> StoreUnsure:
    return StoreUnsure(
        f"{error.message} while a step was committed, so it may or may not be kept",
        "look whether it was kept before you do it again",
    )


def _options(engine: Engine, purpose: Purpose) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {_PURPOSE_OPTION: purpose}
    return {"isolation_level": _ISOLATION[purpose]}


def open_database(
    url: str,
    *,
    clock: Clock | None = None,
    patience_s: float = PATIENCE_S,
    create: bool = True,
) -> Database:
    """Return the store at an address, `sqlite:///gate.db` or `postgresql://user@host/name`.

    `clock` replaces the clocks of the system and of the server. A file is made where there is none
    (not without `create`), but no table: see `migrations`. Raises StoreUnusable for any other
    address; connects to nothing.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        if not create and "mode" not in parsed.query:
            parsed = parsed.update_query_dict({"mode": "rw"})
        engine, where = _sqlite(parsed, patience_s), parsed.database or ":memory:"
        return Database(engine, f"`{where}`", clock, patience_s)
    where = f"`{parsed.database or ''}` on {parsed.host or 'this machine'}"
    return Database(_postgres(parsed, patience_s), where, clock, patience_s)


def _parsed(url: str) -> URL:
    advice = "write `sqlite:///gate.db` or `postgresql://user@host/name`"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not the error's own text, nor the address: a password may stand in it.
        raise StoreUnusable("the address of the store cannot be read", advice) from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreUnusable("the store is neither SQLite nor PostgreSQL", advice)
    return parsed


# --- SQLite -------------------------------------------------------------------------------------


def _sqlite(url: URL, patience_s: float) -> Engine:
    path = url.database or ":memory:"
    file = None
    if path != ":memory:":
        is_fixed = url.query.get("immutable") == "1"
        file = _File(os.path.abspath(path), str(url.query.get("mode")), is_fixed)
    engine = create_engine(
        "sqlite://",
        creator=lambda: _sqlite_connection(file, patience_s),
        poolclass=QueuePool,
        # A database in memory is its one connection: who comes second waits.
        pool_size=1 if file is None else 5,
        max_overflow=0 if file is None else 20,
        pool_timeout=patience_s,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    if file is not None:
        event.listen(engine, "connect", file.remember)
        event.listen(engine, "checkout", file.check)
    return engine


class _File:
    """A database file: made once, never silently another one.

    SQLite would go on writing to a file that was deleted or replaced, where nobody finds it, or
    begin an empty one in its place.
    """

    def __init__(self, path: str, mode: str, is_fixed: bool) -> None:
        self.path = path
        self.mode = mode if mode in ("ro", "rw") else "rwc"
        self.is_fixed = is_fixed
        """Whether nobody can write to it, as on a read-only medium: SQLite then makes no files."""
        self.identity: tuple[int, int] | None = None

    @property
    def uri(self) -> str:
        """What SQLite opens; a file that was there once is not made anew."""
        mode = "rw" if self.identity is not None and self.mode == "rwc" else self.mode
        fixed = "&immutable=1" if self.is_fixed and mode == "ro" else ""
        return f"file:{quote(os.fsencode(self.path))}?mode={mode}{fixed}"

    def remember(self, connection: object, record: Any) -> None:
        """Note which file a connection has open."""
        found = self._found()
        if self.identity is None:
            self.identity = found
        record.info["file"] = found

    def check(self, connection: object, record: Any, proxy: object) -> None:
        """Raise StoreGone where a connection's file is not the one that has the name now."""
        if record.info["file"] != self.identity or self._found() != self.identity:
            raise StoreGone(
                f"the store `{self.path}` was deleted or replaced by another file",
                "put it back, and start the program again",
            )

    def _found(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino


def _sqlite_connection(file: _File | None, patience_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        ":memory:" if file is None else file.uri,
        uri=True,
        timeout=patience_s,
        isolation_level=None,  # transactions are begun by `_begin`, and by nothing else
        check_same_thread=False,  # the pool gives a connection to one thread at a time
    )
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is not left in free pages
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Set the journal to WAL, where it is not yet.

    It stays in the file. SQLite does not wait for others here, so who loses looks again.
    """
    for _ in range(100):
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] in ("wal", "memory"):
                return
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY:
                return
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_FIRST_PAUSE_S)


def _begin(connection: Connection) -> None:
    purpose = connection.get_execution_options().get(_PURPOSE_OPTION)
    connection.exec_driver_sql("BEGIN" if purpose == "reading" else "BEGIN IMMEDIATE")


# --- PostgreSQL ---------------------------------------------------------------------------------


def _is_no_pipeline_that_failed(record: logging.LogRecord) -> bool:
    """Leave out that a pipeline ended with an error: the error itself is raised, and handled."""
    return not str(record.msg).startswith("error ignored terminating")


def _postgres(url: URL, patience_s: float) -> Engine:
    if find_spec("psycopg") is None:
        raise StoreUnusable(
            "the driver of PostgreSQL is not installed", "install `gatewright[postgres]`"
        )
    logging.getLogger("psycopg").addFilter(_is_no_pipeline_that_failed)
    engine = create_engine(
        url,
        connect_args={"connect_timeout": 10, **url.query},
        pool_pre_ping=True,  # a server that was started anew is no error
        pool_size=5,
        max_overflow=20,
        pool_timeout=patience_s,
        hide_parameters=True,
    )

    def prepare(connection: Any, record: object) -> None:
        connection.execute(f"SET lock_timeout = {max(1, int(patience_s * 1000))}")
        connection.execute(f"SET idle_in_transaction_session_timeout = {int(IDLE_S * 1000)}")
        connection.commit()

    event.listen(engine, "connect", prepare)
    return engine
