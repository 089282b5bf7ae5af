"""Workers and people on one store, killed and paused at random, and the database's sessions ended.

A paused worker is woken after its claim has ended. At the end nobody is left but one clean worker,
which carries out whatever there is.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import psycopg

from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import WORK, Run
from gatewright.engine.runtime.store import runs
from gatewright.engine.runtime.worker import Worker
from tests.engine.runtime.kill.bank import GRADES
from tests.engine.runtime.kill.people import act_for_ever, action
from tests.engine.runtime.kill.place import CALL_TIMEOUT_S, CHARGES, LEASE_S, Place
from tests.engine.runtime.kill.processes import Victim, preload, work

APPLICATION = "gatewright_kill"
"""What the sessions of one loop are called, so that those of others are left alone."""

WORKERS, CROWDS = 3, 2
SETTLING_S = 120.0
"""How long the clean worker may take."""

KILLED = -signal.SIGKILL


@dataclass
class Loop:
    """One run of the loop."""

    place: Place
    seed: int
    did: Counter[str] = field(default_factory=Counter[str])
    ended: list[str] = field(default_factory=list[str])
    """Processes that ended though nobody killed them, with what they said."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - no secret
        self._numbers = count(1)
        preload()

    def run(self, seconds: float) -> None:
        """Kill and start again until the time is over; then kill everybody."""
        victims = [self._worker() for _ in range(WORKERS)] + [self._crowd() for _ in range(CROWDS)]
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                time.sleep(self._random.uniform(0.05, 0.8))
                self._harm(victims)
        finally:
            for victim in victims:
                self._kill(victim)

    def _harm(self, victims: list[Victim]) -> None:
        workers = self._random.random() < 0.75
        place = (
            self._random.randrange(WORKERS)
            if workers
            else self._random.randrange(WORKERS, len(victims))
        )
        luck = self._random.random()
        if luck < 0.08:
            self._pause(victims[place])
        elif luck < 0.2 and self._ends_sessions():
            pass
        else:
            self._kill(victims[place])
            victims[place] = self._worker() if place < WORKERS else self._crowd()

    def _kill(self, victim: Victim) -> None:
        ended, said = victim.kill(), victim.said.read_text() if victim.said.exists() else ""
        # A store that is away when it begins to work is an error of use.
        if ended != KILLED and not (ended == 2 and said.startswith("error: the store")):
            self.ended.append(f"{victim.said.name}, {ended}: {said[-2000:]}")
        self.did["kills"] += 1

    def _pause(self, victim: Victim) -> None:
        """Stop a process for longer than a claim lasts: others go on with what it had."""
        victim.signal(signal.SIGSTOP)
        time.sleep(LEASE_S * self._random.uniform(1.2, 2.0))
        victim.signal(signal.SIGCONT)
        self.did["pauses"] += 1

    def _ends_sessions(self) -> bool:
        """End a session of PostgreSQL, or all; False where the store is SQLite."""
        if not self.place.url.startswith("postgresql"):
            return False
        most = self._random.choice((1, 1, 100))
        with psycopg.connect(self.place.url.split("?")[0], autocommit=True) as admin:
            done = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE application_name = %s ORDER BY random() LIMIT %s) AS found",
                (APPLICATION + str(self.seed), most),
            ).fetchall()
        self.did["sessions ended"] += len(done)
        return True

    def _worker(self) -> Victim:
        name = f"worker-{next(self._numbers)}"
        arguments = (str(self.place.toml), name, LEASE_S, CALL_TIMEOUT_S)
        return self._start(work, arguments, name)

    def _crowd(self) -> Victim:
        number = next(self._numbers)
        name, seed = f"crowd-{number}", self.seed * 100_000 + number
        return self._start(act_for_ever, (str(self.place.folder), self.place.url, name, seed), name)

    def _start(self, what: Callable[..., None], arguments: tuple[object, ...], name: str) -> Victim:
        self.did["processes"] += 1
        return Victim(what, arguments, self.place.folder / f"{name}.said")


def stock(gate: Gate) -> None:
    """Propose what workers have to do from the first moment on."""
    for system in GRADES:
        for number, charge in enumerate(CHARGES[:4]):
            gate.propose(action(system, charge, 100 + number, f"stock-{system}-{number}"))


def settle(gate: Gate) -> list[Run]:
    """Let one clean worker carry out everything, and return what it could not bring to an end."""
    worker = Worker(gate, name="clean", lease_s=5 * LEASE_S, call_timeout_s=3 * LEASE_S)
    end = time.monotonic() + SETTLING_S
    while True:
        worker.drain()
        left = gate.desk.database.retrying(
            lambda c: runs.listed(c, states=WORK, most=1000), "reading"
        )
        if not left or time.monotonic() > end:
            worker.drain()
            return left
        time.sleep(0.2)
