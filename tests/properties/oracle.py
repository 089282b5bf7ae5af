"""How a decision is made, a second time: slow, short, and written from the page alone.

It takes a checked policy and a judge that says T, F or E of one expression, and knows nothing of
how the interpreter goes about it. Rules are expanded here from what was written, not from the rows
that the checker made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Literal, TypeAlias, cast

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy, Floor, PolicyException, Rule, Scope

Verdict: TypeAlias = Literal["T", "F", "E"]
Judge: TypeAlias = Callable[[str, ast.Expr, int], Verdict]
"""Package, expression and risk score -> what the expression comes to."""
Order: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Asking:
    """Conditions under a score that is sure only where no risk erred."""

    judge: Judge
    score: int
    possible: frozenset[int]
    """Every score that the action may have: any part of the erring risks may count."""

    def verdict(
        self, package: str, expr: ast.Expr, negate: bool = False, restricts: bool = False
    ) -> Verdict:
        """What depends on an erring risk errs, but the full score counts where it restricts."""
        full = negated(self.judge(package, expr, self.score), negate)
        if restricts and full == "T":
            return full
        others = {negated(self.judge(package, expr, s), negate) for s in self.possible}
        return full if others <= {full} else "E"


@dataclass(frozen=True)
class Proposal:
    """An action as far as a decision looks at it."""

    action: str
    agent: str | None
    fits: bool
    now_nanos: int
    uses: Callable[[str], int | None]


@dataclass(frozen=True)
class Formula:
    """An approval formula: FALSE where `blocked`, else the conjunction of `needed`."""

    blocked: bool
    asked: frozenset[str]
    orders: frozenset[Order]

    def needed(self, policy: CheckedPolicy) -> frozenset[str]:
        """The routes that stay: none of those whose answer a needed one gives as well."""

        def before(first: str, second: str) -> bool:
            reached, todo = set[str](), [first]
            while todo:
                here = todo.pop()
                new = {b for a, b in self.orders if a == here} - reached
                reached |= new
                todo.extend(new)
            return second in reached

        def stays(route: str) -> bool:
            upper = [s for s in self.asked if route in policy.routes[s].outranks]
            return not any(
                stays(s) and not before(route, s) and not before(s, route) for s in upper
            )

        return frozenset(route for route in self.asked if stays(route))


@dataclass(frozen=True)
class Answer:
    """The decision, and whether a condition erred or the action does not fit."""

    formula: Formula
    permitted: bool
    opened: bool
    erred: bool
    score: int


@dataclass(frozen=True)
class Row:
    conditions: tuple[tuple[ast.Expr, bool], ...]
    """Expressions, and whether each stands for its negation."""
    effect: ast.Effect


def decide(policy: CheckedPolicy, proposal: Proposal, judge: Judge) -> Answer:
    """D = (opened ? auto_run : default) AND every effect whose condition is T or E AND floors."""
    home = policy.actions[proposal.action].package if proposal.action in policy.actions else None

    def covers(scope: Scope) -> bool:
        if not scope.patterns:
            return home is not None and scope.package == home
        return any(_matches(pattern.text, proposal.action) for pattern in scope.patterns)

    sure, unsure = list[int](), list[int]()
    for risk in filter(lambda r: covers(r.scope), policy.risks):
        verdict = conjunction(
            negated(judge(risk.package, c.condition, 0), c.kind == "unless") for c in risk.clauses
        )
        if verdict != "F":
            (unsure if verdict == "E" else sure).append(risk.score)
    erred = bool(unsure)
    sums = {
        min(100, sum(sure) + sum(some))
        for count in range(len(unsure) + 1)
        for some in combinations(unsure, count)
    }
    asking = Asking(judge, max(sums), frozenset(sums))

    parts: list[tuple[str, ast.Effect]] = []
    opened = False
    for rule in filter(lambda r: covers(r.scope) and not r.shadow, policy.rules):
        lifted: list[Verdict] = [
            negated(_applies(e, proposal, asking), True)
            for e in policy.exceptions
            if rule.qualified in e.suspends
        ]
        for row in expand(rule.declaration):
            verdict = conjunction(chain(_judged(row, rule, asking), lifted))
            erred |= verdict == "E"
            opened |= verdict == "T" and rule.kind == "rule"
            if verdict != "F":
                parts.append((rule.package, row.effect))

    opened = opened and proposal.fits
    erred = erred or not proposal.fits
    permitted = _permitted(policy, proposal, home, asking)
    total = Formula(not permitted, frozenset(), frozenset())
    for package, effect in parts:
        total = both(total, formula(policy, package, effect))
    if not opened:
        total = both(total, floor(policy.defaults, covers))
    if erred:
        total = both(total, floor(policy.on_errors, covers))
    return Answer(total, permitted, opened, erred, asking.score)


def _judged(row: Row, rule: Rule, asking: Asking) -> Iterator[Verdict]:
    for condition, negate in row.conditions:
        yield asking.verdict(rule.package, condition, negate, rule.kind != "rule")


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """F && E is F, T && E is E. What comes after an F is not asked."""
    result: Verdict = "T"
    for verdict in verdicts:
        if verdict == "F":
            return "F"
        result = "E" if verdict == "E" else result
    return result


def negated(verdict: Verdict, negate: bool) -> Verdict:
    if not negate or verdict == "E":
        return verdict
    return "F" if verdict == "T" else "T"


def both(one: Formula, other: Formula) -> Formula:
    return Formula(one.blocked or other.blocked, one.asked | other.asked, one.orders | other.orders)


def floor(floors: Iterable[Floor], covers: Callable[[Scope], bool]) -> Formula:
    """The AND of what covers the action, `block` where nothing does."""
    covering = [f.effect for f in floors if covers(f.scope)]
    total = Formula(not covering, frozenset(), frozenset())
    for effect in covering:
        total = both(total, Formula(effect.block, effect.routes, effect.orders))
    return total


def formula(policy: CheckedPolicy, package: str, effect: ast.Effect) -> Formula:
    """What an effect as written asks for; `a and b then c` asks for c after a and after b."""
    if not isinstance(effect, ast.Require):
        return Formula(isinstance(effect, ast.Block), frozenset(), frozenset())
    here = policy.packages[package]
    stages: list[list[str]] = []
    for stage in effect.stages:
        names: list[str] = []
        for name in stage:
            *prefix, short = name.parts
            home = here.imports.get(".".join(prefix), ".".join(prefix)) if prefix else package
            names.append(f"{home}.{short}")
        stages.append(names)
    orders = {(a, b) for i, s in enumerate(stages[1:]) for a in stages[i] for b in s}
    return Formula(False, frozenset(r for s in stages for r in s), frozenset(orders))


def _matches(pattern: str, action: str) -> bool:
    if pattern == "*":
        return True
    return action.startswith(pattern[:-1]) if pattern.endswith(".*") else action == pattern


def _permitted(policy: CheckedPolicy, proposal: Proposal, home: str | None, asking: Asking) -> bool:
    covering = [p for p in policy.permits if any(_matches(to.text, proposal.action) for to in p.to)]
    needed = bool(covering) or any(p.package == home for p in policy.permits)
    return not needed or any(
        (p.agent is None or p.agent == proposal.agent)
        and (p.condition is None or asking.verdict(p.package, p.condition) == "T")
        for p in covering
    )


def _applies(exception: PolicyException, proposal: Proposal, asking: Asking) -> Verdict:
    if not exception.from_nanos <= proposal.now_nanos < exception.until_nanos:
        return "F"
    if exception.max_uses is not None:
        used = proposal.uses(exception.qualified)
        if used is None or used >= exception.max_uses:
            return "F"
    return conjunction(asking.verdict(exception.package, c) for c in exception.conditions)


# --- tier, cases and table mean the rules that they stand for


def expand(rule: ast.RuleDecl) -> Iterator[Row]:
    """The rows of a rule, from what was written."""
    given = [(c.condition, c.kind == "unless") for c in rule.clauses]
    match rule.body:
        case ast.Plain(effect=effect):
            yield Row(tuple(given), effect)
        case ast.Tier(subject=subject, rows=rows):
            given += [(c, False) for c in _only_where_changing([subject])]
            for row in rows:
                yield Row((*given, (_compare(subject, row.cell), False)), row.effect)
        case ast.Cases(rows=cases):
            for case in cases:
                own = [] if case.condition is None else [(case.condition, False)]
                yield Row((*given, *own), case.effect)
                given += [] if case.condition is None else [(case.condition, True)]
        case ast.Table(subjects=subjects, rows=table):
            given += [(c, False) for c in _only_where_changing(subjects)]
            for line in table:
                pairs = zip(subjects, line.cells, strict=True)
                cells = [(_compare(s, c), False) for s, c in pairs]
                yield Row((*given, *cells), line.effect)


def _compare(subject: ast.Expr, cell: ast.Cell) -> ast.Expr:
    match cell:
        case ast.ExactCell(value=value):
            return ast.Binary("==", subject, value, span=cell.span)
        case ast.CompareCell(operator=operator, bound=bound):
            return ast.Binary(operator, subject, bound, span=cell.span)
        case ast.RangeCell(low=low, high=high):
            at_least = ast.Binary(">=", subject, low, span=cell.span)
            return ast.And(
                (at_least, ast.Binary("<=", subject, high, span=cell.span)), span=cell.span
            )
        case ast.AnyCell():
            return ast.BoolLiteral(True, span=cell.span)


def _only_where_changing(subjects: Iterable[ast.Expr]) -> Iterator[ast.Expr]:
    """`changes.has("F")` for subjects of the form `changes.F.old` and `changes.F.new`."""
    for subject in subjects:
        for field in _changed_fields(subject):
            name = ast.Argument(
                None, ast.StringLiteral(field, span=subject.span), span=subject.span
            )
            changes = ast.Name("changes", span=subject.span)
            yield ast.MethodCall(changes, "has", (name,), span=subject.span)


def _changed_fields(node: object) -> Iterator[str]:
    match node:
        case ast.Select(operand=ast.Name(name="changes"), field=field):
            yield field
        case ast.Node():
            for slot in node.__dataclass_fields__:
                yield from _changed_fields(getattr(node, slot))
        case tuple():
            for item in cast("tuple[object, ...]", node):
                yield from _changed_fields(item)
        case _:
            pass
