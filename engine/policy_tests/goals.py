"""A checked policy -> everything that its tests could try.

A `Goal` is one thing to try: a row that matches, a condition that is true once and false once, a
threshold at, just below and just above its value, an exception, permit or risk that is used. `&&`,
`||`, `!` and `? :` count by their operands, and a `let` by what it stands for. "Just" is at most
one step: see `comparisons.step`. Knows no tests and no outcomes.

Left out is what no test can meet: constant conditions, values that a declared type excludes, `risk`
as a threshold (its values are sums of scores), and the bodies of macros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.constants import Constant, constant
from gatewright.dsl.lint.domains import Domain, Domains
from gatewright.dsl.policy import CheckedPolicy, Permit, Rule, Scope
from gatewright.dsl.source import Span
from gatewright.engine.decision import Place, place_of
from gatewright.engine.explaining.annotate import Annotator
from gatewright.engine.explaining.report import effect_text
from gatewright.engine.policy_tests.comparisons import (
    Comparison,
    Subject,
    beside,
    comparisons,
    distance,
    has_steps,
    outside_macros,
)
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.values import Value

Kind: TypeAlias = Literal["rules", "conditions", "thresholds", "exceptions", "permits", "risks"]
KINDS: tuple[Kind, ...] = (
    "rules", "conditions", "thresholds", "exceptions", "permits", "risks",
)  # fmt: skip

_MAX_LETS_DEEP = 50


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to try: where, what it is about, and what is missing while it is not tried."""

    kind: Kind
    at: Place
    subject: str
    missing: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.missing}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition without operators of its own."""

    node: ast.Expr
    true: Goal
    false: Goal


@dataclass(frozen=True, slots=True)
class Threshold:
    """A constant beside what is compared with it. A goal is None where no value is possible."""

    subject: Subject
    bound: Constant
    below: Goal | None
    at: Goal | None
    above: Goal | None

    def met(self, value: Value) -> Goal | None:
        """Return the goal that a value of the subject meets."""
        steps = distance(value, self.bound)
        if steps is None or not -1 <= steps <= 1:
            return None
        return self.at if steps == 0 else self.below if steps < 0 else self.above


@dataclass(frozen=True, slots=True)
class LetUse:
    """A `let` that an expression uses: the nodes that name it, and its value with its own parts."""

    nodes: tuple[ast.Name, ...]
    value: ast.Expr
    parts: Parts


@dataclass(slots=True)
class Parts:
    """What there is to try in one expression."""

    leaves: list[Leaf] = field(default_factory=list[Leaf])
    thresholds: list[Threshold] = field(default_factory=list[Threshold])
    lets: list[LetUse] = field(default_factory=list[LetUse])


@dataclass(frozen=True)
class _Reading:
    """How the conditions of one declaration are read: its `let`s, and the values it can meet."""

    owner: str
    lets: Mapping[str, ast.Expr]
    domains: Domains
    opens_lets: bool = True
    """Whether the outcome gives what is needed to look into a `let`; else its name is a leaf."""

    def domain(self, subject: Subject, bound: Constant) -> Domain:
        """Return the values that the subject can have."""
        return self.domains.of(subject.expression, bound.family)


class Goals:
    """All goals of a policy set, and where an outcome finds those that it meets.

    `rows` and `uses` are by the identity of rows, and of exceptions, risks and permits; `parts` by
    that of the expressions of conditions.
    """

    def __init__(self, policy: CheckedPolicy) -> None:
        self._policy = policy
        self._found: dict[Goal, None] = {}
        self._thresholds: dict[tuple[str, str, object], Threshold] = {}
        self._let_parts: dict[tuple[int, bool], Parts] = {}
        self.rows: dict[int, Goal] = {}
        self.uses: dict[int, Goal] = {}
        self.parts: dict[int, Parts] = {}
        for rule in policy.rules:
            self._rule(rule)
        self._exceptions_risks_and_permits()

    def all(self) -> list[Goal]:
        """Return every goal once, without those of imported standard packages."""
        names: dict[bool, set[str]] = {True: set(), False: set()}
        for file in self._policy.files:
            is_library = file.package is not None and file.package.parts[0] == "std"
            names[is_library].add(file.span.source.name)
        library = names[True] - names[False]  # a file of the set's own may be called the same
        return [goal for goal in self._found if goal.at.file not in library]

    # --- declarations

    def _rule(self, rule: Rule) -> None:
        reading = self._reading(rule.package, rule.qualified, rule.scope)
        for row in rule.rows:
            subject = f"{rule.kind} {rule.name} => {effect_text(self._policy, row.effect)}"
            span = row.span if len(rule.rows) > 1 else rule.span
            self.rows[id(row)] = self._goal("rules", span, subject, "never matched")
            for condition in row.conditions:
                self._condition(condition.expression, reading)

    def _exceptions_risks_and_permits(self) -> None:
        for exception in self._policy.exceptions:
            subject = f"exception {exception.name}"
            missing = "never suspended anything"
            self.uses[id(exception)] = self._goal("exceptions", exception.span, subject, missing)
            for expr in exception.conditions:
                reading = self._reading(exception.package, exception.qualified)
                self._condition(expr, replace(reading, opens_lets=False))
        for risk in self._policy.risks:
            subject = f"risk {risk.name}"
            self.uses[id(risk)] = self._goal("risks", risk.span, subject, "never counted")
            for clause in risk.clauses:
                reading = self._reading(risk.package, risk.qualified, risk.scope)
                self._condition(clause.condition, reading)
        for permit in self._policy.permits:
            subject = _permit_text(permit)
            self.uses[id(permit)] = self._goal("permits", permit.span, subject, "never used")
            if permit.condition is not None:
                reading = self._reading(permit.package, str(permit.span))
                self._condition(permit.condition, replace(reading, opens_lets=False))

    def _goal(self, kind: Kind, span: Span, subject: str, missing: str) -> Goal:
        goal = Goal(kind, place_of(span), subject, missing)
        self._found[goal] = None
        return goal

    def _reading(self, package: str, owner: str, scope: Scope | None = None) -> _Reading:
        # A wildcard also covers actions that nobody declared, of which nothing is known.
        closed = scope is not None and not any(p.wildcard for p in scope.patterns)
        actions = self._policy.actions.values()
        covered = tuple(a for a in actions if scope and scope.covers(a.name, a.package))
        lets = {n: let.value for n, let in self._policy.packages[package].lets.items()}
        return _Reading(owner, lets, Domains(self._policy, covered, closed=closed))

    # --- expressions

    def _condition(self, expr: ast.Expr, reading: _Reading) -> None:
        if id(expr) not in self.parts:
            self.parts[id(expr)] = self._parts(expr, reading, is_condition=True, depth=0)

    def _parts(self, expr: ast.Expr, reading: _Reading, *, is_condition: bool, depth: int) -> Parts:
        parts = Parts()
        lets = reading.lets
        leaves = list(_leaves(expr)) if is_condition else []
        for leaf in leaves:
            named = _let_name(leaf, lets) is not None and reading.opens_lets
            if not named and constant(leaf, lets) is None:
                parts.leaves.append(self._leaf(leaf))
        for found in comparisons(expr, lets):
            threshold = self._threshold(found, reading)
            if threshold is not None:
                parts.thresholds.append(threshold)
        if reading.opens_lets and depth < _MAX_LETS_DEEP:
            conditions = {name for leaf in leaves if (name := _let_name(leaf, lets)) is not None}
            for name, nodes in _let_uses(expr, lets).items():
                value = lets[name]
                inner = self._let(value, reading, name in conditions, depth + 1)
                parts.lets.append(LetUse(nodes, value, inner))
        return parts

    def _let(self, value: ast.Expr, reading: _Reading, is_condition: bool, depth: int) -> Parts:
        """Return the parts of a `let`, which are the same wherever it is used."""
        key = (id(value), is_condition)
        if key not in self._let_parts:
            self._let_parts[key] = self._parts(
                value, reading, is_condition=is_condition, depth=depth
            )
        return self._let_parts[key]

    def _leaf(self, node: ast.Expr) -> Leaf:
        text = f"`{Annotator({}, Secrets(frozenset()), {}).write(node)}`"
        true = self._goal("conditions", node.span, text, "never true")
        return Leaf(node, true, self._goal("conditions", node.span, text, "never false"))

    def _threshold(self, found: Comparison, reading: _Reading) -> Threshold | None:
        subject, bound = found.subject, found.bound
        if not found.ordered or not has_steps(bound) or subject.path[0] in ("risk", "data"):
            return None
        key = (reading.owner, subject.text, bound.key)
        if key not in self._thresholds:
            self._thresholds[key] = self._new_threshold(found, reading)
        known = self._thresholds[key]
        return Threshold(subject, bound, known.below, known.at, known.above)

    def _new_threshold(self, found: Comparison, reading: _Reading) -> Threshold:
        subject, bound = found.subject, found.bound
        domain = reading.domain(subject, bound)
        below, above = (beside(bound, n, whole=domain.whole) for n in (-1, 1))
        text = f"`{subject.text}` beside {bound}"

        def goal(low: Constant, high: Constant, missing: str) -> Goal | None:
            wanted = intervals.between(low.value, high.value)
            if low is not high:
                wanted &= ~intervals.point(bound.value)
            if (domain.values & (wanted.whole() if domain.whole else wanted)).is_empty:
                return None
            return self._goal("thresholds", found.node.span, text, missing)

        return Threshold(
            subject,
            bound,
            goal(below, bound, f"never just below, such as {below}"),
            goal(bound, bound, f"never exactly {bound}"),
            goal(bound, above, f"never just above, such as {above}"),
        )


def _leaves(expr: ast.Expr) -> Iterator[ast.Expr]:
    """Yield the conditions that a condition is made of, in the order written."""
    todo = [expr]
    while todo:
        node = todo.pop()
        match node:
            case ast.And(operands) | ast.Or(operands):
                todo.extend(reversed(operands))
            case ast.Unary("!", operand):
                todo.append(operand)
            case ast.Conditional(condition, then, otherwise):
                todo += [otherwise, then, condition]
            case _:
                yield node


def _let_name(node: ast.Expr, lets: Mapping[str, ast.Expr]) -> str | None:
    return node.name if isinstance(node, ast.Name) and node.name in lets else None


def _let_uses(expr: ast.Expr, lets: Mapping[str, ast.Expr]) -> dict[str, tuple[ast.Name, ...]]:
    """Return the `let`s that an expression names outside macros, with the nodes that do."""
    uses: dict[str, tuple[ast.Name, ...]] = {}
    for node in outside_macros(expr):
        if isinstance(node, ast.Name) and node.name in lets:
            uses[node.name] = (*uses.get(node.name, ()), node)
    return uses


def _permit_text(permit: Permit) -> str:
    who = "when ..." if permit.agent is None else f'agent "{permit.agent}"'
    return f"permit {who} to {', '.join(pattern.text for pattern in permit.to)}"
