"""Parts of declarations that are resolved: fields, effects, and the bodies of rules."""

from __future__ import annotations

from typing import TypeAlias

from gatewright.dsl.ast.base import Ident, Node, QualifiedName
from gatewright.dsl.ast.expressions import Argument, Expr
from gatewright.dsl.ast.parts import ComparisonOperator, Refinement
from gatewright.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Annotation(Node):
    """`@owner("team")`."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class TypeRef(Node):
    """A type as written: `list<string>`, `money(USD)`, `string(max: 500)`, `enum("a", "b")`."""

    name: QualifiedName
    parameters: tuple[TypeRef, ...] = ()
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldDecl(Node):
    """`@secret card?: string`."""

    annotations: tuple[Annotation, ...]
    name: Ident
    optional: bool
    type: TypeRef
    refinement: Refinement | None


@dataclass(frozen=True, slots=True)
class ChangesBlock(Node):
    """`changes { F: type, ... }` among the members of an action."""

    fields: tuple[FieldDecl, ...]


@dataclass(frozen=True, slots=True)
class AutoRun(Node):
    """The effect `auto_run`: nobody is needed."""


@dataclass(frozen=True, slots=True)
class Block(Node):
    """The effect `block`: nobody suffices."""


@dataclass(frozen=True, slots=True)
class Require(Node):
    """The effect `require a and b then c`: stages in order, here `((a, b), (c,))`."""

    stages: tuple[tuple[QualifiedName, ...], ...]

    @property
    def routes(self) -> tuple[QualifiedName, ...]:
        """All routes, in the order written."""
        return tuple(route for stage in self.stages for route in stage)


Effect: TypeAlias = AutoRun | Block | Require


@dataclass(frozen=True, slots=True)
class ExactCell(Node):
    """A cell that equals its value."""

    value: Expr


@dataclass(frozen=True, slots=True)
class CompareCell(Node):
    """A cell such as `< 50 USD`."""

    operator: ComparisonOperator
    bound: Expr


@dataclass(frozen=True, slots=True)
class RangeCell(Node):
    """A cell such as `1 .. 5`, both ends included."""

    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class AnyCell(Node):
    """The cell `_`."""


Cell: TypeAlias = ExactCell | CompareCell | RangeCell | AnyCell


@dataclass(frozen=True, slots=True)
class TierRow(Node):
    """A step of a ladder."""

    cell: CompareCell | RangeCell
    effect: Effect


@dataclass(frozen=True, slots=True)
class CaseRow(Node):
    """A row of `cases`; the condition is None for `else`."""

    condition: Expr | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class TableRow(Node):
    """A row of a table: one cell for each subject."""

    cells: tuple[Cell, ...]
    effect: Effect


@dataclass(frozen=True, slots=True)
class Plain(Node):
    """`=> effect`."""

    effect: Effect


@dataclass(frozen=True, slots=True)
class Tier(Node):
    """`tier subject { rows }`."""

    subject: Expr
    rows: tuple[TierRow, ...]


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """`cases { rows }`: the first row that holds."""

    rows: tuple[CaseRow, ...]


@dataclass(frozen=True, slots=True)
class Table(Node):
    """`table (subjects) { rows }`; `strictest` allows rows to overlap."""

    strictest: bool
    subjects: tuple[Expr, ...]
    rows: tuple[TableRow, ...]


RuleBody: TypeAlias = Plain | Tier | Cases | Table
