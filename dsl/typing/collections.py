"""Types of `[a, b]` and `{k: v}`: what their elements, keys and values have in common.

Source: docs/language.md#expressions.
"""

from __future__ import annotations

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.messages import types as messages
from gatewright.dsl.typing.base import Env, Inference
from gatewright.dsl.typing.compat import is_dynamic, join, list_of, map_of


def list_(typer: Inference, node: ast.ListLiteral, env: Env) -> t.Type:
    """Return the type of a list literal; elements of several types are of type any."""
    element: t.Type | None = None
    for item in node.items:
        kind = _item(typer, item.value, item.optional, env)
        element = kind if element is None else join(element, kind) or t.ANY
    return list_of(element or t.ANY)


def map_(typer: Inference, node: ast.MapLiteral, env: Env) -> t.Type:
    """Return the type of a map literal; a key that it has twice is reported."""
    key: t.Type | None = None
    value: t.Type | None = None
    seen: dict[object, ast.Expr] = {}
    for entry in node.entries:
        kind = typer.infer_in(entry.key, env)
        if not _may_be_key(kind):
            what = "a key is a `bool`, `int`, `uint` or `string`"
            typer.report(messages.bad_index(entry.key.span, what, kind))
            kind = t.UNKNOWN
        _tell_twice(typer, entry.key, seen)
        key = kind if key is None else join(key, kind) or t.ANY
        item = _item(typer, entry.value, entry.optional, env)
        value = item if value is None else join(value, item) or t.ANY
    return map_of(key or t.ANY, value or t.ANY)


def _item(typer: Inference, value: ast.Expr, optional: bool, env: Env) -> t.Type:
    """Return the type of an element; `?x` takes an optional value and adds its content."""
    kind = typer.infer_in(value, env)
    if not optional or is_dynamic(kind):
        return kind
    if isinstance(kind, t.OptionalType):
        return kind.element
    typer.report(messages.not_iterable(value.span, "?", kind, "an optional value", None))
    return t.UNKNOWN


def _may_be_key(kind: t.Type) -> bool:
    scalar = kind in (t.BOOL, t.INT, t.UINT)
    return scalar or is_dynamic(kind) or isinstance(kind, t.StringType | t.EnumType)


def _tell_twice(typer: Inference, key: ast.Expr, seen: dict[object, ast.Expr]) -> None:
    """Report a literal key that an entry before has; `1` and `1u` are the same key."""
    match key:
        case ast.StringLiteral(value) | ast.IntLiteral(value) | ast.UintLiteral(value):
            identity: object = (type(value), value)
        case ast.BoolLiteral(value):
            identity = (bool, value)
        case _:
            return
    first = seen.setdefault(identity, key)
    if first is not key:
        typer.report(messages.key_twice(key.span, first.span))
