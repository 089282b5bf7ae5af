"""Contestants that begin at one instant: threads of this process, or of four others.

Each has a gate of its own, with a clock of its own. What it does is a `Job`; what becomes of it is
a word: the state that the run has then, or the code of the refusal.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, Protocol

from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.worker import Worker
from tests.engine.runtime.model.policies import policy
from tests.engine.runtime.world import World, refund

PROCESSES = 4
CONTESTANTS = 12
GROUPS = {
    "managers": ["ann", "bob"], "finance": ["fay", "gus"], "board": ["ann", "bob"],
    "pair": [f"p{n}" for n in range(CONTESTANTS + 1)], "team-support": ["oli"],
}  # fmt: skip


class Waits(Protocol):
    def wait(self, timeout: float | None = None) -> int: ...


@dataclass(frozen=True)
class Job:
    """What one contestant does, and at which instant by its clock."""

    do: str
    now: int
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Place:
    """Where a race is held."""

    url: str
    folder: Path

    def world(self, now: int) -> World:
        """Open a gate of one's own."""
        groups = {name: list(ids) for name, ids in GROUPS.items()}
        return World(self.url, self.folder, policy=policy(False), groups=groups, now=now)


def asking(way: str, amount: int, charge: str, **more: object) -> dict[str, object]:
    """Return a proposal; all are for one customer."""
    return refund("", charge, **more) | {
        "params": {"customer": "C", "amount": f"{amount}.00 USD", "way": way},
        "agent": {"id": "bot", "owner": "team-support"},
    }


def contend(place: Place, job: Job, barrier: Waits) -> str:
    """Do one job when everybody is there."""
    with place.world(job.now).opened() as world:
        act = _ACTS[job.do]
        barrier.wait(60)
        try:
            return act(world, **job.arguments)
        except GateError as error:
            return error.code


def _work(world: World) -> str:
    Worker(world.gate, name="any", lease_s=60, call_timeout_s=30).drain()
    return "worked"


def _propose(world: World, **told: Any) -> str:
    run = world.gate.propose(asking(**told))
    return f"{run.state.value} {run.id}"


def _approve_all(world: World, cards: Mapping[str, str], by: str) -> str:
    return " ".join(
        outcome.error.code if outcome.error else "approved"
        for outcome in world.gate.approve_all(cards, by=by)
    )


def _sequence(world: World) -> str:
    for _ in range(5):
        sequence(world.gate.desk.database)
    return "sequenced"


def _approve(world: World, **told: Any) -> str:
    return world.gate.approve(**told).state.value


def _cancel(world: World, **told: Any) -> str:
    return world.gate.cancel(**told).state.value


def _compensate(world: World, **told: Any) -> str:
    return world.gate.compensate(**told).state.value


def _revise(world: World, run: str, by: str, **told: Any) -> str:
    return world.gate.revise(run, asking(**told), by=by).state.value


_ACTS: dict[str, Callable[..., str]] = {
    "approve": _approve,
    "approve_all": _approve_all,
    "cancel": _cancel,
    "compensate": _compensate,
    "propose": _propose,
    "revise": _revise,
    "sequence": _sequence,
    "work": _work,
}

Race = Callable[[Place, Sequence[Job]], list[str]]


def by_threads(place: Place, jobs: Sequence[Job]) -> list[str]:
    """Hold a race between threads of this process."""
    barrier = multiprocessing.get_context().Barrier(len(jobs))
    return _at_once(place, jobs, barrier)


def _at_once(place: Place, jobs: Sequence[Job], barrier: Waits) -> list[str]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(contend, place, job, barrier) for job in jobs]
        return [future.result(120) for future in futures]


class Team:
    """Four processes, which are started once and hold many races."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self.pool = ProcessPoolExecutor(
            PROCESSES, context, _be_ready, (context.Barrier(CONTESTANTS),)
        )

    def race(self, place: Place, jobs: Sequence[Job]) -> list[str]:
        """Hold a race: each process has three of the twelve contestants."""
        assert len(jobs) == CONTESTANTS
        share = CONTESTANTS // PROCESSES
        parts = [jobs[n : n + share] for n in range(0, CONTESTANTS, share)]
        futures = [self.pool.submit(_contend_together, place, part) for part in parts]
        return [word for future in futures for word in future.result(120)]


@contextmanager
def team() -> Generator[Team]:
    """Start four processes, and end them."""
    made = Team()
    try:
        yield made
    finally:
        made.pool.shutdown()
        # The server of the processes would end after this one, and write what coverage saw of it
        # while `make test` already reads such files: one that is half written is an error there.
        server: Any = forkserver
        server._forkserver._stop()


_barrier: Waits | None = None


def _be_ready(barrier: Waits) -> None:
    global _barrier
    _barrier = barrier


def _contend_together(place: Place, jobs: Sequence[Job]) -> list[str]:
    assert _barrier is not None
    return _at_once(place, jobs, _barrier)
