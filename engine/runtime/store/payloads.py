"""Exact plans and the words of entries, each known by a salted commitment, and erasable.

The trail and the run name the commitment only: erasing a payload breaks no hash. Plans are sealed
where they hold secrets.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
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


def contents(connection: Connection, run: str) -> dict[str, str | None]:
    """Return the contents of a run by their commitments, sealed ones as they are kept.

    None is one that was erased; one that is not what its commitment says is left out.
    """
    c = t.payloads.c
    rows = connection.execute(select(c.commitment, c.content, c.salt).where(c.run == run))
    return {
        name: content
        for name, content, salt in rows
        if content is None or holds(name, content, salt)
    }


def rows(connection: Connection, names: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """Return `content` and `salt` of some commitments."""
    c = t.payloads.c
    found = select(c.commitment, c.content, c.salt).where(c.commitment.in_(list(names)))
    return {
        name: {"content": content, "salt": salt}
        for name, content, salt in connection.execute(found)
    }


def erase(connection: Connection, run: str, now: int) -> list[str]:
    """Forget the contents of a run, and return the commitments of those that were there."""
    c = t.payloads.c
    here = (c.run == run, c.content.is_not(None))
    names = list(connection.scalars(select(c.commitment).where(*here).order_by(c.commitment)))
    connection.execute(
        update(t.payloads).where(*here).values(content=None, salt=None, erased_at=now)
    )
    return names
