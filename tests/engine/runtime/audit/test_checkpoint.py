"""Checkpoints: what is written is read again, and a signature holds for every byte of the text."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from gatewright.engine.bundle.errors import KeyUnusable
from gatewright.engine.runtime.audit.checkpoint import (
    Checkpoint,
    CheckpointError,
    is_signed,
    read,
    write,
)
from tests.engine.runtime.audit.keys import key_pair

PRIVATE, PUBLIC = key_pair(1)
_, STRANGER = key_pair(2)
POINT = Checkpoint("example.com/trail", 5, bytes(range(32)))
ROOT = base64.b64encode(bytes(range(32))).decode()
OTHER_ROOT = base64.b64encode(bytes(32)).decode()


def test_an_unsigned_checkpoint_is_three_lines_and_an_empty_one() -> None:
    note = write(POINT)
    assert note == f"example.com/trail\n5\n{ROOT}\n\n"
    assert read(note) == POINT
    assert not is_signed(read(note), [PUBLIC])


def test_a_signed_checkpoint_is_that_of_its_key_alone() -> None:
    note = write(POINT, PRIVATE)
    assert note.startswith(f"{POINT.text}\n\N{EM DASH} example.com/trail ")
    found = read(note)
    assert (found.origin, found.size, found.root) == (POINT.origin, POINT.size, POINT.root)
    assert is_signed(found, [STRANGER, PUBLIC])
    assert not is_signed(found, [STRANGER])
    assert not is_signed(found, [])


def test_a_key_id_is_that_of_the_format() -> None:
    """SHA-256 of the name, a newline, 0x01 and the key: its first four bytes."""
    (signature,) = read(write(POINT, PRIVATE)).signatures
    raw = load_pem_public_key(PUBLIC).public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert signature.key == sha256(b"example.com/trail\n\x01" + raw).digest()[:4]


@pytest.mark.parametrize(("old", "new"), [("\n5\n", "\n6\n"), (ROOT, OTHER_ROOT)])
def test_a_changed_text_is_found(old: str, new: str) -> None:
    note = write(POINT, PRIVATE)
    assert old in note
    with pytest.raises(CheckpointError, match="signature of the checkpoint"):
        is_signed(read(note.replace(old, new)), [PUBLIC])


def test_lines_of_others_are_signed_too() -> None:
    more = Checkpoint(POINT.origin, 5, POINT.root, more=("more=1",))
    note = write(more, PRIVATE)
    assert is_signed(read(note), [PUBLIC])
    with pytest.raises(CheckpointError):
        is_signed(read(note.replace("more=1", "more=2")), [PUBLIC])


@pytest.mark.parametrize(
    "note",
    [
        "", "\n\n", "a\n5\n\n", f"a\n05\n{ROOT}\n\n", f"a\n-5\n{ROOT}\n\n", f"a b\n5\n{ROOT}\n\n",
        "a\n5\nAAAA\n\n", "a\n5\n%%%\n\n", f"a\n5\n{ROOT}\n", f"a\n5\n{ROOT}\n\nsigned\n",
        f"a\n5\n{ROOT}\n\n\N{EM DASH} a AA==\n", f"a\n5\n{ROOT}\n\n\N{EM DASH} a AAAAAAAA",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(CheckpointError):
        read(note)


def test_bad_names_and_keys_are_refused() -> None:
    with pytest.raises(CheckpointError, match="no spaces"):
        write(Checkpoint("two words", 0, POINT.root))
    with pytest.raises(KeyUnusable):
        write(POINT, b"no key")
    with pytest.raises(KeyUnusable):
        is_signed(POINT, [b"no key"])
