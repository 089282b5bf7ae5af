"""A checked policy -> what a generator of its actions should try: the constants of conditions.

For each value that conditions read, such as `action.amount`, the constants that it is compared
with and the values just beside them. Knows nothing of how actions are generated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.checks.constants import Constant, constant
from gatewright.dsl.policy import CheckedPolicy, Scope
from gatewright.dsl.walk import walk
from gatewright.engine.errors import EvaluationError
from gatewright.engine.policy_tests.comparisons import beside, comparisons, has_steps
from gatewright.engine.values import Duration, Money, Timestamp, Uint, Value

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hints:
    """What conditions look for in one action.

    `values` are by path, `("action", "amount")`, and `sizes` the lengths of texts and lists; each
    in the order met, without repeats. `read` are all paths that are read. `windows` are the lengths
    of time for which histories are asked, in nanoseconds.
    """

    values: Mapping[Path, tuple[Value, ...]]
    sizes: Mapping[Path, tuple[int, ...]]
    read: frozenset[Path]
    windows: tuple[int, ...]


def hints(policy: CheckedPolicy, action: str) -> Hints:
    """Return the hints of every condition that can concern an action."""
    collecting = _Collecting()
    for package, expr in _conditions(policy, action):
        lets = {name: let.value for name, let in policy.packages[package].lets.items()}
        collecting.condition(expr, lets)
        for let in lets.values():
            collecting.condition(let, lets)
    for exception in policy.exceptions:
        for nanos in (exception.from_nanos, exception.until_nanos):
            collecting.constant(("now",), Constant("timestamp", nanos))
    return collecting.hints()


def _conditions(policy: CheckedPolicy, action: str) -> Iterator[tuple[str, ast.Expr]]:
    """Yield the conditions that can concern an action, with their package."""
    declared = policy.actions.get(action)
    home = declared.package if declared is not None else None

    def concerns(scope: Scope) -> bool:
        return scope.covers(action, home)

    for rule in policy.rules:
        if concerns(rule.scope):
            yield from ((rule.package, c.expression) for row in rule.rows for c in row.conditions)
    for risk in policy.risks:
        if concerns(risk.scope):
            yield from ((risk.package, clause.condition) for clause in risk.clauses)
    for exception in policy.exceptions:
        yield from ((exception.package, condition) for condition in exception.conditions)
    for permit in policy.permits:
        if permit.condition is not None and permit.covers(action):
            yield permit.package, permit.condition


@dataclass(slots=True)
class _Collecting:
    """Collects hints in the order met."""

    _values: dict[Path, dict[Value, None]] = field(default_factory=dict[Path, dict[Value, None]])
    _sizes: dict[Path, dict[int, None]] = field(default_factory=dict[Path, dict[int, None]])
    _read: set[Path] = field(default_factory=set[Path])
    _windows: dict[int, None] = field(default_factory=dict[int, None])

    def condition(self, expr: ast.Expr, lets: Mapping[str, ast.Expr]) -> None:
        """Collect what one expression compares and reads."""
        for found in comparisons(expr, lets):
            if found.subject.sized:
                self._size(found.subject.path, found.bound)
            else:
                self.constant(found.subject.path, found.bound)
        for node in walk(expr):
            self._node(node, lets)

    def constant(self, path: Path, bound: Constant) -> None:
        """Collect a constant, and its neighbours where it has any."""
        near = [beside(bound, -1), beside(bound, 1)] if has_steps(bound) else []
        for one in (bound, *near):
            try:
                self._values.setdefault(path, {})[run_time_value(one)] = None
            except EvaluationError:
                continue  # the neighbour of the largest number is none

    def _size(self, path: Path, bound: Constant) -> None:
        if isinstance(bound.value, int):
            sizes = self._sizes.setdefault(path, {})
            sizes.update(
                (n, None) for n in (bound.value, bound.value - 1, bound.value + 1) if n >= 0
            )

    def _node(self, node: ast.Expr, lets: Mapping[str, ast.Expr]) -> None:
        match node:
            case ast.Select():
                path = _path(node)
                if path is not None:
                    self._read.add(path)
            case ast.MethodCall(arguments=arguments) | ast.Call(arguments=arguments):
                for argument in arguments:
                    within = constant(argument.value, lets) if argument.name == "within" else None
                    if within is not None and isinstance(within.value, int):
                        self._windows[within.value] = None
            case _:
                pass

    def hints(self) -> Hints:
        """Return what was collected."""
        return Hints(
            values={path: tuple(values) for path, values in self._values.items()},
            sizes={path: tuple(sizes) for path, sizes in self._sizes.items()},
            read=frozenset(self._read),
            windows=tuple(self._windows),
        )


def _path(expr: ast.Expr) -> Path | None:
    fields: list[str] = []
    while isinstance(expr, ast.Select):
        fields.append(expr.field)
        expr = expr.operand
    return (expr.name, *reversed(fields)) if isinstance(expr, ast.Name) else None


def run_time_value(bound: Constant) -> Value:
    """Return a constant as a run-time value; raises EvaluationError where it overflows."""
    match bound.kind, bound.value:
        case "money", Decimal() as amount:
            return Money(amount, bound.currency)
        case "duration", int(nanos):
            return Duration(nanos)
        case "timestamp", int(nanos):
            return Timestamp(nanos)
        case "uint", int(number):
            return Uint(number)
        case "double", Decimal() as number:
            return float(number)
        case _, tuple(items):
            return tuple(run_time_value(item) for item in items)
        case _, value:
            return value
