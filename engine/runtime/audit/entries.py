"""What a trail is made of when it is read: entries, payloads and checkpoints, as they were found.

`stored` reads them from a database, `export` from a file; `verify` judges them. Everything may be
anything: nothing here has been checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

FIRST_LINK = "0" * 64
"""The link before the first entry."""


class PayloadRow(NamedTuple):
    """A payload; content and salt are None once it is erased."""

    run: object
    salt: object
    content: bytes | None
    erased_at: object


class Columns(NamedTuple):
    """What a database keeps of a leaf besides its bytes."""

    run: object
    kind: object
    at: object


class Entry(NamedTuple):
    """A leaf with its place; `position` is None while it waits for the sequencer."""

    position: object
    number: object
    body: bytes
    link: object
    leaf: Mapping[str, Any] | None
    """The data of `body`; None where that is no JSON object."""
    columns: Columns | None
    payloads: Mapping[str, PayloadRow]
    """By commitment, those that the leaf names and that were found."""


class CheckpointRow(NamedTuple):
    """A checkpoint; `size` and `root` say again what `note` says."""

    size: object
    root: object
    frontier: object
    note: bytes


class Damage(NamedTuple):
    """Something that could not be read at all."""

    why: str


Item: TypeAlias = Entry | CheckpointRow | Damage
"""Items of a trail: entries by position, each checkpoint before the entry at its size, then the
entries that wait."""


def next_link(link: str, leaf_hash: bytes) -> str:
    """Return the link of an entry: it depends on all entries up to this one, in their order.

    Proves nothing, since whoever changes entries can compute links anew. It says *where* a trail
    breaks that was changed without doing that.
    """
    return hashlib.sha256(link.encode() + leaf_hash).hexdigest()
