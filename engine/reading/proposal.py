"""The parts of a proposal in the JSON shape -> plain values, each read by itself.

An *envelope* is an object with fixed keys, such as the whole proposal or its target. What cannot be
used is left out and noted, so that the rest can be decided about. `action` puts the parts together.
Source: docs/language.md#actions-as-json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from sys import intern
from typing import Final, TypeVar, cast

from gatewright.dsl.late_regex import late
from gatewright.dsl.similar import most_similar
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.freeze import Freezer, entries_of, scalar
from gatewright.engine.reading.freeze import text as frozen_text
from gatewright.engine.reading.problems import MAX_PROBLEMS, ActionError, Place, Problem, shown
from gatewright.engine.values import NOTHING, Map, Timestamp, Value, a_kind

T = TypeVar("T")

MAX_NAME = 256
"""How many characters the name of an action and an idempotency key may have."""

_ACTION_NAME = late(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_KEYS = (
    "action", "params", "agent", "target", "changes", "context", "at", "idempotency_key",
)  # fmt: skip
_RESERVED = ("id", "owner")
_ROOT: Final = Place("")
_TEXT_ADVICE: Final = "; this is a text: read its JSON first, as with `json.loads`"


def envelope(
    data: object, place: Place, keys: tuple[str, ...], problems: list[Problem]
) -> dict[str, object]:
    """Return the entries of an object with fixed keys; null counts as left out.

    Unknown keys are noted as problems and left out; raises ActionError for what is no object.
    """
    if not isinstance(data, Mapping):
        wanted = "must be an object with keys such as " + ", ".join(keys[:3])
        is_whole_text = not place.steps and isinstance(data, str | bytes)
        raise place.error(f"{wanted}{_TEXT_ADVICE if is_whole_text else ''}")
    entries = entries_of(cast("Mapping[object, object]", data), place)
    # So many as are told; to look for the nearest of each of a million names would take minutes.
    for key in sorted(entries.keys() - set(keys))[:MAX_PROBLEMS]:
        close = most_similar(key[:MAX_NAME], keys)
        hint = f"did you mean `{close}`?" if close else "known are " + ", ".join(keys)
        of = f" of `{place.path}`" if place.path else ""
        here = place.key(key)
        problems.append(Problem(here.path, f"{shown(key)} is no key{of}: {hint}", here.steps))
    return {key: entries[key] for key in keys if entries.get(key) is not None}


def instant(parts: Mapping[str, object], key: str, place: Place) -> Timestamp | None:
    """Return an instant of an envelope, given as RFC 3339 text, a datetime or a Timestamp."""
    raw, here = parts.get(key), place.key(key)
    if raw is None:
        return raw
    try:
        if isinstance(raw, str):
            return Timestamp.parse(str.__str__(raw))
        if isinstance(raw, (datetime, Timestamp)):
            return cast("Timestamp", scalar(raw, here))
    except EvaluationError as error:
        raise here.error(f"cannot be used: {error.message}") from None
    raise here.error("must be an instant such as 2026-12-02T00:00:00Z")


def _name(parts: Mapping[str, object]) -> str:
    raw, place = parts.get("action"), Place("action")
    if raw is None:
        raise place.error("is missing: it names the action, such as billing.refund")
    name = _short_text(raw, place, MAX_NAME)
    if not is_name(name):
        raise place.error("must be plain words joined by dots, such as billing.refund")
    return intern(name)  # HOT: names that are looked up are compared by identity


def is_name(text: str) -> bool:
    """Tell whether a text may be the name of an action."""
    return len(text) <= MAX_NAME and _ACTION_NAME.fullmatch(text) is not None


def _short_text(raw: object, place: Place, longest: int | None) -> str:
    if not isinstance(raw, str):
        raise place.error("must be text")
    text = frozen_text(raw, place)
    if not text and longest is not None:
        raise place.error("must not be empty")
    if longest is not None and len(text) > longest:
        raise place.error(f"must not be longer than {longest} characters")
    return text


class Proposal:
    """Reads the parts of a proposal one by one, noting problems instead of raising.

    A part that is not there is None, or empty where it has no other form.
    """

    def __init__(self, data: object, problems: list[Problem]) -> None:
        self._problems = problems
        self._freezer = Freezer()
        self._parts = self._attempt(lambda: envelope(data, _ROOT, _KEYS, problems)) or {}

    def name(self) -> str:
        """Return the name of the action; the empty text where there is no usable one."""
        return self._attempt(lambda: _name(self._parts)) or ""

    def params(self) -> Map:
        """Return the parameters that can be used."""
        return self._values(self._parts.get("params"), Place("params"))

    def agent(self) -> tuple[str | None, str | None, Map] | None:
        """Return id, owner and attributes of the agent."""
        if "agent" not in self._parts:
            return None
        place = Place("agent")
        entries = self._attempt(lambda: _entries(self._parts["agent"], place)) or {}
        nested = self._values(entries.get("attributes"), place.key("attributes"))
        beside = {k: v for k, v in entries.items() if k not in (*_RESERVED, "attributes")}
        attributes = dict(self._values(beside, place).items())
        for key, value in nested.items():
            if key in beside or key in _RESERVED:
                here = place.key("attributes").key(str(key))
                self._problems.append(here.problem("belongs beside `attributes`, and only once"))
                attributes.pop(key, None)
            else:
                attributes[key] = value
        named = {key: entries[key] for key in _RESERVED if entries.get(key) is not None}
        return (
            self._text(named, "id", place, MAX_NAME),
            self._text(named, "owner", place, MAX_NAME),
            Map(attributes.items()),
        )

    def target(self) -> tuple[str | None, str | None, str | None, Map] | None:
        """Return system, object, id and attributes of the target."""
        if "target" not in self._parts:
            return None
        entries = self._part("target", ("system", "object", "id", "attributes"))
        place = Place("target")
        return (
            self._text(entries, "system", place, MAX_NAME),
            self._text(entries, "object", place, MAX_NAME),
            self._text(entries, "id", place, MAX_NAME),
            self._values(entries.get("attributes"), place.key("attributes")),
        )

    def changes(self) -> dict[str, tuple[Value, Value]]:
        """Return the old and the new value of each field that changes, NOTHING for a missing one.

        A change that cannot be read has neither.
        """
        place = Place("changes")
        raw = self._parts.get("changes")
        entries = None if raw is None else self._attempt(lambda: _entries(raw, place))
        changes: dict[str, tuple[Value, Value]] = {}
        for name, item in (entries or {}).items():
            try:
                changes[name] = self._change(item, place.key(name))
            except ActionError as error:
                self._problems.append(error.problem)
                changes[name] = NOTHING, NOTHING  # it changes, whatever to
        return changes

    def context(self) -> tuple[str | None, str | None, tuple[Value, ...], float | None]:
        """Return trigger, reasoning, evidence and confidence."""
        if "context" not in self._parts:
            return None, None, (), None
        keys = ("trigger", "reasoning", "evidence", "confidence")
        entries = self._part("context", keys)
        place = Place("context")
        return (
            self._text(entries, "trigger", place),
            self._text(entries, "reasoning", place),
            self._attempt(lambda: self._evidence(entries, place.key("evidence"))) or (),
            self._attempt(lambda: _confidence(entries, place.key("confidence"))),
        )

    def at(self) -> Timestamp | None:
        """Return the instant as of which it is to be decided."""
        return self._attempt(lambda: instant(self._parts, "at", _ROOT))

    def idempotency_key(self) -> str | None:
        """Return the key by which a repetition is known."""
        return self._text(self._parts, "idempotency_key", _ROOT, MAX_NAME)

    # --- of one part

    def _attempt(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ActionError as error:
            self._problems.append(error.problem)
            return None

    def _text(
        self, parts: Mapping[str, object], key: str, place: Place, longest: int | None = None
    ) -> str | None:
        if key not in parts:
            return None
        return self._attempt(lambda: _short_text(parts[key], place.key(key), longest))

    def _values(self, raw: object, place: Place) -> Map:
        """Freeze a mapping, leaving out the entries that cannot be used."""
        if raw is None:
            return Map()
        frozen: list[tuple[Value, Value]] = []
        for key, item in (self._attempt(lambda: _entries(raw, place)) or {}).items():
            try:
                frozen.append((key, self._freezer.value(item, place.key(key))))
            except ActionError as error:
                self._problems.append(error.problem)
        return Map(frozen)

    def _part(self, key: str, keys: tuple[str, ...]) -> dict[str, object]:
        """Return the entries of a part with fixed keys; none where it cannot be read."""
        return (
            self._attempt(lambda: envelope(self._parts[key], Place(key), keys, self._problems))
            or {}
        )

    def _change(self, raw: object, place: Place) -> tuple[Value, Value]:
        """Read `{"old": ..., "new": ...}`; a null in it is a value, a missing side is NOTHING."""
        entries = _entries(raw, place, "an object with `old` and `new`")
        if not entries or entries.keys() - {"old", "new"}:
            raise place.error("must be an object with `old` and `new`, and nothing else")
        old, new = (
            self._freezer.value(entries[side], place.key(side)) if side in entries else NOTHING
            for side in ("old", "new")
        )
        return old, new

    def _evidence(self, entries: Mapping[str, object], place: Place) -> tuple[Value, ...]:
        frozen = self._freezer.value(entries.get("evidence", ()), place)
        if not isinstance(frozen, tuple):
            raise place.error(f"must be a list, not {a_kind(frozen)}")
        return frozen


def _entries(raw: object, place: Place, what: str = "an object") -> dict[str, object]:
    if not isinstance(raw, Mapping):
        raise place.error(f"must be {what}")
    return entries_of(cast("Mapping[object, object]", raw), place)


def _confidence(entries: Mapping[str, object], place: Place) -> float | None:
    raw = entries.get("confidence")
    if raw is None:
        return None
    number = scalar(raw, place)
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not is_number or not 0 <= cast("float", number) <= 1:
        raise place.error("must be a number between 0 and 1")
    return float(cast("float", number))
