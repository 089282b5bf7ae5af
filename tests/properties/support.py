"""What the properties share: how many examples, deciding, judging, and comparing decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from hypothesis import HealthCheck, settings

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.action import Action
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.untyped import untyped
from gatewright.engine.decision import Decision, Effect
from gatewright.engine.errors import ErrorCode, EvaluationError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.agreement import AgreementFunction
from gatewright.engine.history.host import HistoryValue
from gatewright.engine.reading.conform import conform
from gatewright.engine.reading.unread import unread
from gatewright.engine.scope import Changes, PolicyScope, Record, data_value
from gatewright.engine.values import Value
from gatewright.engine.workdays import CalendarValue
from tests.properties import oracle
from tests.properties.oracle import Verdict
from tests.strategies.policies import GeneratedSet, load


def examples(share: float) -> settings:
    """So large a share of the profile's examples: a policy set costs more than other examples."""
    count = max(10, round(settings().max_examples * share))
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=count, suppress_health_check=checks)


def loaded(made: GeneratedSet) -> PolicySet:
    return load(made.files, made.data)


def decide(policy: PolicySet, made: GeneratedSet, action: Mapping[str, object]) -> Decision:
    return policy.evaluate(action, made.history, now=made.now, uses=made.uses_of)


# --- a second way to see what conditions see


@dataclass
class Facts:
    """One action under one policy: judges conditions, and keeps the errors met."""

    policy: CheckedPolicy
    made: GeneratedSet
    given: Mapping[str, object]
    errors: dict[ErrorCode, str] = field(default_factory=dict[ErrorCode, str])

    def __post_init__(self) -> None:
        self.action, problems = Action.read(self.given)
        declared = self.policy.actions.get(self.action.name)
        self.typed = conform(self.action, declared)
        self.fits = not problems and self.typed.fits

    def judge(self, package: str, expr: ast.Expr, score: int) -> Verdict:
        try:
            holds = Evaluator(self.scope(package, score), Budget()).condition(expr)
        except EvaluationError as error:
            self.errors.setdefault(error.code, f"{expr.span.text}: {error.message}")
            return "E"
        return "T" if holds else "F"

    def scope(self, package: str, score: int) -> PolicyScope:
        found = self.policy.packages[package]
        names = {**self._names(), "risk": score}
        scope = PolicyScope(found, names, imported=lambda other: self.scope(other, score))
        now, history = self.made.now, self.made.history
        for name, declared in found.histories.items():
            scope.own[name] = HistoryValue(declared, history, now, outer=scope)
        for name, calendar in found.calendars.items():
            scope.own[name] = CalendarValue(calendar, Evaluator(scope).evaluate)
        scope.own["agreement"] = AgreementFunction(package, lambda: history, now)
        return scope

    def _names(self) -> dict[str, Value]:
        agent, context, target = self.action.agent, self.action.context, self.typed.target
        who: dict[str, Value | None] = {}
        if agent is not None:
            who = {str(k): untyped(v) for k, v in agent.attributes.items()}
            who |= {"id": agent.id, "owner": agent.owner}
        place: dict[str, Value | None] = {str(k): v for k, v in target.attributes.items()}
        place |= {"system": target.system, "object": target.object, "id": target.id}
        why: dict[str, Value | None] = {
            "trigger": context.trigger,
            "reasoning": context.reasoning,
            "confidence": context.confidence,
            "evidence": untyped(context.evidence),
        }
        params: dict[str, Value] = {str(k): v for k, v in self.typed.params.items()}
        # What was given but could not be read is not absent.
        lost = {part: unread(part, self.action, self.typed)
                for part in ("params", "changes", "agent", "target", "context")}  # fmt: skip
        changed = frozenset(self.action.changes)
        return {
            "action": Record("action", {**params, "name": self.action.name}, lost["params"]),
            "changes": Changes(self.typed.changes, changed, lost["changes"]),
            "agent": Record("agent", _there(who), lost["agent"]),
            "target": Record("target", _there(place), lost["target"]),
            "context": Record("context", _there(why), lost["context"]),
            "now": self.made.now,
            "data": data_value(self.policy.data),
        }

    def answer(self) -> oracle.Answer:
        """Decide by the second interpreter."""
        agent = self.action.agent
        proposal = oracle.Proposal(
            self.action.name,
            agent.id if agent else None,
            self.fits,
            self.made.now.nanos,
            self.made.uses_of,
        )
        return oracle.decide(self.policy, proposal, self.judge)


def _there(fields: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if value is not None}


# --- decisions as approval formulas


def short_names(policy: CheckedPolicy) -> dict[str, str]:
    """Route by the name that decisions show."""
    return {policy.route_name(route): route for route in policy.routes}


def satisfied(policy: CheckedPolicy, decision: Decision, approving: frozenset[str]) -> bool:
    """Whether these routes' approvals let the action run. Source: docs/language.md#how-a-decision-is-made."""
    if decision.effect is Effect.BLOCK:
        return False
    named = short_names(policy)
    needed = {named[route] for route in decision.routes}

    def serves(approval: str, route: str) -> bool:
        # Where both are asked, one after the other, neither answer serves for the other.
        outranks = route in policy.routes[approval].outranks and approval not in needed
        return approval == route or outranks

    return all(any(serves(approval, route) for approval in approving) for route in needed)


def at_least_as_strict(policy: CheckedPolicy, strict: Decision, loose: Decision) -> bool:
    """Whether whatever satisfies the first decision satisfies the second, over all routes."""
    return all(
        satisfied(policy, loose, approving)
        for approving in _subsets(policy.routes)
        if satisfied(policy, strict, approving)
    )


def _subsets(names: Mapping[str, object]) -> Iterator[frozenset[str]]:
    for size in range(len(names) + 1):
        yield from map(frozenset, combinations(names, size))
