"""Past actions in the database: what a `HistoryStore` promises, by SQL and by the same functions.

SQL finds the events that may be meant: by action, window and digests of the keys, through indexes.
Then the functions of `engine/history/query.py` answer, so that the answers, errors included, are
those of a history in memory. Events are kept as their JSON. Source: language.md §6.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection, Executable, delete, insert, select, update

from gatewright.engine.canonical import canonical_json, exact_json
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import query as answers
from gatewright.engine.history.query import AgreementQuery, Query, declared_type, identity
from gatewright.engine.history.record import Event
from gatewright.engine.json_text import read_json
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.inserting import insert_new
from gatewright.engine.runtime.store.keys import (
    OWN_KEYS,
    Shape,
    indexed,
    is_doubtful,
    label,
    value_digest,
)
from gatewright.engine.values import Value

_Rows = dict[int, str]


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
    number = connection.scalar(select(t.events.c.number).where(t.events.c.id == event))
    if number is not None:
        for table in (t.event_keys, t.event_rules):
            connection.execute(delete(table).where(table.c.event == number))
        connection.execute(delete(t.events).where(t.events.c.number == number))


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
    body = canonical_json({name: list(labels) for name, labels in fields.items()}).decode()
    name = hashlib.sha256(f"{action}\n{body}".encode()).hexdigest()[:40]
    shapes = t.event_shapes
    if connection.scalar(select(shapes.c.digest).where(shapes.c.digest == name)) is None:
        insert_new(connection, shapes, digest=name, action=action, body=body)
    return name


def _add_rules(connection: Connection, number: int, event: Event) -> None:
    at = t.within_columns(event.at.nanos)
    rows = [{"event": number, "rule": rule, "at": at} for rule in sorted(set(event.rules))]
    if rows:
        connection.execute(insert(t.event_rules), rows)


def _event(body: str) -> Event:
    return Event.from_dict(read_json(body))


class StoreHistory:
    """A `HistoryStore` over the events of a database, within one transaction.

    `without` is the id of the action being decided, which does not count itself.
    """

    def __init__(self, connection: Connection, without: str | None = None) -> None:
        self._connection = connection
        self._without = without

    def count(self, query: Query) -> int:
        """Return how many events there are. Cost: as many as the keys find, as of all."""
        query = self._own(query)
        return answers.count(self._candidates(query), query)

    def sum(self, query: Query) -> Value:
        """Return the sum of the field."""
        query = self._own(query)
        return answers.total(self._candidates(query), query)

    def last(self, query: Query) -> Event | None:
        """Return the latest event."""
        query = self._own(query)
        return answers.last(self._candidates(query), query)

    def distinct(self, query: Query) -> int:
        """Return how many different values the field has."""
        query = self._own(query)
        return answers.distinct(self._candidates(query), query)

    def agreement(self, query: AgreementQuery) -> float:
        """Return which part of what a rule sent to people they approved."""
        if query.exclude_id is None:
            query = dataclasses.replace(query, exclude_id=self._without)
        low, high = _window(query.now.nanos, query.within_nanos)
        rules = t.event_rules.c
        found = (
            select(t.events.c.number, t.events.c.body)
            .join(t.event_rules, rules.event == t.events.c.number)
            .where(rules.rule == query.rule, rules.at.between(low, high))
        )
        return answers.agreement(_events(self._rows(found)), query)

    def _own(self, query: Query) -> Query:
        if query.exclude_id is not None or self._without is None:
            return query
        return dataclasses.replace(query, exclude_id=self._without)

    def _candidates(self, query: Query) -> Iterable[Event]:
        return _events(self.candidates(query))

    def candidates(self, query: Query) -> _Rows:
        """Return the bodies of all events that a query may mean, or err with, by their number."""
        low, high = _window(query.now.nanos, query.within_nanos)
        wanted = _digests(query)
        every = (
            select(t.events.c.number, t.events.c.body)
            .where(t.events.c.action.in_(query.actions))
            .where(t.events.c.at.between(low, high))
        )
        if not wanted:
            return self._rows(every)
        matching = every
        for name, value in wanted:
            key = t.event_keys.alias()
            matching = matching.join(key, key.c.event == t.events.c.number).where(
                key.c.name == name, key.c.value == value, key.c.at.between(low, high)
            )
        rows = self._rows(matching)
        doubtful = self._doubtful(query, [name for name, _ in wanted])
        if doubtful:
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


def _read_shape(body: str) -> Shape:
    read = read_json(body)
    shape: dict[str, list[str]] = {}
    for name, labels in (read if isinstance(read, dict) else {}).items():
        shape[name] = [str(one) for one in labels] if isinstance(labels, list) else []
    return shape


def _events(rows: _Rows) -> list[Event]:
    """Return events in the order recorded: the first that errs is the one that is told."""
    return [_event(rows[number]) for number in sorted(rows)]


def _window(now: int, within: int | None) -> tuple[int, int]:
    return (t.EARLIEST if within is None else t.within_columns(now - within + 1)), t.within_columns(
        now
    )


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
