"""Workload C: one loop over many different refunds, as a batch job would do it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from time import perf_counter

from benchmarks.protocol import Peer
from benchmarks.results import Loop
from benchmarks.workloads import Refunds

_TIMES = 3
_SEED = 100_000


def loop(
    peers: Iterable[Peer],
    microseconds: Mapping[str, float],
    actions: int,
    most_s: float,
    tell: Callable[[str], None],
) -> Loop:
    """Return how long the loop takes; whoever would need more than `most_s` is left out."""
    requests = Refunds().draw(random.Random(_SEED), actions)
    seconds: dict[str, float] = {}
    missing: dict[str, str] = {}
    for peer in peers:
        each_us = microseconds.get(peer.name)
        if each_us is None:
            missing[peer.name] = "was not timed with the refund policy"
        elif each_us * actions / 1e6 > most_s:
            missing[peer.name] = f"would take about {each_us * actions / 1e6:,.0f} s"
        else:
            tell(f"loop: {peer.name}")
            prepared = peer.prepared(Refunds())
            inputs = [prepared.ready(request) for request in requests]
            seconds[peer.name] = median(_loop(prepared.ask, inputs) for _ in range(_TIMES))
    return Loop(actions, seconds, missing)


def _loop(ask: Callable[[object], object], inputs: list[object]) -> float:
    start = perf_counter()
    for each in inputs:
        ask(each)
    return perf_counter() - start
