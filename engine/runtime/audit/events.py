"""The past action that a run is, as limits count it -> whether it is what the trail vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import RowMapping

from gatewright.dsl.records import dataclass, replace
from gatewright.engine.history.event import Event
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime.audit.finding import Finding, row_finding
from gatewright.engine.runtime.audit.told import Told
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store import vouched
from gatewright.engine.runtime.store.forms import NO_UNITS, UNITS, Form, form_of, read_slots
from gatewright.engine.runtime.store.keys import indexed
from gatewright.engine.runtime.store.shapes import shape_digest

_OF_OTHERS: Final = (None, *NO_UNITS.values())
"""What keys tell besides that are not of texts."""


@dataclass(frozen=True, slots=True)
class Finders:
    """The rows that find events: keys and rules by the number of the event, forms by their own."""

    keys: Mapping[int, list[RowMapping]]
    rules: Mapping[int, list[RowMapping]]
    forms: Mapping[int, RowMapping]


def event_findings(
    run: str, document: Mapping[str, Any], told: Told, found: list[RowMapping], rows: Finders
) -> Iterator[Finding]:
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
    yield from _columns(run, event, row)
    number = row["number"]
    if not _are_keys(event, rows.keys.get(number, []), rows.forms):
        yield row_finding("event_keys", run, None, "are not those of the event")
    if {(one["rule"], one["at"]) for one in rows.rules.get(number, [])} != {
        (rule, row["at"]) for rule in event.rules
    }:
        yield row_finding("event_rules", run, None, "are not those of the event")


def _columns(run: str, event: Event, row: RowMapping) -> Iterator[Finding]:
    columns = {
        "action": event.action,
        "at": t.within_columns(event.at.nanos),
        "status": event.status,
        "shape": shape_digest(event.action, indexed(event).shape),
    }
    for name, value in columns.items():
        if row[name] != value:
            yield row_finding("events", run, name, "is not that of the event")


def _are_keys(event: Event, keys: list[RowMapping], forms: Mapping[int, RowMapping]) -> bool:
    """Tell whether keys are those of an event, and what they tell of it is so."""
    found = indexed(event)
    shape = shape_digest(event.action, found.shape)
    form, units = form_of(event.action, event.status, shape, found)
    at = t.within_columns(event.at.nanos)
    counted = (form.digest, *units.values())
    read = (replace(form, slots=()).digest, *NO_UNITS.values())
    named = {_told(key, forms) for key in keys}
    return any(
        named == {
            (name, value, at, *(of_text if (name, value) in found.texts else _OF_OTHERS))
            for name, value in found.pairs
        }
        for of_text in (counted, read)
    )  # fmt: skip


def _told(key: RowMapping, forms: Mapping[int, RowMapping]) -> tuple[object, ...]:
    """Return a key with the digest of its form in place of the number."""
    form = forms.get(key["form"])
    told = None if key["form"] is None else "" if form is None else _form_digest(form)
    return (key["name"], key["value"], key["at"], told, *(key[c.name] for c in UNITS))


def _form_digest(row: RowMapping) -> str:
    """Return the digest of what a row says a form is; nothing where the row says another."""
    form = Form(row["action"], row["status"], row["shape"], read_slots(row["slots"]))
    return form.digest if form.digest == row["digest"] else ""
