"""A bundle -> whether all of it can be read, and is written as this version writes it."""

from __future__ import annotations

from gatewright.engine.bundle.bundled import BundledPolicy, refuse_unknown_names
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.write import sections_of


def check_bundle(bundled: BundledPolicy) -> None:
    """Read everything, and see that it is written as this version writes it.

    Raises BundleError. It does not read the sources anew: they may say something else.
    """
    refuse_unknown_names(bundled.whole)
    try:
        same = all(bundled.held(n) == held for n, held in sections_of(bundled.whole).items())
    except (KeyError, RecursionError):
        same = False
    if not same:
        raise BundleError("the bundle does not hold one policy set as it is written")
