"""Ed25519 signatures of manifests, with keys in PEM. Needs the extra `sign`.

What is signed is the manifest, which names the hash of every section; a first line says what kind
of text it is, so that no signature of anything else serves here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from gatewright.dsl.sha256 import sha256
from gatewright.engine.bundle.container import Container, Signature
from gatewright.engine.bundle.errors import BundleError, KeyUnusable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

Key: TypeAlias = "str | os.PathLike[str] | bytes"
"""The path of a PEM file, or what such a file holds."""

_PURPOSE = b"gatewright bundle manifest 1\n"
_MAX_KEY_BYTES = 64 * 1024


def sign(manifest: bytes, key: Key) -> Signature:
    """Sign a manifest with a private key. Raises BundleError for a key that cannot be used."""
    private = read_private(key)
    signature = private.sign(_PURPOSE + manifest)
    return Signature(_key_id(private.public_key()), signature.hex())


def verify(container: Container, keys: Iterable[Key]) -> str:
    """Check that one of the keys signed the bundle, and return that key's id.

    A signature that claims one of the keys and is wrong refuses the bundle, whatever else is there.
    Raises BundleError.
    """
    trusted = {_key_id(public): public for public in map(read_public, keys)}
    if not trusted:
        raise BundleError("no key is given by which to trust the bundle")
    if not container.signatures:
        raise BundleError("the bundle is not signed")
    listed = [s for s in container.signatures if s.key in trusted]
    if not listed:
        raise BundleError("the bundle is signed by none of the keys")
    for signature in listed:
        _check(signature, trusted[signature.key], container.manifest_bytes)
    return listed[0].key


def _check(signature: Signature, public: Ed25519PublicKey, manifest: bytes) -> None:
    # Imported late: only signed bundles need it.
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(bytes.fromhex(signature.signature), _PURPOSE + manifest)
    except (InvalidSignature, ValueError):
        raise BundleError(f"the signature by key `{signature.key}` is wrong") from None


def _key_id(public: Ed25519PublicKey) -> str:
    return sha256(public.public_bytes_raw()).hex()[:32]


def read_private(key: Key) -> Ed25519PrivateKey:
    """Return the private key of a PEM file or text. Raises KeyUnusable."""
    try:
        # Imported late: only signed bundles need it.
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise _not_installed() from None
    try:
        found = load_pem_private_key(_pem(key), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusable(
            "the key is no private key in PEM without a password", _path(key)
        ) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyUnusable("the key is no Ed25519 key", _path(key))
    return found


def public_of(key: Key) -> bytes:
    """Return the public key of a private one, in PEM. Raises KeyUnusable."""
    public = read_private(key).public_key()
    # Imported late: only signed bundles need it.
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public(key: Key) -> Ed25519PublicKey:
    """Return the public key of a PEM file or text. Raises KeyUnusable."""
    try:
        # Imported late: only signed bundles need it.
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        raise _not_installed() from None
    pem = _pem(key)
    try:
        found = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        why = f"the key is {_PRIVATE if b'PRIVATE KEY-----' in pem else 'no public key in PEM'}"
        raise KeyUnusable(why, _path(key)) from None
    if not isinstance(found, Ed25519PublicKey):
        raise KeyUnusable("the key is no Ed25519 key", _path(key))
    return found


_PRIVATE = "a private one: `openssl pkey -in FILE -pubout` writes its public half"


def _not_installed() -> KeyUnusable:
    return KeyUnusable("signatures need the package `cryptography`: install `gatewright[sign]`")


def _path(key: Key) -> str:
    """Return where a key is; nothing for one that is given itself, of which nothing is shown."""
    if isinstance(key, bytes) or (isinstance(key, str) and key.lstrip().startswith("-----BEGIN")):
        return ""
    return os.fspath(key)


def _pem(key: Key) -> bytes:
    path = _path(key)
    if isinstance(key, bytes):
        return key
    if isinstance(key, str) and not path:
        return key.encode("utf-8", "replace")
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_KEY_BYTES)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "cannot be read"
        raise KeyUnusable(why, _path(key)) from None
