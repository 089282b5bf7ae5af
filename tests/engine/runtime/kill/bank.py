"""A process with one ledger for each grade, which outlives the workers and remembers every call.

`python -m tests.engine.runtime.kill.bank FOLDER SEED` listens on a socket in the folder; `Teller` is the
connector that speaks to it, `connector` what `gatewright.toml` names. Some calls are slow, refused,
answered with nonsense, or end in an error before or after the effect.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, cast

from gatewright.engine.action import Action
from gatewright.engine.runtime.ports import (
    Capabilities,
    Idempotency,
    Preview,
    Probe,
    Receipt,
    Record,
    TargetRef,
)
from tests.engine.runtime.ledger import Fault, Ledger

GRADES = {
    "native": Idempotency.NATIVE, "set": Idempotency.COMPARE_AND_SET,
    "probe": Idempotency.PROBE, "none": Idempotency.NONE,
}  # fmt: skip
"""The systems, and what each promises."""

SLOW_S = 0.9
"""How long a slow call takes: longer than workers wait for it."""

_FAULTS: tuple[Fault | None, ...] = ("refuses", "raises_before", "raises_after", "nonsense")
_WRITES = ("execute", "compensate")


def address(folder: Path) -> str:
    """Return the socket of the process that serves a folder."""
    return str(folder / "bank.sock")


def ledger_of(folder: Path, system: str) -> Ledger:
    """Return the ledger of a system, which the process writes."""
    return Ledger(folder / f"{system}.db", GRADES[system], system)


class Bank:
    """The ledgers, and which calls there were."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.ledgers = {system: ledger_of(folder, system) for system in GRADES}
        self._one_at_a_time = {system: threading.Lock() for system in GRADES}
        self._random = random.Random(seed)  # noqa: S311 - no secret
        for ledger in self.ledgers.values():
            with ledger.opened() as db:
                db.execute("CREATE TABLE IF NOT EXISTS calls (key TEXT, pid INTEGER, at REAL)")

    def answer(self, system: str, method: str, arguments: Sequence[Any], pid: int) -> object:
        """Do what a connector is asked."""
        ledger = self.ledgers[system]
        if method == "put":
            with self._one_at_a_time[system]:
                ledger.put(*arguments[:1], **arguments[1])
            return None
        if method in _WRITES:
            with ledger.opened() as db:
                db.execute("INSERT INTO calls VALUES (?, ?, ?)", (arguments[2], pid, time.time()))
            return self._write(ledger, system, method, arguments)
        time.sleep(self._random.choice((0, 0, 0.005, 0.02)))
        return getattr(ledger, method)(*arguments)

    def _write(self, ledger: Ledger, system: str, method: str, arguments: Sequence[Any]) -> object:
        before, after = self._random.choice((0, 0.01, 0.05)), self._random.choice((0, 0.01, 0.05))
        luck = self._random.random()
        if luck < 0.03:
            before = SLOW_S
        elif luck < 0.06:
            after = SLOW_S
        fault = self._random.choice(_FAULTS) if 0.06 < luck < 0.14 else None
        time.sleep(before)
        try:
            with self._one_at_a_time[system]:
                ledger.faults[:] = [fault] if fault else []
                return getattr(ledger, method)(*arguments)
        finally:
            time.sleep(after)

    def serve(self, connection: Connection[Any, Any]) -> None:
        """Answer one question; whoever asked may be gone by then."""
        with connection:
            try:
                system, method, arguments, pid = connection.recv()
                if method == "execute" or method == "preview":
                    arguments = (Action.read(arguments[0])[0], *arguments[1:])
                try:
                    answer = (True, self.answer(system, method, arguments, pid))
                except Exception as error:
                    answer = (False, error)
                connection.send(answer)
            except (EOFError, OSError):
                return


class Teller:
    """A connector to one ledger of the process."""

    def __init__(self, folder: Path, system: str) -> None:
        self.system = system
        self._address = address(folder)
        self._grade = GRADES[system]

    def _ask(self, method: str, *arguments: object) -> Any:
        with Client(self._address) as connection:
            connection.send((self.system, method, arguments, os.getpid()))
            is_good, answer = connection.recv()
        if is_good:
            return answer
        raise cast("Exception", answer)

    @property
    def capabilities(self) -> Capabilities:
        return Ledger.promised(self._grade)

    def put(self, charge: str, **fields: object) -> None:
        """Change a charge behind everybody's back."""
        self._ask("put", charge, fields)

    def read(self, target: TargetRef, fields: Sequence[str] | None = None) -> Record:
        return cast("Record", self._ask("read", target, fields))

    def preview(self, action: Action) -> Preview:
        return cast("Preview", self._ask("preview", action.to_dict()))

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        answer = self._ask("execute", action.to_dict(), expected_version, idempotency_key)
        return cast("Receipt", answer)

    def probe(self, key: str) -> Probe:
        return cast("Probe", self._ask("probe", key))

    def preview_compensation(self, receipt: Receipt) -> Preview:
        return cast("Preview", self._ask("preview_compensation", receipt))

    def compensate(
        self, receipt: Receipt, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        answer = self._ask("compensate", receipt, expected_version, idempotency_key)
        return cast("Receipt", answer)


def connector(folder: str, system: str) -> Teller:
    """Make a connector, as `gatewright.toml` asks for it."""
    return Teller(Path(folder), system)


def main(arguments: list[str]) -> None:
    """Serve until the process is ended."""
    folder, seed = Path(arguments[0]), int(arguments[1])
    bank = Bank(folder, seed)
    with Listener(address(folder), backlog=64) as listener:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            asked = listener.accept()
            threading.Thread(target=bank.serve, args=(asked,), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])
