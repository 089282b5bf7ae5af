"""Expression tree -> value: the reference interpreter, a walk over the nodes of `dsl.ast`.

It is slow and obvious on purpose. `&&`, `||`, `all` and `exists` absorb errors as CEL says; any
other error ends the evaluation. Whatever goes wrong is an EvaluationError.
Source: docs/language.md#how-a-decision-is-made, #expressions; cel-spec langdef.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from gatewright.dsl import ast
from gatewright.dsl.macros import Macro, find_macro
from gatewright.dsl.walk import LITERALS
from gatewright.engine.cel import access, functions, operators
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import any_equal, charge_key, compare, has_text
from gatewright.engine.cel.literals import beside, literal, pairs_beside, parts_beside
from gatewright.engine.cel.macros import expand
from gatewright.engine.cel.scope import HasField, LookupQualified, Scope, Trace
from gatewright.engine.errors import EvaluationError, absorbing
from gatewright.engine.values import (
    HostObject,
    Map,
    OptionalValue,
    Value,
    a_kind,
    is_host,
)

MAX_DEPTH = 80
"""How deep expressions may nest. The parser allows less; this protects against trees from code."""


class Evaluator:
    """Evaluates expressions in one scope, on one budget."""

    def __init__(
        self, scope: Scope, budget: Budget | None = None, trace: Trace | None = None
    ) -> None:
        self._scope = scope
        self._trace = trace
        self._locals: Mapping[str, Value] = {}
        self._depth = 0
        self.budget = budget or Budget()

    def evaluate(self, expr: ast.Expr) -> Value:
        """Return the value of an expression; raises EvaluationError, and nothing else."""
        self._depth += 1
        try:
            self.budget.charge()
            if self._depth > MAX_DEPTH:
                raise EvaluationError("cost_limit", "the expression nests too deeply")
            value = self._value(expr)
        except EvaluationError as error:
            if self._trace is not None:
                self._trace.record(expr, error)
            raise
        finally:
            self._depth -= 1
        if self._trace is not None:
            self._trace.record(expr, value)
        return value

    def evaluate_with(self, names: Mapping[str, Value], expr: ast.Expr) -> Value:
        """Return the value of an expression in which some more names are bound."""
        outer = self._locals
        self._locals = {**outer, **names}
        try:
            return self.evaluate(expr)
        finally:
            self._locals = outer

    def condition(self, expr: ast.Expr) -> bool:
        """Return the value of an expression that must be a bool."""
        return as_bool(self.evaluate(expr))

    def _value(self, expr: ast.Expr) -> Value:
        if type(expr) in LITERALS:  # HOT: leaves are most of an expression
            return literal(cast(ast.LiteralExpr, expr))
        match expr:
            case ast.Name():
                return self._name(expr)
            case ast.Select():
                return self._select(expr)
            case ast.Index():
                return self._index(expr)
            case ast.Call():
                return self._call(expr)
            case ast.MethodCall():
                return self._method_call(expr)
            case ast.Unary():
                return self._unary(expr)
            case ast.Binary():
                return self._binary(expr)
            case ast.And():
                return absorbing(self.condition, expr.operands, stop=False)
            case ast.Or():
                return absorbing(self.condition, expr.operands, stop=True)
            case ast.Conditional():
                chosen = expr.then if self.condition(expr.condition) else expr.otherwise
                return self.evaluate(chosen)
            case ast.Between():
                return self._between(expr)
            case ast.ListLiteral():
                return self._list(expr)
            case ast.MapLiteral():
                return self._map(expr)
            case _:
                return literal(expr)

    # --- names

    def _name(self, expr: ast.Name) -> Value:
        if self._is_local(expr):
            return self._locals[expr.name]
        try:
            return self._scope.lookup(expr.name, expr.absolute)
        except EvaluationError as error:
            if error.code != "no_such_name" or expr.name not in functions.TYPES:
                raise
            return functions.TYPES[expr.name]

    def _is_local(self, expr: ast.Name) -> bool:
        return not expr.absolute and expr.name in self._locals

    def _is_bound(self, expr: ast.Name) -> bool:
        """Tell whether a name means something here: then it is no namespace of functions."""
        if self._is_local(expr):
            return True
        try:
            self._scope.lookup(expr.name, expr.absolute)
        except EvaluationError as error:
            return error.code != "no_such_name"
        return True

    def _select(self, expr: ast.Select) -> Value:
        if expr.optional:
            return access.optional_select(self.evaluate(expr.operand), expr.field)
        qualified = self._qualified(expr)
        if qualified.present:
            return qualified.content
        return access.select(self.evaluate(expr.operand), expr.field)

    def _qualified(self, expr: ast.Select) -> OptionalValue:
        """Return what a dotted name stands for as a whole: a variable of the scope, or a type."""
        root, names = _dotted(expr)
        if root is None or self._is_local(root):
            return OptionalValue(False)
        # Asked for by name: `isinstance` of a protocol looks for all its members anew.
        lookup: LookupQualified | None = getattr(self._scope, "lookup_qualified", None)
        if lookup is not None:
            found = lookup(names, root.absolute)
            if found.present:
                return found
        named = functions.TYPES.get(".".join(names))
        if named is None or self._is_bound(root):
            return OptionalValue(False)
        return OptionalValue.of(named)

    def _index(self, expr: ast.Index) -> Value:
        operand, key = self.evaluate(expr.operand), self.evaluate(expr.index)
        charge_key(key, self.budget)
        return access.optional_index(operand, key) if expr.optional else access.index(operand, key)

    # --- calls

    def _call(self, expr: ast.Call) -> Value:
        macro = _macro(expr.function, False, expr.arguments)
        if macro is not None:
            return self._has(expr)
        if functions.is_known(expr.function):
            return self._apply(expr.function, False, expr.arguments)
        callee = self._host_function(expr)
        return callee.invoke("", expr.arguments, self.evaluate)

    def _host_function(self, expr: ast.Call) -> HostObject:
        """Return the object of the scope that is called like a function: `agreement(...)`."""
        name = ast.Name(expr.function, expr.absolute, span=expr.span)
        callee = self._name(name) if self._is_bound(name) else None
        if not is_host(callee):
            raise functions.unknown(expr.function)
        return callee

    def _has(self, expr: ast.Call) -> bool:
        argument = expr.arguments[0].value
        if isinstance(argument, ast.Name) and not self._is_local(argument):
            has_field: HasField | None = getattr(self._scope, "has_field", None)
            if has_field is not None:
                return has_field(argument.name)
        if not isinstance(argument, ast.Select):
            raise EvaluationError("invalid_argument", "`has` needs a field: `has(x.field)`")
        return access.has(self.evaluate(argument.operand), argument.field)

    def _method_call(self, expr: ast.MethodCall) -> Value:
        function = self._namespaced(expr)
        if function is not None:
            macro = _macro(function, False, expr.arguments)
            if macro is not None:
                return expand(self, macro, None, expr.arguments)
            return self._apply(function, False, expr.arguments)
        macro = _macro(expr.method, True, expr.arguments)
        if macro is not None:
            return expand(self, macro, expr.target, expr.arguments)
        return self._member_call(expr)

    def _namespaced(self, expr: ast.MethodCall) -> str | None:
        """Return `math.abs` where the target is a namespace; a name of the scope comes first."""
        root, names = _dotted(expr.target)
        namespace = ".".join(names)
        if root is None or namespace not in functions.NAMESPACES or self._is_bound(root):
            return None
        return f"{namespace}.{expr.method}"

    def _member_call(self, expr: ast.MethodCall) -> Value:
        target = self.evaluate(expr.target)
        if is_host(target):
            return target.invoke(expr.method, expr.arguments, self.evaluate)
        if isinstance(target, OptionalValue) and expr.method in ("or", "orValue"):
            return self._alternative(target, expr)
        if expr.method == "in":
            return self._in_host(expr)
        return self._apply(expr.method, True, expr.arguments, target)

    def _alternative(self, target: OptionalValue, expr: ast.MethodCall) -> Value:
        """Evaluate `x.or(y)` and `x.orValue(y)`: `y` only where `x` is absent."""
        _refuse_names(expr.method, expr.arguments)
        if len(expr.arguments) != 1:
            raise functions.wrong_arguments(expr.method, len(expr.arguments))
        if target.present:
            return target if expr.method == "or" else target.content
        other = self.evaluate(expr.arguments[0].value)
        if expr.method == "or" and not isinstance(other, OptionalValue):
            raise EvaluationError("type_mismatch", f"`or` needs an optional, not {a_kind(other)}")
        return other

    def _in_host(self, expr: ast.MethodCall) -> Value:
        """Evaluate `now.in(calendar)`: the calendar is asked whether it contains the instant."""
        _refuse_names("in", expr.arguments)
        if len(expr.arguments) != 1:
            raise functions.wrong_arguments("in", len(expr.arguments))
        container = self.evaluate(expr.arguments[0].value)
        if not is_host(container):
            raise EvaluationError(
                "type_mismatch", f"`.in(...)` needs a calendar, not {a_kind(container)}"
            )
        subject = ast.Argument(None, expr.target, span=expr.target.span)
        return container.invoke("contains", (subject,), self.evaluate)

    def _apply(
        self, name: str, is_member: bool, arguments: tuple[ast.Argument, ...], *receiver: Value
    ) -> Value:
        _refuse_names(name, arguments)
        values = tuple(self.evaluate(argument.value) for argument in arguments)
        return functions.call(name, is_member, (*receiver, *values), self.budget)

    # --- operators

    def _unary(self, expr: ast.Unary) -> Value:
        operand = self.evaluate(expr.operand)
        return operators.invert(operand) if expr.operator == "!" else operators.negate(operand)

    def _binary(self, expr: ast.Binary) -> Value:
        left, right = self.evaluate(expr.left), self.evaluate(expr.right)
        if expr.operator == "in" and isinstance(right, tuple):
            if type(left) is str:
                return has_text(right, left, self.budget)
            return any_equal(pairs_beside(expr, left, right), self.budget)
        read = parts_beside if expr.operator in ("==", "!=") else beside
        exact_left = read(expr.left, left, right)
        exact_right = read(expr.right, right, left)
        return operators.apply(expr.operator, exact_left, exact_right, self.budget)

    def _between(self, expr: ast.Between) -> bool:
        """Evaluate `x in low .. high`; strict, an error of any operand is the outcome."""
        value = self.evaluate(expr.value)
        low, high = self.evaluate(expr.low), self.evaluate(expr.high)
        budget = self.budget
        above = compare(beside(expr.low, low, value), beside(expr.value, value, low), budget)
        below = compare(beside(expr.value, value, high), beside(expr.high, high, value), budget)
        return above is not None and below is not None and above <= 0 and below <= 0

    # --- lists and maps

    def _list(self, expr: ast.ListLiteral) -> Value:
        items: list[Value] = []
        for item in expr.items:
            value = self.evaluate(item.value)
            if item.optional:
                items.extend(_content(value))
            else:
                items.append(value)
        return tuple(items)

    def _map(self, expr: ast.MapLiteral) -> Map:
        entries: list[tuple[Value, Value]] = []
        for entry in expr.entries:
            key, value = self.evaluate(entry.key), self.evaluate(entry.value)
            charge_key(key, self.budget)
            if entry.optional:
                entries.extend((key, content) for content in _content(value))
            else:
                entries.append((key, value))
        return Map(entries)


def as_bool(value: Value) -> bool:
    """Return a value that must be a bool; raises EvaluationError `type_mismatch`."""
    if not isinstance(value, bool):
        raise EvaluationError("type_mismatch", f"a condition is a bool, not {a_kind(value)}")
    return value


def _content(value: Value) -> tuple[Value, ...]:
    """Return what an optional element adds: its content, or nothing."""
    if not isinstance(value, OptionalValue):
        raise EvaluationError("type_mismatch", f"`?` needs an optional, not {a_kind(value)}")
    return (value.content,) if value.present else ()


def _dotted(expr: ast.Expr) -> tuple[ast.Name | None, tuple[str, ...]]:
    """Return the root and all names of `a.b.c`; no root for anything else."""
    names: list[str] = []
    while isinstance(expr, ast.Select) and not expr.optional:
        names.append(expr.field)
        expr = expr.operand
    if not isinstance(expr, ast.Name):
        return None, ()
    return expr, (expr.name, *reversed(names))


def _macro(name: str, is_member: bool, arguments: tuple[ast.Argument, ...]) -> Macro | None:
    if any(argument.name is not None for argument in arguments):
        return None
    return find_macro(name, is_member, len(arguments))


def _refuse_names(function: str, arguments: tuple[ast.Argument, ...]) -> None:
    if any(argument.name is not None for argument in arguments):
        raise EvaluationError("invalid_argument", f"`{function}` takes no named arguments")
