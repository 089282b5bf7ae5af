"""Paths -> a policy set: from a bundle, or from sources as `sources.py` reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.load import load_bundle, looks_like_bundle
from gatewright.engine.evaluate import PolicySet

if TYPE_CHECKING:
    from gatewright.engine.bundle.signing import Key

_POLICY = re.compile(r"\s*package\s+[\w.]+\s*\n")
StrPath: TypeAlias = "str | os.PathLike[str]"


def load(
    *paths: StrPath,
    keys: Iterable[Key] | None = None,
    least_version: int | None = None,
) -> PolicySet:
    """Load a bundle, or policy files and folders with the data beside them, as one policy set.

    `keys` are public Ed25519 keys, paths of PEM files or what these hold: the bundle must be signed
    by one of them. `least_version` is the version that it must have at least. With either, only a
    bundle is taken. Sources that did not change since they were last loaded come from the cache.

    Raises PolicyError, with all `.diagnostics`, where the policies have errors; BundleError, which
    is one, for a bundle that cannot be used; gatewright.dsl.diagnostics.Unreadable for a path that
    cannot be read; TypeError for what are no paths, such as a list of them.
    """
    _check_paths(paths)
    if isinstance(keys, str | bytes | os.PathLike):
        raise BundleError('keys are given as a list, such as keys=["release.pub.pem"]')
    bundles = [path for path in paths if looks_like_bundle(path)]
    if bundles and len(paths) > 1:
        raise BundleError("a bundle is a whole set of policies; load it alone", str(bundles[0]))
    if bundles:
        return load_bundle(bundles[0], keys=keys, least_version=least_version)
    if keys is not None or least_version is not None:
        absent = next((str(path) for path in paths if not os.path.exists(path)), None)
        if absent is not None:
            raise BundleError("there is no such file", absent)
        name = ", ".join(str(path) for path in paths)
        raise BundleError("this is no bundle, so no signature or version can be checked", name)
    # Imports what reads files and keeps the cache, which a bundle does without.
    from gatewright.sources import load_sources

    return load_sources(paths)


def _check_paths(paths: tuple[object, ...]) -> None:
    if not paths:
        raise TypeError('`load` takes paths, such as gw.load("policies/")')
    for path in paths:
        if not isinstance(path, str | os.PathLike):
            kind = type(path).__name__
            raise TypeError(f'`load` takes paths one by one, as gw.load("a", "b"), not a {kind}')
        if isinstance(path, str) and _POLICY.match(path) and not os.path.exists(path):
            raise TypeError("`load` takes the paths of files, `load_source` what is in them")


def load_for_one_decision(*paths: StrPath) -> PolicySet:
    """Load as `load` does, for a program that decides once: nothing is compiled ahead for it."""
    if any(looks_like_bundle(path) for path in paths):
        return load(*paths)
    # Late for the same reason as in `load`.
    from gatewright.sources import load_sources

    return load_sources(paths, for_one_decision=True)
