"""`gatewright db`: the tables of a store, whether they are of this version, and made so."""

from __future__ import annotations

import click

from gatewright.cli.gate import opened_store, store_option
from gatewright.cli.inputs import write
from gatewright.dsl.rendering.display import visible


@click.group("db")
def command() -> None:
    """Make the tables of a store, bring them to this version, or check them.

    \b
    Examples:
      gatewright db upgrade
      gatewright db upgrade --store sqlite:///gate.db
      gatewright db check --store postgresql://gate@db.internal/gate

    Exit codes: 0 the tables are of this version; 1 they are not; 2 wrong usage, or a store that
    cannot be used.
    """


@command.command("upgrade")
@store_option
def upgrade(store: str) -> None:
    """Make the tables, or bring those of an older version to this one.

    All is done in one transaction, and only forward: back up the store first. Tables of a newer
    version are refused.
    """
    with opened_store(store, create=True) as database:
        # Needs SQLAlchemy and Alembic, which not everybody has.
        from gatewright.engine.runtime.store import migrations

        done = migrations.upgrade(database)
    where = visible(database.where)
    if done:
        write(f"{where}: upgraded to version {done[-1]}")
    else:
        write(f"{where}: is of version {migrations.newest()} already")


@command.command("check")
@store_option
def check(store: str) -> None:
    """Say whether the tables are of this version. Changes nothing."""
    with opened_store(store) as database:
        # Needs SQLAlchemy and Alembic, which not everybody has.
        from gatewright.engine.runtime.store import migrations

        migrations.check(database)
    write(f"{visible(database.where)}: is of version {migrations.newest()}")
