"""What a compiled decision reads of an action: each path is read once, into a slot.

A slot holds the value as conditions see it, or the number that it is ordered by: an amount, an
instant in nanoseconds. Source: docs/language.md#what-a-condition-sees.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gatewright.dsl import types as t
from gatewright.dsl.policy import ActionType
from gatewright.dsl.records import dataclass
from gatewright.engine.compile.build import SlotKind

Path: TypeAlias = tuple[str, ...]
"""`("action", "amount")`, `("changes", "Stage", "new")`, `("changes", "Stage")`, `("now",)`."""

View: TypeAlias = Literal["value", "exact", "amount", "nanos", "presence"]
"""What of the value: itself, compared as texts are or to the letter; the amount of money,
nanoseconds, or only whether it is there."""

_TEXTS_OF_AGENT = frozenset({"id", "owner"})
_TEXTS_OF_TARGET = frozenset({"system", "object", "id"})
_TEXTS_OF_CONTEXT = frozenset({"trigger", "reasoning"})


@dataclass(frozen=True, slots=True)
class PathType:
    """What is known of a path before there is an action."""

    type: t.Type
    may_be_absent: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that is read of an action."""

    path: Path
    view: View
    type: t.Type
    may_be_absent: bool


class Slots:
    """The slots of one action's unit, numbered as they are asked for."""

    def __init__(self, declared: ActionType | None) -> None:
        self._declared = declared
        self._numbers: dict[tuple[Path, View], int] = {}
        self._types: dict[Path, PathType | None] = {}
        self.all: list[Slot] = []

    def type_of(self, path: Path) -> PathType | None:
        """Return what is known of a path; None for what no slot can hold."""
        if path not in self._types:
            self._types[path] = self._type_of(path)
        return self._types[path]

    def _type_of(self, path: Path) -> PathType | None:
        match path:
            case ("now",):
                return PathType(t.TIMESTAMP, False)
            case ("risk",):
                return PathType(t.INT, False)
            case ("action", name):
                return self._param(name)
            case ("agent", name):
                text = name in _TEXTS_OF_AGENT
                return PathType(t.STRING if text else t.ANY, True)
            case ("target", name):
                return self._of_target(name)
            case ("context", name) if name in _TEXTS_OF_CONTEXT:
                return PathType(t.STRING, True)
            case ("changes", name, "old" | "new"):
                return self._changed(name)
            case _:
                return None

    def _param(self, name: str) -> PathType | None:
        if self._declared is None:
            return None if name == "name" else PathType(t.ANY, True)
        field = self._declared.params.field(name)
        return None if field is None else PathType(field.type, field.optional)

    def _of_target(self, name: str) -> PathType | None:
        if name in _TEXTS_OF_TARGET:
            return PathType(t.STRING, True)
        if self._declared is None or self._declared.target is None:
            return PathType(t.ANY, True)
        field = self._declared.target.field(name)
        return None if field is None else PathType(field.type, True)

    def _changed(self, name: str) -> PathType | None:
        if self._declared is None:
            return PathType(t.ANY, True)
        field = self._declared.changes.field(name)
        if field is not None:
            return PathType(field.type, True)
        return PathType(t.ANY, True) if self._declared.changes.open else None

    def number(self, path: Path, view: View = "value") -> int | None:
        """Return the slot of a path, made where it is new; None for what no slot can hold."""
        known = self._numbers.get((path, view))
        if known is not None:
            return known
        found = PathType(t.BOOL, True) if view == "presence" else self.type_of(path)
        if found is None:
            return None
        self.all.append(Slot(path, view, found.type, found.may_be_absent))
        self._numbers[path, view] = len(self.all) - 1
        return len(self.all) - 1

    def known(self, path: Path, view: View = "value") -> int | None:
        """Return the slot of a path that was asked for; None where nobody did."""
        return self._numbers.get((path, view))

    def kinds(self) -> list[SlotKind]:
        """Return what the builder of trees must know."""
        return [
            SlotKind(slot.may_be_absent, slot.view == "value" and is_text(slot.type))
            for slot in self.all
        ]


def is_text(type_: t.Type) -> bool:
    """Tell whether constants that a slot is compared with are texts; so are those of `any`."""
    return isinstance(type_, (t.StringType, t.EnumType)) or type_ == t.ANY
