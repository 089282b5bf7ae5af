"""A tree's size and root <-> the text of a checkpoint, with Ed25519 signatures.

A checkpoint may be kept anywhere: a trail that no longer leads to it was changed. One without a key
is unsigned and trusted only as far as its place. Source: C2SP tlog-checkpoint and signed-note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from gatewright.dsl.records import dataclass
from gatewright.engine.bundle.signing import Key, read_private, read_public
from gatewright.engine.runtime.errors import GateError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ORIGIN: Final = "gatewright"
"""The name of a trail that was given no other; also the name of its key."""

_DASH: Final = "\N{EM DASH} "
_ED25519: Final = b"\x01"
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_NAME: Final = re.compile(r"[^\s+]{1,200}")


class CheckpointError(GateError):
    """A text that is no checkpoint, or a signature that is wrong."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__("bad_checkpoint", message, help)


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a checkpoint: whose it claims to be, and the bytes."""

    name: str
    key: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many leaves a tree has, and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...] = ()
    more: tuple[str, ...] = ()
    """Lines of others between the root and the signatures; they are signed too."""

    @property
    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        return "\n".join((self.origin, str(self.size), root, *self.more)) + "\n"


def write(checkpoint: Checkpoint, key: Key | None = None) -> str:
    """Return the text of a checkpoint, signed where a private key is given.

    Raises CheckpointError for an origin that is no name, KeyUnusable for a bad key.
    """
    if not _NAME.fullmatch(checkpoint.origin):
        raise CheckpointError("the origin of a checkpoint has no spaces and no `+`")
    text = checkpoint.text
    if key is None:
        return text + "\n"
    private = read_private(key)
    named = _key_id(checkpoint.origin, private.public_key())
    content = base64.b64encode(named + private.sign(text.encode())).decode()
    return f"{text}\n{_DASH}{checkpoint.origin} {content}\n"


def read(note: str) -> Checkpoint:
    """Read the text of a checkpoint; signatures are not checked. Raises CheckpointError."""
    text, blank, below = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) < 3 or not all(lines):
        raise CheckpointError("a checkpoint has an origin, a size, a root, and an empty line")
    origin, size, root, *more = lines
    if not _SIZE.fullmatch(size) or not _NAME.fullmatch(origin):
        raise CheckpointError("the origin or the size of the checkpoint cannot be read")
    found = _decoded(root)
    if len(found) != 32:
        raise CheckpointError("the root of the checkpoint is no SHA-256 in base64")
    if below and not below.endswith("\n"):
        raise CheckpointError("the last line of the checkpoint is cut")
    return Checkpoint(
        origin, int(size), found, tuple(map(_signature, below.split("\n")[:-1])), tuple(more)
    )


def is_signed(checkpoint: Checkpoint, keys: Iterable[Key]) -> bool:
    """Tell whether one of some public keys signed a checkpoint.

    Raises CheckpointError where a signature claims one of them and is wrong, KeyUnusable for a key
    that cannot be read.
    """
    signed = False
    for public in map(read_public, keys):
        named = _key_id(checkpoint.origin, public)
        for signature in checkpoint.signatures:
            if signature.name == checkpoint.origin and signature.key == named:
                _check(signature, public, checkpoint)
                signed = True
    return signed


def signers(checkpoint: Checkpoint, keys: Sequence[Key] = ()) -> tuple[str, ...]:
    """Return who claims to have signed a checkpoint, as `name+key`; nothing is checked.

    With keys only those of them. The key is 4 bytes in hexadecimal, as C2SP signed notes name it.
    """
    own = {_key_id(checkpoint.origin, public) for public in map(read_public, keys)}
    return tuple(
        f"{one.name}+{one.key.hex()}" for one in checkpoint.signatures if not own or one.key in own
    )


def name_of(key: Key, origin: str = ORIGIN) -> str:
    """Return a public key as `signers` name it. Raises KeyUnusable."""
    return f"{origin}+{_key_id(origin, read_public(key)).hex()}"


def _check(signature: Signature, public: Ed25519PublicKey, checkpoint: Checkpoint) -> None:
    # Imported late: only signed checkpoints need it.
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature.content, checkpoint.text.encode())
    except InvalidSignature:
        raise CheckpointError(
            f"the signature of the checkpoint at size {checkpoint.size} is wrong"
        ) from None


def _signature(line: str) -> Signature:
    name, _, content = line.removeprefix(_DASH).partition(" ")
    found = _decoded(content)
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(found) < 5:
        raise CheckpointError("a signature of the checkpoint cannot be read")
    return Signature(name, found[:4], found[4:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointError("the checkpoint is not base64 where it must be") from None


def _key_id(name: str, public: Ed25519PublicKey) -> bytes:
    raw = public.public_bytes_raw()
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:4]
