"""What an evaluation asks of its surroundings: names, and somebody to tell what was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import OptionalValue, Value


class Scope(Protocol):
    """The names that an expression can see."""

    def lookup(self, name: str, absolute: bool) -> Value:
        """Return the value of a name; raises EvaluationError `no_such_name` where it is unknown.

        `absolute` is CEL's leading dot. Local names of macros never come here.
        """
        ...


LookupQualified: TypeAlias = Callable[[tuple[str, ...], bool], OptionalValue]
"""`lookup_qualified(names, absolute)` of a scope in which dotted names are variables too, as in a
CEL container: the variable of that name, or `optional.none()`. Other scopes have none."""
HasField: TypeAlias = Callable[[str], bool]
"""`has_field(name)` of a scope whose names are fields of a record: whether the field is there,
which is what `has(name)` asks. Raises EvaluationError where nothing can tell. Other scopes have
none."""


class Trace(Protocol):
    """Is told every sub-expression that was evaluated, innermost first."""

    def record(self, node: ast.Expr, outcome: Value | EvaluationError) -> None:
        """Note what a node gave. A node inside a comprehension comes once a turn."""
        ...


@dataclass(frozen=True, slots=True)
class MapScope:
    """A scope over a plain mapping; `absolute` makes no difference."""

    names: Mapping[str, Value]

    def lookup(self, name: str, absolute: bool) -> Value:
        """Return the value of a name."""
        if name not in self.names:
            raise unknown_name(name)
        return self.names[name]


def unknown_name(name: str) -> EvaluationError:
    """Return the error of a name that nothing declares."""
    return EvaluationError("no_such_name", f"nothing is named `{name}`")
