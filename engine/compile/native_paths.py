"""Dotted names: what they are made of, and what a name means where it stands."""

from __future__ import annotations

from gatewright.dsl import ast
from gatewright.dsl.walk import walk
from gatewright.engine.compile.native_code import Place

_ALWAYS = frozenset({"action", "changes", "target", "agent", "context", "now", "data", "risk"})


def path_of(expr: ast.Expr) -> tuple[str, ...]:
    """Return the names of `a.b.c`, or nothing for anything else."""
    names: list[str] = []
    while isinstance(expr, ast.Select) and not expr.optional:
        names.append(expr.field)
        expr = expr.operand
    if not isinstance(expr, ast.Name) or expr.absolute:
        return ()
    return (expr.name, *reversed(names))


def is_bound(name: str, place: Place) -> bool:
    """Tell whether a name means something here, so that it is no namespace of functions."""
    if name in place.locals or name in _ALWAYS or name in place.env.declared:
        return True
    return place.env.let(name) is not None or place.env.read((name,)) is not None


def is_of_locals(call: ast.MethodCall, place: Place) -> bool:
    """Tell whether what is asked, or a key of the question, has a name that a macro binds here."""
    parts = [call.target, *(a.value for a in call.arguments if a.name is not None)]
    named = (node.name for part in parts for node in walk(part) if isinstance(node, ast.Name))
    return any(name in place.locals for name in named)
