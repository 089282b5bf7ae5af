"""`gatewright queue` and `show`: what waits for people, and everything about one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gatewright.cli.gate import format_option, gate_option, opened, run_of, tell
from gatewright.cli.inputs import write
from gatewright.cli.terminal import columns
from gatewright.dsl.rendering.display import visible

if TYPE_CHECKING:
    from gatewright.engine.runtime.errors import Edited
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.run import Run, State
    from gatewright.engine.runtime.standing import Waiting


def _states(_: click.Context, __: click.Parameter, named: tuple[str, ...]) -> tuple[State, ...]:
    """Return states by their names, spaces or underscores in them."""
    if not named:
        return ()
    # Needs pydantic, which `--help` does without.
    from gatewright.engine.runtime.run import State

    try:
        return tuple(State(name.replace(" ", "_")) for name in named)
    except ValueError:
        known = ", ".join(State)
        raise click.BadParameter(f"there is no such state; the states are {known}") from None


@click.command("queue")
@gate_option
@click.option("--as", "person", metavar="PERSON",
              help="Only what this person may answer.")  # fmt: skip
@click.option("--state", "states", metavar="STATE", multiple=True, callback=_states,
              help="Instead, the runs in this state, such as failed or outcome_unknown;"
                   " may be repeated.")  # fmt: skip
@click.option("--most", "most", type=click.IntRange(1, 10_000), default=100, show_default=True,
              help="How many at most.")  # fmt: skip
@format_option
def queue(config: str, person: str | None, states: tuple[State, ...], most: int, form: str) -> None:
    """List the runs that wait for an answer, or those in a state, the oldest first.

    Runs that people have to go on with otherwise are counted: those that wait for another plan,
    were taken over, or whose outcome nobody knows.

    \b
    Examples:
      gatewright queue
      gatewright queue --as ann --format json | jq -r '.[].run'
      gatewright queue --state failed --state outcome_unknown

    Exit codes: 0 fine, also where nothing waits; 1 refused; 2 wrong usage, or input that cannot be
    read.
    """
    if states and person is not None:
        raise click.UsageError("--as tells what a person may answer, which has no other --state")
    with opened(config, loosens_nothing=True) as gate:
        # Needs pydantic and SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.standing import row, run_document

        many = most + 1  # one more tells whether there are more
        found = gate.listed(states, most=many) if states else gate.queue(person=person, most=many)
        waiting: list[tuple[Run, tuple[Waiting, ...], Edited | None]]
        waiting = [(run, gate.waits_for(run), gate.edited(run.id)) for run in found[:most]]
        if len(found) > most:
            click.echo(f"there are more than these {most}: --most shows more", err=True)
        if form == "json":
            documents = [run_document(run, asked, (), edited) for run, asked, edited in waiting]
            write(json.dumps(documents, indent=2, allow_nan=False))
            return
        wide = columns()
        for run, asked, edited in waiting:
            write(row(run, asked, wide, edited))
        if not waiting and states:
            click.echo("no run is in that state", err=True)
        elif not waiting:
            click.echo(visible(_nothing(gate, person)), err=True)
        if not states and (person is None or not waiting):
            for line in _elsewhere(gate):
                click.echo(line, err=True)


def _nothing(gate: Gate, person: str | None) -> str:
    if person is None:
        return "nothing waits for an answer"
    known = person in gate.desk.directory.people()
    return f"nothing waits for `{person}`" + ("" if known else ", whom the directory does not know")


def _elsewhere(gate: Gate) -> Iterator[str]:
    """Say how many runs wait for people, and for something else than an answer."""
    # Needs pydantic, which `--help` does without.
    from gatewright.engine.runtime.run import State

    waits = (State.CHANGES_REQUESTED, State.TAKEN_OVER, State.OUTCOME_UNKNOWN)
    found = gate.counted(waits)
    if found:
        many = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in found.items())
        options = " ".join(f"--state {state.value}" for state in found)
        yield f"besides, people have to go on with: {many}"
        yield f"  `gatewright queue {options}` lists them"


@click.command("show")
@click.argument("run")
@gate_option
@format_option
def show(run: str, config: str, form: str) -> None:
    """Show a run: the card, what it waits for, what was answered and done, and its trail.

    As all commands it takes the id of a run, or the beginning of it: six characters or more with
    which no other begins.

    \b
    Examples:
      gatewright show run_1c7e
      gatewright show run_1c7e --format json | jq .fields

    Exit codes: 0 shown; 1 there is no such run; 2 wrong usage, or input that cannot be read.
    """
    with opened(config, loosens_nothing=True) as gate:
        tell(gate, gate.run(run_of(gate, run)), form, whole=True)
