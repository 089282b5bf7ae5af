"""Types of function calls: which signature fits, and what the arguments must be.

Patterns of regular expressions must be literals that compile. Source: docs/language.md#expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Label
from gatewright.dsl.macros import MACROS, find_macro
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import types as messages
from gatewright.dsl.source import Span
from gatewright.dsl.typing.access import ASKED, has
from gatewright.dsl.typing.base import Env, Inference
from gatewright.dsl.typing.choosing import Choice, choose
from gatewright.dsl.typing.compat import Bindings, Fit, as_map, fits
from gatewright.dsl.typing.domain import agreement, ask_changes, ask_history
from gatewright.dsl.typing.macros import FORMS, expand
from gatewright.dsl.typing.places import function_span, method_span, spell
from gatewright.dsl.typing.signatures import Signature, functions

_ELSEWHERE: Mapping[str, str] = {
    "length": "size()",
    "len": "size()",
    "count": "size()",
    "lower": "lowerAscii()",
    "toLowerCase": "lowerAscii()",
    "upper": "upperAscii()",
    "toUpperCase": "upperAscii()",
    "includes": "contains(...)",
    "any": "exists(x, ...)",
    "some": "exists(x, ...)",
    "every": "all(x, ...)",
}
"""What functions of other languages are called here."""


def call(typer: Inference, node: ast.Call, env: Env) -> t.Type:
    """Return the type of `function(...)`."""
    name = node.function
    macro = find_macro(name, False, len(node.arguments))
    if macro is not None:
        _refuse_names(typer, name, node.arguments)
        return has(typer, node, env)
    if name == "agreement":
        return agreement(typer, node, env)
    found = env.scope.function(name) or functions().get((name, False), ())
    if not found:
        if name not in FORMS:
            _arguments(typer, name, node.arguments, env)
        _unknown(typer, function_span(node), name, env)
        return t.UNKNOWN
    return _apply(typer, name, found, None, node.arguments, function_span(node), env)


def method_call(typer: Inference, node: ast.MethodCall, env: Env) -> t.Type:
    """Return the type of `target.method(...)`, or of `namespace.function(...)`."""
    if isinstance(node.target, ast.Name) and env.scope.is_namespace(node.target, env.locals):
        return _namespaced(typer, node, f"{node.target.name}.{node.method}", env)
    target = typer.infer_in(node.target, env)
    if isinstance(target, t.HistoryType):
        return ask_history(typer, node, target, env)
    if isinstance(target, t.ChangesType):
        return ask_changes(typer, node, target, env)
    if find_macro(node.method, True, len(node.arguments)) is not None:
        _refuse_names(typer, node.method, node.arguments)
        return expand(typer, node, target, env)
    return _member(typer, node, target, env)


def _namespaced(typer: Inference, node: ast.MethodCall, name: str, env: Env) -> t.Type:
    found = functions().get((name, False))
    if find_macro(name, False, len(node.arguments)) is not None:
        _refuse_names(typer, name, node.arguments)
        return expand(typer, node, None, env)
    if found is not None:
        return _apply(typer, name, found, None, node.arguments, method_span(node), env)
    if name in FORMS:
        why = f"does not take {_counted(node.arguments)}"
        typer.report(messages.bad_macro(method_span(node), name, why, FORMS[name]))
        return t.UNKNOWN
    _arguments(typer, name, node.arguments, env)
    prefix = name.partition(".")[0] + "."
    known = [other for other, _ in functions() if other.startswith(prefix)]
    typer.report(messages.unknown_function(method_span(node), name, known, None))
    return t.UNKNOWN


def _member(typer: Inference, node: ast.MethodCall, target: t.Type, env: Env) -> t.Type:
    name, at = node.method, method_span(node)
    found = functions().get((name, True))
    if target == t.UNKNOWN and (found is None or name in ASKED) and name not in FORMS:
        # Perhaps a misspelt history: its arguments have names, or are bare fields.
        for argument in node.arguments:
            if argument.name is not None or name not in ASKED:
                typer.infer_in(argument.value, env)
        return t.UNKNOWN
    if found is not None:
        return _apply(typer, name, found, (node.target, target), node.arguments, at, env)
    if name in FORMS:
        why = f"does not take {_counted(node.arguments)}"
        typer.report(messages.bad_macro(at, name, why, FORMS[name]))
        return t.UNKNOWN
    _arguments(typer, name, node.arguments, env)
    hint = f"write `{name}({spell(node.target)})`" if (name, False) in functions() else None
    if name in _ELSEWHERE:
        hint = f"write `{spell(node.target)}.{_ELSEWHERE[name]}`"
    typer.report(messages.unknown_function(at, name, _members_of(target), hint))
    return t.UNKNOWN


def _counted(arguments: tuple[ast.Argument, ...]) -> str:
    return "1 argument" if len(arguments) == 1 else f"{len(arguments)} arguments"


def _members_of(target: t.Type) -> list[str]:
    """Return the member functions and macros that a value of this type has."""
    kind = as_map(target)
    names = [
        name
        for (name, is_member), signatures in functions().items()
        if is_member and any(_receives(s, kind) for s in signatures)
    ]
    return names + [macro.name for macro in MACROS if macro.is_member]


def _receives(signature: Signature, target: t.Type) -> bool:
    return any(fits(target, k, Bindings()) is not Fit.NO for k in signature.parameters[0].types)


def _unknown(typer: Inference, at: Span, name: str, env: Env) -> None:
    """Report an unknown global function."""
    hint = None
    members = functions().get((name, True))
    if members is not None:
        hint = f"it is written after a value: `x.{name}(...)`"
    elif name in ASKED:
        hint = f"it is asked of a history: `refunds.{name}(...)`"
    elif name in ("len", "length"):
        hint = "write `x.size()`"
    elif name in env.scope.names or name in env.scope.lets:
        hint = f"`{name}` is a value, not a function"
    elif name in FORMS:
        hint = f"write it as `{FORMS[name]}`"
    known = [other for other, is_member in functions() if not is_member]
    known += [one.name for one in env.scope.functions] + ["has", "agreement"]
    typer.report(messages.unknown_function(at, name, known, hint))


# --- arguments ----------------------------------------------------------------------------------


def _refuse_names(typer: Inference, name: str, arguments: Iterable[ast.Argument]) -> None:
    for argument in arguments:
        if argument.name is not None:
            typer.report(messages.named_argument(argument.span, argument.name, name))


def _arguments(
    typer: Inference, name: str, arguments: tuple[ast.Argument, ...], env: Env
) -> tuple[t.Type, ...]:
    _refuse_names(typer, name, arguments)
    return tuple(typer.infer_in(argument.value, env) for argument in arguments)


def _apply(
    typer: Inference,
    name: str,
    found: tuple[Signature, ...],
    receiver: tuple[ast.Expr, t.Type] | None,
    arguments: tuple[ast.Argument, ...],
    at: Span,
    env: Env,
) -> t.Type:
    """Choose the signature of a call and check what is special about its arguments."""
    given = _arguments(typer, name, arguments, env)
    nodes = [argument.value for argument in arguments]
    if receiver is not None:
        nodes.insert(0, receiver[0])
        given = (receiver[1], *given)
    choice = choose(found, given)
    if choice.result is None:
        _misfit(typer, name, (found, choice), nodes, given, at)
        return t.UNKNOWN
    fitting = next((s for s in found if s.takes(len(given))), found[0])
    for position, node in enumerate(nodes):
        parameter = fitting.parameter(position)
        if parameter.is_pattern:
            _pattern(typer, name, node, env)
        for kind in parameter.types:
            if isinstance(kind, t.EnumType):
                _word(typer, node, kind, env)
    return choice.result


def _misfit(
    typer: Inference,
    name: str,
    chosen: tuple[tuple[Signature, ...], Choice],
    nodes: list[ast.Expr],
    given: tuple[t.Type, ...],
    at: Span,
) -> None:
    found, choice = chosen
    forms = [one.text for one in found]
    is_member = found[0].is_member
    shown = given[1:] if is_member else given
    if choice.currencies is not None:
        labels = tuple(
            Label(node.span, f"this is {kind}")
            for node, kind in zip(nodes, given, strict=True)
            if isinstance(kind, t.MoneyType)
        )
        typer.report(messages.two_currencies(at, *choice.currencies, labels))
        return
    if choice.misfit is not None:
        # The receiver alone does not fit: the arguments are beside the point.
        shown = (given[choice.misfit],)
        at = at if is_member and choice.misfit == 0 else nodes[choice.misfit].span
    typer.report(messages.bad_arguments(at, name, shown, forms))


def _word(typer: Inference, node: ast.Expr, enum: t.EnumType, env: Env) -> None:
    """Check a literal that must be one of some words, such as a way to round."""
    meant = env.resolve(node)
    if isinstance(meant, ast.StringLiteral) and meant.value not in enum.values:
        typer.report(messages.not_in_enum(node.span, meant.value, enum.values, "a way to round"))


# --- patterns -----------------------------------------------------------------------------------


def _pattern(typer: Inference, name: str, node: ast.Expr, env: Env) -> None:
    """Check that a regular expression is a literal, and is one."""
    meant = env.resolve(node)
    if not isinstance(meant, ast.StringLiteral):
        if typer.type_of(node) != t.UNKNOWN:
            typer.report(messages.pattern_not_literal(node.span, name))
        return
    patterns = typer.patterns
    if patterns.are_too_large:
        return  # told at the first that was too much
    why = patterns.problem(meant.value)
    if patterns.are_too_large:
        typer.report(limit_messages.too_large_patterns(node.span))
    elif why is not None:
        labels = () if meant is node else (Label(meant.span, "the pattern is written here"),)
        typer.report(messages.bad_pattern(node.span, why, labels))
