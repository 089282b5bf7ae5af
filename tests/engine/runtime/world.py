"""A gate with the policy of the refunds example, a ledger, people and a clock that tests move."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime.directory import Person
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.notifying import Notifier
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.worker import Worker
from gatewright.loading import load
from tests.conftest import ROOT
from tests.engine.runtime.ledger import Ledger

HOUR = 3_600_000_000_000
BEGIN = 1_795_000_000_000_000_000  # in November 2026

NAMES = ("ann", "bob", "cat", "fay", "gus", "oli")
GROUPS = {
    "support-managers": ["ann", "bob"], "finance": ["fay", "gus"], "team-support": ["oli"],
}  # fmt: skip


@dataclass
class Changing:
    """A directory whose groups tests change."""

    groups: dict[str, list[str]]

    def people(self) -> frozenset[str]:
        return frozenset(NAMES).union(*self.groups.values())

    def person(self, id: str) -> Person | None:
        return Person(id) if id in self.people() else None

    def group(self, name: str) -> frozenset[str]:
        return frozenset(self.groups.get(name, ()))

    def role(self, name: str) -> frozenset[str]:
        return frozenset()


@cache
def refunds() -> PolicySet:
    return load(ROOT / "examples" / "refunds")


@dataclass
class World:
    """Everything that one test needs."""

    url: str
    folder: Path
    grade: Idempotency = Idempotency.NATIVE
    policy: PolicySet = field(default_factory=refunds)
    groups: dict[str, list[str]] = field(default_factory=lambda: dict(GROUPS))
    now: int = BEGIN
    notifiers: list[Notifier] = field(default_factory=list[Notifier])

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.folder / "ledger.db", self.grade)
        for number in range(1, 6):
            self.ledger.make(f"ch_{number}")
        database = open_database(self.url, clock=lambda: self.now)
        self.gate = Gate(
            lambda: self.policy,
            store=database,
            connectors=[self.ledger],
            notifiers=self.notifiers,
            directory=Changing(self.groups),
        )
        self.worker = Worker(self.gate, name="w1", lease_s=60, call_timeout_s=5)

    @contextmanager
    def opened(self) -> Generator[World]:
        """Close the store at the end."""
        try:
            yield self
        finally:
            self.gate.close()

    # --- shorthands

    def propose(self, amount: str = "75.00 USD", charge: str = "ch_1", **more: object) -> Run:
        return self.gate.propose(refund(amount, charge, **more))

    def approve(self, run: Run, by: str = "ann") -> Run:
        return self.gate.approve(run.id, by=by, card=run.card)

    def work(self, run: Run) -> Run:
        self.worker.drain()
        return self.gate.run(run.id)


def refund(amount: str, charge: str, **more: object) -> dict[str, object]:
    return {
        "action": "billing.refund",
        "params": {"customer": f"C-{charge}", "amount": amount},
        "agent": {"id": "refund-bot", "owner": "team-support"},
        "target": {"id": charge},
        "context": {"reasoning": "The customer asked for it.", "confidence": 0.9},
        **more,
    }
