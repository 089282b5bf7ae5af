"""cel-python as another host of CEL: reads conditions, and evaluates them over our values.

It is loaded when the first `Host` is made, for it is slow to load. Whatever it raises counts as an
error of the condition.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from gatewright.engine.decimals import decimal_text
from gatewright.engine.scope import Changes, Record
from gatewright.engine.truth import Truth
from gatewright.engine.values import NOTHING, Duration, Map, Money, Timestamp, Uint, Value


class Unreadable(Exception):
    """The host cannot read a text."""


class Host:
    """Reads and evaluates conditions with cel-python."""

    def __init__(self) -> None:
        self._celpy: Any = importlib.import_module("celpy")
        self._types: Any = importlib.import_module("celpy.celtypes")
        self._environment: Any = self._celpy.Environment()

    def read(self, text: str) -> Any:
        """Return what can be evaluated; raises Unreadable."""
        try:
            return self._environment.program(self._environment.compile(text))
        except Exception as error:
            raise Unreadable(str(error)) from error

    def truth(self, program: Any, names: Mapping[str, Any]) -> Truth:
        """Return what a condition comes to; `names` are values from `values`."""
        try:
            found = program.evaluate(dict(names))
        except Exception:
            return Truth.ERROR
        if not isinstance(found, self._types.BoolType):
            return Truth.ERROR
        return Truth.TRUE if found else Truth.FALSE

    def values(self, names: Mapping[str, Value]) -> dict[str, Any]:
        """Return values as the host has them: money and decimals as text, as in JSON.

        Values that it cannot have are left out.
        """
        return dict(self._entries(names))

    def _entries(self, fields: Mapping[str, Value]) -> Iterator[tuple[str, Any]]:
        for name, value in fields.items():
            try:
                yield name, self._value(value)
            except _NoValue:
                continue

    def _value(self, value: Value) -> Any:
        types = self._types
        match value:
            case None:
                return None
            case bool():
                return types.BoolType(value)
            case Uint():
                return types.UintType(int(value))
            case int():
                return types.IntType(value)
            case float():
                return types.DoubleType(value)
            case str():
                return types.StringType(value)
            case Money():
                return types.StringType(value.text)
            case Decimal():
                return types.StringType(decimal_text(value))
            case bytes():
                return types.BytesType(value)
            case tuple():
                return types.ListType([self._value(item) for item in value])
            case Timestamp():
                return types.TimestampType(value.to_datetime())
            case Duration():
                return types.DurationType(timedelta(microseconds=value.nanos // 1000))
            case _:
                return self._fields(value)

    def _fields(self, value: Value) -> Any:
        types = self._types
        match value:
            case Map():
                pairs = ((self._value(key), self._value(item)) for key, item in value.items())
                return types.MapType(dict(pairs))
            case Record():
                return self._named(value.fields)
            case Changes():
                fields = {name: self._sides(value, name) for name in value.named}
                names = [types.StringType(name) for name in sorted(value.named)]
                return types.MapType({**fields, types.StringType("fields"): types.ListType(names)})
            case _:
                raise _NoValue

    def _sides(self, changes: Changes, name: str) -> Any:
        sides = zip(("old", "new"), changes.fields.get(name, (NOTHING, NOTHING)), strict=True)
        return self._named({side: value for side, value in sides if value is not NOTHING})

    def _named(self, fields: Mapping[str, Value]) -> Any:
        text = self._types.StringType
        return self._types.MapType({text(key): item for key, item in self._entries(fields)})


class _NoValue(Exception):
    """The host has no such kind of value."""
