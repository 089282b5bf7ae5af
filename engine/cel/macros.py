"""What the macros compute: comprehensions, `cel.bind`, `optMap`, `sortBy`.

A macro gets its arguments unevaluated, and evaluates some of them once an element, with names
bound. Which arguments are which is in `dsl.macros`. Source: cel-spec langdef.md, "Macros".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cmp_to_key
from typing import Protocol, TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.macros import Macro
from gatewright.dsl.records import dataclass
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import charge_key, ordering
from gatewright.engine.errors import EvaluationError, absorbing
from gatewright.engine.values import NOTHING, Map, OptionalValue, Value, a_kind


class Interpreter(Protocol):
    """The part of the evaluator that macros need."""

    budget: Budget

    def evaluate(self, expr: ast.Expr) -> Value:
        """Return the value of an expression."""
        ...

    def evaluate_with(self, names: Mapping[str, Value], expr: ast.Expr) -> Value:
        """Return the value of an expression in which some more names are bound."""
        ...


Turn: TypeAlias = Mapping[str, Value]
"""The names bound in one turn of a comprehension."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """One macro call: who evaluates, the target, the bound names, the inner expressions."""

    interpreter: Interpreter
    name: str
    target: Value
    variables: tuple[str, ...]
    bodies: tuple[ast.Expr, ...]

    def turns(self) -> Iterator[Turn]:
        """Go through the elements or keys of the target; two names get index or key, and value."""
        for values in self._elements():
            self.interpreter.budget.charge()
            yield dict(zip(self.variables, values, strict=True))

    def _elements(self) -> Iterator[tuple[Value, ...]]:
        pairs = len(self.variables) == 2
        if isinstance(self.target, tuple):
            for position, item in enumerate(self.target):
                yield (position, item) if pairs else (item,)
        elif isinstance(self.target, Map):
            for key, item in self.target.items():
                yield (key, item) if pairs else (key,)
        else:
            raise EvaluationError(
                "type_mismatch", f"`{self.name}` needs a list or a map, not {a_kind(self.target)}"
            )

    def evaluate(self, turn: Turn, body: int = -1) -> Value:
        """Return the value of an inner expression in a turn; the last one if not told which."""
        return self.interpreter.evaluate_with(turn, self.bodies[body])

    def holds(self, turn: Turn, body: int = -1) -> bool:
        """Return the value of an inner expression that must be a bool."""
        value = self.evaluate(turn, body)
        if not isinstance(value, bool):
            raise EvaluationError(
                "type_mismatch", f"the condition of `{self.name}` is a bool, not {a_kind(value)}"
            )
        return value

    def selected(self) -> Iterator[Turn]:
        """Go through the turns; where there are two inner expressions the first is a filter."""
        for turn in self.turns():
            if len(self.bodies) == 1 or self.holds(turn, 0):
                yield turn


def expand(
    interpreter: Interpreter,
    macro: Macro,
    target: ast.Expr | None,
    arguments: tuple[ast.Argument, ...],
) -> Value:
    """Return the value of a macro call; `target` is what a member macro is called on.

    `cel.bind` has none: its target is the value to bind.
    """
    variables = tuple(_variable(macro, arguments[i].value) for i in macro.variables)
    if len(set(variables)) < len(variables):
        raise EvaluationError("invalid_argument", f"`{macro.name}` needs two different names")
    over = arguments[1].value if target is None else target
    expansion = Expansion(
        interpreter,
        macro.name,
        interpreter.evaluate(over),
        variables,
        tuple(arguments[i].value for i in macro.bodies),
    )
    return _MEANINGS[macro.name](expansion)


def _variable(macro: Macro, expr: ast.Expr) -> str:
    if isinstance(expr, ast.Name) and not expr.absolute:
        return expr.name
    raise EvaluationError("invalid_argument", f"`{macro.name}` needs a plain name to bind")


def _bind(call: Expansion) -> Value:
    return call.evaluate({call.variables[0]: call.target})


def _all(call: Expansion) -> bool:
    return absorbing(call.holds, call.turns(), stop=False)


def _exists(call: Expansion) -> bool:
    return absorbing(call.holds, call.turns(), stop=True)


def _exists_one(call: Expansion) -> bool:
    return sum(call.holds(turn) for turn in call.turns()) == 1


def _map(call: Expansion) -> Value:
    return tuple(call.evaluate(turn) for turn in call.selected())


def _filter(call: Expansion) -> Value:
    name = call.variables[0]
    return tuple(turn[name] for turn in call.turns() if call.holds(turn))


def _transform_map(call: Expansion) -> Value:
    key, budget = call.variables[0], call.interpreter.budget
    entries: list[tuple[Value, Value]] = []
    for turn in call.selected():
        charge_key(turn[key], budget)
        entries.append((turn[key], call.evaluate(turn)))
    return Map(entries)


def _transform_map_entry(call: Expansion) -> Value:
    entries: list[tuple[Value, Value]] = []
    for turn in call.selected():
        made = call.evaluate(turn)
        if not isinstance(made, Map):
            raise EvaluationError(
                "type_mismatch", f"`transformMapEntry` needs a map, not {a_kind(made)}"
            )
        call.interpreter.budget.charge(len(made))
        for key in made:
            charge_key(key, call.interpreter.budget)
        entries.extend(made.items())
    return Map(entries)


def _sort_by(call: Expansion) -> Value:
    name = call.variables[0]
    if not isinstance(call.target, tuple):
        raise EvaluationError("type_mismatch", f"`sortBy` needs a list, not {a_kind(call.target)}")
    keyed: list[tuple[Value, Value]] = [(call.evaluate(turn), turn[name]) for turn in call.turns()]
    order = ordering(tuple(key for key, _ in keyed), call.interpreter.budget)
    in_order = cmp_to_key(order)
    return tuple(element for _, element in sorted(keyed, key=lambda pair: in_order(pair[0])))


def _opt_map(call: Expansion) -> Value:
    content = _optional(call)
    if not content.present:
        return NOTHING
    return OptionalValue.of(call.evaluate({call.variables[0]: content.content}))


def _opt_flat_map(call: Expansion) -> Value:
    content = _optional(call)
    if not content.present:
        return NOTHING
    result = call.evaluate({call.variables[0]: content.content})
    if not isinstance(result, OptionalValue):
        raise EvaluationError(
            "type_mismatch", f"`optFlatMap` needs an optional result, not {a_kind(result)}"
        )
    return result


def _optional(call: Expansion) -> OptionalValue:
    if isinstance(call.target, OptionalValue):
        return call.target
    raise EvaluationError(
        "type_mismatch", f"`{call.name}` needs an optional, not {a_kind(call.target)}"
    )


_MEANINGS: Mapping[str, Callable[[Expansion], Value]] = {
    "cel.bind": _bind,
    "all": _all,
    "exists": _exists,
    "exists_one": _exists_one,
    "existsOne": _exists_one,
    "map": _map,
    "filter": _filter,
    "transformList": _map,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_map_entry,
    "sortBy": _sort_by,
    "optMap": _opt_map,
    "optFlatMap": _opt_flat_map,
}
