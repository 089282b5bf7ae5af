"""Expressions: CEL with money, durations, timestamps and ranges."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from gatewright.dsl.ast.base import Node
from gatewright.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class NullLiteral(Node):
    """`null`."""


@dataclass(frozen=True, slots=True)
class BoolLiteral(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class IntLiteral(Node):
    """A signed 64-bit literal; a leading minus sign is part of it."""

    value: int


@dataclass(frozen=True, slots=True)
class UintLiteral(Node):
    """An unsigned 64-bit literal: `5u`."""

    value: int


@dataclass(frozen=True, slots=True)
class DoubleLiteral(Node):
    """A literal with a point or an exponent.

    `text` is its spelling: beside a decimal or money operand the number is read from it exactly.
    """

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class StringLiteral(Node):
    """A string, unescaped."""

    value: str


@dataclass(frozen=True, slots=True)
class BytesLiteral(Node):
    """A bytes literal: `b"..."`."""

    value: bytes


@dataclass(frozen=True, slots=True)
class MoneyLiteral(Node):
    """`49.99 EUR`; a leading minus sign is part of it."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class DurationLiteral(Node):
    """`30d` as nanoseconds; a leading minus sign is part of it."""

    nanos: int


@dataclass(frozen=True, slots=True)
class BusinessDaysLiteral(Node):
    """`1bd`."""

    days: int


@dataclass(frozen=True, slots=True)
class TimestampLiteral(Node):
    """`2026-12-02T00:00:00Z` as nanoseconds since 1970-01-01T00:00:00Z."""

    nanos: int


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable. `absolute` for CEL's leading dot, which skips local names."""

    name: str
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`, or `operand.?field` when `optional`."""

    operand: Expr
    field: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`operand[index]`, or `operand[?index]` when `optional`."""

    operand: Expr
    index: Expr
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """An argument of a call, `value` or `name: value`."""

    name: str | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call of a global function: `size(x)`. Macros are calls too."""

    function: str
    arguments: tuple[Argument, ...]
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class MethodCall(Node):
    """`target.method(...)`: a member function, a macro, or one in a namespace (`math.abs`)."""

    target: Expr
    method: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`!x` or `-x`. A minus sign before a number literal is part of the literal."""

    operator: Literal["!", "-"]
    operand: Expr


BinaryOperator: TypeAlias = Literal["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in"]


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic, a comparison, or `in`."""

    operator: BinaryOperator
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class And(Node):
    """`a && b && ...`, flattened; at least two operands."""

    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """`a || b || ...`, flattened; at least two operands."""

    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`value in low .. high`, both ends included."""

    value: Expr
    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class ListItem(Node):
    """An element of a list literal; `optional` for `?x`."""

    value: Expr
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple[ListItem, ...]


@dataclass(frozen=True, slots=True)
class MapEntry(Node):
    """`key: value`; `optional` for `?key: value`."""

    key: Expr
    value: Expr
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    """`{key: value}`. In test blocks a bare name as key stands for its text."""

    entries: tuple[MapEntry, ...]


Number: TypeAlias = IntLiteral | UintLiteral | DoubleLiteral
LiteralExpr: TypeAlias = (
    NullLiteral
    | BoolLiteral
    | IntLiteral
    | UintLiteral
    | DoubleLiteral
    | StringLiteral
    | BytesLiteral
    | MoneyLiteral
    | DurationLiteral
    | BusinessDaysLiteral
    | TimestampLiteral
)
Expr: TypeAlias = (
    LiteralExpr
    | Name
    | Select
    | Index
    | Call
    | MethodCall
    | Unary
    | Binary
    | And
    | Or
    | Conditional
    | Between
    | ListLiteral
    | MapLiteral
)
