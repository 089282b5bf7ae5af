"""The macros of the expression language: calls whose arguments are not all evaluated first.

The checker reads from here which arguments are names and which expressions see them; what a
macro computes is the engine's business. Source: cel-spec langdef.md, "Macros", and cel-go's
extensions (bindings, optionals, two-variable comprehensions, lists).
"""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl import ast
from gatewright.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Macro:
    """One form of a macro.

    `variables` are the positions of the arguments that must be plain names, `bodies` of those that
    are evaluated with these names bound. Any other argument is evaluated once, outside.
    """

    name: str
    is_member: bool
    arity: int
    variables: tuple[int, ...] = ()
    bodies: tuple[int, ...] = ()


MACROS: tuple[Macro, ...] = (
    Macro("has", False, 1),
    Macro("cel.bind", False, 3, (0,), (2,)),
    *(
        Macro(name, True, arity, tuple(range(arity - 1)), (arity - 1,))
        for name in ("all", "exists", "exists_one", "existsOne")
        for arity in (2, 3)
    ),
    Macro("map", True, 2, (0,), (1,)),
    Macro("map", True, 3, (0,), (1, 2)),
    Macro("filter", True, 2, (0,), (1,)),
    *(
        Macro(name, True, arity, (0, 1), tuple(range(2, arity)))
        for name in ("transformList", "transformMap", "transformMapEntry")
        for arity in (3, 4)
    ),
    Macro("sortBy", True, 2, (0,), (1,)),
    Macro("optMap", True, 2, (0,), (1,)),
    Macro("optFlatMap", True, 2, (0,), (1,)),
)
"""Every macro. A dotted name is a namespace and a function: `cel.bind(x, 1, x + x)`."""

_BY_FORM: Mapping[tuple[str, bool, int], Macro] = {
    (m.name, m.is_member, m.arity): m for m in MACROS
}


def find_macro(name: str, is_member: bool, arity: int) -> Macro | None:
    """Return the macro that a call of this form is, if it is one."""
    return _BY_FORM.get((name, is_member, arity))


def macro_of(call: ast.Call | ast.MethodCall) -> Macro | None:
    """Return the macro that a call is by its form, whatever the names in it stand for."""
    count = len(call.arguments)
    if isinstance(call, ast.Call):
        return find_macro(call.function, False, count)
    member = find_macro(call.method, True, count)
    if member is None and isinstance(call.target, ast.Name):
        return find_macro(f"{call.target.name}.{call.method}", False, count)  # such as cel.bind
    return member


def bound_by(expr: ast.Expr) -> frozenset[str]:
    """Return the names that a macro binds; none for what is no macro."""
    if not isinstance(expr, ast.Call | ast.MethodCall):
        return frozenset()
    macro = macro_of(expr)
    variables = macro.variables if macro is not None else ()
    values = [expr.arguments[position].value for position in variables]
    return frozenset(value.name for value in values if isinstance(value, ast.Name))
