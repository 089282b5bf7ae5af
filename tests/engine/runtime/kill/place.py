"""The folder of one run of the loop: configuration, people, the ledger's process, the gate."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gatewright.configuration import open_gate, read
from gatewright.engine.bundle.build import build
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime.gate import Gate
from gatewright.loading import load
from tests.conftest import ROOT
from tests.engine.runtime.kill.bank import GRADES, Teller

POLICY = Path(__file__).parent / "refunds.gate"
GROUPS = {"managers": ("ann", "bob"), "finance": ("fay", "gus"), "board": ("cat", "dan", "eve")}
ASKED = {"kill.manager": "managers", "kill.finance": "finance", "kill.board": "board"}
"""Which group a route asks."""
PEOPLE = tuple(sorted({"oli", "zed", *(p for group in GROUPS.values() for p in group)}))
AGENT, OWNER = "refund-bot", "oli"
CHARGES = tuple(f"ch_{number}" for number in range(1, 13))
BANK = "tests.engine.runtime.kill.bank:connector"
LEASE_S, CALL_TIMEOUT_S = 1.0, 0.4


@dataclass
class Place:
    """Where everything is. Every process makes its own from the same two texts."""

    folder: Path
    url: str
    connector: str = BANK

    @property
    def toml(self) -> Path:
        return self.folder / "gatewright.toml"

    def lay_out(self) -> None:
        """Write the configuration, the people, and the policy as a bundle: loaded without its parser."""
        (self.folder / "kill.gwb").write_bytes(build(load(POLICY).policy))
        connectors = "".join(
            f'\n[[connectors]]\nuse = "{self.connector}"\n'
            f'system = "{system}"\nfolder = "${{HERE}}"\n'
            for system in GRADES
        )
        self.toml.write_text(
            f'policy = "kill.gwb"\nstore = "{self.url}"\npeople = "people.yaml"\n{connectors}'
        )
        known = "".join(f"  {person}: {{}}\n" for person in PEOPLE)
        groups = "".join(f"  {name}: [{', '.join(group)}]\n" for name, group in GROUPS.items())
        (self.folder / "people.yaml").write_text(f"people:\n{known}groups:\n{groups}")

    @cached_property
    def policy(self) -> PolicySet:
        return load(self.folder / "kill.gwb")

    @contextmanager
    def gate(self) -> Generator[Gate]:
        """Open the gate that the configuration describes."""
        gate = open_gate(read(self.toml), self.policy)
        try:
            yield gate
        finally:
            gate.close()

    @contextmanager
    def bank(self, seed: int) -> Generator[None]:
        """Run the ledgers' process, with some charges."""
        command = [
            sys.executable,
            "-m",
            "tests.engine.runtime.kill.bank",
            str(self.folder),
            str(seed),
        ]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
                for system in GRADES:
                    for charge in CHARGES:
                        Teller(self.folder, system).put(charge)
                yield
            finally:
                process.kill()
