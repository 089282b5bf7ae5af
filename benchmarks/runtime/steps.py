"""What one step takes, and what it takes in a store with many runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Final

from benchmarks.runtime.fill import Twin, fill
from benchmarks.runtime.found import Latency, Past, Size, Step
from benchmarks.runtime.rounds import Call, rounds
from benchmarks.runtime.scene import AUTO, FINANCE, MANAGER, refund
from benchmarks.runtime.stores import settle
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.claims import Claims
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store import decisions, runs
from gatewright.engine.runtime.worker import Worker

_DAY_NS: Final = 86_400_000_000_000
_AGENTS: Final = 97
_RUNS_OF_A_CUSTOMER: Final = 2
_names = count(1)

Tell = Callable[[str], None]


def proposals(gate: Gate) -> dict[str, Call]:
    """Return the steps of people and agents: proposals and answers."""
    waiting: list[Run] = []

    def propose(amount: str) -> Run:
        return gate.propose(refund(f"ch_s{next(_names)}", amount, agent=_agent(next(_names))))

    def approve() -> None:
        run = waiting.pop()
        gate.approve(run.id, by="ann", card=run.card)

    return {
        "propose, runs at once": lambda: propose(AUTO),
        "propose, waits for a manager": lambda: waiting.append(propose(MANAGER)),
        "approve": approve,
    }


def work(gate: Gate) -> dict[str, Call]:
    """Return the steps of a worker, for as many runs as are ready."""
    worker = Worker(gate, name="bench")
    claims = Claims(gate.desk, "bench", 60_000_000_000)
    database = gate.desk.database

    def claim_nothing() -> None:
        assert claims.claim() is None

    return {
        "carry out a run": lambda: _must(worker.step()),
        "look for due timers": lambda: database.retrying(
            lambda c: runs.due_timers(c, database.now(c), 100), "reading"
        ),
        "look for work, none there": claim_nothing,
    }


def looks(gate: Gate) -> dict[str, Call]:
    """Return what is read: queues, a run, its trail, lists."""
    database, some = gate.desk.database, gate.queue(most=1)[0]
    page = (some.proposed_at, some.id)
    return {
        "queue, 100 runs": lambda: gate.queue(),
        "queue of a manager, 100 runs": lambda: _must(len(gate.queue(person="ann"))),
        "queue of finance, 100 runs": lambda: _must(len(gate.queue(person="fay"))),
        "queue of somebody who is never asked": lambda: gate.queue(person="oli"),
        "one run": lambda: gate.run(some.id),
        "its trail": lambda: gate.trail(some.id),
        "a page of all runs": lambda: database.retrying(
            lambda c: runs.listed(c, after=page, most=20), "reading"
        ),
        "what is done to a run": lambda: database.retrying(
            lambda c: runs.children(c, some.id), "reading"
        ),
        "the trail is up to date": lambda: sequence(database),
    }


def steps(gate: Gate, times: int) -> dict[str, Step]:
    """Return what the steps take in a small store."""
    every = proposals(gate) | {"log a decision": _logging(gate)}
    found = rounds(gate.desk.database, every, times)
    for _ in range(times + 1):  # as many as are timed, and the one before
        gate.propose(refund(f"ch_s{next(_names)}", AUTO, agent=_agent(next(_names))))
    carried = rounds(gate.desk.database, {"carry out a run": work(gate)["carry out a run"]}, times)
    return found | {"carry out a run": carried["carry out a run"]}


def _logging(gate: Gate) -> Call:
    """Return what appends to the decision log, a commit for each."""
    run = gate.propose(refund("ch_logged", MANAGER))
    database, policy = gate.desk.database, gate.desk.policy
    decision = policy.evaluate(refund("ch_logged", MANAGER))

    def log() -> None:
        with database.transaction() as connection:
            decisions.append(connection, run.id, decision, policy, database.now(connection))

    return log


# --- many runs


def sizes(url: str, gate: Gate, wanted: tuple[int, ...], times: int, tell: Tell) -> Iterator[Size]:
    """Fill a store step by step, and measure at each size."""
    made = 0
    for size in wanted:
        start = perf_counter()
        tenth = (size - made) // 10
        fill(gate, FINANCE, _twins(made, made + tenth))
        fill(gate, MANAGER, _twins(made + tenth, size))
        made = size
        took = perf_counter() - start
        settle(gate.desk.database)
        tell(f"  {size:,} runs, filled in {took:.0f} s")
        yield _at(url, gate, size, took, times)


def _at(url: str, gate: Gate, size: int, took: float, times: int) -> Size:
    database = gate.desk.database
    sequence(database)
    found = rounds(database, proposals(gate), times)
    carry, timers, nothing = work(gate).items()
    found |= rounds(database, dict([carry]), times)
    Worker(gate, name="bench").drain()
    found |= rounds(database, dict([timers, nothing]), times)
    found |= rounds(database, looks(gate), times)
    process = Process(url)
    with process:
        mib, threads = process.footprint()
    return Size(size, took, found, mib, threads)


def _twins(start: int, end: int) -> Iterator[Twin]:
    """Spread runs over the thirty days before, over agents and customers."""
    for number in range(start, end):
        earlier = (number * 7_919) % 1_000 * (30 * _DAY_NS // 1_000) + 1_000_000 * (number + 1)
        customer = f"C-{number // _RUNS_OF_A_CUSTOMER}"
        yield Twin(number, _agent(number), customer, earlier)


def past(gate: Gate, counts: tuple[int, ...], times: int) -> Iterator[Past]:
    """Measure proposals for a customer with so many refunds in the last thirty days."""
    first = 10_000_000
    for events in counts:
        name = f"C-many-{events}"
        fill(
            gate, MANAGER,
            (Twin(first + n, _agent(n), name, (n + 1) * _DAY_NS * 29 // events)
             for n in range(events)),
        )  # fmt: skip
        first += events
        settle(gate.desk.database)

        def propose(name: str = name) -> None:
            charge = f"ch_p{next(_names)}"
            gate.propose(refund(charge, MANAGER, agent=_agent(next(_names)), customer=name))

        yield Past(events, rounds(gate.desk.database, {"": propose}, times)[""].ms)


# --- another process


@dataclass
class Process:
    """A worker in a process of its own, as `gatewright work` is one."""

    url: str

    def __enter__(self) -> Process:
        command = [sys.executable, "-m", "benchmarks.runtime.crew", "work", self.url]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)

    def footprint(self) -> tuple[float, int]:
        """Return its memory in MiB, and how many threads it has."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        found = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(found["VmRSS"].split()[0]) / 1024, int(found["Threads"])


def latency(url: str, gate: Gate, times: int) -> Latency:
    """Return how long it takes from an approval until a worker process has done it."""
    took: list[float] = []
    with Process(url):
        for _ in range(times):
            run = gate.propose(refund(f"ch_l{next(_names)}", MANAGER, agent=_agent(next(_names))))
            start = perf_counter()
            gate.approve(run.id, by="ann", card=run.card)
            while gate.run(run.id).state is not State.DONE:
                sleep(0.005)
            took.append(1_000 * (perf_counter() - start))
    return Latency(times, median(took), quantiles(took, n=100, method="inclusive")[98])


def _agent(number: int) -> str:
    return f"bot-{number % _AGENTS}"


def _must(done: object) -> None:
    assert done, "there was nothing to measure"
