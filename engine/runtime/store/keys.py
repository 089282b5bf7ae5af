"""A past action -> what finds it again: digests of its values, and as what each can be read.

The type of a field is known only to the policy that asks, so each value is read by every type that
keys may have (by `conform_value`, as a query does) and each reading has its digest. The *shape* of
an event says of which types its fields can be read: where a query's type is not among them, or a
field is missing, the query looks at the event itself. So an index may offer too much, never too
little. Amounts that can be added as whole numbers are told besides; see `forms`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, cast

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import OWN_FIELDS, declared_type, identity
from gatewright.engine.reading.conform import conform_value
from gatewright.engine.reading.problems import UNFIT
from gatewright.engine.values import Duration, Money, Timestamp, Value

OWN_KEYS: Final = ("agent", "target")
ACTION: Final = "action"
"""The key that every event has; no shape tells of it."""
MOST_FIELDS: Final = 64
LONGEST_NAME: Final = 128
MORE: Final = ""
"""Stands in a shape where fields were left out of it."""

Shape = Mapping[str, Collection[str]]
Amount = Money | Decimal | Duration

_READINGS: Final[dict[str, t.Type]] = {
    "any": t.ANY, "bool": t.BOOL, "int": t.INT, "uint": t.UINT, "double": t.DOUBLE,
    "decimal": t.DECIMAL, "string": t.StringType(), "timestamp": t.TIMESTAMP,
    "duration": t.DURATION, "money": t.MoneyType(),
}  # fmt: skip


def label(wanted: t.Type) -> str | None:
    """Return the name of a type's reading; None for types whose values are not indexed."""
    if isinstance(wanted, (t.StringType, t.EnumType)):
        return "string"
    if isinstance(wanted, t.MoneyType):
        return f"money {wanted.currency}" if wanted.currency else "money"
    return next((name for name, known in _READINGS.items() if known == wanted), None)


def value_digest(token: Hashable) -> str | None:
    """Return the digest of what `identity` gives, equal for equal ones; None: not indexed."""
    kind, value = cast("tuple[str, object]", token)
    match value:
        case bool() | str():
            text = f"{kind} {value}"
        case int() | float() | Decimal() if kind == "number":
            text = f"number {Fraction(value)}"
        case Money(amount, currency):
            text = f"money {Fraction(amount)} {currency}"
        case Timestamp() | Duration():
            text = f"{kind} {value.nanos}"
        case _:
            return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Indexed:
    """What finds an event again.

    `pairs` are of field and digest, one for each reading; `texts` those of them that are of a text.
    `amounts` are the fields with a sum that is kept: each as what it can be added up.
    """

    shape: dict[str, list[str]]
    pairs: set[tuple[str, str]]
    texts: set[tuple[str, str]]
    amounts: dict[str, list[Amount]]


def indexed(event: Event) -> Indexed:
    """Return what finds an event again."""
    action = (ACTION, text_digest(event.action))
    found = Indexed({}, {action}, {action}, {})
    for name, raw, readings in _fields(event):
        if len(found.shape) >= MOST_FIELDS or len(name) > LONGEST_NAME:
            found.shape[MORE] = []
            continue
        found.shape[name] = sorted(_indexed(found, name, raw, readings))
    return found


def _indexed(
    found: Indexed, name: str, raw: Value, readings: Mapping[str, t.Type]
) -> Iterator[str]:
    """Note the readings of a value, and give their labels."""
    for read_as, wanted in readings.items():
        read = _read(raw, wanted, name)
        if read is None:
            continue
        yield read_as
        value_name, value = read
        found.pairs.add((name, value_name))
        if read_as == "string":
            found.texts.add((name, value_name))
        if isinstance(value, Money) and read_as == "money":
            yield f"money {value.currency}"
        if isinstance(value, (Money, Decimal, Duration)) and read_as != "any":
            found.amounts.setdefault(name, []).append(value)


def text_digest(text: str) -> str:
    """Return the digest of a text that is taken as it stands."""
    return hashlib.sha256(f"string {text}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _fields(event: Event) -> Iterator[tuple[str, Value, Mapping[str, t.Type]]]:
    for name in OWN_KEYS:
        own: Value = getattr(event, name)
        if own is not None:
            yield name, own, {"string": t.StringType()}
    for key, raw in event.params.items():
        if isinstance(key, str) and key not in OWN_FIELDS and key:
            yield key, raw, _READINGS


def _read(raw: Value, wanted: t.Type, name: str) -> tuple[str, Value] | None:
    """Return the digest of a value read by a type, and the value; None where there is none."""
    try:
        value = conform_value(raw, wanted, name)
        found = None if value is UNFIT else value_digest(identity(value))
    except (EvaluationError, OverflowError, ValueError):
        return None
    return None if found is None or value is UNFIT else (found, value)


def is_doubtful(shape: Shape, name: str, record: t.RecordType) -> bool:
    """Tell whether an event of that shape must be looked at whatever the key's value is."""
    if name in OWN_KEYS:
        return name in shape and not shape[name]
    if name in shape:
        return label(declared_type(record, name)) not in shape[name]
    listed = record.field(name)
    return MORE in shape or (listed is not None and not listed.optional)
