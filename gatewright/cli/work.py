"""`gatewright work`: carry out what may run, fire timers, and keep the audit trail up to date."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from gatewright import watching
from gatewright.cli.gate import configuration, errors_told, gate_option, using
from gatewright.cli.inputs import loaded, write
from gatewright.configuration import audit_key_of, open_gate
from gatewright.dsl.rendering.display import visible


@click.command("work")
@gate_option
@click.option("--drain", is_flag=True, help="End when nothing is left to do now.")
@click.option("--name", "name", metavar="NAME", help="What the trail calls this worker.")
@click.option("--lease", "lease_s", metavar="SECONDS", type=click.FloatRange(min=1), default=60.0,
              show_default=True, help="How long a claim of a run holds.")  # fmt: skip
@click.option("--call-timeout", "timeout_s", metavar="SECONDS", default=30.0,
              type=click.FloatRange(min=0.1), show_default=True,
              help="How long a call of a connector may take.")  # fmt: skip
def command(config: str, drain: bool, name: str | None, lease_s: float, timeout_s: float) -> None:
    """Carry out runs until told to stop. Any number may work on one store.

    What was approved is decided once more by the policies in force, and written only to the record
    that people saw. Policies are read anew when their files change. SIGTERM and Ctrl-C let the step
    at hand end first; after kill -9 another worker finds out what happened. A store that is locked,
    full or away is tried again until it is back.

    \b
    Examples:
      gatewright work
      gatewright work --drain

    Exit codes: 0 told to stop, or nothing is left; 1 the policies have errors; 2 wrong usage, or
    input or a store that cannot be used, at the beginning or with --drain.
    """
    if timeout_s >= lease_s:
        raise click.UsageError("--call-timeout must be shorter than --lease")
    found = configuration(config)
    with errors_told():
        key = audit_key_of(found)
        watched = loaded(
            lambda: watching.watch(
                *found.policy, keys=found.policy_keys, least_version=found.least_version
            ),
            found.policy[0],
        )
        gate = open_gate(found, lambda: watched.policy)
    # Needs SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.worker import Worker

    with using(gate):
        worker = Worker(gate, name=name, lease_s=lease_s, call_timeout_s=timeout_s, audit_key=key)
        if drain:
            steps = worker.drain()
            write("1 step" if steps == 1 else f"{steps} steps")
            return
        stop = threading.Event()
        _stop_by_signals(stop)
        click.echo(f"working as {worker.name}", err=True)
        with watched.start():
            worker.run(stop, tell=lambda line: click.echo(visible(line), err=True))


def _stop_by_signals(stop: threading.Event) -> None:
    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
