"""One decision: the values that conditions see, and what the interpreter makes of them.

An `AskingCase` is there for every decision that asks somebody or is explained; the interpreter, in
`Deciding`, only where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy, Package
from gatewright.dsl.records import replace
from gatewright.engine.action import Action
from gatewright.engine.cel.budget import Allowance, Budget, OutOfSteps
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.untyped import untyped
from gatewright.engine.decision import Answer, Report, answer_of
from gatewright.engine.explaining.asking import ask
from gatewright.engine.explaining.report import Reporter, Subject
from gatewright.engine.history.agreement import AgreementFunction
from gatewright.engine.interpret import Request, UsesOf, interpret
from gatewright.engine.outcome import Outcome
from gatewright.engine.reading.conform import conform
from gatewright.engine.reading.problems import concealed, really_absent
from gatewright.engine.reading.unread import Unread, unread
from gatewright.engine.scope import Changes, PolicyScope, Record, forgetting
from gatewright.engine.truth import Truth
from gatewright.engine.values import Map, Timestamp, Value

if TYPE_CHECKING:
    from gatewright.engine.compile.asking import Question
    from gatewright.engine.evaluate import PolicySet
    from gatewright.engine.history.event import Event
    from gatewright.engine.history.query import HistoryStore
    from gatewright.engine.history.recorded import HistoryFact, RecordedHistory


def _not_counted(_: str) -> int | None:
    """Say that nobody counts uses of exceptions: those with `max_uses` do not apply."""
    return None


def _changes_of(history: HistoryStore | None) -> int | None:
    """Return how often a history has changed; None where it counts nothing, or cannot say."""
    try:
        changes: object = getattr(history, "changes", None)
    except Exception:  # whatever it is, no decision fails by it
        return None
    return changes if isinstance(changes, int) else None


class AskingCase:
    """What one decision is about. Whatever is made from it is made when it is asked for."""

    __slots__ = (
        "_changes", "_deciding", "action", "asked", "history", "now_nanos", "set", "used", "uses",
    )  # fmt: skip

    def __init__(
        self,
        policy_set: PolicySet,
        action: Action,
        now_nanos: int,
        history: HistoryStore | None,
        uses: UsesOf | None,
    ) -> None:
        self.set = policy_set
        self.action = action
        self.now_nanos = now_nanos
        self.history = history
        self.uses = uses
        self.asked: dict[tuple[Question, tuple[Value, ...]], Value | Event] = {}
        self.used: dict[str, int | None] | None = None
        """How often exceptions were used, once one was asked for."""
        self._deciding: Deciding | None = None
        self._changes = _changes_of(history)

    @property
    def deciding(self) -> Deciding:
        """The interpreter, ready for this case. One, so that each question is asked once."""
        if self._deciding is None:
            self._deciding = Deciding(self)
        return self._deciding

    # --- what a decision tells of it

    @property
    def policy_digest(self) -> str:
        """`sha256:...` of the policy set."""
        return self.set.digest

    @property
    def action_digest(self) -> str:
        """`sha256:...` of the action."""
        return self.action.digest

    @property
    def at(self) -> str:
        """The instant of the decision, RFC 3339."""
        return Timestamp(self.now_nanos).text

    def report(self) -> Report:
        """Return everything that explains the decision."""
        if self._deciding is None or not self._deciding.is_decided:
            # Made anew, with all that was answered.
            before = () if self._deciding is None else self._deciding.answers
            has_changed = _changes_of(self.history) != self._changes
            self._deciding = Deciding(self, before, asks=not has_changed)
        return self.deciding.report()

    # --- what compiled conditions ask of it

    def holds(self, expression: ast.Expr, package: str, risk: int | None) -> bool:
        """Evaluate a condition as the interpreter does; raises EvaluationError."""
        return self.deciding.holds(expression, package, risk)

    def ask(self, question: Question, values: tuple[Value, ...]) -> Value | Event:
        """Ask a history, once a decision."""
        # HOT: benchmarks/past.py, as the questions themselves.
        key = (question, values)
        if self.asked and key in self.asked:
            return self.asked[key]
        answer = self.asked[key] = question.ask(self.history, values, self.now_nanos)
        return answer

    def has_uses_left(self, exception: str, max_uses: int) -> bool:
        """Tell whether an exception may be used once more; false where nobody counts."""
        return self.deciding.has_uses_left(exception, max_uses)


class Deciding:
    """One decision: the values that its conditions see, then the interpreter's outcome."""

    def __init__(
        self, case: AskingCase, answers: Iterable[HistoryFact] = (), *, asks: bool = True
    ) -> None:
        """Begin with what is answered already; unless it `asks`, histories have no other answers.

        A history that has changed since the decision is not asked: a question that made no
        difference then is told as one that was not asked.
        """
        self._set = case.set
        self._action = case.action
        self._frame = case.set.frame(case.action.name)
        self._declared = self._frame.actions.get(self._action.name)
        self._conformed = conform(self._action, self._declared)
        self._now = Timestamp(case.now_nanos)
        self._uses_of = case.uses or _not_counted
        # One for the decision and all that explains it: by then exceptions may have been used.
        case.used = {} if case.used is None else case.used
        self._used = case.used
        self._risk: int | None = None
        self._decided: Outcome | None = None
        """What the interpreter answered with; the explanation is of that."""
        known = [question.fact(values, answer) for (question, values), answer in case.asked.items()]
        self._store = case.history
        self._asks = asks
        self._answers = (*answers, *known)
        self._recorded: RecordedHistory | None = None
        known_fields = self._set.secret_fields
        secret = self._set.secrets.fields if known_fields is None else known_fields
        unread, unfit = self._action.problems, self._conformed.problems
        self._problems = (
            *(str(concealed(p, secret, own=True)) for p in unread),
            *(str(concealed(p, secret, own=False)) for p in really_absent(unfit, unread)),
        )
        self._names = self._shared_names()
        self._scopes: dict[str, PolicyScope] = {}
        self._allowance = Allowance()

    @property
    def _whole(self) -> CheckedPolicy:
        """What concerns the action, which conditions alone do without."""
        return self._set.parts.of(self._action.name).policy

    @property
    def is_decided(self) -> bool:
        """Whether the interpreter took the decision, and so asked all that it tells."""
        return self._decided is not None

    @property
    def answers(self) -> tuple[HistoryFact, ...]:
        """What histories answered so far."""
        return self._answers if self._recorded is None else self._recorded.facts

    def _history(self) -> RecordedHistory:
        """Return the history that conditions ask, which remembers what it answers."""
        if self._recorded is None:
            # What asks histories: imported where a policy has one, since many have none.
            from gatewright.engine.history.nothing import NOTHING_HAPPENED
            from gatewright.engine.history.recorded import RecordedHistory

            store = NOTHING_HAPPENED if self._store is None else self._store
            self._recorded = RecordedHistory(store if self._asks else None, self._answers)
        return self._recorded

    def answer(self) -> Answer:
        """Decide by the interpreter, and ask what the texts of the decision will show."""
        outcome = self._decided = self.outcome()
        part = self._set.parts.of(self._action.name)
        if part.asking:
            with forgetting(map(self._scope, self._whole.packages)):
                ask(part.asking, outcome)
        matched = tuple(
            r.rule.qualified for r in outcome.rules if r.truth is Truth.TRUE and not r.rule.shadow
        )
        return answer_of(outcome.effect, outcome.approvals.stages, matched, part.policy)

    def report(self) -> Report:
        """Explain the decision, by what was read when it was taken."""
        outcome = self._decided or self.outcome()
        agent = self._action.agent
        subject = Subject(
            self._action.name,
            agent.id if agent else None,
            self._now,
            self._set.secrets_of(self._action.name),
            self.answers,
        )
        return Reporter(self._whole, subject, outcome).report()

    # --- what compiled conditions ask

    def holds(self, expression: ast.Expr, package: str, risk: int | None) -> bool:
        """Evaluate one condition; `risk` is None while the score is being computed."""
        if risk is not None and self._risk is None:
            self._risk = risk
            for name in self._frame.packages:
                self._scope(name).know_risk(risk)
        return Evaluator(self._scope(package), Budget()).condition(expression)

    def has_uses_left(self, exception: str, max_uses: int) -> bool:
        """Tell whether an exception may be used once more; false where nobody counts."""
        used = self._uses(exception)
        return used is not None and used < max_uses

    def _uses(self, exception: str) -> int | None:
        """Ask how often an exception was used, once a decision."""
        if exception not in self._used:
            used: object = self._uses_of(exception)
            # What is no count of uses counts nothing: the exception does not apply.
            self._used[exception] = used if type(used) is int and used >= 0 else None
        return self._used[exception]

    def outcome(self) -> Outcome:
        """Return what the interpreter makes of the action: each condition's truth."""
        agent = self._action.agent
        request = Request(
            action=self._action.name,
            agent=agent.id if agent else None,
            declared=self._declared,
            problems=self._problems,
            now_nanos=self._now.nanos,
            scope_of=self._scope,
            uses_of=self._uses,
            allowance=self._allowance,
        )
        self._forget()
        try:
            return interpret(self._whole, request)
        except OutOfSteps:
            # What was found out until then would depend on the order of rules.
            self._recorded = None
            self._forget()
            return interpret(self._whole, replace(request, allowance=None))
        finally:
            self._allowance.refill()  # for the texts of the decision

    def _forget(self) -> None:
        """Begin as if nothing were computed yet: a `let` may have seen the score, or its lack."""
        self._allowance.refill()
        self._names.pop("risk", None)
        self._scopes.clear()
        self._risk = None

    # --- what conditions see

    def _scope(self, package: str) -> PolicyScope:
        if package not in self._scopes:
            found = self._frame.packages[package]
            scope = PolicyScope(found, self._names, imported=self._scope, allowance=self._allowance)
            scope.own.update(self._own(found, scope))
            self._scopes[package] = scope
        return self._scopes[package]

    def _own(self, package: Package, scope: PolicyScope) -> dict[str, Value]:
        own: dict[str, Value] = {
            "agreement": AgreementFunction(package.name, self._history, self._now)
        }
        if package.histories:
            # As in `_history`.
            from gatewright.engine.history.host import HistoryValue

            store = self._history()
            for name, history in package.histories.items():
                own[name] = HistoryValue(history, store, self._now, outer=scope.uncounted)
        if package.calendars:
            # As in `_history`.
            from gatewright.engine.workdays import CalendarValue

            for name, calendar in package.calendars.items():
                own[name] = CalendarValue(calendar, self._holidays(scope))
        return own

    @staticmethod
    def _holidays(scope: PolicyScope) -> Callable[[ast.Expr], Value]:
        return lambda expr: Evaluator(scope.uncounted).evaluate(expr)

    def evaluator(self, package: str, names: Mapping[str, Value]) -> Callable[[ast.Expr], Value]:
        """Return what evaluates expressions in a package's scope with more names."""
        self._names.update(names)
        return self._evaluator(package)

    def _evaluator(self, package: str) -> Callable[[ast.Expr], Value]:
        return lambda expr: Evaluator(self._scope(package), Budget()).evaluate(expr)

    def _shared_names(self) -> dict[str, Value]:
        action, conformed = self._action, self._conformed
        agent, context, target = action.agent, action.context, conformed.target
        who: dict[str, Value] = {}
        if agent is not None:
            who = {
                **_fields(agent.attributes, untyped),
                **_known({"id": agent.id, "owner": agent.owner}),
            }
        what = {"system": target.system, "object": target.object, "id": target.id}
        why = {
            "trigger": context.trigger,
            "reasoning": context.reasoning,
            "confidence": context.confidence,
        }
        changes, why_unread = self._unread("changes"), self._unread("context")
        reasons = {**_known(why), "evidence": untyped(context.evidence)}
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


def _fields(values: Map, read: Callable[[Value], Value] = lambda value: value) -> dict[str, Value]:
    """Return a map with string keys as fields."""
    return {name: read(value) for name, value in values.items() if isinstance(name, str)}


def _known(fields: Mapping[str, Value | None]) -> dict[str, Value]:
    """Return the fields that are there; an envelope's null means absent."""
    return {name: value for name, value in fields.items() if value is not None}
