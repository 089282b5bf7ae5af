"""`gatewright check`: what is wrong with a set of policies."""

from __future__ import annotations

import time

import click

from gatewright import __version__
from gatewright.cli.terminal import Refused, exit_code, show
from gatewright.dsl.diagnostics import Diagnostics, Unreadable
from gatewright.dsl.lint import lint
from gatewright.dsl.load import check_paths
from gatewright.dsl.rendering.sarif import to_sarif
from gatewright.dsl.rendering.text import summary, to_json


@click.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="How to report: text for people, JSON, or SARIF 2.1.0 for code hosts.",
)
@click.option(
    "--lint/--no-lint",
    "with_lints",
    default=True,
    help="Whether to add advice on policies without errors (codes GW1xxx); on by default.",
)
@click.option(
    "--portable",
    is_flag=True,
    help="Say which conditions other hosts of CEL do not understand (codes GW09xx).",
)
def command(paths: tuple[str, ...], form: str, with_lints: bool, portable: bool) -> None:
    """Check files and folders together, as one set of policies.

    Names, types, ladders, routes and limits are checked; nothing is run. With --portable each
    condition is also read by cel-python as plain CEL, and the answers of both are compared on the
    actions of the policies' own tests. Text goes to standard error, JSON and SARIF to standard
    output.

    \b
    Examples:
      gatewright check policies/
      gatewright check refunds.gate people.gate
      gatewright check --no-lint policies/
      gatewright check --portable policies/
      gatewright check --format json policies/ | jq -r '.[].message'
      gatewright check --format sarif policies/ > gatewright.sarif

    Exit codes: 0 no errors (there may be warnings); 1 errors; 2 wrong usage or unreadable input,
    such as a file that is not UTF-8.
    """
    try:
        policy, diagnostics = check_paths(paths)
    except Unreadable as error:
        raise Refused(error.path, error.why) from None
    if policy is not None and with_lints:
        diagnostics.extend(lint(policy, time.time_ns()))
    if policy is not None and portable:
        # Late, since it loads what runs tests of policies.
        from gatewright.engine.portable.conditions import portability

        diagnostics.extend(portability(policy))
    _report(diagnostics, form)
    raise SystemExit(exit_code(diagnostics))


def _report(diagnostics: Diagnostics, form: str) -> None:
    if form == "json":
        click.echo(to_json(diagnostics), nl=False)
    elif form == "sarif":
        click.echo(to_sarif(diagnostics, __version__), nl=False)
    elif len(diagnostics):
        show(diagnostics)
    else:
        click.echo(summary([]), err=True)
