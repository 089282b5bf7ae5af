"""Named sections <-> one file: a head, signatures, a manifest, the sections.

    gatewright bundle 1
    SIGNATURES MANIFEST SHA256      lengths of the next two, and the hash of both
    [{"key": ..., "signature": ...}]
    {"format": 1, "digest": ..., "sections": [{"name", "offset", "length", "sha256"}, ...], ...}
    the sections, one after the other, to the last byte of the file

Every byte is covered: the head's hash covers signatures and manifest, the manifest's hashes cover
the sections, and nothing may stand between or after them. Nothing is compressed, so nothing grows
when it is read. Knows nothing of policies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

from gatewright.dsl.records import dataclass, field
from gatewright.dsl.sha256 import sha256
from gatewright.engine.bundle.decode import dumps, loads
from gatewright.engine.bundle.errors import BundleError

FORMAT = 1
MAGIC = b"gatewright bundle "
MAX_BUNDLE_BYTES = 1024 * 1024 * 1024
_MAX_HEAD = 1024 * 1024
"""How long signatures and manifest may be, each."""
_FIRST_LINE = b"gatewright bundle 1\n"
_HEAD_LENGTH = 103
"""Two lines: what it is, and how long signatures and manifest are, with their hash."""
_DIGITS = frozenset("0123456789")
_HEX = _DIGITS | frozenset("abcdef")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_IN_NAMES = _LETTERS | _DIGITS | frozenset("_.-")
_MAX_NAME = 64
_DIGEST = "sha256:"
_MANIFEST_KEYS = {"format", "digest", "gatewright", "schema", "sections", "version"}


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of the manifest, and the id of the key that made it; both in hexadecimal."""

    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself, besides where its sections are."""

    digest: str
    """`sha256:...` over the sources and data of the policy set."""
    schema: str
    """The fingerprint of the classes that it was written with."""
    gatewright: str
    """Which version wrote it; for people."""
    version: int | None
    """The number that its owner gave it; later ones are greater."""


@dataclass(frozen=True, slots=True)
class Container:
    """A bundle taken apart; every section's hash is checked."""

    manifest: Manifest
    manifest_bytes: bytes = field(repr=False)
    """What signatures cover."""
    signatures: tuple[Signature, ...]
    sections: Mapping[str, memoryview] = field(repr=False)
    hashes: Mapping[str, str] = field(repr=False)
    """The SHA-256 of each section."""


def manifest_of(manifest: Manifest, sections: Mapping[str, bytes]) -> bytes:
    """Return the manifest of some sections, in the order of their names."""
    entries: list[dict[str, object]] = []
    offset = 0
    for name, content in sorted(sections.items()):
        if not _is_name(name):
            raise ValueError(f"`{name}` is no name of a section")
        entries.append(_entry(name, offset, content))
        offset += len(content)
    text = dumps(
        {
            "format": FORMAT,
            "digest": manifest.digest,
            "gatewright": manifest.gatewright,
            "schema": manifest.schema,
            "sections": entries,
            "version": manifest.version,
        }
    )
    return text.encode("ascii")


def hash_of(content: bytes) -> str:
    """Return the hash of a section, as its manifest has it."""
    return sha256(content).hex()


def _entry(name: str, offset: int, content: bytes) -> dict[str, object]:
    return {"name": name, "offset": offset, "length": len(content), "sha256": hash_of(content)}


def pack(
    manifest: bytes, sections: Mapping[str, bytes], signatures: tuple[Signature, ...] = ()
) -> bytes:
    """Return the file. The same content gives the same bytes."""
    entries = [{"key": s.key, "signature": s.signature} for s in signatures]
    signed = dumps(entries).encode("ascii")
    checked = sha256(signed + manifest).hex()
    head = f"gatewright bundle {FORMAT}\n{len(signed):08d} {len(manifest):08d} {checked}\n"
    contents = [content for _, content in sorted(sections.items())]
    return b"".join([head.encode("ascii"), signed, manifest, *contents])


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _MAX_NAME and text[0] in _LETTERS and _IN_NAMES.issuperset(text)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and _HEX.issuperset(text)


def is_bundle(start: bytes) -> bool:
    """Tell whether a file that starts so is meant as a bundle, of whatever format."""
    return start.startswith(MAGIC)


def unpack(content: bytes) -> Container:
    """Take a bundle apart, and check every byte of it. Raises BundleError, and nothing else."""
    if not is_bundle(content):
        raise BundleError("this is no bundle of policies")
    signed, manifest = _head_parts(content, *_head(content))
    signatures = _signatures(signed)
    fields = _fields(manifest)
    sections = _sections(fields["sections"], memoryview(content)[_HEAD_LENGTH:], manifest, signed)
    about = Manifest(fields["digest"], fields["schema"], fields["gatewright"], fields["version"])
    hashes = {entry["name"]: entry["sha256"] for entry in fields["sections"]}
    return Container(about, manifest, signatures, MappingProxyType(sections), hashes)


def _head(content: bytes) -> tuple[int, int, str]:
    """Return how long signatures and manifest are, and the hash of both."""
    head = content[:_HEAD_LENGTH]
    parts = head[len(_FIRST_LINE) : -1].split(b" ")
    if not (head.startswith(_FIRST_LINE) and head.endswith(b"\n") and len(parts) == 3):
        raise BundleError(_unknown_format(content))
    signed, manifest, sha256 = (part.decode("latin-1") for part in parts)
    for length in (signed, manifest):
        if len(length) != 8 or not _DIGITS.issuperset(length):
            raise BundleError(_unknown_format(content))
    if not _is_sha256(sha256):
        raise BundleError(_unknown_format(content))
    return int(signed), int(manifest), sha256


def _unknown_format(content: bytes) -> str:
    number = re.match(rb"gatewright bundle ([0-9]{1,6})\n", content)
    if number is not None and int(number[1]) != FORMAT:
        return f"the bundle has format {int(number[1])}; this version reads format {FORMAT}"
    return "the head of the bundle is damaged"


def _head_parts(content: bytes, signed: int, manifest: int, expected: str) -> tuple[bytes, bytes]:
    if signed > _MAX_HEAD or manifest > _MAX_HEAD:
        raise BundleError("the head of the bundle is too long")
    start = _HEAD_LENGTH
    both = content[start : start + signed + manifest]
    if len(both) != signed + manifest or sha256(both).hex() != expected:
        raise BundleError("the head of the bundle is damaged")
    return both[:signed], both[signed:]


def _signatures(text: bytes) -> tuple[Signature, ...]:
    raw = loads(text, "signatures")
    found: list[Signature] = []
    for entry in cast("list[object]", raw) if isinstance(raw, list) else [None]:
        match entry:
            case {"key": str(key), "signature": str(signature)} if _count(entry) == 2:
                found.append(Signature(key, signature))
            case _:
                raise BundleError("the signatures of the bundle are malformed")
    return tuple(found)


def _fields(text: bytes) -> dict[str, Any]:
    """Read the manifest; only the one way to write it is taken, so no key can stand twice."""
    raw = loads(text, "manifest")
    if not isinstance(raw, dict) or dumps(cast(object, raw)).encode("ascii") != text:
        raise BundleError("the manifest of the bundle is malformed")
    fields = cast("dict[str, Any]", raw)
    match fields:
        case {
            "format": 1,
            "digest": str(digest),
            "gatewright": str(),
            "schema": str(schema),
            "sections": list(),
            "version": version,
        } if (
            fields.keys() == _MANIFEST_KEYS
            and type(fields["format"]) is int
            and digest.startswith(_DIGEST)
            and _is_sha256(digest.removeprefix(_DIGEST))
            and _is_sha256(schema)
            and (version is None or (type(version) is int and version >= 0))
        ):
            return fields
        case _:
            raise BundleError("the manifest of the bundle is malformed")


def _sections(
    entries: list[object], rest: memoryview, manifest: bytes, signed: bytes
) -> dict[str, memoryview]:
    """Return the sections, which fill the file from the manifest to its end."""
    body = rest[len(signed) + len(manifest) :]
    found: dict[str, memoryview] = {}
    expected = 0
    for entry in entries:
        name, offset, length, hashed = _described(entry)
        if name in found:
            raise BundleError(f"the bundle has two sections `{name}`")
        if offset != expected or length > len(body) - offset:
            raise BundleError(f"the section `{name}` of the bundle is not where it should be")
        section = body[offset : offset + length]
        if sha256(section).hex() != hashed:
            raise BundleError(f"the section `{name}` of the bundle is damaged")
        found[name] = section
        expected += length
    if expected != len(body):
        raise BundleError("there is something after the last section of the bundle")
    return found


def _described(entry: object) -> tuple[str, int, int, str]:
    match entry:
        case {
            "name": str(name),
            "offset": int(offset),
            "length": int(length),
            "sha256": str(hashed),
        } if (
            _count(entry) == 4
            and type(offset) is int is type(length)
            and offset >= 0 <= length
            and _is_name(name)
        ):
            return name, offset, length, hashed
        case _:
            raise BundleError("the manifest of the bundle is malformed")


def _count(entry: object) -> int:
    return len(cast("dict[str, object]", entry))
