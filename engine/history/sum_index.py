"""The index of `sum`: running totals of a field, exact whatever the order of the events.

Amounts are whole numbers: a decimal counts in units of its last place, a double in units of some
power of a half. What cannot be added (another currency, kind or number of places) has totals of its
own, so a question adds up as many as there are sorts of amounts. Source: docs/language.md#history.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from gatewright.engine.decimals import MAX_DIGITS, exact_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.index import Field, Index, Judge, Shared, first_of
from gatewright.engine.history.query import declared_type
from gatewright.engine.history.series import Record, Series
from gatewright.engine.history.sums import (
    EXACT,
    SUMMABLE,
    double_sum,
    kind_of_sum,
    kind_of_type,
    money_sum,
    sum_values,
    whole_sum,
)
from gatewright.engine.values import Duration, Money, Value, kind_of

_DOUBLE_PLACES: Final = 64
"""Doubles are counted in units of 2**-64, or where that is too much, 2**-128 and so on."""


_UNITS: Final = tuple([Decimal(1).scaleb(-places) for places in range(MAX_DIGITS + 1)])
_MOST_UNITS: Final = 10**MAX_DIGITS
"""So many units have more digits than a decimal may have."""


class _Sort(NamedTuple):
    """Amounts that can be added as whole numbers. `is_odd`: they cannot, such as infinity.

    `places` are decimal, of a double binary.
    """

    kind: str
    currency: str = ""
    places: int = 0
    is_odd: bool = False


class _Amounts:
    """The events of one group by the sort of their amount; those that cannot be read; the rest."""

    __slots__ = ("only", "sorts", "unread", "without")

    def __init__(self) -> None:
        self.sorts: dict[_Sort, Series] = {}
        self.only: tuple[Series, int, str] | None = None
        """The amounts, their places and their currency, if all that there is is money alike."""
        self.unread = Series()
        self.without = 0
        """How many events have no amount."""

    def look(self) -> None:
        """Find out whether all amounts are money alike."""
        self.only = None
        if len(self.sorts) == 1 and not self.unread.size:
            ((sort, series),) = self.sorts.items()
            if sort.currency:
                self.only = series, sort.places, sort.currency


class SumIndex(Index[_Amounts]):
    """Answers `sum`."""

    def __init__(self, judge: Judge, keys: tuple[str, ...], field: str, shared: Shared) -> None:
        super().__init__(judge, keys, field, shared)
        self._name = field
        self._summed = Field(field, self.declared.record)
        self._type = declared_type(self.declared.record, field)
        kind = kind_of_type(self._type)
        self._kind = kind if kind in SUMMABLE else None
        self._nothing = None if self._kind is None else self._result(())
        """The sum of no events, where there is one."""

    def sum(
        self,
        values: tuple[Value, ...],
        now_nanos: int,
        within_nanos: int | None,
        exclude_id: str | None = None,
    ) -> Value:
        """Return the sum of the field; zero of its type where there are no such events."""
        shared = self._shared
        with shared.lock:
            group, after = self._asked(values, now_nanos, within_nanos, exclude_id)
            if shared.forgotten is not None:
                shared.check(after)
            if group is None:
                return self._nothing or self._result(())
            excluded = None
            if exclude_id is not None:
                excluded = self._excluded(exclude_id, after, now_nanos)
            # HOT: benchmarks/past.py. Nearly all amounts of a field are money of one sort.
            if group.only is not None and excluded is None and self._kind == "money":
                series, places, currency = group.only
                count, units = series.sum(after, now_nanos)
                if count:
                    return Money.known(_decimal(units, places), currency)
                return self._nothing or self._result(())
            totals = self._totals(group, after, now_nanos, excluded)
            if any(sort.is_odd for sort, _ in totals):
                return self._looked_at(group, after, now_nanos, exclude_id)
        return self._result(totals)

    def _totals(
        self, group: _Amounts, after: int, now: int, excluded: Record | None
    ) -> list[tuple[_Sort, int]]:
        """Return the totals of the sorts that occur in the window."""
        if group.unread.size:
            skip = None if excluded is None else excluded.event.id
            unread = first_of([group.unread], after, now, skip)
            if unread is not None:
                self._summed.read(unread.event)
        totals: list[tuple[_Sort, int]] = []
        for sort, series in group.sorts.items():
            count, total = series.sum(after, now)
            if excluded is not None:
                amount = series.amount_of(excluded)
                if amount is not None:
                    count, total = count - 1, total - amount
            if count:
                totals.append((sort, total))
        return totals

    def _result(self, totals: Sequence[tuple[_Sort, int]]) -> Value:
        kind = self._kind or kind_of_sum(self._type, [s.kind for s, _ in totals], self._name)
        if kind not in ("money", "decimal", "double"):
            return whole_sum(sum([n for _, n in totals]), kind)
        places = max([sort.places for sort, _ in totals], default=0)
        if kind == "double":
            return double_sum(sum([n << places - sort.places for sort, n in totals]), 1 << places)
        number = _decimal(sum([n * 10 ** (places - sort.places) for sort, n in totals]), places)
        if kind == "money":
            return money_sum(number, [sort.currency for sort, _ in totals], self._type)
        return number

    def _looked_at(self, group: _Amounts, after: int, now: int, skip: str | None) -> Value:
        """Sum by looking at each event of the window, in the order recorded."""
        found = [
            record
            for series in group.sorts.values()
            for record in series.between(series.rank(after), series.rank(now))
            if record.event.id != skip
        ]
        found.sort(key=lambda record: record.seq)
        read = [self._summed.read(r.event) for r in found]
        return sum_values([value.content for value in read], self._type, self._name)

    # --- changing

    def _new_group(self) -> _Amounts:
        return _Amounts()

    def _put(self, group: _Amounts, record: Record) -> None:
        sorted_amount = self._read(record)
        if sorted_amount is None:
            group.without += 1
        elif isinstance(sorted_amount, EvaluationError):
            group.unread.add(record)
            group.only = None
        else:
            sort, amount = sorted_amount
            series = group.sorts.get(sort)
            if series is None:
                series = group.sorts[sort] = Series()
                group.look()
            series.add(record, amount)

    def _take(self, group: _Amounts, record: Record) -> None:
        sorted_amount = self._read(record)
        if sorted_amount is None:
            group.without -= 1
        elif isinstance(sorted_amount, EvaluationError):
            group.unread.remove(record)
            group.look()
        else:
            sort = sorted_amount[0]
            group.sorts[sort].remove(record)
            if not group.sorts[sort].size:
                del group.sorts[sort]
                group.look()

    def _is_empty(self, group: _Amounts) -> bool:
        return not (group.sorts or group.unread.size or group.without)

    def _read(self, record: Record) -> tuple[_Sort, int] | EvaluationError | None:
        try:
            value = self._summed.read(record.event)
        except EvaluationError as error:
            return EvaluationError(error.code, error.message)
        return _sorted(value.content) if value.present else None


def _sorted(value: Value) -> tuple[_Sort, int]:
    """Return an amount as a whole number, and what it can be added to."""
    kind = kind_of(value)
    match value:
        case Money(amount, currency):
            places = _places(amount)
            return _Sort(kind, currency or "", places), _units(amount, places)
        case Decimal() if value.is_finite() and abs(value.adjusted()) <= 2 * MAX_DIGITS:
            places = _places(value)
            return _Sort(kind, "", places), _units(value, places)
        case float() if math.isfinite(value):
            numerator, denominator = value.as_integer_ratio()
            bits = denominator.bit_length() - 1
            places = -(-bits // _DOUBLE_PLACES) * _DOUBLE_PLACES
            return _Sort(kind, "", places), numerator << places - bits
        case Duration(nanos):
            return _Sort(kind), nanos
        case bool():
            return _Sort(kind), 0
        case int():
            return _Sort(kind), int(value)
        case Decimal() | float():
            return _Sort(kind, is_odd=True), 0
        case _:
            return _Sort(kind), 0


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _units(number: Decimal, places: int) -> int:
    return int(number.scaleb(places, EXACT))


def _decimal(units: int, places: int) -> Decimal:
    """Return a number of units of some decimal place; raises EvaluationError `overflow`."""
    if -_MOST_UNITS < units < _MOST_UNITS and places <= MAX_DIGITS:
        return EXACT.multiply(units, _UNITS[places])
    return exact_decimal(EXACT.scaleb(Decimal(units), -places))
