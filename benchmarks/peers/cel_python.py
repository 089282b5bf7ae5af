"""cel-python (`celpy`): CEL in Python."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.conditions import NO_RULE_SET, REFUND, variables
from benchmarks.protocol import UNBOUNDED, Peer, Prepared, library
from benchmarks.workloads import Workload


def _prepare(_: Workload) -> Prepared:
    celpy = library("celpy")
    environment = celpy.Environment()
    program = environment.program(environment.compile(REFUND))

    def ready(request: Any) -> dict[str, Any]:
        return {name: celpy.json_to_cel(value) for name, value in variables(request).items()}

    return Prepared(ready, program.evaluate, str)


PEER = Peer(
    name="cel-python",
    package="cel-python",
    kind="expression",
    prepare=_prepare,
    most={"refund": UNBOUNDED},
    note="one compiled CEL expression, on values converted before",
    why_not=NO_RULE_SET,
)
