"""A database of any age -> the tables of this version.

`versions/` has one numbered step a file. They only go forward, and a step that was released is
never changed: what comes later is a further step. All that are missing are done in one
transaction, so a database is never between two versions. A step says `REINDEX` where past actions
must be found in another way: that is written after all steps, once, as this version writes it.
Whether a database is of this version is asked in one statement; Alembic is loaded where it is not,
or cannot tell, since that takes as long as a short command.
Source: Alembic documentation, "MigrationContext" and "ScriptDirectory".
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from gatewright.engine.runtime.store import events, schema
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.errors import StoreOutdated, StoreUnusable

if TYPE_CHECKING:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

FOLDER: Final = str(files(__name__))
VERSION_TABLE: Final = "gatewright_schema"
"""Where a database says its version. Not Alembic's own name: others may use that beside us."""

_VERSIONS: Final = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
_LOCK: Final = text("SELECT pg_advisory_xact_lock(1195857234, hashtext(current_schema()))")
_running = Lock()
"""Alembic's `op` is one for all threads of a process."""


def ensure(database: Database, *, folder: str = FOLDER) -> None:
    """Return where a database has the tables of this version; make them in one that has none.

    `folder` is where the steps are. Raises StoreOutdated for tables of another version,
    StoreUnusable where there are tables of somebody else under our names, and StoreError.
    """
    if not _is_current(database, folder):
        upgrade(database, folder=folder)


def check(database: Database, *, folder: str = FOLDER) -> None:
    """Return where a database has the tables of this version, else raise as `ensure` does.

    Changes nothing: raises StoreOutdated also where there are no tables.
    """
    if not _is_current(database, folder):
        raise StoreOutdated(
            f"the store {database.where} has no tables yet", "run `gatewright db upgrade`"
        )


def require_no_other(database: Database, *, folder: str = FOLDER) -> None:
    """Raise StoreOutdated where a database has the tables of another version."""
    _is_current(database, folder)


def _is_current(database: Database, folder: str) -> bool:
    """Tell whether the tables are there; raises StoreOutdated for those of another version."""
    if folder == FOLDER and _says_this_version(database):
        return True
    scripts = _scripts(folder)
    with database.reading() as connection:
        found = _version(connection)
    if found is not None and found != _head(scripts):
        _require_known(found, scripts, database)
        raise StoreOutdated(
            f"the store {database.where} has the tables of version {found}, "
            f"and this Gatewright needs version {_head(scripts)}",
            "run `gatewright db upgrade`",
        )
    return found is not None


def _says_this_version(database: Database) -> bool:
    """Tell whether a database names this version and no other; False also where it has no table."""
    try:
        with database.reading() as connection:
            return list(connection.scalars(_VERSIONS)) == [schema.VERSION]
    except (DBAPIError, StoreUnusable):
        return False  # whoever looks closer says what it is


def upgrade(database: Database, *, folder: str = FOLDER) -> tuple[str, ...]:
    """Bring a database to this version, and return the versions that it went through, in order.

    Several may try at once: one does it, the others wait and find nothing left to do. Raises
    StoreOutdated for tables of a newer version; otherwise as `ensure`.
    """
    scripts = _scripts(folder)

    def work(connection: Connection) -> tuple[str, ...]:
        if database.is_postgres:
            connection.execute(_LOCK)
        found = _version(connection)
        if found is None:
            _require_room(connection, database)
        else:
            _require_known(found, scripts, database)
        return _run(connection, scripts, found)

    return database.retrying(work, "writing")


def newest() -> str:
    """Return the version whose tables this Gatewright uses."""
    return schema.VERSION


def _run(connection: Connection, scripts: ScriptDirectory, found: str | None) -> tuple[str, ...]:
    from alembic.operations import Operations  # costs 40 ms; only who upgrades pays

    missing = list(scripts.iterate_revisions("head", found or "base"))[::-1]
    missing = [step for step in missing if step.revision != found]
    if not missing:
        return ()
    context = _context(connection)
    with _running, Operations.context(context):
        for step in missing:
            step.module.upgrade()
    if any(getattr(step.module, "REINDEX", False) for step in missing):
        events.reindex(connection)
    context.stamp(scripts, missing[-1].revision)
    return tuple(step.revision for step in missing)


@cache
def _scripts(folder: str) -> ScriptDirectory:
    from alembic.script import ScriptDirectory  # costs 40 ms; only who upgrades pays

    return ScriptDirectory(folder)


def _head(scripts: ScriptDirectory) -> str:
    head = scripts.get_current_head()
    if head is None:
        raise ValueError(f"there is no migration in {scripts.dir}")
    return head


def _context(connection: Connection) -> MigrationContext:
    from alembic.migration import MigrationContext  # costs 40 ms; only who upgrades pays

    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})


def _version(connection: Connection) -> str | None:
    """Return the version of a database's tables, None where it has none."""
    return ", ".join(sorted(_context(connection).get_current_heads())) or None


def _require_known(found: str, scripts: ScriptDirectory, database: Database) -> None:
    known = {step.revision for step in scripts.walk_revisions()}
    if found not in known:
        raise StoreOutdated(
            f"the store {database.where} has the tables of version {found}, "
            f"and this Gatewright knows none after {_head(scripts)}",
            "use the Gatewright that made them, or a newer one",
        )


def _require_room(connection: Connection, database: Database) -> None:
    taken = sorted(schema.metadata.tables.keys() & set(inspect(connection).get_table_names()))
    if taken:
        raise StoreUnusable(
            f"the store {database.where} has a table `{taken[0]}` that Gatewright did not make",
            "name another database, or a schema of its own",
        )
