"""`gatewright db`: exit codes, what it says, what it leaves alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gatewright.engine.runtime.store.migrations import VERSION_TABLE, newest
from tests.cli.run import run
from tests.engine.runtime.databases import database_url, postgres_server

__all__ = ["database_url", "postgres_server"]


def test_tables_are_made_once(database_url: str) -> None:
    before = run("db", "check", "--store", database_url)
    assert (before.code, before.out) == (2 if "sqlite" in database_url else 1, "")
    made = run("db", "upgrade", "--store", database_url)
    assert (made.code, made.err) == (0, "")
    assert f"upgraded to version {newest()}" in made.out
    again = run("db", "upgrade", "--store", database_url)
    assert (again.code, again.err) == (0, "")
    assert f"is of version {newest()} already" in again.out
    checked = run("db", "check", "--store", database_url)
    assert (checked.code, checked.err) == (0, "")


def test_check_makes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    assert run("db", "check", "--store", f"sqlite:///{file}").code == 2
    assert not file.exists()
    file.touch()
    checked = run("db", "check", "--store", f"sqlite:///{file}")
    assert checked.code == 1
    assert "has no tables yet: run `gatewright db upgrade`" in checked.err


@pytest.mark.parametrize(
    "command", [("db", "check"), ("db", "upgrade"), ("audit", "verify"), ("audit", "export")]
)
def test_a_newer_store_is_refused(tmp_path: Path, command: tuple[str, str]) -> None:
    store = f"sqlite:///{tmp_path / 'gate.db'}"
    assert run("db", "upgrade", "--store", store).code == 0
    connection = sqlite3.connect(tmp_path / "gate.db")
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    connection.commit()
    connection.close()
    refused = run(*command, "--store", store)
    assert (refused.code, refused.out) == (1, "")
    assert "version 9999" in refused.err


def test_an_address_that_is_none_is_not_shown() -> None:
    refused = run("db", "check", "--store", "mysql://me:hunter2@host/x")
    assert refused.code == 2
    assert "neither SQLite nor PostgreSQL" in refused.err
    assert "hunter2" not in refused.err
    assert run("db", "check").code == 2
