"""`gatewright propose`, `branch`, `revise`: an action is previewed, decided, and kept as a run."""

from __future__ import annotations

import click

from gatewright.cli.gate import format_option, gate_option, opened, person_option, run_of, tell
from gatewright.cli.inputs import ACTION_HELP, action_of

_action = click.option(
    "--action", "action", required=True, metavar="FILE", type=click.Path(),
    help=ACTION_HELP,
)  # fmt: skip


@click.command("propose")
@gate_option
@_action
@click.option("--as", "person", metavar="ID", envvar="GATEWRIGHT_AS",
              help="Who brings it; else the agent that the action names.")  # fmt: skip
@format_option
def propose(config: str, action: str, person: str | None, form: str) -> None:
    """Preview and decide about an action, and keep it as a run.

    Nothing is executed here: `gatewright work` carries out what may run. The same idempotency key
    and action again give the run that there is already.

    \b
    Examples:
      gatewright propose --action refund.json
      gatewright propose --action - --format json < refund.json | jq -r .run

    Exit codes: 0 kept, whatever the effect; 1 nobody can see what would change, or the policies
    have errors; 2 wrong usage, or input that cannot be read.
    """
    given = action_of(action)
    with opened(config) as gate:
        tell(gate, gate.propose(given, requester=person), form, whole=True)


@click.command("branch")
@click.argument("run")
@gate_option
@_action
@person_option
@format_option
def branch(run: str, config: str, action: str, person: str, form: str) -> None:
    """Propose another plan instead of a run's; one that still waits is cancelled with that.

    \b
    Example:
      gatewright branch run_1c7e --action smaller.json --as ann

    Exit codes: 0 kept, whatever the effect; 1 refused; 2 wrong usage, or input that cannot be read.
    """
    given = action_of(action)
    with opened(config) as gate:
        tell(gate, gate.branch(run_of(gate, run), given, by=person), form, whole=True)


@click.command("revise")
@click.argument("run")
@gate_option
@_action
@person_option
@format_option
def revise(run: str, config: str, action: str, person: str, form: str) -> None:
    """Give a run another plan: it is previewed and decided anew, and all answers are void.

    Whoever changed the plan cannot approve it.

    \b
    Example:
      gatewright revise run_1c7e --action smaller.json --as refund-bot

    Exit codes: 0 kept, whatever the effect; 1 refused; 2 wrong usage, or input that cannot be read.
    """
    given = action_of(action)
    with opened(config) as gate:
        tell(gate, gate.revise(run_of(gate, run), given, by=person), form, whole=True)
