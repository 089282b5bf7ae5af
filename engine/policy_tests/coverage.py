"""Outcomes of test runs -> which goals of a policy set they met, by file.

What a goal is, and which there are, `goals` says. Knows no tests: it is told outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.errors import EvaluationError
from gatewright.engine.outcome import ConditionOutcome, Outcome, Seen
from gatewright.engine.policy_tests.goals import KINDS, Goal, Goals, Kind, Parts
from gatewright.engine.scope import PolicyScope
from gatewright.engine.truth import Truth
from gatewright.engine.values import Value


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """What was tried of one file: (tried, all) by kind, and the goals that were not."""

    file: str
    counts: Mapping[Kind, tuple[int, int]]
    missed: tuple[Goal, ...]

    @property
    def tried(self) -> int:
        """How many goals were tried."""
        return sum(tried for tried, _ in self.counts.values())

    @property
    def total(self) -> int:
        """How many goals there are."""
        return sum(total for _, total in self.counts.values())


class Coverage:
    """Collects what the tests of a policy set try: tell it every outcome with `observe`."""

    def __init__(self, policy: CheckedPolicy) -> None:
        self._goals = Goals(policy)
        self._tried: set[Goal] = set()

    def observe(self, outcome: Outcome) -> None:
        """Note what one decision tried, under this policy or under it with other data."""
        looking = _Looking(self._goals, self._tried)
        for rule in outcome.rules:
            for row in rule.rows:
                if row.truth is Truth.TRUE:
                    self._tried.add(self._goals.rows[id(row.row)])
                looking.conditions(row.conditions, rule.scope)
            for exception in rule.exceptions:
                if exception.truth is Truth.TRUE and rule.suspended:
                    self._used(exception.exception)
                looking.conditions(exception.conditions, None)
        for risk in outcome.risks:
            if risk.truth is Truth.TRUE:
                self._used(risk.risk)
            looking.conditions(risk.conditions, risk.scope)
        for permit in outcome.permits:
            if permit.truth is Truth.TRUE:
                self._used(permit.permit)
            looking.conditions(permit.conditions, None)

    def _used(self, declared: object) -> None:
        self._tried.add(self._goals.uses[id(declared)])

    def files(self) -> tuple[FileCoverage, ...]:
        """Return what was tried so far, by file, without imported standard packages."""
        by_file: dict[str, list[Goal]] = {}
        for goal in self._goals.all():
            by_file.setdefault(goal.at.file, []).append(goal)
        return tuple(self._file(name, goals) for name, goals in sorted(by_file.items()))

    def _file(self, name: str, goals: list[Goal]) -> FileCoverage:
        counts: dict[Kind, tuple[int, int]] = {}
        for kind in KINDS:
            same = [goal for goal in goals if goal.kind == kind]
            if same:
                counts[kind] = (sum(goal in self._tried for goal in same), len(same))
        missed = [goal for goal in goals if goal not in self._tried]
        missed.sort(key=lambda goal: (goal.at.line, goal.at.column))
        return FileCoverage(name, counts, tuple(missed))


@dataclass(slots=True)
class _Looking:
    """Looks through the conditions of one outcome; each `let` is evaluated at most once."""

    goals: Goals
    tried: set[Goal]
    _known: set[int] = field(default_factory=set[int])

    def conditions(self, outcomes: Iterable[ConditionOutcome], scope: PolicyScope | None) -> None:
        """Note what the conditions of a row, exception, risk or permit saw.

        `scope` gives the values of `let`s; exceptions and permits have none, and no goals in lets.
        """
        for outcome in outcomes:
            parts = self.goals.parts[id(outcome.condition.expression)]
            self._look(parts, outcome.seen, scope)

    def _look(self, parts: Parts, seen: Seen, scope: PolicyScope | None) -> None:
        for leaf in parts.leaves:
            value = seen.get(id(leaf.node))
            if isinstance(value, bool):
                self.tried.add(leaf.true if value else leaf.false)
        for threshold in parts.thresholds:
            value = seen.get(id(threshold.subject.expression))
            met = None if isinstance(value, EvaluationError) else threshold.met(value)
            if met is not None:
                self.tried.add(met)
        for use in parts.lets:
            named = any(id(node) in seen for node in use.nodes)
            if scope is not None and named and id(use.parts) not in self._known:
                self._known.add(id(use.parts))
                self._look(use.parts, _seen_again(use.value, scope), scope)


def _seen_again(expr: ast.Expr, scope: PolicyScope) -> Seen:
    """Evaluate a `let` once more, for what its parts come to."""
    trace = _Trace({})
    try:
        Evaluator(scope, Budget(), trace).evaluate(expr)
    except EvaluationError:
        return trace.seen  # what was seen before the error counts
    return trace.seen


@dataclass(frozen=True, slots=True)
class _Trace:
    """Keeps the last value of every sub-expression."""

    seen: dict[int, Value | EvaluationError]

    def record(self, node: ast.Expr, outcome: Value | EvaluationError) -> None:
        self.seen[id(node)] = outcome
