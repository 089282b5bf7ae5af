"""Reading parts of values: `x.field`, `x[index]`, `has(x.field)`, and their optional forms."""

from __future__ import annotations

from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    NOTHING,
    HostObject,
    Map,
    Money,
    OptionalValue,
    Value,
    a_kind,
    is_host,
)

_MONEY_FIELDS = ("amount", "currency")


def select(operand: Value, field: str) -> Value:
    """Return `operand.field`; on an optional value the result is optional too."""
    if isinstance(operand, OptionalValue):
        return optional_select(operand, field)
    if isinstance(operand, Map):
        if field not in operand:
            raise EvaluationError("no_such_key", f"the map has no such key `{field}`")
        return operand[field]
    if isinstance(operand, Money) and field in _MONEY_FIELDS:
        return _money_field(operand, field)
    if is_host(operand):
        return operand.select(field)
    raise _no_field(operand, field)


def optional_select(operand: Value, field: str) -> OptionalValue:
    """Return `operand.?field`: absent where the field is."""
    if isinstance(operand, OptionalValue):
        return optional_select(operand.content, field) if operand.present else NOTHING
    return OptionalValue.of(select(operand, field)) if has(operand, field) else NOTHING


def has(operand: Value, field: str) -> bool:
    """Tell whether `operand.field` could be read."""
    if isinstance(operand, OptionalValue):
        return operand.present and has(operand.content, field)
    if isinstance(operand, Map):
        return field in operand
    if isinstance(operand, Money) and field in _MONEY_FIELDS:
        return field == "amount" or operand.currency is not None
    if is_host(operand):
        return operand.has(field)
    raise _no_field(operand, field)


def index(operand: Value, key: Value) -> Value:
    """Return `operand[key]`; on an optional value the result is optional too."""
    if isinstance(operand, OptionalValue):
        return optional_index(operand, key)
    if isinstance(operand, tuple):
        position = _position(key)
        if not 0 <= position < len(operand):
            raise EvaluationError("invalid_argument", "the list has no element at that index")
        return operand[position]
    if isinstance(operand, Map):
        return _entry(operand, key)
    if is_host(operand) and isinstance(key, str):
        return _named(operand, key)
    raise EvaluationError("type_mismatch", f"{a_kind(operand)} has no elements")


def optional_index(operand: Value, key: Value) -> OptionalValue:
    """Return `operand[?key]`: absent where the element or entry is."""
    if isinstance(operand, OptionalValue):
        return optional_index(operand.content, key) if operand.present else NOTHING
    if isinstance(operand, tuple):
        present = 0 <= _position(key) < len(operand)
    elif isinstance(operand, Map):
        present = key in operand
    elif is_host(operand) and isinstance(key, str):
        present = operand.has(key)
    else:
        raise EvaluationError("type_mismatch", f"{a_kind(operand)} has no elements")
    return OptionalValue.of(index(operand, key)) if present else NOTHING


def _entry(container: Map, key: Value) -> Value:
    """Return an entry by a computed key, which may be a secret: the message does not name it."""
    try:
        return container[key]
    except KeyError:
        raise EvaluationError("no_such_key", "the map has no such key") from None


def _named(operand: HostObject, key: str) -> Value:
    """Return a field by a computed name, which may be a secret: the message does not name it."""
    try:
        return operand.select(key)
    except EvaluationError as error:
        if error.code == "no_such_field":
            raise EvaluationError(error.code, "there is no field of that name") from None
        if error.code == "type_mismatch":
            raise EvaluationError(error.code, "the field of that name could not be read") from None
        raise


def _position(key: Value) -> int:
    """Return a list index; a double without a fraction counts, as in CEL."""
    is_number = isinstance(key, (int, float)) and not isinstance(key, bool)
    if not is_number or (isinstance(key, float) and not key.is_integer()):
        raise EvaluationError("invalid_argument", f"a list index is an int, not {a_kind(key)}")
    return int(key)  # type: ignore[arg-type]


def _money_field(money: Money, field: str) -> Value:
    if field == "amount":
        return money.amount
    if money.currency is None:
        raise EvaluationError("no_such_field", "an empty sum has no currency")
    return money.currency


def _no_field(operand: Value, field: str) -> EvaluationError:
    return EvaluationError("no_such_field", f"{a_kind(operand)} has no field `{field}`")
