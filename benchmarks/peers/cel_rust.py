"""common-expression-language: a CEL in Rust."""

from __future__ import annotations

from benchmarks.peers.conditions import NO_RULE_SET, REFUND, variables
from benchmarks.protocol import UNBOUNDED, Peer, Prepared, library
from benchmarks.workloads import Workload


def _prepare(_: Workload) -> Prepared:
    return Prepared(variables, library("cel").compile(REFUND).execute, str)


PEER = Peer(
    name="common-expression-language",
    package="common-expression-language",
    kind="expression",
    prepare=_prepare,
    most={"refund": UNBOUNDED},
    note="one compiled CEL expression",
    why_not=NO_RULE_SET,
    language="Rust",
)
