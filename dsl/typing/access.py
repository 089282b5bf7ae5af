"""Types of `x.field`, `x.?field`, `x[key]`, `x[?key]` and `has(x.field)`.

A declared record has the fields it lists and no others; what may be absent must be known to be
there before it is read. Source: docs/language.md#what-a-condition-sees, #declarations.
"""

from __future__ import annotations

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.messages import types as messages
from gatewright.dsl.source import Span
from gatewright.dsl.typing.base import Env, Inference, Need, dotted
from gatewright.dsl.typing.compat import comparable, is_dynamic, optional_of
from gatewright.dsl.typing.places import field_span, spell
from gatewright.dsl.typing.presence import text_of
from gatewright.dsl.typing.scopes import ExpressionScope
from gatewright.dsl.typing.signatures import functions

ASKED = ("count", "sum", "last", "distinct")
"""What a history can be asked. Source: docs/language.md#history."""

_MONEY_FIELDS = {"amount": t.FieldType(t.DECIMAL), "currency": t.FieldType(t.STRING)}
_ANY = t.FieldType(t.ANY)
_BY_ACTION = frozenset({"action", "changes", "target"})


def label(node: ast.Expr, env: Env) -> str:
    """Return ` for action ...` where what a name has depends on the action, else nothing."""
    return label_of(env.scope) if _depends(node) else ""


def label_of(scope: ExpressionScope) -> str:
    """Return ` for action ...` where a scope is that of one action of several."""
    return f" {scope.label}" if scope.label else ""


def _depends(node: ast.Expr) -> bool:
    """Tell whether what a name has depends on the action."""
    found = dotted(node)
    return found is not None and found[0].name in _BY_ACTION


def select(typer: Inference, node: ast.Select, env: Env) -> t.Type:
    """Return the type of `operand.field`."""
    operand = typer.infer_in(node.operand, env)
    return _read(typer, node, operand, node.field, field_span(node), env)


def index(typer: Inference, node: ast.Index, env: Env) -> t.Type:
    """Return the type of `operand[key]`; a key that is a text literal is like a field."""
    operand = typer.infer_in(node.operand, env)
    key = typer.infer_in(node.index, env)
    inner = _inner(operand)
    text = text_of(node.index, env.scope, env.locals)
    if isinstance(inner, t.RecordType | t.ChangesType) and text is not None:
        return _read(typer, node, operand, text, node.index.span, env)
    element = _element(typer, node, inner, key)
    return optional_of(element) if node.optional or inner is not operand else element


def has(typer: Inference, node: ast.Call, env: Env) -> t.Type:
    """Check `has(x.field)`: `x` must be there, the field need not be, but must be declared.

    In the `where` of a history the fields have no `x` before them: `has(field)`.
    """
    argument = node.arguments[0].value
    if isinstance(argument, ast.Name) and env.scope.is_field(argument, env.locals):
        typer.types[id(argument)] = env.scope.names[argument.name]
        return t.BOOL
    if not isinstance(argument, ast.Select) or argument.optional:
        # The field itself may well be absent, so only what it is a field of is looked at.
        part = argument.operand if isinstance(argument, ast.Select | ast.Index) else argument
        typer.infer_in(part, env)
        typer.report(messages.has_without_field(argument.span))
        return t.BOOL
    operand = _inner(typer.infer_in(argument.operand, env))
    found = _field(typer, argument, operand, argument.field, field_span(argument), env)
    typer.types[id(argument)] = found.type
    return t.BOOL


def _inner(operand: t.Type) -> t.Type:
    return operand.element if isinstance(operand, t.OptionalType) else operand


def _read(
    typer: Inference, node: ast.Select | ast.Index, operand: t.Type, name: str, at: Span, env: Env
) -> t.Type:
    inner = _inner(operand)
    found = _field(typer, node, inner, name, at, env)
    if found.type == t.UNKNOWN:
        return t.UNKNOWN
    if node.optional or inner is not operand:
        return optional_of(found.type)
    if found.optional:
        typer.need(_need(typer, node, inner, name, env), env)
    return found.type


def _need(
    typer: Inference, node: ast.Select | ast.Index, record: t.Type, name: str, env: Env
) -> Need:
    test = f"has({spell(node)})"
    event = None
    if isinstance(node, ast.Index):
        test = f"has({spell(node.operand)}.{name})"
    if isinstance(record, t.ChangesType):
        test = f'{spell(node.operand)}.has("{name}")'
    elif isinstance(record, t.RecordType) and record in typer.events:
        declared = typer.events[record].field(name)
        # Every event has this field, so any field of it that is there proves this one.
        if declared is not None and not declared.optional:
            event = env.path(node.operand)
    return Need(env.path(node), event, node, test, _depends(node))


def _field(
    typer: Inference,
    node: ast.Select | ast.Index,
    operand: t.Type,
    name: str,
    at: Span,
    env: Env,
) -> t.FieldType:
    """Return what a field is; one that there cannot be is reported, and unknown."""
    what = spell(node.operand)
    match operand:
        case t.RecordType():
            return operand.field(name) or _missing(typer, operand, name, at, what, node, env)
        case t.ChangesType():
            return _change(typer, operand, name, at, node, env)
        case t.MapType(key, value) if comparable(key, t.STRING):
            return t.FieldType(value)
        case t.MoneyType() if name in _MONEY_FIELDS:
            return _MONEY_FIELDS[name]
        case t.HistoryType():
            known = operand.record.field(name) is not None
            ask = f"write `{what}.last(...).{name}`, or `sum({name}, within: 24h)`"
            typer.report(messages.bad_history_use(at, name, ASKED, ask if known else None))
        case _ if is_dynamic(operand):
            return t.FieldType(operand)
        case _:
            hint = _event_field(node, name, env) or _other_words(operand, name, what)
            typer.report(messages.no_fields(at, operand, name, hint))
    return t.FieldType(t.UNKNOWN)


_OF_TIMESTAMPS = {
    "year": "getFullYear",
    "month": "getMonth",
    "day": "getDate",
    "weekday": "getDayOfWeek",
    "hour": "getHours",
    "minute": "getMinutes",
}


def _other_words(operand: t.Type, name: str, what: str) -> str | None:
    """Say how a part of a value is asked for that has no fields, or not this one."""
    if isinstance(operand, t.MoneyType):
        return f"money has two: `{what}.amount` and `{what}.currency`"
    if operand == t.INT and what == "risk":
        return "`risk` is the score itself: `risk >= 60`"
    if (name, True) in functions():
        return f"it is a function: write `{what}.{name}()`"
    if name in ("length", "len", "count") and isinstance(
        operand, t.StringType | t.ListType | t.MapType
    ):
        return f"write `{what}.size()`"
    if operand == t.TIMESTAMP and name in _OF_TIMESTAMPS:
        return f'write `{what}.{_OF_TIMESTAMPS[name]}("Europe/Berlin")`; without a zone it is UTC'
    return None


def _event_field(node: ast.Select | ast.Index, name: str, env: Env) -> str | None:
    """In the `where` of a history, say that the fields of an event have nothing before them."""
    root = node.operand
    is_event = isinstance(root, ast.Name) and env.scope.is_field(root, env.locals)
    return (
        f"write `{name}`: here it is a name by itself"
        if is_event and (name in env.scope.names)
        else None
    )


def _missing(
    typer: Inference,
    record: t.RecordType,
    name: str,
    at: Span,
    what: str,
    node: ast.Select | ast.Index,
    env: Env,
) -> t.FieldType:
    if record.open:
        return _ANY
    hint = None
    if what == "action" and isinstance(changes := env.scope.names.get("changes"), t.ChangesType):
        found = changes.field(name)
        hint = f"it is a changed field: write `changes.{name}.new`" if found else None
    typer.report(
        messages.unknown_field(at, what, name, record.names, hint, label(node.operand, env))
    )
    return t.FieldType(t.UNKNOWN)


def _change(
    typer: Inference,
    changes: t.ChangesType,
    name: str,
    at: Span,
    node: ast.Select | ast.Index,
    env: Env,
) -> t.FieldType:
    if name == "fields" and isinstance(node, ast.Select):
        names = t.STRING if changes.open or not changes.names else t.EnumType(changes.names)
        return t.FieldType(t.ListType(names))
    declared = changes.field(name)
    if declared is None and not changes.open:
        check_change(typer, changes, name, at, label(node.operand, env))
        return t.FieldType(t.UNKNOWN)
    # A field that is declared as one that may be absent may lack its old or its new value.
    side = t.FieldType(declared.type, declared.optional, declared.secret) if declared else _ANY
    sides = (("old", side), ("new", side))
    return t.FieldType(t.RecordType(f"changes.{name}", sides), optional=True)


def check_change(
    typer: Inference, changes: t.ChangesType, name: str, at: Span, label_: str
) -> None:
    """Report a name that is no field of `changes`."""
    if not changes.open and changes.field(name) is None:
        typer.report(messages.unknown_field(at, "changes", name, changes.names, None, label_))


def _element(typer: Inference, node: ast.Index, operand: t.Type, key: t.Type) -> t.Type:
    at = node.index.span
    match operand:
        case t.ListType(element):
            if not is_dynamic(key) and key not in (t.INT, t.UINT):
                typer.report(messages.bad_index(at, "a position in a list is an `int`", key))
            return element
        case t.MapType(wanted, value):
            if not comparable(wanted, key):
                typer.report(messages.bad_index(at, f"a key of this map is a `{wanted}`", key))
            return value
        case t.RecordType():
            if not comparable(t.STRING, key):
                typer.report(messages.bad_index(at, "the name of a field is a `string`", key))
            return t.ANY
        case t.ChangesType():
            typer.report(messages.change_not_literal(at, 'changes["Amount"]'))
        case _ if is_dynamic(operand):
            return operand
        case _:
            typer.report(messages.bad_index(node.operand.span, "only lists and maps have elements",
                                            operand))  # fmt: skip
    return t.UNKNOWN
