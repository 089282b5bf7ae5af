"""A worker: claims runs, carries them out, fires timers, tells messages, and keeps the trail.

It claims a run for a while (`lease_s`); `carrying` executes it, `recovering` finds out about one
that was cut off. Nothing that one run, timer or notifier does keeps others waiting.
Source: architecture.md "Runtime".
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Final

from gatewright.engine.bundle.signing import Key
from gatewright.engine.runtime import telemetry
from gatewright.engine.runtime.attempts import Attempts
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.carrying import Carrying
from gatewright.engine.runtime.claims import Claims
from gatewright.engine.runtime.delivery import Deliverer
from gatewright.engine.runtime.errors import Outdated, Refused
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.store import runs
from gatewright.engine.runtime.store.errors import StoreError, StoreOutdated, StoreUnusable

_LOG: Final = logging.getLogger("gatewright.worker")

TIMERS_AT_ONCE: Final = 100
"""So many timers are looked at in a step."""

LONGEST_PAUSE_S: Final = 30.0
"""How long a worker waits at most before it tries a store again that cannot be used."""


class Worker:
    """Carries out the runs of a gate. Any number may work on one store.

    `lease_s` is how long a claim holds; `call_timeout_s`, which must be shorter, how long a
    connector or a notifier may take. `audit_key` is the private key that signs checkpoints of the
    audit trail.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        name: str | None = None,
        lease_s: float = 60.0,
        call_timeout_s: float = 30.0,
        audit_key: Key | None = None,
    ) -> None:
        if call_timeout_s >= lease_s:
            raise ValueError("a call must end before the claim does")
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._desk = gate.desk
        self._claims = Claims(gate.desk, self.name, int(lease_s * 1_000_000_000))
        self._deliverer = Deliverer(gate.desk, lease_s=lease_s, call_timeout_s=call_timeout_s)
        self._carrying = Carrying(Attempts(gate.desk, self._claims, call_timeout_s))
        telemetry.watch(gate.desk)
        self._audit_key = audit_key

    def run(
        self, stop: threading.Event, idle_s: float = 0.5, tell: Callable[[str], None] | None = None
    ) -> None:
        """Work until told to stop, looking again after `idle_s` where nothing is to be done.

        A store that is locked, full or away is tried again, after ever longer pauses; `tell` is
        given a line when that begins, and one when it is over. Raises StoreUnusable and
        StoreOutdated, which do not pass by themselves.
        """
        pause_s = idle_s
        while not stop.is_set():
            try:
                was_idle = not self.step()
            except (StoreUnusable, StoreOutdated):
                raise
            except StoreError as error:
                # What was called may be done, and not be kept: whoever claims the run finds out.
                if tell is not None and pause_s == idle_s:
                    tell(f"{error}; trying again")
                stop.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            if tell is not None and pause_s != idle_s:
                tell("the store can be used again")
            pause_s = idle_s
            if was_idle:
                stop.wait(idle_s)

    def drain(self, most: int = 10_000, touched: Callable[[str], None] | None = None) -> int:
        """Do everything that can be done now, and return how many steps that took.

        `touched` is told the id of each run that something was done with, as often as that was so.
        """
        steps = 0
        while steps < most and self.step(touched):
            steps += 1
        return steps

    def step(self, touched: Callable[[str], None] | None = None) -> bool:
        """Fire timers that are due, tell one message, carry out one run; False: nothing to do.

        `touched` is told the ids of runs whose timers fired, and of the one carried out. Raises
        StoreError where the store cannot be used; a connector's errors end up in its run, a
        notifier's in the delivery.
        """
        fired = self._fire_timers(touched)
        told = self._deliverer.step()
        run = self._claims.claim()
        if run is None:
            if not told:  # nothing else to do: the trail is brought up to date
                sequence(self._desk.database, self._audit_key)
            return fired or told
        if touched is not None:
            touched(run.id)
        try:
            self._carrying.carry_out(run)
        except Outdated:  # somebody else went on with it: their claim is the later one
            pass
        except StoreError:
            raise
        except (
            Exception
        ):  # one bad run must not end the worker; its claim ends, and it is looked at
            _LOG.exception("run %s could not be carried out", run.id)
        return True

    # --- timers

    def _fire_timers(self, touched: Callable[[str], None] | None = None, most: int = 100) -> bool:
        """Fire what is due, and tell whether anything was.

        A timer that cannot be fired, or is still due then, comes later.
        """
        database = self._desk.database
        due = database.retrying(
            lambda c: runs.due_timers(c, database.now(c), TIMERS_AT_ONCE), "reading"
        )
        for run, kind, route in due:
            try:
                changed = self._claims.fire(run, kind, route)
            except StoreError:
                raise
            except Outdated:  # somebody changed the run in this moment
                continue
            except Refused:  # answered in the meantime: then there is no such timer any more
                pass
            except Exception:
                _LOG.exception("a timer of run %s could not be fired", run)
            else:
                if touched is not None:
                    touched(run)
                if changed.state is not State.PENDING:
                    continue
            self._claims.postpone(run, kind, route)
        return bool(due)
