"""A worker is stopped in the middle of a call, another takes its run, and then it wakes.

What it does then may not change the run, and has no second effect: one case for each grade.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.worker import Worker
from tests.runtime.kill.bank import GRADES, ledger_of
from tests.runtime.kill.people import action
from tests.runtime.kill.place import Place
from tests.runtime.kill.processes import Victim, work
from tests.runtime.kill.stopping import mark_of

WAIT_S = 60
CONNECTOR = "tests.runtime.kill.stopping:connector"

ENDS = {
    "native": State.DONE,  # repeated with the same key
    "set": State.DONE,  # repeated for the same version
    "probe": State.OUTCOME_UNKNOWN,  # no trace of it, but the call may still come
    "none": State.OUTCOME_UNKNOWN,
}  # fmt: skip


def pause_all(place: Place) -> list[str]:
    """Pause a worker in each system; return what is wrong afterwards."""
    for system in GRADES:
        ledger_of(place.folder, system).make("ch_1")
    return [what for system in GRADES for what in _pause(place, system)]


def _pause(place: Place, system: str) -> list[str]:
    with place.gate() as gate:

        def stands() -> str:
            kept = gate.run(run)
            return f"{system} is {kept.state}, {kept.note}: {kept.attempts}"

        run = gate.propose(action(system, "ch_1", 500, system)).id
        paused = _worker(place, system)
        try:
            _until(mark_of(place.folder, f"{run}-1").exists, stands)
            other = Worker(gate, name="other", lease_s=60, call_timeout_s=30)

            def is_taken_over() -> bool:
                other.drain()
                return gate.run(run).state is ENDS[system]

            _until(is_taken_over, stands)
            before = gate.run(run)
            paused.signal(signal.SIGTERM)  # it ends after the step at hand

            def has_ended() -> bool:
                paused.signal(signal.SIGCONT)
                return paused.has_ended

            _until(has_ended, stands)
        finally:
            ended = paused.kill()
        return _wrong(system, before, gate.run(run), ended, paused, place)


def _wrong(
    system: str, before: Run, after: Run, ended: int, paused: Victim, place: Place
) -> list[str]:
    found = list[str]()
    if ended != 0:
        found.append(f"{system}: the paused worker ended with {ended}: {paused.said.read_text()}")
    if before.attempt is None or before.attempt.worker != paused.said.stem:
        found.append(f"{system}: the paused worker did not begin the attempt")
    if after != before:
        found.append(f"{system}: the paused worker wrote {after.state} over {before.state}")
    effects = ledger_of(place.folder, system).effects()
    # Of the call that was stopped before its effect nobody waits for an answer: it may end there.
    if effects != 1 and not (effects == 0 and system == "probe"):
        found.append(f"{system}: {effects} effects")
    return found


def _worker(place: Place, name: str) -> Victim:
    arguments = (str(place.toml), f"paused-{name}", 1.0, 0.9)
    return Victim(work, arguments, place.folder / f"paused-{name}.said")


def _until(is_so: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(otherwise())
        time.sleep(0.02)
