"""`gatewright delegate`: somebody answers in another's place for a while."""

from __future__ import annotations

import click

from gatewright.cli.gate import gate_option, opened, person_option
from gatewright.cli.inputs import instant, write
from gatewright.dsl.rendering.display import visible
from gatewright.engine.values import Timestamp


@click.command("delegate")
@gate_option
@person_option
@click.option("--to", "taker", metavar="PERSON", help="Who answers instead.")
@click.option(
    "--from",
    "from_at",
    metavar="INSTANT",
    callback=instant,
    help="Such as 2026-12-21T00:00:00Z; else now.",
)
@click.option("--until", "until_at", metavar="INSTANT", callback=instant, help="When it ends.")
@click.option("--revoke", "revoked", metavar="ID", help="End this delegation of yours now.")
@click.option("--list", "listed", is_flag=True, help="Show those by you and to you.")
def command(
    config: str, person: str, taker: str | None, from_at: Timestamp | None,
    until_at: Timestamp | None, revoked: str | None, listed: bool,
) -> None:  # fmt: skip
    """Let somebody answer in your place for a while, end that, or see what is given.

    It is not passed on, and opens nothing that you may not answer yourself.

    \b
    Examples:
      gatewright delegate --as ann --to bob --until 2026-12-24T12:00:00Z
      gatewright delegate --as ann --list
      gatewright delegate --as ann --revoke del_5f0a

    Exit codes: 0 done; 1 refused; 2 wrong usage, or input that cannot be read.
    """
    if [revoked is not None, taker is not None, listed].count(True) != 1:
        raise click.UsageError("say --to PERSON, --revoke ID, or --list")
    with opened(config, loosens_nothing=taker is None) as gate:
        if listed:
            given = gate.delegations(person=person)
            if not given:
                click.echo(f"nothing is given by or to `{visible(person)}`", err=True)
            for one in given:
                who = visible(f"{one.giver} to {one.taker}")
                write(f"{one.id}  {who}  from {one.from_at.text} until {one.until_at.text}")
            return
        if revoked is not None:
            gate.revoke(revoked, by=person)
            write(f"{revoked} has ended")
        elif taker is not None:
            if until_at is None:
                raise click.UsageError("say --until when")
            now = from_at or Timestamp(gate.desk.database.now())
            write(gate.delegate(giver=person, taker=taker, from_at=now, until_at=until_at))
