"""Connectors that hang or meet in one system: the gate says so, and nothing waits for ever."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import gatewright as gw
from gatewright.engine.action import Action
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.errors import PreviewFailed
from gatewright.engine.runtime.ports import Idempotency, Preview
from tests.engine.runtime.ledger import Ledger
from tests.engine.runtime.world import refund, refunds


class Hanging(Ledger):
    """A system that does not answer until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, Idempotency.NATIVE)
        self.let_go = threading.Event()

    def preview(self, action: Action) -> Preview:
        self.let_go.wait(60)
        return super().preview(action)


def test_a_preview_that_hangs_is_given_up(tmp_path: Path) -> None:
    ledger = Hanging(tmp_path / "ledger.db")
    ledger.make("ch_1")
    gate = gw.Gate(
        refunds(), store=f"sqlite:///{tmp_path / 'gate.db'}", connectors=[ledger],
        directory=FileDirectory(), preview_timeout_s=0.05,
    )  # fmt: skip
    try:
        with pytest.raises(PreviewFailed, match=r"no answer within 0\.05 s"):
            gate.propose(refund("20.00 USD", "ch_1"))
        assert gate.queue() == []
    finally:
        ledger.let_go.set()
        gate.close()


def test_two_connectors_of_one_system_are_an_error(tmp_path: Path) -> None:
    two = [Ledger(tmp_path / f"{n}.db", Idempotency.NATIVE) for n in "ab"]
    with pytest.raises(ValueError, match="two connectors for the system `stripe`"):
        gw.Gate(refunds(), store=f"sqlite:///{tmp_path / 'gate.db'}", connectors=two)
