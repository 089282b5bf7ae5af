"""Dotted names: what they are made of, and what a name means where it stands."""

from __future__ import annotations

from gatewright.dsl import ast
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
