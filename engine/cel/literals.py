"""What literals stand for: their values, and numbers read exactly beside what is exact.

The literals of an expression are syntax, so that how they are read may depend on what stands beside
them. Source: docs/language.md#expressions.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TypeGuard

from gatewright.dsl import ast
from gatewright.engine.cel import operators
from gatewright.engine.decimals import parse_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Duration, Map, Money, Timestamp, Uint, Value, int64


def literal(expr: ast.LiteralExpr) -> Value:
    """Return the value of a literal."""
    match expr:
        case ast.IntLiteral():
            return int64(expr.value)
        case ast.StringLiteral() | ast.BoolLiteral() | ast.BytesLiteral() | ast.DoubleLiteral():
            return expr.value
        case ast.NullLiteral():
            return None
        case ast.UintLiteral():
            return Uint(expr.value)
        case ast.MoneyLiteral():
            return Money(expr.amount, expr.currency)
        case ast.DurationLiteral():
            return Duration(expr.nanos)
        case ast.TimestampLiteral():
            return Timestamp(expr.nanos)
        case ast.BusinessDaysLiteral():
            raise EvaluationError(
                "invalid_argument", "business days are only for the times of a route"
            )


def beside(expr: ast.Expr, value: Value, other: Value) -> Value:
    """Return the value of an operand, read exactly where the other operand is exact.

    `50.10` beside a decimal or money is the decimal 50.10, and so are the elements of a list
    literal in `x in [50.10, 60.20]`. Source: docs/language.md#expressions.
    """
    if not isinstance(other, (Decimal, Money)):
        return value
    if isinstance(expr, ast.DoubleLiteral):
        return parse_decimal(expr.text)
    if isinstance(expr, ast.Unary) and isinstance(expr.operand, ast.DoubleLiteral):
        return operators.negate(parse_decimal(expr.operand.text))
    if isinstance(value, tuple) and _is_plain_list(expr, value):
        return tuple(beside(i.value, v, other) for i, v in zip(expr.items, value, strict=True))
    return value


def parts_beside(expr: ast.Expr, value: Value, other: Value) -> Value:
    """Return the value of an operand of `==`: list and map literals are read part by part."""
    if isinstance(other, tuple) and isinstance(value, tuple) and _is_plain_list(expr, value):
        both = zip(expr.items, value, other, strict=False)
        read = tuple(parts_beside(item.value, part, wanted) for item, part, wanted in both)
        return read + value[len(read) :]
    if isinstance(other, Map) and isinstance(value, Map) and isinstance(expr, ast.MapLiteral):
        return _map_beside(expr, value, other)
    return beside(expr, value, other)


def _is_plain_list(expr: ast.Expr, value: tuple[Value, ...]) -> TypeGuard[ast.ListLiteral]:
    return isinstance(expr, ast.ListLiteral) and len(expr.items) == len(value)


def _map_beside(expr: ast.MapLiteral, value: Map, other: Map) -> Map:
    if len(expr.entries) != len(value):  # an entry may be optional, and absent
        return value
    both = zip(expr.entries, value.items(), strict=True)
    return Map((k, parts_beside(e.value, v, other[k]) if k in other else v) for e, (k, v) in both)


def pairs_beside(
    expr: ast.Binary, wanted: Value, values: tuple[Value, ...]
) -> Iterator[tuple[Value, Value]]:
    """Yield each element of a list with what is looked for, each read beside the other."""
    literal_list = expr.right if _is_plain_list(expr.right, values) else None
    for position, value in enumerate(values):
        read = parts_beside(expr.left, wanted, value)
        item = literal_list.items[position].value if literal_list is not None else None
        yield value if item is None else parts_beside(item, value, read), read
