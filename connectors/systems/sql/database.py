"""An address of a database -> an engine, and transactions of which one knows how they ended."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError

from gatewright.engine.runtime.ports import ConnectorError

_CONNECT_S: Final = 10
"""How long PostgreSQL may take to answer at first, in seconds; an address can say otherwise."""


class OutcomeUnknown(Exception):
    """The connection was lost in the commit: only `probe` can tell what happened."""


class Away(ConnectorError):
    """The database cannot be reached, or is locked; it may be back later. Nothing was changed."""


def open_engine(url: str) -> Engine:
    """Return an engine; raises ValueError, whose text holds nothing of the address."""
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


def require_transactions(connection: Connection) -> None:
    """Raise ValueError where every statement commits by itself: then nothing could be promised."""
    raw = connection.connection.dbapi_connection
    if raw is None or connection.dialect.detect_autocommit_setting(raw):
        raise ValueError("the engine is set to AUTOCOMMIT: writes need transactions")


@contextmanager
def transaction(engine: Engine, system: str) -> Generator[Connection, None, None]:
    """Commit at the end; what fails before that has changed nothing.

    Raises ConnectorError where nothing was changed for sure, of which Away where the database may
    be back later; OutcomeUnknown where the commit itself failed. The database's own words are not
    passed on: addresses and values may stand in them.
    """
    committing = False
    try:
        with engine.begin() as connection:
            yield connection
            committing = True
    except SQLAlchemyError as error:
        what = f"the database of `{system}` failed ({type(error).__name__})"
        if committing:
            raise OutcomeUnknown(f"{what} in the commit") from None
        is_away = isinstance(error, OperationalError | InterfaceError)
        kind = Away if is_away else ConnectorError
        raise kind(f"{what}; nothing was changed") from None
