"""A policy set in memory, and `evaluate`: an action in, a decision out.

A `PolicySet` is immutable and may be shared by threads. `evaluate` never raises for a bad action:
what is wrong with it restricts the decision.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy, Package
from gatewright.dsl.policy import Effect as PolicyEffect
from gatewright.engine.action import Action
from gatewright.engine.asking import Asking, ask, asking
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.conform import conform
from gatewright.engine.decision import Decision, Effect
from gatewright.engine.history.agreement import AgreementFunction
from gatewright.engine.history.host import HistoryValue
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import HistoryStore
from gatewright.engine.history.recorded import RecordedHistory
from gatewright.engine.interpret import Outcome, Request, UsesOf, interpret
from gatewright.engine.problems import concealed
from gatewright.engine.report import Reporter, Subject
from gatewright.engine.scope import Changes, PolicyScope, Record, data_value
from gatewright.engine.secrecy import Secrets
from gatewright.engine.truth import Truth
from gatewright.engine.unread import Unread, unread
from gatewright.engine.values import Map, Timestamp, Value
from gatewright.engine.workdays import CalendarValue


def _not_counted(_: str) -> int | None:
    """Say that nobody counts uses of exceptions: those with `max_uses` do not apply."""
    return None


@dataclass(frozen=True)
class PolicySet:
    """A checked policy set, ready to decide. Make one with `gatewright.load`."""

    policy: CheckedPolicy

    @cached_property
    def data(self) -> Value:
        """The data documents, as conditions see them."""
        return data_value(self.policy.data)

    @property
    def digest(self) -> str:
        """`sha256:...` over the sources and the data."""
        return self.policy.digest

    @cached_property
    def secrets(self) -> Secrets:
        """What is masked wherever values are shown, about an action that nothing declares."""
        return Secrets.of(self.policy)

    @cached_property
    def _secrets_of(self) -> dict[str, Secrets]:
        return {}

    def secrets_of(self, action: str) -> Secrets:
        """Return what is masked in decisions about the action of that name."""
        declared = self.policy.actions.get(action)
        if declared is None:
            return self.secrets
        if action not in self._secrets_of:
            self._secrets_of[action] = Secrets.of(self.policy, declared)
        return self._secrets_of[action]

    @cached_property
    def asking(self) -> Asking:
        """The texts that ask a history, whose answers are taken with the decision."""
        return asking(self.policy)

    def evaluate(
        self,
        action: Action | Mapping[str, object],
        history: HistoryStore | None = None,
        *,
        now: Timestamp | None = None,
        uses: Callable[[str], int | None] | None = None,
    ) -> Decision:
        """Decide about an action, a dict in the JSON shape or a `gw.Action`. Never raises for it.

        `history` holds the past actions (none: nothing ever happened); `now` is the instant of the
        decision, else the action's own `at`, else the clock; `uses` tells how often an exception
        with `max_uses` was used, by its qualified name (none: such exceptions do not apply).
        """
        return _Deciding(self, action, history, now, uses or _not_counted).decision()

    def outcome(
        self,
        action: Action | Mapping[str, object],
        history: HistoryStore | None = None,
        *,
        now: Timestamp | None = None,
        uses: Callable[[str], int | None] | None = None,
    ) -> Outcome:
        """Return what the reference interpreter makes of an action: each condition's truth.

        Arguments as for `evaluate`. For tools that look into a decision, such as coverage.
        """
        return _Deciding(self, action, history, now, uses or _not_counted).outcome()


class _Deciding:
    """One decision: the values that its conditions see, then the interpreter's outcome."""

    def __init__(
        self,
        policy_set: PolicySet,
        given: Action | Mapping[str, object],
        history: HistoryStore | None,
        now: Timestamp | None,
        uses: UsesOf,
    ) -> None:
        self._set = policy_set
        self._policy = policy_set.policy
        self._action, problems = Action.read(given)
        self._declared = self._policy.actions.get(self._action.name)
        self._conformed = conform(self._action, self._declared)
        self._now = now or self._action.at or Timestamp(time.time_ns())
        self._history = RecordedHistory(history if history is not None else History())
        self._uses = uses
        secret = policy_set.secrets.fields
        self._problems = (
            *(str(concealed(p, secret, own=True)) for p in problems),
            *(str(concealed(p, secret, own=False)) for p in self._conformed.problems),
        )
        self._names = self._shared_names()
        self._scopes: dict[str, PolicyScope] = {}

    def decision(self) -> Decision:
        outcome = self.outcome()
        ask(self._set.asking, outcome)
        name = self._policy.route_name
        stages = tuple(tuple(name(r) for r in stage) for stage in outcome.approvals.stages)
        agent = self._action.agent
        subject = Subject(
            self._action.name,
            agent.id if agent else None,
            self._now,
            self._set.secrets_of(self._action.name),
            self._history.facts,
        )
        return Decision(
            effect=_effect(outcome.effect),
            routes=tuple(route for stage in stages for route in stage),
            stages=stages,
            matched=tuple(
                r.rule.qualified
                for r in outcome.rules
                if r.truth is Truth.TRUE and not r.rule.shadow
            ),
            policy_digest=self._policy.digest,
            at=self._now.text,
            mode="enforce",
            _derive=lambda: Reporter(self._policy, subject, outcome).report(),
            _digest=lambda: self._action.digest,
        )

    def outcome(self) -> Outcome:
        agent = self._action.agent
        request = Request(
            action=self._action.name,
            agent=agent.id if agent else None,
            declared=self._declared,
            problems=self._problems,
            now_nanos=self._now.nanos,
            scope_of=self._scope,
            uses_of=self._uses,
        )
        return interpret(self._policy, request)

    # --- what conditions see

    def _scope(self, package: str) -> PolicyScope:
        if package not in self._scopes:
            found = self._policy.packages[package]
            scope = PolicyScope(found, self._names, imported=self._scope)
            scope.own.update(self._own(found, scope))
            self._scopes[package] = scope
        return self._scopes[package]

    def _own(self, package: Package, scope: PolicyScope) -> dict[str, Value]:
        own: dict[str, Value] = {
            name: HistoryValue(history, self._history, self._now, outer=scope)
            for name, history in package.histories.items()
        }
        own["agreement"] = AgreementFunction(package.name, self._history, self._now)
        for name, calendar in package.calendars.items():
            own[name] = CalendarValue(calendar, self._evaluator(package.name))
        return own

    def _evaluator(self, package: str) -> Callable[[ast.Expr], Value]:
        return lambda expr: Evaluator(self._scope(package), Budget()).evaluate(expr)

    def _shared_names(self) -> dict[str, Value]:
        action, conformed = self._action, self._conformed
        agent, context, target = action.agent, action.context, conformed.target
        who: dict[str, Value] = {}
        if agent is not None:
            who = {**_fields(agent.attributes), **_known({"id": agent.id, "owner": agent.owner})}
        what = {"system": target.system, "object": target.object, "id": target.id}
        why = {
            "trigger": context.trigger,
            "reasoning": context.reasoning,
            "confidence": context.confidence,
        }
        changes, why_unread = self._unread("changes"), self._unread("context")
        reasons = {**_known(why), "evidence": context.evidence}
        read = {name: value for name, value in reasons.items() if not why_unread.covers(name)}
        return {
            "action": self._record("action", {**_fields(conformed.params), "name": action.name}),
            "changes": Changes(conformed.changes, frozenset(action.changes), changes),
            "target": self._record("target", {**_fields(target.attributes), **_known(what)}),
            "agent": self._record("agent", who),
            "context": Record("context", read, why_unread),
            "now": self._now,
            "data": self._set.data,
        }

    def _record(self, name: str, fields: Mapping[str, Value]) -> Record:
        return Record(name, fields, self._unread("params" if name == "action" else name))

    def _unread(self, part: str) -> Unread:
        return unread(part, self._action, self._conformed)


def _fields(values: Map) -> dict[str, Value]:
    """Return a map with string keys as fields."""
    return {name: value for name, value in values.items() if isinstance(name, str)}


def _known(fields: Mapping[str, Value | None]) -> dict[str, Value]:
    """Return the fields that are there; an envelope's null means absent."""
    return {name: value for name, value in fields.items() if value is not None}


def _effect(effect: PolicyEffect) -> Effect:
    if effect.block:
        return Effect.BLOCK
    return Effect.REQUIRE_APPROVAL if effect.routes else Effect.AUTO_RUN


def evaluate(
    policy: PolicySet,
    action: Action | Mapping[str, object],
    history: HistoryStore | None = None,
    *,
    now: Timestamp | None = None,
) -> Decision:
    """Decide about an action; the same as `policy.evaluate`."""
    return policy.evaluate(action, history, now=now)
