"""Values of columns <-> JSON of actions, exactly: a value that a column would round is refused.

Decimals, money and instants are texts in JSON. Knows no database.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from gatewright.engine.decimals import decimal_text, parse_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.json_text import Json, JsonNumber
from gatewright.engine.runtime.ports import Unsupported
from gatewright.engine.values import Money, Timestamp

SQLITE_DIGITS: Final = 15
"""How many digits SQLite keeps of a NUMERIC. Source: SQLite documentation, "Datatypes", 3."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record and what its column can hold."""

    name: str
    column: str
    kind: type
    """The Python type of the column's values."""
    nullable: bool = True
    length: int | None = None
    """How many characters a text may have."""
    scale: int | None = None
    """How many digits a decimal has after the point; None: as many as it is given."""
    digits: int | None = None
    """How many digits a decimal may have in all."""
    currency: str | None = None
    """The currency of an amount; then its JSON is money, `75.00 USD`."""
    zoned: bool = False
    """Whether an instant is kept with a time zone; without one it is UTC."""

    def to_json(self, value: Any) -> Json:
        """Return the JSON of a value that was read from the column."""
        if value is None:
            return None
        if self.currency is not None:
            return Money(Decimal(str(value)), self.currency).text
        return _TO_JSON[self.kind](value)

    def from_json(self, value: Json) -> object:
        """Return what the column is given; raises Unsupported where it cannot hold it exactly."""
        if value is None:
            if not self.nullable:
                raise Unsupported(f"`{self.name}` cannot be empty")
            return None
        if self.currency is not None:
            return self._amount(value)
        read = _FROM_JSON[self.kind]
        try:
            return read(self, value)
        except (ValueError, OverflowError, EvaluationError):
            raise self._unfit() from None

    def _amount(self, value: Json) -> object:
        try:
            money = Money.parse(value) if isinstance(value, str) else None
        except EvaluationError:
            money = None
        if money is None or money.currency != self.currency:
            raise Unsupported(f"`{self.name}` must be an amount in {self.currency}")
        amount = money.amount
        if self.kind is Decimal:
            return self.decimal(amount)
        if self.kind is int:
            return self.whole(amount)
        return decimal_text(amount)

    def whole(self, amount: Decimal) -> int:
        """Return a decimal as a whole number."""
        if amount != amount.to_integral_value():
            raise self._unfit()
        return _int64(int(amount))

    def decimal(self, number: Decimal) -> Decimal:
        """Return a decimal as the column will give it back."""
        if self.scale is not None:
            rounded = round(number, self.scale)
            if rounded != number:
                raise self._unfit()
            number = rounded
        if self.digits is not None and len(number.as_tuple().digits) > self.digits:
            raise self._unfit()
        return number

    def _unfit(self) -> Unsupported:
        return Unsupported(f"`{self.name}` cannot hold this value exactly")


KINDS: Final = (bool, int, float, str, Decimal, datetime, date, UUID, bytes)
"""The kinds of columns that can be fields."""


def _int64(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise ValueError("too large")
    return number


def _bool(field: Field, value: Json) -> bool:
    if not isinstance(value, bool):
        raise ValueError("no truth value")
    return value


def _int(field: Field, value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("no whole number")
    return _int64(value)


def _float(field: Field, value: Json) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError("no number")
    return float(value)


def _text(field: Field, value: Json) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("no text")
    if field.length is not None and len(value) > field.length:
        raise ValueError("too long")
    return value


def _decimal(field: Field, value: Json) -> Decimal:
    if isinstance(value, str):
        return field.decimal(parse_decimal(value))
    if isinstance(value, JsonNumber):
        return field.decimal(parse_decimal(value.text))
    return field.decimal(Decimal(_int(field, value)))


def _instant(field: Field, value: Json) -> datetime:
    instant = Timestamp.parse(_text(field, value))
    if instant.nanos % 1000:
        raise ValueError("finer than microseconds")
    moment = instant.to_datetime()
    return moment if field.zoned else moment.replace(tzinfo=None)


def _day(field: Field, value: Json) -> date:
    return date.fromisoformat(_text(field, value))


def _uuid(field: Field, value: Json) -> UUID:
    return UUID(_text(field, value))


def _bytes(field: Field, value: Json) -> bytes:
    try:
        return base64.b64decode(_text(field, value), validate=True)
    except binascii.Error as error:
        raise ValueError("no Base64") from error


def _instant_text(moment: datetime) -> str:
    return Timestamp.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).text


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


_FROM_JSON: Final[dict[type, Callable[[Field, Json], object]]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _text,
    Decimal: _decimal,
    datetime: _instant,
    date: _day,
    UUID: _uuid,
    bytes: _bytes,
}
_TO_JSON: Final[dict[type, Callable[[Any], Json]]] = {
    bool: bool,
    int: int,
    float: float,
    str: str,
    Decimal: decimal_text,
    datetime: _instant_text,
    date: date.isoformat,
    UUID: str,
    bytes: _base64,
}
