"""Columns of a database -> fields of a record: which can be one, and what it can hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Column, Dialect, Numeric, String, Text
from sqlalchemy.types import TypeDecorator

from gatewright.connectors.systems.sql.fields import KINDS, SQLITE_DIGITS, Field
from gatewright.engine.decimals import decimal_text


class _SqliteDecimal(TypeDecorator[Decimal]):
    """A NUMERIC of SQLite, which keeps 15 digits: written as text, read back exactly."""

    impl = Text
    cache_ok = True

    def __init__(self, scale: int | None) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write the digits."""
        return None if value is None else decimal_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read what SQLite made of them: an integer, a double, or the text."""
        if value is None:
            return None
        number = Decimal(str(value))
        return number if self.scale is None else round(number, self.scale)


def kind_of(column: Column[Any]) -> type | None:
    """Return the Python type of a column's values; None where it cannot be a field."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return None
    return kind if kind in KINDS else None


def field_of(name: str, column: Column[Any], currency: str | None, sqlite: bool) -> Field:
    """Return a column as the field of that name; `currency` makes it an amount.

    Decimals of SQLite get a type of ours, which the column keeps. Raises ValueError where an amount
    cannot be kept in it.
    """
    kind, type_ = cast("type", kind_of(column)), column.type
    scale = digits = None
    if isinstance(type_, Numeric) and kind is Decimal:
        scale, digits = type_.scale, type_.precision
        if sqlite:
            digits = min(digits or SQLITE_DIGITS, SQLITE_DIGITS)
            column.type = _SqliteDecimal(scale)
    if currency is not None and kind not in (Decimal, int, str):
        raise ValueError(f"`{name}` cannot be money")
    return Field(
        name, column.name, kind, bool(column.nullable),
        length=type_.length if isinstance(type_, String) else None,
        scale=scale, digits=digits, currency=currency,
        zoned=bool(getattr(type_, "timezone", False)),
    )  # fmt: skip
