"""Whether a contestant decides as the workload says. Whoever does not is not timed."""

from __future__ import annotations

import random
from time import perf_counter

from benchmarks.protocol import NotMeasured, Prepared
from benchmarks.workloads import Workload, oracle

_SEED = 20_261_120
_LEAST = 100
_TOO_SLOW_S = 1.0


def agree(prepared: Prepared, workload: Workload, count: int, seconds: float = 3.0) -> int:
    """Return how many requests were decided as the oracle does; raises NotMeasured for another.

    Slow contestants are asked as many as fit into `seconds`, and at least a hundred.
    """
    until = perf_counter() + seconds
    for number, request in enumerate(workload.draw(random.Random(_SEED), count)):
        if number >= _LEAST and perf_counter() > until:
            return number
        wanted = oracle(workload, request)
        start = perf_counter()
        got = prepared.effect(prepared.ask(prepared.ready(request)))
        # Not the first: that one may still be compiling something.
        if number and (each_s := perf_counter() - start) > _TOO_SLOW_S:
            raise NotMeasured(f"a decision takes {each_s:,.1f} s")
        if got != wanted:
            raise NotMeasured(f"disagrees: `{got}` for {request}, which is `{wanted}`")
    return count
