"""A checked policy -> a bundle: the bytes of its file, signed where a key is given."""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.bundle import kinds
from gatewright.engine.bundle.container import Manifest, manifest_of, pack
from gatewright.engine.bundle.schema import FINGERPRINT
from gatewright.engine.bundle.signing import Key, sign
from gatewright.engine.bundle.write import sections_of


def build(
    policy: CheckedPolicy,
    *,
    made_by: str = "unknown",
    key: Key | None = None,
    number: int | None = None,
    sections: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return the bundle of a policy set; the same sources give the same bytes.

    `made_by` is the version of gatewright that writes it, for people; `number` is the owner's
    version of the policies; `sections` are further ones, such as what a compiler makes, under
    names of their own. Raises BundleError for a key that cannot be used.
    """
    further = dict(sections or {})
    taken = sorted(further.keys() & kinds.OWN_SECTIONS)
    if taken:
        raise ValueError(f"the section `{taken[0]}` is taken")
    held = {**sections_of(policy), **further}
    about = Manifest(policy.digest, FINGERPRINT, made_by, number)
    manifest = manifest_of(about, held)
    return pack(manifest, held, () if key is None else (sign(manifest, key),))
