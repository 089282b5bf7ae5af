"""The second half of the demo: proposals are held, answered, carried out, undone and proved.

Everything is real: the shop is a SQLite database changed through the SQL connector, the runs are in
another, both in a folder that is removed in the end. Only the clock is the story's own. Needs the
extra `runtime`.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from gatewright.connectors.systems.sql import Param, SqlAction, SqlConnector, SqlObject
from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime.audit.verify import verify
from gatewright.engine.runtime.card import card_lines, shown
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import Run
from gatewright.engine.runtime.standing import head_lines
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.worker import Worker
from gatewright.engine.values import Timestamp

_START = Timestamp.parse("2026-11-24T09:00:00Z").nanos
_MINUTE = 60 * 1_000_000_000

_SHOP = """
CREATE TABLE charges (id TEXT PRIMARY KEY, status TEXT, refunded NUMERIC(12, 2), v INTEGER);
CREATE TABLE customers (id TEXT PRIMARY KEY, tier TEXT, note TEXT, v INTEGER);
INSERT INTO charges VALUES ('ch_1', 'paid', 0, 1), ('ch_2', 'paid', 0, 1), ('ch_3', 'paid', 0, 1);
INSERT INTO customers VALUES ('C-8', 'basic', '', 1);
"""
_PEOPLE: dict[str, object] = {
    "people": {"ann": {}, "fay": {}, "kim": {}},
    "groups": {"support-managers": ["ann"], "finance": ["fay"], "account-managers": ["kim", "ann"]},
}


@dataclass
class Clock:
    """The store's clock, as far as the story tells."""

    now: int = _START

    def __call__(self) -> int:
        """Return the instant in nanoseconds."""
        return self.now

    def goes(self, minutes: int) -> None:
        """Let time pass."""
        self.now += minutes * _MINUTE


@dataclass
class Scenes:
    """The shop, its gate and a worker, and what happens to them."""

    folder: Path
    policy: PolicySet
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        with closing(sqlite3.connect(self.folder / "shop.db")) as shop:
            shop.executescript(_SHOP)
        url = f"sqlite:///{self.folder / 'shop.db'}"
        refund = SqlAction(sets={"status": "refunded", "refunded": Param("amount")})
        charge = SqlObject(
            "charges", "id", "v", {"billing.refund": refund}, money={"refunded": "USD"}
        )
        update = SqlAction(changes=("tier", "note"))
        customer = SqlObject("customers", "id", "v", {"crm.customer.update": update})
        self.connectors = [
            SqlConnector(url, "stripe", {"charge": charge}),
            SqlConnector(url, "shop", {"customer": customer}),
        ]
        self.gate = Gate(
            self.policy, store=self.store, connectors=self.connectors, clock=self.clock,
            directory=FileDirectory.of(_PEOPLE),
        )  # fmt: skip
        self.worker = Worker(self.gate, name="worker-1")

    @property
    def store(self) -> str:
        """The address of the store of runs."""
        return f"sqlite:///{self.folder / 'gate.db'}"

    def close(self) -> None:
        """Let go of the databases."""
        self.gate.close()
        for connector in self.connectors:
            connector.close()

    # --- what is told

    def told(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Give the scenes in turn: a title, and the lines that are seen while it is played."""
        yield (
            "Customer C-2's 75 USD: what Ann, a support manager, sees and approves.",
            self._approved(),
        )
        yield "120 USD more. Ann is away: after four hours finance is asked instead.", self._late()
        yield "A third is approved, but the record moves before it is written.", self._moved()
        yield "Customer C-8 is made gold by mistake. Kim has that taken back.", self._taken_back()
        yield "Can the trail of all this be changed? In a copy, one name is.", self._proved()

    def _approved(self) -> Iterator[str]:
        run = self.gate.propose(_refund("ch_1", "C-2", "75.00 USD"))
        yield from self._stands(run)
        yield from _card(run)
        self.gate.approve(run.id, by="ann", card=run.card, note="The carrier has lost it.")
        self.worker.drain()
        yield from self._stands(run)
        yield f"table  {self._row('charges', 'ch_1')}"

    def _late(self) -> Iterator[str]:
        run = self.gate.propose(_refund("ch_2", "C-3", "120.00 USD"))
        yield from self._stands(run)
        self.clock.goes(241)
        self.worker.drain()
        yield from self._stands(run)
        self.gate.approve(run.id, by="fay", card=run.card)
        self.worker.drain()
        yield from self._stands(run)

    def _moved(self) -> Iterator[str]:
        run = self.gate.propose(_refund("ch_3", "C-4", "60.00 USD"))
        yield from _changes(run)
        self.gate.approve(run.id, by="ann", card=run.card)
        with closing(sqlite3.connect(self.folder / "shop.db")) as shop, shop:
            shop.execute("UPDATE charges SET refunded = 10, v = v + 1 WHERE id = 'ch_3'")
        self.worker.drain()
        again = self.gate.run(run.id)
        yield from self._stands(again)
        yield from _changes(again)
        self.gate.approve(run.id, by="ann", card=again.card)
        self.worker.drain()
        yield from self._stands(run)

    def _taken_back(self) -> Iterator[str]:
        run = self.gate.propose(_TIER)
        self.gate.approve(run.id, by="ann", card=run.card)
        self.worker.drain()
        yield f"table  {self._row('customers', 'C-8')}"
        back = self.gate.compensate(run.id, by="kim", note="It was meant for C-9.")
        yield from _card(back)
        self.gate.approve(back.id, by="ann", card=back.card)
        self.worker.drain()
        yield from self._stands(run)
        yield f"table  {self._row('customers', 'C-8')}"

    def _proved(self) -> Iterator[str]:
        self.worker.step()
        yield f"audit  {_verified(self.store)}"
        yield f"copy   {_verified(f'sqlite:///{self._tampered()}')}"

    # --- how

    def _stands(self, run: Run) -> Iterator[str]:
        now = self.gate.run(run.id)
        yield from map(_steady, head_lines(now, self.gate.waits_for(now)))

    def _row(self, table: str, id_: str) -> str:
        with closing(sqlite3.connect(self.folder / "shop.db")) as shop:
            shop.row_factory = sqlite3.Row
            row = shop.execute(f"SELECT * FROM {table} WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        return ", ".join(f"{name} {row[name]}" for name in row.keys() if name != "v")  # noqa: SIM118

    def _tampered(self) -> Path:
        copy = self.folder / "copy.db"
        kept = sqlite3.connect(self.folder / "gate.db")
        with closing(kept), closing(sqlite3.connect(copy)) as empty:
            kept.backup(empty)
        with closing(sqlite3.connect(copy)) as store, store:
            store.execute(
                "UPDATE leaves SET body = replace(body, 'ann', 'amy') WHERE number ="
                " (SELECT min(number) FROM leaves WHERE kind = 'approved')"
            )
        return copy


def story() -> Iterator[tuple[str, Iterator[str]]]:
    """Give the scenes: each a title, and the lines that are seen while it is played."""
    with (
        tempfile.TemporaryDirectory(prefix="gatewright-demo-") as folder,
        closing(Scenes(Path(folder), policies())) as scenes,
    ):
        yield from scenes.told()


def policies() -> PolicySet:
    """Return the policies of the demo, those about refunds and those about customers."""
    folder = files("gatewright.cli").joinpath("demo_policies")
    names = ("refunds.gate", "customers.gate")
    sources = [Source(name, folder.joinpath(name).read_text("utf-8")) for name in names]
    policy, diagnostics = check_sources(sources)
    if policy is None:
        raise PolicyError(diagnostics)
    return PolicySet(policy)


_TIER: dict[str, object] = {
    "action": "crm.customer.update",
    "agent": {"id": "care-bot"},
    "target": {"id": "C-8"},
    "changes": {"tier": {"old": "basic", "new": "gold"}},
}


def _refund(charge: str, customer: str, amount: str) -> dict[str, object]:
    return {
        "action": "billing.refund",
        "params": {"customer": customer, "amount": amount},
        "agent": {"id": "refund-bot", "owner": "team-support"},
        "target": {"id": charge},
        "context": {
            "reasoning": "The parcel never came.", "confidence": 0.93, "evidence": ["ticket 812"],
        },
    }  # fmt: skip


def _card(run: Run) -> Iterator[str]:
    yield ""
    yield from map(_steady, card_lines(run))
    yield ""


def _changes(run: Run) -> Iterator[str]:
    for one in run.round.preview["fields"]:
        yield f"  {one['field']}: {shown(one['old'])} -> {shown(one['new'])}"


def _verified(store: str) -> str:
    database = open_database(store)
    with closing(database), database.reading() as connection:
        report = verify(connection, (), None)
    return (
        f"good: {report.size} entries" if report.is_good else f"wrong: {report.findings[0].message}"
    )


def _steady(line: str) -> str:
    """Return a line without what is drawn anew each time: ids of runs, digests of cards."""
    return re.sub(r"\b(run_|sha256:)[0-9a-f]{8,}", r"\1...", line)
