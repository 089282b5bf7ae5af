"""Declarations and files."""

from __future__ import annotations

from typing import Literal, TypeAlias

from gatewright.dsl.ast.base import Ident, Node, QualifiedName
from gatewright.dsl.ast.bodies import Annotation, ChangesBlock, Effect, FieldDecl, RuleBody
from gatewright.dsl.ast.expressions import (
    BusinessDaysLiteral,
    DurationLiteral,
    Expr,
    IntLiteral,
    StringLiteral,
)
from gatewright.dsl.ast.parts import Clause, Obligation, Pattern, Template
from gatewright.dsl.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    """What all declarations share: `/// doc` lines and annotations."""

    doc: str | None = field(default=None, kw_only=True)
    annotations: tuple[Annotation, ...] = field(default=(), kw_only=True)

    def annotation(self, name: str) -> Annotation | None:
        """Return the annotation of that name, if there is one."""
        return next((a for a in self.annotations if a.name == name), None)


@dataclass(frozen=True, slots=True)
class NamedDeclaration(Declaration):
    """A declaration that the names of its package include."""

    name: Ident


@dataclass(frozen=True, slots=True)
class ActionDecl(Declaration):
    """`action name on system.object as Type { members }`."""

    name: QualifiedName
    target: QualifiedName | None
    target_type: QualifiedName | None
    members: tuple[FieldDecl | ChangesBlock, ...]


@dataclass(frozen=True, slots=True)
class TypeDecl(NamedDeclaration):
    """`type Name { fields }`."""

    fields: tuple[FieldDecl, ...]


@dataclass(frozen=True, slots=True)
class LetDecl(NamedDeclaration):
    """`let name = expression`."""

    value: Expr


@dataclass(frozen=True, slots=True)
class HistoryDecl(NamedDeclaration):
    """`history name = action, ... where condition`."""

    actions: tuple[QualifiedName, ...]
    where: Expr | None


@dataclass(frozen=True, slots=True)
class CalendarItem(Node):
    """`zone "Europe/Berlin"`, `days "mon-fri"`, `hours "09:00-17:30"` or `holidays list`."""

    kind: Literal["zone", "days", "hours", "holidays"]
    value: Expr


@dataclass(frozen=True, slots=True)
class CalendarDecl(NamedDeclaration):
    """`calendar name { items }`."""

    items: tuple[CalendarItem, ...]


@dataclass(frozen=True, slots=True)
class Approvers(Node):
    """`one of`, `all of` or `N of` an expression that names people."""

    quorum: Literal["one", "all"] | int
    people: Expr


@dataclass(frozen=True, slots=True)
class Exclude(Node):
    """`exclude requester, agent.owner`."""

    people: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Outranks(Node):
    """`outranks manager`: this route's answer serves for the other's."""

    routes: tuple[QualifiedName, ...]


@dataclass(frozen=True, slots=True)
class Distinct(Node):
    """`distinct`: nobody fills two places."""


@dataclass(frozen=True, slots=True)
class Remind(Node):
    """`remind 1h`."""

    after: DurationLiteral | BusinessDaysLiteral


@dataclass(frozen=True, slots=True)
class Sla(Node):
    """`sla 2h`."""

    after: DurationLiteral | BusinessDaysLiteral


@dataclass(frozen=True, slots=True)
class Timeout(Node):
    """`timeout 4h then reject`, `then approve` or `then escalate finance`."""

    after: DurationLiteral | BusinessDaysLiteral
    then: Literal["reject", "approve", "escalate"]
    route: QualifiedName | None


@dataclass(frozen=True, slots=True)
class Notify(Node):
    """`notify slack("#refunds"), email`."""

    channels: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class UseCalendar(Node):
    """`calendar office`: by which calendar this route counts business days."""

    name: QualifiedName


RouteItem: TypeAlias = (
    Approvers | Exclude | Outranks | Distinct | Remind | Sla | Timeout | Notify | UseCalendar
)


@dataclass(frozen=True, slots=True)
class RouteDecl(NamedDeclaration):
    """`route name { items }`."""

    items: tuple[RouteItem, ...]


@dataclass(frozen=True, slots=True)
class DefaultDecl(Declaration):
    """`default effect on patterns`: what an action gets that no rule opened."""

    effect: Effect
    on: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class OnErrorDecl(Declaration):
    """`on_error effect on patterns`: the floor of a decision in which a condition erred."""

    effect: Effect
    on: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PermitDecl(Declaration):
    """`permit agent "id" to patterns` or `permit when condition to patterns`."""

    agent: StringLiteral | None
    condition: Expr | None
    to: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class RiskDecl(NamedDeclaration):
    """`risk name on patterns when ... => score because "..."`."""

    on: tuple[Pattern, ...]
    clauses: tuple[Clause, ...]
    score: IntLiteral
    because: Template | None


@dataclass(frozen=True, slots=True)
class RuleDecl(NamedDeclaration):
    """A `rule`, a `guard` or an `absolute guard`."""

    kind: Literal["rule", "guard", "absolute guard"]
    on: tuple[Pattern, ...]
    clauses: tuple[Clause, ...]
    body: RuleBody
    because: Template | None
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True)
class ExceptionItem(Node):
    """An item of an exception: `when`, `from`, `until`, `owner`, `reason`, `ticket`, `max_uses`."""

    kind: Literal["when", "from", "until", "owner", "reason", "ticket", "max_uses"]
    value: Expr


@dataclass(frozen=True, slots=True)
class ExceptionDecl(NamedDeclaration):
    """`exception name suspends rules { items }`."""

    suspends: tuple[QualifiedName, ...]
    items: tuple[ExceptionItem, ...]


@dataclass(frozen=True, slots=True)
class NeverEffect(Node):
    """`never auto_run when ...`."""

    effect: Effect
    when: Expr | None


@dataclass(frozen=True, slots=True)
class NeverDefault(Node):
    """`never default`: some rule opens every action."""


@dataclass(frozen=True, slots=True)
class AlwaysAtLeast(Node):
    """`always at least route when ...`."""

    route: QualifiedName
    when: Expr | None


@dataclass(frozen=True, slots=True)
class MonotoneIn(Node):
    """`monotone in expression`: more of it never needs less."""

    subject: Expr


Claim: TypeAlias = NeverEffect | NeverDefault | AlwaysAtLeast | MonotoneIn


@dataclass(frozen=True, slots=True)
class InvariantDecl(NamedDeclaration):
    """`invariant name on patterns: claim`."""

    on: tuple[Pattern, ...]
    claim: Claim


@dataclass(frozen=True, slots=True)
class Import(Node):
    """`import std.people as people`."""

    package: QualifiedName
    alias: Ident | None

    @property
    def local_name(self) -> str:
        """The name by which this file refers to the package."""
        return self.alias.name if self.alias else self.package.parts[-1]


@dataclass(frozen=True, slots=True)
class Comment(Node):
    """A `// comment` or `/// doc line`, for the formatter; the text has its slashes."""

    text: str


@dataclass(frozen=True, slots=True)
class File(Node):
    """One parsed file. `package` is None only after a syntax error."""

    package: QualifiedName | None
    imports: tuple[Import, ...]
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False)
