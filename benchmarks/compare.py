"""Workloads A and B: load every contestant, compare its decisions, then time those that agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmarks.agreement import agree
from benchmarks.protocol import NotMeasured, Peer, Prepared
from benchmarks.results import Table
from benchmarks.timing import Rounds, medians
from benchmarks.workloads import Workload


def compare(
    peers: Iterable[Peer],
    workload: Workload,
    rounds: Rounds,
    checks: int,
    tell: Callable[[str], None],
) -> Table:
    """Return the times of all that can do the workload and decide as its oracle does."""
    taking_part: dict[str, Prepared] = {}
    checked: dict[str, int] = {}
    missing: dict[str, str] = {}
    for peer in peers:
        tell(f"{workload.name} {workload.rules:,}: {peer.name}")
        try:
            prepared = peer.prepared(workload)
            checked[peer.name] = agree(prepared, workload, checks)
            taking_part[peer.name] = prepared
        except NotMeasured as reason:
            missing[peer.name] = str(reason)
        except Exception as error:  # whatever a peer raises, the others go on
            missing[peer.name] = f"fails: {type(error).__name__}: {error}"
    tell(f"{workload.name} {workload.rules:,}: timing {len(taking_part)}")
    return Table(
        workload=workload.name,
        rules=workload.rules,
        checked=checked,
        unseen=medians(taking_part, workload, "unseen", rounds),
        repeated=medians(taking_part, workload, "repeated", rounds),
        missing=missing,
    )
