"""Size and root of a tree <-> a checkpoint: a short text, signed with Ed25519.

The text is what the C2SP specifications tlog-checkpoint and signed-note describe, so that tools of
transparency logs and witnesses read it: origin, size, root in base64, an empty line, signatures.
The key's name in a signature is the origin. Keys are those of bundles (`engine.bundle.signing`).
Sources: c2sp.org/tlog-checkpoint, c2sp.org/signed-note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatewright.engine.bundle.signing import Key, private_key, public_key
from gatewright.engine.runtime.audit.tree import HASH_BYTES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DEFAULT_ORIGIN = "gatewright"
MAX_NOTE_BYTES = 64 * 1024

_ED25519 = b"\x01"  # the type of a signature, as signed-note numbers them
_KEY_ID_BYTES = 4
_ORIGIN = re.compile(r"[^\s+\x00-\x1f]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_SIGNATURE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class CheckpointError(Exception):
    """A text that is no checkpoint, or not signed as it should be. `why` is one sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree at some size. `origin` names the log: one word, such as `example.com/gate`."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if _ORIGIN.fullmatch(self.origin) is None:
            raise CheckpointError("an origin is a word without `+`, of at most 200 characters")

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of a note: who claims to have signed, and the bytes."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint with its signatures, as it was read. Nothing is verified yet.

    `text` is what was signed: it may have lines after the root that say more.
    """

    checkpoint: Checkpoint
    text: str
    signatures: tuple[Signature, ...]


class Signer:
    """A private key that signs checkpoints of one log."""

    def __init__(self, origin: str, key: Key) -> None:
        """Read the key. Raises KeyUnusable."""
        self._private = private_key(key)
        self.origin = origin
        self.public = self._private.public_key()

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the signed note of a checkpoint."""
        value = key_id(self.origin, self.public) + self._private.sign(checkpoint.text.encode())
        signature = base64.b64encode(value).decode()
        return f"{checkpoint.text}\n\u2014 {self.origin} {signature}\n"


class Keys:
    """Public keys, one of which must have signed."""

    def __init__(self, publics: Iterable[Ed25519PublicKey]) -> None:
        self._publics = tuple(publics)

    @classmethod
    def read(cls, keys: Iterable[Key]) -> Keys:
        """Read public keys. Raises KeyUnusable."""
        return cls(map(public_key, keys))

    def check(self, note: Note) -> None:
        """Raise CheckpointError unless one of the keys signed, and none of them wrongly.

        Signatures of other names or keys, such as a witness's, are passed over.
        """
        origin = note.checkpoint.origin
        known = {key_id(origin, public): public for public in self._publics}
        ours = [s for s in note.signatures if s.name == origin and s.key_id in known]
        if not ours:
            raise CheckpointError("it is signed by none of the keys")
        for signature in ours:
            _check(known[signature.key_id], signature.value, note.text.encode())


def _check(public: Ed25519PublicKey, signature: bytes, text: bytes) -> None:
    # Imported late: only signed checkpoints need it.
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, text)
    except InvalidSignature:
        raise CheckpointError("its signature is wrong") from None


def key_id(name: str, public: Ed25519PublicKey) -> bytes:
    """Return the four bytes by which a signature names its key."""
    raw = name.encode() + b"\n" + _ED25519 + public.public_bytes_raw()
    return hashlib.sha256(raw).digest()[:_KEY_ID_BYTES]


def unsigned(checkpoint: Checkpoint) -> str:
    """Return a checkpoint as a note without signatures, for a log that has no key."""
    return f"{checkpoint.text}\n"


def read_note(content: str | bytes) -> Note:
    """Read a checkpoint. Raises CheckpointError for everything that is none."""
    text, empty_line, signatures = _decoded(content).rpartition("\n\n")
    lines = text.split("\n")
    if not empty_line or len(lines) < 3 or "" in lines or _SIZE.fullmatch(lines[1]) is None:
        raise CheckpointError("it is no checkpoint: origin, size and root are missing")
    if signatures and not signatures.endswith("\n"):
        raise CheckpointError("its last line does not end")
    root = _base64(lines[2])
    if len(root) != HASH_BYTES:
        raise CheckpointError("its root is no SHA-256 hash")
    checkpoint = Checkpoint(lines[0], int(lines[1]), root)
    return Note(checkpoint, f"{text}\n", tuple(map(_signature, signatures.splitlines())))


def _decoded(content: str | bytes) -> str:
    try:
        data = content.encode() if isinstance(content, str) else content
        text = data[: MAX_NOTE_BYTES + 1].decode()
    except ValueError:
        raise CheckpointError("it is not text in UTF-8") from None
    if len(data) > MAX_NOTE_BYTES:
        raise CheckpointError("it is longer than a checkpoint may be")
    if _CONTROL.search(text):
        raise CheckpointError("it has a control character")
    return text


def _signature(line: str) -> Signature:
    match = _SIGNATURE.fullmatch(line)
    value = _base64(match.group(2)) if match else b""
    if match is None or len(value) <= _KEY_ID_BYTES:
        raise CheckpointError("a line after the empty one is no signature")
    return Signature(match.group(1), value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:])


def _base64(text: str) -> bytes:
    """Decode the one spelling that some bytes have."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointError("its base64 is wrong") from None
    if base64.b64encode(data).decode() != text:
        raise CheckpointError("its base64 is wrong")
    return data
