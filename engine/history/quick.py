"""A past action of the usual kind -> `Event`, fast; whatever is unusual is left to the reader.

What is read here is read to the same event as by `Event.from_dict`, which is where every error is
found and told; a test compares the two. HOT: a history of a hundred thousand lines is read by
every `gatewright eval` that is given one.
"""

from __future__ import annotations

from sys import intern
from typing import Final

from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.event import KEYS, STATUSES, Event, Status
from gatewright.engine.reading.freeze import Freezer, text
from gatewright.engine.reading.json_text import Json
from gatewright.engine.reading.problems import ActionError, Place
from gatewright.engine.reading.quick import nanos_of
from gatewright.engine.values import Map, MapKey, Timestamp, Value

_KEYS: Final = frozenset(KEYS)
_STATUSES: Final[dict[object, Status]] = {status: status for status in STATUSES}
_NO_VALUES: Final = Map()
_ANYWHERE: Final = Place("")
"""What is wrong there is told by another reader, so nobody asks where it is."""


class _Unusual(Exception):
    """What has to be read by somebody else, be it right or wrong."""


def quick_event(data: Json) -> Event | None:
    """Return the event of what `read_json` read; None where `Event.from_dict` has to look at it."""
    if type(data) is not dict or not data.keys() <= _KEYS:
        return None
    get = data.get
    try:
        return Event(
            _name(get("id")),
            intern(_name(get("action"))),  # HOT: it is looked up by identity, as in `action.py`
            _instant(get("at")),
            _STATUSES[get("status")],
            _params(get("params")),
            _id(get("agent")),
            _id(get("target")),
            None if get("decided_by") is None else _name(get("decided_by")),
            None if get("decided_at") is None else _instant(get("decided_at")),
            _names(get("rules")),
        )
    except (_Unusual, ActionError, EvaluationError, LookupError, TypeError):
        return None


def _name(raw: Json) -> str:
    if type(raw) is not str or not raw:
        raise _Unusual
    return raw if raw.isascii() else text(raw, _ANYWHERE)


def _id(raw: Json) -> str | None:
    if raw is None:
        return None
    if type(raw) is not dict:
        return _name(raw)
    inner = raw.get("id")
    return None if inner is None else _name(inner)


def _instant(raw: Json) -> Timestamp:
    if type(raw) is not str:
        raise _Unusual
    nanos = nanos_of(raw)
    return Timestamp.parse(raw) if nanos is None else Timestamp(nanos)


def _names(raw: Json) -> tuple[str, ...]:
    if raw is None:
        return ()
    if type(raw) is not list:
        raise _Unusual
    names: list[str] = []
    for name in raw:
        if type(name) is not str:
            raise _Unusual
        names.append(name if name.isascii() else text(name, _ANYWHERE))
    return tuple(names)


def _params(raw: Json) -> Map:
    """Freeze parameters, as a `Freezer` does; scalars that `read_json` gave are frozen already."""
    if raw is None:
        return _NO_VALUES
    if type(raw) is not dict:
        raise _Unusual
    entries: dict[MapKey, tuple[Value, Value]] = {}
    for key, value in raw.items():
        if not key.isascii():
            raise _Unusual
        if isinstance(value, list | dict):
            entries[key] = (key, Freezer().value(value, _ANYWHERE))
        elif type(value) is str and not value.isascii():
            entries[key] = (key, text(value, _ANYWHERE))
        else:
            entries[key] = (key, value)
    return Map.known(entries)
