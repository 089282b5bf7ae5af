"""The index of `distinct`: for each value of a field when it occurred, and when it occurred last.

A value is in a window that reaches to the newest event if its latest occurrence is: one search.
Where events are recorded later than `now`, as in a replay of the past, the values that occur there
are looked up one by one. So an answer takes O((1 + k) log n), where k values occur after `now`;
live, k is 0. A structure for both ends at once (a wavelet tree, a persistent tree) would take
O(log n) in all cases, but several times the memory, and cannot take in late events.
Source: docs/language.md#history.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable
from operator import attrgetter

from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.index import Field, Index, Judge, Shared, first_of
from gatewright.engine.history.query import declared_type
from gatewright.engine.history.series import Record, Series, order
from gatewright.engine.values import Value

_AT = attrgetter("event.at.nanos")


class _Values:
    """The events of one group by their value; those that cannot be read; how many have no value."""

    __slots__ = ("latest", "occurrences", "unread", "untold", "without")

    def __init__(self) -> None:
        self.occurrences: dict[Hashable, list[Record]] = {}
        self.latest = Series()
        """The latest event of each value."""
        self.unread = Series()
        self.untold = Series()
        """Events whose value was read, but cannot be told from others."""
        self.without = 0

    def add(self, value: Hashable, record: Record) -> None:
        found = self.occurrences.setdefault(value, [])
        if not found or order(found[-1]) < order(record):
            if found:
                self.latest.remove(found[-1])
            self.latest.add(record)
            found.append(record)
        else:
            found.insert(bisect_left(found, order(record), key=order), record)

    def remove(self, value: Hashable, record: Record) -> None:
        found = self.occurrences[value]
        if found[-1] is record:
            self.latest.remove(record)
            if len(found) > 1:
                self.latest.add(found[-2])
        del found[bisect_left(found, order(record), key=order)]
        if not found:
            del self.occurrences[value]


class DistinctIndex(Index[_Values]):
    """Answers `distinct`."""

    def __init__(self, judge: Judge, keys: tuple[str, ...], field: str, shared: Shared) -> None:
        super().__init__(judge, keys, field, shared)
        self._counted = Field(field, self.declared.record)
        declared_type(self.declared.record, field)

    def distinct(
        self,
        values: tuple[Value, ...],
        now_nanos: int,
        within_nanos: int | None,
        exclude_id: str | None = None,
    ) -> int:
        """Return how many different values the field has; where it is absent it has none."""
        shared = self._shared
        with shared.lock:
            group, after = self._asked(values, now_nanos, within_nanos, exclude_id)
            if shared.forgotten is not None:
                shared.check(after)
            if group is None:
                return 0
            if group.unread.size or group.untold.size:
                self._check(group, after, now_nanos, exclude_id)
            found = self._count(group, after, now_nanos)
            if exclude_id is None:
                return found
            return found - self._alone(group, after, now_nanos, exclude_id)

    def _count(self, group: _Values, after: int, now: int) -> int:
        latest = group.latest
        if latest.reaches(now):
            return latest.count(after, now)
        found = latest.size - latest.rank(after)
        for record in latest.between(latest.rank(now), latest.size):
            earlier = group.occurrences[self._value(record)]
            place = bisect_right(earlier, now, key=_AT)
            if not place or earlier[place - 1].event.at.nanos <= after:
                found -= 1
        return found

    def _alone(self, group: _Values, after: int, now: int, skip: str | None) -> int:
        """Return 1 if the action being decided is the only one in the window with its value."""
        record = self._excluded(skip, after, now)
        read = None if record is None else self._read(record)
        if read is None or isinstance(read[1], EvaluationError):
            return 0
        found = group.occurrences.get(read[0], [])
        low, high = bisect_right(found, after, key=_AT), bisect_right(found, now, key=_AT)
        return int(high - low == 1 and found[low] is record)

    def _check(self, group: _Values, after: int, now: int, skip: str | None) -> None:
        """Raise the error of a value: first where one cannot be read, then where it has no name."""
        for series in (group.unread, group.untold):
            record = first_of([series], after, now, skip)
            if record is not None:
                self._counted.token(record.event)

    # --- changing

    def _new_group(self) -> _Values:
        return _Values()

    def _put(self, group: _Values, record: Record) -> None:
        read = self._read(record)
        if read is None:
            group.without += 1
        elif isinstance(read[1], EvaluationError):
            (group.untold if read[0] else group.unread).add(record)
        else:
            group.add(read[0], record)

    def _take(self, group: _Values, record: Record) -> None:
        read = self._read(record)
        if read is None:
            group.without -= 1
        elif isinstance(read[1], EvaluationError):
            (group.untold if read[0] else group.unread).remove(record)
        else:
            group.remove(read[0], record)

    def _is_empty(self, group: _Values) -> bool:
        return not (group.occurrences or group.unread.size or group.untold.size or group.without)

    def _value(self, record: Record) -> Hashable:
        return self._counted.token(record.event)

    def _read(self, record: Record) -> tuple[Hashable, EvaluationError | None] | None:
        """Return the token of a value, or its error beside whether the value itself was read."""
        try:
            value = self._counted.token(record.event)
        except EvaluationError as error:
            return self._is_read(record), EvaluationError(error.code, error.message)
        return None if value is None else (value, None)

    def _is_read(self, record: Record) -> bool:
        try:
            self._counted.read(record.event)
        except EvaluationError:
            return False
        return True
