"""What was read of a dict, value by value -> the action that it was.

A decision about a dict keeps the values that it was taken on, not the dict, which its caller may
change. The `Action` is made of them when somebody asks why.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

from gatewright.engine.action import Action, Change
from gatewright.engine.reading.freeze import scalar, text
from gatewright.engine.reading.problems import Place
from gatewright.engine.reading.quick import MOST, nanos_of
from gatewright.engine.values import NOTHING, Timestamp, Value

Path: TypeAlias = tuple[str, ...]
"""`("params", "amount")`, `("target", "attributes", "status")`, `("agent",)` for all of it."""

_MOST_INSTANTS: Final = 512
_VALUE: Final = Place("value")
_PLAIN: Final = frozenset([str, int, bool, float, Decimal])
_CONTEXT: Final = frozenset(["trigger", "reasoning"])


class Layout:
    """Where the values that are kept of one declared action's dicts stood."""

    __slots__ = ("name", "paths")

    def __init__(self, name: str, paths: Iterable[Path]) -> None:
        self.name = name
        self.paths = tuple(paths)

    def action(self, values: Iterable[Any]) -> Action:
        """Return the action of the values in the order of the paths; None is a missing one."""
        data: dict[str, Any] = {"action": self.name}
        for path, value in zip(self.paths, values, strict=True):
            if value is None:
                continue
            inner = data
            for step in path[:-1]:
                inner = inner.setdefault(step, {})
            inner[path[-1]] = value.sides if type(value) is Change else value
        return Action.read(data)[0]


# --- what compiled code calls for values that it does not read itself; each raises for what is bad


def normal(raw: str) -> str:
    """Return a text in normal form C; raises ActionError where it has none."""
    return text(raw, _VALUE)


def plain(raw: object) -> Value:
    """Return a value that cannot change, as an action holds it; raises ActionError for all else."""
    if type(raw) not in _PLAIN:
        raise _VALUE.error("is none that is read here")
    return scalar(raw, _VALUE)


def change(raw: object) -> Change:
    """Return the two sides of a change; raises ActionError for what is none of plain values."""
    entries = _entries(raw)
    sides = {key: None if value is None else plain(value) for key, value in entries.items()}
    read = Change(sides.pop("old", NOTHING), sides.pop("new", NOTHING))
    if sides or not entries:
        raise _VALUE.error("is no change")
    return read


def attributes(agent: object) -> dict[str, Any]:
    """Return the attributes of an agent, each plain; raises ActionError for all others.

    Its id and owner are read already, and left out.
    """
    entries = _entries(agent)
    for key in ("id", "owner"):
        entries.pop(key, None)
    if "attributes" in entries or len(entries) > MOST or not "".join(entries).isascii():
        raise _VALUE.error("is no agent with a few attributes")
    for key, value in entries.items():
        entries[key] = plain(value)
    return entries


def context(raw: object) -> dict[str, Any]:
    """Return a copy of a context without problems; raises ActionError for all others."""
    entries = _entries(raw)
    for key, value in entries.items():
        if key in _CONTEXT and type(value) is str:
            entries[key] = normal(value)
        elif key == "confidence" and type(value) in (int, float) and 0 <= value <= 1:
            continue
        elif key == "evidence" and type(value) is list:
            entries[key] = _evidence(cast("list[object]", value))
        else:
            raise _VALUE.error("is no usual context")
    return entries


def _evidence(raw: list[object]) -> tuple[Value, ...]:
    if len(raw) > MOST:
        raise _VALUE.error("is too much to be looked at here")
    return tuple(map(plain, raw))


def _entries(raw: object) -> dict[str, Any]:
    """Return a copy of a dict whose keys are texts, and nothing that only says so."""
    if type(raw) is dict:
        entries = cast("dict[str, Any]", raw).copy()
        if all(type(key) is str for key in entries):
            return entries
    raise _VALUE.error("is no plain object")


INSTANTS: Final[dict[str, int]] = {}
"""Instants that were read of late, by their text, in nanoseconds."""


def instant(raw: str) -> int:
    """Read an instant in nanoseconds, and remember it; raises EvaluationError for what is none.

    Many proposals are of one second. Texts are short, and few are kept.
    """
    nanos = nanos_of(raw)
    if nanos is None:
        nanos = Timestamp.parse(raw).nanos
    if len(INSTANTS) >= _MOST_INSTANTS:
        INSTANTS.clear()
    INSTANTS[raw] = nanos
    return nanos
