"""The `where` of a history: whether it is true of an event, and whether it will stay so.

A `where` sees the fields of one event, then the names of its package. One that reads nothing but
the event and `let`s that are constants has one answer per event, which an index may keep; one that
reads anything of a decision (`now`, `data`, `agreement`) has not. Source: docs/language.md#history.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatewright.dsl import ast
from gatewright.dsl.policy import History as DeclaredHistory
from gatewright.dsl.records import dataclass
from gatewright.dsl.types import RecordType
from gatewright.dsl.walk import walk
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import Scope, unknown_name
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import OWN_FIELDS, event_field
from gatewright.engine.reading.problems import shown
from gatewright.engine.scope import PolicyScope
from gatewright.engine.values import Value

_OF_A_DECISION: Final = frozenset(
    {"action", "changes", "target", "agent", "context", "now", "data", "risk", "agreement"}
)
"""Names that stand for another thing in each decision."""


def holds(declared: DeclaredHistory, outer: Scope | None, event: Event) -> bool:
    """Tell whether the `where` of a history is true of an event; raises EvaluationError."""
    if declared.where is None:
        return True
    try:
        return Evaluator(EventScope(event, declared.record, outer)).condition(declared.where)
    except EvaluationError as error:
        name = shown(declared.name)
        raise EvaluationError(
            error.code,
            f"the `where` of {name} has no answer for a past action: {error.message}",
        ) from None


@dataclass(frozen=True, slots=True)
class EventScope:
    """The names that a `where` sees: the fields of an event, then those of its package.

    `decided_by` and the like are null where they are absent; a missing parameter is an error.
    """

    event: Event
    record: RecordType
    outer: Scope | None

    def lookup(self, name: str, absolute: bool) -> Value:
        """Return the value of a name; raises EvaluationError."""
        if absolute or not _is_field(name, self.record):
            if self.outer is None:
                raise unknown_name(name)
            return self.outer.lookup(name, absolute)
        value = event_field(self.event, name, self.record)
        if not value.present and name not in OWN_FIELDS:
            raise EvaluationError("no_such_field", f"the past action has no {shown(name)}")
        return value.content

    def has_field(self, name: str) -> bool:
        """Tell whether the event has a field; raises EvaluationError where it cannot be read."""
        if not _is_field(name, self.record):
            raise EvaluationError("invalid_argument", f"{shown(name)} is no field of a past action")
        return event_field(self.event, name, self.record).present


@dataclass(frozen=True, slots=True)
class LastingWhere:
    """A `where` with one answer per event. `lets` are the expressions that it reads besides."""

    declared: DeclaredHistory
    outer: PolicyScope | None
    lets: tuple[ast.Expr, ...]

    @property
    def identity(self) -> tuple[int, ...]:
        """What tells it from others, as long as it lives."""
        return (id(self.declared), *map(id, self.lets))

    @property
    def fields(self) -> frozenset[str]:
        """The fields of an event that it may read."""
        record, where = self.declared.record, self.declared.where
        nodes = () if where is None else walk(where)
        named = {node.name for node in nodes if isinstance(node, ast.Name)}
        return frozenset(name for name in named if _is_field(name, record))

    def holds(self, event: Event) -> bool:
        """Tell whether it is true of an event; raises EvaluationError."""
        return holds(self.declared, self.outer, event)


def lasting(declared: DeclaredHistory, outer: Scope | None = None) -> LastingWhere | None:
    """Return the `where` of a history apart from any decision; None where it depends on one.

    `outer` is the scope of the history's package in some decision, or any other scope, of which
    nothing is known; then only a `where` that keeps to its event lasts.
    """
    where = declared.where
    names = set[str]() if where is None else set(_names(where, declared.record))
    if outer is None or not names:
        return LastingWhere(declared, None, ())
    if not isinstance(outer, PolicyScope):
        return None
    lets = _lets(names, outer)
    return None if lets is None else LastingWhere(declared, PolicyScope(outer.package, {}), lets)


def _is_field(name: str, record: RecordType) -> bool:
    return name in OWN_FIELDS or record.field(name) is not None


def _names(expr: ast.Expr, record: RecordType | None) -> Iterator[str]:
    """Yield the names in an expression that may mean something outside of it."""
    for node in walk(expr):
        match node:
            case ast.Name(name=name, absolute=absolute):
                if absolute or record is None or not _is_field(name, record):
                    yield name
            case ast.Call(function=function):
                yield function
            case _:
                pass


def _lets(names: set[str], scope: PolicyScope) -> tuple[ast.Expr, ...] | None:
    """Return the lets that names lead to; None where they lead to anything of a decision."""
    found: dict[str, ast.Expr] = {}
    todo = sorted(names)
    while todo:
        name = todo.pop()
        if name in _OF_A_DECISION or name in scope.names or name in scope.own:
            return None
        if name in scope.package.imports:
            return None
        if name in scope.package.lets and name not in found:
            found[name] = scope.package.lets[name].value
            todo.extend(_names(found[name], None))
    return tuple(found[name] for name in sorted(found))
