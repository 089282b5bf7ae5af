"""The CEL conformance suite -> our expressions: an adapter for the suite's own runner.

    PYTHONPATH=tests/conformance python ../shared/conformance/run_conformance.py \\
        --adapter cel_adapter:engine
"""

from __future__ import annotations

import ast as pyast
import base64
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.types import ANY
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope, unknown_name
from gatewright.engine.compile.native import Env, Unsure, compile_expr, function_of, is_small
from gatewright.engine.compile.native_code import load
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    NOTHING,
    Duration,
    Map,
    OptionalValue,
    Timestamp,
    TypeValue,
    Uint,
    Value,
    kind_of,
)

Typed: TypeAlias = dict[str, Any]
"""A value as the suite writes it: `{"int": 3}`, `{"list": [{"string": "a"}]}`."""


@dataclass(frozen=True)
class ContainerScope:
    """Dotted variables, looked up from the inside of a container outwards."""

    variables: Mapping[str, Value]
    container: str

    def lookup(self, name: str, absolute: bool) -> Value:
        found = self.lookup_qualified((name,), absolute)
        if not found.present:
            raise unknown_name(name)
        return found.content

    def lookup_qualified(self, names: tuple[str, ...], absolute: bool) -> OptionalValue:
        around = [] if absolute or not self.container else self.container.split(".")
        for size in range(len(around), -1, -1):
            name = ".".join((*around[:size], *names))
            if name in self.variables:
                return OptionalValue.of(self.variables[name])
        return NOTHING


def engine(case: Mapping[str, Any]) -> Typed:
    """Evaluate one case; raises one of `engine.cel_errors` where it has no value."""
    expression = parse_expression(case["expr"])
    bindings = {name: from_typed(typed) for name, typed in case.get("bindings", {}).items()}
    scope = ContainerScope(bindings, case.get("container", ""))
    return to_typed(Evaluator(scope).evaluate(expression))


engine.cel_errors = (EvaluationError, PolicyError)  # type: ignore[attr-defined]
engine.lax = frozenset()  # type: ignore[attr-defined]


Native: TypeAlias = Callable[[ContainerScope], Value]


def native(expression: ast.Expr, scope: ContainerScope, *, folding: bool) -> Native | None:
    """Compile an expression whose variables are looked up in a scope when it runs.

    Without `folding` constants are computed when it runs too, as if they were not known.
    """
    names: dict[str, object] = {"lookup": _lookup}

    def read(path: tuple[str, ...]) -> pyast.expr | None:
        if not scope.lookup_qualified(path, False).present:
            return None
        arguments: list[pyast.expr] = [
            load("scope"),
            pyast.Tuple([*map(pyast.Constant, path)], pyast.Load()),
        ]
        return pyast.Call(load("lookup"), arguments, [])

    def constant(value: object) -> pyast.expr:
        name = f"c{len(names)}"
        names[name] = value
        return load(name)

    env = Env(
        read=read,
        present=lambda path: None,
        type_of=lambda expr: ANY,
        constant=constant,
        let=lambda name: None,
        imported=lambda alias, name: None,
        history=lambda call: None,
        past_at=lambda call: None,
        nanos=lambda path: None,
        fold=_fold if folding else _no_fold,
    )
    body = compile_expr(expression, env)
    return None if body is None else function_of("condition", ["scope"], body, names)


def _lookup(scope: ContainerScope, path: tuple[str, ...]) -> Value:
    value = scope.lookup_qualified(path, False).content
    if not is_small(value):
        raise Unsure
    return value


def _fold(expr: ast.Expr, budget: Budget) -> Value:
    return Evaluator(MapScope({}), budget).evaluate(expr)


def _no_fold(expr: ast.Expr, budget: Budget) -> Value:
    raise EvaluationError("no_such_name", "nothing is known beforehand")


@dataclass
class Compiled:
    """An adapter that asks native code first; it counts how often that has the answer."""

    folding: bool
    answered: int = 0
    cel_errors: tuple[type[Exception], ...] = (EvaluationError, PolicyError)
    lax: frozenset[str] = frozenset()

    def __call__(self, case: Mapping[str, Any]) -> Typed:
        """Evaluate one case: by the interpreter where native code does not answer."""
        expression = parse_expression(case["expr"])
        bindings = {name: from_typed(typed) for name, typed in case.get("bindings", {}).items()}
        scope = ContainerScope(bindings, case.get("container", ""))
        return to_typed(self._value(expression, scope))

    def _value(self, expression: ast.Expr, scope: ContainerScope) -> Value:
        made = native(expression, scope, folding=self.folding)
        if made is not None:
            with suppress(Exception):  # whatever it is, the interpreter is asked
                value = made(scope)
                self.answered += 1
                return value
        return Evaluator(scope).evaluate(expression)


compiled = Compiled(folding=True)
"""Native code, by the suite's own runner."""
unfolded = Compiled(folding=False)
"""Native code whose constants are computed when it runs."""


def from_typed(typed: Typed) -> Value:
    """Read a value of the suite."""
    ((kind, content),) = ((k, v) for k, v in typed.items() if k != "wrapper")
    match kind:
        case "null":
            return None
        case "uint":
            return Uint(content)
        case "double":
            return float(content)
        case "bytes":
            return base64.b64decode(content)
        case "list":
            return tuple(from_typed(item) for item in content)
        case "map":
            return Map((from_typed(key), from_typed(value)) for key, value in content)
        case "type":
            return TypeValue(content)
        case "timestamp":
            return Timestamp(content[0] * 10**9 + content[1])
        case "duration":
            return Duration(content[0] * 10**9 + content[1])
        case _:
            value: Value = content
            return value


def to_typed(value: Value) -> Typed:
    """Write a value as the suite does."""
    if value is None:
        return {"null": None}
    if isinstance(value, float):
        return {"double": value if math.isfinite(value) else _not_finite(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, tuple):
        return {"list": [to_typed(item) for item in value]}
    if isinstance(value, Map):
        return {"map": [[to_typed(key), to_typed(item)] for key, item in value.items()]}
    if isinstance(value, TypeValue):
        return {"type": value.name}
    if isinstance(value, Timestamp):
        return {"timestamp": list(divmod(value.nanos, 10**9))}
    if isinstance(value, Duration):
        sign = -1 if value.nanos < 0 else 1
        seconds, nanos = divmod(abs(value.nanos), 10**9)
        return {"duration": [sign * seconds, sign * nanos]}
    return {kind_of(value): int(value) if isinstance(value, Uint) else value}


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
