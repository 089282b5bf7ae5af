"""What is wrong with a trail, or with what a store has beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "changed", "missing", "reordered", "cut", "checkpoint", "signature", "payload"
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; position and number where a leaf is to be named."""

    kind: Kind
    message: str
    position: int | None = None
    number: int | None = None
