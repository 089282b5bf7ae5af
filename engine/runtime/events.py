"""What may happen to a run: the second argument of `transition`."""

from __future__ import annotations

from typing import Literal, TypeAlias

from gatewright.dsl.records import dataclass
from gatewright.engine.runtime.run import Document, Round, TimerKind


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan was previewed and decided: at first, after an edit, a retry, or a stale preview."""

    effect: Literal["auto_run", "require_approval", "block"]
    round: Round
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Approve:
    """A person agrees with exactly one card."""

    by: str
    card: str
    route: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A person who may approve says no."""

    by: str
    note: str


@dataclass(frozen=True, slots=True)
class RequestChanges:
    """A person who may approve asks for another plan."""

    by: str
    note: str


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A person goes on by hand."""

    by: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """A person writes down what was done by hand, or what they found out about an attempt."""

    by: str
    executed: bool
    record: Document
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The run is given up before anything was done."""

    by: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """A comment."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """An instant was reached that the run waited for."""

    kind: TimerKind
    route: str


@dataclass(frozen=True, slots=True)
class WentStale:
    """Right before the write something was not as approved any more."""

    why: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A worker took the run."""

    worker: str


@dataclass(frozen=True, slots=True)
class Started:
    """The attempt begins: kept before the connector is called."""

    worker: str
    key: str
    expected_version: str | None


@dataclass(frozen=True, slots=True)
class Applied:
    """The connector answered that it was done."""

    receipt: Document


@dataclass(frozen=True, slots=True)
class NotApplied:
    """It is certain that nothing was done. `conflict`: since the record moved."""

    message: str
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether it was done."""

    message: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The record was read again after the write."""

    as_planned: bool
    message: str | None = None


@dataclass(frozen=True, slots=True)
class CompensationBegan:
    """The run that takes this one back is being executed."""

    run: str


@dataclass(frozen=True, slots=True)
class CompensationEnded:
    """The run that takes this one back came to an end."""

    run: str
    succeeded: bool
    message: str | None = None


Event: TypeAlias = (
    Decided | Approve | Reject | RequestChanges | TakeOver | Complete | Cancel | Say | TimerFired
    | WentStale | Claimed | Started | Applied | NotApplied | Unknown | Verified
    | CompensationBegan | CompensationEnded
)  # fmt: skip
