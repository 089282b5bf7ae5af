"""A proposal of the usual kind -> `Action`, fast; whatever is unusual is left to `Action.read`.

Usual are plain dicts in the JSON shape whose values are short ASCII texts, small integers, bools
and money. What is read here is read to the same action as there, and has no problem there; a test
compares the two. HOT: deciding about a JSON-like dict spends most of its time in reading it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeGuard, cast

from gatewright.dsl.late_regex import late
from gatewright.engine.action import Action, Agent, Changes, Context, Target
from gatewright.engine.reading.proposal import MAX_NAME
from gatewright.engine.values import Map, Money, Timestamp, Value

LONGEST: Final = 2_000
"""Longer texts are unusual."""
MOST: Final = 50
"""So are maps with more entries."""

_KEYS: Final = frozenset(
    {"action", "params", "agent", "target", "context", "at", "idempotency_key"}
)
_NAME: Final = late(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_NO_VALUES: Final = Map()
_NO_CHANGES: Final = Changes()
_NO_CONTEXT: Final = Context()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REST: Final = late(r"(?:\.([0-9]{1,9}))?(?:Z|\+00:00)")
"""What may follow the seconds of an instant."""
_new: Final[Callable[[type[Any]], Any]] = object.__new__
_set: Final = object.__setattr__


def quick_action(data: object) -> Action | None:
    """Return the action of a usual proposal; None where `Action.read` has to look at it."""
    if not _is_plain(data) or not data.keys() <= _KEYS:
        return None
    name = data.get("action")
    if type(name) is not str or len(name) > MAX_NAME or not _NAME.fullmatch(name):
        return None
    key = data.get("idempotency_key")
    if key is not None and not _is_name(key):
        return None
    params, agent = _values(data.get("params")), _agent(data.get("agent"))
    target, context = _target(data.get("target")), _context(data.get("context"))
    at = _instant(data.get("at"))
    if params is None or agent is False or target is False or context is None or at is False:
        return None
    action = _new(Action)
    for field, value in zip(_FIELDS, (name, params, agent, target, context, at, key), strict=True):
        _set(action, field, value)
    _set(action, "changes", _NO_CHANGES)
    _set(action, "problems", ())
    _set(action, "was_read", True)
    _set(action, "shape", None)
    _set(action, "values", ())
    _set(action, "_digest", None)
    return action  # type: ignore[no-any-return]


_FIELDS: Final = ("name", "params", "agent", "target", "context", "at", "idempotency_key")


def _is_plain(raw: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether it is a dict whose keys are texts and nothing that only says so."""
    kind = cast("object", type(raw))
    return kind is dict and {*map(type, raw)} <= _TEXT


def _is_name(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= MAX_NAME and value.isascii()


def _values(raw: object) -> Map | None:
    """Return a map of scalars; None where it holds anything else."""
    if raw is None:
        return _NO_VALUES
    if not _is_plain(raw) or len(raw) > MOST:
        return None
    entries: dict[Any, tuple[Value, Value]] = {}
    for key, value in raw.items():
        if not key.isascii():
            return None
        kind = cast("object", type(value))
        if kind is str:
            if len(value) > LONGEST or not value.isascii():
                return None
        elif kind is int:
            if not -(2**63) <= value < 2**63:
                return None
        elif kind is not bool and not (kind is Money and _is_usual_money(value)):
            return None
        entries[key] = (key, value)
    return Map.known(entries)


def _is_usual_money(money: Money) -> bool:
    """Tell whether money has a currency, which only an empty sum has not."""
    currency = money.currency
    return type(money.amount) is Decimal and type(currency) is str and currency.isascii()


def _agent(raw: object) -> Agent | bool | None:
    """Return the agent, None where there is none, False where it is unusual."""
    if raw is None:
        return None
    if not _is_plain(raw) or "attributes" in raw:
        return False
    if len(raw) == 1 and "id" in raw:
        only = raw["id"]
        return Agent(only) if _is_name(only) else False
    rest = {key: value for key, value in raw.items() if key not in ("id", "owner")}
    named = (raw.get("id"), raw.get("owner"))
    attributes = _values(rest)
    if attributes is None or not all(n is None or _is_name(n) for n in named):
        return False
    return Agent(*named, attributes)


_TEXT: Final = frozenset([str])
_TARGET: Final = frozenset({"system", "object", "id", "attributes"})


def _target(raw: object) -> Target | bool | None:
    if raw is None:
        return None
    if not _is_plain(raw) or not raw.keys() <= _TARGET:
        return False
    named = (raw.get("system"), raw.get("object"), raw.get("id"))
    attributes = _values(raw.get("attributes"))
    if attributes is None or not all(n is None or _is_name(n) for n in named):
        return False
    return Target(*named, attributes)


_CONTEXT: Final = frozenset({"trigger", "reasoning"})


def _context(raw: object) -> Context | None:
    if raw is None:
        return _NO_CONTEXT
    if not _is_plain(raw) or not raw.keys() <= _CONTEXT:
        return None
    texts: tuple[Any, Any] = (raw.get("trigger"), raw.get("reasoning"))
    for text in texts:
        if text is not None and not (type(text) is str and len(text) <= LONGEST and text.isascii()):
            return None
    return Context(*texts)


def _instant(raw: object) -> Timestamp | bool | None:
    """Read an instant; None where there is none, False for spellings that few programs use."""
    if raw is None:
        return None
    if type(raw) is Timestamp:
        return raw if type(raw.nanos) is int else False
    nanos = nanos_of(raw) if type(raw) is str else None
    return False if nanos is None else Timestamp(nanos)


def nanos_of(text: str) -> int | None:
    """Return the nanoseconds of an instant as programs write it; None for other spellings.

    >>> nanos_of("1970-01-01T00:00:01Z"), nanos_of("1970-01-01T00:00:01.5+00:00")
    (1000000000, 1500000000)
    """
    fraction = 0
    if len(text) != 20:
        rest = _REST.fullmatch(text, 19)
        if rest is None:
            return None
        text, fraction = text[:19] + "Z", int((rest.group(1) or "").ljust(9, "0"))
    # The last: what ISO 8601 calls 24:00 is no instant in RFC 3339, whatever Python reads.
    if text[4::3] != "--T::Z" or not text.isascii() or text[11:13] >= "24":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + fraction
