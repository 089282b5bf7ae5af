"""Walking expressions: the parts of a node, and all nodes below one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, get_args

from gatewright.dsl import ast

LITERALS: Final = frozenset(get_args(ast.LiteralExpr))
"""The classes of literals."""
_LEAVES: Final = LITERALS | {ast.Name}
"""The classes of expressions without parts, which are most of them."""


_PARTS: Final[dict[type[ast.Expr], Callable[[Any], Sequence[ast.Expr]]]] = {
    ast.Select: lambda node: (node.operand,),
    ast.Unary: lambda node: (node.operand,),
    ast.Index: lambda node: (node.operand, node.index),
    ast.Call: lambda node: [a.value for a in node.arguments],
    ast.MethodCall: lambda node: [node.target, *[a.value for a in node.arguments]],
    ast.Binary: lambda node: (node.left, node.right),
    ast.And: lambda node: node.operands,
    ast.Or: lambda node: node.operands,
    ast.Conditional: lambda node: (node.condition, node.then, node.otherwise),
    ast.Between: lambda node: (node.value, node.low, node.high),
    ast.ListLiteral: lambda node: [item.value for item in node.items],
    ast.MapLiteral: lambda node: [part for e in node.entries for part in (e.key, e.value)],
}
"""The parts of each kind of expression that has some."""


# HOT: every stage goes over every expression.
def children(node: ast.Expr) -> Sequence[ast.Expr]:
    """Return the direct parts of an expression, in the order written."""
    parts = _PARTS.get(type(node))
    return parts(node) if parts is not None else ()


def walk(node: ast.Expr) -> Iterator[ast.Expr]:
    """Yield an expression and everything below it, parents first."""
    todo = [node]
    while todo:
        current = todo.pop()
        yield current
        if type(current) not in _LEAVES:
            todo.extend(reversed(children(current)))


def template_expressions(template: ast.Template | None) -> Iterator[ast.Expr]:
    """Yield the expressions of a `because` text."""
    for part in template.parts if template is not None else ():
        if not isinstance(part, str):
            yield part
