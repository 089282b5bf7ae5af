"""What can be asked of past actions, and the answer by looking at each of them.

`HistoryStore` is what every store promises; the functions below say what the answers are, slowly
and word by word, for stores that have no index and for tests of those that have one.
Source: docs/language.md#history.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from gatewright.dsl import records
from gatewright.dsl.records import dataclass
from gatewright.dsl.similar import most_similar
from gatewright.dsl.types import ANY, RecordType, Type
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.event import APPROVED, Event
from gatewright.engine.history.sums import kind_of_type, sum_values
from gatewright.engine.reading.conform import conform_value
from gatewright.engine.reading.problems import UNFIT, shown
from gatewright.engine.values import (
    NOTHING,
    Map,
    OptionalValue,
    Timestamp,
    Value,
    a_kind,
    kind_of,
    nfc,
)

if TYPE_CHECKING:
    from gatewright.engine.history.where import LastingWhere

KEYS_OF_EVENTS = ("agent", "target", "action")
"""What every history can be keyed by, besides the parameters of its actions: ids and the name."""

OWN_FIELDS = ("id", "action", "agent", "target", "status", "at", "decided_by", "decided_at")
"""What every event has of its own; a parameter of such a name is not seen in a history."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question: which events, in which window, and of which field.

    `record` types the fields. `keys` are sorted by name. The window is `(now - within, now]`, from
    the beginning of time where `within_nanos` is None. `exclude_id` is the action being decided.
    `holds` tells whether the history's `where` is true of an event; it raises EvaluationError.
    `where` is the same apart from this decision, for stores that keep an index; None where what it
    says depends on the decision: such a query is answered by looking at each event.
    """

    history: str
    actions: tuple[str, ...]
    record: RecordType
    now: Timestamp
    within_nanos: int | None = None
    keys: tuple[tuple[str, Value], ...] = ()
    field: str | None = None
    exclude_id: str | None = None
    holds: Callable[[Event], bool] = records.field(
        default=lambda _: True, compare=False, repr=False
    )
    where: LastingWhere | None = records.field(default=None, compare=False, repr=False)


class HistoryStore(Protocol):
    """What conditions ask of past actions; every store gives the same answers.

    All raise EvaluationError: for a field that cannot be read, two currencies, a `where` that errs.
    Whatever else they raise, such as for a database that is away, is an error of the condition too,
    and is logged; a store whose `is_part_of_step` is true is let raise it: who made it part of a
    larger step undoes that as a whole.
    """

    def count(self, query: Query) -> int:
        """Return how many events there are."""
        ...

    def sum(self, query: Query) -> Value:
        """Return the sum of the field; zero of the field's type where there are no events."""
        ...

    def last(self, query: Query) -> Event | None:
        """Return the event of the latest `at`, of several the one recorded last."""
        ...

    def distinct(self, query: Query) -> int:
        """Return how many different values the field has; where it is absent it has none."""
        ...

    def agreement(self, query: AgreementQuery) -> float:
        """Return which part of what a rule sent to people they approved; 0.0 if nobody decided."""
        ...


@dataclass(frozen=True, slots=True)
class AgreementQuery:
    """The question how often people approved what a rule, by qualified name, sent them."""

    rule: str
    now: Timestamp
    within_nanos: int
    exclude_id: str | None = None


# --- the answers, by looking at each event --------------------------------------------------------


def count(events: Iterable[Event], query: Query) -> int:
    """Count the events that a query means."""
    return len(selected(events, query))


def total(events: Iterable[Event], query: Query) -> Value:
    """Sum a field exactly, whatever the order of the events; an absent optional field adds nothing.

    Raises EvaluationError `currency_mismatch`, `overflow`, or `type_mismatch` for no number.
    """
    return sum_of(values(selected(events, query), query), query)


def sum_of(amounts: list[Value], query: Query) -> Value:
    """Sum values of the field that a query asks for; raises as `total`."""
    name = _queried_field(query)
    return sum_values(amounts, declared_type(query.record, name), name)


def last(events: Iterable[Event], query: Query) -> Event | None:
    """Return the latest event; of several at one instant the one that was recorded last."""
    latest: Event | None = None
    for event in selected(events, query):
        if latest is None or event.at >= latest.at:
            latest = event
    return latest


def distinct(events: Iterable[Event], query: Query) -> int:
    """Count the different values of a field."""
    return len({identity(value) for value in values(selected(events, query), query)})


def values(events: Iterable[Event], query: Query) -> list[Value]:
    """Return the values of the field, of events that a query means: of those that have it."""
    name = _queried_field(query)
    declared_type(query.record, name)
    read = _fields(events, query.record, name)
    return [value.content for value in read if value.present]


def agreement(events: Iterable[Event], query: AgreementQuery) -> float:
    """Return approvals by decisions among the events that people decided and the rule matched."""
    decided = [
        event
        for event in events
        if query.rule in event.rules
        and event.decided_by is not None
        and event.id != query.exclude_id
        and _in_window(event.at, query.now, query.within_nanos)
        and (event.status in APPROVED or event.status == "rejected")
    ]
    approved = sum(event.status in APPROVED for event in decided)
    return approved / len(decided) if decided else 0.0


def selected(events: Iterable[Event], query: Query) -> list[Event]:
    """Return the events that a query means, in the order recorded.

    An event whose keys cannot be read counts as an error unless the `where` leaves it out anyway:
    nothing is excluded silently, and nothing irrelevant can make a history fail.
    """
    wanted = [(name, identity(value)) for name, value in query.keys]
    found: list[Event] = []
    for event in events:
        if event.action not in query.actions or event.id == query.exclude_id:
            continue
        if not _in_window(event.at, query.now, query.within_nanos):
            continue
        try:
            matches = all(_has_key(event, name, key, query.record) for name, key in wanted)
        except EvaluationError:
            if query.holds(event):
                raise
            continue
        if matches and query.holds(event):
            found.append(event)
    return found


def _in_window(at: Timestamp, now: Timestamp, within_nanos: int | None) -> bool:
    if at > now:
        return False
    return within_nanos is None or at.nanos > now.nanos - within_nanos


def _has_key(event: Event, name: str, wanted: Hashable, record: RecordType) -> bool:
    value = event_field(event, name, record)
    return value.present and identity(value.content) == wanted


def _queried_field(query: Query) -> str:
    if query.field is None:
        raise EvaluationError("invalid_argument", "the field to look at is not named")
    return query.field


def _fields(events: Iterable[Event], record: RecordType, name: str) -> list[OptionalValue]:
    """Return a field of each event; a text that comes again is read once."""
    # HOT: `make bench-runtime`, the sum of an agent's many refunds: amounts are texts.
    known: dict[str, OptionalValue] = {}
    found: list[OptionalValue] = []
    for event in events:
        raw = None if name in OWN_FIELDS else event.params.get(name)
        if not isinstance(raw, str):
            found.append(event_field(event, name, record))
            continue
        if raw not in known:
            known[raw] = event_field(event, name, record)
        found.append(known[raw])
    return found


# --- fields of events -----------------------------------------------------------------------------


def event_field(event: Event, name: str, record: RecordType) -> OptionalValue:
    """Return a field of an event, typed; nothing where it is absent and may be.

    Raises EvaluationError where it is missing though its type needs it, or does not fit its type.
    """
    declared = declared_type(record, name)
    if name in OWN_FIELDS:
        return _own_field(event, name)
    if name not in event.params:
        listed = record.field(name)
        if listed is None or listed.optional:
            return NOTHING
        raise EvaluationError("no_such_field", f"a past {event.action} has no {shown(name)}")
    value = conform_value(event.params[name], declared, name)
    if value is UNFIT:
        raise EvaluationError(
            "type_mismatch", f"{shown(name)} of a past {event.action} is not of type {declared}"
        )
    return OptionalValue.of(value)


def _own_field(event: Event, name: str) -> OptionalValue:
    value: Value = getattr(event, name)
    return NOTHING if value is None else OptionalValue.of(value)


def declared_type(record: RecordType, name: str) -> Type:
    """Return the type of a field of events; raises EvaluationError where they have none."""
    listed = record.field(name)
    if listed is not None:
        return listed.type
    if record.open or name in OWN_FIELDS:
        return ANY
    close = most_similar(name[:100], record.names)
    hint = f": did you mean `{close}`?" if close else ""
    raise EvaluationError("no_such_field", f"past actions have no {shown(name)}{hint}")


def checked_key(name: str, value: Value, record: RecordType) -> Value:
    """Return the value of a key; raises EvaluationError if events cannot have such a key or value.

    A value of another kind would never match, and a count of zero would hide that.
    """
    if name in OWN_FIELDS and name not in KEYS_OF_EVENTS:
        raise EvaluationError(
            "invalid_argument", f"{shown(name)} is no key: the `where` of a history can look at it"
        )
    wanted = kind_of_type(declared_type(record, name)) if name not in KEYS_OF_EVENTS else "string"
    given = kind_of(value)
    if wanted == "any" and given in _NEVER_AS_WRITTEN:
        raise EvaluationError(
            "type_mismatch",
            f"the key {shown(name)} is {a_kind(value)}, and what is any is as written",
        )
    if wanted not in (given, "any") and not {wanted, given} <= {"int", "uint", "double"}:
        raise EvaluationError(
            "type_mismatch", f"the key {shown(name)} is {a_kind(value)}, not of type {wanted}"
        )
    return value


_NEVER_AS_WRITTEN = frozenset({"money", "timestamp", "duration", "bytes"})
"""Kinds that no value of JSON has: a field of type any never equals them."""


def identity(value: Value) -> Hashable:
    """Return what tells values apart as keys: equal for values that are equal in a condition.

    Numbers by their worth, texts in normal form, money by amount and currency.
    """
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, (int, float, Decimal)):
        return ("number", value)
    if isinstance(value, str):
        return ("string", nfc(value))
    if isinstance(value, tuple):
        return ("list", tuple(identity(item) for item in value))
    if isinstance(value, Map):
        return ("map", frozenset((identity(k), identity(v)) for k, v in value.items()))
    return (kind_of(value), value)
