"""What people say to a run: approve, reject, ask for changes, take over, and the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from gatewright.cli.gate import (
    NotDone,
    format_option,
    gate_option,
    opened,
    person_option,
    run_of,
    tell,
)
from gatewright.cli.inputs import action_of, write
from gatewright.cli.terminal import fitted
from gatewright.engine.runtime.errors import GateError

if TYPE_CHECKING:
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.run import Run


def _words(_: click.Context, __: click.Parameter, given: str) -> str:
    """Return a text that says something."""
    if not given.strip():
        raise click.BadParameter("the text is empty")
    return given


_note = click.option("--note", "note", metavar="TEXT", help="Why, for those who look later.")
_needed_note = click.option(
    "--note", "note", metavar="TEXT", required=True, callback=_words,
    help="Why; whoever proposed it sees it.",
)  # fmt: skip


@click.command("approve")
@click.argument("runs", nargs=-1, required=True, metavar="RUN[=CARD]...")
@gate_option
@person_option
@click.option("--card", "card", metavar="DIGEST",
              help="The card that was looked at, as `show` gives it; for one run.")  # fmt: skip
@click.option("--route", "route", metavar="ROUTE", help="Of several routes, the one to answer.")
@_note
@format_option
def approve(
    runs: tuple[str, ...], config: str, person: str, card: str | None, route: str | None,
    note: str | None, form: str,
) -> None:  # fmt: skip
    """Agree with exactly what the card shows; with the last answer the run may run.

    An approval names the card that was looked at, and is refused once another one stands in its
    place. Without a card it is shown here, and the terminal asks. Of several runs each is answered
    by itself: those that are refused are named, and the others hold.

    \b
    Examples:
      gatewright approve run_1c7e --as ann
      gatewright approve run_1c7e --as ann --card sha256:9a0f...
      gatewright approve run_1c7e=sha256:9a0f... run_88d2=sha256:07bb... --as ann

    Exit codes: 0 all answers are kept; 1 one was refused; 2 wrong usage, or input that cannot be
    read.
    """
    if card is not None and (len(runs) > 1 or any("=" in run for run in runs)):
        raise click.UsageError("--card is for one run; with several, write RUN=CARD")
    wanted = [(run, card or named) for run, _, named in (given.partition("=") for given in runs)]
    if not all(named for _, named in wanted) and not at_terminal():
        raise click.UsageError("name the card that was looked at: --card DIGEST, or RUN=DIGEST")
    refused = False
    with opened(config) as gate:
        for begun, named in wanted:
            try:
                run = run_of(gate, begun)
                seen = named or _seen(gate, run)
                tell(gate, gate.approve(run, by=person, card=seen, route=route, note=note), form)
            except GateError as error:
                NotDone(error, begun if len(wanted) > 1 else None).show()
                refused = True
    raise SystemExit(int(refused))


def at_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


def _seen(gate: Gate, id_: str) -> str:
    """Show the card, and return its digest once somebody at the terminal says yes to it."""
    # Needs pydantic and SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.card import card_text
    from gatewright.engine.runtime.standing import head_lines

    run = gate.run(id_)
    stands = head_lines(run, gate.waits_for(run), gate.edited(id_))
    write(fitted("\n".join((*stands, "", card_text(run)))))
    click.confirm("approve exactly this?", abort=True)
    return run.card


@click.command("reject")
@click.argument("run")
@gate_option
@person_option
@_needed_note
@format_option
def reject(run: str, config: str, person: str, note: str, form: str) -> None:
    """Say no, with a reason; the run is over.

    \b
    Example:
      gatewright reject run_1c7e --as ann --note "The parcel came on Tuesday."
    """
    _answer(
        config,
        form,
        run,
        lambda gate, id_: gate.reject(id_, by=person, note=note),
        loosens_nothing=True,
    )


@click.command("request-changes")
@click.argument("run")
@gate_option
@person_option
@_needed_note
@format_option
def request_changes(run: str, config: str, person: str, note: str, form: str) -> None:
    """Ask whoever proposed it for another plan; `revise` brings it.

    \b
    Example:
      gatewright request-changes run_1c7e --as ann --note "Half of it, please."
    """
    _answer(
        config,
        form,
        run,
        lambda gate, id_: gate.request_changes(id_, by=person, note=note),
        loosens_nothing=True,
    )


@click.command("take-over")
@click.argument("run")
@gate_option
@person_option
@_note
@format_option
def take_over(run: str, config: str, person: str, note: str | None, form: str) -> None:
    """Go on by hand: nothing is executed for this run any more; `complete` ends it.

    \b
    Example:
      gatewright take-over run_1c7e --as ann
    """
    _answer(config, form, run, lambda gate, id_: gate.take_over(id_, by=person, note=note))


@click.command("complete")
@click.argument("run")
@gate_option
@person_option
@click.option("--executed/--not-executed", "executed", required=True,
              help="Whether it was done.")  # fmt: skip
@click.option("--record", "record", metavar="FILE", type=click.Path(),
              help="What was done, as a JSON object; `-` reads standard input.")  # fmt: skip
@_note
@format_option
def complete(
    run: str, config: str, person: str, executed: bool, record: str | None, note: str | None,
    form: str,
) -> None:  # fmt: skip
    """Write down what was done by hand, or found out about a run of unknown outcome.

    \b
    Examples:
      gatewright complete run_1c7e --as ann --executed --record done.json
      gatewright complete run_88d2 --as ann --not-executed --note "The bank has no trace of it."
    """
    content = None if record is None else action_of(record, "a record")
    _answer(
        config, form, run,
        lambda gate, id_: gate.complete_manually(
            id_, by=person, record=content, executed=executed, note=note
        ),
    )  # fmt: skip


@click.command("cancel")
@click.argument("run")
@gate_option
@person_option
@_note
@format_option
def cancel(run: str, config: str, person: str, note: str | None, form: str) -> None:
    """Give a run up before anything is done.

    \b
    Example:
      gatewright cancel run_1c7e --as ann
    """
    _answer(
        config,
        form,
        run,
        lambda gate, id_: gate.cancel(id_, by=person, note=note),
        loosens_nothing=True,
    )


@click.command("retry")
@click.argument("run")
@gate_option
@person_option
@format_option
def retry(run: str, config: str, person: str, form: str) -> None:
    """Try the plan of a failed run once more: it is previewed, decided and asked again.

    \b
    Example:
      gatewright retry run_1c7e --as ann
    """
    _answer(config, form, run, lambda gate, id_: gate.retry(id_, by=person))


@click.command("compensate")
@click.argument("run")
@gate_option
@person_option
@_note
@format_option
def compensate(run: str, config: str, person: str, note: str | None, form: str) -> None:
    """Propose to take back what a run did, as a run of its own.

    \b
    Example:
      gatewright compensate run_1c7e --as ann --note "The parcel came after all."
    """
    _answer(config, form, run, lambda gate, id_: gate.compensate(id_, by=person, note=note))


@click.command("comment")
@click.argument("run")
@click.argument("text", callback=_words)
@gate_option
@person_option
@format_option
def comment(run: str, text: str, config: str, person: str, form: str) -> None:
    """Say something that everybody who looks at the run sees.

    \b
    Example:
      gatewright comment run_1c7e "I have asked the carrier." --as ann
    """
    _answer(
        config,
        form,
        run,
        lambda gate, id_: gate.comment(id_, by=person, text=text),
        loosens_nothing=True,
    )


def _answer(
    config: str, form: str, run: str, say: Callable[[Gate, str], Run], *,
    loosens_nothing: bool = False,
) -> None:  # fmt: skip
    with opened(config, loosens_nothing=loosens_nothing) as gate:
        tell(gate, say(gate, run_of(gate, run)), form)
