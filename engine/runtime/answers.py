"""What connectors answer and raise, checked against their port before it is used: it is not ours.

What passes can be kept, read again and shown. Whatever else came back says nothing.
"""

from __future__ import annotations

from typing import Final, TypeGuard, TypeVar, cast

from gatewright.engine.canonical import canonical_json
from gatewright.engine.reading.json_text import SURROGATE, read_json
from gatewright.engine.runtime.ports import (
    Applied,
    Capabilities,
    Concurrency,
    Connector,
    ConnectorError,
    FieldChange,
    Idempotency,
    Preview,
    Probe,
    Receipt,
    TargetRef,
)

T = TypeVar("T")

LONGEST_NAME: Final = 256
"""How many characters a system, an object or an id may have, as in actions."""

NO_PROMISES: Final = Capabilities(Concurrency.NONE, Idempotency.NONE)


def is_preview(answer: object, asked: TargetRef) -> TypeGuard[Preview]:
    """Tell whether an answer is a preview of the record that was asked for."""
    return (
        _is_a(answer, Preview)
        and is_target(answer.target, asked)
        and _are_fields(answer.fields)
        and all(part is None or _is_a(part, str) for part in (answer.version, answer.undo))
        and _is_a(answer.summary, str)
        and _is_mapping(answer.attributes)
        and is_json([answer.version, answer.undo, answer.summary, answer.attributes])
    )


def is_receipt(answer: object, asked: TargetRef, key: str) -> TypeGuard[Receipt]:
    """Tell whether an answer is the receipt of a write to a record by a key."""
    return (
        _is_a(answer, Receipt)
        and is_target(answer.target, asked)
        and _is_a(answer.key, str)
        and answer.key == key
        and all(part is None or _is_a(part, str) for part in (answer.reference, answer.version))
        and _is_mapping(answer.undo)
        and is_json([answer.reference, answer.version, answer.undo])
    )


def is_probe(answer: object, asked: TargetRef, key: str) -> TypeGuard[Probe]:
    """Tell whether an answer says what became of a write to a record by a key."""
    return (
        _is_a(answer, Probe)
        and _is_a(answer.applied, Applied)
        and (answer.receipt is None or is_receipt(answer.receipt, asked, key))
    )


def is_target(answer: object, asked: TargetRef) -> TypeGuard[TargetRef]:
    """Tell whether an answer is the record that was asked for; what had no id may get one."""
    if not _is_a(answer, TargetRef):
        return False
    parts: tuple[object, ...] = (answer.system, answer.object, answer.id)
    return all(_is_name(part) for part in parts) and (
        answer == (asked if asked.id else TargetRef(asked.system, asked.object, answer.id))
    )


def is_json(value: object) -> bool:
    """Tell whether a value is JSON that can be kept and read again as a part of an action."""
    try:
        read_json(canonical_json([[[value]]]))  # also its size and depth
    except Exception:  # whatever classes of others raise
        return False
    return _is_plain(value)


def words(error: ConnectorError) -> str:
    """Return the message of an error, or that it has none that can be kept."""
    message: object = getattr(error, "message", None)
    if _is_a(message, str) and message and is_json(message):
        return message
    return f"the connector gave no reason ({type(error).__name__})"


def promises(connector: Connector) -> Capabilities:
    """Return what a connector promises; nothing where it cannot say."""
    try:
        found: object = connector.capabilities
    except Exception:  # whatever a connector raises
        return NO_PROMISES
    return found if _is_a(found, Capabilities) else NO_PROMISES


def _are_fields(answer: object) -> bool:
    if not _is_a(answer, tuple) and not _is_a(answer, list):
        return False
    names: set[str] = set()
    for change in cast("tuple[object, ...]", answer):
        if not _is_a(change, FieldChange) or not _is_a(change.field, str) or change.field in names:
            return False
        names.add(change.field)
        if not is_json([change.field, change.old, change.new]):
            return False
    return True


def _is_name(part: object) -> bool:
    if not _is_a(part, str) or len(part) > LONGEST_NAME or "\0" in part:
        return False
    return SURROGATE.search(part) is None


def _is_plain(value: object) -> bool:
    if _is_a(value, dict):
        return all(map(_is_plain, cast("dict[str, object]", value).values()))
    if _is_a(value, list) or _is_a(value, tuple):
        return all(map(_is_plain, cast("list[object]", value)))
    return value is None or issubclass(type(value), (str, bool, int, float))


def _is_mapping(answer: object) -> bool:
    return issubclass(type(answer), dict)


def _is_a(answer: object, kind: type[T]) -> TypeGuard[T]:
    """Tell of which class something is, whatever it says of itself."""
    return issubclass(type(answer), kind)
