"""A policy set in memory, and `evaluate`: an action in, a decision out.

A `PolicySet` is immutable and may be shared by threads. `evaluate` never raises for a bad action:
what is wrong with it restricts the decision.

The interpreter takes the first decision about an action. Only when an action comes again it is
compiled, so that who decides once pays neither for compiling it nor for importing the compiler.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.records import dataclass, field
from gatewright.engine.action import Action
from gatewright.engine.deciding import AskingCase
from gatewright.engine.decision import Decision
from gatewright.engine.interpret import UsesOf
from gatewright.engine.narrow import Narrowing
from gatewright.engine.outcome import Outcome
from gatewright.engine.parts import Parts
from gatewright.engine.reading.quick import quick_action
from gatewright.engine.scope import data_value
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.values import Timestamp, Value

if TYPE_CHECKING:
    from gatewright.engine.compile.forest import Unit
    from gatewright.engine.compile.program import Program
    from gatewright.engine.compile.units import Units
    from gatewright.engine.history.query import HistoryStore
    from gatewright.engine.shape import Shape

COMPILED_FROM = 2
"""Which decision about an action is the first to be compiled; those before are interpreted."""


@dataclass(frozen=True)
class PolicySet:
    """A checked policy set, ready to decide. Make one with `gatewright.load`."""

    policy: CheckedPolicy
    _units: dict[str, Unit] = field(
        default_factory=dict[str, "Unit"], init=False, repr=False, compare=False
    )
    """The units compiled so far, as `units` has them. HOT: a plain attribute is found at once."""
    programs: dict[Shape | None, dict[str, Program]] = field(
        default_factory=dict[Any, Any], init=False, repr=False, compare=False
    )
    """What decides about actions, by their shapes and names."""

    def __repr__(self) -> str:
        # Policies and data may be long, and data nobody's business who reads a log.
        return f"{type(self).__name__}({self.digest!r})"

    def __copy__(self) -> PolicySet:
        return self

    def __deepcopy__(self, _: dict[int, object]) -> PolicySet:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a policy set cannot be pickled: load it in each process, from a bundle or its files"
        )

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

        `history` holds the past actions, a `gw.History` (none: nothing ever happened); `now` is the
        instant of the decision, else the action's own `at`, else the clock; `uses` tells how often
        an exception with `max_uses` was used, by its qualified name (none: such exceptions do not
        apply). Raises TypeError for a history that answers no questions, such as a list, and for a
        `now` that is no Timestamp.
        """
        # HOT: the refund policy of benchmarks/. Whatever is wrong, `_decide` deals with it.
        given: Any = action
        try:
            kind: object = type(action)
            if kind is Action:
                program = self.programs[given.shape][given.name]
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
        _refuse_what_is_no_history(history)
        try:
            action = quick_action(given) or Action.read(given)[0]
        except Exception:  # another thread changes the dict
            action, _ = Action.read(given)
        # What `evaluate` ran to no answer is not run again: it may have asked a store.
        tried = action is given and bool(self.programs.get(action.shape, {}).get(action.name))
        unit = self._units.get(action.name) or self._unit(action.name)
        case = AskingCase(self, action, _nanos_of(now, action.at), history, uses)
        found: Decision | None = None
        if unit is not None and not (tried or action.problems):
            found = self._compiled(unit, case)
        return Decision.of(case.deciding.answer(), case) if found is None else found

    def _compiled(self, unit: Unit, case: AskingCase) -> Decision | None:
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
        known = self.programs.setdefault(action.shape, {})
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
        _refuse_what_is_no_history(history)
        read, _ = Action.read(action)
        case = AskingCase(self, read, _nanos_of(now, read.at), history, None)
        return Decision.of(case.deciding.answer(), case)

    def case(self, given: Any, instant: Any, history: Any, uses: Any) -> AskingCase:
        """Return the case of a decision that compiled code takes or took.

        `given` is the action, or a `Layout` and the values of a dict in a tuple; `instant` is in
        nanoseconds, a `Timestamp`, or None for the action's own.
        """
        action: Action = given if type(given) is Action else given[0].action(given[1:])
        at: Any = action.at if instant is None else instant
        return AskingCase(self, action, at.nanos if type(at) is Timestamp else at, history, uses)

    def expressions(
        self, action: Action, package: str, *, now: Timestamp, names: Mapping[str, Value]
    ) -> Callable[[ast.Expr], Value]:
        """Return what evaluates expressions of a package about an action, such as those of routes.

        `names` are seen besides those of every condition. The result raises EvaluationError.
        """
        return AskingCase(self, action, now.nanos, None, None).deciding.evaluator(package, names)

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
        _refuse_what_is_no_history(history)
        read, _ = Action.read(action)
        return AskingCase(self, read, _nanos_of(now, read.at), history, uses).deciding.outcome()


def _nanos_of(now: object, of_action: Timestamp | None) -> int:
    """Return the instant of a decision. Raises TypeError for a `now` that is no instant of ours."""
    at = of_action if now is None else now
    if at is None:
        return time.time_ns()
    if not isinstance(at, Timestamp):
        kind = type(at).__name__
        raise TypeError(
            '`now` is an instant such as `gw.Timestamp.parse("2026-12-02T00:00:00Z")`, or '
            f"`gw.Timestamp.from_datetime(...)`, not a {kind}"
        )
    return at.nanos


_QUESTIONS = ("count", "sum", "last", "distinct", "agreement")


def _refuse_what_is_no_history(history: object) -> None:
    """Raise TypeError for what is no history. A list has a `count` of its own, which is 0."""
    if history is None:
        return
    try:
        answers = all(callable(getattr(history, question, None)) for question in _QUESTIONS)
    except Exception:  # a store that fails: its answers are errors of the conditions that ask
        return
    if not answers:
        kind = type(history).__name__
        raise TypeError(f"a history is made of past actions, `gw.History([...])`, not a {kind}")


def evaluate(
    policy: PolicySet,
    action: Action | Mapping[str, object],
    history: HistoryStore | None = None,
    *,
    now: Timestamp | None = None,
) -> Decision:
    """Decide about an action; the same as `policy.evaluate`."""
    if isinstance(policy, Mapping | Action):
        kind = type(policy).__name__
        raise TypeError(f"`evaluate` takes a policy set, then an action, not a {kind}")
    return policy.evaluate(action, history, now=now)
