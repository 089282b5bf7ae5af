"""Events counted and added up by the database, in an index and by nothing else.

The database gives a *tally* for each form: how many events, and the exact sums of their amounts.
What a form means is told here, by the type in the policy that asks; see `forms`. What no tally
tells must be read, and which events those are is told too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.query import Query, declared_type
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.forms import UNITS, KeptForm, amount_of, slot_for
from gatewright.engine.runtime.store.keys import MORE, OWN_KEYS, label
from gatewright.engine.runtime.store.matching import FIRST, Condition, key_table
from gatewright.engine.values import Value

MOST_FORMS: Final = 500
"""No more forms are named in one statement."""

_HALF: Final = 32
"""SQLite adds whole numbers of 64 bits, and errs beyond: halves of them do not come so far."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The events of one form: how many there are, and those sums of their units that were asked."""

    form: KeptForm
    many: int
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """What tallies have of a field: sums, and the forms of the events that must be read for it."""

    sums: list[Value]
    unread: list[KeptForm]


def tallies(
    connection: Connection,
    meant: list[Condition],
    forms: Sequence[KeptForm],
    places: Collection[int] = (),
) -> list[Tally]:
    """Return the tallies of some forms, of those that have events.

    `meant` are conditions of `keyed`; `places` are those of the amounts that are added up.
    """
    counted = (FIRST.form, func.count().label("many"))
    sums = _sums(connection, places)
    found: list[Tally] = []
    for some in of_forms(forms):
        wanted = select(*counted, *sums).where(*meant, some).group_by(FIRST.form)
        rows = {row["form"]: row for row in connection.execute(wanted).mappings()}
        found += [_tally(form, rows[form.number]) for form in forms if form.number in rows]
    return found


def in_order(
    connection: Connection, meant: list[Condition], forms: Sequence[KeptForm]
) -> list[KeptForm]:
    """Return those of some forms that have events, the one of the first event first."""
    found: list[tuple[int, int]] = []
    for some in of_forms(forms):
        first = select(func.min(FIRST.event), FIRST.form).where(*meant, some)
        found += [(row[0], row[1]) for row in connection.execute(first.group_by(FIRST.form))]
    numbered = {form.number: form for form in forms}
    return [numbered[number] for _, number in sorted(found)]


def of_forms(forms: Sequence[KeptForm]) -> Iterator[Condition]:
    """Give conditions on a key that make its event of one of some forms: each is of other forms."""
    for start in range(0, len(forms), MOST_FORMS):
        yield FIRST.form.in_([form.number for form in forms[start : start + MOST_FORMS]])


def added(found: list[Tally], query: Query, field: str) -> Added | None:
    """Return what tallies have of a field; None: one of their events errs, or all must be read.

    Raises EvaluationError where past actions have no such field.
    """
    declared = declared_type(query.record, field)
    sums: list[Value] = []
    unread: list[KeptForm] = []
    for tally in found:
        there = _is_there(tally.form, query, field, label(declared))
        if there is None:
            return None
        place = slot_for(tally.form.slots, field, declared)
        if there and place is None:
            unread.append(tally.form)
        elif there and place is not None:
            try:
                sums.append(amount_of(tally.sums[place], tally.form.slots[place], declared))
            except EvaluationError:
                return None
    return Added(sums, unread)


def different_texts(
    connection: Connection, query: Query, meant: list[Condition], found: list[Tally], field: str
) -> int | None:
    """Return how many different texts a field of the tallies' events has; None: all must be read.

    Raises EvaluationError where past actions have no such field.
    """
    wanted = "string" if field in OWN_KEYS else label(declared_type(query.record, field))
    there = [_is_there(tally.form, query, field, wanted) for tally in found]
    if wanted != "string" or None in there or len(found) > MOST_FORMS:
        return None
    if not found:
        return 0
    # A question of its own for each event: in a join either database may begin with the texts, and
    # SQLite even so where it may go by the name.
    text = _TEXTS.c
    name = text.name if connection.dialect.name == "postgresql" else text.name.op("||")("")
    of_field = (text.event == FIRST.event, name == field, text.form.is_not(None))
    value = select(text.value).where(*of_field).correlate(key_table(0)).scalar_subquery()
    (some,) = of_forms([tally.form for tally in found])
    values = select(value.label("value")).where(*meant, some).distinct().subquery()
    return connection.execute(select(func.count(values.c.value))).scalar_one()


def _is_there(form: KeptForm, query: Query, field: str, wanted: str | None) -> bool | None:
    """Tell whether the events of a form have a field, and as wanted; None: they must be read."""
    labels = form.shape.get(field)
    if labels is not None:
        return True if wanted in labels else None
    if field in OWN_KEYS:
        return False
    listed = query.record.field(field)
    return None if MORE in form.shape or (listed and not listed.optional) else False


def _sums(connection: Connection, places: Collection[int]) -> list[ColumnElement[int]]:
    """Return the sums of some amounts: on SQLite of both halves of each."""
    columns = [FIRST[UNITS[place].name] for place in sorted(places)]
    if connection.dialect.name == "postgresql":
        return [func.sum(column).label(f"sum_{column.name}") for column in columns]
    return [
        part
        for column in columns
        for part in (
            func.sum(column.op(">>")(_HALF)).label(f"high_{column.name}"),
            func.sum(column.op("&")(2**_HALF - 1)).label(f"low_{column.name}"),
        )
    ]


def _tally(form: KeptForm, row: RowMapping) -> Tally:
    sums = tuple(_sum(row, column.name) for column in UNITS)
    return Tally(form, row["many"], sums)


def _sum(row: RowMapping, name: str) -> int:
    if f"low_{name}" in row:
        return (int(row[f"high_{name}"] or 0) << _HALF) + int(row[f"low_{name}"] or 0)
    return int(row.get(f"sum_{name}") or 0)


_TEXTS: Final = t.event_keys.alias("texts")
