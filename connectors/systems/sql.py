"""Tables of a database as a system: a row is a record, and an action sets some of its columns.

A write is one `UPDATE ... WHERE key AND version`, and the receipt is kept in a journal in the same
transaction: so a key has one effect, and what became of it can always be told. Names of tables and
columns come from the declaration only, values are bound parameters. Needs the extra `runtime`.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import (
    CHAR,
    Column,
    Connection,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Numeric,
    RowMapping,
    String,
    Table,
    Text,
    create_engine,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import (
    ArgumentError,
    InterfaceError,
    NoSuchTableError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.types import TypeDecorator

from gatewright.connectors.systems.sql_fields import KINDS, SQLITE_DIGITS, Field
from gatewright.engine.action import Action
from gatewright.engine.canonical import canonical_json, digest, to_json
from gatewright.engine.reading.json_text import Json, read_json
from gatewright.engine.runtime.plan import receipt_document, receipt_of
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
    Unsupported,
)
from gatewright.engine.values import NOTHING, decimal_text

JOURNAL: Final = "gatewright_journal"
"""The table of receipts; made where it does not exist."""


LAST_VERSION: Final = 2**63 - 1

_CONNECT_S: Final = 10
"""How long PostgreSQL may take to answer at first, in seconds; an address can say otherwise."""

_log = logging.getLogger("gatewright.connectors")


@dataclass(frozen=True, slots=True)
class Param:
    """A column gets the value of a parameter of the action."""

    name: str


@dataclass(frozen=True, slots=True)
class SqlAction:
    """What an action does to a row: it sets fields as declared, or those that its `changes` name.

    `sets` gives for a field a `Param` or a constant (JSON); `changes` are the fields that the
    action may change itself. Nothing else is ever written.
    """

    sets: Mapping[str, Param | Json] = field(default_factory=dict[str, "Param | Json"])
    changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SqlObject:
    """A table: its name (`schema.table` where needed), the columns of key and version, actions.

    `version` is a whole number that *every* writer of the table raises. `fields` gives other names
    to columns, and leaves out all that it does not name; without it every column is a field.
    `money` gives the currency of fields that are amounts.
    """

    table: str
    key: str
    version: str
    actions: Mapping[str, SqlAction]
    fields: Mapping[str, str] | None = None
    money: Mapping[str, str] = field(default_factory=dict[str, str])


class OutcomeUnknown(Exception):
    """The connection was lost in the commit: only `probe` can tell what happened."""


class _Away(ConnectorError):
    """The database cannot be reached, or is locked; it may be back later. Nothing was changed."""


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
        self._engine = database if isinstance(database, Engine) else _engine(database)
        self._owns_engine = not isinstance(database, Engine)
        self._journal = _journal()
        self._objects = dict(objects)
        self._tables: dict[str, _Rows] | None = None
        self._looking = threading.Lock()
        try:
            self._tables = self._look()
        except _Away:
            self.close()
            if not waits:
                raise
            _log.warning("the database of `%s` is away: it is looked at again when needed", system)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"SqlConnector({self.system!r}, {sorted(self._objects)})"

    def _look(self) -> dict[str, _Rows]:
        """Return what the tables are like; makes the journal where there is none."""
        try:
            with self._transaction() as connection:
                _require_transactions(connection)
                self._journal.create(connection, checkfirst=True)
                return {n: _Rows.reflect(connection, o) for n, o in self._objects.items()}
        except OutcomeUnknown as error:  # of no consequence: who looks again finds the journal
            raise _Away(f"{error}; nothing was changed") from None

    def _known(self) -> dict[str, _Rows]:
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
            found = self._entry(connection, key)
        return Probe(Applied.NO) if found is None else Probe(Applied.YES, _receipt(found))

    def _write(
        self, target: TargetRef, new: Mapping[str, Json], version: str | None, key: str
    ) -> Receipt:
        request = digest({"target": str(target), "version": version, "new": dict(new)})
        with self._transaction() as connection:
            # First of all: who repeats a call meets its own write as another version.
            done = self._done(connection, key, request)
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
            self._keep(connection, receipt, request)
            return receipt

    def _lost(self, connection: Connection, target: TargetRef, key: str, request: str) -> Receipt:
        """Return the receipt if the row moved by a call with this very key; raises Conflict."""
        done = self._done(connection, key, request)
        if done is not None:
            return done
        raise Conflict(f"{target} was changed in the meantime")

    # --- the journal

    def _done(self, connection: Connection, key: str, request: str) -> Receipt | None:
        found = self._entry(connection, key)
        if found is None:
            return None
        if found["request"] != request:
            raise Unsupported("the idempotency key belongs to another write")
        return _receipt(found)

    def _entry(self, connection: Connection, key: str) -> RowMapping | None:
        query = select(self._journal).where(self._journal.c.key == key)
        return connection.execute(query).mappings().one_or_none()

    def _keep(self, connection: Connection, receipt: Receipt, request: str) -> None:
        text = canonical_json(receipt_document(receipt)).decode()
        row = {"key": receipt.key, "request": request, "receipt": text}
        connection.execute(insert(self._journal).values(row))

    # --- help

    def _target(self, action: Action) -> TargetRef:
        given = action.target
        if given is None or given.system != self.system or not given.object or not given.id:
            raise Unsupported(f"the action names no record of `{self.system}`")
        return TargetRef(self.system, given.object, given.id)

    def _rows(self, target: TargetRef) -> _Rows:
        if target.system != self.system or target.object not in self._objects:
            raise Unsupported(f"`{self.system}` has no such object")
        return self._known()[target.object]

    @contextmanager
    def _transaction(self) -> Generator[Connection, None, None]:
        """Commit at the end; what fails before that has changed nothing.

        The database's own words are not passed on: addresses and values may stand in them.
        """
        committing = False
        try:
            with self._engine.begin() as connection:
                yield connection
                committing = True
        except SQLAlchemyError as error:
            what = f"the database of `{self.system}` failed ({type(error).__name__})"
            if committing:
                raise OutcomeUnknown(f"{what} in the commit") from None
            is_away = isinstance(error, OperationalError | InterfaceError)
            kind = _Away if is_away else ConnectorError
            raise kind(f"{what}; nothing was changed") from None


# --- one table ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rows:
    """A table as reflected, with its fields by name."""

    table: Table
    key: Field
    version: Column[Any]
    fields: Mapping[str, Field]
    actions: Mapping[str, SqlAction]
    padded: bool
    """Whether the database fills keys up with blanks, which are no part of them."""

    @classmethod
    def reflect(cls, connection: Connection, declared: SqlObject) -> _Rows:
        """Read the columns of a table; raises ValueError where the declaration does not fit."""
        schema, _, name = declared.table.rpartition(".")
        try:
            table = Table(name, MetaData(), schema=schema or None, autoload_with=connection)
        except NoSuchTableError:
            raise ValueError(f"there is no table `{declared.table}`") from None
        names = declared.fields
        if names is None:
            names = {c.name: c.name for c in table.c if _kind(c) and c.name != declared.version}
        for wanted in (declared.key, declared.version, *names.values()):
            if wanted not in table.c or _kind(table.c[wanted]) is None:
                raise ValueError(f"`{declared.table}` has no column `{wanted}` that can be used")
        version = table.c[declared.version]
        if not isinstance(version.type, Integer):
            raise ValueError(f"the version `{version.name}` must be a whole number")
        exact = connection.dialect.name == "sqlite"
        fields = {n: _field(n, table.c[c], declared.money.get(n), exact) for n, c in names.items()}
        key = next((field for field in fields.values() if field.column == declared.key), None)
        if key is None:
            key = _field(declared.key, table.c[declared.key], None, exact)
        padded = not exact and isinstance(table.c[declared.key].type, CHAR)
        rows = cls(table, key, version, fields, declared.actions, padded)
        rows._check(declared)
        return rows

    def _check(self, declared: SqlObject) -> None:
        named = set(declared.money)
        for action in declared.actions.values():
            named |= {*action.sets, *action.changes}
        unknown = sorted(named - self.fields.keys())
        if unknown:
            raise ValueError(f"`{declared.table}` has no field `{unknown[0]}`")
        written = {self.fields[name].column for name in named - declared.money.keys()}
        if written & {self.key.column, self.version.name}:
            raise ValueError(f"an action on `{declared.table}` sets its key or version")
        for action in declared.actions.values():
            columns = [self.fields[name].column for name in (*action.sets, *action.changes)]
            if len(columns) > len(set(columns)):
                raise ValueError(f"an action on `{declared.table}` sets a column in two ways")

    def require(self, names: Sequence[str]) -> None:
        """Raise Unsupported for a name that is no field."""
        if not self.fields.keys() >= set(names):
            raise Unsupported(f"`{self.table.name}` has no such field")

    def read(self, connection: Connection, target: TargetRef) -> Record:
        """Return all fields of a row; raises NoSuchTarget.

        A row has one id, its key as text. Others that the database takes for the same, such as
        `05` or another case, name no row: limits are kept for each id.
        """
        row = connection.execute(select(self.table).where(self._is(target))).mappings().first()
        if row is None or self._id(row) != target.id:
            raise NoSuchTarget(f"{target} does not exist")
        values = {n: f.to_json(row[self.table.c[f.column]]) for n, f in self.fields.items()}
        version = row[self.version]
        return Record(values, None if version is None else str(version))

    def update(
        self, connection: Connection, target: TargetRef, new: Mapping[str, Json], before: Record
    ) -> str | None:
        """Write if the row is still of the version; return its new version, or None if not."""
        if before.version is None:
            raise ConnectorError(f"{target} has no version")
        if not re.fullmatch(r"-?[0-9]+", before.version):  # SQLite keeps anything anywhere
            raise ConnectorError(f"{target} has a version that is no whole number")
        old = int(before.version)
        if not -LAST_VERSION <= old < LAST_VERSION:
            raise ConnectorError(f"{target} has no version left")
        values = {self.table.c[self.fields[n].column]: self.fields[n].from_json(v)
                  for n, v in new.items()}  # fmt: skip
        statement = update(self.table).where(self._is(target), self.version == old)
        done = connection.execute(statement.values({**values, self.version: old + 1}))
        if done.rowcount not in (0, 1):  # raising takes back what was written
            raise ConnectorError(f"{target} is not one row: its key is not unique")
        return str(old + 1) if done.rowcount else None

    def new_values(self, action: Action) -> dict[str, Json]:
        """Return the JSON that the fields will have; raises Unsupported."""
        declared = self.actions.get(action.name)
        if declared is None:
            raise Unsupported(f"`{self.table.name}` has no action `{action.name}`")
        wanted: dict[str, Json] = {}
        for name, source in declared.sets.items():
            wanted[name] = _param(action, source) if isinstance(source, Param) else source
        if declared.changes:
            wanted |= _changes(action, declared)
        if not wanted:
            raise Unsupported("the action changes nothing")
        return self._as_kept(wanted)

    def old_values(self, receipt: Receipt) -> dict[str, Json]:
        """Return the values before a write; raises Unsupported where the receipt has none."""
        kept = receipt.undo.get("fields")
        if not isinstance(kept, dict) or not kept:
            raise Unsupported("the receipt does not say what was there before")
        written = {n for action in self.actions.values() for n in (*action.sets, *action.changes)}
        if not written >= kept.keys():
            raise Unsupported("the receipt names fields that no action sets")
        return self._as_kept(kept)

    def _id(self, row: RowMapping) -> str:
        text = str(self.key.to_json(row[self.table.c[self.key.column]]))
        return text.rstrip(" ") if self.padded else text

    def _as_kept(self, values: Mapping[str, Json]) -> dict[str, Json]:
        """Return values as they will be read: `5 USD` becomes `5.00 USD`."""
        fields = self.fields
        return {n: fields[n].to_json(fields[n].from_json(value)) for n, value in values.items()}

    def _is(self, target: TargetRef) -> Any:
        column = self.table.c[self.key.column]
        try:
            id_ = int(target.id) if self.key.kind is int else target.id
            return column == self.key.from_json(id_)
        except (Unsupported, ValueError):
            raise NoSuchTarget(f"{target} does not exist") from None


def _param(action: Action, param: Param) -> Json:
    if param.name not in action.params:
        raise Unsupported(f"the action needs the parameter `{param.name}`")
    return to_json(action.params[param.name])


def _changes(action: Action, declared: SqlAction) -> dict[str, Json]:
    """Return the new values of the fields that the action changes itself.

    What it sets stands among the changes of a plan as well, and is what the declaration says.
    """
    changes = {n: change for n, change in action.changes.items() if n not in declared.sets}
    if not changes.keys() <= set(declared.changes):
        allowed = ", ".join(declared.changes)
        raise Unsupported(f"`{action.name}` may change {allowed}, and nothing else")
    if any(change.new is NOTHING for change in changes.values()):
        raise Unsupported("every change needs its new value")
    return {name: to_json(change.new) for name, change in changes.items()}


# --- columns ------------------------------------------------------------------------------------


class _SqliteDecimal(TypeDecorator[Decimal]):
    """A NUMERIC of SQLite, which keeps 15 digits: written as text, read back exactly."""

    impl = Text
    cache_ok = True

    def __init__(self, scale: int | None) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write the digits."""
        return None if value is None else decimal_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read what SQLite made of them: an integer, a double, or the text."""
        if value is None:
            return None
        number = Decimal(str(value))
        return number if self.scale is None else round(number, self.scale)


def _kind(column: Column[Any]) -> type | None:
    """Return the Python type of a column's values; None where it cannot be a field."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return None
    return kind if kind in KINDS else None


def _field(name: str, column: Column[Any], currency: str | None, sqlite: bool) -> Field:
    kind, type_ = cast("type", _kind(column)), column.type
    scale = digits = None
    if isinstance(type_, Numeric) and kind is Decimal:
        scale, digits = type_.scale, type_.precision
        if sqlite:
            digits = min(digits or SQLITE_DIGITS, SQLITE_DIGITS)
            column.type = _SqliteDecimal(scale)
    if currency is not None and kind not in (Decimal, int, str):
        raise ValueError(f"`{name}` cannot be money")
    return Field(
        name, column.name, kind, bool(column.nullable),
        length=type_.length if isinstance(type_, String) else None,
        scale=scale, digits=digits, currency=currency,
        zoned=bool(getattr(type_, "timezone", False)),
    )  # fmt: skip


# --- the database -------------------------------------------------------------------------------


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        is_named = "connect_timeout" in parsed.query or not parsed.drivername.endswith("+psycopg")
        limits = {} if is_named else {"connect_timeout": _CONNECT_S}
        return create_engine(parsed, hide_parameters=True, connect_args=limits)
    except ImportError as error:
        raise ValueError(f"the driver of the database is not installed: {error.name}") from None
    except (ArgumentError, ValueError):  # their text may hold parts of the address, a password
        raise ValueError("the address of the database cannot be read") from None


def _require_transactions(connection: Connection) -> None:
    """Raise ValueError where every statement commits by itself: then nothing could be promised."""
    raw = connection.connection.dbapi_connection
    if raw is None or connection.dialect.detect_autocommit_setting(raw):
        raise ValueError("the engine is set to AUTOCOMMIT: writes need transactions")


def _journal() -> Table:
    return Table(
        JOURNAL,
        MetaData(),
        Column("key", String(256), primary_key=True),
        Column("request", String(80), nullable=False),
        Column("receipt", Text, nullable=False),
    )


def _receipt(entry: RowMapping) -> Receipt:
    return receipt_of(cast("dict[str, Any]", read_json(entry["receipt"])))
