"""A worker: claims runs, carries them out, fires timers, tells messages, and keeps the trail.

It claims a run for a while (`lease_s`); `carrying` executes it, `recovering` finds out about one
that was cut off. Nothing that one run, timer or notifier does keeps others waiting.
Source: docs/architecture.md#from-a-decision-to-a-deed.
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
from gatewright.engine.runtime.attempts import Attempts, TellRun
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.card import shown
from gatewright.engine.runtime.carrying import Carrying
from gatewright.engine.runtime.claims import Claims
from gatewright.engine.runtime.delivery import Deliverer
from gatewright.engine.runtime.errors import DamagedRun, GateError, Outdated, Refused
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.routing import asked
from gatewright.engine.runtime.run import WORK, Run, State, TimerKind
from gatewright.engine.runtime.store import runs
from gatewright.engine.runtime.store.errors import StoreError, StoreOutdated, StoreUnusable

_LOG: Final = logging.getLogger("gatewright.worker")

TIMERS_OF_A_STEP: Final = 100
"""So many timers that are due a worker fires before it does anything else."""

LONGEST_PAUSE_S: Final = 30.0
"""How long a worker waits at most before it tries a store again that cannot be used."""

LONGEST_NAME: Final = 128
"""Characters of a worker's name."""


class Worker:
    """Carries out the runs of a gate. Any number may work on one store.

    `lease_s` is how long a claim holds; `call_timeout_s`, which must be shorter, how long a
    connector or a notifier may take. `audit_key` is the private key that signs checkpoints of the
    audit trail. `tell_run` is given each run that the worker lets go, as it stands then, and why
    it stands there: when there is nothing to do with it any more, or it has to be tried later.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        name: str | None = None,
        lease_s: float = 60.0,
        call_timeout_s: float = 30.0,
        audit_key: Key | None = None,
        tell_run: TellRun | None = None,
    ) -> None:
        if call_timeout_s >= lease_s:
            raise ValueError("a call must end before the claim does")
        if name is not None and not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
            raise ValueError(f"a worker's name has 1 to {LONGEST_NAME} characters that print")
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._desk = gate.desk
        self._claims = Claims(gate.desk, self.name, int(lease_s * 1_000_000_000))
        self._deliverer = Deliverer(gate.desk, lease_s=lease_s, call_timeout_s=call_timeout_s)
        self._attempts = Attempts(gate.desk, self._claims, call_timeout_s, tell_run)
        self._carrying = Carrying(self._attempts)
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

    def drain(self, most: int = 10_000) -> int:
        """Do everything that can be done now, and return how many steps that took."""
        steps = 0
        while steps < most and self.step():
            steps += 1
        return steps

    def step(self) -> bool:
        """Fire timers that are due, tell one message, carry out one run; False: nothing to do.

        Raises StoreError where the store cannot be used; a connector's errors end up in its run,
        a notifier's in the delivery.
        """
        fired = self._fire_timers()
        told = self._deliverer.step()
        run = self._claims.claim()
        if run is None:
            if not told:  # nothing else to do: the trail is brought up to date
                sequence(self._desk.database, self._audit_key)
            return fired or told
        try:
            self._carrying.carry_out(run)
        except Outdated:  # somebody else went on with it: their claim is the later one
            pass
        except StoreError:
            raise
        except DamagedRun as error:  # since it was claimed
            _LOG.error("%s", error)
            self._claims.set_aside(run)
            self._attempts.let_go(run, error.message)
        except Exception as error:  # one bad run must not end the worker
            _LOG.exception("run %s could not be carried out", run.id)
            self._attempts.let_go(run, f"it could not be carried out ({type(error).__name__})")
        return True

    # --- timers

    def _fire_timers(self) -> bool:
        """Fire what is due, and tell whether anything was.

        A timer that cannot be fired, or is still due then, comes later.
        """
        database = self._desk.database
        due = database.retrying(
            lambda c: runs.due_timers(c, database.now(c), TIMERS_OF_A_STEP), "reading"
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
            except DamagedRun as error:
                _LOG.error("%s", error)
            except GateError as error:  # as when nobody can tell who the people are
                _LOG.error("a timer of run %s could not be fired: %s", run, shown(error.message))
            except Exception:
                _LOG.exception("a timer of run %s could not be fired", run)
            else:
                self._tell_of_timer(changed, kind)
                if changed.state is not State.PENDING:
                    continue
            self._claims.postpone(run, kind, route)
        return bool(due)

    def _tell_of_timer(self, run: Run, kind: TimerKind) -> None:
        if kind == "timeout" and run.state is State.PENDING:
            names = ", ".join(ask.name for ask in asked(run.round))
            self._attempts.let_go(run, f"asked after a timeout: {names}")
        elif run.state is not State.PENDING and run.state not in WORK:
            self._attempts.let_go(run, run.note)
