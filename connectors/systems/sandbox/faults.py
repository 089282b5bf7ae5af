"""How calls go wrong: faults as data, and which call each of them is for.

A fault counts the calls that it fits and begins with the n-th of them, so the same calls always
go wrong in the same way. Knows nothing of records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from gatewright.engine.reading.json_text import Json

Method: TypeAlias = Literal[
    "read", "preview", "execute", "probe", "preview_compensation", "compensate"
]
WRITES: Final[tuple[Method, ...]] = ("execute", "compensate")
_WITHOUT_ACTION: Final[tuple[Method, ...]] = ("read", "probe")


class FaultKind(StrEnum):
    """How a call goes wrong."""

    SLOW = "slow"
    """It takes `seconds`, and then goes as usual."""
    FAILS_BEFORE = "fails_before"
    """A ConnectorError: the system refused, and nothing was done."""
    NEVER_ARRIVES = "never_arrives"
    """ConnectionLost, and nothing was done; but nobody can know that."""
    ARRIVES_LATE = "arrives_late"
    """ConnectionLost at once; it is done when `Sandbox.release` is called."""
    FAILS_AFTER_WRITE = "fails_after_write"
    """It is done, and then ConnectionLost: the answer never comes."""
    TIMES_OUT = "times_out"
    """It does not return before `Sandbox.release`; `written` says what is done."""
    ANSWERS_TWICE = "answers_twice"
    """The call reaches the system a second time, with the same key and version."""
    NONSENSE = "nonsense"
    """It returns a text in place of an answer; `written` says whether it is done."""
    OVERTAKEN = "overtaken"
    """Somebody else makes `changes` to the record right before the write."""


Written: TypeAlias = Literal["no", "yes", "late"]
"""Whether a call does what it is for: not at all, at once, or when it is released."""

_AT_WRITES: Final = (
    FaultKind.ARRIVES_LATE, FaultKind.FAILS_AFTER_WRITE, FaultKind.ANSWERS_TWICE,
    FaultKind.OVERTAKEN,
)  # fmt: skip
_MAY_WRITE: Final[Mapping[FaultKind, tuple[Written, ...]]] = {
    FaultKind.TIMES_OUT: ("no", "yes", "late"),
    FaultKind.NONSENSE: ("no", "yes"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and which calls it is for; raises ValueError for what does not go together.

    `system` and `action` narrow the calls down, None fits all; an action is named as the policy
    names it, also for `compensate`. Of the calls that fit, `call` is the first that goes wrong,
    counted from 1, and `times` how many do; None: all from there on.
    """

    kind: FaultKind
    system: str | None = None
    action: str | None = None
    method: Method = "execute"
    call: int = 1
    times: int | None = 1
    seconds: float = 0.0
    written: Written = "no"
    changes: Mapping[str, Json] | None = None

    def __post_init__(self) -> None:
        with suppress(ValueError):
            object.__setattr__(self, "kind", FaultKind(self.kind))
        problem = self._problem()
        if problem is not None:
            raise ValueError(f"a fault that cannot be: {problem}")

    def _problem(self) -> str | None:
        kind, method = self.kind, self.method
        checks = (
            (
                kind not in tuple(FaultKind),
                f"there is no kind `{kind}`; the kinds are {', '.join(FaultKind)}",
            ),
            (method not in get_args(Method), f"there is no method `{method}`"),
            (kind in _AT_WRITES and method not in WRITES, f"`{kind}` needs a method that writes"),
            (
                self.action is not None and method in _WITHOUT_ACTION,
                f"a call of `{method}` names no action",
            ),
            (not _are_texts(self.system, self.action), "`system` and `action` are texts"),
            (not _is_count(self.call), "`call` is a number from 1"),
            (self.times is not None and not _is_count(self.times), "`times` is a number from 1"),
            (
                not _is_time(self.seconds) or (kind is FaultKind.SLOW) != (self.seconds > 0),
                "`seconds` belongs to `slow`, and is more than 0",
            ),
            (
                self.written not in _MAY_WRITE.get(kind, ("no",)),
                f"`written` cannot be `{self.written}` for `{kind}`",
            ),
            (
                (kind is FaultKind.OVERTAKEN) != _is_filled(self.changes),
                "`changes` belongs to `overtaken`, and maps fields to values",
            ),
            (
                kind is FaultKind.OVERTAKEN and self.system is None,
                "`overtaken` needs the `system` whose fields it changes",
            ),
        )
        return next((text for wrong, text in checks if wrong), None)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Fault:
        """Return the fault of data such as JSON or TOML; raises ValueError.

        `times` may be `"all"` for None, which not every format has.

        >>> Fault.of({"kind": "slow", "seconds": 3, "system": "billing"}).seconds
        3
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(document.keys() - set(known))
        if unknown:
            raise ValueError(f"a fault has no `{unknown[0]}`; it has {', '.join(known)}")
        if "kind" not in document:
            raise ValueError(f"a fault needs its `kind`: one of {', '.join(FaultKind)}")
        given = dict(document)
        if given.get("times") == "all":
            given["times"] = None
        return cls(**given)

    def fits(self, call: Call) -> bool:
        """Tell whether it is for calls such as this, whichever of them is the n-th."""
        return (
            self.method == call.method
            and self.system in (None, call.system)
            and self.action in (None, call.action)
        )

    def strikes(self, count: int) -> bool:
        """Tell whether the call goes wrong that is the `count`-th of those that fit."""
        return count >= self.call and (self.times is None or count < self.call + self.times)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a connector. `action` is None for `read` and `probe`."""

    system: str
    method: Method
    action: str | None


class ConnectionLost(Exception):
    """The connection was cut: whether anything was done, this does not say."""


def read_faults(faults: Sequence[Fault | Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Return faults, each given as one or as data; raises ValueError."""
    return tuple(f if isinstance(f, Fault) else Fault.of(f) for f in faults)


def _are_texts(*values: object) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _is_filled(value: object) -> bool:
    return isinstance(value, Mapping) and bool(cast("Mapping[object, object]", value))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
