"""`make bench-runtime`: measure the runtime on both databases, and write the page."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import machine
from benchmarks.runtime import scene, steps, stores
from benchmarks.runtime.crew import crew
from benchmarks.runtime.found import Asked, Crew, Found, Results
from benchmarks.runtime.page import page, questions_table
from benchmarks.runtime.questions import questions
from benchmarks.runtime.stores import KINDS, Kind
from benchmarks.runtime.trails import trails
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.migrations import upgrade


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done."""

    quick: bool
    rounds: int
    latencies: int
    sizes: tuple[int, ...]
    rounds_of_a_size: int
    past: tuple[int, ...]
    asked: tuple[int, ...]
    asked_of: int
    entries: int
    single_entries: int
    processes: tuple[int, ...]
    each: int


FULL = Plan(
    quick=False,
    rounds=60,
    latencies=60,
    sizes=(1_000, 10_000, 100_000),
    rounds_of_a_size=21,
    past=(10, 100, 1_000, 10_000),
    asked=(100, 10_000, 100_000),
    asked_of=130_000,
    entries=50_000,
    single_entries=500,
    processes=(1, 2, 4),
    each=60,
)
QUICK = Plan(
    quick=True,
    rounds=20,
    latencies=10,
    sizes=(500, 5_000),
    rounds_of_a_size=7,
    past=(10, 1_000),
    asked=(100, 10_000),
    asked_of=15_000,
    entries=10_000,
    single_entries=100,
    processes=(1, 2),
    each=25,
)


def measure(kind: Kind, plan: Plan) -> Found:
    """Return everything about one database."""
    _tell(f"{kind}: steps, latency, several processes")
    with stores.fresh(kind) as url, scene.gate(url) as gate:
        version = stores.version(gate.desk.database)
        small = steps.steps(gate, plan.rounds)
    with stores.fresh(kind) as url, scene.gate(url) as gate:  # with nothing left to carry out
        waited = steps.latency(url, gate, plan.latencies)
        crews = tuple(_crews(kind, plan))
    _tell(f"{kind}: the trail")
    with stores.fresh(kind) as url, scene.gate(url) as gate:
        trail = trails(gate.desk.database, plan.entries, plan.single_entries)
    _tell(f"{kind}: many runs")
    with stores.fresh(kind) as url, scene.gate(url) as gate:
        sizes = tuple(steps.sizes(url, gate, plan.sizes, plan.rounds_of_a_size, _tell))
    _tell(f"{kind}: the past of a customer")
    with stores.fresh(kind) as url, scene.gate(url) as gate:
        past = tuple(steps.past(gate, plan.past, plan.rounds_of_a_size))
    asked = of_questions(kind, plan)
    return Found(kind, version, small, waited, sizes, past, asked, trail, crews)


def of_questions(kind: Kind, plan: Plan) -> tuple[Asked, ...]:
    """Return what questions to the past take, in a store of their own."""
    _tell(f"{kind}: questions to {plan.asked_of:,} past actions")
    with stores.fresh(kind) as url:
        database = open_database(url)
        try:
            upgrade(database)
            return tuple(questions(database, plan.asked, plan.asked_of, plan.rounds_of_a_size))
        finally:
            database.close()


def _crews(kind: Kind, plan: Plan) -> Iterator[Crew]:
    """Each number of processes has a store of its own, so that all begin alike."""
    for processes in plan.processes:
        with stores.fresh(kind) as url, scene.gate(url) as gate:
            yield crew(url, gate, processes, plan.each)


def run(plan: Plan, kinds: Sequence[Kind] = KINDS) -> Results:
    """Return what a plan finds."""
    where = machine.machine()
    databases = tuple(measure(kind, plan) for kind in kinds)
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return Results(plan.quick, where, load, databases)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, small sizes")
    parser.add_argument(
        "--out", type=Path, help="folder of the page: docs, or build/benchmarks of a short run"
    )
    parser.add_argument(
        "--questions", type=int, metavar="EVENTS",
        help="only ask questions to the past, in stores of so many events, and print it",
    )  # fmt: skip
    given = parser.parse_args()
    if given.questions is not None:
        plan = replace(QUICK if given.quick else FULL, asked_of=given.questions)
        print(questions_table({kind: of_questions(kind, plan) for kind in KINDS}))
        return
    folder = given.out or Path("build/benchmarks" if given.quick else "docs")
    text = page(run(QUICK if given.quick else FULL))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "benchmarks-runtime.md"
    path.write_text(text)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
