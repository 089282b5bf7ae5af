"""A question that the index of keys answers: one whose keys are texts, and that tells by status.

Then whoever has the digests of the keys has the keys, and events of one form are alike: one is
meant if all are. Where a value must be read after all, for an error of one event or because it is
no amount, the answer is None, and events are looked at (`looking`).
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from gatewright.dsl.records import dataclass, replace
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.event import STATUSES, Event, Status
from gatewright.engine.history.query import (
    OWN_FIELDS,
    Query,
    declared_type,
    event_field,
    identity,
)
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.events import read_event
from gatewright.engine.runtime.store.fields import UNREAD, text_of, value_of
from gatewright.engine.runtime.store.forms import KeptForm, forms_of, slot_for
from gatewright.engine.runtime.store.keys import OWN_KEYS, is_doubtful
from gatewright.engine.runtime.store.matching import (
    FIRST,
    Condition,
    Scope,
    digests,
    has_text_keys,
    is_of_status,
    keyed,
)
from gatewright.engine.runtime.store.tallies import (
    MOST_FORMS,
    Added,
    added,
    different_texts,
    in_order,
    of_forms,
    tallies,
)
from gatewright.engine.values import Value


def asked(connection: Connection, query: Query, scope: Scope) -> Asked | None:
    """Return a question as the index answers it; None where it does not.

    Raises EvaluationError where the `where` errs with an event that has the keys.
    """
    if not (is_of_status(query) and scope.holds_window(query) and has_text_keys(query)):
        return None
    forms = forms_of(connection, query.actions)
    names = [name for name, _ in digests(query)]
    if any(is_doubtful(form.shape, name, query.record) for form in forms for name in names):
        return None
    question = Asked(connection, query, scope, [])
    try:
        held = [status for status in STATUSES if query.holds(_of_status(query, status))]
    except EvaluationError:  # it matters of which there are events, and which came first
        found = in_order(connection, question.meant(), forms)
        held = [one.status for one in found if query.holds(_of_status(query, one.status))]
    forms = [form for form in forms if form.status in held]
    return replace(question, forms=forms)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the forms of the events that it may mean: of these it means all."""

    connection: Connection
    query: Query
    scope: Scope
    forms: list[KeptForm]

    def meant(self, since: int | None = None) -> list[Condition]:
        """Return the conditions on keys, apart from those on forms."""
        return keyed(self.connection, self.query, self.scope, since=since)

    def count(self) -> int:
        """Return how many events there are."""
        return sum(tally.many for tally in tallies(self.connection, self.meant(), self.forms))

    def amounts(self) -> list[Value] | None:
        """Return values that have the sum of the field."""
        field = self.query.field
        if field is None or field in OWN_FIELDS:
            return None
        try:
            declared = declared_type(self.query.record, field)
            slots = [slot_for(form.slots, field, declared) for form in self.forms]
            places = {place for place in slots if place is not None}
            found = tallies(self.connection, self.meant(), self.forms, places)
            kept = added(found, self.query, field)
        except EvaluationError:
            return None
        if kept is None:
            kept = Added([], [tally.form for tally in found])
        read = self._values(field, kept.unread)
        return None if read is None else kept.sums + [v for v, many in read for _ in range(many)]

    def different(self) -> int | None:
        """Return how many different values the field has."""
        field = self.query.field
        if field is None or (field in OWN_FIELDS and field not in OWN_KEYS):
            return None
        meant = self.meant()
        found = tallies(self.connection, meant, self.forms)
        try:
            many = different_texts(self.connection, self.query, meant, found, field)
            if many is not None or field in OWN_KEYS:
                return many
            read = self._values(field, [tally.form for tally in found])
            return None if read is None else len({identity(value) for value, _ in read})
        except EvaluationError:
            return None

    def last(self) -> Event | None:
        """Return the latest event, for a `now` that columns hold."""
        now = t.within_columns(self.query.now.nanos)
        meant = self.meant()
        if self.scope.recorded:
            # All that came at `now` or later came at `now`: see `looking.events`.
            event = self._first_of(self.meant(since=now), by_time=False)
            if event is not None:
                return replace(event, at=self.query.now)
            meant.append(FIRST.at < now)
        return self._first_of(meant, by_time=True)

    def _first_of(self, meant: list[Condition], *, by_time: bool) -> Event | None:
        """Return the latest event, or the one that was recorded last: of each form the first."""
        form, event = t.event_forms.c.number, t.events.c
        order = [FIRST.at.desc()] if by_time else []
        first = (
            select(FIRST.event)
            .where(*meant, FIRST.form == form)
            .order_by(*order, FIRST.event.desc())
            .limit(1)
            .correlate(t.event_forms)
            .scalar_subquery()
        )
        found: list[tuple[int, int, str]] = []
        for start in range(0, len(self.forms), MOST_FORMS):
            some = [one.number for one in self.forms[start : start + MOST_FORMS]]
            numbers = select(first).where(form.in_(some))
            rows = select(event.at, event.number, event.body).where(event.number.in_(numbers))
            found += [(row.at, row.number, row.body) for row in self.connection.execute(rows)]
        if not found:
            return None
        return read_event(max(found, key=lambda row: row[:2] if by_time else row[1:2])[2])

    def _values(self, field: str, forms: list[KeptForm]) -> list[tuple[Value, int]] | None:
        """Return the values of a field in the events of some forms, and how many have each.

        Texts are gathered by the database.
        """
        if not forms:
            return []
        text = text_of(self.connection, field)
        if text is None or len(forms) > MOST_FORMS:
            return None
        meant = [*self.meant(), *of_forms(forms), t.events.c.number == FIRST.event]
        texts = select(text.label("text")).where(*meant).subquery()
        groups = select(texts.c.text, func.count()).group_by(texts.c.text)
        counted = [(row[0], int(row[1])) for row in self.connection.execute(groups)]
        values: list[tuple[Value, int]] = []
        try:
            if any(found is None for found, _ in counted):
                others = self._others(field, [*meant, text.is_(None)])
                values += [(value, 1) for value in others]
            declared = declared_type(self.query.record, field)
        except EvaluationError:
            return None
        for found, many in counted:
            if found is not None:
                values.append((value_of(found, declared, field), many))
        return None if any(value is UNREAD for value, _ in values) else values

    def _others(self, field: str, meant: list[Condition]) -> list[Value]:
        """Return the values of a field that are no texts."""
        bodies = self.connection.scalars(select(t.events.c.body).where(*meant))
        read = [event_field(read_event(body), field, self.query.record) for body in bodies]
        return [value.content for value in read if value.present]


def _of_status(query: Query, status: Status) -> Event:
    """Return an event that has nothing else that a `where` of the status could look at."""
    return Event("", query.actions[0] if query.actions else "", query.now, status)
