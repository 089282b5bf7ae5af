"""A simulated business to try policies and runs in before anything real is touched.

`Sandbox` is the world, and its connectors are given to a gate; the rest is what it takes and tells.
"""

from gatewright.connectors.systems.sandbox.connector import SandboxConnector
from gatewright.connectors.systems.sandbox.faults import Call, ConnectionLost, Fault, FaultKind
from gatewright.connectors.systems.sandbox.store import Effect
from gatewright.connectors.systems.sandbox.waiting import Waiting
from gatewright.connectors.systems.sandbox.world import Sandbox

__all__ = [
    "Call", "ConnectionLost", "Effect", "Fault", "FaultKind", "Sandbox", "SandboxConnector",
    "Waiting",
]  # fmt: skip
