"""A sandbox from plain data, as configurations have it: `sandbox(database, seed, ...)`.

[[connectors]]
use = "sandbox"
database = "sqlite:///world.db"
seed = 7
names = { billing = "stripe" }

[connectors.capabilities.billing]
concurrency = "weak"
idempotency = "probe"
can_probe = true

[[connectors.faults]]
kind = "fails_after_write"
system = "billing"
times = "all"
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gatewright.connectors.declared import Declared, declared_by
from gatewright.connectors.systems.sandbox.connector import SandboxConnector
from gatewright.connectors.systems.sandbox.world import Sandbox
from gatewright.engine.runtime.ports import Capabilities, Concurrency, Idempotency

_SQLITE = "sqlite:///"


class _Capabilities(Declared):
    concurrency: Concurrency = Field(strict=False)
    idempotency: Idempotency = Field(strict=False)
    key_window_s: int | None = Field(default=None, gt=0)
    can_probe: bool = False
    can_compensate: bool = False

    def declared(self) -> Capabilities:
        return Capabilities(
            self.concurrency, self.idempotency, self.key_window_s, self.can_probe,
            self.can_compensate,
        )  # fmt: skip


class _World(Declared):
    database: str
    seed: int | None = None
    records: dict[str, dict[str, dict[str, dict[str, Any]]]] | None = None
    faults: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    capabilities: dict[str, _Capabilities] = Field(default_factory=dict[str, _Capabilities])
    names: dict[str, str] = Field(default_factory=dict)
    actions: dict[str, str] = Field(default_factory=dict)


def sandbox(**given: Any) -> list[SandboxConnector]:
    """Return the connectors of the world that plain data declares.

    `database` is the address of an SQLite file, which every command and worker opens again; the
    rest is what `Sandbox` takes, `times = "all"` in the place of None. Raises ValueError for what
    does not fit.
    """
    declared = declared_by(_World, given)
    path = declared.database.removeprefix(_SQLITE)
    if path in (declared.database, "", ":memory:"):
        raise ValueError("`database` must be a file, such as sqlite:///world.db")
    world = Sandbox(
        path,
        seed=declared.seed,
        records=declared.records,
        faults=declared.faults,
        capabilities={name: can.declared() for name, can in declared.capabilities.items()},
        names=declared.names,
        actions=declared.actions,
    )
    return world.connectors()
