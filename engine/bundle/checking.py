"""A bundle -> whether all of it can be read, and is written as this version writes it."""

from __future__ import annotations

from gatewright.engine.bundle import kinds
from gatewright.engine.bundle.build import compiled_of
from gatewright.engine.bundle.bundled import BundledPolicy, refuse_unknown_names
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.write import sections_of


def check_bundle(bundled: BundledPolicy) -> None:
    """Read everything, and see that it is written as this version writes it.

    So is the compiled form, where there is one that this version reads: it is compiled anew. Raises
    BundleError. It does not read the sources anew: they may say something else.
    """
    refuse_unknown_names(bundled.whole)
    try:
        written = sections_of(bundled.whole)
        if bundled.has_compiled:
            written |= compiled_of(bundled.whole, written)
        same = all(bundled.held(n) == held for n, held in written.items())
        same = same and bundled.has_compiled is (written.keys() >= kinds.COMPILED_SECTIONS)
    except (KeyError, RecursionError):
        same = False
    if not same:
        raise BundleError("the bundle does not hold one policy set as it is written")
