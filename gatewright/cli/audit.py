"""`gatewright audit`: whether the trail of a store still holds, the trail itself, and proofs."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatewright.cli.gate import (
    CONFIGURED,
    NO_STORE,
    F,
    errors_told,
    formats,
    gate_option,
    opened,
    opened_store,
    person_option,
    run_of,
    store_option,
)
from gatewright.cli.inputs import action_of, write
from gatewright.cli.terminal import Refused
from gatewright.configuration import Configuration, audit_public_keys_of, seal_of
from gatewright.dsl.rendering.display import visible
from gatewright.engine.bundle.errors import KeyUnusable
from gatewright.engine.bundle.signing import Key
from gatewright.engine.runtime.audit.checkpoint import Checkpoint, CheckpointError, name_of, read

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gatewright.engine.runtime.audit.proof import Checked
    from gatewright.engine.runtime.audit.verify import Report


def _key_option(command: F) -> F:
    return click.option(
        "--key", "keys", multiple=True, metavar="PUB", type=click.Path(),
        help="A public Ed25519 key that signs checkpoints, a PEM file.",
    )(command)  # fmt: skip


def _against_option(command: F) -> F:
    return click.option(
        "--against", "against", metavar="FILE", type=click.Path(),
        help="A checkpoint that was kept elsewhere.",
    )(command)  # fmt: skip


def _without_store(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Keep a command from any store where an option is given."""
    if path is not None:
        context.meta[NO_STORE] = option.opts[0]
    return path


@click.group("audit")
def command() -> None:
    """Check, export and prove what the audit trail of a store says.

    Exit codes: 0 fine; 1 something is wrong with the trail; 2 wrong usage, or a store or file that
    cannot be read.
    """


@command.command("verify", short_help="Compute the trail anew; name what is wrong.")
@store_option
@_key_option
@_against_option
@click.option("--require-signature", "required", is_flag=True,
              help="It is wrong where nobody signed the last checkpoint.")  # fmt: skip
@click.option("--no-rows", "no_rows", is_flag=True,
              help="Look at the trail alone, not at runs, limits, delegations.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def verify_command(
    store: str, keys: tuple[str, ...], against: str | None, required: bool, no_rows: bool, form: str
) -> None:
    """Compute the trail anew, and name the first thing that is wrong.

    By --key, and else by the `audit_public_keys` of the configuration or the public half of its
    `audit_key`, the last checkpoint must be signed; without one it says whether anybody signed.
    Then compare the other rows of the store with the trail, and name each that is not as the trail
    says.

    \b
    Examples:
      gatewright audit verify
      gatewright audit verify --store sqlite:///gate.db --key trail.pub.pem --against kept.txt

    Exit codes: 0 the trail holds; 1 it does not; 2 wrong usage, or unreadable input.
    """
    kept = None if against is None else _kept(against)
    trusted: tuple[Key, ...] = keys or _configured()
    with _reading(store) as connection:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.audit.verify import verify

        try:
            report = verify(connection, trusted, kept, rows=not no_rows, require_signature=required)
        except KeyUnusable as error:
            raise Refused("--key", error.why) from None
    files = _files(report.signers, trusted)
    if form == "json":
        write(json.dumps({**asdict(report), "good": report.is_good, "key_files": files}))
    else:
        write(_told(report, files))
    if not report.is_good:
        raise SystemExit(1)


@command.command("export", short_help="Write all leaves and checkpoints as JSON.")
@store_option
def export_command(store: str) -> None:
    """Write all leaves in the order of the tree, then all checkpoints, one JSON object a line.

    `body` is the exact text that is hashed. Beside it are the `words` that it has a commitment of,
    as `content` and `salt`, both null where they are erased. Leaves that wait for a position are
    not among them.
    """
    with _reading(store) as connection:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.audit.entries import points, spoken

        for leaf, words in spoken(connection):
            line = {"leaf": leaf._asdict(), **({} if words is None else {"words": words})}
            write(json.dumps(line, ensure_ascii=False))
        for point in points(connection):
            content = {"size": point.size, "root": point.root, "at": point.at, "note": point.note}
            write(json.dumps({"checkpoint": content}, ensure_ascii=False))


@command.command("proof", short_help="Prove a leaf or the growth of the trail, or check a proof.")
@click.option("--verify", "saved", metavar="FILE", type=click.Path(), is_eager=True,
              callback=_without_store,
              help="Check a proof that was saved; no store is looked at.")  # fmt: skip
@store_option
@click.argument("leaf", type=click.IntRange(min=1), required=False)
@_against_option
@_key_option
@formats("what a checked proof shows")
def proof_command(
    saved: str | None, store: str, leaf: int | None, against: str | None, keys: tuple[str, ...],
    form: str,
) -> None:  # fmt: skip
    """Prove that the leaf of a number is in the trail, or that it goes on from a checkpoint.

    Both by the latest checkpoint, as JSON that can be checked without the store: with a LEAF a
    proof of inclusion, with --against one of consistency. Source: RFC 9162, section 2.1.

    With --verify such a proof is checked, `-` reads it from standard input. By --key its checkpoint
    must be signed; --against names the checkpoint that it must lead to, or go on from.

    \b
    Examples:
      gatewright audit proof 3 > proof.json
      gatewright audit proof --against kept.txt
      gatewright audit proof --verify proof.json --key trail.pub.pem

    Exit codes: 0 proved; 1 it is not so, or the trail does not hold; 2 wrong usage, or a file that
    is no proof.
    """
    kept = None if against is None else _kept(against)
    if saved is not None:
        if leaf is not None:
            raise click.UsageError("with --verify no leaf is named: the proof does that")
        _verify_proof(saved, keys, kept, form)
        return
    if keys:
        raise click.UsageError("--key is for --verify")
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


@command.command("erase", short_help="Erase what an ended run was about.")
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
        erased = gate.erase(run_of(gate, run), by=person, because=because, counted=counted)
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


@command.command("derive", short_help="Decide again what was decided about runs.")
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
        configured = _configuration()
        given = configured.seal if seal is None and configured is not None else seal
        key = None if given is None else seal_of(given)
    with _reading(store) as connection, errors_told():
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.deriving import derive
        from gatewright.engine.runtime.naming import named

        derived = [one for run in runs for one in derive(connection, named(connection, run), key)]
    if form == "json":
        write(json.dumps([asdict(one) for one in derived], indent=2))
    else:
        for one in derived:
            why = f": {one.why}" if one.why else ""
            told = f"{one.run}  {one.number}  {one.at}  {one.effect}  {one.outcome}{why}"
            write(visible(told))
    raise SystemExit(int(any(one.outcome not in ("same", "erased") for one in derived)))


def _verify_proof(
    path: str, keys: tuple[str, ...], against: Checkpoint | None, form: str
) -> None:  # fmt: skip
    # Imported late: `--help` does without.
    from gatewright.engine.runtime.audit.proof import BadProof, check, read_proof

    try:
        checked = check(read_proof(action_of(path, "a proof")), keys, against)
    except BadProof as error:
        raise Refused(path, error.message) from None
    except KeyUnusable as error:
        raise Refused("--key", error.why) from None
    files = _files(checked.signers, keys)
    if form == "json":
        write(json.dumps({**asdict(checked), "good": checked.is_good, "key_files": files}))
    else:
        write(_checked(checked, files))
    if not checked.is_good:
        raise SystemExit(1)


def _configured() -> tuple[Key, ...]:
    """Return the public keys of those who sign the trail, where the configuration says so."""
    found = _configuration()
    if found is None:
        return ()
    with errors_told():
        return audit_public_keys_of(found)


def _configuration() -> Configuration | None:
    """Return the configuration of the store; None where the store itself was named."""
    found: Configuration | None = click.get_current_context().meta.get(CONFIGURED)
    return found


@contextmanager
def _reading(store: str) -> Generator[Connection]:
    """Open a store that is there already, for one moment of it."""
    with opened_store(store) as database:
        # Needs SQLAlchemy, which `--help` does without.
        from gatewright.engine.runtime.audit.entries import has_trail
        from gatewright.engine.runtime.store.migrations import require_no_other

        with database.reading() as connection:
            if not has_trail(connection):
                raise Refused(database.where, "is no store of gatewright")
        require_no_other(database)
        with database.reading() as connection:
            yield connection


def _kept(path: str) -> Checkpoint:
    try:
        return read(Path(path).read_text(encoding="utf-8"))
    except CheckpointError as error:
        raise Refused(path, error.message) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(path, getattr(error, "strerror", None) or "cannot be read") from None


def _told(report: Report, files: Mapping[str, str]) -> str:
    lines = list[str]()
    for finding in report.findings:
        lines.append(f"wrong: {visible(finding.message)}")
        if finding.help is not None:
            lines.append(f"  help: {visible(finding.help)}")
    if not lines:
        lines = [f"good: {report.size} leaves, {report.checkpoints} checkpoints, {report.root}"]
    if report.checkpoints:
        signers = _named(report.signers, files)
        lines.append(_signed(signers, "write to the store", checked=report.checked))
        if report.signers and report.checked:
            lines[-1] += f"; {report.signed} of {report.checkpoints} checkpoints have signatures"
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


def _files(signers: tuple[str, ...], keys: tuple[Key, ...]) -> dict[str, str]:
    """Return the files of the keys by which signers were checked, where the keys are files."""
    files: dict[str, str] = {}
    for key in keys:
        if not isinstance(key, bytes):
            for signer in signers:
                if signer == name_of(key, signer.rpartition("+")[0]):
                    files[signer] = str(key)
    return files


def _named(signers: tuple[str, ...], files: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{one} ({files[one]})" if one in files else one for one in signers)


def _signed(signers: tuple[str, ...], could: str, *, checked: bool) -> str:
    """Say who signed a checkpoint, and whether that was checked."""
    if not signers:
        who = "none of the keys has" if checked else "nobody has"
        return f"{who} signed: whoever can {could} could have written all of this"
    by = visible(", ".join(signers))
    return f"signed by {by}" if checked else f"signed by {by}, it says: not checked, {_NO_KEY}"


_NO_KEY = "since no --key was given, and no `audit_public_keys` are configured"


def _checked(checked: Checked, files: Mapping[str, str]) -> str:
    """Say what a proof shows."""
    if checked.why is not None:
        return f"wrong: {visible(checked.why)}"
    tree = f"the tree of {checked.size} leaves, {checked.root}"
    if checked.body is None:
        first = f"good: {tree}, begins with that of {checked.since} leaves"
    else:
        first = f"good: the leaf at position {checked.position} is in {tree}"
    lines = [first] if checked.body is None else [first, visible(checked.body)]
    signers = _named(checked.signers, files)
    lines.append(_signed(signers, "make a proof", checked=checked.checked))
    if not checked.checked and not checked.compared:
        lines.append("compare it with what you know: by --key, or a checkpoint kept elsewhere")
    return "\n".join(lines)
