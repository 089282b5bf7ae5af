"""A bundle is trusted for a key's signature, and for nothing else that it says."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.container import Signature, pack, unpack
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.load import from_bytes, load_bundle
from gatewright.engine.bundle.signing import sign
from tests.engine.bundle.support import checked

POLICY = checked()


def pair(seed: int) -> tuple[bytes, bytes]:
    """A private and a public key in PEM, the same for the same seed."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    public = key.public_key().public_bytes(
        s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    return private, public


OURS, OUR_PUBLIC = pair(1)
THEIRS, THEIR_PUBLIC = pair(2)
SIGNED = build(POLICY, key=OURS, number=5)


def resigned(*signatures: Signature) -> bytes:
    taken = unpack(SIGNED)
    sections = {name: bytes(held) for name, held in taken.sections.items()}
    return pack(taken.manifest_bytes, sections, signatures)


def error(content: bytes, *keys: bytes, least: int | None = None) -> str:
    with pytest.raises(BundleError) as caught:
        from_bytes(content, keys=keys, least_version=least)
    return caught.value.why


def test_a_listed_key_is_trusted_among_others() -> None:
    assert from_bytes(SIGNED, keys=[THEIR_PUBLIC, OUR_PUBLIC]).digest == POLICY.digest
    assert from_bytes(SIGNED, keys=[OUR_PUBLIC.decode()], least_version=5).digest == POLICY.digest


def test_without_keys_signatures_are_not_looked_at() -> None:
    assert from_bytes(build(POLICY)).digest == from_bytes(SIGNED).digest


def test_the_same_key_gives_the_same_bytes() -> None:
    assert build(POLICY, key=OURS, number=5) == SIGNED


def test_what_is_missing_is_said() -> None:
    assert error(build(POLICY), OUR_PUBLIC) == "the bundle is not signed"
    assert error(SIGNED, THEIR_PUBLIC) == "the bundle is signed by none of the keys"
    assert error(SIGNED) == "no key is given by which to trust the bundle"


def test_a_wrong_signature_is_refused() -> None:
    good = unpack(SIGNED).signatures[0]
    other = sign(b"another manifest", OURS)
    assert other.key == good.key
    for wrong in (other.signature, "", "zz", good.signature[:-2]):
        forged = Signature(good.key, wrong)
        assert error(resigned(forged), OUR_PUBLIC) == f"the signature by key `{good.key}` is wrong"
        # A good one beside it does not help.
        assert "is wrong" in error(resigned(good, forged), OUR_PUBLIC)


def test_a_signature_under_another_keys_name_is_refused() -> None:
    theirs = sign(unpack(SIGNED).manifest_bytes, THEIRS)
    ours = unpack(SIGNED).signatures[0]
    assert "is wrong" in error(resigned(Signature(ours.key, theirs.signature)), OUR_PUBLIC)
    assert from_bytes(resigned(theirs, ours), keys=[OUR_PUBLIC]).digest == POLICY.digest


def test_a_signature_of_the_bare_manifest_is_none() -> None:
    manifest = unpack(SIGNED).manifest_bytes
    key = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    bare = Signature(unpack(SIGNED).signatures[0].key, key.sign(manifest).hex())
    assert "is wrong" in error(resigned(bare), OUR_PUBLIC)


def test_the_signature_covers_version_and_content() -> None:
    signature = unpack(SIGNED).signatures[0]
    for other in (build(POLICY, number=6), build(checked(data={"limit": 4}), number=5)):
        taken = unpack(other)
        sections = {name: bytes(held) for name, held in taken.sections.items()}
        moved = pack(taken.manifest_bytes, sections, (signature,))
        assert "is wrong" in error(moved, OUR_PUBLIC)


def test_older_versions_are_refused() -> None:
    assert error(SIGNED, OUR_PUBLIC, least=6) == "the bundle has version 5; at least 6 is asked for"
    assert error(build(POLICY, key=OURS), OUR_PUBLIC, least=0) == (
        "the bundle has no version; at least 0 is asked for"
    )


def test_keys_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "pub.pem").write_bytes(OUR_PUBLIC)
    (tmp_path / "key.pem").write_bytes(OURS)
    (tmp_path / "b.gwb").write_bytes(build(POLICY, key=tmp_path / "key.pem"))
    found = load_bundle(tmp_path / "b.gwb", keys=[str(tmp_path / "pub.pem")])
    assert found.digest == POLICY.digest
    with pytest.raises(BundleError, match="No such file"):
        load_bundle(tmp_path / "b.gwb", keys=[tmp_path / "none.pem"])


def test_keys_of_other_kinds_are_refused() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    public = curve.public_key().public_bytes(
        s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    private = curve.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    locked = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).private_bytes(
        s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"x")
    )
    assert error(SIGNED, public) == "the key is no Ed25519 key"
    assert error(SIGNED, b"nonsense") == "the key is no public key in PEM"
    assert error(SIGNED, OURS).startswith("the key is a private one: `openssl pkey ")
    for key, expected in [
        (private, "no Ed25519 key"), (OUR_PUBLIC, "no private key"), (locked, "without a password"),
    ]:  # fmt: skip
        with pytest.raises(BundleError, match=expected):
            build(POLICY, key=key)


def test_an_error_is_a_policy_error_that_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "b.gwb"
    path.write_bytes(SIGNED[:-1])
    with pytest.raises(PolicyError) as caught:
        load_bundle(path)
    assert str(caught.value).startswith(f"{path}: the section `units`")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301
