"""What waits for people, the oldest first; for one person what they may answer.

The index of questions gives the runs that ask a route which may have the person; only these are
looked at, page by page, until there are enough.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import Final

from sqlalchemy import Connection

from gatewright.engine.runtime.answering import require_in_time
from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.people import may_ask
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.seating import seat_for
from gatewright.engine.runtime.store import runs

_PAGE: Final = 100

_Place = tuple[int, str]
"""Where a run stands in a queue: when it was proposed, and its id."""


def listed(connection: Connection, states: Iterable[State], most: int) -> list[Run]:
    """Return runs in some states, the oldest first, at most so many; none that is damaged."""
    wanted = list(states)
    places = _pages(lambda after: runs.in_states(connection, wanted, after, _PAGE))
    return list(islice(_read(connection, (run for _, run in places)), max(most, 0)))


def queue(desk: Desk, connection: Connection, person: str, most: int) -> list[Run]:
    """Return pending runs that a person may answer now, the oldest first, at most so many."""
    return list(islice(_answerable(desk, connection, person), max(most, 0)))


def _answerable(desk: Desk, connection: Connection, person: str) -> Iterator[Run]:
    now = desk.database.now(connection)
    # A run that saw a later instant already, before the clock jumped back, goes by that.
    known = desk.delegations(connection, now, later=True)
    delegations = [one for one in known if one.holds(now)]
    routes = may_ask(desk.policy.policy.routes, desk.directory, known, person)
    places = heapq.merge(*(_asking(connection, route) for route in sorted(routes)))
    ids = (run for (_, run), _ in groupby(places))  # one that asks several of them comes once
    for run in _read(connection, ids):
        at = max(now, run.updated_at)
        try:
            action = desk.plan_of(run, connection)
            roster = desk.roster(connection, run, action, at, delegations if at == now else None)
            require_in_time(run, roster, at)
            seat_for(run.round, roster, person)
        except GateError:  # not for this person, or its plan was erased: nobody can answer it
            continue
        yield run


def _asking(connection: Connection, route: str) -> Iterator[_Place]:
    return _pages(lambda after: runs.asking(connection, route, after, _PAGE))


def _read(connection: Connection, ids: Iterator[str]) -> Iterator[Run]:
    while page := list(islice(ids, _PAGE)):
        found = runs.several(connection, page)
        yield from (found[id_] for id_ in page if id_ in found)


def _pages(ask: Callable[[_Place | None], list[_Place]]) -> Iterator[_Place]:
    after: _Place | None = None
    while True:
        page = ask(after)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]
