"""Past actions in memory, with an index for each set of keys that was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Literal, cast, overload

from gatewright.dsl.garbage import uncollected
from gatewright.dsl.policy import History as DeclaredHistory
from gatewright.engine.cel.scope import Scope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import query as answers
from gatewright.engine.history.distinct_index import DistinctIndex
from gatewright.engine.history.event import Event
from gatewright.engine.history.index import EventIndex, Shared
from gatewright.engine.history.index_cache import Indexes
from gatewright.engine.history.query import AgreementQuery, Query
from gatewright.engine.history.quick import quick_event
from gatewright.engine.history.series import Record
from gatewright.engine.history.sum_index import SumIndex
from gatewright.engine.history.where import lasting
from gatewright.engine.history.wrong_calls import (
    path_advice,
    refuse_what_are_no_events,
    refuse_what_is_no_source,
)
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.reading.problems import ActionError
from gatewright.engine.values import Timestamp, Value


class History:
    """Events by id, in the order recorded; answers what a `HistoryStore` promises.

    May be shared by threads: a reader sees all of a change or nothing of it.

    >>> history = History()
    >>> history.append({"id": "a-1", "action": "billing.refund", "at": "2026-11-20T12:00:00Z",
    ...                 "status": "executed"})
    >>> len(history)
    1
    """

    def __init__(self, events: Iterable[Event | Mapping[str, object]] = ()) -> None:
        refuse_what_are_no_events(events)
        self._shared = Shared(RLock(), {})
        self._indexes = Indexes(self._shared)
        self._numbers = count()
        self.changes = 0
        """How often something was recorded or forgotten: as long as it stays, so do all answers."""
        for event in events:
            self.append(event)

    @classmethod
    def from_jsonl(cls, source: str | bytes | os.PathLike[str]) -> History:
        """Read JSON lines from a file (a `Path`) or from the text itself; blank lines are skipped.

        Raises ActionError with the number of the line, OSError for a file, and TypeError for what
        is neither.
        """
        refuse_what_is_no_source(source)
        if isinstance(source, os.PathLike):
            source = Path(source).read_bytes()
        history, number = cls(), 0
        # Not splitlines: that would also cut at characters which may stand within JSON strings.
        lines = source.split("\n") if isinstance(source, str) else source.split(b"\n")
        try:
            with uncollected():
                for line in cast("list[str | bytes]", lines):
                    number += 1
                    if line.strip():
                        data = read_json(line)
                        history.append(quick_event(data) or Event.from_dict(data))
        except ActionError as error:
            told = error.message + path_advice(source)
            raise ActionError(told, error.path, number, error.column) from None
        return history

    def append(self, event: Event | Mapping[str, object]) -> None:
        """Record an event, or a later outcome of one that is known by its id.

        Raises ActionError for a dict of another shape, or an id that stands for another action.
        Cost: O(log n) for each index that was asked for; see `series` for late events.
        """
        new = event if isinstance(event, Event) else Event.from_dict(event)
        with self._shared.lock:
            self.changes += 1
            record = self._shared.records.get(new.id)
            if record is None:
                record = Record(next(self._numbers), new)
                self._shared.records[new.id] = record
                if len(self._indexes):
                    self._indexes.change(lambda index: index.add(record))
            else:
                self._follow(record, record.event.followed_by(new))

    def _follow(self, record: Record, event: Event) -> None:
        self._indexes.change(lambda index: index.remove(record))
        record.event = event
        self._indexes.forget(record)
        self._indexes.change(lambda index: index.add(record))

    def prune(self, before: Timestamp) -> int:
        """Forget the events before an instant, and return how many they were.

        A question whose window reaches further back is an error from then on, never a smaller
        count: prune before `now` less the longest window that any policy asks for, see
        `longest_window`. A later outcome of a forgotten event is recorded as a new event.
        Cost: linear in the number of events, so do it now and then.
        """
        with self._shared.lock:
            self.changes += 1
            records = self._shared.records
            gone = [r for r in records.values() if r.event.at < before]
            for record in gone:
                del records[record.event.id]
            self._indexes.leave(gone, records.values())
            self._shared.forget(before.nanos)
            return len(gone)

    def __len__(self) -> int:
        return len(self._shared.records)

    def __iter__(self) -> Iterator[Event]:
        with self._shared.lock:
            return iter([record.event for record in self._shared.records.values()])

    # --- answers

    def count(self, query: Query) -> int:
        """Return how many events there are. Cost: O(log n) once there is an index, as of all."""
        if query.where is None:
            return answers.count(self._kept(query), query)
        return self._indexes.events(query.where, _names(query)).count(*_asked(query))

    def sum(self, query: Query) -> Value:
        """Return the sum of the field."""
        if query.where is None or query.field is None:
            return answers.total(self._kept(query), query)
        index = self._indexes.sums(query.where, _names(query), query.field)
        return index.sum(*_asked(query))

    def last(self, query: Query) -> Event | None:
        """Return the latest event."""
        if query.where is not None:
            return self._indexes.events(query.where, _names(query)).last(*_asked(query))
        found = answers.last(self, query)
        if found is None:
            self._kept(query)
        return found

    def distinct(self, query: Query) -> int:
        """Return how many different values the field has."""
        if query.where is None or query.field is None:
            return answers.distinct(self._kept(query), query)
        index = self._indexes.distinct(query.where, _names(query), query.field)
        return index.distinct(*_asked(query))

    def agreement(self, query: AgreementQuery) -> float:
        """Return which part of what a rule sent to people they approved. Cost: linear."""
        self._shared.check(query.now.nanos - query.within_nanos)
        return answers.agreement(self, query)

    def _kept(self, query: Query) -> History:
        """Return the history itself; raises EvaluationError if the window reaches too far back."""
        within = query.within_nanos
        start = Timestamp.MIN_NANOS if within is None else query.now.nanos - within
        self._shared.check(start)
        return self

    # --- for compiled conditions

    @overload
    def index(
        self,
        declared: DeclaredHistory,
        method: Literal["count", "last"],
        keys: tuple[str, ...],
        field: None = None,
        outer: Scope | None = None,
    ) -> EventIndex | None: ...

    @overload
    def index(
        self,
        declared: DeclaredHistory,
        method: Literal["sum"],
        keys: tuple[str, ...],
        field: str,
        outer: Scope | None = None,
    ) -> SumIndex | None: ...

    @overload
    def index(
        self,
        declared: DeclaredHistory,
        method: Literal["distinct"],
        keys: tuple[str, ...],
        field: str,
        outer: Scope | None = None,
    ) -> DistinctIndex | None: ...

    def index(
        self,
        declared: DeclaredHistory,
        method: Literal["count", "last", "sum", "distinct"],
        keys: tuple[str, ...],
        field: str | None = None,
        outer: Scope | None = None,
    ) -> EventIndex | SumIndex | DistinctIndex | None:
        """Return the index that answers a method of a history; it stays up to date while it lives.

        `keys` are names in sorted order; `outer` is the scope of the history's package. None where
        its `where` depends on the decision: ask the store instead. The first call for a set of keys
        parts the events by them, O(n), and the first question about some values sorts those that
        have them; keep what it returns. Raises EvaluationError for no field.
        """
        where = lasting(declared, outer)
        if where is None:
            return None
        if method in ("count", "last"):
            return self._indexes.events(where, keys)
        if field is None:
            raise EvaluationError("invalid_argument", "the field to look at is not named")
        if method == "sum":
            return self._indexes.sums(where, keys, field)
        return self._indexes.distinct(where, keys, field)


def _names(query: Query) -> tuple[str, ...]:
    return tuple(name for name, _ in query.keys)


def _asked(query: Query) -> tuple[tuple[Value, ...], int, int | None, str | None]:
    """Return what an index is asked: values of the keys, the window, the action being decided."""
    values = tuple(value for _, value in query.keys)
    return values, query.now.nanos, query.within_nanos, query.exclude_id
