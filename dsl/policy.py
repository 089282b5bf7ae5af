"""The checked policy: what the files declare, with every name resolved.

The resolver and the checker make it; the engine reads it. Expressions stay syntax trees; the types
that the checker gave them can be had again by checking them in their scope.
Order of files and declarations has no meaning: every tuple here is sorted by qualified name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Literal, TypeAlias, TypeVar, cast

from gatewright.dsl import ast
from gatewright.dsl.records import dataclass, field
from gatewright.dsl.source import Span
from gatewright.dsl.types import ChangesType, RecordType


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule asks for, resolved: routes by qualified name (`billing.refunds.manager`).

    `block` outweighs the rest; no routes and no block is auto_run. `orders` holds pairs (a, b): b
    is asked only after a has approved.
    """

    block: bool = False
    routes: frozenset[str] = frozenset()
    orders: frozenset[tuple[str, str]] = frozenset()

    @property
    def auto_run(self) -> bool:
        """Whether nobody is needed."""
        return not self.block and not self.routes

    def __and__(self, other: Effect) -> Effect:
        """Both effects at once: the more restrictive of the two.

        Source: docs/language.md#how-a-decision-is-made.
        """
        if self.block or other.block:
            return BLOCK
        return Effect(False, self.routes | other.routes, self.orders | other.orders)


AUTO_RUN = Effect()
BLOCK = Effect(block=True)


@dataclass(frozen=True, slots=True)
class ActionType:
    """A declared action: what its parameters, changes and target may be."""

    name: str
    package: str
    params: RecordType
    changes: ChangesType
    system: str | None
    object: str | None
    """From `on system.object`; the object may have dots."""
    target: RecordType | None
    """The type named by `as`; None leaves the attributes open."""
    irreversible: bool
    span: Span
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class Let:
    """A named expression."""

    name: str
    package: str
    value: ast.Expr
    span: Span


@dataclass(frozen=True, slots=True)
class History:
    """A named set of past actions."""

    name: str
    package: str
    actions: tuple[str, ...]
    where: ast.Expr | None
    record: RecordType
    span: Span

    @property
    def qualified(self) -> str:
        """Package and name."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working time: minutes of the day by weekday (0 is Monday), in a time zone, less holidays."""

    name: str
    package: str
    zone: str
    days: frozenset[int]
    opens_minute: int
    closes_minute: int
    holidays: ast.Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Period:
    """A timer of a route: elapsed nanoseconds, or business days by a calendar."""

    nanos: int | None
    business_days: int | None = None


@dataclass(frozen=True, slots=True)
class OnTimeout:
    """What happens to a pending approval after a while; `route` for escalate, qualified."""

    after: Period
    then: Literal["reject", "approve", "escalate"]
    route: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """Who may approve, how many of them, and what happens when they do not answer."""

    name: str
    package: str
    quorum: Literal["one", "all"] | int
    people: ast.Expr
    exclude: tuple[ast.Expr, ...]
    """As written; empty means the default: requester and agent.owner."""
    outranks: frozenset[str]
    """Qualified names of all routes that this one outranks, transitively."""
    remind: Period | None
    sla: Period | None
    timeout: OnTimeout | None
    notify: tuple[ast.Expr, ...]
    calendar: str | None
    span: Span
    doc: str | None = None

    @property
    def qualified(self) -> str:
        """Package and name."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which actions a declaration concerns.

    Without `on`, the actions that its own package declares; else what the patterns cover.
    """

    package: str
    patterns: tuple[ast.Pattern, ...]

    def covers(self, action: str, declared_in: str | None) -> bool:
        """Tell whether an action is covered; `declared_in` is its package, None if undeclared."""
        if not self.patterns:
            return declared_in == self.package
        return any(pattern.covers(action) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Floor:
    """A `default` or an `on_error`."""

    kind: Literal["default", "on_error"]
    scope: Scope
    effect: Effect
    span: Span


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit for an agent, or for agents that meet a condition."""

    package: str
    agent: str | None
    condition: ast.Expr | None
    to: tuple[ast.Pattern, ...]
    span: Span

    def covers(self, action: str) -> bool:
        """Tell whether the permit covers an action."""
        return any(pattern.covers(action) for pattern in self.to)


@dataclass(frozen=True, slots=True)
class Risk:
    """A part of the risk score."""

    name: str
    package: str
    scope: Scope
    clauses: tuple[ast.Clause, ...]
    score: int
    because: ast.Template | None
    span: Span
    doc: str | None = None

    @property
    def qualified(self) -> str:
        """Package and name."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a row. `negated` for `unless` and the earlier rows of `cases`."""

    expression: ast.Expr
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    """What a rule stands for: all conditions T means the effect. A plain rule has one row.

    Clauses come first, `cases` negate the rows before, cells become comparisons. A tier or table
    over `changes.F` adds `changes.has("F")` in front. Source: docs/language.md#rule-and-guard.
    """

    conditions: tuple[Condition, ...]
    effect: Effect
    span: Span


T = TypeVar("T")


class Later(Generic[T]):
    """Something of a policy that no decision needs, read when it is first asked for."""

    __slots__ = ("_found", "_read")

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._found: T | None = None

    @classmethod
    def of(cls, value: T) -> Later[T]:
        """Return what is there already."""
        return cls(lambda: value)

    @property
    def value(self) -> T:
        """What it is; the same object each time. Raises what reading it raises."""
        if self._found is None:
            self._found = self._read()
        return self._found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Later) and self.value == cast("Later[object]", other).value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule or guard, expanded to rows."""

    name: str
    package: str
    kind: Literal["rule", "guard", "absolute guard"]
    scope: Scope
    rows: tuple[Row, ...]
    because: ast.Template | None
    obligations: tuple[ast.Obligation, ...]
    shadow: bool
    written: Later[ast.RuleDecl]
    span: Span

    @property
    def declaration(self) -> ast.RuleDecl:
        """The rule as written."""
        return self.written.value

    @property
    def qualified(self) -> str:
        """Package and name."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True, slots=True)
class PolicyException:
    """A time-limited suspension of rules or guards."""

    name: str
    package: str
    suspends: frozenset[str]
    """Qualified names of rules and guards."""
    conditions: tuple[ast.Expr, ...]
    from_nanos: int
    until_nanos: int
    owner: str | None
    reason: str | None
    ticket: str | None
    max_uses: int | None
    span: Span
    doc: str | None = None

    @property
    def qualified(self) -> str:
        """Package and name."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A claim about the package's decisions."""

    name: str
    package: str
    scope: Scope
    declaration: ast.InvariantDecl
    span: Span


@dataclass(frozen=True, slots=True)
class Test:
    """A test block with its package."""

    __test__ = False  # pytest: this is no test class

    name: str
    package: str
    declaration: ast.PolicyTest
    span: Span


Json: TypeAlias = "bool | int | float | str | tuple[Json, ...] | Mapping[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Package:
    """The names that the files of one package share."""

    name: str
    lets: Mapping[str, Let]
    histories: Mapping[str, History]
    calendars: Mapping[str, Calendar]
    routes: Mapping[str, Route]
    types: Mapping[str, RecordType]
    imports: Mapping[str, str] = field(default_factory=dict[str, str])
    """Local name of an import -> package, over all files of the package."""


@dataclass(frozen=True, slots=True)
class CheckedPolicy:
    """A policy set without errors."""

    packages: Mapping[str, Package]
    actions: Mapping[str, ActionType]
    routes: Mapping[str, Route]
    """All routes by qualified name."""
    defaults: tuple[Floor, ...]
    on_errors: tuple[Floor, ...]
    permits: tuple[Permit, ...]
    risks: tuple[Risk, ...]
    rules: tuple[Rule, ...]
    exceptions: tuple[PolicyException, ...]
    invariants: tuple[Invariant, ...]
    tests: tuple[Test, ...]
    data: Mapping[str, Json]
    digest: str
    """`sha256:...` over sources and data, independent of their order and folder."""
    files: Sequence[ast.File]

    def route_name(self, qualified: str) -> str:
        """Return the name people see: the short one where only one route of the set has it."""
        short = self.routes[qualified].name
        same = sum(short in package.routes for package in self.packages.values())
        return short if same == 1 else qualified
