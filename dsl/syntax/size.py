"""A syntax tree -> whether there is more in the file than a check goes through at once.

What a declaration costs hangs on what it is, so the limit of tokens alone is none: a `cases` of
some thousand tokens takes as long as lists of fifty thousand. Source: docs/language.md#limits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, get_args

from gatewright.dsl import ast, limits
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages import limits as messages
from gatewright.dsl.nodes import nodes_by_kind

_ROWS: Final = frozenset({ast.TierRow, ast.TableRow, ast.CaseRow})
_PARTS: Final = frozenset({*get_args(ast.Expr), ast.AnyCell})


class _Count:
    """How many nodes of some kinds a file has so far, and the first that is one too many."""

    def __init__(self, kinds: frozenset[type[Any]], most: int, what: str) -> None:
        self._kinds = kinds
        self._most = most
        self._what = what
        self._count = 0

    def add(self, found: dict[type[Any], list[Any]]) -> Diagnostic | None:
        """Count the nodes of a declaration, and return what is wrong once there are too many."""
        nodes = [node for kind in self._kinds & found.keys() for node in found[kind]]
        left = self._most - self._count
        self._count += len(nodes)
        if len(nodes) <= left:
            return None
        first = sorted(nodes, key=lambda node: node.span.start)[left]
        return messages.too_much(first.span, self._what, self._most)


def excess(declarations: Iterable[ast.Declaration]) -> Diagnostic | None:
    """Return what is wrong where a file has too many declarations, rows or parts of expressions.

    Cost: linear in the tree.
    """
    rows = _Count(_ROWS, limits.MAX_ROWS, "rows of `tier`, `table` and `cases`")
    parts = _Count(_PARTS, limits.MAX_PARTS, "names, values, calls and operators")
    for number, declaration in enumerate(declarations):
        if number == limits.MAX_DECLARATIONS:
            return messages.too_much(declaration.span, "declarations", number)
        found = nodes_by_kind(declaration)
        problem = rows.add(found) or parts.add(found)
        if problem is not None:
            return problem
    return None
