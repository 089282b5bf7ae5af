"""What happened -> a leaf: the canonical JSON that is hashed; payloads -> salted commitments.

A leaf is kept for ever, so it holds nothing that may have to be erased. Such content is a payload:
the leaf names its commitment only, which tells nothing without the salt. Erasing content and salt
leaves the leaf as verifiable as before. Secret values are masked before they come here.
Pure; `record` writes leaves and payloads.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from gatewright.engine.canonical import canonical_json
from gatewright.engine.values import Timestamp

ActorKind = Literal["agent", "person", "system"]

ERASED: Final = "payloads.erased"
"""The kind of a leaf that says which payloads were erased: `body.commitments`."""

_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it."""

    kind: ActorKind
    id: str


@dataclass(frozen=True, slots=True)
class Payload:
    """Content that can be erased. `salt` is hexadecimal, and random: see `sealed`."""

    content: str
    salt: str

    @property
    def commitment(self) -> str:
        """What a leaf names it by."""
        return commit(self.content, self.salt)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing that happened: `kind` such as `approved`, `at` in nanoseconds since 1970.

    `body` is JSON data. `payloads` are the commitments of what can be erased, by name.
    """

    kind: str
    run: str | None
    at: int
    actor: Actor
    body: Mapping[str, object] = field(default_factory=dict[str, object])
    payloads: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self) -> str:
        """Return the bytes that are hashed, as text. Raises ValueError for what is no JSON."""
        data: dict[str, object] = {
            "kind": self.kind,
            "run": self.run,
            "at": Timestamp(self.at).text,
            "actor": {"kind": self.actor.kind, "id": self.actor.id},
            "body": self.body,
        }
        if self.payloads:
            data["payloads"] = self.payloads
        return canonical_json(data).decode()


def commit(content: str | bytes, salt: str) -> str:
    """Return `sha256:` and the SHA-256 of salt and content. Raises ValueError for a bad salt."""
    data = content.encode() if isinstance(content, str) else content
    return "sha256:" + hashlib.sha256(bytes.fromhex(salt) + data).hexdigest()


def sealed(content: str) -> Payload:
    """Return a payload with a new salt: 32 random bytes, so that no content can be guessed."""
    return Payload(content, secrets.token_hex(_SALT_BYTES))


def read_leaf(body: bytes) -> dict[str, Any] | None:
    """Return the data of a leaf, or None where it is no JSON object.

    Not the strict reader: who says that a leaf is whole are its bytes, and these are hashed.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


def commitments_of(leaf: Mapping[str, Any]) -> list[str]:
    """Return the commitments of the payloads that a leaf names."""
    return _texts(dict(leaf["payloads"]).values()) if _is_object(leaf.get("payloads")) else []


def erased_by(leaf: Mapping[str, Any]) -> list[str]:
    """Return the commitments that a leaf says were erased."""
    body = leaf.get("body")
    if leaf.get("kind") != ERASED or not _is_object(body):
        return []
    found = cast("Mapping[str, Any]", body).get("commitments")
    return _texts(cast("list[object]", found)) if isinstance(found, list) else []


def _is_object(data: object) -> bool:
    return isinstance(data, dict)


def _texts(items: Any) -> list[str]:
    return [item for item in items if isinstance(item, str)]
