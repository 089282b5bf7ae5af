"""A ledger whose first call with a key stops its process, before or after the effect."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from gatewright.engine.action import Action
from gatewright.engine.runtime.ports import Receipt
from tests.engine.runtime.kill.bank import GRADES
from tests.engine.runtime.ledger import Ledger

AFTER = ("none",)
"""The systems that stop after the effect; the others before it."""


class Stopping(Ledger):
    """One ledger, in a file that processes share."""

    def __init__(self, folder: Path, system: str) -> None:
        super().__init__(folder / f"{system}.db", GRADES[system], system)

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        mark = mark_of(self.path.parent, idempotency_key)
        is_first = not mark.exists()
        mark.touch()
        if is_first and self.system not in AFTER:
            _stop()
        receipt = super().execute(action, expected_version, idempotency_key)
        if is_first and self.system in AFTER:
            _stop()
        return receipt


def _stop() -> None:
    """Stop here. A signal to the process would stop another thread first, and this one later."""
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def mark_of(folder: Path, key: str) -> Path:
    """Return the file that says that a call with the key began."""
    return folder / f"{key}.called"


def connector(folder: str, system: str) -> Stopping:
    """Make a connector, as `gatewright.toml` asks for it."""
    return Stopping(Path(folder), system)
