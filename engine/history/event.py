"""What is known of a past action: an `Event`, and its line of JSON.

One JSON object a line, unknown keys refused:

    {"id": "a-1", "action": "billing.refund", "params": {"customer": "C-1", "amount": "5.00 USD"},
     "agent": {"id": "refund-bot"}, "target": {"id": "ch_1"}, "at": "2026-11-20T12:00:00Z",
     "status": "executed", "decided_by": "ann", "decided_at": "2026-11-20T12:05:00Z",
     "rules": ["billing.refunds.by_amount"]}

`id`, `action`, `at` and `status` are needed. `agent` and `target` may also be the bare id; null is
the same as left out. `decided_by` names the person who decided, and is absent where nobody was
asked. Values are kept as they were recorded; a query reads them by the types of its policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeVar, cast, get_args

from gatewright.dsl.records import dataclass, replace
from gatewright.engine import canonical
from gatewright.engine.action import Action
from gatewright.engine.reading.freeze import Freezer, text
from gatewright.engine.reading.json_text import Json
from gatewright.engine.reading.problems import ActionError, Place, Problem
from gatewright.engine.reading.proposal import envelope, instant
from gatewright.engine.values import Map, Timestamp

T = TypeVar("T")

Status = Literal["pending", "executed", "rejected", "blocked", "failed", "compensated"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
"""What became of an action. Source: docs/language.md#history."""

APPROVED: Final[frozenset[Status]] = frozenset({"executed", "failed", "compensated"})
"""Where a decided action was approved: it was tried, however that went."""

KEYS = (
    "id", "action", "params", "agent", "target", "at", "status", "decided_by", "decided_at",
    "rules",
)  # fmt: skip
"""What an object that tells of a past action may have."""

_ROOT: Final = Place("")


@dataclass(frozen=True, slots=True)
class Event:
    """A past action with its outcome. `agent` and `target` are ids; `at` is when it was proposed.

    `rules` are the qualified names of the rules and guards that matched it.
    """

    id: str
    action: str
    at: Timestamp
    status: Status
    params: Map = Map()
    agent: str | None = None
    target: str | None = None
    decided_by: str | None = None
    decided_at: Timestamp | None = None
    rules: tuple[str, ...] = ()

    @classmethod
    def of(cls, action: Action, event_id: str, at: Timestamp, status: Status) -> Event:
        """Return the event of an action that was proposed at an instant."""
        agent = None if action.agent is None else action.agent.id
        target = None if action.target is None else action.target.id
        return cls(event_id, action.name, at, status, action.params, agent, target)

    @classmethod
    def from_dict(cls, data: object) -> Event:
        """Return the event of an object in the shape above; raises ActionError."""
        problems: list[Problem] = []
        parts = envelope(data, _ROOT, KEYS, problems)
        if problems:
            raise ActionError(problems[0].message, problems[0].path)
        at = instant(parts, "at", _ROOT)
        params = Freezer().value(parts.get("params", {}), Place("params"))
        if not isinstance(params, Map):
            raise Place("params").error("must be an object")
        return cls(
            id=_needed(_text(parts, "id"), "id"),
            action=_needed(_text(parts, "action"), "action"),
            at=_needed(at, "at"),
            status=_status(parts),
            params=params,
            agent=_id(parts, "agent"),
            target=_id(parts, "target"),
            decided_by=_text(parts, "decided_by"),
            decided_at=instant(parts, "decided_at", _ROOT),
            rules=_rules(parts.get("rules", ())),
        )

    def to_dict(self) -> dict[str, Json]:
        """Return the JSON shape of the event; parts that are absent are left out."""
        parts: dict[str, Json] = {
            "id": self.id,
            "action": self.action,
            "params": canonical.to_json(self.params),
            "agent": None if self.agent is None else {"id": self.agent},
            "target": None if self.target is None else {"id": self.target},
            "at": self.at.text,
            "status": self.status,
            "decided_by": self.decided_by,
            "decided_at": None if self.decided_at is None else self.decided_at.text,
            "rules": list(self.rules) or None,
        }
        return {key: part for key, part in parts.items() if part is not None}

    def followed_by(self, later: Event) -> Event:
        """Return this event with the outcome that a later record of the same id tells.

        What was proposed, and when, stays; raises ActionError where the later record tells of
        another action.
        """
        if self._proposal() != later._proposal():
            raise Place("id").error("stands for another action already")
        return replace(
            self,
            status=later.status,
            decided_by=later.decided_by or self.decided_by,
            decided_at=later.decided_at or self.decided_at,
            rules=later.rules or self.rules,
        )

    def _proposal(self) -> tuple[object, ...]:
        params = canonical.canonical_json(canonical.to_json(self.params))
        return (self.id, self.action, self.agent, self.target, params)


def _needed(value: T | None, key: str) -> T:
    if value is None:
        raise Place(key).error("is missing")
    return value


def _text(parts: Mapping[str, object], key: str) -> str | None:
    raw, place = parts.get(key), Place(key)
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise place.error("must be text")
    if not raw:
        raise place.error("must not be empty")
    return text(raw, place)


def _id(parts: Mapping[str, object], key: str) -> str | None:
    """Read `{"id": "x"}` or `"x"`; what else an action says of its agent or target is ignored."""
    raw = parts.get(key)
    if not isinstance(raw, Mapping):
        return _text(parts, key)
    inner = cast("Mapping[str, object]", raw)
    return _text({f"{key}.id": inner.get("id")}, f"{key}.id")


def _status(parts: Mapping[str, object]) -> Status:
    raw = _needed(parts.get("status"), "status")
    for status in STATUSES:
        if status == raw:
            return status
    raise Place("status").error("must be one of " + ", ".join(STATUSES))


def _rules(raw: object) -> tuple[str, ...]:
    place = Place("rules")
    if not isinstance(raw, (list, tuple)):
        raise place.error("must be a list of names")
    names = cast("list[object]", raw)
    if not all(isinstance(name, str) for name in names):
        raise place.error("must be a list of names")
    return tuple(text(str(name), place) for name in names)
