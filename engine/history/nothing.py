"""A store without events: what is asked where the host keeps no history.

A question that no store could answer is an error here too.
"""

from __future__ import annotations

from typing import Final

from gatewright.engine.history import query as answers
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import AgreementQuery, HistoryStore, Query
from gatewright.engine.values import Value


class Nothing:
    """A `HistoryStore` in which nothing ever happened."""

    __slots__ = ()

    def count(self, query: Query) -> int:
        """Return 0."""
        return answers.count((), query)

    def sum(self, query: Query) -> Value:
        """Return zero of the field's type; raises EvaluationError for a field that is not there."""
        return answers.total((), query)

    def last(self, query: Query) -> Event | None:
        """Return None."""
        return answers.last((), query)

    def distinct(self, query: Query) -> int:
        """Return 0; raises EvaluationError for a field that is not there."""
        return answers.distinct((), query)

    def agreement(self, query: AgreementQuery) -> float:
        """Return 0.0."""
        return answers.agreement((), query)


NOTHING_HAPPENED: Final[HistoryStore] = Nothing()
