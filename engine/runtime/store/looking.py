"""Answers by looking at each event that a question may mean, a page of them at a time.

SQL finds them by action, window and digests of the keys, through indexes; those whose keys may not
be as their digests say come along. Then the functions of `engine/history/query.py` answer. Cost: as
many as SQL finds, each read from its JSON; memory: their numbers and values, and one page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Executable, select

from gatewright.dsl.records import replace
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import query as answers
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import Query
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.events import read_event
from gatewright.engine.runtime.store.matching import Scope, digests, matching, of_action
from gatewright.engine.runtime.store.shapes import doubtful_shapes
from gatewright.engine.values import Timestamp, Value

_PAGE: Final = 500


def count(connection: Connection, query: Query, scope: Scope) -> int:
    """Return how many events there are."""
    return sum(answers.count(page, query) for page in _pages(connection, query, scope))


def values(connection: Connection, query: Query, scope: Scope) -> list[Value]:
    """Return the values of the field, of those events that have it.

    A `where` that errs is told before a field that does, wherever either is.
    """
    found = answers.values([], query)  # errs by itself where there can be no such field
    unread: EvaluationError | None = None
    for page in _pages(connection, query, scope):
        meant = answers.selected(page, query)
        try:
            found += answers.values(meant, query) if unread is None else []
        except EvaluationError as error:
            unread = error
    if unread is not None:
        raise unread
    return found


def last(connection: Connection, query: Query, scope: Scope) -> Event | None:
    """Return the latest event; of several at one instant the one that was recorded last."""
    latest: Event | None = None
    for page in _pages(connection, query, scope):
        found = answers.last(page, query)
        if found is not None and (latest is None or found.at >= latest.at):
            latest = found
    return latest


def events(connection: Connection, bodies: Executable, now: Timestamp, scope: Scope) -> list[Event]:
    """Return events of their texts, none later than now where all that is recorded is past."""
    found = [read_event(body) for body in connection.scalars(bodies)]
    if not scope.recorded:
        return found
    return [replace(e, at=now) if e.at > now else e for e in found]


def candidates(connection: Connection, query: Query, scope: Scope) -> list[int]:
    """Return the numbers of all events that a query may mean, or err with, in their order."""
    number = t.events.c.number
    found = set(connection.scalars(select(number).where(*matching(query, scope))))
    shapes = doubtful(connection, query)
    if shapes:
        every = select(number).where(*of_action(query, scope), t.events.c.shape.in_(shapes))
        found.update(connection.scalars(every))
    return sorted(found)


def doubtful(connection: Connection, query: Query) -> list[str]:
    """Return the shapes of events that must be looked at whatever the query's keys are."""
    names = [name for name, _ in digests(query)]
    return doubtful_shapes(connection, query.actions, names, query.record) if names else []


def _pages(connection: Connection, query: Query, scope: Scope) -> Iterator[list[Event]]:
    """Give the candidates in the order recorded: the first that errs is the one that is told."""
    numbers = candidates(connection, query, scope)
    number = t.events.c.number
    for start in range(0, len(numbers), _PAGE):
        page = number.in_(numbers[start : start + _PAGE])
        bodies = select(t.events.c.body).where(page).order_by(number)
        yield events(connection, bodies, query.now, scope)
