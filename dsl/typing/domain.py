"""Types of what only policies have: questions to histories and to `changes`, and `agreement`.

Their arguments are not ordinary: bare names of fields and rules, keys, windows.
Source: docs/language.md#what-a-condition-sees, #history.
"""

from __future__ import annotations

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.messages import types as messages
from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.typing.access import ASKED, check_change, label
from gatewright.dsl.typing.base import Env, Inference, dotted
from gatewright.dsl.typing.compat import NUMBERS, is_dynamic
from gatewright.dsl.typing.operators import Operand, mismatch
from gatewright.dsl.typing.places import function_span, method_span, spell
from gatewright.dsl.typing.presence import let_of, resolve, text_of

_NO_KEYS = frozenset({"id", "status", "at", "decided_by", "decided_at"})
"""Fields of an event that are no keys; a history's `where` is the place for `status`."""

_MOST_LISTED = 20
_OF_ITS_ACTIONS = "name a field of its actions"
_SUMMED = NUMBERS | {t.DURATION}
_NEVER_AS_WRITTEN = (t.TIMESTAMP, t.DURATION, t.BYTES)
"""Like money, no values of JSON: a field of type any never equals them."""


# --- histories ----------------------------------------------------------------------------------


def ask_history(typer: Inference, node: ast.MethodCall, history: t.HistoryType, env: Env) -> t.Type:
    """Return the type of `refunds.count(...)`, `sum`, `distinct` or `last`."""
    method = node.method
    if method not in ASKED:
        for argument in node.arguments:
            typer.infer_in(argument.value, env)
        typer.report(messages.bad_history_use(method_span(node), method, ASKED, None))
        return t.UNKNOWN
    positional = [a for a in node.arguments if a.name is None]
    _keys(typer, node, history, env)
    if method in ("sum", "distinct"):
        field = _field(typer, node, positional, history)
        if method == "sum":
            return _sum(typer, positional, field)
        return t.INT
    for argument in positional:
        typer.infer_in(argument.value, env)
        why = f"`{method}` takes only named arguments"
        help = f"write `{method}(customer: action.customer, within: 30d)`"
        typer.report(messages.bad_history_field(argument.span, why, help))
    return t.INT if method == "count" else last_event(typer, history)


def last_event(typer: Inference, history: t.HistoryType) -> t.RecordType:
    """Return the record that `last` gives: of no event, only `at` can be read.

    Source: docs/language.md#history; the time of no event is the beginning of time.
    """
    fields = tuple(
        (name, t.FieldType(field.type, name != "at", field.secret))
        for name, field in history.record.fields
    )
    event = t.RecordType(f"the last event of `{history.name}`", fields, history.record.open)
    typer.events[event] = history.record
    return event


def _keys(typer: Inference, node: ast.MethodCall, history: t.HistoryType, env: Env) -> None:
    """Check the named arguments: keys that exist, of types that fit, and the window."""
    given: dict[str, ast.Argument] = {}
    known = [name for name in history.record.names if name not in _NO_KEYS]
    for argument in node.arguments:
        if argument.name is None:
            continue
        first = given.setdefault(argument.name, argument)
        if first is not argument:
            typer.report(messages.argument_twice(argument.span, argument.name, first.span))
        kind = typer.infer_in(argument.value, env)
        at = argument.span.source.span(
            argument.span.start, argument.span.start + len(argument.name)
        )
        field = history.record.field(argument.name)
        if argument.name == "within":
            _window(typer, argument, kind, env)
        elif field is None and history.record.open:
            pass  # its fields are not known: told where it is declared
        elif field is None or argument.name not in known:
            typer.report(messages.unknown_key(at, history.name, argument.name, known))
        else:
            _key(typer, argument, kind, field.type, env)
    if "within" not in given and node.method != "last":
        why = f"`{node.method}` needs a window: how far it looks back"
        typer.report(messages.bad_window(method_span(node), why))


def _key(typer: Inference, argument: ast.Argument, kind: t.Type, wanted: t.Type, env: Env) -> None:
    value = Operand(argument.value, kind, env.resolve(argument.value))
    # A name that is no literal stands for the field of the events.
    field = ast.Name(argument.name or "", span=argument.span)
    found = mismatch(value, Operand(field, wanted, field), argument.value.span)
    if wanted == t.ANY and (kind in _NEVER_AS_WRITTEN or isinstance(kind, t.MoneyType)):
        help = f"declare a type for `{argument.name}`: what is any is as written, here a text"
        found = messages.incomparable(argument.value.span, kind, wanted, help, ())
    if found is not None:
        typer.report(found)


def _window(typer: Inference, argument: ast.Argument, kind: t.Type, env: Env) -> None:
    at = argument.value.span
    meant = env.resolve(argument.value)
    if kind != t.DURATION and not is_dynamic(kind):
        typer.report(messages.wrong_type(at, "the window of a history", t.DURATION, kind,
                                         "write a length of time: `within: 30d`"))  # fmt: skip
    elif isinstance(meant, ast.DurationLiteral) and meant.nanos <= 0:
        typer.report(messages.bad_window(at, "the window of a history must be longer than nothing"))


def _named_key(value: ast.Expr) -> str | None:
    """Say which key a value is probably meant for: that of the agent, or of its field."""
    if not isinstance(value, ast.Select) or not isinstance(value.operand, ast.Name):
        return None
    key = "agent" if value.operand.name == "agent" else value.field
    return f"write `{key}: {spell(value)}`"


def _field(
    typer: Inference,
    node: ast.MethodCall,
    positional: list[ast.Argument],
    history: t.HistoryType,
) -> t.Type:
    """Return the type of the field that `sum` or `distinct` is about."""
    example = f"write `{node.method}(amount, within: 24h)`"
    if len(positional) > 1 and node.arguments[0] is positional[0]:
        second = positional[1].value
        why = f"`{node.method}` takes one field; keys have names"
        typer.report(messages.bad_history_field(second.span, why, _named_key(second) or example))
        return t.UNKNOWN
    if len(positional) != 1 or node.arguments[0] is not positional[0]:
        why = f"`{node.method}` takes the name of one field first"
        typer.report(messages.bad_history_field(method_span(node), why, example))
        return t.UNKNOWN
    value = positional[0].value
    if not isinstance(value, ast.Name) or value.absolute:
        why = f"the field of `{node.method}` is a bare name"
        last = value.field if isinstance(value, ast.Select) else None
        last = value.value if isinstance(value, ast.StringLiteral) else last
        known = last is not None and history.record.field(last) is not None
        help = f"write `{node.method}({last}, ...)`" if known else example
        typer.report(messages.bad_history_field(value.span, why, help))
        return t.UNKNOWN
    field = history.record.field(value.name)
    if field is None and history.record.open:
        return t.UNKNOWN  # as for keys
    if field is None:
        why = f"the events of `{history.name}` have no field `{value.name}`"
        names = history.record.names
        listed = ", ".join(f"`{name}`" for name in names)
        fields = f"the fields are {listed}" if len(names) <= _MOST_LISTED else _OF_ITS_ACTIONS
        hint = nearest(value.name, names) or fields
        typer.report(messages.bad_history_field(value.span, why, hint))
        return t.UNKNOWN
    typer.types[id(value)] = field.type
    return field.type


def _sum(typer: Inference, positional: list[ast.Argument], field: t.Type) -> t.Type:
    if is_dynamic(field) or field in _SUMMED or isinstance(field, t.MoneyType):
        return field
    value = positional[0].value
    why = f"`{spell(value)}` is `{field}` and cannot be added up"
    help = "sum a field of numbers, decimals, money or durations"
    typer.report(messages.bad_history_field(value.span, why, help))
    return t.UNKNOWN


# --- changes ------------------------------------------------------------------------------------


def ask_changes(typer: Inference, node: ast.MethodCall, changes: t.ChangesType, env: Env) -> t.Type:
    """Check `changes.has("F")` and `changes.only(["F", "G"])`; both are bool."""
    values = [argument.value for argument in node.arguments]
    for argument in node.arguments:
        typer.infer_in(argument.value, env)
        if argument.name is not None:
            typer.report(messages.named_argument(argument.span, argument.name, node.method))
    forms = {"has": 'changes.has("Amount")', "only": 'changes.only(["Amount"])'}
    if node.method not in forms:
        typer.report(messages.bad_changes_use(method_span(node), node.method, forms))
        return t.UNKNOWN
    form = forms[node.method]
    if len(values) != 1:
        why = f"takes one argument, not {len(values)}"
        typer.report(messages.bad_macro(method_span(node), f"changes.{node.method}", why, form))
        return t.BOOL
    if node.method == "has":
        _changed_field(typer, node, values[0], changes, form, env)
        return t.BOOL
    listed, home = resolve(values[0], env.scope, env.locals)
    if isinstance(listed, ast.StringLiteral):
        form = f'changes.only(["{listed.value}"])'
        typer.report(messages.change_not_literal(values[0].span, form, listed=True))
        return t.BOOL
    if not isinstance(listed, ast.ListLiteral):
        typer.report(messages.change_not_literal(values[0].span, form))
        return t.BOOL
    inner = env
    if listed is not values[0]:
        inner = Env(home, env.facts, {})
        if (id(listed), home, changes) in typer.fitting:
            return t.BOOL
        names = [text_of(item.value, home, {}) for item in listed.items]
        if all(name is not None and changes.field(name) is not None for name in names):
            typer.fitting.add((id(listed), home, changes))
            return t.BOOL
    for item in listed.items:
        _changed_field(typer, node, item.value, changes, form, inner)
    return t.BOOL


def _changed_field(
    typer: Inference,
    node: ast.MethodCall,
    value: ast.Expr,
    changes: t.ChangesType,
    form: str,
    env: Env,
) -> None:
    name = text_of(value, env.scope, env.locals)
    if name is None:
        typer.report(messages.change_not_literal(value.span, form))
    else:
        check_change(typer, changes, name, value.span, label(node.target, env))


# --- agreement ----------------------------------------------------------------------------------


def agreement(typer: Inference, node: ast.Call, env: Env) -> t.Type:
    """Check `agreement(rule, within: 90d)`, the share of approvals; the rule is a bare name."""
    rules = [a for a in node.arguments if a.name is None]
    others = [a for a in node.arguments if a.name is not None]
    windows = [a for a in others if a.name == "within"]
    comes_first = len(rules) == 1 and node.arguments[0] is rules[0]
    named = dotted(rules[0].value) if comes_first else None
    if named is None or let_of(rules[0].value, env.scope, env.locals) is not None:
        typer.report(messages.agreement_without_rule(function_span(node)))
    elif named[1] not in env.scope.rules:
        typer.report(name_messages.unknown_rule(rules[0].value.span, named[1], env.scope.rules))
    for argument in others:
        kind = typer.infer_in(argument.value, env)
        if argument.name != "within":
            typer.report(messages.named_argument(argument.span, argument.name or "", "agreement"))
        elif argument is windows[0]:
            _window(typer, argument, kind, env)
        else:
            typer.report(messages.argument_twice(argument.span, "within", windows[0].span))
    if not windows:
        why = "`agreement` needs a window: how far it looks back"
        typer.report(messages.bad_window(function_span(node), why))
    return t.DOUBLE
