"""`gatewright build`: policies -> a bundle, one file that is loaded without the parser."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import click

from gatewright import __version__
from gatewright.cli.terminal import Refused, exit_code, show
from gatewright.dsl.diagnostics import Unreadable
from gatewright.dsl.load import check_paths
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.errors import BundleError


@click.command("build")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option("-o", "--output", "output", required=True, metavar="FILE", type=click.Path(),
              help="Where to write the bundle.")  # fmt: skip
@click.option("--sign", "key", metavar="KEY", type=click.Path(),
              help="Sign it with this private Ed25519 key, a PEM file.")  # fmt: skip
@click.option("--version", "number", metavar="N", type=click.IntRange(0, 2**63 - 1),
              help="The version of the policies, a number that grows with each.")  # fmt: skip
def command(paths: tuple[str, ...], output: str, key: str | None, number: int | None) -> None:
    """Check files and folders together, and write them as one bundle.

    A bundle holds the checked policies, their sources and data. It is loaded without reading the
    policies anew, also where they are many. The same sources give the same bytes. The file is
    replaced in one step, and only where the policies have no errors.

    \b
    Examples:
      gatewright build policies/ -o policies.gwb
      gatewright build policies/ -o policies.gwb --version 12 --sign release.pem
      gatewright eval policies.gwb --action refund.json

    Exit codes: 0 written; 1 the policies have errors; 2 wrong usage, or a file that cannot be read
    or written.
    """
    try:
        policy, diagnostics = check_paths(paths)
    except Unreadable as error:
        raise Refused(error.path, error.why) from None
    if policy is None:
        show(diagnostics)
        raise SystemExit(exit_code(diagnostics))
    try:
        content = build(policy, made_by=__version__, key=key, number=number)
    except BundleError as error:
        raise Refused(key or output, error.why) from None
    _write(Path(output), content)


def _write(path: Path, content: bytes) -> None:
    """Put the file in its place in one step, with the usual permissions."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".gatewright-")
    except OSError as error:
        raise Refused(str(path), error.strerror or "cannot be written") from None
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            os.fchmod(descriptor, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(name)
        raise Refused(str(path), error.strerror or "cannot be written") from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
