"""What waits for people, the oldest first; for one person what they may answer.

The index of questions gives the runs that ask a route which may have the person; only these are
looked at, page by page, until there are enough.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Final

from sqlalchemy import Connection

from gatewright.engine.runtime.answering import require_in_time
from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.people import may_ask
from gatewright.engine.runtime.routing import place_for
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store import runs

_PAGE: Final = 100

_Place = tuple[int, str]
"""Where a run stands in a queue: when it was proposed, and its id."""


def queue(desk: Desk, connection: Connection, person: str | None, most: int) -> list[Run]:
    """Return pending runs, at most so many; for a person those that they may answer now."""
    if person is None:
        return runs.listed(connection, states=[State.PENDING], most=most)
    return list(islice(_answerable(desk, connection, person), max(most, 0)))


def _answerable(desk: Desk, connection: Connection, person: str) -> Iterator[Run]:
    now = desk.database.now(connection)
    standing = desk.standing(connection, now)
    routes = may_ask(desk.policy.policy.routes, desk.directory, standing, person, now)
    places = heapq.merge(*(_places(connection, route) for route in sorted(routes)))
    ids = (run for (_, run), _ in groupby(places))  # one that asks several of them comes once
    while page := list(islice(ids, _PAGE)):
        found = runs.several(connection, page)
        for id_ in page:
            run = found[id_]
            at = max(now, run.updated_at)
            try:
                action = desk.plan_of(run, connection)
                roster = desk.roster(connection, run, action, at, standing if at == now else None)
                require_in_time(run, roster, at)
                place_for(run.round, roster, person)
            except GateError:  # not for this person, or its plan was erased: nobody can answer it
                continue
            yield run


def _places(connection: Connection, route: str) -> Iterator[_Place]:
    after: _Place | None = None
    while True:
        page = runs.asking(connection, route, after, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]
