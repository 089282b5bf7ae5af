"""`gatewright audit`: whether the trail of a store still holds, the trail itself, and proofs."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import Connection, inspect, make_url

from gatewright.cli.gate import (
    CONFIGURED,
    errors_told,
    gate_option,
    opened,
    person_option,
    store_option,
)
from gatewright.cli.inputs import write
from gatewright.cli.terminal import Refused
from gatewright.configuration import Configuration, audit_key_of, seal_of
from gatewright.engine.bundle.errors import KeyUnusable
from gatewright.engine.bundle.signing import Key, public_of
from gatewright.engine.runtime.audit.checkpoint import Checkpoint, CheckpointError, read
from gatewright.engine.runtime.audit.entries import latest, leaves, points, spoken
from gatewright.engine.runtime.audit.tree import inclusion_proof, verify_inclusion
from gatewright.engine.runtime.audit.verify import Report, verify
from gatewright.engine.runtime.deriving import derive
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.errors import StoreError
from gatewright.engine.runtime.store.runs import find


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
@click.option("--require-signature", "required", is_flag=True,
              help="It is wrong where nobody signed the last checkpoint.")  # fmt: skip
@click.option("--no-rows", "no_rows", is_flag=True,
              help="Look at the trail alone, not at runs, limits, delegations.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def verify_command(
    store: str, keys: tuple[str, ...], against: str | None, required: bool, no_rows: bool, form: str
) -> None:
    """Compute the trail anew, and name the first thing that is wrong.

    By --key, and else by the `audit_key` of the configuration, the last checkpoint must be signed;
    without one it says whether anybody signed. Then compare the other rows of the store with the
    trail, and name each that is not as the trail says.

    \b
    Examples:
      gatewright audit verify
      gatewright audit verify --store sqlite:///gate.db --key trail.pub.pem --against kept.txt

    Exit codes: 0 the trail holds; 1 it does not; 2 wrong usage, or unreadable input.
    """
    kept = None if against is None else _kept(against)
    trusted: tuple[Key, ...] = keys or _configured()
    with _reading(store) as connection:
        try:
            report = verify(connection, trusted, kept, rows=not no_rows, require_signature=required)
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

    `body` is the exact text that is hashed. Beside it are the `words` that it has a commitment of,
    as `content` and `salt`, both null where they are erased. Leaves that wait for a position are
    not among them.
    """
    with _reading(store) as connection:
        for leaf, words in spoken(connection):
            line = {"leaf": leaf._asdict(), **({} if words is None else {"words": words})}
            write(json.dumps(line, ensure_ascii=False))
        for point in points(connection):
            content = {"size": point.size, "root": point.root, "at": point.at, "note": point.note}
            write(json.dumps({"checkpoint": content}, ensure_ascii=False))


@command.command("proof")
@store_option
@click.argument("leaf", type=click.IntRange(min=1))
def proof_command(store: str, leaf: int) -> None:
    """Prove by the latest checkpoint that the leaf of a number is in the trail; as JSON.

    Exit codes: 0 proved; 1 the leaf is not in the tree, or the trail does not hold; 2 wrong usage.
    """
    with _reading(store) as connection:
        point, rows = latest(connection), list(leaves(connection))
    found = next((row for row in rows if row.number == leaf), None)
    if point is None or found is None or not found.position < point.size <= len(rows):
        raise click.ClickException(f"no checkpoint covers a leaf of number {leaf}")
    hashes = [row.hash() for row in rows[: point.size]]
    own, path = found.hash(), inclusion_proof(hashes, found.position)
    if not verify_inclusion(bytes.fromhex(point.root), point.size, found.position, own, path):
        raise click.ClickException("the trail does not hold: see `gatewright audit verify`")
    content = {
        "number": leaf, "position": found.position, "body": found.body, "leaf_hash": own.hex(),
        "proof": [part.hex() for part in path], "checkpoint": point.note,
    }  # fmt: skip
    write(json.dumps(content, ensure_ascii=False))


@command.command("erase")
@click.argument("run")
@gate_option
@person_option
@click.option("--because", "because", metavar="TEXT", required=True,
              help="Why; it stays in the trail, so name nobody.")  # fmt: skip
@click.option("--counted", is_flag=True,
              help="Also while limits may count it: those that look at it err.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def erase_command(
    run: str, config: str, person: str, because: str, counted: bool, form: str
) -> None:
    """Erase what an ended run was about: its plan, what was shown and written, people's words.

    Who proposed and answered it, when, by which rules and what became of it stays. The trail still
    holds, and has an entry of this. The business system and what notifiers were told are not
    touched, nor are backups of the store.

    \b
    Example:
      gatewright audit erase run_1c7e --as ann --because "Request 17 of the customer"

    Exit codes: 0 erased; 1 refused; 2 wrong usage, or input that cannot be read.
    """
    with opened(config) as gate:
        erased = gate.erase(gate.find(run), by=person, because=because, counted=counted)
    if form == "json":
        write(json.dumps(asdict(erased), indent=2))
        return
    write(
        f"erased {', '.join(erased.runs)}: {erased.payloads} payloads,"
        f" {erased.decisions} logged decisions"
    )
    if erased.counted:
        write("limits may still count it: erase it once more when they do not")
    if erased.related:
        write(f"look also at its branches: {', '.join(erased.related)}")


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

    Exit codes: 0 all decisions are the same, or erased as the trail says; 1 one differs, or cannot
    be derived since what it needs is secret; 2 wrong usage, or a store that cannot be read.
    """
    with errors_told():
        key = None if seal is None else seal_of(seal)
    with _reading(store) as connection, errors_told():
        derived = [one for run in runs for one in derive(connection, find(connection, run), key)]
    if form == "json":
        write(json.dumps([asdict(one) for one in derived], indent=2))
    else:
        for one in derived:
            why = f": {one.why}" if one.why else ""
            write(f"{one.run}  {one.number}  {one.at}  {one.effect}  {one.outcome}{why}")
    raise SystemExit(int(any(one.outcome not in ("same", "erased") for one in derived)))


def _configured() -> tuple[Key, ...]:
    """Return the public key of what signs the trail, where the store's configuration says so."""
    found: Configuration | None = click.get_current_context().meta.get(CONFIGURED)
    if found is None:  # the store was named, not its configuration
        return ()
    with errors_told():
        key = audit_key_of(found)
    return () if key is None else (public_of(key),)


@contextmanager
def _reading(store: str) -> Generator[Connection]:
    """Open a store that is there already, for one moment of it."""
    try:
        database = open_database(_existing(store))
        with database.reading() as connection:
            if not inspect(connection).has_table("checkpoints"):
                raise Refused(database.where, "is no store of gatewright")
            yield connection
        database.close()
    except StoreError as error:
        raise click.UsageError(f"{error.message}: {error.advice}") from None


def _existing(store: str) -> str:
    """Return an address that makes no file."""
    if not store.startswith("sqlite:") or "mode=" in store:
        return store
    return make_url(store).update_query_dict({"mode": "rw"}).render_as_string(hide_password=False)


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
    if report.checkpoints:
        lines.append(_signed(report))
    if report.rows is None:
        lines.append("runs and delegations were not compared with the trail")
    elif report.is_good and report.rows:
        lines.append(f"{report.rows} runs and delegations are as the trail says")
    if report.unvouched:
        lines.append(f"{report.unvouched} runs are of an older version: they are not compared")
    if report.erased:
        lines.append(f"{report.erased} payloads and decisions are erased, as the trail says")
    if report.waiting:
        lines.append(f"{report.waiting} leaves wait for a checkpoint: nothing is said of them")
    return "\n".join(lines)


def _signed(report: Report) -> str:
    """Say who signed the last checkpoint, and whether that was checked."""
    if not report.signers:
        return "nobody has signed: whoever can write to the store could have written all of this"
    by = ", ".join(report.signers)
    if report.checked:
        return (
            f"signed by {by}; {report.signed} of {report.checkpoints} checkpoints have signatures"
        )
    return f"signed by {by}, it says: not checked, since no --key was given"
