"""Test blocks: what they give and what they expect."""

from __future__ import annotations

from typing import TypeAlias

from gatewright.dsl.ast.base import Ident, Node, QualifiedName
from gatewright.dsl.ast.bodies import Effect
from gatewright.dsl.ast.declarations import Declaration
from gatewright.dsl.ast.expressions import (
    DurationLiteral,
    Expr,
    IntLiteral,
    MapLiteral,
    StringLiteral,
    TimestampLiteral,
)
from gatewright.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class AtInstant(Node):
    """`now 2026-11-20T12:00:00Z`."""

    at: TimestampLiteral


@dataclass(frozen=True, slots=True)
class Given(Node):
    """`given billing.refund { ... }`; also `agent`, `target`, `changes`, `context`, `data`."""

    subject: QualifiedName
    values: MapLiteral


@dataclass(frozen=True, slots=True)
class Past(Node):
    """`past billing.refund { ... } ago 29d status executed agent "refund-bot"`."""

    action: QualifiedName
    values: MapLiteral
    ago: DurationLiteral
    status: Ident | None
    agent: StringLiteral | None


@dataclass(frozen=True, slots=True)
class ExpectEffect(Node):
    """`expect require manager`."""

    effect: Effect


@dataclass(frozen=True, slots=True)
class ExpectRules(Node):
    """`expect rules [a, b]`: exactly these rules and guards matched."""

    names: tuple[QualifiedName, ...]


@dataclass(frozen=True, slots=True)
class ExpectBecause(Node):
    """`expect because contains "..."`."""

    text: StringLiteral


@dataclass(frozen=True, slots=True)
class ExpectError(Node):
    """`expect error`: some condition erred, or the action does not fit its type."""


@dataclass(frozen=True, slots=True)
class ExpectRisk(Node):
    """`expect risk 40`."""

    score: IntLiteral


@dataclass(frozen=True, slots=True)
class CaseTableRow(Node):
    """A row of a test table."""

    values: tuple[Expr, ...]
    effect: Effect


@dataclass(frozen=True, slots=True)
class CaseTable(Node):
    """`cases (amount) { 5 USD => auto_run }`: the test once for each row."""

    fields: tuple[Ident, ...]
    rows: tuple[CaseTableRow, ...]


PolicyTestItem: TypeAlias = (
    AtInstant
    | Given
    | Past
    | ExpectEffect
    | ExpectRules
    | ExpectBecause
    | ExpectError
    | ExpectRisk
    | CaseTable
)


@dataclass(frozen=True, slots=True)
class PolicyTest(Declaration):
    """`test "name" { items }`."""

    name: StringLiteral
    items: tuple[PolicyTestItem, ...]
