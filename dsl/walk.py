"""Walking expressions: the parts of a node, and all nodes below one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from gatewright.dsl import ast

LITERALS: Final = frozenset(get_args(ast.LiteralExpr))
"""The classes of literals."""
_LEAVES: Final = LITERALS | {ast.Name}
"""The classes of expressions without parts, which are most of them."""


def children(node: ast.Expr) -> Iterator[ast.Expr]:
    """Yield the direct parts of an expression, in the order written."""
    match node:
        case ast.Select(operand=operand) | ast.Unary(operand=operand):
            yield operand
        case ast.Index(operand=operand, index=index):
            yield from (operand, index)
        case ast.Call(arguments=arguments):
            yield from (a.value for a in arguments)
        case ast.MethodCall(target=target, arguments=arguments):
            yield target
            yield from (a.value for a in arguments)
        case ast.Binary(left=left, right=right):
            yield from (left, right)
        case ast.And(operands=operands) | ast.Or(operands=operands):
            yield from operands
        case ast.Conditional(condition=condition, then=then, otherwise=otherwise):
            yield from (condition, then, otherwise)
        case ast.Between(value=value, low=low, high=high):
            yield from (value, low, high)
        case ast.ListLiteral(items=items):
            yield from (item.value for item in items)
        case ast.MapLiteral(entries=entries):
            for entry in entries:
                yield from (entry.key, entry.value)
        case _:
            return


def walk(node: ast.Expr) -> Iterator[ast.Expr]:
    """Yield an expression and everything below it, parents first."""
    todo = [node]
    while todo:
        current = todo.pop()
        yield current
        if type(current) not in _LEAVES:
            todo.extend(reversed(list(children(current))))


def template_expressions(template: ast.Template | None) -> Iterator[ast.Expr]:
    """Yield the expressions of a `because` text."""
    for part in template.parts if template is not None else ():
        if not isinstance(part, str):
            yield part
