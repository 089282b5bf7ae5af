"""zen-engine's expression API: a compiled expression, evaluated by Rust."""

from __future__ import annotations

from benchmarks.peers.conditions import NO_RULE_SET, REFUND, variables
from benchmarks.protocol import UNBOUNDED, Peer, Prepared, library
from benchmarks.workloads import Workload


def _prepare(_: Workload) -> Prepared:
    expression = library("zen").compile_expression(REFUND.replace("||", "or"))
    return Prepared(variables, expression.evaluate, str)


PEER = Peer(
    name="zen-engine, expression",
    package="zen-engine",
    kind="expression",
    prepare=_prepare,
    most={"refund": UNBOUNDED},
    note="one compiled expression that returns the effect as text",
    why_not=NO_RULE_SET,
    language="Rust",
)
