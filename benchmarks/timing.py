"""How long a call takes: contestants take turns, round after round, in one process.

A round times a batch of calls of each, long enough for the clock; what is kept is the median of the
rounds. So a disturbance hits all alike, and none is measured on a warmer machine than the others.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from typing import Any, Literal, TypeAlias

from benchmarks.protocol import Prepared
from benchmarks.workloads import Workload

Requests: TypeAlias = Literal["unseen", "repeated"]

_REPEATED = 16
_MOST_CALLS = 500
_SEED = 7


@dataclass(frozen=True, slots=True)
class Rounds:
    """How many rounds, and how long a contestant's batch of calls should take in each."""

    count: int
    batch_ns: int


def medians(
    contestants: Mapping[str, Prepared], workload: Workload, requests: Requests, rounds: Rounds
) -> dict[str, float]:
    """Return the median time of a call of each contestant, in microseconds.

    Unseen requests are new in every round; repeated ones are the same sixteen throughout.
    """
    chance = random.Random(_SEED)
    sizes = {name: _calls(each, workload, rounds.batch_ns) for name, each in contestants.items()}
    kept = {name: _inputs(each, workload, chance, _REPEATED) for name, each in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    gc.collect()
    gc.freeze()  # what is loaded is not walked through while somebody is timed
    for _ in range(rounds.count):
        order = [*contestants]
        chance.shuffle(order)
        for name in order:
            each, size = contestants[name], sizes[name]
            if requests == "unseen":
                inputs = _inputs(each, workload, chance, size)
            else:
                inputs = (kept[name] * (size // _REPEATED + 1))[:size]
            times[name].append(_batch(each.ask, inputs))
    gc.unfreeze()
    return {name: median(each) / 1_000 for name, each in times.items()}


def _inputs(each: Prepared, workload: Workload, chance: random.Random, count: int) -> list[Any]:
    return [each.ready(request) for request in workload.draw(chance, count)]


def _calls(each: Prepared, workload: Workload, batch_ns: int) -> int:
    inputs = _inputs(each, workload, random.Random(_SEED), _REPEATED)
    return max(1, min(_MOST_CALLS, int(batch_ns / _batch(each.ask, inputs))))


def _batch(ask: Callable[[Any], Any], inputs: Sequence[Any]) -> float:
    start = perf_counter_ns()
    for each in inputs:
        ask(each)
    return (perf_counter_ns() - start) / len(inputs)
