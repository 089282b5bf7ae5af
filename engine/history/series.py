"""Past actions in order of their time: how many lie before an instant, and what they sum to.

A `Series` is a list in blocks of at most `BLOCK` records. Reading is O(log n): one search among the
blocks and one within a block. Adding the newest is O(1); adding or removing elsewhere shifts one
block and the totals of those after it, O(BLOCK + n / BLOCK) steps of C: tens of microseconds at a
million. Source: language.md §6.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from gatewright.engine.history.record import Event

BLOCK: Final = 1024


class Record:
    """An event of a store, replaced by later news of it, and its place in the order recorded."""

    __slots__ = ("event", "seq")

    def __init__(self, seq: int, event: Event) -> None:
        self.seq = seq
        self.event = event


_SEQ = attrgetter("seq")


class _Block:
    """Neighbours in time. `partial[i]` sums the first `i` amounts; empty where there are none."""

    __slots__ = ("partial", "records", "times")

    def __init__(self, times: list[int], records: list[Record], partial: list[int]) -> None:
        self.times = times
        self.records = records
        self.partial = partial

    def place(self, at: int, seq: int) -> int:
        """Return where a record is, or would be."""
        times = self.times
        low = bisect_left(times, at)
        return bisect_left(self.records, seq, low, bisect_right(times, at, low), key=_SEQ)

    def insert(self, place: int, record: Record, amount: int | None) -> None:
        self.times.insert(place, record.event.at.nanos)
        self.records.insert(place, record)
        if amount is not None:
            partial = self.partial
            partial.insert(place + 1, partial[place] + amount)
            if place + 2 < len(partial):
                partial[place + 2 :] = [total + amount for total in partial[place + 2 :]]

    def delete(self, place: int) -> None:
        amount = self.amount(place)
        del self.times[place], self.records[place]
        if self.partial:
            partial = self.partial
            del partial[place + 1]
            partial[place + 1 :] = [total - amount for total in partial[place + 1 :]]

    def amount(self, place: int) -> int:
        return self.partial[place + 1] - self.partial[place] if self.partial else 0

    def split(self) -> _Block:
        """Part with the later half."""
        half = len(self.times) // 2
        partial = self.partial
        later = [total - partial[half] for total in partial[half:]] if partial else []
        block = _Block(self.times[half:], self.records[half:], later)
        del self.times[half:], self.records[half:], partial[half + 1 :]
        return block


class Series:
    """Records by time, and by the order recorded where times are equal, with or without amounts.

    All records of a series have amounts or none has. Not safe for threads by itself.
    """

    __slots__ = ("_before", "_blocks", "_firsts", "_sums", "size")

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._firsts: list[int] = []
        """When each block begins."""
        self._before: list[int] = []
        """How many records lie before each block."""
        self._sums: list[int] = []
        """What the amounts before each block sum to."""
        self.size = 0

    # --- reading

    def rank(self, until: int) -> int:
        """Return how many records are not after an instant."""
        block = bisect_right(self._firsts, until) - 1
        if block < 0:
            return 0
        return self._before[block] + bisect_right(self._blocks[block].times, until)

    def total(self, until: int) -> int:
        """Return the sum of the amounts that are not after an instant."""
        index = bisect_right(self._firsts, until) - 1
        if index < 0:
            return 0
        block = self._blocks[index]
        return self._sums[index] + block.partial[bisect_right(block.times, until)]

    def at(self, rank: int) -> Record:
        """Return the record that has so many before it."""
        block = bisect_right(self._before, rank) - 1
        return self._blocks[block].records[rank - self._before[block]]

    def between(self, low: int, high: int) -> Iterator[Record]:
        """Yield the records from one rank up to another, earliest first."""
        while low < high:
            index = bisect_right(self._before, low) - 1
            start = low - self._before[index]
            found = self._blocks[index].records[start : start + high - low]
            yield from found
            low += len(found)

    def amount(self, record: Record) -> int | None:
        """Return the amount of a record, 0 where the series has none; None if it is not here."""
        if not self._blocks:
            return None
        block = self._blocks[self._home(record)]
        place = block.place(record.event.at.nanos, record.seq)
        if place == len(block.records) or block.records[place] is not record:
            return None
        return block.amount(place)

    # --- changing

    def add(self, record: Record, amount: int | None = None) -> None:
        """Put a record in its place."""
        at = record.event.at.nanos
        index = self._home(record) if self._blocks else -1
        place = 0 if index < 0 else self._blocks[index].place(at, record.seq)
        last = len(self._blocks) - 1
        if index == last and (index < 0 or place == len(self._blocks[index].times) >= BLOCK):
            self._open(at, [] if amount is None else [0])
            index, place = last + 1, 0
        block = self._blocks[index]
        block.insert(place, record, amount)
        self._shift(index, 1, amount or 0)
        if len(block.times) > BLOCK:
            self._split(index)

    def remove(self, record: Record) -> None:
        """Take a record out; it must be here."""
        index = self._home(record)
        block = self._blocks[index]
        place = block.place(record.event.at.nanos, record.seq)
        amount = block.amount(place)
        block.delete(place)
        self._shift(index, -1, -amount)
        if not block.times:
            for column in (self._blocks, self._firsts, self._before, self._sums):
                del column[index]

    def _home(self, record: Record) -> int:
        """Return the block in which a record is, or would be."""
        at = record.event.at.nanos
        low = bisect_left(self._firsts, at)
        high = bisect_right(self._firsts, at, low)
        if low < high:  # several blocks may begin at one instant
            low = bisect_right(self._blocks, record.seq, low, high, key=_first_seq)
        return max(low - 1, 0)

    def _open(self, at: int, partial: list[int]) -> None:
        """Begin a block at the end."""
        total = self._sums[-1] + self._blocks[-1].partial[-1] if partial and self._blocks else 0
        self._blocks.append(_Block([], [], partial))
        self._firsts.append(at)
        self._before.append(self.size)
        self._sums.append(total)

    def _shift(self, index: int, count: int, amount: int) -> None:
        """Bring up to date what is known of a block and of those after it."""
        self.size += count
        times = self._blocks[index].times
        if times:
            self._firsts[index] = times[0]
        after = index + 1
        if after < len(self._blocks):
            self._before[after:] = [n + count for n in self._before[after:]]
            if amount:
                self._sums[after:] = [total + amount for total in self._sums[after:]]

    def _split(self, index: int) -> None:
        block = self._blocks[index]
        later = block.split()
        self._blocks.insert(index + 1, later)
        self._firsts.insert(index + 1, later.times[0])
        self._before.insert(index + 1, self._before[index] + len(block.times))
        total = block.partial[-1] if block.partial else 0
        self._sums.insert(index + 1, self._sums[index] + total)


def _first_seq(block: _Block) -> int:
    return block.records[0].seq
