"""`gatewright audit`: whether the trail of a store still holds, the trail itself, and proofs."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatewright.cli.gate import errors_told, opened_store, store_option
from gatewright.cli.inputs import write
from gatewright.cli.terminal import Refused
from gatewright.configuration import seal_of
from gatewright.engine.bundle.errors import KeyUnusable
from gatewright.engine.runtime.audit.checkpoint import Checkpoint, CheckpointError, read

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gatewright.engine.runtime.audit.verify import Report


@click.group("audit")
def command() -> None:
    """Check, export and prove what the audit trail of a store says.

    Exit codes: 0 fine; 1 something is wrong with the trail; 2 wrong usage, or a store or file that
    cannot be read.
    """


@command.command("verify")
@store_option
@click.option("--key", "keys", multiple=True, metavar="PUB", type=click.Path(),
              help="A public Ed25519 key that signs checkpoints, a PEM file.")  # fmt: skip
@click.option("--against", "against", metavar="FILE", type=click.Path(),
              help="A checkpoint that was kept elsewhere.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def verify_command(store: str, keys: tuple[str, ...], against: str | None, form: str) -> None:
    """Compute the trail anew, and name the first thing that is wrong.

    \b
    Examples:
      gatewright audit verify
      gatewright audit verify --store sqlite:///gate.db --key trail.pub.pem --against kept.txt

    Exit codes: 0 the trail holds; 1 it does not; 2 wrong usage, or unreadable input.
    """
    kept = None if against is None else _kept(against)
    with _reading(store) as connection:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.audit.verify import verify

        try:
            report = verify(connection, keys, kept)
        except KeyUnusable as error:
            raise Refused("--key", error.why) from None
    write(
        json.dumps({**asdict(report), "good": report.is_good}) if form == "json" else _told(report)
    )
    if not report.is_good:
        raise SystemExit(1)


@command.command("export")
@store_option
def export_command(store: str) -> None:
    """Write all leaves in the order of the tree, then all checkpoints, one JSON object a line.

    `body` is the exact text that is hashed. Leaves that wait for a position are not among them.
    """
    with _reading(store) as connection:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.audit.entries import leaves, points

        for leaf in leaves(connection):
            write(json.dumps({"leaf": leaf._asdict()}, ensure_ascii=False))
        for point in points(connection):
            content = {"size": point.size, "root": point.root, "at": point.at, "note": point.note}
            write(json.dumps({"checkpoint": content}, ensure_ascii=False))


@command.command("proof")
@store_option
@click.argument("leaf", type=click.IntRange(min=1), required=False)
@click.option("--against", "against", metavar="FILE", type=click.Path(),
              help="A checkpoint that was kept elsewhere.")  # fmt: skip
def proof_command(store: str, leaf: int | None, against: str | None) -> None:
    """Prove that the leaf of a number is in the trail, or that it goes on from a checkpoint.

    Both by the latest checkpoint, as JSON that can be checked without the store: with a LEAF a
    proof of inclusion, with --against one of consistency. Source: RFC 9162, section 2.1.

    \b
    Examples:
      gatewright audit proof 3
      gatewright audit proof --against kept.txt

    Exit codes: 0 proved; 1 it is not so, or the trail does not hold; 2 wrong usage.
    """
    kept = None if against is None else _kept(against)
    with _reading(store) as connection:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.audit.proving import prove_growth, prove_leaf

        match leaf, kept:
            case int(), None:
                proof = asdict(prove_leaf(connection, leaf))
            case None, Checkpoint():
                proof = asdict(prove_growth(connection, kept))
            case _:
                raise click.UsageError("name either a leaf or, by --against, a checkpoint")
    write(json.dumps(proof, ensure_ascii=False))


@command.command("derive")
@store_option
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--seal", "seal", metavar="KEY", envvar="GATEWRIGHT_SEAL",
              help="The key of plans with secrets; better given as GATEWRIGHT_SEAL.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def derive_command(store: str, runs: tuple[str, ...], seal: str | None, form: str) -> None:
    """Decide again what was decided about runs, by the policies and on the facts of then.

    Compares what comes out with the decision log, and the log with the audit trail.

    \b
    Example:
      gatewright audit derive run_1c7e

    Exit codes: 0 all decisions are the same; 1 one differs, or cannot be derived since what it
    needs was erased or is secret; 2 wrong usage, or a store that cannot be read.
    """
    with errors_told():
        key = None if seal is None else seal_of(seal)
    with _reading(store) as connection:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.deriving import derive

        derived = [one for run in runs for one in derive(connection, run, key)]
    if form == "json":
        write(json.dumps([asdict(one) for one in derived], indent=2))
    else:
        for one in derived:
            why = f": {one.why}" if one.why else ""
            write(f"{one.run}  {one.number}  {one.at}  {one.effect}  {one.outcome}{why}")
    raise SystemExit(int(any(one.outcome != "same" for one in derived)))


@contextmanager
def _reading(store: str) -> Generator[Connection]:
    """Open a store that is there already, for one moment of it."""
    with opened_store(store) as database, database.reading() as connection:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.audit.entries import has_trail

        if not has_trail(connection):
            raise Refused(database.where, "is no store of gatewright")
        yield connection


def _kept(path: str) -> Checkpoint:
    try:
        return read(Path(path).read_text(encoding="utf-8"))
    except CheckpointError as error:
        raise Refused(path, error.message) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(path, getattr(error, "strerror", None) or "cannot be read") from None


def _told(report: Report) -> str:
    lines = [f"wrong: {finding.message}" for finding in report.findings]
    if not lines:
        lines = [f"good: {report.size} leaves, {report.checkpoints} checkpoints, {report.root}"]
    if report.waiting:
        lines.append(f"{report.waiting} leaves wait for a checkpoint: nothing is said of them")
    return "\n".join(lines)
