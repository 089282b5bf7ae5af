"""A past action -> what finds it again: digests of its values, and as what each can be read.

The type of a field is known only to the policy that asks, so each value is read by every type that
keys may have (by `conform_value`, as a query does) and each reading has its digest. The *shape* of
an event says of which types its fields can be read: where a query's type is not among them, or a
field is missing, the query looks at the event itself. So an index may offer too much, never too
little.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, cast

from gatewright.dsl import types as t
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.query import OWN_FIELDS, declared_type, identity
from gatewright.engine.history.record import Event
from gatewright.engine.reading.conform import conform_value
from gatewright.engine.reading.problems import UNFIT
from gatewright.engine.values import Duration, Money, Timestamp, Value

OWN_KEYS: Final = ("agent", "target")
MOST_FIELDS: Final = 64
LONGEST_NAME: Final = 128
MORE: Final = ""
"""Stands in a shape where fields were left out of it."""

Shape = Mapping[str, Collection[str]]

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


def indexed(event: Event) -> tuple[dict[str, list[str]], set[tuple[str, str]]]:
    """Return the shape of an event, and the pairs of field and digest that find it."""
    shape: dict[str, list[str]] = {}
    pairs: set[tuple[str, str]] = set()
    for name, raw, readings in _fields(event):
        if len(shape) >= MOST_FIELDS or len(name) > LONGEST_NAME:
            shape[MORE] = []
            continue
        labels: list[str] = []
        for read_as, wanted in readings.items():
            found = _read(raw, wanted, name)
            if found is None:
                continue
            labels.append(read_as)
            pairs.add((name, found[0]))
            if isinstance(found[1], Money) and read_as == "money":
                labels.append(f"money {found[1].currency}")
        shape[name] = sorted(labels)
    return shape, pairs


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
        value = conform_value(raw, wanted, name, lenient=True)
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
