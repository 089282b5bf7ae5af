"""Past actions are written: each as its JSON, and with it what finds it again.

Source: docs/language.md#history.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from gatewright.dsl.records import replace
from gatewright.engine.canonical import exact_json
from gatewright.engine.history.event import Event
from gatewright.engine.reading.json_text import Json, read_json
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.forms import NO_UNITS, Form, form_of, keep_form
from gatewright.engine.runtime.store.keys import Indexed, indexed
from gatewright.engine.runtime.store.shapes import keep_shape

_MOST_EVENTS: Final = 16_384
"""So many events, of about 3 kB each, stay read in a process."""
_PAGE: Final = 500

Row = dict[str, Any]


# HOT: `make bench-runtime`, a customer with many past events: each decision reads them again.
@lru_cache(maxsize=_MOST_EVENTS)
def read_event(body: str) -> Event:
    """Return an event of the text that is kept of it."""
    return Event.from_dict(read_json(body))


def put(connection: Connection, event: Event) -> Event:
    """Record an event, or a later outcome of one that is known by its id; return it as it is now.

    Raises ActionError where the id stands for another action, as `Event.followed_by` does.
    """
    columns = t.events.c
    known = connection.execute(
        select(columns.number, columns.shape, columns.body).where(columns.id == event.id)
    ).first()
    if known is None:
        _add(connection, event)
        return event
    now = read_event(known.body).followed_by(event)
    connection.execute(
        update(t.events)
        .where(columns.number == known.number)
        .values(status=now.status, body=exact_json(now.to_dict()))
    )
    if now.status != read_event(known.body).status:
        _set_form(connection, known.number, now, known.shape)
    connection.execute(delete(t.event_rules).where(t.event_rules.c.event == known.number))
    _add_rules(connection, known.number, now)
    return now


def forget(connection: Connection, event: str) -> None:
    """Take an event out, such as one whose action was edited: what is put then is another."""
    number = number_of(connection, event)
    if number is not None:
        for table in (t.event_keys, t.event_rules):
            connection.execute(delete(table).where(table.c.event == number))
        connection.execute(delete(t.events).where(t.events.c.number == number))


def blank(connection: Connection, event: str) -> None:
    """Make the values of an event unreadable: a question that looks at one errs, and opens nothing.

    Its place, its agent and target, its outcome and its rules stay.
    """
    found = select(t.events.c.number, t.events.c.body).where(t.events.c.id == event)
    known = connection.execute(found).one_or_none()
    if known is None:
        return
    params: dict[str, Json] = {str(name): [t.ERASED] for name in read_event(known.body).params}
    blanked = Event.from_dict({**read_event(known.body).to_dict(), "params": params})
    shape, rows = key_rows(Keeper(connection), known.number, blanked)
    connection.execute(
        update(t.events)
        .where(t.events.c.number == known.number)
        .values(body=exact_json(blanked.to_dict()), shape=shape)
    )
    connection.execute(delete(t.event_keys).where(t.event_keys.c.event == known.number))
    connection.execute(insert(t.event_keys), rows)


def body_of(connection: Connection, event: str) -> str | None:
    """Return the text of an event; None where there is none of that id."""
    return connection.scalar(select(t.events.c.body).where(t.events.c.id == event))


def number_of(connection: Connection, event: str) -> int | None:
    """Return the place of an event in the order recorded; None where there is none of that id."""
    return connection.scalar(select(t.events.c.number).where(t.events.c.id == event))


class Keeper:
    """Keeps shapes and forms, and remembers them: of use for many events in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._shapes: dict[str, str] = {}
        self._numbers: dict[Form, int | None] = {}

    def shape(self, event: Event, found: Indexed) -> str:
        """Return the digest of the shape of an event."""
        name = f"{event.action} {found.shape}"
        if name not in self._shapes:
            self._shapes[name] = keep_shape(self._connection, event.action, found.shape)
        return self._shapes[name]

    def told(self, event: Event, shape: str, found: Indexed) -> Row:
        """Return what the keys of an event tell besides, those of texts: its form and its units."""
        form, units = form_of(event.action, event.status, shape, found)
        number = self._number(form)
        if number is None:
            number, units = self._number(replace(form, slots=())), NO_UNITS
        return {"form": number, **units}

    def _number(self, form: Form) -> int | None:
        if form not in self._numbers:
            self._numbers[form] = keep_form(self._connection, form)
        return self._numbers[form]


def key_rows(keeper: Keeper, number: int, event: Event) -> tuple[str, list[Row]]:
    """Return the digest of an event's shape, and its rows of `event_keys`; at least one."""
    found = indexed(event)
    shape = keeper.shape(event, found)
    of_text = keeper.told(event, shape, found)
    of_others = dict.fromkeys(of_text)
    place = {"event": number, "at": t.within_columns(event.at.nanos)}
    rows = [
        {**place, "name": name, "value": value}
        | (of_text if (name, value) in found.texts else of_others)
        for name, value in sorted(found.pairs)
    ]
    return shape, rows


def reindex(connection: Connection) -> None:
    """Write anew what finds events, of all that there are. Cost: O(n)."""
    after = 0
    columns, keys = t.events.c, t.event_keys
    page = select(columns.number, columns.body).order_by(columns.number).limit(_PAGE)
    keeper = Keeper(connection)
    while found := connection.execute(page.where(columns.number > after)).all():
        rows: list[Row] = []
        for number, body in found:
            rows += key_rows(keeper, number, Event.from_dict(read_json(body)))[1]
        first, after = found[0].number, found[-1].number
        connection.execute(delete(keys).where(keys.c.event.between(first, after)))
        connection.execute(insert(keys), rows)


def _add(connection: Connection, event: Event) -> None:
    shape, rows = key_rows(Keeper(connection), 0, event)
    values = {
        "id": event.id,
        "action": event.action,
        "at": t.within_columns(event.at.nanos),
        "status": event.status,
        "shape": shape,
        "body": exact_json(event.to_dict()),
    }
    new = insert(t.events).values(values).returning(t.events.c.number)
    number = connection.execute(new).scalar_one()
    connection.execute(insert(t.event_keys), [{**row, "event": number} for row in rows])
    _add_rules(connection, number, event)


def _set_form(connection: Connection, number: int, event: Event, shape: str) -> None:
    """Let the keys of an event tell of its outcome."""
    keys = t.event_keys
    connection.execute(
        update(keys)
        .where(keys.c.event == number, keys.c.form.is_not(None))
        .values(**Keeper(connection).told(event, shape, indexed(event)))
    )


def _add_rules(connection: Connection, number: int, event: Event) -> None:
    at = t.within_columns(event.at.nanos)
    rows = [{"event": number, "rule": rule, "at": at} for rule in sorted(set(event.rules))]
    if rows:
        connection.execute(insert(t.event_rules), rows)
