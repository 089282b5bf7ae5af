"""A policy set in memory, and `evaluate`: an action in, a decision out.

A `PolicySet` is immutable and may be shared by threads. `evaluate` never raises for a bad action:
what is wrong with it restricts the decision.

The interpreter takes the first decision about an action. Only when an action comes again it is
compiled, so that who decides once pays neither for compiling it nor for importing the compiler.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy, Package
from gatewright.dsl.records import dataclass, field
from gatewright.engine.action import Action
from gatewright.engine.answers import answer_of
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.decision import Answer, Decision, Report
from gatewright.engine.explaining.asking import ask
from gatewright.engine.explaining.report import Reporter, Subject
from gatewright.engine.history.agreement import AgreementFunction
from gatewright.engine.interpret import Outcome, Request, UsesOf, interpret
from gatewright.engine.narrow import Narrowing
from gatewright.engine.parts import Parts
from gatewright.engine.reading.conform import conform
from gatewright.engine.reading.problems import concealed
from gatewright.engine.reading.quick import quick_action
from gatewright.engine.reading.unread import Unread, unread
from gatewright.engine.reading.untyped import untyped
from gatewright.engine.scope import Changes, PolicyScope, Record, data_value
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.truth import Truth
from gatewright.engine.values import Map, Timestamp, Value

if TYPE_CHECKING:
    from gatewright.engine.compile.asking import Question
    from gatewright.engine.compile.forest import Unit
    from gatewright.engine.compile.program import Program
    from gatewright.engine.compile.units import Units
    from gatewright.engine.history.query import HistoryStore
    from gatewright.engine.history.record import Event
    from gatewright.engine.history.recorded import HistoryFact, RecordedHistory
    from gatewright.engine.shape import Shape

COMPILED_FROM = 2
"""Which decision about an action is the first to be compiled; those before are interpreted."""


def _not_counted(_: str) -> int | None:
    """Say that nobody counts uses of exceptions: those with `max_uses` do not apply."""
    return None


@dataclass(frozen=True)
class PolicySet:
    """A checked policy set, ready to decide. Make one with `gatewright.load`."""

    policy: CheckedPolicy
    _units: dict[str, Unit] = field(
        default_factory=dict[str, "Unit"], init=False, repr=False, compare=False
    )
    """The units compiled so far, as `units` has them. HOT: a plain attribute is found at once."""
    _programs: dict[Shape | None, dict[str, Program]] = field(
        default_factory=dict[Any, Any], init=False, repr=False, compare=False
    )
    """What decides about actions, by their shapes and names."""

    @cached_property
    def data(self) -> Value:
        """The data documents, as conditions see them."""
        return data_value(self.policy.data)

    @property
    def digest(self) -> str:
        """`sha256:...` over the sources and the data."""
        return self.policy.digest

    @property
    def secret_fields(self) -> frozenset[str] | None:
        """The names of all `@secret` fields, where they are known without looking for them."""
        return None

    @cached_property
    def secrets(self) -> Secrets:
        """What is masked in decisions about actions that nothing declares."""
        return Secrets.of(self.about(""), None, self.secret_fields)

    @cached_property
    def parts(self) -> Parts:
        """What concerns each action."""
        return Parts(self.about)

    @cached_property
    def units(self) -> Units:
        """The compiled parts of the set, by action."""
        # The compiler: imported where an action comes again, which most commands do without.
        from gatewright.engine.compile.units import Units

        return Units(self.parts, self.data, self._units)

    @cached_property
    def _came(self) -> Counter[str]:
        """How often actions came that are not compiled yet; undeclared ones are not counted."""
        return Counter()

    def _unit(self, action: str) -> Unit | None:
        """Return the unit of an action where it comes often enough to be compiled."""
        carried = self.carried(action)
        if carried is not None:
            return self._units.setdefault(action, carried)
        if self.parts.of(action).policy.actions.get(action) is None:
            return None
        self._came[action] += 1
        return self.units.of(action) if self._came[action] >= COMPILED_FROM else None

    def carried(self, action: str) -> Unit | None:
        """Return what was compiled of an action before the set was loaded; None where nothing was.

        HOT: an action with many rules is decided by it without reading them.
        """
        return None

    def frame(self, action: str) -> CheckedPolicy:
        """Return what all decisions about an action have in common: packages, actions, routes."""
        return self.policy

    def about(self, action: str) -> CheckedPolicy:
        """Return the part of the set that concerns an action, declared or not."""
        return self._narrowing.of(action)

    @cached_property
    def _narrowing(self) -> Narrowing:
        return Narrowing(self.policy)

    @cached_property
    def _secrets_of(self) -> dict[str, Secrets]:
        return {}

    def secrets_of(self, action: str) -> Secrets:
        """Return what is masked in decisions about the action of that name."""
        policy = self.parts.of(action).policy
        declared = policy.actions.get(action)
        if declared is None:
            return self.secrets
        if action not in self._secrets_of:
            self._secrets_of[action] = Secrets.of(policy, declared, self.secrets.fields)
        return self._secrets_of[action]

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
        # HOT: the refund policy of benchmarks/. Whatever is wrong, `_decide` deals with it.
        given: Any = action
        try:
            kind: object = type(action)
            if kind is Action:
                program = self._programs[given.shape][given.name]
                decision = program[0](self, action, history, now, uses, program)
            elif kind is dict and type(name := given["action"]) is str:
                decision = self._units[name].of_dict(self, action, history, now, uses)
            else:
                decision = None
            if decision is not None:
                return decision  # type: ignore[no-any-return]
        except Exception:  # noqa: S110  # whatever it is, it decides nothing
            pass
        return self._decide(action, history, now, uses)

    def _decide(
        self,
        given: Action | Mapping[str, object],
        history: HistoryStore | None,
        now: Timestamp | None,
        uses: UsesOf | None,
    ) -> Decision:
        """Decide about any action: by its unit where it is usual, else by the interpreter."""
        try:
            action = quick_action(given) or Action.read(given)[0]
        except Exception:  # another thread changes the dict
            action, _ = Action.read(given)
        unit = self._units.get(action.name) or self._unit(action.name)
        at = action.at if now is None else now
        nanos = time.time_ns() if at is None else at.nanos
        case = _Case(self, action, nanos, history, uses)
        found = None if unit is None or action.problems else self._compiled(unit, case)
        return Decision.of(case.deciding.answer(), case) if found is None else found

    def _compiled(self, unit: Unit, case: _Case) -> Decision | None:
        """Decide by a unit; None where it leaves that to the interpreter."""
        action = case.action
        about = self, action, case.history, Timestamp(case.now_nanos), case.uses
        try:
            program = self._program(unit, action)
            if program:
                return program[0](*about, program)  # type: ignore[no-any-return]
            if unit.answer is None:
                return unit.of_action(*about)
            answer = unit.answer(action, case.now_nanos, case)
        except Exception:  # whatever it is, it decides nothing: the interpreter does
            return None
        return Decision.of(answer, case) if answer is not None and unit.told(answer) else None

    def _program(self, unit: Unit, action: Action) -> Program | None:
        """Return what decides about actions of the name and shape of one, made if need be."""
        if action.shape is None:
            return None
        known = self._programs.setdefault(action.shape, {})
        if action.name not in known:
            made = unit.program(action.shape)
            if made is not None:
                known[action.name] = made
        return known.get(action.name)

    def decide_once(
        self,
        action: Action | Mapping[str, object],
        history: HistoryStore | None = None,
        *,
        now: Timestamp | None = None,
    ) -> Decision:
        """Decide as `evaluate` does, by the interpreter alone.

        Cheaper where few decisions follow, since nothing is compiled for them.
        """
        read, _ = Action.read(action)
        at = now or read.at
        case = _Case(self, read, time.time_ns() if at is None else at.nanos, history, None)
        return Decision.of(case.deciding.answer(), case)

    def case(self, given: Any, instant: Any, history: Any, uses: Any) -> _Case:
        """Return the case of a decision that compiled code takes or took.

        `given` is the action, or a `Layout` and the values of a dict in a tuple; `instant` is in
        nanoseconds, a `Timestamp`, or None for the action's own.
        """
        action: Action = given if type(given) is Action else given[0].action(given[1:])
        at: Any = action.at if instant is None else instant
        return _Case(self, action, at.nanos if type(at) is Timestamp else at, history, uses)

    def expressions(
        self, action: Action, package: str, *, now: Timestamp, names: Mapping[str, Value]
    ) -> Callable[[ast.Expr], Value]:
        """Return what evaluates expressions of a package about an action, such as those of routes.

        `names` are seen besides those of every condition. The result raises EvaluationError.
        """
        return _Case(self, action, now.nanos, None, None).deciding.evaluator(package, names)

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
        read, _ = Action.read(action)
        at = now or read.at
        nanos = time.time_ns() if at is None else at.nanos
        return _Case(self, read, nanos, history, uses).deciding.outcome()


class _Case:
    """What one decision is about. Whatever is made from it is made when it is asked for."""

    __slots__ = ("_deciding", "action", "asked", "history", "now_nanos", "set", "uses")

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
        self._deciding: _Deciding | None = None

    @property
    def deciding(self) -> _Deciding:
        """The interpreter, ready for this case. One, so that each question is asked once."""
        if self._deciding is None:
            self._deciding = _Deciding(self)
        return self._deciding

    # --- what a decision tells of it

    @property
    def policy_digest(self) -> str:
        return self.set.digest

    @property
    def action_digest(self) -> str:
        return self.action.digest

    @property
    def at(self) -> str:
        return Timestamp(self.now_nanos).text

    def report(self) -> Report:
        if self.asked:
            # Made anew, with all that was answered since.
            before = () if self._deciding is None else self._deciding.answers
            self._deciding = _Deciding(self, before)
        return self.deciding.report()

    # --- what compiled conditions ask of it

    def holds(self, expression: ast.Expr, package: str, risk: int | None) -> bool:
        return self.deciding.holds(expression, package, risk)

    def ask(self, question: Question, values: tuple[Value, ...]) -> Value | Event:
        # HOT: benchmarks/past.py, as the questions themselves.
        key = (question, values)
        if self.asked and key in self.asked:
            return self.asked[key]
        answer = self.asked[key] = question.ask(self.history, values, self.now_nanos)
        return answer

    def has_uses_left(self, exception: str, max_uses: int) -> bool:
        return self.deciding.has_uses_left(exception, max_uses)


class _Deciding:
    """One decision: the values that its conditions see, then the interpreter's outcome."""

    def __init__(self, case: _Case, answers: Iterable[HistoryFact] = ()) -> None:
        self._set = case.set
        self._action = case.action
        self._frame = case.set.frame(case.action.name)
        self._declared = self._frame.actions.get(self._action.name)
        self._conformed = conform(self._action, self._declared)
        self._now = Timestamp(case.now_nanos)
        self._uses_of = case.uses or _not_counted
        self._used: dict[str, int | None] = {}
        self._risk: int | None = None
        self._decided: Outcome | None = None
        """What the interpreter answered with; the explanation is of that."""
        known = [question.fact(values, answer) for (question, values), answer in case.asked.items()]
        self._store = case.history
        self._answers = (*answers, *known)
        self._asked: RecordedHistory | None = None
        known_fields = self._set.secret_fields
        secret = self._set.secrets.fields if known_fields is None else known_fields
        self._problems = (
            *(str(concealed(p, secret, own=True)) for p in self._action.problems),
            *(str(concealed(p, secret, own=False)) for p in self._conformed.problems),
        )
        self._names = self._shared_names()
        self._scopes: dict[str, PolicyScope] = {}

    @property
    def _whole(self) -> CheckedPolicy:
        """What concerns the action, which conditions alone do without."""
        return self._set.parts.of(self._action.name).policy

    @property
    def answers(self) -> tuple[HistoryFact, ...]:
        """What histories answered so far."""
        return self._answers if self._asked is None else self._asked.facts

    def _history(self) -> RecordedHistory:
        """Return the history that conditions ask, which remembers what it answers."""
        if self._asked is None:
            # What asks histories: imported where a policy has one, since many have none.
            from gatewright.engine.history.nothing import NOTHING_HAPPENED
            from gatewright.engine.history.recorded import RecordedHistory

            store = NOTHING_HAPPENED if self._store is None else self._store
            self._asked = RecordedHistory(store, self._answers)
        return self._asked

    def answer(self) -> Answer:
        """Decide by the interpreter, and ask what the texts of the decision will show."""
        outcome = self._decided = self.outcome()
        part = self._set.parts.of(self._action.name)
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
        self._forget_risk()
        return interpret(self._whole, request)

    def _forget_risk(self) -> None:
        """Begin as if nothing were computed yet: a `let` may have seen the score, or its lack."""
        self._names.pop("risk", None)
        self._scopes.clear()
        self._risk = None

    # --- what conditions see

    def _scope(self, package: str) -> PolicyScope:
        if package not in self._scopes:
            found = self._frame.packages[package]
            scope = PolicyScope(found, self._names, imported=self._scope)
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
                own[name] = HistoryValue(history, store, self._now, outer=scope)
        if package.calendars:
            # As in `_history`.
            from gatewright.engine.workdays import CalendarValue

            for name, calendar in package.calendars.items():
                own[name] = CalendarValue(calendar, self._evaluator(package.name))
        return own

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


def evaluate(
    policy: PolicySet,
    action: Action | Mapping[str, object],
    history: HistoryStore | None = None,
    *,
    now: Timestamp | None = None,
) -> Decision:
    """Decide about an action; the same as `policy.evaluate`."""
    return policy.evaluate(action, history, now=now)
