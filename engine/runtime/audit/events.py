"""The past action that a run is, as limits count it -> whether it is what the trail vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import RowMapping

from gatewright.engine.history.record import Event
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime.audit.finding import Finding, row_finding
from gatewright.engine.runtime.audit.told import Told
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store import vouched
from gatewright.engine.runtime.store.history import shape_digest
from gatewright.engine.runtime.store.keys import indexed


def event_findings(
    run: str, document: Mapping[str, Any], told: Told, found: list[RowMapping],
    keys: Mapping[int, list[RowMapping]], rules: Mapping[int, list[RowMapping]],
) -> Iterator[Finding]:  # fmt: skip
    """Give what differs; where the event itself does, nothing is said of what finds it."""
    wanted = (told.rows or {}).get("event")
    if wanted is None or not found:
        if wanted is not None:
            yield row_finding("events", run, None, "is missing")
        elif found:
            yield row_finding("events", run, None, "is there, and the trail knows none")
        return
    row = found[0]
    if vouched.event_digest(document.get("salt", ""), row["body"]) != wanted:
        yield row_finding("events", run, "body", "is not what the last step left")
        return
    event = Event.from_dict(read_json(row["body"]))
    fields, pairs = indexed(event)
    at = t.within_columns(event.at.nanos)
    columns = {
        "action": event.action, "at": at, "status": event.status,
        "shape": shape_digest(event.action, fields),
    }  # fmt: skip
    for name, value in columns.items():
        if row[name] != value:
            yield row_finding("events", run, name, "is not that of the event")
    number = row["number"]
    named = {(one["name"], one["value"], one["at"]) for one in keys.get(number, [])}
    if named != {(name, value, at) for name, value in pairs}:
        yield row_finding("event_keys", run, None, "are not those of the event")
    if {(one["rule"], one["at"]) for one in rules.get(number, [])} != {
        (rule, at) for rule in event.rules
    }:
        yield row_finding("event_rules", run, None, "are not those of the event")
