"""A worker is stopped in the middle of a call, another takes its run, and then it wakes.

What it does then may not change the run, and has no second effect: one case for each grade.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.worker import Worker
from tests.engine.runtime.kill.bank import GRADES, ledger_of
from tests.engine.runtime.kill.people import action
from tests.engine.runtime.kill.place import Place
from tests.engine.runtime.kill.processes import Victim, work
from tests.engine.runtime.kill.stopping import mark_of

WAIT_S = 60
CONNECTOR = "tests.engine.runtime.kill.stopping:connector"

ENDS = {
    "native": State.DONE,  # repeated with the same key
    "set": State.DONE,  # repeated for the same version
    "probe": State.OUTCOME_UNKNOWN,  # no trace of it, but the call may still come
    "none": State.OUTCOME_UNKNOWN,
}  # fmt: skip


def pause_all(place: Place) -> list[str]:
    """Pause a worker in a call to each system at once; return what is wrong afterwards."""
    for system in GRADES:
        ledger_of(place.folder, system).make("ch_1")
    with place.gate() as gate:
        made = {s: gate.propose(action(s, "ch_1", 500, s)).id for s in GRADES}
        paused = [_worker(place, number) for number, _ in enumerate(made)]
        try:
            before = _taken_over(place, gate, made)
            for worker in paused:
                worker.signal(signal.SIGTERM)  # it ends after the step at hand
            _until(lambda: all(_has_ended(worker) for worker in paused), "the paused do not end")
        finally:
            ended = [worker.kill() for worker in paused]
        after = {system: gate.run(run) for system, run in made.items()}
    found = [
        f"a paused worker ended with {code}: {worker.said.read_text()}"
        for worker, code in zip(paused, ended, strict=True)
        if code != 0
    ]
    return found + [
        what for system in GRADES for what in _wrong(place, before[system], after[system])
    ]


def _taken_over(place: Place, gate: Gate, made: dict[str, str]) -> dict[str, Run]:
    """Wait until each run is in the middle of a call; then let another worker take them all."""
    marks = [mark_of(place.folder, f"{run}-1") for run in made.values()]
    _until(lambda: all(mark.exists() for mark in marks), "not all were called")
    other = Worker(gate, name="other", lease_s=60, call_timeout_s=30)
    found = dict[str, Run]()

    def are_over() -> bool:
        other.drain()
        found.update({system: gate.run(run) for system, run in made.items()})
        return {system: run.state for system, run in found.items()} == ENDS

    _until(are_over, f"not all were taken over: {ENDS}")
    return found


def _has_ended(worker: Victim) -> bool:
    worker.signal(signal.SIGCONT)
    return worker.has_ended


def _wrong(place: Place, before: Run, after: Run) -> Iterator[str]:
    system = before.system
    if before.attempt is None or not before.attempt.worker.startswith("paused-"):
        yield f"{system}: no paused worker began the attempt"
    if after != before:
        yield f"{system}: the paused worker wrote {after.state} over {before.state}"
    effects = ledger_of(place.folder, system).effects()
    # Nobody waits for a call that was stopped before its effect: it may end with its process.
    if effects != 1 and not (effects == 0 and system == "probe"):
        yield f"{system}: {effects} effects"


def _worker(place: Place, number: int) -> Victim:
    name = f"paused-{number}"
    return Victim(work, (str(place.toml), name, 1.0, 0.9), place.folder / f"{name}.said")


def _until(is_so: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(0.02)
