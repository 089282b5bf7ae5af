"""What expressions without native code cost the interpreter, where nothing of any length is walked.

Native code knows the values that it reads. Here nothing is known of them: a bound is given where an
expression costs the same whatever they are. Source: docs/language.md#limits; `engine/cel`, which
charges.
"""

from __future__ import annotations

from collections.abc import Callable

from gatewright.dsl import ast
from gatewright.dsl.walk import LITERALS, children
from gatewright.engine.cel.budget import CHARS_A_STEP
from gatewright.engine.cel.comparison import FREE_TEXT, MAX_GROWTH

IsCalendar = Callable[[ast.Expr], bool]
"""Tells whether an expression names a calendar."""

_TEXTS = (ast.StringLiteral, ast.BytesLiteral)


def plain_cost(expr: ast.Expr, is_calendar: IsCalendar) -> int | None:
    """Return the most steps that an expression takes, lets apart; None where that is unknown."""
    beyond = _beyond_parts(expr, is_calendar)
    if beyond is None:
        return None
    total = 1 + beyond
    for part in _evaluated(expr):
        cost = plain_cost(part, is_calendar)
        if cost is None:
            return None
        total += cost
    return total


def _evaluated(expr: ast.Expr) -> list[ast.Expr]:
    """Return the parts that are evaluated, as often as they are."""
    match expr:
        case ast.MethodCall(target, "in"):
            return [target, target, *children(expr)]  # the calendar reads the instant once more
        case _:
            return list(children(expr))


def _beyond_parts(expr: ast.Expr, is_calendar: IsCalendar) -> int | None:
    """Return what an expression costs beyond its parts and the step for itself."""
    match expr:
        case ast.Name() | ast.Select() | ast.And() | ast.Or() | ast.Unary() | ast.Conditional():
            return 0
        case ast.Binary("==" | "!=", left, right):
            return _of_equality(left, right)
        case ast.Binary("<" | "<=" | ">" | ">=", left, right):
            return 0 if _is_number(left) or _is_number(right) else None
        case ast.Between(_, low, high):
            return 0 if _is_number(low) and _is_number(high) else None
        case ast.ListLiteral(items) if all(type(item.value) in LITERALS for item in items):
            return 0
        case ast.Call("has", (ast.Argument(None, ast.Select()),)):
            return 0
        case ast.MethodCall(ast.Name("changes"), "has" | "only", (ast.Argument(None, _),)):
            return 0
        case ast.MethodCall(ast.Select(ast.Name("context"), "evidence"), "size", ()):
            return 0  # a list, always
        case ast.MethodCall(_, "in", (ast.Argument(None, container),)) if is_calendar(container):
            return 0
        case _:
            return 0 if type(expr) in LITERALS else None


def _of_equality(left: ast.Expr, right: ast.Expr) -> int | None:
    """Return what comparing costs beyond its operands, of which one is a literal: no more."""
    for side in (left, right):
        if isinstance(side, _TEXTS):
            # The other one may be longer, and still be put into normal form.
            longest = MAX_GROWTH * len(side.value)
            longer = longest // CHARS_A_STEP if longest > FREE_TEXT else 0
            return 1 + len(side.value) // CHARS_A_STEP + longer
        if type(side) in LITERALS:
            return 1
    return None


def _is_number(expr: ast.Expr) -> bool:
    """Tell whether something is a literal with which no text is compared for its order."""
    return type(expr) in LITERALS and not isinstance(expr, _TEXTS)
