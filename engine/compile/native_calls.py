"""Calls -> native code: `has`, functions, methods, and what only the host can answer.

A few functions become Python's own; every other is called as the interpreter calls it, its overload
chosen beforehand where the kinds of the arguments are sure.
"""

from __future__ import annotations

import ast as pyast
from collections.abc import Callable, Mapping
from typing import Final

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.macros import find_macro
from gatewright.dsl.records import replace
from gatewright.engine.cel import access, functions
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.regexes import compiled
from gatewright.engine.cel.registry import Overload
from gatewright.engine.compile import native_macros
from gatewright.engine.compile import native_runtime as runtime
from gatewright.engine.compile.native_bounds import call_bound
from gatewright.engine.compile.native_code import (
    Cannot,
    Code,
    Place,
    call,
    compare,
    is_text,
    kind_name,
    method,
    normal_node,
    thunk,
    unknown,
)
from gatewright.engine.compile.native_cost import size_of_type
from gatewright.engine.compile.native_paths import is_bound, is_of_locals, path_of

HISTORY_COST = 20
_FIELDS = ("changes", "fields")
"""The list of what changes, which is always there; a field of that name is asked for otherwise."""


def function(expr: ast.Call, place: Place) -> Code:
    """Compile `f(x)` and `has(x.f)`."""
    _refuse_names(expr.arguments)
    if find_macro(expr.function, False, len(expr.arguments)) is not None:
        return _has(expr.arguments[0].value, place)
    if not functions.is_known(expr.function):
        raise Cannot
    return _apply(expr, expr.function, False, _values(expr.arguments, place), place)


def method_call(expr: ast.MethodCall, place: Place) -> Code:
    """Compile `x.f(y)`, a macro, or a function in a namespace."""
    name = _namespaced(expr, place)
    if name is not None:
        _refuse_names(expr.arguments)
        macro = find_macro(name, False, len(expr.arguments))
        if macro is not None:
            return native_macros.bind(expr, place)
        return _apply(expr, name, False, _values(expr.arguments, place), place)
    if all(argument.name is None for argument in expr.arguments):
        macro = find_macro(expr.method, True, len(expr.arguments))
        if macro is not None:
            return native_macros.member(expr, macro, place)
    return _of_host(expr, place) or _member(expr, place)


def _namespaced(expr: ast.MethodCall, place: Place) -> str | None:
    names = path_of(expr.target)
    namespace = ".".join(names)
    if not names or namespace not in functions.NAMESPACES or is_bound(names[0], place):
        return None
    return f"{namespace}.{expr.method}"


def _refuse_names(arguments: tuple[ast.Argument, ...]) -> None:
    if any(argument.name is not None for argument in arguments):
        raise Cannot


def _values(arguments: tuple[ast.Argument, ...], place: Place) -> tuple[Code, ...]:
    return tuple(place.compile(argument.value) for argument in arguments)


# --- what the host answers -----------------------------------------------------------------------


def _of_host(expr: ast.MethodCall, place: Place) -> Code | None:
    """Compile a question about changes, to a history or to a calendar."""
    names = path_of(expr.target)
    if names and names[0] in place.locals:
        return None
    if names == ("changes",):
        return _changes(expr, place)
    # Keys are computed outside of all macros, where a name that one binds may mean something else.
    answered = (names or expr.method == "in") and not is_of_locals(expr, place)
    node = place.env.history(expr) if answered else None
    if node is None:
        return None
    asked = [a.value for a in expr.arguments if a.name is not None]
    asked += [expr.target] if expr.method == "in" else []
    cost = 1 + HISTORY_COST + sum(place.compile(value).cost for value in asked)
    kind = place.env.type_of(expr)
    return Code(node, t.ANY, cost, size_of_type(kind), hint=kind)


def _changes(expr: ast.MethodCall, place: Place) -> Code | None:
    _refuse_names(expr.arguments)
    if len(expr.arguments) != 1:
        raise Cannot
    asked = place.compile(expr.arguments[0].value)
    known = asked.known.content
    node: pyast.expr | None = None
    if expr.method == "has" and isinstance(known, str):
        node = place.env.present(("changes", known))
    elif expr.method == "only" and isinstance(known, tuple):
        named = place.env.read(("changes", "fields"))
        texts = frozenset(name for name in known if isinstance(name, str))
        if named is not None and all(isinstance(name, str) for name in known):
            node = place.helper(runtime.only, named, place.env.constant(texts))
    if node is None:
        raise Cannot
    return Code(node, t.BOOL, 2 + asked.cost)


def _has(argument: ast.Expr, place: Place) -> Code:
    if not isinstance(argument, ast.Select):
        raise Cannot
    names = path_of(argument)
    if names == _FIELDS and names[0] not in place.locals:
        return Code(pyast.Constant(True), t.BOOL, 1 + len(names))
    if names and names[0] not in place.locals:
        node = place.env.present(names)
        if node is not None:
            return Code(node, t.BOOL, 1 + len(names))
    operand = place.compile(argument.operand)
    node = place.helper(access.has, operand.node, pyast.Constant(argument.field))
    return Code(node, t.BOOL, 1 + operand.cost)


# --- functions -----------------------------------------------------------------------------------


def _member(expr: ast.MethodCall, place: Place) -> Code:
    _refuse_names(expr.arguments)
    target = place.compile(expr.target)
    if expr.method in ("or", "orValue") and len(expr.arguments) == 1:
        return _alternative(expr, target, place)
    if expr.method == "in":
        raise Cannot
    return _apply(expr, expr.method, True, (target, *_values(expr.arguments, place)), place)


def _alternative(expr: ast.MethodCall, target: Code, place: Place) -> Code:
    other = place.compile(expr.arguments[0].value)
    body = runtime.or_value if expr.method == "orValue" else runtime.or_other
    node = place.helper(body, target.node, thunk(other.node))
    return unknown(node, place.env.type_of(expr), target, other, size=target.size | other.size)


def _apply(
    expr: ast.Expr, name: str, is_member: bool, arguments: tuple[Code, ...], place: Place
) -> Code:
    """Compile a call whose arguments are compiled."""
    overloads = functions.overloads(name, is_member)
    if not overloads:
        raise Cannot
    sure = tuple(place.sure(argument) for argument in arguments)
    kind = place.env.type_of(expr)
    metered = any(overload.metered for overload in overloads)
    bound = call_bound(name, arguments, kind, metered)
    cost = 1 + bound.cost + sum(argument.cost for argument in arguments)
    native = _NATIVE.get(name)
    made = native(sure, place) if native is not None else None
    if made is not None:
        return replace(made, cost=cost, size=bound.size)
    overload = _overload(overloads, sure)
    if overload is None:
        flags = (pyast.Constant(name), pyast.Constant(is_member))
        node = place.helper(runtime.call, *flags, *(argument.node for argument in arguments))
    else:
        budget = [call(place.env.constant(Budget))] if overload.metered else []
        node = place.helper(overload.body, *budget, *(argument.node for argument in sure))
    return Code(node, t.ANY, cost, bound.size, hint=kind, element=bound.element)


def _overload(overloads: tuple[Overload, ...], arguments: tuple[Code, ...]) -> Overload | None:
    """Choose the overload as a call would, where the kinds of all arguments are sure."""
    kinds = [kind_name(argument.type) for argument in arguments]
    for overload in overloads:
        parameters = overload.parameters * len(kinds) if overload.variadic else overload.parameters
        if len(parameters) != len(kinds) or not kinds:
            continue
        for kind, parameter in zip(kinds, parameters, strict=True):
            if kind is None and parameter != "any":
                return None
            if parameter != "any" and kind not in parameter.split("|"):
                break
        else:
            return overload
    return None


# --- functions that are Python's own ------------------------------------------------------------


def _size(arguments: tuple[Code, ...], place: Place) -> Code | None:
    if len(arguments) != 1 or kind_name(arguments[0].type) not in (
        "string",
        "bytes",
        "list",
        "map",
    ):
        return None
    return Code(call(pyast.Name("len", pyast.Load()), arguments[0].node), t.INT)


def _are_texts(arguments: tuple[Code, ...], number: int) -> bool:
    return len(arguments) == number and all(is_text(argument.type) for argument in arguments)


def _contains(arguments: tuple[Code, ...], place: Place) -> Code | None:
    if not _are_texts(arguments, 2):
        return None
    text, part = (normal_node(argument, place) for argument in arguments)
    return Code(compare(part, pyast.In(), text), t.BOOL)


def _at_end(name: str) -> Callable[[tuple[Code, ...], Place], Code | None]:
    def compiled_call(arguments: tuple[Code, ...], place: Place) -> Code | None:
        if not _are_texts(arguments, 2):
            return None
        text, part = (normal_node(argument, place) for argument in arguments)
        return Code(method(text, name, part), t.BOOL)

    return compiled_call


def _matches(arguments: tuple[Code, ...], place: Place) -> Code | None:
    pattern = arguments[-1].known.content
    if not _are_texts(arguments, 2) or not isinstance(pattern, str) or not arguments[0].normal:
        return None
    found = place.helper(compiled(pattern).search, arguments[0].node)
    return Code(compare(found, pyast.IsNot(), pyast.Constant(None)), t.BOOL)


_NATIVE: Final[Mapping[str, Callable[[tuple[Code, ...], Place], Code | None]]] = {
    "size": _size,
    "contains": _contains,
    "startsWith": _at_end("startswith"),
    "endsWith": _at_end("endswith"),
    "matches": _matches,
}
