"""Past actions in the database: what a `HistoryStore` promises, by SQL and by the same functions.

Where the keys of a question are texts and its `where` looks at nothing but the status, an index
answers (`asking`). For everything else events are looked at (`looking`). The answers, errors
included, are those of a history in memory. Source: docs/language.md#history.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from gatewright.dsl.records import replace
from gatewright.engine.history import query as answers
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import AgreementQuery, Query, identity
from gatewright.engine.runtime.store import looking
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.asking import asked
from gatewright.engine.runtime.store.matching import Scope, is_of_status
from gatewright.engine.values import Value


class StoreHistory:
    """A `HistoryStore` over the events of a database, within one transaction.

    `without` is the id of the action being decided: it does not count, whatever a query says. What
    else counts is told by a `Scope`.
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
        self._scope = Scope(before, begun, recorded)

    def count(self, query: Query) -> int:
        """Return how many events there are. Cost: as many as are meant, mostly in an index."""
        query = self._own(query)
        question = asked(self._connection, query, self._scope)
        if question is None:
            return looking.count(self._connection, query, self._scope)
        return question.count()

    def sum(self, query: Query) -> Value:
        """Return the sum of the field. Cost: as `count`.

        How much is known of an amount is a matter of its type in the policy that asks: what is kept
        are numbers, and what they are in.
        """
        query = self._own(query)
        question = asked(self._connection, query, self._scope)
        amounts = None if question is None else question.amounts()
        return answers.sum_of(self._values(query) if amounts is None else amounts, query)

    def last(self, query: Query) -> Event | None:
        """Return the latest event. Cost: O(log n) for each form of an index, else as `count`."""
        query = self._own(query)
        if t.EARLIEST < query.now.nanos < t.LATEST:
            question = asked(self._connection, query, self._scope)
            event = None if question is None else question.last()
            # At the beginning of what columns hold, several instants are one.
            if question is not None and (event is None or event.at.nanos > t.EARLIEST):
                return event
        return looking.last(self._connection, query, self._scope)

    def distinct(self, query: Query) -> int:
        """Return how many different values the field has. Cost: as many events as are meant."""
        query = self._own(query)
        question = asked(self._connection, query, self._scope)
        many = None if question is None else question.different()
        return len({identity(v) for v in self._values(query)}) if many is None else many

    def agreement(self, query: AgreementQuery) -> float:
        """Return which part of what a rule sent to people they approved."""
        if query.exclude_id is None:
            query = replace(query, exclude_id=self._without)
        low, high = self._scope.window(query.now.nanos, query.within_nanos)
        rules = t.event_rules.c
        bodies = (
            select(t.events.c.body)
            .join(t.event_rules, rules.event == t.events.c.number)
            .where(
                rules.rule == query.rule, rules.at.between(low, high),
                *self._scope.conditions(t.events.c.number),
            )
            .order_by(t.events.c.number)
        )  # fmt: skip
        events = looking.events(self._connection, bodies, query.now, self._scope)
        return answers.agreement(events, query)

    def _values(self, query: Query) -> list[Value]:
        return looking.values(self._connection, query, self._scope)

    def _own(self, query: Query) -> Query:
        """Return a query that leaves out the action being decided, and asks a `where` seldom."""
        if query.exclude_id is None and self._without is not None:
            query = replace(query, exclude_id=self._without)
        return _asked_by_status(query) if is_of_status(query) else query


def _asked_by_status(query: Query) -> Query:
    """Return a query that asks its `where` once for each status."""
    known: dict[str, bool] = {}

    def holds(event: Event) -> bool:
        if event.status not in known:
            known[event.status] = query.holds(event)
        return known[event.status]

    return replace(query, holds=holds)
