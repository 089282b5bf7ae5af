"""Expressions in tests: text in, text out.

`shown("1u + 2u")` is `"3u"`: the rendered value tells kinds apart, where Python's `==` would not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gatewright.dsl import ast
from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.rendering import render
from gatewright.engine.values import Value


def run(text: str, budget: Budget | None = None, /, **names: Value) -> Value:
    """Evaluate an expression in which some names are known."""
    return Evaluator(MapScope(names), budget).evaluate(parse_expression(text))


def shown(text: str, /, **names: Value) -> str:
    """Return the rendered value, or `error: code`."""
    try:
        return render(run(text, **names))
    except EvaluationError as error:
        return f"error: {error.code}"


def failure(text: str, /, **names: Value) -> EvaluationError:
    """Return the error of an expression that must have one."""
    try:
        value = run(text, **names)
    except EvaluationError as error:
        return error
    raise AssertionError(f"{text} is {render(value)}")


@dataclass
class Recorder:
    """A trace that keeps everything, by the text of the node."""

    seen: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def record(self, node: ast.Expr, outcome: Value | EvaluationError) -> None:
        shown = outcome.code if isinstance(outcome, EvaluationError) else render(outcome)
        self.seen.append((node.span.text, shown))


@dataclass
class Host:
    """A host object with fixed fields; `add(x, by: y)` and calling it sum the arguments."""

    fields: dict[str, Value] = field(default_factory=dict[str, Value])

    def select(self, field: str) -> Value:
        if field not in self.fields:
            raise EvaluationError("no_such_field", f"there is no field `{field}`")
        return self.fields[field]

    def has(self, field: str) -> bool:
        return field in self.fields

    def invoke(
        self,
        method: str,
        arguments: tuple[ast.Argument, ...],
        evaluate: Callable[[ast.Expr], Value],
    ) -> Value:
        if method == "contains":
            return evaluate(arguments[0].value) in self.fields.values()
        if method not in ("add", ""):
            raise EvaluationError("no_such_function", f"there is no function `{method}`")
        return sum(int(str(evaluate(argument.value))) for argument in arguments)
