"""The indexes of one store: made when first asked for, told of every change while they live.

Who asks keeps the index; the store itself keeps the ones that were asked for most lately, so that
those of policies long replaced go away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar
from weakref import WeakValueDictionary

from gatewright.engine.history.distinct_index import DistinctIndex
from gatewright.engine.history.index import EventIndex, Index, Judge, Shared
from gatewright.engine.history.series import Record
from gatewright.engine.history.sum_index import SumIndex
from gatewright.engine.history.where import LastingWhere

KEPT: Final = 64
"""How many indexes a store keeps that nobody else does."""

AnyIndex: TypeAlias = Index[Any]
_Name: TypeAlias = tuple[type[AnyIndex], tuple[int, ...], tuple[str, ...], str | None]
I = TypeVar("I", bound=AnyIndex)  # noqa: E741 - as T, of indexes


class Indexes:
    """The living indexes by history, kind, keys and field. All is done under the store's lock."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._living: WeakValueDictionary[_Name, AnyIndex] = WeakValueDictionary()
        self._kept: OrderedDict[_Name, AnyIndex] = OrderedDict()
        self._judges: WeakValueDictionary[tuple[int, ...], Judge] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._living)

    # --- asked for

    def events(self, where: LastingWhere, keys: tuple[str, ...]) -> EventIndex:
        """Return the index of `count` and `last`."""
        return self._find(
            EventIndex, where, keys, None, lambda j: EventIndex(j, keys, self._shared)
        )

    def sums(self, where: LastingWhere, keys: tuple[str, ...], field: str) -> SumIndex:
        """Return the index of `sum`; raises EvaluationError for no field."""
        return self._find(
            SumIndex, where, keys, field, lambda j: SumIndex(j, keys, field, self._shared)
        )

    def distinct(self, where: LastingWhere, keys: tuple[str, ...], field: str) -> DistinctIndex:
        """Return the index of `distinct`; raises EvaluationError for no field."""
        return self._find(
            DistinctIndex, where, keys, field, lambda j: DistinctIndex(j, keys, field, self._shared)
        )

    def _find(
        self,
        kind: type[I],
        where: LastingWhere,
        keys: tuple[str, ...],
        field: str | None,
        make: Callable[[Judge], I],
    ) -> I:
        name: _Name = (kind, where.identity, keys, field)
        with self._shared.lock:
            index = self._living.get(name)
            if not isinstance(index, kind):
                index = make(self._judge(where))
                index.build(self._shared.records.values())
                self._living[name] = index
            self._keep(name, index)
            return index

    def _judge(self, where: LastingWhere) -> Judge:
        # INVARIANT: a judge keeps its `where` alive, so that no other gets the same identity.
        judge = self._judges.get(where.identity)
        if judge is None:
            judge = self._judges[where.identity] = Judge(where)
        return judge

    def _keep(self, name: _Name, index: AnyIndex) -> None:
        self._kept[name] = index
        self._kept.move_to_end(name)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    # --- told of changes

    def change(self, change: Callable[[AnyIndex], None]) -> None:
        """Tell every index of a change; where one fails at it, all are built anew before use."""
        try:
            for index in list(self._living.values()):
                change(index)
        except BaseException:
            for index in list(self._living.values()):
                index.broken = True
            raise

    def forget(self, record: Record) -> None:
        """Forget what was said of an event that has changed."""
        for judge in list(self._judges.values()):
            judge.forget(record)

    def leave(self, gone: Collection[Record], rest: Collection[Record]) -> None:
        """Take out many events; where they are many of all, build anew from the rest."""
        if len(gone) > len(rest) // 8:
            self.change(lambda index: index.build(rest))
        else:
            for record in gone:
                self.change(partial(_remove, record))
        oldest = next(iter(rest), None)
        if oldest is not None:
            for judge in list(self._judges.values()):
                judge.forget_before(oldest.seq)


def _remove(record: Record, index: AnyIndex) -> None:
    index.remove(record)
