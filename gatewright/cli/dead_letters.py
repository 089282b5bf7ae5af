"""`gatewright dead-letters`: messages that a notifier did not take, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from gatewright.cli.gate import NotDone, formats, gate_option, opened, person_option
from gatewright.cli.inputs import write
from gatewright.dsl.rendering.display import visible
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.values import Timestamp

if TYPE_CHECKING:
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.store.messages import DeadLetter

F = TypeVar("F", bound=Callable[..., None])

_SECOND = 1_000_000_000

_notifier = click.option("--notifier", "notifier", metavar="NAME",
                         help="Only those that this one did not take.")  # fmt: skip
_letters = formats("the messages")


@click.group("dead-letters")
def command() -> None:
    """List messages that were given up, have them told after all, or drop them.

    A message is given up for a notifier that did not take it for long, or never will. Whoever it
    was for does not know of the run then.

    \b
    Examples:
      gatewright dead-letters list
      gatewright dead-letters redeliver 4f1d0c27... --as ann
      gatewright dead-letters redeliver --all --notifier webhook --as ann
      gatewright dead-letters drop 4f1d0c27... --notifier lines --as ann

    Exit codes: 0 done; 1 one was refused; 2 wrong usage, or input that cannot be read.
    """


@command.command("list")
@gate_option
@_notifier
@click.option("--most", "most", type=click.IntRange(1, 10_000), default=100, show_default=True,
              help="How many at most.")  # fmt: skip
@_letters
def list_command(config: str, notifier: str | None, most: int, form: str) -> None:
    """List the messages that were given up, the oldest first.

    \b
    Examples:
      gatewright dead-letters list
      gatewright dead-letters list --notifier webhook --json | jq -r '.[].message'

    Exit codes: 0 fine, also where there is none; 2 wrong usage, or input that cannot be read.
    """
    with opened(config, loosens_nothing=True) as gate:
        found = gate.dead_letters(most=most, notifier=notifier)
    if form == "json":
        write(json.dumps([_document(letter) for letter in found], indent=2))
        return
    for letter in found:
        write(_row(letter))
    if not found:
        click.echo("no message was given up", err=True)


def _chosen(command: F) -> F:
    """Give a command what says which messages are meant."""
    options = (
        click.argument("messages", nargs=-1, metavar="[MESSAGE]..."),
        gate_option,
        person_option,
        _notifier,
        click.option("--all", "every", is_flag=True, help="All, instead of those that are named."),
        _letters,
    )
    for option in reversed(options):
        command = option(command)
    return command


@command.command("redeliver", short_help="Have messages told after all.")
@_chosen
def redeliver_command(
    messages: tuple[str, ...], config: str, person: str, notifier: str | None, every: bool,
    form: str,
) -> None:  # fmt: skip
    """Have messages told after all: workers try them as they try new ones.

    Each is told to all notifiers that did not take it, unless --notifier names one.

    \b
    Examples:
      gatewright dead-letters redeliver 4f1d0c27... --as ann
      gatewright dead-letters redeliver --all --notifier webhook --as ann

    Exit codes: 0 all will be told; 1 one was refused, and the others hold; 2 wrong usage, or input
    that cannot be read.
    """
    with opened(config, loosens_nothing=True) as gate:
        meant = _meant(gate, messages, every, notifier)
        _each(meant, person, gate.redeliver, "will be told", form)


@command.command("drop")
@_chosen
def drop_command(
    messages: tuple[str, ...], config: str, person: str, notifier: str | None, every: bool,
    form: str,
) -> None:  # fmt: skip
    """Leave messages untold for good. The trail says who did it.

    \b
    Examples:
      gatewright dead-letters drop 4f1d0c27... --as ann
      gatewright dead-letters drop --all --notifier old-webhook --as ann

    Exit codes: 0 all are dropped; 1 one was refused, and the others hold; 2 wrong usage, or input
    that cannot be read.
    """
    with opened(config, loosens_nothing=True) as gate:
        meant = _meant(gate, messages, every, notifier)
        _each(meant, person, gate.drop, "is dropped", form)


def _meant(
    gate: Gate, messages: tuple[str, ...], every: bool, notifier: str | None
) -> dict[str, list[DeadLetter]]:
    """Return the dead letters that are meant, by what was named; none where there is none."""
    if every == bool(messages):
        raise click.UsageError("name messages, or say --all")
    if every:
        return {"": gate.dead_letters(most=None, notifier=notifier)}
    return {
        message: gate.dead_letters(most=None, message=message, notifier=notifier)
        for message in messages
    }


def _each(
    meant: dict[str, list[DeadLetter]], person: str, do: Callable[..., None], what: str, form: str
) -> None:
    """Do something with each by itself; what is dead no more is told, and is the exit code."""
    done: list[DeadLetter] = []
    refused = [_none(message) for message, letters in meant.items() if message and not letters]
    for letter in (letter for letters in meant.values() for letter in letters):
        try:
            do(letter.id, notifier=letter.notifier, by=person)
        except GateError as error:
            if error.code != "not_dead":  # the others would end in the same way
                raise
            refused.append(error)
            continue
        done.append(letter)
        if form == "text":
            write(f"{letter.id}  {what}: {letter.type} to {visible(letter.notifier)}")
    for one in refused:
        NotDone(one).show()
    if form == "json":
        write(json.dumps([_document(letter) for letter in done], indent=2))
    elif not done and not refused:
        click.echo("no message was given up", err=True)
    raise SystemExit(int(bool(refused)))


def _none(message: str) -> GateError:
    return GateError(
        "not_dead", f"no message `{message[:80]}` was given up",
        "`gatewright dead-letters list` shows those that were",
    )  # fmt: skip


def _document(letter: DeadLetter) -> dict[str, object]:
    return {
        "message": letter.id, "type": letter.type, "run": letter.run, "notifier": letter.notifier,
        "attempts": letter.attempts, "at": Timestamp(letter.at).text,
        "given_up_at": Timestamp(letter.ended_at).text, "error": letter.error,
    }  # fmt: skip


def _row(letter: DeadLetter) -> str:
    # Needs pydantic and SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.card import shown

    attempts = "1 attempt" if letter.attempts == 1 else f"{letter.attempts} attempts"
    about = f" of {letter.run}" if letter.run is not None else ""
    return (
        f"{letter.id}  {_second(letter.at)}  {letter.type}{about} to {shown(letter.notifier)}\n"
        f"    given up after {attempts}, {_second(letter.ended_at)}: {shown(letter.error)}"
    )


def _second(nanos: int) -> str:
    return Timestamp(nanos - nanos % _SECOND).text
