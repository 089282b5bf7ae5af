"""What the interpreter makes of an action: the truth of each condition, rule, risk and permit.

Explanations, coverage of tests and the question which conditions are portable are made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from gatewright.dsl.policy import (
    AUTO_RUN,
    Condition,
    Effect,
    Floor,
    Permit,
    PolicyException,
    Risk,
    Row,
    Rule,
)
from gatewright.dsl.records import dataclass, field
from gatewright.engine.approvals import Approvals
from gatewright.engine.errors import EvaluationError
from gatewright.engine.scope import PolicyScope
from gatewright.engine.truth import Truth, any_of
from gatewright.engine.values import Value

Seen = Mapping[int, Value | EvaluationError]
"""What the parts of a condition came to, by the identity of their nodes."""


@dataclass(frozen=True, slots=True)
class ConditionOutcome:
    """One condition of a row: what it came to, with its sign, and what was seen on the way."""

    condition: Condition
    truth: Truth
    error: EvaluationError | None
    seen: Seen


@dataclass(frozen=True, slots=True)
class ExceptionOutcome:
    """An exception that could suspend a rule: F outside its time or past its uses."""

    exception: PolicyException
    truth: Truth
    why_not: str | None
    conditions: tuple[ConditionOutcome, ...]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """A row: `bare` without exceptions, `truth` with them."""

    row: Row
    bare: Truth
    truth: Truth
    conditions: tuple[ConditionOutcome, ...]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule or guard that covers the action."""

    rule: Rule
    rows: tuple[RowOutcome, ...]
    exceptions: tuple[ExceptionOutcome, ...]
    scope: PolicyScope = field(repr=False, compare=False)

    @property
    def truth(self) -> Truth:
        """Whether the rule matched (T), or erred without matching (E)."""
        return any_of(row.truth for row in self.rows)

    @property
    def suspended(self) -> bool:
        """Whether an exception took the rule away, which would else have matched or erred."""
        return self.truth is Truth.FALSE and any(r.bare is not Truth.FALSE for r in self.rows)

    @property
    def effect(self) -> Effect:
        """Every effect whose row is T or E, at once."""
        return conjunction(r.row.effect for r in self.rows if r.truth is not Truth.FALSE)


@dataclass(frozen=True, slots=True)
class RiskOutcome:
    """A part of the risk score; an error counts in full."""

    risk: Risk
    truth: Truth
    conditions: tuple[ConditionOutcome, ...]
    scope: PolicyScope = field(repr=False, compare=False)

    @property
    def score(self) -> int:
        """What it adds."""
        return 0 if self.truth is Truth.FALSE else self.risk.score


@dataclass(frozen=True, slots=True)
class PermitOutcome:
    """A permit that covers the action, asked for this agent."""

    permit: Permit
    truth: Truth
    conditions: tuple[ConditionOutcome, ...]


Reason = Literal["permit", "rules", "default"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision with everything that led to it."""

    effect: Effect
    approvals: Approvals
    reason: Reason
    """What decided first: a missing permit, the rules, or the default as no rule opened."""
    erred: bool
    """Whether a condition erred or the action does not fit, so that the on_error floor counts."""
    problems: tuple[str, ...]
    """Why the action does not fit its declared type."""
    rules: tuple[RuleOutcome, ...]
    risks: tuple[RiskOutcome, ...]
    risk: int
    permits: tuple[PermitOutcome, ...]
    defaults: tuple[Floor, ...]
    on_errors: tuple[Floor, ...]


def conjunction(effects: Iterable[Effect]) -> Effect:
    """Return all effects at once; auto_run for none."""
    result = AUTO_RUN
    for effect in effects:
        result = result & effect
    return result
