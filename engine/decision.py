"""The shapes at the border: what a decision says.

A `Decision` answers at once what will happen and who is needed. Everything that explains it is made
when it is first asked for, from the facts that the decision was taken on.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, TypeAlias, cast

from gatewright.dsl.policy import CheckedPolicy, Later
from gatewright.dsl.policy import Effect as PolicyEffect
from gatewright.dsl.records import dataclass, is_record, names_of
from gatewright.dsl.source import Span
from gatewright.engine.canonical import digest
from gatewright.engine.reading.json_text import Json

if TYPE_CHECKING:
    from gatewright.engine.explaining.explanation_text import Explanation

RuleStatus: TypeAlias = Literal["matched", "error", "suspended", "shadow", "not matched"]
RuleKind: TypeAlias = Literal["rule", "guard", "absolute guard", "permit", "default", "on_error"]


class Jsonable:
    """Gives a dataclass `to_dict`: tuples become lists, nested reports objects."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Json]:
        """Return the report as JSON, its fields in the order declared."""
        return {name: _json(getattr(self, name)) for name in names_of(self)}


def _json(value: object) -> Json:
    if isinstance(value, Jsonable) and is_record(value):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [_json(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: _json(item) for key, item in entries.items()}
    return cast("Json", value)


class Effect(StrEnum):
    """What happens to an action."""

    AUTO_RUN = "auto_run"
    REQUIRE_APPROVAL = "require_approval"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Place(Jsonable):
    """Where something is declared; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def place_of(span: Span) -> Place:
    """Return where a span begins."""
    line, column = span.begin
    return Place(span.source.name, line, column)


@dataclass(frozen=True, slots=True)
class ConditionReport(Jsonable):
    """One condition, with the values that it saw.

    `text` is the condition as written, `shown` has the values in it. `result` is what it came to,
    before the sign of `unless`; `holds` is true where it lets the rule match, None for an error.
    """

    kind: Literal["when", "unless"]
    text: str
    shown: str
    result: Literal["true", "false", "error"]
    holds: bool | None
    error: str | None
    at: Place


@dataclass(frozen=True, slots=True)
class RuleReport(Jsonable):
    """A rule, guard, permit or floor and its part in the decision.

    `effect` is what it asks for (`require manager`), `conditions` those of the rows that count.
    """

    name: str
    package: str
    kind: RuleKind
    status: RuleStatus
    effect: str
    decisive: bool
    because: str | None
    conditions: tuple[ConditionReport, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class ErrorReport(Jsonable):
    """A condition that erred, or a part of the action that does not fit; `source` names which."""

    source: str
    message: str
    at: Place | None


@dataclass(frozen=True, slots=True)
class Obligation(Jsonable):
    """Something to be done with the decision, such as telling somebody."""

    name: str
    args: dict[str, Json]
    rule: str


@dataclass(frozen=True, slots=True)
class ArgumentError(Jsonable):
    """An argument of an obligation that could not be evaluated: it is null there."""

    rule: str
    package: str
    """Of the rule."""
    obligation: str
    argument: str
    """Its name, or its position, counted from 0."""
    message: str
    at: Place


@dataclass(frozen=True, slots=True)
class Report:
    """What a decision says beyond its effect and routes."""

    rules: tuple[RuleReport, ...]
    errors: tuple[ErrorReport, ...]
    risk: int
    obligations: tuple[Obligation, ...]
    because: tuple[str, ...]
    explanation: Later[Explanation]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a decision says at once. Many decisions share one.

    `routes` are the names of the routes still needed, in the order of `stages`; routes of one stage
    are asked in parallel. `matched` are the qualified names of the rules and guards that matched.
    """

    effect: Effect
    routes: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]
    matched: tuple[str, ...]


def answer_of(
    effect: PolicyEffect,
    stages: tuple[tuple[str, ...], ...],
    matched: tuple[str, ...],
    policy: CheckedPolicy,
) -> Answer:
    """Return the answer for an effect whose routes, by qualified name, are laid out in stages."""
    named = tuple(tuple(policy.route_name(route) for route in stage) for stage in stages)
    routes = tuple(route for stage in named for route in stage)
    return Answer(kind_of(effect), routes, named, matched)


def kind_of(effect: PolicyEffect) -> Effect:
    """Return which of the three effects one is, whomever it requires."""
    if effect.block:
        return Effect.BLOCK
    return Effect.REQUIRE_APPROVAL if effect.routes else Effect.AUTO_RUN


class Case(Protocol):
    """What was decided about, and under which policy."""

    @property
    def policy_digest(self) -> str:
        """`sha256:...` of the policy set."""
        ...

    @property
    def action_digest(self) -> str:
        """`sha256:...` of the action's canonical JSON."""
        ...

    @property
    def at(self) -> str:
        """The instant of the decision, RFC 3339."""
        ...

    def report(self) -> Report:
        """Return everything that explains the decision."""
        ...


class CaseMaker(Protocol):
    """What makes a case of its parts: a policy set."""

    def case(self, *parts: Any) -> Case:
        """Return the case."""
        ...


class Decision:
    """The answer to an action. Immutable.

    Its answer, and the case that was decided, or who makes the case and the parts that it is made
    of. HOT: one is made for every action, so it holds what there is, and all else is derived; it
    has no `__init__`, since calling one takes as long as all the rest. `of` makes one, and so does
    compiled code.
    """

    __slots__ = ("_answer", "_about", "_report")  # noqa: RUF023  # compiled code sets the first two

    _answer: Answer
    _about: Case | tuple[Any, ...]
    _report: Report

    @classmethod
    def of(cls, answer: Answer, case: Case) -> Decision:
        """Return the decision about a case."""
        decision = cls()
        decision._answer = answer
        decision._about = case
        return decision

    def __copy__(self) -> Decision:
        return self

    def __deepcopy__(self, _: dict[int, object]) -> Decision:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a decision cannot be pickled: it refers to its policy set; take its `to_dict()`"
        )

    @property
    def _case(self) -> Case:
        if isinstance(self._about, tuple):
            maker: CaseMaker = self._about[0]
            self._about = maker.case(*self._about[1:])
        return self._about

    def __repr__(self) -> str:
        return f"Decision({self.effect.value}, routes={self.routes!r}, matched={self.matched!r})"

    def __eq__(self, other: object) -> bool:
        return self._parts == other._parts if isinstance(other, Decision) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts)

    @property
    def _parts(self) -> tuple[Answer, str, str, str]:
        return self._answer, self.policy_digest, self.at, self.mode

    @property
    def effect(self) -> Effect:
        """What happens to the action."""
        return self._answer.effect

    @property
    def routes(self) -> tuple[str, ...]:
        """The names of the routes still needed, in the order of `stages`."""
        return self._answer.routes

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The routes stage by stage; those of one stage are asked in parallel."""
        return self._answer.stages

    @property
    def matched(self) -> tuple[str, ...]:
        """The qualified names of the rules and guards that matched."""
        return self._answer.matched

    @property
    def policy_digest(self) -> str:
        """`sha256:...` of the policy set."""
        return self._case.policy_digest

    @property
    def at(self) -> str:
        """The instant of the decision, RFC 3339."""
        return self._case.at

    @property
    def mode(self) -> str:
        """How the decision counts: `enforce`."""
        return "enforce"

    @property
    def report(self) -> Report:
        """Everything that explains the decision, made once."""
        try:
            return self._report
        except AttributeError:  # nobody asked yet
            pass
        self._report = self._case.report()
        return self._report

    @property
    def rules(self) -> tuple[RuleReport, ...]:
        """Every rule and guard that matched, erred, was suspended or is in shadow; and floors."""
        return self.report.rules

    @property
    def errors(self) -> tuple[ErrorReport, ...]:
        """What erred; empty for a decision without errors."""
        return self.report.errors

    @property
    def risk(self) -> int:
        """The risk score, 0 to 100."""
        return self.report.risk

    @property
    def obligations(self) -> tuple[Obligation, ...]:
        """What is to be done with the decision."""
        return self.report.obligations

    @property
    def because(self) -> tuple[str, ...]:
        """The reasons of what was decisive, as sentences."""
        return self.report.because

    @property
    def action_digest(self) -> str:
        """`sha256:...` of the action's canonical JSON."""
        return self._case.action_digest

    @property
    def id(self) -> str:
        """The same action under the same policy at the same instant has the same id."""
        parts = [self.policy_digest, self.action_digest, self.at, self.effect, list(self.routes)]
        return "dec_" + digest(parts).removeprefix("sha256:")[:32]

    def explain(self) -> Explanation:
        """Return why; `str()` of it is text for people, `.to_dict()` JSON for programs."""
        return self.report.explanation.value

    def to_dict(self) -> dict[str, Json]:
        """Return the decision as JSON."""
        return {
            "id": self.id,
            "effect": self.effect.value,
            "routes": list(self.routes),
            "stages": [list(stage) for stage in self.stages],
            "rules": [rule.to_dict() for rule in self.rules],
            "errors": [error.to_dict() for error in self.errors],
            "risk": self.risk,
            "obligations": [obligation.to_dict() for obligation in self.obligations],
            "because": list(self.because),
            "policy_digest": self.policy_digest,
            "action_digest": self.action_digest,
            "at": self.at,
            "mode": self.mode,
        }
