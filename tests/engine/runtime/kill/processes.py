"""Processes that are made quickly, from one that has everything loaded: killed, paused, started again."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")

PRELOADED = (
    "gatewright.cli.work", "gatewright.engine.runtime.worker", "gatewright.loading", "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite", "alembic.command",
    "tests.engine.runtime.kill.__main__", "tests.engine.runtime.kill.matrix",
)  # fmt: skip


def preload() -> None:
    """Load what processes need, once for all of them, and wait until that is done."""
    _CONTEXT.set_forkserver_preload(list(PRELOADED))
    start(_nothing).join()


def _nothing() -> None:
    pass


def start(what: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Start a process that does something once."""
    process = _CONTEXT.Process(target=what, args=arguments, daemon=True)
    process.start()
    return process


class Victim:
    """A process that does something until it is killed, and whatever it has to say goes to a file."""

    def __init__(
        self, what: Callable[..., None], arguments: tuple[object, ...], said: Path
    ) -> None:
        self.said = said
        self._process = start(_alone, what, arguments, str(said))

    def kill(self) -> int:
        """Kill it with SIGKILL, and return how it ended: -9 unless it ended by itself before."""
        self._process.kill()
        self._process.join()
        ended = self._process.exitcode
        assert ended is not None
        return ended

    @property
    def has_ended(self) -> bool:
        return self._process.exitcode is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if there is still somebody."""
        pid = self._process.pid
        if pid is not None and not self.has_ended:
            with suppress(ProcessLookupError):  # it ends just now
                os.kill(pid, number)


def _alone(what: Callable[..., None], arguments: tuple[object, ...], said: str) -> None:
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    what(*arguments)


def work(toml: str, name: str, lease_s: float, call_timeout_s: float) -> None:
    """Be `gatewright work`."""
    from gatewright.cli import main  # only where it is run

    arguments = ["work", "--config", toml, "--name", name, "--lease", str(lease_s)]
    main([*arguments, "--call-timeout", str(call_timeout_s)])
