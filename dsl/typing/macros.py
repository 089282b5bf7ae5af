"""Types of macro calls: `all`, `exists`, `map`, `filter`, `cel.bind` and the others.

The names that a macro binds have the type of what it goes through: elements of a list, keys of a
map, with two names positions and elements, or keys and values. Source: cel-spec langdef.md,
"Macros"; cel-go's extensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.macros import Macro, find_macro
from gatewright.dsl.messages import types as messages
from gatewright.dsl.typing.base import Env, Inference
from gatewright.dsl.typing.compat import as_map, is_dynamic, list_of, map_of, optional_of, orderable
from gatewright.dsl.typing.places import method_span

FORMS: Mapping[str, str] = {
    "has": "has(action.reason)",
    "cel.bind": "cel.bind(name, value, expression)",
    "all": "list.all(x, x > 0)",
    "exists": "list.exists(x, x > 0)",
    "exists_one": "list.exists_one(x, x > 0)",
    "existsOne": "list.existsOne(x, x > 0)",
    "map": "list.map(x, x + 1)",
    "filter": "list.filter(x, x > 0)",
    "transformList": "list.transformList(i, x, x + i)",
    "transformMap": "map.transformMap(key, value, value + 1)",
    "transformMapEntry": "map.transformMapEntry(key, value, {value: key})",
    "sortBy": "list.sortBy(x, x.name)",
    "optMap": "optional.optMap(x, x + 1)",
    "optFlatMap": "optional.optFlatMap(x, x.?field)",
}
"""How each macro is written, for messages."""

_CONDITIONS = frozenset({"all", "exists", "exists_one", "existsOne", "filter"})
_OPTIONAL = frozenset({"optMap", "optFlatMap"})


def expand(typer: Inference, node: ast.MethodCall, target: t.Type | None, env: Env) -> t.Type:
    """Return the type of a macro call; `target` is None for `cel.bind`."""
    name = node.method if target is not None else f"cel.{node.method}"
    macro = find_macro(name, target is not None, len(node.arguments))
    assert macro is not None  # noqa: S101 - the caller has found it
    values = [argument.value for argument in node.arguments]
    names = _variables(typer, node, macro)
    source = typer.infer_in(values[1], env) if target is None else as_map(target)
    kinds = _elements(typer, node, name, source, len(macro.variables))
    inside = env.binding(dict(zip(names, kinds, strict=True))) if names else None
    if inside is None:
        return t.UNKNOWN
    *conditions, last = [values[i] for i in macro.bodies]
    for condition in [last] if name in _CONDITIONS else conditions:
        typer.expect_bool(condition, inside, f"the condition of `{name}`")
        known = typer.presence.outcomes(condition, inside.scope, inside.locals)[0]
        inside = inside.knowing(known)
    result = t.BOOL if name in _CONDITIONS else typer.infer_in(last, inside)
    return _RESULTS[name](typer, source, kinds, last, result)


def _variables(typer: Inference, node: ast.MethodCall, macro: Macro) -> list[str]:
    """Return the names that a macro binds; none, reported, where they are not plain names."""
    names: list[str] = []
    for position in macro.variables:
        value = node.arguments[position].value
        if not isinstance(value, ast.Name) or value.absolute:
            why = "binds a plain name here"
        elif value.name in names:
            why = "needs two different names"
        else:
            names.append(value.name)
            continue
        typer.report(messages.bad_macro(value.span, macro.name, why, FORMS[macro.name]))
        return []
    return names


def _elements(
    typer: Inference, node: ast.MethodCall, name: str, source: t.Type, count: int
) -> list[t.Type]:
    """Return the types of the names that a macro binds."""
    if name == "cel.bind":
        return [source]
    match source:
        case t.OptionalType(element) if name in _OPTIONAL:
            return [element]
        case t.ListType(element) if name not in _OPTIONAL:
            return [element] if count == 1 else [t.INT, element]
        case t.MapType(key, value) if name not in _OPTIONAL and name != "sortBy":
            return [key] if count == 1 else [key, value]
        case _ if is_dynamic(source):
            return [source] * count
        case _:
            optional = name in _OPTIONAL
            wanted = "an optional value" if optional else "a list or a map"
            wanted = "a list" if name == "sortBy" else wanted
            is_text = isinstance(source, t.StringType)
            help = 'split a text first: `x.split(",")`' if is_text and not optional else None
            typer.report(messages.not_iterable(method_span(node), name, source, wanted, help))
            return [t.UNKNOWN] * count


# What a macro gives, from what it goes through, the types of its names, its last body and the
# type of that.
_Result = Callable[[Inference, t.Type, list[t.Type], ast.Expr, t.Type], t.Type]


def _same(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    return result


def _list(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    return list_of(result)


def _filtered(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    return list_of(kinds[0])


def _map(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    return map_of(kinds[0], result)


def _entries(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    made = as_map(result)
    if isinstance(made, t.MapType) or is_dynamic(made):
        return made
    typer.report(messages.not_iterable(body.span, "transformMapEntry", result, "a map", None))
    return t.UNKNOWN


def _sorted(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    enum = isinstance(result, t.EnumType)
    if result != t.UNKNOWN and not enum and not orderable(result, result):
        typer.report(messages.not_iterable(body.span, "sortBy", result,
                                           "values that have an order", None))  # fmt: skip
    return source


def _optional(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    return optional_of(result)


def _flat(
    typer: Inference, source: t.Type, kinds: list[t.Type], body: ast.Expr, result: t.Type
) -> t.Type:
    if isinstance(result, t.OptionalType) or is_dynamic(result):
        return result
    typer.report(messages.not_iterable(body.span, "optFlatMap", result, "an optional value", None))
    return t.UNKNOWN


_RESULTS: Mapping[str, _Result] = {
    "cel.bind": _same,
    "all": _same,
    "exists": _same,
    "exists_one": _same,
    "existsOne": _same,
    "map": _list,
    "filter": _filtered,
    "transformList": _list,
    "transformMap": _map,
    "transformMapEntry": _entries,
    "sortBy": _sorted,
    "optMap": _optional,
    "optFlatMap": _flat,
}
