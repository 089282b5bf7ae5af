"""`gatewright explain`: policies and an action -> the decision and why, for people or as JSON."""

from __future__ import annotations

import json
import sys

import click

from gatewright.cli.inputs import decide, decision_options, write
from gatewright.cli.terminal import wants_color
from gatewright.engine.decision import Decision
from gatewright.engine.explaining.explanation_text import Style
from gatewright.engine.values import Timestamp

_RESET = "\x1b[0m"
_STYLES: dict[Style, str] = {
    "auto_run": "\x1b[1;32m",
    "require": "\x1b[1;33m",
    "block": "\x1b[1;31m",
    "title": "\x1b[1m",
    "place": "\x1b[34m",
    "holds": "\x1b[32m",
    "fails": "\x1b[31m",
}


@click.command("explain")
@decision_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Text for people, or the same as JSON.",
)
def command(
    paths: tuple[str, ...],
    action: str,
    history: str | None,
    now: Timestamp | None,
    form: str,
) -> None:
    """Decide about an action, and say why.

    First what happens and who is needed, then what decided it: each rule with its reason, its place
    and its conditions with the values they saw; then errors, exceptions, shadow rules, the risk
    score, and what was needed for auto_run. Secret fields are shown as `***`.

    \b
    Examples:
      gatewright explain policies/ --action refund.json
      gatewright explain policies/ --action refund.json --history past.jsonl
      gatewright explain policies/ --action - --format json < refund.json

    Exit codes: 0 decided, whatever the effect; 1 the policies have errors; 2 wrong usage, or input
    that cannot be read.
    """
    explanation = decide(paths, action, history, now, Decision.explain, noted=False)
    if form == "json":
        write(json.dumps(explanation.to_dict(), indent=2, allow_nan=False))
        return
    color = wants_color(sys.stdout)
    write(explanation.text(painted if color else None), color=color)


def painted(style: Style, text: str) -> str:
    """Return a piece of an explanation in the colour of what it is."""
    return f"{_STYLES[style]}{text}{_RESET}"
