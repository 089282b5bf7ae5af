"""`gatewright queue` and `show`: what waits for people, and everything about one run."""

from __future__ import annotations

import json

import click

from gatewright.cli.gate import format_option, gate_option, opened, tell
from gatewright.cli.inputs import write


@click.command("queue")
@gate_option
@click.option("--as", "person", metavar="PERSON",
              help="Only what this person may answer.")  # fmt: skip
@click.option("--most", "most", type=click.IntRange(1, 10_000), default=100, show_default=True,
              help="How many at most.")  # fmt: skip
@format_option
def queue(config: str, person: str | None, most: int, form: str) -> None:
    """List the runs that wait for people, the oldest first.

    \b
    Examples:
      gatewright queue
      gatewright queue --as ann --format json | jq -r '.[].run'

    Exit codes: 0 fine, also where nothing waits; 1 refused; 2 wrong usage, or input that cannot be
    read.
    """
    with opened(config) as gate:
        # Needs pydantic and SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.standing import row, run_document

        waiting = [(run, gate.waits_for(run)) for run in gate.queue(person=person, most=most)]
        if form == "json":
            write(json.dumps([run_document(*one) for one in waiting], indent=2, allow_nan=False))
            return
        for one in waiting:
            write(row(*one))
        if not waiting:
            click.echo("nothing waits" + (f" for `{person}`" if person else ""), err=True)


@click.command("show")
@click.argument("run")
@gate_option
@format_option
def show(run: str, config: str, form: str) -> None:
    """Show a run: the card, what it waits for, what was answered and done, and its trail.

    \b
    Examples:
      gatewright show run_1c7e
      gatewright show run_1c7e --format json | jq .fields

    Exit codes: 0 shown; 1 there is no such run; 2 wrong usage, or input that cannot be read.
    """
    with opened(config) as gate:
        tell(gate, gate.run(run), form, whole=True)
