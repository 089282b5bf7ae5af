"""How the value of one declared field is read in full, for code that does not check it itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import cache
from typing import Any, Final

from gatewright.dsl import types as t
from gatewright.engine.compile.native_cost import is_small
from gatewright.engine.compile.tree import ABSENT
from gatewright.engine.decimals import MAX_DIGITS
from gatewright.engine.reading.conform import TypeReader
from gatewright.engine.reading.problems import Place
from gatewright.engine.values import NOTHING, Map, Money, Value

_USUAL_MONEY: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ([A-Z]{3})").fullmatch
_WIDE: Final = Context(prec=4 * MAX_DIGITS)
_MOST_DIGITS: Final = 15


def reader_of(field: t.FieldType) -> Callable[[Value], Value | None]:
    """Return the reader of a field in full; it gives None for what does not fit."""
    return RecordOfOne(field).value


class RecordOfOne:
    """Reads single values as fields of a record are read."""

    def __init__(self, field: t.FieldType) -> None:
        self._record = t.RecordType("value", (("value", field),))

    def value(self, raw: Value) -> Any:
        """Return the typed value, or None where it does not fit or is large."""
        reader = TypeReader()
        fitted = reader.fields(Map([("value", raw)]), self._record, Place("value"))
        if reader.problems or "value" not in fitted:
            return None
        value = fitted["value"]
        return value if is_small(value) else None


def money_of(raw: Value) -> Money | None:
    """Return money that was given as text; None for all else, which is read in full elsewhere."""
    if isinstance(raw, Money):
        return raw
    match = _USUAL_MONEY(raw) if type(raw) is str else None
    if match is None:
        return None
    money = object.__new__(Money)
    # So few digits are exact and in plain form already.
    object.__setattr__(money, "amount", Decimal(match[1]))
    object.__setattr__(money, "currency", match[2])
    return money


def reader_of_side(field: t.FieldType) -> Callable[[Value], Any]:
    """Return the reader of one side of a change: ABSENT where it was not given, None if unfit."""
    record = RecordOfOne(field)

    def read(raw: Value) -> Any:
        if raw is NOTHING or raw is None:
            return ABSENT if field.optional else None if raw is NOTHING else record.value(raw)
        return record.value(raw)

    return read


WHOLES: Final = {str(whole): 100 * whole for whole in range(1_000)}
"""Small amounts without their cents, in hundredths.

HOT: `int(text)` and the checks before it take as long as a fifth of reading a refund.
"""


@cache
def parts_of(currency: str) -> Mapping[str, int]:
    """Return what may follow the point in money of a currency, such as `50 USD`, as hundredths."""
    parts = {f"{cents:02} {currency}": cents for cents in range(100)}
    return parts | {f"{tenths} {currency}": 10 * tenths for tenths in range(10)}


def reader_of_hundredths(currency: str) -> Callable[[str], int | None]:
    """Return the reader of money of one currency, `75 USD` or `75.00 USD`, in hundredths.

    It gives None for all that is not written so.
    """
    ending, parts = f" {currency}", parts_of(currency)

    def read(raw: str) -> int | None:
        whole, point, rest = raw.partition(".")
        part = parts.get(rest)
        if part is None:
            if point or not whole.endswith(ending):
                return None
            whole, part = whole.removesuffix(ending), 0
        if whole.isdigit() and whole.isascii() and len(whole) <= _MOST_DIGITS:
            return int(whole) * 100 + part
        return None

    return read


def amount_of(in_hundredths: int) -> Decimal:
    """Return an amount given in hundredths."""
    return _WIDE.scaleb(Decimal(in_hundredths), -2)


def hundredths(bound: Decimal, operator: str) -> int | None:
    """Return the whole number that hundredths stand to as an amount stands to the bound.

    `amount < 5.005` is `hundredths < 501`, and `amount <= 5.005` is `hundredths <= 500`. None where
    no whole number does, as for `==` and half a cent.

    >>> hundredths(Decimal("5.005"), "<"), hundredths(Decimal("5.005"), "<=")
    (501, 500)
    """
    scaled = _WIDE.multiply(bound, Decimal(100))
    if operator in ("<", ">="):
        return int(scaled.to_integral_value(ROUND_CEILING, _WIDE))
    whole = int(scaled.to_integral_value(ROUND_FLOOR, _WIDE))
    return whole if operator in ("<=", ">") or whole == scaled else None
