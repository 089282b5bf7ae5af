"""`gatewright eval`: policies and an action -> the decision as JSON."""

from __future__ import annotations

import click

from gatewright.cli.deciding import eval_text
from gatewright.cli.inputs import decide, decision_options, write
from gatewright.engine.decision import Decision
from gatewright.engine.values import Timestamp


@click.command("eval")
@decision_options
def command(
    paths: tuple[str, ...], action: str, history: str | None, now: Timestamp | None
) -> None:
    """Decide about an action, and write the decision as JSON.

    PATHs are policy files and folders, one policy set together. The exit code tells whether there
    is a decision, not which: an action that does not fit its type is decided too, and restricted.

    \b
    Examples:
      gatewright eval policies/ --action refund.json
      gatewright eval policies/ --action - < refund.json | jq -r .effect
      gatewright eval policies/ --action refund.json --history past.jsonl
      gatewright eval policies/ --action refund.json --now 2026-11-20T12:00:00Z

    Exit codes: 0 decided, whatever the effect; 1 the policies have errors; 2 wrong usage, or input
    that cannot be read.
    """
    write(eval_text(decide(paths, action, history, now, Decision.to_dict)))
