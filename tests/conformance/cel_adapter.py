"""The CEL conformance suite -> our expressions: an adapter for the suite's own runner.

    PYTHONPATH=tests/conformance python ../shared/conformance/run_conformance.py \\
        --adapter cel_adapter:engine
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import unknown_name
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
