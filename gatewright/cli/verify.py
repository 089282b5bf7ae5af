"""`gatewright verify`: whether a bundle is whole, signed by a key, and what it says it is."""

from __future__ import annotations

import click

from gatewright.cli.inputs import write
from gatewright.cli.terminal import BadBundle, Refused
from gatewright.dsl.diagnostics import Unreadable
from gatewright.dsl.rendering.display import visible
from gatewright.engine.bundle.checking import check_bundle
from gatewright.engine.bundle.errors import BundleError, KeyUnusable
from gatewright.engine.bundle.load import load_bundle


@click.command("verify")
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--key", "keys", multiple=True, required=True, metavar="PUB", type=click.Path(),
              help="A public Ed25519 key, a PEM file; may be given several times.")  # fmt: skip
@click.option("--least-version", metavar="N", type=click.IntRange(min=0),
              help="The version that the bundle must have at least.")  # fmt: skip
def command(file: str, keys: tuple[str, ...], least_version: int | None) -> None:
    """Check every byte of a bundle, its signature, and that all it holds can be read.

    One of the keys must have signed it. Says what was signed: the version and the digest, which
    decisions carry as `policy_digest`.

    \b
    Examples:
      gatewright verify policies.gwb --key release.pub.pem
      gatewright verify policies.gwb --key old.pub.pem --key new.pub.pem --least-version 12

    Exit codes: 0 the bundle is good; 1 it is not; 2 wrong usage, or a file that cannot be read.
    """
    try:
        bundled = load_bundle(file, keys=keys, least_version=least_version).bundled
        check_bundle(bundled)
    except Unreadable as error:
        raise Refused(error.path, error.why) from None
    except KeyUnusable as error:
        raise Refused(error.path or file, error.why) from None
    except BundleError as error:
        raise BadBundle(error, file) from None
    number = bundled.manifest.version
    version = "no version" if number is None else f"version {number}"
    write(f"{visible(file)}: {version}, {bundled.digest}, signed")
