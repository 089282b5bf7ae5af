"""A gate to measure: a policy with a history, two routes, and a system that answers at once.

The system keeps in memory what was written, in each process its own, so that figures are of the
runtime and its database and of nothing else.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from gatewright.engine.action import Action
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.ports import (
    Applied,
    Capabilities,
    Concurrency,
    FieldChange,
    Idempotency,
    Preview,
    Probe,
    Receipt,
    Record,
    TargetRef,
    Unsupported,
)
from gatewright.loading import load

POLICY: Final = Path(__file__).with_name("refunds.gate")
AUTO, MANAGER, FINANCE = "20.00 USD", "75.00 USD", "300.00 USD"
"""Amounts that run at once, and that need a manager or finance."""

_PEOPLE: Final[dict[str, dict[str, object]]] = {
    "people": {"ann": {}, "bob": {}, "fay": {}, "oli": {}},
    "groups": {"managers": ["ann", "bob"], "finance": ["fay"]},
}


class AtOnce:
    """Charges that are all paid until this process refunds one."""

    system = "stripe"
    capabilities = Capabilities(Concurrency.ATOMIC, Idempotency.NATIVE, can_probe=True)

    def __init__(self) -> None:
        self._refunded: dict[str, str] = {}
        self._receipts: dict[str, Receipt] = {}

    def read(self, target: TargetRef, fields: Sequence[str] | None = None) -> Record:
        """Return a charge as it is in this process."""
        amount = self._refunded.get(target.id)
        values = {
            "status": "paid" if amount is None else "refunded",
            "refunded": amount or "0.00 USD",
        }
        return Record(values, "1" if amount is None else "2")

    def preview(self, action: Action) -> Preview:
        """Return what a refund would change."""
        target = _target(action)
        record, amount = self.read(target), str(action.params["amount"])
        fields = (
            FieldChange("status", record.values["status"], "refunded"),
            FieldChange("refunded", record.values["refunded"], amount),
        )
        return Preview(target, fields, record.version, "Pays money back.", None, record.values)

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Note a refund."""
        target = _target(action)
        self._refunded[target.id] = str(action.params["amount"])
        receipt = Receipt(idempotency_key, target, f"re_{idempotency_key[-6:]}", "2")
        self._receipts[idempotency_key] = receipt
        return receipt

    def probe(self, key: str) -> Probe:
        """Return whether this process refunded under a key."""
        receipt = self._receipts.get(key)
        return Probe(Applied.NO) if receipt is None else Probe(Applied.YES, receipt)

    def preview_compensation(self, receipt: Receipt) -> Preview:
        """Refuse: no benchmark takes anything back."""
        raise Unsupported("a refund of the benchmark is not taken back")

    def compensate(
        self, receipt: Receipt, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Refuse: no benchmark takes anything back."""
        raise Unsupported("a refund of the benchmark is not taken back")


def _target(action: Action) -> TargetRef:
    return TargetRef("stripe", "charge", (action.target.id if action.target else None) or "")


def refund(charge: str, amount: str, *, agent: str = "bot", customer: str | None = None) -> Action:
    """Return an action; a customer of its own for each charge unless one is named."""
    document = {
        "action": "billing.refund",
        "params": {"customer": customer or f"C-{charge}", "amount": amount},
        "agent": {"id": agent, "owner": "oli"},
        "target": {"id": charge},
        "context": {"reasoning": "The parcel never came.", "confidence": 0.9},
    }
    return Action.read(document)[0]


@cache
def policy() -> PolicySet:
    """Return the policy of the benchmarks."""
    return load(POLICY)


@contextmanager
def gate(store: str) -> Generator[Gate]:
    """Open a gate on a store, and close it in the end."""
    directory = FileDirectory.of(_PEOPLE)
    opened = Gate(policy(), store=store, connectors=[AtOnce()], directory=directory)
    try:
        yield opened
    finally:
        opened.close()
