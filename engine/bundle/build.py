"""A checked policy -> a bundle: the bytes of its file, signed where a key is given."""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl.garbage import uncollected
from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.bundle import kinds
from gatewright.engine.bundle.compiled_choice import large_actions
from gatewright.engine.bundle.container import Manifest, hash_of, manifest_of, pack
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
    compiled: bool = True,
) -> bytes:
    """Return the bundle of a policy set; the same sources give the same bytes.

    `made_by` is the version of gatewright that writes it, for people; `number` is the owner's
    version of the policies; `sections` are further ones, such as what a cache keeps, under names of
    their own; without `compiled`, large actions are compiled by whoever loads the bundle. Raises
    BundleError for a key that cannot be used.
    """
    further = dict(sections or {})
    taken = sorted(further.keys() & (kinds.OWN_SECTIONS | kinds.COMPILED_SECTIONS))
    if taken:
        raise ValueError(f"the section `{taken[0]}` is taken")
    with uncollected():
        checked = sections_of(policy)
        held = {**checked, **(compiled_of(policy, checked) if compiled else {}), **further}
    about = Manifest(policy.digest, FINGERPRINT, made_by, number)
    manifest = manifest_of(about, held)
    return pack(manifest, held, () if key is None else (sign(manifest, key),))


def compiled_of(policy: CheckedPolicy, checked: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the sections with the compiled form of a policy; none where no action is large.

    `checked` are the sections with its checked form. Cost: that of compiling the large actions.
    """
    chosen = large_actions(policy)
    if not chosen:
        return {}
    # Imports the compiler, which policies without large actions do without.
    from gatewright.engine.bundle.compiled_write import compiled_sections

    hashes = {name: hash_of(content) for name, content in checked.items()}
    return compiled_sections(policy, chosen, hashes)
