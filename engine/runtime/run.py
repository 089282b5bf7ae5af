"""One proposal from beginning to end: what was proposed, shown, decided, answered and done.

A `Run` is an immutable value; `transition` makes the next one. What is kept here may be shown to
anybody who may see the run: secret values are masked, the exact plan is a payload of the store,
known here by its commitment. Instants are nanoseconds since 1970 UTC.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, TypeAlias

from gatewright.dsl.records import dataclass
from gatewright.engine.history.event import Status


class State(StrEnum):
    """Where a run stands."""

    AUTO = "auto"
    BLOCKED = "blocked"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    TAKEN_OVER = "taken_over"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    STALE = "stale"
    EXECUTING = "executing"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    OUTCOME_UNKNOWN = "outcome_unknown"
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    COMPENSATION_FAILED = "compensation_failed"

    @property
    def status(self) -> Status:
        """How rules see a run in this state. Source: docs/language.md#history."""
        return _STATUS.get(self, "pending")


TERMINAL = frozenset({
    State.BLOCKED, State.REJECTED, State.EXPIRED, State.CANCELLED, State.DONE, State.FAILED,
    State.COMPENSATED, State.COMPENSATION_FAILED,
})  # fmt: skip
"""Nothing happens any more, unless a person asks for it."""

BEGUN = frozenset({State.EXECUTING, State.VERIFYING, State.OUTCOME_UNKNOWN})
"""It may have been written, and rules still see it as pending."""

WORK = frozenset({State.AUTO, State.APPROVED, State.STALE, State.EXECUTING, State.VERIFYING})
"""A worker has something to do."""

_STATUS: dict[State, Status] = {
    State.BLOCKED: "blocked",
    State.REJECTED: "rejected",
    State.EXPIRED: "rejected",
    State.CANCELLED: "rejected",
    State.DONE: "executed",
    State.COMPENSATING: "executed",
    State.COMPENSATION_FAILED: "executed",
    State.COMPENSATED: "compensated",
    State.FAILED: "failed",
}

Document: TypeAlias = dict[str, Any]
"""JSON that is kept and shown as it is."""

TimerKind: TypeAlias = Literal["remind", "late", "timeout"]

Quorum: TypeAlias = Literal["one", "all"] | int


@dataclass(frozen=True, slots=True)
class Vote:
    """An approval. It fills a place of one route and binds one card."""

    person: str
    route: str
    card: str
    at: int
    note: str | None = None
    on_behalf_of: str | None = None
    """Whose place a stand-in fills."""
    escalated_from: str | None = None
    """Which route was asked at first, as in the `Ask` that it answers."""

    @property
    def holder(self) -> str:
        """Whose place it is."""
        return self.on_behalf_of or self.person


@dataclass(frozen=True, slots=True)
class Ask:
    """A route that is asked, with its timers; those that fired are None."""

    route: str
    name: str
    """As people see it."""
    quorum: Quorum
    asked_at: int
    remind_at: int | None = None
    late_at: int | None = None
    timeout_at: int | None = None
    then: Literal["reject", "approve", "escalate"] | None = None
    escalates_to: str | None = None
    escalated_from: str | None = None
    is_late: bool = False
    approved_by_timeout: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One plan with its preview and decision, and the answers to it. An edit begins a new one."""

    number: int
    opened_at: int
    editor: str | None
    """Who changed the plan; None for the first, unless it is another than that of a run before."""
    plan: str
    """The commitment of the exact action that will be executed."""
    action: Document
    """The action as people see it."""
    preview: Document
    decision: Document
    policy: str
    """The digest of the policy set that decided."""
    stages: tuple[tuple[str, ...], ...]
    card: str
    """The digest that an approval binds."""
    stage: int = 0
    asks: tuple[Ask, ...] = ()
    """Of the stages that were opened."""
    votes: tuple[Vote, ...] = ()
    approved_at: int | None = None
    expires_at: int | None = None
    """Until when an approval may be used."""
    logged: str = ""
    """The digest of the decision as the decision log has it."""
    uses: tuple[str, ...] = ()
    """The exceptions of limited uses that it spends one of."""
    fence: int = 0
    """How many claims of the run there were before it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to carry out the plan. Its key was kept before the call."""

    key: str
    round: int
    worker: str
    started_at: int
    expected_version: str | None
    receipt: Document | None = None
    ended_at: int | None = None
    outcome: Literal["applied", "not_applied", "unknown"] | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody said or did that changes no state by itself."""

    by: str
    at: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """A proposal and everything that became of it."""

    id: str
    version: int
    state: State
    proposed_at: int
    updated_at: int
    requester: str | None
    """Who brought the proposal: the agent's id unless the host says otherwise."""
    agent: str | None
    owner: str | None
    action: str
    system: str
    proposal: str
    """The digest of the action as it was proposed."""
    rounds: tuple[Round, ...]
    attempts: tuple[Attempt, ...] = ()
    remarks: tuple[Remark, ...] = ()
    parent: str | None = None
    relation: Literal["branch", "compensation"] | None = None
    """What the run is to its parent."""
    undo: Document | None = None
    """The receipt of what a compensation takes back."""
    compensation: str | None = None
    """The run that takes this one back."""
    idempotency_key: str | None = None
    taken_by: str | None = None
    closed_by: str | None = None
    """Who rejected, cancelled or completed it."""
    note: str | None = None
    """Why it stands where it stands, in words."""
    record: Document | None = None
    """What a person wrote down who did it by hand."""
    fence: int = 0
    """Counts the claims: a worker whose claim is not the latest changes nothing."""
    erased_at: int | None = None
    """Since when nothing is known any more of what it was about."""
    salt: str = ""
    """Keeps others from guessing what the run holds from the digest that the trail has of it."""

    @property
    def round(self) -> Round:
        """The round that counts."""
        return self.rounds[-1]

    @property
    def attempt(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def card(self) -> str:
        """The digest of the card that an approval has to name."""
        return self.round.card

    @property
    def is_final(self) -> bool:
        """Whether nothing happens any more by itself."""
        return self.state in TERMINAL
