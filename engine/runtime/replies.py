"""What connectors reply and raise, checked against their port before it is used: it is not ours.

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


def is_preview(reply: object, asked: TargetRef) -> TypeGuard[Preview]:
    """Tell whether a reply is a preview of the record that was asked for."""
    return (
        _is_a(reply, Preview)
        and is_target(reply.target, asked)
        and _are_fields(reply.fields)
        and all(part is None or _is_a(part, str) for part in (reply.version, reply.undo))
        and _is_a(reply.summary, str)
        and _is_mapping(reply.attributes)
        and is_json([reply.version, reply.undo, reply.summary, reply.attributes])
    )


def is_receipt(reply: object, asked: TargetRef, key: str) -> TypeGuard[Receipt]:
    """Tell whether a reply is the receipt of a write to a record by a key."""
    return (
        _is_a(reply, Receipt)
        and is_target(reply.target, asked)
        and _is_a(reply.key, str)
        and reply.key == key
        and all(part is None or _is_a(part, str) for part in (reply.reference, reply.version))
        and _is_mapping(reply.undo)
        and is_json([reply.reference, reply.version, reply.undo])
    )


def is_probe(reply: object, asked: TargetRef, key: str) -> TypeGuard[Probe]:
    """Tell whether an reply says what became of a write to a record by a key."""
    return (
        _is_a(reply, Probe)
        and _is_a(reply.applied, Applied)
        and (reply.receipt is None or is_receipt(reply.receipt, asked, key))
    )


def is_target(reply: object, asked: TargetRef) -> TypeGuard[TargetRef]:
    """Tell whether a reply is the record that was asked for; what had no id may get one."""
    if not _is_a(reply, TargetRef):
        return False
    parts: tuple[object, ...] = (reply.system, reply.object, reply.id)
    return all(_is_name(part) for part in parts) and (
        reply == (asked if asked.id else TargetRef(asked.system, asked.object, reply.id))
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


def _are_fields(reply: object) -> bool:
    if not _is_a(reply, tuple) and not _is_a(reply, list):
        return False
    names: set[str] = set()
    for change in cast("tuple[object, ...]", reply):
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


def _is_mapping(reply: object) -> bool:
    return issubclass(type(reply), dict)


def _is_a(reply: object, kind: type[T]) -> TypeGuard[T]:
    """Tell of which class something is, whatever it says of itself."""
    return issubclass(type(reply), kind)
