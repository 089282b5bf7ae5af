"""One database for all examples of a test, emptied before each, and a ledger that fails on request."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import delete, event

from gatewright.engine.action import Action
from gatewright.engine.runtime.directory import Person
from gatewright.engine.runtime.ports import Idempotency, Preview, Receipt, TargetRef
from gatewright.engine.runtime.store import schema
from gatewright.engine.runtime.store.database import Database, open_database
from gatewright.engine.runtime.store.migrations import upgrade
from tests.engine.runtime.ledger import Ledger
from tests.engine.runtime.model.reference import PEOPLE

Mishap = Literal[
    "refuses", "raises_before", "raises_after", "nonsense", "dies_before", "dies_after", "blind"
]  # fmt: skip

TABLES = [table for table in schema.metadata.sorted_tables if table.name != "policies"]


class Died(BaseException):
    """The worker's process ended in the middle of a call."""


class FrailLedger(Ledger):
    """A ledger whose next previews fail, and in whose next write a worker may die."""

    blind = False
    dies: Literal["before", "after"] | None = None

    def next_write(self, mishap: Mishap | None) -> None:
        """Say how the next write goes wrong, and only that."""
        self.faults, self.dies = [], None
        if mishap == "dies_before":
            self.dies = "before"
        elif mishap == "dies_after":
            self.dies = "after"
        elif mishap is not None and mishap != "blind":
            self.faults = [mishap]

    def preview(self, action: Action) -> Preview:
        if self.blind:
            raise OSError("the network is gone")
        return super().preview(action)

    def preview_compensation(self, receipt: Receipt) -> Preview:
        if self.blind:
            raise OSError("the network is gone")
        return super().preview_compensation(receipt)

    def _write(
        self, target: TargetRef, new: dict[str, str], expected: str | None, key: str
    ) -> Receipt:
        dies, self.dies = self.dies, None
        if dies == "before":
            raise Died
        receipt = super()._write(target, new, expected, key)
        if dies == "after":
            raise Died
        return receipt

    # --- what the model asks

    def version(self, charge: str) -> int:
        return int(self.read(TargetRef("stripe", "charge", charge)).version or 0)

    def status(self, charge: str) -> str:
        return str(self.fields(charge)["status"])

    def by_key(self) -> dict[str, int]:
        """How many effects each key had."""
        with self.opened() as db:
            return dict(db.execute("SELECT key, count(*) FROM effects GROUP BY key"))

    def clear(self) -> None:
        with self.opened() as db:
            for table in ("charges", "done", "effects"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608
        self.blind, self.dies, self.faults = False, None, []

    def _connect(self) -> sqlite3.Connection:
        db = super()._connect()
        db.execute("PRAGMA synchronous=OFF")
        return db


class Crowd:
    """A directory over the groups of a model."""

    def __init__(self, groups: dict[str, list[str]]) -> None:
        self.groups = groups

    def people(self) -> frozenset[str]:
        return frozenset(PEOPLE)

    def person(self, id: str) -> Person | None:
        return Person(id) if id in PEOPLE else None

    def group(self, name: str) -> frozenset[str]:
        return frozenset(self.groups.get(name, ()))

    def role(self, name: str) -> frozenset[str]:
        return frozenset()


class Kit:
    """The database and the ledgers of one test. `now` is its clock."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.ledgers = {g: FrailLedger(folder / f"{g.value}.db", g) for g in Idempotency}

    def fresh(self, grade: Idempotency) -> FrailLedger:
        """Empty everything, and give the ledger of a grade."""
        with self.database.transaction() as connection:
            for table in reversed(TABLES):
                connection.execute(delete(table))
        ledger = self.ledgers[grade]
        ledger.clear()
        return ledger


class Hands:
    """A clock that tests turn."""

    now = 0


@contextmanager
def kit_on(url: str, folder: Path, hands: Hands) -> Generator[Kit]:
    """Make the tables once. Nothing is forced to the disk: no example outlives the process."""
    joint = "&" if "?" in url else "?"
    if url.startswith("postgresql"):
        url = (
            url.replace("options=", "options=-csynchronous_commit%3Doff%20")
            if joint == "&"
            else url
        )
    database = open_database(url, clock=lambda: hands.now)
    if not database.is_postgres:
        event.listen(database.engine, "connect", _in_memory)
    upgrade(database)
    try:
        yield Kit(database, folder)
    finally:
        database.close()


def _in_memory(connection: Any, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
