"""Where texts that stand one after the other begin, and where the last one ends <-> a section.

8 bytes each, lowest first.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import pairwise

from gatewright.engine.bundle.errors import BundleError

OFFSET_BYTES = 8


def offsets_of(texts: Sequence[bytes]) -> bytes:
    """Return the section for some texts."""
    ends = array("Q", [0])
    for text in texts:
        ends.append(ends[-1] + len(text))
    if sys.byteorder == "big":
        ends.byteswap()
    return ends.tobytes()


def read_offsets(text: bytes, count: int, length: int) -> Sequence[int]:
    """Read where so many texts begin, which fill a section of that length. Raises BundleError."""
    if len(text) != (count + 1) * OFFSET_BYTES:
        raise BundleError("the index of the bundle is malformed")
    offsets: Sequence[int] = memoryview(text).cast("Q")
    if sys.byteorder == "big":
        pieces = range(0, len(text), OFFSET_BYTES)
        offsets = [int.from_bytes(text[at : at + OFFSET_BYTES], "little") for at in pieces]
    ordered = all(a < b for a, b in pairwise(offsets))
    if offsets[0] != 0 or offsets[-1] != length or not ordered:
        raise BundleError("the index of the bundle is malformed")
    return offsets
