"""`gatewright dead-letters`: messages that a notifier did not take, told after all or let go."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from gatewright.cli.gate import NotDone, gate_option, opened, person_option
from gatewright.cli.inputs import write
from gatewright.dsl.rendering.display import visible
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.values import Timestamp

if TYPE_CHECKING:
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.store.messages import DeadLetter

_MOST = 10_000

_messages = click.argument("messages", nargs=-1, metavar="MESSAGE...")
_notifier = click.option("--notifier", "notifier", metavar="NAME",
                         help="Only of this notifier; else of all that gave it up.")  # fmt: skip
_all = click.option("--all", "everything", is_flag=True, help="All that were given up.")


@click.group("dead-letters")
def command() -> None:
    """See messages that were given up, have them told after all, or let them go.

    A message that a notifier did not take in 12 attempts, or within 7 days, is given up for it.

    \b
    Examples:
      gatewright dead-letters list
      gatewright dead-letters retry --all --notifier webhook --as ann
      gatewright dead-letters drop 5f0a... --as ann

    Exit codes: 0 done; 1 refused; 2 wrong usage, or input that cannot be read.
    """


@command.command("list")
@gate_option
@click.option("--most", "most", type=click.IntRange(1, _MOST), default=100, show_default=True,
              help="How many at most.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_command(config: str, most: int, form: str) -> None:
    """List messages that were given up, the oldest first: id, notifier, what it is, run, why.

    \b
    Example:
      gatewright dead-letters list --format json | jq -r .[].id

    Exit codes: 0 listed, also where there are none; 2 wrong usage, or input that cannot be read.
    """
    with opened(config, loosens_nothing=True) as gate:
        letters = gate.dead_letters(most=most)
    if form == "json":
        write(json.dumps([_document(one) for one in letters], indent=2))
        return
    for one in letters:
        write(
            f"{one.id}  {visible(one.notifier)}  {one.type}  {one.run or ''}\n"
            f"    {_instant(one.at)}, given up {_instant(one.ended_at)}"
            f" after {one.attempts} attempts: {visible(one.error)}"
        )
    if not letters:
        click.echo("no message was given up", err=True)


@command.command("retry")
@_messages
@gate_option
@person_option
@_notifier
@_all
def retry_command(
    messages: tuple[str, ...], config: str, person: str, notifier: str | None, everything: bool
) -> None:
    """Let messages be told after all: a worker tries them anew, after what it told meanwhile.

    \b
    Examples:
      gatewright dead-letters retry 5f0a... --as ann
      gatewright dead-letters retry --all --as ann

    Exit codes: 0 all are tried; 1 one was not given up; 2 wrong usage.
    """
    _decide(
        config, messages, notifier, everything, "is tried anew",
        lambda gate, one: gate.redeliver(one.id, notifier=one.notifier, by=person),
    )  # fmt: skip


@command.command("drop")
@_messages
@gate_option
@person_option
@_notifier
@_all
def drop_command(
    messages: tuple[str, ...], config: str, person: str, notifier: str | None, everything: bool
) -> None:
    """Let messages go for good: they are not told to who gave them up, nor listed any more.

    \b
    Example:
      gatewright dead-letters drop 5f0a... --notifier webhook --as ann

    Exit codes: 0 all are gone; 1 one was not given up; 2 wrong usage.
    """
    _decide(
        config, messages, notifier, everything, "is dropped",
        lambda gate, one: gate.drop(one.id, notifier=one.notifier, by=person),
    )  # fmt: skip


def _decide(
    config: str, messages: tuple[str, ...], notifier: str | None, everything: bool, what: str,
    decide: Callable[[Gate, DeadLetter], None],
) -> None:  # fmt: skip
    """Do something with each message, each by itself: those that are refused are named."""
    if bool(messages) == everything:
        raise click.UsageError("name messages, as `dead-letters list` shows them, or say --all")
    refused = False
    with opened(config, loosens_nothing=True) as gate:
        letters = [one for one in gate.dead_letters(most=_MOST) if notifier in (None, one.notifier)]
        known = {one.id for one in letters}
        for message in messages:
            if message not in known:
                refused = True
                why = f"no message `{message[:80]}` was given up"
                NotDone(GateError("not_dead", why, "see `gatewright dead-letters list`")).show()
        for one in letters:
            if not everything and one.id not in messages:
                continue
            try:
                decide(gate, one)
                write(f"{one.id}  {visible(one.notifier)}  {what}")
            except GateError as error:
                NotDone(error).show()
                refused = True
    raise SystemExit(int(refused))


def _document(one: DeadLetter) -> dict[str, object]:
    return {**asdict(one), "at": _instant(one.at), "ended_at": _instant(one.ended_at)}


def _instant(nanos: int) -> str:
    return Timestamp(nanos).text
