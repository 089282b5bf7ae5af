"""A sandbox behind a gate on SQLite: the policies of the examples, people, a worker, a clock."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gatewright.connectors.systems.sandbox import Fault, Sandbox, Waiting
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.ports import Capabilities, TargetRef
from gatewright.engine.runtime.run import Run
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.migrations import upgrade
from gatewright.engine.runtime.worker import Worker
from gatewright.loading import load
from tests.conftest import ROOT

MINUTE = 60_000_000_000
BEGIN = 1_795_000_000_000_000_000  # in November 2026
CHARGE = TargetRef("stripe", "charge", "ch_1")
NAMES = {"crm": "salesforce", "tickets": "zendesk", "billing": "stripe", "identity": "ldap"}
"""The names under which the policies of the examples know the systems."""

PEOPLE: dict[str, object] = {
    "people": {"ann": {}, "bob": {"roles": ["role-owner"]}, "fay": {}, "gus": {}},
    "groups": {
        "support-managers": ["ann", "bob"], "finance": ["fay", "gus"], "support-leads": ["ann"],
        "sales-ops": ["ann"], "deal-desk": ["ann", "bob"], "managers": ["bob"],
        "security-admins": ["fay", "gus"], "on-call": ["ann"],
    },
}  # fmt: skip


@cache
def example(name: str) -> PolicySet:
    return load(ROOT / "examples" / name)


@cache
def empty_store() -> bytes:
    """Return a store with all its tables: making them takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gate.db"
        database = open_database(f"sqlite:///{path}")
        upgrade(database)
        database.close()
        return path.read_bytes()


@dataclass
class Office:
    """Everything that one test needs. The sandbox is in memory unless `path` names a file."""

    store: Path
    path: Path | None = None
    faults: tuple[Fault | Mapping[str, Any], ...] = ()
    billing: Capabilities | None = None
    policy: str = "refunds"
    waiting: Waiting | None = None
    call_timeout_s: float = 30.0
    now: int = BEGIN
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(
            self.path, names=NAMES, faults=self.faults, waiting=self.waiting,
            capabilities={"billing": self.billing} if self.billing else {},
        )  # fmt: skip
        if not self.store.exists():
            self.store.write_bytes(empty_store())
        self.gate = Gate(
            example(self.policy),
            store=f"sqlite:///{self.store}",
            connectors=self.sandbox.connectors(),
            directory=FileDirectory.of(PEOPLE),
            clock=lambda: self.now,
        )
        self.worker = Worker(self.gate, name="w", lease_s=60, call_timeout_s=self.call_timeout_s)

    @contextmanager
    def opened(self) -> Generator[Office]:
        """Close everything at the end."""
        try:
            yield self
        finally:
            self.gate.close()
            self.sandbox.close()

    # --- shorthands

    def propose(self, amount: str = "20.00 USD", charge: str = "ch_1") -> Run:
        """A refund that runs by itself, unless it is a large one."""
        return self.gate.propose({
            "action": "billing.refund",
            "params": {"customer": charge.replace("ch_", "C-"), "amount": amount},
            "agent": {"id": "refund-bot", "owner": "team-support"},
            "target": {"id": charge},
        })  # fmt: skip

    def example_action(self, name: str) -> Run:
        """Propose an action that comes with the examples."""
        path = ROOT / "examples" / self.policy / "actions" / f"{name}.json"
        return self.gate.propose(json.loads(path.read_text("utf-8")))

    def work(self, run: Run) -> Run:
        self.worker.drain()
        return self.gate.run(run.id)

    def approve(self, run: Run, *people: str) -> Run:
        for person in people:
            run = self.gate.approve(run.id, by=person, card=run.card)
        return run

    def effects(self) -> int:
        """How often money moved, in either direction."""
        return len(self.sandbox.effects("billing"))

    def charge(self, charge: str = "ch_1") -> Mapping[str, object]:
        return self.sandbox.values("billing", "charge", charge)
