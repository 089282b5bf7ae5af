"""What every node of the syntax tree shares: a place, and names."""

from __future__ import annotations

from gatewright.dsl.records import dataclass, field
from gatewright.dsl.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in a source."""

    span: Span = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """One name where it is declared or referred to."""

    name: str


@dataclass(frozen=True, slots=True)
class QualifiedName(Node):
    """A dotted name: `billing.refund`."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The name as written, with dots."""
        return ".".join(self.parts)
