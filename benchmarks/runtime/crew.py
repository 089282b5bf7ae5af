"""Processes on one store: `python -m benchmarks.runtime.crew TASK URL ...`.

    work URL              a worker as `gatewright work` runs it, until it is told to stop
    propose URL COUNT N   propose so many; N tells the processes apart
    approve URL           approve the runs whose ids and cards come as JSON
    execute URL           carry out what is ready, until nothing is

Each says `ready` when everything is loaded, begins when it reads a line, and says what it did.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from types import FrameType
from typing import TypeVar

from benchmarks.runtime.found import Crew
from benchmarks.runtime.scene import AUTO, MANAGER, gate, refund
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.store.errors import StoreBusy, StoreLocked
from gatewright.engine.runtime.worker import Worker

T = TypeVar("T")


def crew(url: str, opened: Gate, processes: int, each: int) -> Crew:
    """Measure so many processes that propose, approve and carry out, each at its share."""
    number = f"{processes}x"
    propose, _ = _together(
        [["propose", url, str(each), f"{number}{n}"] for n in range(processes)], [""] * processes
    )
    waiting = opened.queue(most=processes * each)
    shares = [
        json.dumps([(run.id, run.card) for run in waiting[n::processes]]) for n in range(processes)
    ]
    approve, _ = _together([["approve", url]] * processes, shares)
    sequence(opened.desk.database)  # else the first worker that is idle puts the trail in order
    execute, done = _together([["execute", url]] * processes, [""] * processes)
    assert sum(done) >= len(waiting), "not everything was carried out"
    return Crew(processes, processes * each / propose, len(waiting) / approve, sum(done) / execute)


def _together(tasks: Sequence[Sequence[str]], inputs: Sequence[str]) -> tuple[float, list[int]]:
    """Run tasks side by side; return the seconds from their common start, and their counts."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.runtime.crew", *task],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for task in tasks
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start = perf_counter()
    for process, line in zip(started, inputs, strict=True):
        assert process.stdin is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
    counts: list[int] = []
    for process in started:
        assert process.stdout is not None
        counts.append(int(process.stdout.readline()))
    took = perf_counter() - start
    for process in started:
        process.communicate(timeout=60)
    return took, counts


# --- in the processes


def _propose(opened: Gate, count: int, name: str) -> int:
    for number in range(count):
        charge = f"ch_{name}_{number}"
        action = refund(charge, MANAGER if number % 2 else AUTO, agent=f"bot-{charge}")
        _again(partial(opened.propose, action))
    return count


def _approve(opened: Gate, cards: list[tuple[str, str]]) -> int:
    for run, card in cards:
        _again(partial(opened.approve, run, by="ann", card=card))
    return len(cards)


def _again(step: Callable[[], T]) -> T:
    """Take a step, and take it again where the store was too busy for it, as a client would."""
    while True:
        try:
            return step()
        except (StoreBusy, StoreLocked) as error:
            print(f"taken again: {error.message}", file=sys.stderr)


def _execute(opened: Gate, name: str) -> int:
    worker, done = Worker(opened, name=name), 0
    while _again(worker.step):
        done += 1
    return done


def _work(opened: Gate) -> None:
    stop = threading.Event()

    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    worker = Worker(opened)
    worker.step()
    _say("ready")
    worker.run(stop)


def main() -> None:
    """Do one task."""
    task, url, *rest = sys.argv[1:]
    with gate(url) as opened:
        if task == "work":
            _work(opened)
            return
        opened.queue(most=1)  # a connection is there, and statements are made
        _say("ready")
        line = sys.stdin.readline()
        if task == "propose":
            _say(str(_propose(opened, int(rest[0]), rest[1])))
        elif task == "approve":
            _say(str(_approve(opened, json.loads(line))))
        else:
            _say(str(_execute(opened, f"bench-{id(opened)}")))


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
