"""Reports that are JSON as they stand: every field of the dataclass under its own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from gatewright.dsl.records import is_record, names_of
from gatewright.engine.json_text import Json


class Jsonable:
    """Gives a dataclass `to_dict`: tuples become lists, nested reports objects."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Json]:
        """Return the report as JSON, its fields in the order declared."""
        return {name: _json(getattr(self, name)) for name in names_of(self)}


def _json(value: object) -> Json:
    if isinstance(value, Jsonable) and is_record(value):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [_json(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: _json(item) for key, item in entries.items()}
    return cast("Json", value)
