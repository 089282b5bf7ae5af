"""Past actions in memory: a list that is looked through, for tests, notebooks and the CLI."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from gatewright.engine.history import query as answers
from gatewright.engine.history.query import AgreementQuery, Query
from gatewright.engine.history.record import Event
from gatewright.engine.json_text import read_json
from gatewright.engine.problems import ActionError
from gatewright.engine.values import Value


class History:
    """Events by id, in the order recorded; answers what a `HistoryStore` promises.

    >>> history = History()
    >>> history.append({"id": "a-1", "action": "billing.refund", "at": "2026-11-20T12:00:00Z",
    ...                 "status": "executed"})
    >>> len(history)
    1
    """

    def __init__(self, events: Iterable[Event | Mapping[str, object]] = ()) -> None:
        self._events: dict[str, Event] = {}
        for event in events:
            self.append(event)

    @classmethod
    def from_jsonl(cls, source: str | bytes | os.PathLike[str]) -> History:
        """Read JSON lines from a file (a `Path`) or from the text itself; blank lines are skipped.

        Raises ActionError with the number of the line, and OSError for a file.
        """
        if isinstance(source, os.PathLike):
            source = Path(source).read_bytes()
        history = cls()
        # Not splitlines: that would also cut at characters which may stand within JSON strings.
        lines = source.split("\n") if isinstance(source, str) else source.split(b"\n")
        for number, line in enumerate(cast("list[str | bytes]", lines), start=1):
            if line.strip():
                history._append_line(line, number)
        return history

    def _append_line(self, line: str | bytes, number: int) -> None:
        try:
            self.append(Event.from_dict(read_json(line)))
        except ActionError as error:
            raise ActionError(error.message, error.path, number, error.column) from None

    def append(self, event: Event | Mapping[str, object]) -> None:
        """Record an event, or a later outcome of one that is known by its id.

        Raises ActionError for a dict of another shape, or an id that stands for another action.
        """
        new = event if isinstance(event, Event) else Event.from_dict(event)
        known = self._events.get(new.id)
        self._events[new.id] = new if known is None else known.followed_by(new)

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    def count(self, query: Query) -> int:
        """Return how many events there are. Cost, as of all answers: linear in their number."""
        return answers.count(self, query)

    def sum(self, query: Query) -> Value:
        """Return the sum of the field."""
        return answers.total(self, query)

    def last(self, query: Query) -> Event | None:
        """Return the latest event."""
        return answers.last(self, query)

    def distinct(self, query: Query) -> int:
        """Return how many different values the field has."""
        return answers.distinct(self, query)

    def agreement(self, query: AgreementQuery) -> float:
        """Return which part of what a rule sent to people they approved."""
        return answers.agreement(self, query)
