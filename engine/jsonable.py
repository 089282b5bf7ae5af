"""Reports that are JSON as they stand: every field of the dataclass under its own name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, cast

from gatewright.engine.json_text import Json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Jsonable:
    """Gives a dataclass `to_dict`: tuples become lists, nested reports objects."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Json]:
        """Return the report as JSON, its fields in the order declared."""
        own = cast("DataclassInstance", self)
        return {f.name: _json(getattr(self, f.name)) for f in fields(own)}


def _json(value: object) -> Json:
    if isinstance(value, Jsonable) and is_dataclass(value):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [_json(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: _json(item) for key, item in entries.items()}
    return cast("Json", value)
