"""rule-engine: an expression language in Python."""

from __future__ import annotations

from benchmarks.peers.conditions import NO_RULE_SET, REFUND, variables
from benchmarks.protocol import UNBOUNDED, Peer, Prepared, library
from benchmarks.workloads import Workload


def _prepare(_: Workload) -> Prepared:
    rule = library("rule_engine").Rule(REFUND.replace("||", "or"))
    return Prepared(variables, rule.evaluate, str)


PEER = Peer(
    name="rule-engine",
    package="rule-engine",
    kind="expression",
    prepare=_prepare,
    most={"refund": UNBOUNDED},
    note="one rule whose value is the effect",
    why_not=NO_RULE_SET,
)
