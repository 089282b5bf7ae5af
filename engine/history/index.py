"""Indexes over past actions: one history, one set of keys, and the field of `sum` or `distinct`.

An index puts each event of its history where a question finds it: by the values of the keys, in
order of time; those that are there when it is built, when their keys are first asked for. Each
answer is the one that `query` gives by looking at every event, errors included; reading takes
O(log n). What makes an answer an error (a key that cannot be read, a `where` that
errs) is kept apart, and found again by the same functions. Source: docs/language.md#history.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable
from threading import RLock
from typing import Final, Generic, TypeVar

from gatewright.dsl.policy import History as DeclaredHistory
from gatewright.dsl.records import dataclass
from gatewright.dsl.types import EnumType, RecordType, StringType
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import query as answers
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import OWN_FIELDS, Query, event_field, identity
from gatewright.engine.history.series import Record, Series, order
from gatewright.engine.history.where import LastingWhere
from gatewright.engine.values import OptionalValue, Timestamp, Value, nfc

Key = Hashable
"""What tells the groups of an index apart: the token of the one key, else a tuple of tokens."""
Group = TypeVar("Group")

_FALSE: Final = 1
_TRUE: Final = 2
_ERROR: Final = 3
_BEGINNING: Final = Timestamp.MIN_NANOS - 1
"""Before every instant: where a window without length begins."""


def token(value: Value) -> Hashable:
    """Return what tells values apart, as `identity` does, but a text is its own token."""
    return nfc(value) if isinstance(value, str) else identity(value)


class Field:
    """One field of the events of a history, as it is read again and again."""

    __slots__ = ("_is_own", "_is_text", "_record", "name")

    def __init__(self, name: str, record: RecordType) -> None:
        self.name = name
        self._record = record
        listed = record.field(name)
        self._is_own = name in OWN_FIELDS
        self._is_text = listed is not None and isinstance(listed.type, StringType | EnumType)

    def read(self, event: Event) -> OptionalValue:
        """Return the value; raises EvaluationError, as `event_field` does."""
        return event_field(event, self.name, self._record)

    # HOT: benchmarks/history.py, append. A text that was recorded is its own value, by any type.
    def token(self, event: Event) -> Hashable | None:
        """Return what tells the value from others, None where it is absent."""
        if self._is_own:
            own: Value = getattr(event, self.name)
            return None if own is None else token(own)
        if self._is_text:
            text = event.params.get(self.name)
            if type(text) is str:
                return token(text)
        value = self.read(event)
        return token(value.content) if value.present else None


class Judge:
    """What the `where` of one history says of each event, kept: it is evaluated once an event.

    One that reads the status and the action only is evaluated once for each pair of them.
    """

    def __init__(self, where: LastingWhere) -> None:
        self.where = where
        self._is_simple = where.fields <= {"status", "action"}
        self._simple: dict[tuple[str, str], int] = {}
        self._known = bytearray()
        self._start = 0
        """The number of the first record in `_known`."""

    def says(self, record: Record) -> int:
        """Return whether it is true of an event, false, or errs."""
        if not self._known:
            self._start = record.seq
        place = record.seq - self._start
        if place < 0:  # one from before what is kept: stores tell of nearly all in order
            return self._ask(record.event)
        if place >= len(self._known):
            self._known.extend(bytes(place + 1 - len(self._known)))
        if not self._known[place]:
            self._known[place] = self._ask(record.event)
        return self._known[place]

    def forget(self, record: Record) -> None:
        """Ask again: the event has changed."""
        place = record.seq - self._start
        if 0 <= place < len(self._known):
            self._known[place] = 0

    def forget_before(self, seq: int) -> None:
        """Drop what is known of the records before a number."""
        if seq > self._start:
            del self._known[: seq - self._start]
            self._start = seq

    def _ask(self, event: Event) -> int:
        if not self._is_simple:
            return self._evaluate(event)
        pair = (event.status, event.action)
        if pair not in self._simple:
            self._simple[pair] = self._evaluate(event)
        return self._simple[pair]

    def _evaluate(self, event: Event) -> int:
        try:
            return _TRUE if self.where.holds(event) else _FALSE
        except EvaluationError:
            return _ERROR


@dataclass(slots=True)
class Shared:
    """What the indexes of one store share: its records by id, a lock, and what it has forgotten."""

    lock: RLock
    records: dict[str, Record]
    forgotten: int | None = None
    """Events before this instant are gone, in nanoseconds; None where all are there."""

    def forget(self, before: int) -> None:
        """Note that events before an instant are gone."""
        self.forgotten = before if self.forgotten is None else max(before, self.forgotten)

    def check(self, after: int) -> None:
        """Raise EvaluationError where a window reaches back to what was forgotten."""
        if self.forgotten is not None and after + 1 < self.forgotten:
            raise forgotten()


def forgotten() -> EvaluationError:
    """Return the error of a question about events that the store was told to forget."""
    return EvaluationError(
        "invalid_argument", "the window reaches back to past actions that were pruned"
    )


class Index(ABC, Generic[Group]):
    """The events of a history by their keys. Made by a store, which tells it of every change."""

    def __init__(
        self, judge: Judge, keys: tuple[str, ...], field: str | None, shared: Shared
    ) -> None:
        self.declared: DeclaredHistory = judge.where.declared
        self.keys = keys
        self._fields = [Field(name, self.declared.record) for name in keys]
        self.field = field
        self._judge = judge
        self._shared = shared
        self._groups: dict[Key, Group] = {}
        self._waiting: dict[Key, list[Record]] = {}
        """By the keys of groups that nobody asked for: their records, not put in order yet."""
        self._trouble: dict[tuple[Hashable, ...], Series] = {}
        """By the keys that could be read: events that make an answer an error."""
        self.broken = False
        """Whether a change was not taken in as a whole; it is then built anew before it is read."""

    # --- kept up to date by the store, under its lock

    def build(self, records: Iterable[Record]) -> None:
        """Take in all records. What belongs to a group is put in order when it is asked for."""
        self._groups.clear()
        self._waiting.clear()
        self._trouble.clear()
        self.broken = False
        waiting = self._waiting
        for record in records:
            place = self._place(record)
            if place is None:
                continue
            tokens, is_trouble = place
            if is_trouble:
                self._trouble.setdefault(tokens, Series()).add(record)
                continue
            key = tokens[0] if len(tokens) == 1 else tokens
            if key in waiting:
                waiting[key].append(record)
            else:
                waiting[key] = [record]

    def add(self, record: Record) -> None:
        """Take in one event, where the history has it."""
        place = self._place(record)
        if place is None:
            return
        tokens, is_trouble = place
        if is_trouble:
            self._trouble.setdefault(tokens, Series()).add(record)
        else:
            key = tokens[0] if len(tokens) == 1 else tokens
            self._settle(key)
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = self._new_group()
            self._put(group, record)

    def remove(self, record: Record) -> None:
        """Take one event out, as it was when it was added."""
        place = self._place(record)
        if place is None:
            return
        tokens, is_trouble = place
        if is_trouble:
            self._trouble[tokens].remove(record)
            if not self._trouble[tokens].size:
                del self._trouble[tokens]
        else:
            key = tokens[0] if len(tokens) == 1 else tokens
            self._settle(key)
            self._take(self._groups[key], record)
            if self._is_empty(self._groups[key]):
                del self._groups[key]

    def _settle(self, key: Key) -> None:
        """Put the records that wait for a group in order."""
        records = self._waiting.get(key)
        if records is not None:
            group = self._new_group()
            for record in sorted(records, key=order):
                self._put(group, record)
            self._groups[key] = group
            del self._waiting[key]

    def _place(self, record: Record) -> tuple[tuple[Hashable, ...], bool] | None:
        """Return the keys of an event, and whether it makes answers err; None if it is left out."""
        event = record.event
        if event.action not in self.declared.actions:
            return None
        said = self._judge.says(record)
        if said == _FALSE:
            return None
        tokens: list[Hashable] = []
        for field in self._fields:
            try:
                found = field.token(event)
            except EvaluationError:
                return tuple(tokens), True
            if found is None:
                return None
            tokens.append(found)
        return tuple(tokens), said == _ERROR

    # --- reading, under the lock

    # HOT: benchmarks/past.py, every question comes through here.
    def _asked(
        self, values: tuple[Value, ...], now: int, within: int | None, skip: str | None
    ) -> tuple[Group | None, int]:
        """Return the group of some keys, and the instant after which the window begins.

        Raises what the events of the window err with.
        """
        tokens: tuple[Hashable, ...] = values  # type: ignore[assignment]
        for value in values:  # those that are plain texts are their own tokens
            if type(value) is not str or not value.isascii():
                tokens = tuple(map(token, values))
                break
        if self.broken or self._trouble:
            self._heed(tokens, values, now, within, skip)
        after = _BEGINNING if within is None else now - within
        key = tokens[0] if len(tokens) == 1 else tokens
        if self._waiting:
            self._settle(key)
        return self._groups.get(key), after

    def _heed(
        self,
        tokens: tuple[Hashable, ...],
        values: tuple[Value, ...],
        now: int,
        within: int | None,
        skip: str | None,
    ) -> None:
        """Make good what a change left behind, and raise what the events of a window err with."""
        if self.broken:
            self.build(self._shared.records.values())
        after = _BEGINNING if within is None else now - within
        troubled = [self._trouble.get(tokens[:n]) for n in range(len(tokens) + 1)]
        first = first_of([s for s in troubled if s is not None], after, now, skip)
        if first is not None:
            self._raise(first, values, now, within)

    def _raise(
        self, record: Record, values: tuple[Value, ...], now: int, within: int | None
    ) -> None:
        """Raise the error that an event gives, by asking about it alone."""
        declared = self.declared
        answers.selected(
            (record.event,),
            Query(
                history=declared.qualified,
                actions=declared.actions,
                record=declared.record,
                now=Timestamp(now),
                within_nanos=within,
                keys=tuple(zip(self.keys, values, strict=True)),
                holds=self._judge.where.holds,
            ),
        )

    def _excluded(self, event_id: str | None, after: int, now: int) -> Record | None:
        """Return the record of the action being decided, if it lies in the window."""
        record = None if event_id is None else self._shared.records.get(event_id)
        if record is None or not after < record.event.at.nanos <= now:
            return None
        return record

    # --- what the kinds of index differ in

    @abstractmethod
    def _new_group(self) -> Group: ...

    @abstractmethod
    def _put(self, group: Group, record: Record) -> None: ...

    @abstractmethod
    def _take(self, group: Group, record: Record) -> None: ...

    @abstractmethod
    def _is_empty(self, group: Group) -> bool: ...


def first_of(several: list[Series], after: int, now: int, skip: str | None) -> Record | None:
    """Return which record of some series, within a window, was recorded first."""
    found = [
        record
        for series in several
        for record in series.between(series.rank(after), series.rank(now))
        if record.event.id != skip
    ]
    return min(found, key=lambda record: record.seq, default=None)


class EventIndex(Index[Series]):
    """Answers `count` and `last`."""

    def __init__(self, judge: Judge, keys: tuple[str, ...], shared: Shared) -> None:
        super().__init__(judge, keys, None, shared)

    # HOT: what a compiled condition calls; see benchmarks/history.py.
    def count(
        self,
        values: tuple[Value, ...],
        now_nanos: int,
        within_nanos: int | None,
        exclude_id: str | None = None,
    ) -> int:
        """Return how many events have these values of the keys in `(now - within, now]`."""
        shared = self._shared
        with shared.lock:
            series, after = self._asked(values, now_nanos, within_nanos, exclude_id)
            if shared.forgotten is not None:
                shared.check(after)
            if series is None:
                return 0
            found = series.count(after, now_nanos)
            if exclude_id is None:
                return found
            skip = self._excluded(exclude_id, after, now_nanos)
            return found if skip is None or series.amount_of(skip) is None else found - 1

    def last(
        self,
        values: tuple[Value, ...],
        now_nanos: int,
        within_nanos: int | None,
        exclude_id: str | None = None,
    ) -> Event | None:
        """Return the latest of these events; of several at one instant the one recorded last."""
        with self._shared.lock:
            series, after = self._asked(values, now_nanos, within_nanos, exclude_id)
            record = None if series is None else series.newest(now_nanos)
            if series is not None and record is not None and record.event.id == exclude_id:
                rank = series.rank(now_nanos) - 1  # an id stands for one event: the one before
                record = series.at(rank - 1) if rank else None
            if record is not None and record.event.at.nanos > after:
                return record.event
            # What is kept is later than what was pruned: only its absence leaves a doubt.
            self._shared.check(after)
            return None

    def _new_group(self) -> Series:
        return Series()

    def _put(self, group: Series, record: Record) -> None:
        group.add(record)

    def _take(self, group: Series, record: Record) -> None:
        group.remove(record)

    def _is_empty(self, group: Series) -> bool:
        return not group.size
