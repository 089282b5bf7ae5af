"""`gatewright work`: carry out what may run, fire timers, and keep the audit trail up to date."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import click

from gatewright import watching
from gatewright.cli.gate import configuration, errors_told, formats, gate_option, using
from gatewright.cli.inputs import loaded, write
from gatewright.configuration import audit_key_of, open_gate
from gatewright.dsl.rendering.display import visible
from gatewright.engine.values import Timestamp

if TYPE_CHECKING:
    from gatewright.engine.runtime.run import Run
    from gatewright.engine.watch import Watched


@click.command("work")
@gate_option
@click.option("--drain", is_flag=True, help="End when nothing is left to do now.")
@click.option("--name", "name", metavar="NAME", help="What the trail calls this worker.")
@click.option("--lease", "lease_s", metavar="SECONDS", type=click.FloatRange(min=1), default=60.0,
              show_default=True, help="How long a claim of a run holds.")  # fmt: skip
@click.option("--call-timeout", "timeout_s", metavar="SECONDS", default=30.0,
              type=click.FloatRange(min=0.1), show_default=True,
              help="How long a call of a connector may take.")  # fmt: skip
@click.option("--quiet", "-q", "quiet", is_flag=True, help="No line for each run.")
@formats("a line for each run")
def command(
    config: str, drain: bool, name: str | None, lease_s: float, timeout_s: float, quiet: bool,
    form: str,
) -> None:  # fmt: skip
    """Carry out runs until told to stop. Any number may work on one store.

    What was approved is decided once more by the policies in force, and written only to the record
    that people saw. Policies and people are read anew when their files change: policies with errors
    leave those of before in force, and a line says so. SIGTERM and Ctrl-C let the step at hand end
    first; after kill -9 another worker finds out what happened. A store that is locked, full or
    away is tried again until it is back.

    A line says of each run what became of it, and why where it is not done. As JSON each has run,
    action, target, state, why and at, and with --drain a last one the number of steps.

    \b
    Examples:
      gatewright work
      gatewright work --quiet
      gatewright work --drain
      gatewright work --drain --json | jq -r 'select(.state == "failed").run'

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
        try:
            worker = Worker(
                gate, name=name, lease_s=lease_s, call_timeout_s=timeout_s, audit_key=key,
                tell_run=None if quiet else _teller(form),
            )  # fmt: skip
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if drain:
            steps = worker.drain()
            if form == "json":
                write(json.dumps({"steps": steps}))
            else:
                write("1 step" if steps == 1 else f"{steps} steps")
            return
        stop = threading.Event()
        _stop_by_signals(stop)
        click.echo(f"working as {worker.name}", err=True)
        with watched.start(tell=_tell_of_policies):
            worker.run(stop, tell=lambda line: click.echo(visible(line), err=True))


def _tell_of_policies(watched: Watched) -> None:
    """Say that other policies are in force, or why they are not."""
    if watched.errors:
        why = visible(watched.errors[0].strip().partition("\n")[0])
        line = f"the policies cannot be used as they are, those of before stay in force: {why}"
    else:
        line = "the policies in the files are in force"
    click.echo(line, err=True)


def _teller(form: str) -> Callable[[Run, str | None], None]:
    """Return what writes a line about a run; that nobody reads it stops no work."""
    text = _as_json if form == "json" else _as_text

    def tell(run: Run, why: str | None) -> None:
        try:
            write(text(run, why))
        except OSError as error:
            click.echo(f"runs are not told any more: {error.strerror}", err=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    return tell


def _as_text(run: Run, why: str | None) -> str:
    # Needs pydantic and SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.card import shown
    from gatewright.engine.runtime.naming import SHORT

    target = run.round.preview["target"]
    state = run.state.replace("_", " ")
    because = f": {why}" if why else ""
    return shown(
        f"{run.id[:SHORT]}  {state}  {target['system']}.{target['object']}/{target['id']}{because}"
    )


def _as_json(run: Run, why: str | None) -> str:
    at = Timestamp(run.updated_at).text
    told = {
        "run": run.id, "action": run.action, "target": run.round.preview["target"],
        "state": run.state.value, "why": why, "at": at,
    }  # fmt: skip
    return json.dumps(told)


def _stop_by_signals(stop: threading.Event) -> None:
    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
