"""What the index of keys tells of an event besides its keys: its *form*, and amounts as numbers.

A form is the action, the outcome, the shape, and what the amounts of the event are in. Events of
one form can be counted and added up without being read. An amount counts in units of its last
decimal place, as many as fit 64 bits; both databases add such numbers exactly. Amounts that do not
fit, and what is beyond the first three of an event by name, have no units: they are read. So are
all of an event whose shape has too many forms already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from gatewright.dsl.records import dataclass
from gatewright.dsl.types import Type
from gatewright.engine.canonical import canonical_json
from gatewright.engine.history.event import Status
from gatewright.engine.history.sums import EXACT
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.inserting import insert_new
from gatewright.engine.runtime.store.keys import Amount, Indexed, Shape, label
from gatewright.engine.runtime.store.shapes import read_shape
from gatewright.engine.values import Duration, Money, Value

Units = dict[str, int | None]

UNITS: Final = (t.event_keys.c.units1, t.event_keys.c.units2, t.event_keys.c.units3)

NO_UNITS: Final[Units] = {column.name: None for column in UNITS}

MOST_OF_A_SHAPE: Final = 256
"""So many forms of one shape have amounts: nobody fills the table with currencies."""

_MOST_PLACES: Final = 18
_MOST_UNITS: Final = 2**63 - 1
_MOST_FORMS: Final = 4_096


class Slot(NamedTuple):
    """In what an amount counts. `kind` is money, decimal or duration, `unit` a currency or empty.

    A duration counts in nanoseconds, and has no places.
    """

    field: str
    kind: str
    unit: str
    places: int


@dataclass(frozen=True, slots=True)
class Form:
    """What events must have alike so that SQL may count them together; `shape` is a digest."""

    action: str
    status: str
    shape: str
    slots: tuple[Slot, ...]

    @property
    def digest(self) -> str:
        """What the form is found by."""
        parts = [self.action, self.status, self.shape, slots_text(self.slots)]
        return hashlib.sha256(canonical_json(parts)).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form as it is kept, under a number, with the shape itself."""

    number: int
    status: Status
    shape_digest: str
    shape: Shape
    slots: tuple[Slot, ...]


def form_of(action: str, status: str, shape: str, found: Indexed) -> tuple[Form, Units]:
    """Return the form of an event, and its units by the column that keeps them."""
    slots: list[Slot] = []
    units = dict(NO_UNITS)
    for name in sorted(found.amounts):
        for amount in found.amounts[name]:
            counted = _counted(name, amount)
            if counted is not None and len(slots) < len(UNITS):
                slot, units[UNITS[len(slots)].name] = counted
                slots.append(slot)
    return Form(action, status, shape, tuple(slots)), units


def keep_form(connection: Connection, form: Form) -> int | None:
    """Keep a form unless it is there, and return its number; None where there are too many."""
    forms, digest = t.event_forms, form.digest
    numbered = select(forms.c.number).where(forms.c.digest == digest)
    number: int | None = connection.scalar(numbered)
    if number is not None:
        return number
    if form.slots:
        alike = select(func.count()).where(forms.c.shape == form.shape)
        if connection.execute(alike).scalar_one() >= MOST_OF_A_SHAPE:
            return None
    insert_new(
        connection, forms, digest=digest, action=form.action, status=form.status, shape=form.shape,
        slots=slots_text(form.slots),
    )  # fmt: skip
    return int(connection.execute(numbered).scalar_one())


def forms_of(connection: Connection, actions: Sequence[str]) -> list[KeptForm]:
    """Return the forms of actions."""
    forms, shapes = t.event_forms.c, t.event_shapes.c
    found = (
        select(forms.number, forms.status, forms.shape, forms.slots, shapes.body)
        .join(t.event_shapes, shapes.digest == forms.shape)
        .where(forms.action.in_(actions))
        .order_by(forms.number)
    )
    return [
        KeptForm(number, status, digest, read_shape(body), read_slots(slots))
        for number, status, digest, slots, body in connection.execute(found)
    ]


def slots_text(slots: tuple[Slot, ...]) -> str:
    """Return the text that is kept of what amounts are in."""
    return canonical_json([list(slot) for slot in slots]).decode()


@lru_cache(maxsize=_MOST_FORMS)
def read_slots(text: str) -> tuple[Slot, ...]:
    """Return what amounts are in, of the text that is kept of it."""
    read = read_json(text)
    rows = read if isinstance(read, list) else []
    return tuple(
        Slot(str(row[0]), str(row[1]), str(row[2]), int(str(row[3])))
        for row in rows
        if isinstance(row, list) and len(row) == len(Slot._fields)
    )


def slot_for(slots: tuple[Slot, ...], field: str, declared: Type) -> int | None:
    """Return which of the amounts are a field's as a type reads it; None: they must be read."""
    kind = _KINDS.get((label(declared) or "").partition(" ")[0])
    for place, slot in enumerate(slots):
        if slot.field == field and slot.kind == kind:
            return place
    return None


def amount_of(units: int, slot: Slot, declared: Type) -> Value:
    """Return a number of units as an amount, such as a type reads its field.

    Raises EvaluationError where it is no amount, such as a duration of a thousand years.
    """
    if slot.kind == "duration":
        return Duration(units)
    number = EXACT.scaleb(Decimal(units), -slot.places)
    if slot.kind == "money":
        return Money(number, slot.unit)
    return int(number) if label(declared) in ("int", "uint") else number


_KINDS: Final = {
    "money": "money", "decimal": "decimal", "int": "decimal", "uint": "decimal",
    "duration": "duration",
}  # fmt: skip
"""As what an amount is kept that a type reads. A double is not among them: its sum is rounded."""


def _counted(name: str, amount: Amount) -> tuple[Slot, int] | None:
    """Return an amount as a whole number; None where it does not fit."""
    if isinstance(amount, Duration):
        slot, units = Slot(name, "duration", "", 0), amount.nanos
    else:
        number = amount.amount if isinstance(amount, Money) else amount
        places = max(0, -int(number.as_tuple().exponent))
        if places > _MOST_PLACES:
            return None
        units = int(EXACT.scaleb(number, places))
        unit = (amount.currency or "") if isinstance(amount, Money) else ""
        slot = Slot(name, "money" if isinstance(amount, Money) else "decimal", unit, places)
    return (slot, units) if abs(units) <= _MOST_UNITS else None
