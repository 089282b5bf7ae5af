"""Past actions in the database: what a `HistoryStore` promises, by SQL and by the same functions.

SQL finds the events that may be meant: by action, window and digests of the keys, through indexes.
Then the functions of `engine/history/query.py` answer, so that the answers, errors included, are
those of a history in memory. Events are kept as their JSON. Where the keys are texts and the
`where` looks at nothing but the status, SQL counts by itself, finds the last, and gathers the
values of a field (`fields`). Source: docs/language.md#history.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from gatewright.engine.canonical import canonical_json, exact_json
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import query as answers
from gatewright.engine.history.query import (
    OWN_FIELDS,
    AgreementQuery,
    Query,
    declared_type,
    event_field,
    identity,
)
from gatewright.engine.history.record import STATUSES, Event
from gatewright.engine.history.sums import sum_values
from gatewright.engine.reading.json_text import Json, read_json
from gatewright.engine.runtime.run import BEGUN
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.fields import UNREAD, text_of, value_of
from gatewright.engine.runtime.store.inserting import insert_new
from gatewright.engine.runtime.store.keys import (
    OWN_KEYS,
    Shape,
    indexed,
    is_doubtful,
    label,
    value_digest,
)
from gatewright.engine.values import Timestamp, Value

_Rows = dict[int, str]

_MOST_EVENTS: Final = 16_384
"""So many events, of about 3 kB each, stay read in a process."""
_MOST_SHAPES: Final = 1_024
_MOST_KEYS: Final = 1_024


def put(connection: Connection, event: Event) -> Event:
    """Record an event, or a later outcome of one that is known by its id; return it as it is now.

    Raises ActionError where the id stands for another action, as `Event.followed_by` does.
    """
    known = connection.execute(
        select(t.events.c.number, t.events.c.body).where(t.events.c.id == event.id)
    ).first()
    if known is None:
        _add(connection, event)
        return event
    now = _event(known.body).followed_by(event)
    connection.execute(
        update(t.events)
        .where(t.events.c.number == known.number)
        .values(status=now.status, body=exact_json(now.to_dict()))
    )
    connection.execute(delete(t.event_rules).where(t.event_rules.c.event == known.number))
    _add_rules(connection, known.number, now)
    return now


def forget(connection: Connection, event: str) -> None:
    """Take an event out, such as one whose action was edited: what is put then is another."""
    number = number_of(connection, event)
    if number is not None:
        for table in (t.event_keys, t.event_rules):
            connection.execute(delete(table).where(table.c.event == number))
        connection.execute(delete(t.events).where(t.events.c.number == number))


def blank(connection: Connection, event: str) -> None:
    """Make the values of an event unreadable: a question that looks at one errs, and opens nothing.

    Its place, its agent and target, its outcome and its rules stay.
    """
    found = select(t.events.c.number, t.events.c.body).where(t.events.c.id == event)
    known = connection.execute(found).one_or_none()
    if known is None:
        return
    params: dict[str, Json] = {str(name): [t.ERASED] for name in _event(known.body).params}
    blanked = Event.from_dict({**_event(known.body).to_dict(), "params": params})
    fields, pairs = indexed(blanked)
    at = t.within_columns(blanked.at.nanos)
    connection.execute(
        update(t.events)
        .where(t.events.c.number == known.number)
        .values(
            body=exact_json(blanked.to_dict()), shape=_shape(connection, blanked.action, fields)
        )
    )
    connection.execute(delete(t.event_keys).where(t.event_keys.c.event == known.number))
    rows = [{"event": known.number, "name": n, "value": v, "at": at} for n, v in sorted(pairs)]
    if rows:
        connection.execute(insert(t.event_keys), rows)


def body_of(connection: Connection, event: str) -> str | None:
    """Return the text of an event; None where there is none of that id."""
    return connection.scalar(select(t.events.c.body).where(t.events.c.id == event))


def shape_digest(action: str, fields: Shape) -> str:
    """Return the digest of a shape, of events of one action."""
    return _shape_text(action, fields)[0]


def _shape_text(action: str, fields: Shape) -> tuple[str, str]:
    body = canonical_json({name: list(labels) for name, labels in fields.items()}).decode()
    return hashlib.sha256(f"{action}\n{body}".encode()).hexdigest()[:40], body


def number_of(connection: Connection, event: str) -> int | None:
    """Return the place of an event in the order recorded; None where there is none of that id."""
    return connection.scalar(select(t.events.c.number).where(t.events.c.id == event))


def _add(connection: Connection, event: Event) -> None:
    fields, pairs = indexed(event)
    at = t.within_columns(event.at.nanos)
    values = {
        "id": event.id,
        "action": event.action,
        "at": at,
        "status": event.status,
        "shape": _shape(connection, event.action, fields),
        "body": exact_json(event.to_dict()),
    }
    new = insert(t.events).values(values).returning(t.events.c.number)
    number = connection.execute(new).scalar_one()
    rows = [{"event": number, "name": n, "value": v, "at": at} for n, v in sorted(pairs)]
    if rows:
        connection.execute(insert(t.event_keys), rows)
    _add_rules(connection, number, event)


def _shape(connection: Connection, action: str, fields: Shape) -> str:
    name, body = _shape_text(action, fields)
    shapes = t.event_shapes
    if connection.scalar(select(shapes.c.digest).where(shapes.c.digest == name)) is None:
        insert_new(connection, shapes, digest=name, action=action, body=body)
    return name


def _add_rules(connection: Connection, number: int, event: Event) -> None:
    at = t.within_columns(event.at.nanos)
    rows = [{"event": number, "rule": rule, "at": at} for rule in sorted(set(event.rules))]
    if rows:
        connection.execute(insert(t.event_rules), rows)


# HOT: `make bench-runtime`, a customer with many past events: each decision reads them again.
@lru_cache(maxsize=_MOST_EVENTS)
def _event(body: str) -> Event:
    return Event.from_dict(read_json(body))


class StoreHistory:
    """A `HistoryStore` over the events of a database, within one transaction.

    `without` is the id of the action being decided, which does not count itself. With `before` only
    events recorded before that one count; with `begun` also later ones that wait no more: that are
    over, or are being carried out. `recorded` counts what was recorded as past whatever its instant
    says: a clock that jumped back hides nothing.
    """

    is_part_of_step: Final = True
    """A step that fails is undone, and tried again: no decision hides it."""

    def __init__(
        self,
        connection: Connection,
        without: str | None = None,
        *,
        before: int | None = None,
        begun: bool = False,
        recorded: bool = False,
    ) -> None:
        self._connection = connection
        self._without = without
        self._before = before
        self._begun = begun
        self._recorded = recorded

    def count(self, query: Query) -> int:
        """Return how many events there are. Cost: as many as the keys find, as of all."""
        query = self._own(query)
        if self._is_exact(query):
            return self._count_by_status(query)
        return answers.count(self._candidates(query), query)

    def _is_exact(self, query: Query) -> bool:
        """Tell whether all that SQL finds have the keys, and those of one status are alike."""
        names = [name for name, _ in query.keys]
        return (
            _is_of_status(query)
            and self._is_within_columns(query)
            and _has_text_keys(query)
            and not self._doubtful(query, names)
        )

    def _is_within_columns(self, query: Query) -> bool:
        """Tell whether columns hold the instants that bound a query: beyond them all are one."""
        low, high = self._window(query.now.nanos, query.within_nanos)
        return (query.within_nanos is None or t.EARLIEST < low < t.LATEST) and (
            self._recorded or high < t.LATEST
        )

    def _count_by_status(self, query: Query) -> int:
        return sum(self._held(query).values())

    def _held(self, query: Query) -> dict[str, int]:
        """Return how many events of each status a query means, for one that `_is_exact`."""
        c = t.events.c
        found = select(c.status, func.count(), func.min(c.number)).where(*self._exactly(query))
        # The first that errs is told, so the order is that in which they were recorded.
        groups = sorted(self._connection.execute(found.group_by(c.status)), key=lambda row: row[2])
        first = select(c.number, c.body).where(c.number.in_([number for *_, number in groups]))
        bodies = self._rows(first) if groups else {}
        return {
            status: many for status, many, number in groups if query.holds(_event(bodies[number]))
        }

    def _statuses(self, query: Query) -> list[str]:
        """Return the statuses that a query means, for one that `_is_exact`.

        Asks about an event of each that has nothing else: its `where` looks at nothing else. Where
        that errs, it matters which statuses there are.
        """
        action = query.actions[0] if query.actions else ""
        try:
            return [s for s in STATUSES if query.holds(Event("", action, query.now, s))]
        except EvaluationError:
            return [*self._held(query)]

    def _order(self, query: Query) -> tuple[ColumnElement[int], ColumnElement[int]]:
        """Return what events are ordered by in time, and in the order recorded."""
        if _digests(query):
            return _key(0).c.at, _key(0).c.event
        return t.events.c.at, t.events.c.number

    def _exactly(self, query: Query, since: int | None = None) -> list[ColumnElement[bool]]:
        """Return the conditions on the events that have a query's keys and window."""
        found = [*self._matching(query, _digests(query), since)]
        if query.exclude_id is not None:
            found.append(t.events.c.id != query.exclude_id)
        return found

    def sum(self, query: Query) -> Value:
        """Return the sum of the field. Cost: as many as the keys find, but mostly in the database.

        How much is known of an amount is a matter of its type in the policy that asks, so no
        totals are kept; see `fields`.
        """
        query = self._own(query)
        if not self._is_exact(query):
            return answers.total(self._candidates(query), query)
        values = self._values(query)
        if values is None or query.field is None:
            return answers.total(self._candidates(query), query, answers.those_held)
        expanded = [value for value, many in values for _ in range(many)]
        return sum_values(expanded, declared_type(query.record, query.field), query.field)

    def _values(self, query: Query) -> list[tuple[Value, int]] | None:
        """Return the values of a field and how many events have each, for one that `_is_exact`.

        None where the events must be looked at one by one, such as for an error of one of them.
        """
        field = query.field
        text = None if field is None or field in OWN_FIELDS else text_of(self._connection, field)
        if text is None or field is None:
            return None
        try:
            declared = declared_type(query.record, field)
        except EvaluationError:
            return None
        c = t.events.c
        meant = [*self._exactly(query), c.status.in_(self._statuses(query))]
        texts = select(text.label("text")).where(*meant).subquery()
        groups = select(texts.c.text, func.count()).group_by(texts.c.text)
        values: list[tuple[Value, int]] = []
        others = 0
        for found, many in self._connection.execute(groups):
            if found is None:
                others = many
                continue
            value = value_of(found, declared, field)
            if value is UNREAD:
                return None
            values.append((value, many))
        if not others:
            return values
        rows = self._rows(select(c.number, c.body).where(*meant, text.is_(None)))
        try:
            read = [event_field(_event(body), field, query.record) for body in rows.values()]
        except EvaluationError:
            return None
        return values + [(value.content, 1) for value in read if value.present]

    def last(self, query: Query) -> Event | None:
        """Return the latest event. Cost: O(log n) for keys that are texts, else as `count`."""
        query = self._own(query)
        now = t.within_columns(query.now.nanos)
        if not self._is_exact(query) or not t.EARLIEST < now < t.LATEST:
            return answers.last(self._candidates(query), query)
        c = t.events.c
        is_meant = c.status.in_(self._statuses(query))
        # In the order of a key, where there is one, lest a database goes through all events.
        at, number = self._order(query)
        found = select(c.at, c.body).where(is_meant).limit(1)
        latest = found.where(*self._exactly(query)).order_by(at.desc(), number.desc())
        if self._recorded:
            # All that came at `now` or later came at `now`: see `_events`.
            late = found.where(*self._exactly(query, since=now)).order_by(number.desc())
            row = self._connection.execute(late).first()
            if row is not None:
                return dataclasses.replace(_event(row.body), at=query.now)
            latest = latest.where(at < now)
        row = self._connection.execute(latest).first()
        if row is not None and row.at == t.EARLIEST:  # several instants are this one
            return answers.last(self._candidates(query), query)
        return None if row is None else _event(row.body)

    def distinct(self, query: Query) -> int:
        """Return how many different values the field has."""
        query = self._own(query)
        values = self._values(query) if self._is_exact(query) else None
        if values is None:
            return answers.distinct(self._candidates(query), query)
        try:
            return len({identity(value) for value, _ in values})
        except EvaluationError:
            return answers.distinct(self._candidates(query), query)

    def agreement(self, query: AgreementQuery) -> float:
        """Return which part of what a rule sent to people they approved."""
        if query.exclude_id is None:
            query = dataclasses.replace(query, exclude_id=self._without)
        low, high = self._window(query.now.nanos, query.within_nanos)
        rules = t.event_rules.c
        found = (
            select(t.events.c.number, t.events.c.body)
            .join(t.event_rules, rules.event == t.events.c.number)
            .where(rules.rule == query.rule, rules.at.between(low, high), *self._earlier())
        )
        return answers.agreement(self._events(self._rows(found), query.now), query)

    def _own(self, query: Query) -> Query:
        """Return a query that leaves out the action being decided, and asks a `where` seldom."""
        if query.exclude_id is None and self._without is not None:
            query = dataclasses.replace(query, exclude_id=self._without)
        return _asked_by_status(query) if _is_of_status(query) else query

    def _candidates(self, query: Query) -> Iterable[Event]:
        return self._events(self.candidates(query), query.now)

    def _events(self, rows: _Rows, now: Timestamp) -> list[Event]:
        """Return events in the order recorded: the first that errs is the one that is told."""
        found = [_event(rows[number]) for number in sorted(rows)]
        if not self._recorded:
            return found
        return [dataclasses.replace(e, at=now) if e.at > now else e for e in found]

    def _earlier(self) -> list[ColumnElement[bool]]:
        if self._before is None:
            return []
        earlier = t.events.c.number < self._before
        return [or_(earlier, _waits_no_more()) if self._begun else earlier]

    def _window(self, now: int, within: int | None) -> tuple[int, int]:
        low = t.EARLIEST if within is None else t.within_columns(now - within + 1)
        return low, t.LATEST if self._recorded else t.within_columns(now)

    def _matching(
        self, query: Query, wanted: list[tuple[str, str]], since: int | None = None
    ) -> Iterator[ColumnElement[bool]]:
        """Give the conditions on events of a query's actions and window that have some keys.

        `since` is a later beginning of the window.
        """
        low, high = self._window(query.now.nanos, query.within_nanos)
        low = low if since is None else max(low, since)
        yield t.events.c.action.in_(query.actions)
        yield t.events.c.at.between(low, high)
        yield from self._earlier()
        for place, (name, value) in enumerate(wanted):
            key = _key(place).c
            yield key.event == t.events.c.number
            yield key.name == name
            yield key.value == value
            yield key.at.between(low, high)

    def candidates(self, query: Query) -> _Rows:
        """Return the bodies of all events that a query may mean, or err with, by their number."""
        wanted = _digests(query)
        columns = select(t.events.c.number, t.events.c.body)
        rows = self._rows(columns.where(*self._matching(query, wanted)))
        if not wanted:
            return rows
        doubtful = self._doubtful(query, [name for name, _ in wanted])
        if doubtful:
            every = columns.where(*self._matching(query, []))
            rows.update(self._rows(every.where(t.events.c.shape.in_(doubtful))))
        return rows

    def _doubtful(self, query: Query, names: list[str]) -> list[str]:
        """Return the shapes of events that must be looked at whatever their values are."""
        shapes = t.event_shapes.c
        found = self._connection.execute(
            select(shapes.digest, shapes.body).where(shapes.action.in_(query.actions))
        )
        return [
            name
            for name, body in found
            if any(is_doubtful(_read_shape(body), field, query.record) for field in names)
        ]

    def _rows(self, found: Executable) -> _Rows:
        return {row.number: row.body for row in self._connection.execute(found)}


def _waits_no_more() -> ColumnElement[bool]:
    c = t.runs.c
    begun = select(c.id).where(c.id == t.events.c.id, c.state.in_([one.value for one in BEGUN]))
    return or_(t.events.c.status != "pending", begun.exists())


def later_begun(connection: Connection, number: int) -> bool:
    """Tell whether an event recorded after a number waits no more."""
    later = select(t.events.c.number).where(t.events.c.number > number, _waits_no_more())
    return connection.scalar(later.limit(1)) is not None


@lru_cache(maxsize=_MOST_KEYS)
def _key(place: int) -> FromClause:
    """Return the table of keys as it stands for a query's key of that place, one for all who ask.

    Beyond those that are kept two askers would mean two tables; no query has so many keys.
    """
    return t.event_keys.alias(f"key{place}")


def _is_of_status(query: Query) -> bool:
    """Tell whether the `where` of a query looks at the status of an event and at nothing else."""
    return query.where is not None and query.where.fields <= {"status"}


def _asked_by_status(query: Query) -> Query:
    """Return a query that asks its `where` once for each status."""
    known: dict[str, bool] = {}

    def holds(event: Event) -> bool:
        if event.status not in known:
            known[event.status] = query.holds(event)
        return known[event.status]

    return dataclasses.replace(query, holds=holds)


def _has_text_keys(query: Query) -> bool:
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


@lru_cache(maxsize=_MOST_SHAPES)
def _read_shape(body: str) -> Shape:
    read = read_json(body)
    shape: dict[str, list[str]] = {}
    for name, labels in (read if isinstance(read, dict) else {}).items():
        shape[name] = [str(one) for one in labels] if isinstance(labels, list) else []
    return shape


def _digests(query: Query) -> list[tuple[str, str]]:
    """Return the keys that narrow a query down; none where any of them cannot be looked up."""
    found: list[tuple[str, str]] = []
    try:
        for name, value in query.keys:
            if name == "action":
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
