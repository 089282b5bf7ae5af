"""Past actions in order of their time: how many lie before an instant, and what they sum to.

A `Series` is a list in blocks of at most `BLOCK` records. Reading is O(log n): one search among the
blocks and one within a block. Adding the newest is O(1); adding or removing elsewhere shifts one
block and the totals of those after it, O(BLOCK + n / BLOCK) steps of C: tens of microseconds at a
million. Source: docs/language.md#history.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final, TypeAlias

from gatewright.engine.history.event import Event

BLOCK: Final = 1024

Times: TypeAlias = "array[int] | list[int]"


class Record:
    """An event of a store, replaced by later news of it, and its place in the order recorded."""

    __slots__ = ("event", "seq")

    def __init__(self, seq: int, event: Event) -> None:
        self.seq = seq
        self.event = event


def order(record: Record) -> tuple[int, int]:
    """Return what records of a series are ordered by."""
    return record.event.at.nanos, record.seq


_SEQ = attrgetter("seq")


class _Block:
    """Neighbours in time. `partial[i]` sums the first `i` amounts; empty where there are none.

    HOT: benchmarks/past.py. Instants stand in an array, so that a search among those of a million
    events reads few lines of memory; in a list where they do not fit 64 bits.
    """

    __slots__ = ("partial", "records", "times")

    def __init__(self) -> None:
        self.times: Times = array("q")
        self.records: list[Record] = []
        self.partial: list[int] = []

    def place(self, at: int, seq: int) -> int:
        """Return where a record is, or would be."""
        times = self.times
        if not times or times[-1] < at:
            return len(times)
        low = bisect_left(times, at)
        return bisect_left(self.records, seq, low, bisect_right(times, at, low), key=_SEQ)

    def insert(self, place: int, record: Record, amount: int | None) -> None:
        at = record.event.at.nanos
        try:
            self.times.insert(place, at)
        except OverflowError:
            self.times = [*self.times]
            self.times.insert(place, at)
        self.records.insert(place, record)
        if amount is not None:
            partial = self.partial or [0]
            partial.insert(place + 1, partial[place] + amount)
            if place + 2 < len(partial):
                partial[place + 2 :] = [total + amount for total in partial[place + 2 :]]
            self.partial = partial

    def delete(self, place: int) -> None:
        amount = self.amount(place)
        del self.times[place], self.records[place]
        if self.partial:
            partial = self.partial
            del partial[place + 1]
            partial[place + 1 :] = [total - amount for total in partial[place + 1 :]]

    def amount(self, place: int) -> int:
        return self.partial[place + 1] - self.partial[place] if self.partial else 0

    def total(self) -> int:
        return self.partial[-1] if self.partial else 0

    def split(self) -> _Block:
        """Part with the earlier half."""
        half = len(self.times) // 2
        earlier = _Block()
        earlier.times, self.times = self.times[:half], self.times[half:]
        earlier.records, self.records = self.records[:half], self.records[half:]
        if self.partial:
            total = self.partial[half]
            later = [partial - total for partial in self.partial[half:]]
            earlier.partial, self.partial = self.partial[: half + 1], later
        return earlier

    def give(self, other: _Block) -> None:
        """Let another block have all that is here."""
        other.times, other.records, other.partial = self.times, self.records, self.partial


class _Earlier:
    """The blocks of a series before its newest: how many records and what amounts lie before."""

    __slots__ = ("before", "blocks", "firsts", "size", "sums", "total")

    def __init__(self) -> None:
        self.blocks: list[_Block] = []
        self.firsts: list[int] = []
        """When each block begins."""
        self.before: list[int] = []
        """How many records lie before each block."""
        self.sums: list[int] = []
        """What the amounts before each block sum to."""
        self.size = 0
        self.total = 0

    def reached(self, until: int) -> tuple[int, int]:
        """Return how many records are not after an instant, and what they sum to."""
        index = bisect_right(self.firsts, until) - 1
        if index < 0:
            return 0, 0
        block = self.blocks[index]
        place = bisect_right(block.times, until)
        partial = block.partial[place] if block.partial else 0
        return self.before[index] + place, self.sums[index] + partial

    def home(self, at: int, seq: int) -> int:
        """Return the block in which a record is, or would be."""
        low = bisect_left(self.firsts, at)
        high = bisect_right(self.firsts, at, low)
        if low < high:  # several blocks may begin at one instant
            low = bisect_right(self.blocks, seq, low, high, key=_first_seq)
        return max(low - 1, 0)

    def put(self, index: int, block: _Block) -> None:
        """Take in a block that was counted already, or comes last."""
        if index == len(self.blocks):
            before, total = self.size, self.total
            self.size += len(block.times)
            self.total += block.total()
        else:
            before, total = self.before[index], self.sums[index]
            self.before[index] += len(block.times)
            self.sums[index] += block.total()
            self.firsts[index] = self.blocks[index].times[0]
        self.blocks.insert(index, block)
        self.firsts.insert(index, block.times[0])
        self.before.insert(index, before)
        self.sums.insert(index, total)

    def shift(self, index: int, count: int, amount: int) -> None:
        """Bring up to date what is known of a block and of those after it."""
        self.size += count
        self.total += amount
        if self.blocks[index].times:
            self.firsts[index] = self.blocks[index].times[0]
        after = index + 1
        self.before[after:] = [n + count for n in self.before[after:]]
        if amount:
            self.sums[after:] = [total + amount for total in self.sums[after:]]

    def drop(self, index: int) -> None:
        """Part with a block that is empty."""
        for column in (self.blocks, self.firsts, self.before, self.sums):
            del column[index]

    def take(self) -> _Block:
        """Part with the last block."""
        last = self.blocks[-1]
        self.size -= len(last.times)
        self.total -= last.total()
        self.drop(-1)
        return last


class Series(_Block):
    """Records by time, and by the order recorded where times are equal, with or without amounts.

    All records of a series have amounts or none has. The newest block is the series itself, since
    most questions need no other. Not safe for threads by itself.
    """

    __slots__ = ("_earlier",)

    # INVARIANT: where there are earlier blocks, no block is empty.

    def __init__(self) -> None:
        super().__init__()
        self._earlier: _Earlier | None = None

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self.times) + (0 if self._earlier is None else self._earlier.size)

    # --- reading

    def reaches(self, until: int) -> bool:
        """Tell whether no record is after an instant."""
        return not self.times or self.times[-1] <= until

    def rank(self, until: int) -> int:
        """Return how many records are not after an instant."""
        return self._reached(until)[0]

    def count(self, after: int, until: int) -> int:
        """Return how many records are after one instant and not after another, a later one."""
        times = self.times
        if self._earlier is not None and times[0] > after:
            return self._reached(until)[0] - self._reached(after)[0]
        high = len(times)
        if high and times[-1] > until:
            high = bisect_right(times, until)
        return high - bisect_right(times, after, 0, high)

    def sum(self, after: int, until: int) -> tuple[int, int]:
        """Return how many records `count` counts, and the sum of their amounts."""
        times, partial = self.times, self.partial
        if self._earlier is not None and times[0] > after:
            (low, lower), (high, upper) = self._reached(after), self._reached(until)
            return high - low, upper - lower
        if not times:
            return 0, 0
        high = len(times)
        if times[-1] > until:
            high = bisect_right(times, until)
        low = bisect_right(times, after, 0, high)
        return high - low, partial[high] - partial[low]

    def _reached(self, until: int) -> tuple[int, int]:
        """Return how many records are not after an instant, and what they sum to."""
        times, earlier = self.times, self._earlier
        if earlier is not None and times[0] > until:
            return earlier.reached(until)
        place = bisect_right(times, until)
        partial = self.partial[place] if self.partial else 0
        if earlier is None:
            return place, partial
        return earlier.size + place, earlier.total + partial

    def at(self, rank: int) -> Record:
        """Return the record that has so many before it."""
        earlier = self._earlier
        if earlier is None:
            return self.records[rank]
        if rank >= earlier.size:
            return self.records[rank - earlier.size]
        block = bisect_right(earlier.before, rank) - 1
        return earlier.blocks[block].records[rank - earlier.before[block]]

    def newest(self, until: int) -> Record | None:
        """Return the last record that is not after an instant; None where there is none."""
        if self.times and self.times[-1] <= until:
            return self.records[-1]
        rank = self.rank(until)
        return self.at(rank - 1) if rank else None

    def between(self, low: int, high: int) -> Iterator[Record]:
        """Yield the records from one rank up to another, earliest first."""
        earlier = self._earlier
        while earlier is not None and low < min(high, earlier.size):
            index = bisect_right(earlier.before, low) - 1
            start = low - earlier.before[index]
            found = earlier.blocks[index].records[start : start + high - low]
            yield from found
            low += len(found)
        start = 0 if earlier is None else earlier.size
        yield from self.records[low - start : max(high, low) - start]

    def amount_of(self, record: Record) -> int | None:
        """Return the amount of a record, 0 where the series has none; None if it is not here."""
        block, _ = self._home(record)
        place = block.place(record.event.at.nanos, record.seq)
        if place == len(block.records) or block.records[place] is not record:
            return None
        return block.amount(place)

    # --- changing

    def add(self, record: Record, amount: int | None = None) -> None:
        """Put a record in its place."""
        block, index = self._home(record)
        place = block.place(record.event.at.nanos, record.seq)
        if block is self and place == len(self.times) >= BLOCK:
            full = _Block()
            self.give(full)
            _Block().give(self)
            self._close(full)
            place = 0
        block.insert(place, record, amount)
        if index is not None and self._earlier is not None:
            self._earlier.shift(index, 1, amount or 0)
        if len(block.times) > BLOCK:
            if index is None:
                self._close(self.split())
            elif self._earlier is not None:
                self._earlier.put(index, block.split())

    def _close(self, block: _Block) -> None:
        """Put a block before the newest."""
        if self._earlier is None:
            self._earlier = _Earlier()
        self._earlier.put(len(self._earlier.blocks), block)

    def remove(self, record: Record) -> None:
        """Take a record out; it must be here."""
        block, index = self._home(record)
        place = block.place(record.event.at.nanos, record.seq)
        amount = block.amount(place)
        block.delete(place)
        earlier = self._earlier
        if earlier is None:
            return
        if index is not None:
            earlier.shift(index, -1, -amount)
            if not block.times:
                earlier.drop(index)
        elif not self.times:
            earlier.take().give(self)
        if not earlier.blocks:
            self._earlier = None

    def _home(self, record: Record) -> tuple[_Block, int | None]:
        """Return the block in which a record is, or would be, and which of the earlier it is."""
        earlier, at = self._earlier, record.event.at.nanos
        if earlier is None or (self.times[0], self.records[0].seq) <= (at, record.seq):
            return self, None
        index = earlier.home(at, record.seq)
        return earlier.blocks[index], index


def _first_seq(block: _Block) -> int:
    return block.records[0].seq
