"""SHA-256, for short contents without loading OpenSSL, which takes as long as to hash megabytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import sha256 as _of_python
else:
    # As `random` does it in the standard library: the module of CPython itself, where it is built.
    try:
        from _sha256 import sha256 as _of_python
    except ImportError:  # CPython 3.12 renamed it
        try:
            from _sha2 import sha256 as _of_python
        except ImportError:
            from hashlib import sha256 as _of_python

_LONG: Final = 1 << 20
"""From how many bytes on OpenSSL is faster, the time to load it included."""


def sha256(content: bytes | memoryview) -> bytes:
    """Return the digest of a content."""
    if len(content) < _LONG:
        return _of_python(content).digest()
    # Late, since it loads OpenSSL.
    import hashlib

    return hashlib.sha256(content).digest()
