"""The contestants, one module each."""

from __future__ import annotations

from benchmarks.peers import (
    by_hand,
    casbin,
    cedar,
    cel_cpp,
    cel_python,
    cel_rust,
    durable_rules,
    gatewright,
    oso,
    rego,
    rule_engine,
    vakt,
    zen_expression,
    zen_table,
)
from benchmarks.protocol import Peer

__all__ = ["OURS", "OURS_RAW", "PEERS"]

OURS = gatewright.PREPARED
OURS_RAW = gatewright.RAW

PEERS: tuple[Peer, ...] = (
    OURS,
    OURS_RAW,
    by_hand.PEER,
    zen_expression.PEER,
    zen_table.PEER,
    zen_table.BY_KEY,
    cel_cpp.PEER,
    cel_rust.PEER,
    cel_python.PEER,
    cedar.PEER,
    casbin.PEER,
    oso.PEER,
    vakt.PEER,
    durable_rules.PEER,
    rule_engine.PEER,
    rego.PEER,
)
