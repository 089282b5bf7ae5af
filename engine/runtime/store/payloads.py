"""Exact plans, each known by a salted commitment, sealed where they hold secrets, erasable.

The trail and the run name the commitment only: erasing a payload breaks no hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final, Protocol

from sqlalchemy import Connection, insert, select, update

from gatewright.engine.runtime.store import schema as t


class Seal(Protocol):
    """Encrypts and decrypts, such as `cryptography.fernet.Fernet`."""

    def encrypt(self, data: bytes) -> bytes:
        """Return the sealed bytes."""
        ...

    def decrypt(self, token: bytes) -> bytes:
        """Return what was sealed; raises for anything else."""
        ...


_SALT_BYTES: Final = 16
_SALT: Final = re.compile(f"[0-9a-f]{{{2 * _SALT_BYTES}}}")
_SEALED = "sealed:"


def commitment(content: str, salt: str) -> str:
    """Return `sha256:...` of a content with its salt (hexadecimal)."""
    return "sha256:" + hashlib.sha256(bytes.fromhex(salt) + content.encode()).hexdigest()


def holds(name: str, content: str, salt: str | None) -> bool:
    """Tell whether a content is the one of a commitment.

    The salt has its length: else the beginning of a content could be called salt.
    """
    if salt is None or not _SALT.fullmatch(salt):
        return False
    return commitment(content, salt) == name


def new_salt() -> str:
    """Return 16 random bytes, hexadecimal: no content can be guessed from its commitment."""
    return secrets.token_hex(_SALT_BYTES)


def sealed(content: str, seal: Seal) -> str:
    """Return a content as it is kept where it holds secrets."""
    return _SEALED + seal.encrypt(content.encode()).decode()


def put(connection: Connection, run: str, content: str, salt: str) -> None:
    """Keep a content, sealed or not, under its commitment."""
    name = commitment(content, salt)
    values = {"commitment": name, "run": run, "salt": salt, "content": content}
    connection.execute(insert(t.payloads).values(values))


def get(connection: Connection, name: str, seal: Seal | None = None) -> str | None:
    """Return a content; None once it is erased, or where it is sealed and the key is another."""
    row = connection.execute(
        select(t.payloads.c.content, t.payloads.c.salt).where(t.payloads.c.commitment == name)
    ).one_or_none()
    if row is None or row.content is None or not holds(name, row.content, row.salt):
        return None
    content = str(row.content)
    return unsealed(content, seal) if content.startswith(_SEALED) else content


def unsealed(content: str, seal: Seal | None) -> str | None:
    """Return what was sealed; None where there is no key, or the key is another."""
    if seal is None:
        return None
    try:
        return seal.decrypt(content.removeprefix(_SEALED).encode()).decode()
    except Exception:  # whatever a seal raises for what it did not seal
        return None


def erase(connection: Connection, run: str, now: int) -> int:
    """Forget the contents of a run, and return how many there were."""
    c = t.payloads.c
    return connection.execute(
        update(t.payloads)
        .where(c.run == run, c.content.is_not(None))
        .values(content=None, salt=None, erased_at=now)
    ).rowcount
