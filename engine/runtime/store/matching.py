"""A question -> the conditions, in SQL, on the events that it may mean.

A `Scope` says which events are there at all for who asks. Every event has keys: those of its texts,
and its action. `matching` and `of_action` are conditions on the events, for who reads them; `keyed`
are such on the keys alone, so that an index answers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, Connection, FromClause, or_, select

from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.query import Query, declared_type, identity
from gatewright.engine.runtime.run import BEGUN
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.events import number_of
from gatewright.engine.runtime.store.keys import ACTION, OWN_KEYS, label, text_digest, value_digest

Condition = ColumnElement[bool]

_MOST_KEYS: Final = 1_024


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events count, for who asks.

    With `before` only events recorded before that one; with `begun` also later ones that wait no
    more: that are over, or are being carried out. `recorded` counts what was recorded as past
    whatever its instant says: a clock that jumped back hides nothing.
    """

    before: int | None = None
    begun: bool = False
    recorded: bool = False

    def window(self, now: int, within: int | None) -> tuple[int, int]:
        """Return the first and the last instant of a window, as columns hold them."""
        low = t.EARLIEST if within is None else t.within_columns(now - within + 1)
        return low, t.LATEST if self.recorded else t.within_columns(now)

    def holds_window(self, query: Query) -> bool:
        """Tell whether columns hold the instants that bound a query: beyond them all are one."""
        low, high = self.window(query.now.nanos, query.within_nanos)
        return (query.within_nanos is None or t.EARLIEST < low < t.LATEST) and (
            self.recorded or high < t.LATEST
        )

    def conditions(self, number: ColumnElement[int]) -> list[Condition]:
        """Return those on the number of an event."""
        if self.before is None:
            return []
        earlier = number < self.before
        if not self.begun:
            return [earlier]
        later = t.events.alias("later")
        waits_not = select(later.c.number).where(later.c.number == number, waits_no_more(later))
        return [or_(earlier, waits_not.exists())]


def matching(query: Query, scope: Scope) -> list[Condition]:
    """Return the conditions on `events` that have the keys and the window of a query.

    Keys that cannot be looked up are left out.
    """
    low, high = scope.window(query.now.nanos, query.within_nanos)
    found: list[Condition] = []
    found += [t.events.c.action.in_(query.actions), t.events.c.at.between(low, high)]
    found += scope.conditions(t.events.c.number)
    for place, (name, value) in enumerate(digests(query)):
        key = key_table(place).c
        found += [key.event == t.events.c.number, key.name == name, key.value == value]
        found.append(key.at.between(low, high))
    return found


def of_action(query: Query, scope: Scope) -> list[Condition]:
    """Return the conditions on `events` of the actions and the window of a query."""
    low, high = scope.window(query.now.nanos, query.within_nanos)
    found = [t.events.c.action.in_(query.actions), t.events.c.at.between(low, high)]
    return found + scope.conditions(t.events.c.number)


def keyed(
    connection: Connection, query: Query, scope: Scope, *, since: int | None = None
) -> list[Condition]:
    """Return the conditions on the keys alone, for a query whose keys are texts, or that has none.

    `FIRST` is then a row for each event that is meant, with its form and units. An event may be of
    another action still: its form tells. `since` is a later beginning of the window.
    """
    low, high = scope.window(query.now.nanos, query.within_nanos)
    low = low if since is None else max(low, since)
    found = scope.conditions(FIRST.event)
    excluded = None if query.exclude_id is None else number_of(connection, query.exclude_id)
    if excluded is not None:
        found.append(FIRST.event != excluded)
    of_actions = [(ACTION, [text_digest(action) for action in query.actions])]
    wanted = [(name, [value]) for name, value in digests(query)] or of_actions
    for place, (name, values) in enumerate(wanted):
        key = key_table(place).c
        found += [key.name == name, key.at.between(low, high)]
        found.append(key.value == values[0] if len(values) == 1 else key.value.in_(values))
        if place:
            found.append(key.event == FIRST.event)
    return found


def is_of_status(query: Query) -> bool:
    """Tell whether the `where` of a query looks at the status of an event and at nothing else."""
    return query.where is not None and query.where.fields <= {"status"}


def has_text_keys(query: Query) -> bool:
    """Tell whether who has the digests of the keys has the keys.

    Numbers have one digest for several readings, of which the one that is asked for may differ.
    """
    try:
        return all(
            isinstance(value, str)
            and (name in OWN_KEYS or label(declared_type(query.record, name)) == "string")
            for name, value in query.keys
        )
    except EvaluationError:
        return False


def digests(query: Query) -> list[tuple[str, str]]:
    """Return the keys that narrow a query down; none where any of them cannot be looked up."""
    found: list[tuple[str, str]] = []
    try:
        for name, value in query.keys:
            if name == ACTION:
                continue
            if name not in OWN_KEYS and label(declared_type(query.record, name)) is None:
                return []
            value_name = value_digest(identity(value))
            if value_name is None:
                return []
            found.append((name, value_name))
    except EvaluationError:
        return []
    return found


def waits_no_more(events: FromClause) -> Condition:
    """Return the condition on events, or an alias of them, that are over or being carried out."""
    c = t.runs.c
    begun = select(c.id).where(c.id == events.c.id, c.state.in_([one.value for one in BEGUN]))
    return or_(events.c.status != "pending", begun.exists())


def later_begun(connection: Connection, number: int) -> bool:
    """Tell whether an event recorded after a number waits no more."""
    later = select(t.events.c.number).where(t.events.c.number > number, waits_no_more(t.events))
    return connection.scalar(later.limit(1)) is not None


@lru_cache(maxsize=_MOST_KEYS)
def key_table(place: int) -> FromClause:
    """Return the table of keys as it stands for a query's key of that place, one for all who ask.

    Beyond those that are kept two askers would mean two tables; no query has so many keys.
    """
    return t.event_keys.alias(f"key{place}")


FIRST: Final = key_table(0).c
"""The columns of the first key: a row for each event."""
