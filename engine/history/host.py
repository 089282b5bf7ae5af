"""A `history` name in a condition: what `refunds.count(customer: x, within: 30d)` asks of a store.

Arguments come as syntax and are evaluated by the condition's own evaluator; the `where` of the
history is evaluated here, in a scope of one event's fields. Source: docs/language.md#history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gatewright.dsl import ast
from gatewright.dsl.policy import History as DeclaredHistory
from gatewright.dsl.records import dataclass
from gatewright.dsl.types import RecordType
from gatewright.engine.cel.scope import Scope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import METHODS
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import (
    AgreementQuery,
    HistoryStore,
    Query,
    checked_key,
    event_field,
)
from gatewright.engine.history.where import holds, lasting
from gatewright.engine.reading.problems import shown
from gatewright.engine.values import Duration, Timestamp, Value, a_kind

BEGINNING: Final = Timestamp(Timestamp.MIN_NANOS)
"""When the last action was, where there was none. Source: docs/language.md#history."""

Evaluate = Callable[[ast.Expr], Value]


@dataclass(frozen=True, slots=True)
class HistoryValue:
    """A declared history over a store, at the instant of one decision.

    `exclude_id` is the id of the action being decided; `outer` gives the names that the `where`
    can see besides the fields of an event, such as the `let`s of its package.
    """

    declared: DeclaredHistory
    store: HistoryStore
    now: Timestamp
    exclude_id: str | None = None
    outer: Scope | None = None

    def select(self, field: str) -> Value:
        """Refuse: a history has no fields."""
        raise EvaluationError(
            "no_such_field",
            f"a history has no {shown(field)}: ask it with " + ", ".join(METHODS),
        )

    def has(self, field: str) -> bool:
        """Return false: a history has no fields."""
        return False

    def invoke(self, method: str, arguments: tuple[ast.Argument, ...], evaluate: Evaluate) -> Value:
        """Answer `count`, `sum`, `last` or `distinct`; raises EvaluationError."""
        match method:
            case "count":
                return self.store.count(self._query(method, arguments, evaluate))
            case "sum":
                return self.store.sum(self._query(method, arguments, evaluate))
            case "distinct":
                return self.store.distinct(self._query(method, arguments, evaluate))
            case "last":
                last = self.store.last(self._query(method, arguments, evaluate))
                return PastEvent(last, self.declared.record)
            case _:
                raise _no_method(method, "a history is asked with " + ", ".join(METHODS))

    def _query(self, method: str, arguments: tuple[ast.Argument, ...], evaluate: Evaluate) -> Query:
        field, named = _split(method, arguments)
        values = {name: evaluate(value) for name, value in named.items()}
        within = values.pop("within", None)
        if within is None and method != "last":
            raise EvaluationError("invalid_argument", f"`{method}` needs `within: 30d`")
        record = self.declared.record
        return Query(
            history=self.declared.qualified,
            actions=self.declared.actions,
            record=record,
            now=self.now,
            within_nanos=None if within is None else window_nanos(within),
            keys=tuple((name, checked_key(name, values[name], record)) for name in sorted(values)),
            field=field,
            exclude_id=self.exclude_id,
            holds=self._holds,
            where=lasting(self.declared, self.outer),
        )

    def _holds(self, event: Event) -> bool:
        return holds(self.declared, self.outer, event)


def ask_agreement(
    store: HistoryStore, rule: str, within: Value, now: Timestamp, exclude_id: str | None = None
) -> float:
    """Answer `agreement(rule, within: 90d)` for a rule by its qualified name.

    Raises EvaluationError where `within` is no duration, or negative.
    """
    return store.agreement(AgreementQuery(rule, now, window_nanos(within), exclude_id))


def window_nanos(within: Value) -> int:
    """Return the length of a window; raises EvaluationError for anything but a time that passed."""
    if not isinstance(within, Duration):
        raise EvaluationError(
            "type_mismatch", f"`within` is a duration such as 30d, not {a_kind(within)}"
        )
    if within.nanos < 0:
        raise EvaluationError("invalid_argument", "`within` must not be negative")
    return within.nanos


def _split(
    method: str, arguments: tuple[ast.Argument, ...]
) -> tuple[str | None, dict[str, ast.Expr]]:
    """Part the field that `sum` and `distinct` look at from the named arguments."""
    field: str | None = None
    if method in ("sum", "distinct"):
        first = arguments[0] if arguments else None
        if first is None or first.name is not None or not isinstance(first.value, ast.Name):
            raise EvaluationError(
                "invalid_argument",
                f"`{method}` needs a field first: `{method}(amount, within: 30d)`",
            )
        field, arguments = first.value.name, arguments[1:]
    named: dict[str, ast.Expr] = {}
    for argument in arguments:
        if argument.name is None:
            raise EvaluationError(
                "invalid_argument", f"`{method}` takes keys with names: `customer: x`"
            )
        if argument.name in named:
            raise EvaluationError("invalid_argument", f"{shown(argument.name)} is given twice")
        named[argument.name] = argument.value
    return field, named


def _no_method(method: str, advice: str) -> EvaluationError:
    return EvaluationError("no_such_function", f"there is no {shown(method)} here: {advice}")


def last_at(event: Event | None) -> Timestamp:
    """Return when the last action was; the beginning of time where there was none."""
    return BEGINNING if event is None else event.at


@dataclass(frozen=True, slots=True)
class PastEvent:
    """What `last` gives: the fields of one event, or of none."""

    event: Event | None
    record: RecordType

    def select(self, field: str) -> Value:
        """Return a field; of no event only `at`, which is the beginning of time."""
        if self.event is None:
            if field == "at":
                return last_at(None)
            raise EvaluationError(
                "no_such_field", f"there is no past action whose {shown(field)} could be read"
            )
        value = event_field(self.event, field, self.record)
        if not value.present:
            raise EvaluationError("no_such_field", f"the past action has no {shown(field)}")
        return value.content

    def has(self, field: str) -> bool:
        """Tell whether there is an event that has the field."""
        return self.event is not None and event_field(self.event, field, self.record).present

    def invoke(self, method: str, arguments: tuple[ast.Argument, ...], evaluate: Evaluate) -> Value:
        """Refuse: a past action has fields only."""
        raise _no_method(method, "a past action has fields only")
