"""`make bench`: run the workloads, print how it goes, write the page and its chart."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from benchmarks import footprint, machine
from benchmarks.chart import chart
from benchmarks.compare import compare
from benchmarks.loop import loop
from benchmarks.past import past
from benchmarks.peers import PEERS
from benchmarks.protocol import Peer
from benchmarks.report import report
from benchmarks.results import Footprint, Results, Table
from benchmarks.startup import startup
from benchmarks.timing import Rounds
from benchmarks.workloads import named

T = TypeVar("T")

_PARTS = ("refund", "act", "flat", "loop", "past", "load", "startup")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done."""

    quick: bool
    rounds: Rounds
    checks: int
    sizes: tuple[int, ...]
    loop_actions: int
    loop_most_s: float
    past_events: tuple[int, ...]
    past_rounds: int
    load: tuple[int, ...]
    load_ours: tuple[int, ...]
    starts: int
    parts: Sequence[str] = _PARTS


_FULL = Plan(
    quick=False,
    rounds=Rounds(200, 4_000_000),
    checks=3_000,
    sizes=(10, 100, 1_000, 10_000, 100_000),
    loop_actions=100_000,
    loop_most_s=20.0,
    past_events=(10_000, 100_000, 1_000_000),
    past_rounds=300,
    load=(1_000, 10_000),
    load_ours=(1_000, 10_000, 100_000),
    starts=15,
)

_QUICK = Plan(
    quick=True,
    rounds=Rounds(30, 2_000_000),
    checks=1_000,
    sizes=(10, 100, 1_000),
    loop_actions=2_000,
    loop_most_s=5.0,
    past_events=(1_000, 10_000),
    past_rounds=30,
    load=(1_000,),
    load_ours=(1_000,),
    starts=5,
)


def _tables(plan: Plan, peers: Sequence[Peer]) -> Iterator[Table]:
    for workload in ("refund", "act", "flat"):
        if workload in plan.parts:
            for size in plan.sizes if workload != "refund" else (5,):
                yield compare(peers, named(workload, size), plan.rounds, plan.checks, _tell)


def _footprints(plan: Plan, peers: Iterable[Peer]) -> Iterator[Footprint]:
    for workload in ("act", "flat"):
        for rules in plan.load_ours:
            _tell(f"loading {workload} {rules:,}: ours")
            yield from footprint.of_ours(workload, rules)
        for rules in plan.load:
            for peer in peers:
                if peer.kind == "decision" and rules <= peer.most.get(workload, 0):
                    _tell(f"loading {workload} {rules:,}: {peer.name}")
                    yield footprint.of_peer(peer.name, workload, rules)


def _run(plan: Plan, peers: Sequence[Peer]) -> Results:
    where = machine.machine()
    tables = tuple(_tables(plan, peers))
    refund = {name: us for t in tables if t.workload == "refund" for name, us in t.unseen.items()}
    actions, most_s = plan.loop_actions, plan.loop_most_s
    return Results(
        quick=plan.quick,
        machine=where,
        tables=tables,
        loop=loop(peers, refund, actions, most_s, _tell) if "loop" in plan.parts else None,
        past=_part(plan, "past", lambda: past(plan.past_events, plan.past_rounds, _tell)),
        footprints=_part(plan, "load", lambda: _footprints(plan, peers)),
        startup=startup(plan.starts) if "startup" in plan.parts else None,
        versions=machine.versions(peers),
    )


def _part(plan: Plan, name: str, run: Callable[[], Iterable[T]]) -> tuple[T, ...]:
    return tuple(run()) if name in plan.parts else ()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(folder: Path, results: Results) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "benchmarks.md"
    page.write_text(report(results, PEERS))
    refund = results.table("refund", 5)
    if refund is not None:
        machine_used = f"median of unseen requests, {results.machine['Python']}, logarithmic"
        title = "The refund policy: time of a decision"
        (folder / "benchmarks.svg").write_text(chart(title, machine_used, refund.unseen))
    print(f"wrote {page}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, small sizes")
    parser.add_argument(
        "--only", default=",".join(_PARTS), help=f"parts, separated by commas, of {_PARTS}"
    )
    parser.add_argument(
        "--peers", default="", help="contestants whose name holds one of these words"
    )
    parser.add_argument(
        "--out", type=Path, help="folder of the page: docs, or build/benchmarks of a short run"
    )
    parser.add_argument("--most-rules", type=int, help="leave out larger sizes", default=10**9)
    given = parser.parse_args()
    words = [word for word in given.peers.split(",") if word]
    peers = [p for p in PEERS if p.kind == "ours" or not words or any(w in p.name for w in words)]
    plan = _within(_QUICK if given.quick else _FULL, given.only.split(","), given.most_rules)
    whole = plan == _FULL and not words
    _write(given.out or Path("docs" if whole else "build/benchmarks"), _run(plan, peers))


def _within(plan: Plan, parts: Sequence[str], most: int) -> Plan:
    """Return the plan with these parts alone, and no size above the most."""

    def kept(sizes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(size for size in sizes if size <= most)

    return replace(
        plan,
        parts=tuple(parts),
        sizes=kept(plan.sizes),
        load=kept(plan.load),
        load_ours=kept(plan.load_ours),
    )


if __name__ == "__main__":
    main()
