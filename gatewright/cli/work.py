"""`gatewright work`: carry out what may run, fire timers, and keep the audit trail up to date."""

from __future__ import annotations

import json
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from gatewright import watching
from gatewright.cli.gate import configuration, errors_told, gate_option, using
from gatewright.cli.inputs import loaded, write
from gatewright.configuration import audit_key_of, open_gate
from gatewright.dsl.rendering.display import visible
from gatewright.engine.runtime.card import shown

if TYPE_CHECKING:
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.run import Run

SHORT: Final = 12
"""So many characters of a run's id are told: enough to name it by."""


@click.command("work")
@gate_option
@click.option("--drain", is_flag=True, help="End when nothing is left to do now.")
@click.option("--name", "name", metavar="NAME", help="What the trail calls this worker.")
@click.option("--lease", "lease_s", metavar="SECONDS", type=click.FloatRange(min=1), default=60.0,
              show_default=True, help="How long a claim of a run holds.")  # fmt: skip
@click.option("--call-timeout", "timeout_s", metavar="SECONDS", default=30.0,
              type=click.FloatRange(min=0.1), show_default=True,
              help="How long a call of a connector may take.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True,
              help="With --drain: what became of each run, as JSON.")  # fmt: skip
def command(
    config: str, drain: bool, name: str | None, lease_s: float, timeout_s: float, as_json: bool
) -> None:
    """Carry out runs until told to stop. Any number may work on one store.

    What was approved is decided once more by the policies in force, and written only to the record
    that people saw. Policies are read anew when their files change. SIGTERM and Ctrl-C let the step
    at hand end first; after kill -9 another worker finds out what happened. A store that is locked,
    full or away is tried again until it is back.

    \b
    Examples:
      gatewright work
      gatewright work --drain
      gatewright work --drain --json | jq -r '.runs[] | select(.outcome == "failed") | .run'

    --drain says of each run that something was done with where it stands now: the beginning of its
    id, the record, the outcome, and why.

    Exit codes: 0 told to stop, or nothing is left; 1 the policies have errors; 2 wrong usage, or
    input or a store that cannot be used, at the beginning or with --drain.
    """
    if as_json and not drain:
        raise click.UsageError("--json is for --drain")
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
            touched = dict[str, None]()  # a set that keeps the order
            steps = worker.drain(touched=lambda run: touched.setdefault(run))
            _tell_drained(gate, list(touched), steps, as_json=as_json)
            return
        stop = threading.Event()
        _stop_by_signals(stop)
        click.echo(f"working as {worker.name}", err=True)
        with watched.start():
            worker.run(stop, tell=lambda line: click.echo(visible(line), err=True))


def _tell_drained(gate: Gate, ids: list[str], steps: int, *, as_json: bool) -> None:
    """Write where the runs stand that something was done with, and how many steps that took."""
    runs = [gate.run(id_) for id_ in ids]
    if as_json:
        told = [_outcome(run) for run in runs]
        write(json.dumps({"steps": steps, "runs": told}, indent=2, allow_nan=False))
        return
    for run in runs:
        one = _outcome(run)
        note = f": {shown(one['note'])}" if one["note"] else ""
        place = f"{shown(one['system'])}.{shown(one['object'])} {shown(one['record'])}"
        write(f"{run.id[:SHORT]}  {place}  {run.state.replace('_', ' ')}{note}")
    write("1 step" if steps == 1 else f"{steps} steps")


def _outcome(run: Run) -> dict[str, str | None]:
    target = run.round.preview["target"]
    return {
        "run": run.id, "action": run.action, "system": target["system"],
        "object": target["object"], "record": target["id"], "outcome": run.state.value,
        "note": run.note,
    }  # fmt: skip


def _stop_by_signals(stop: threading.Event) -> None:
    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
