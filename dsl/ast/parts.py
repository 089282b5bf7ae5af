"""Parts of declarations that a checked policy keeps: patterns, clauses, texts, obligations."""

from __future__ import annotations

from typing import Literal, TypeAlias

from gatewright.dsl.ast.base import Node
from gatewright.dsl.ast.expressions import Argument, Expr
from gatewright.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Pattern(Node):
    """Which actions: `billing.refund`, `billing.*` (every action below `billing`) or `*`.

    `parts` are the names before the star; `wildcard` tells whether a star follows.
    """

    parts: tuple[str, ...]
    wildcard: bool

    @property
    def text(self) -> str:
        """The pattern as written."""
        return ".".join((*self.parts, "*") if self.wildcard else self.parts)

    def covers(self, action: str) -> bool:
        """Tell whether the pattern covers the action of that name."""
        prefix = ".".join(self.parts)
        if not self.wildcard:
            return action == prefix
        return not self.parts or action.startswith(prefix + ".")


ComparisonOperator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Refinement(Node):
    """`>= 0 USD` after a field's type."""

    operator: ComparisonOperator
    bound: Expr


@dataclass(frozen=True, slots=True)
class Clause(Node):
    """`when condition` or `unless condition`."""

    kind: Literal["when", "unless"]
    condition: Expr


@dataclass(frozen=True, slots=True)
class Template(Node):
    """A `because` string: texts and `{expression}`s in turn. `{{` and `}}` are already braces."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True, slots=True)
class Obligation(Node):
    """`obligate notify(channel: "#revops")`."""

    name: str
    arguments: tuple[Argument, ...]
