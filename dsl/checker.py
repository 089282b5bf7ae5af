"""A resolved policy -> diagnostics about everything that its expressions and rules mean.

Every expression is typed once for each action that it concerns; the first action that shows a
mistake is told. Names are resolved already. Source: docs/language.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gatewright.dsl import ast, limits
from gatewright.dsl.checks.contexts import Context, Contexts, Made
from gatewright.dsl.checks.declarations import Checking, Enough
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.checks.mentions import Mentions
from gatewright.dsl.checks.orders import check_orders
from gatewright.dsl.checks.routes import check_routes
from gatewright.dsl.checks.tests import check_tests
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.policy import (
    ActionType,
    CheckedPolicy,
    History,
    Invariant,
    Package,
    Risk,
    Rule,
)
from gatewright.dsl.resolve.collect import Collected, Report
from gatewright.dsl.resolve.histories import EVENT_FIELDS
from gatewright.dsl.source import Span
from gatewright.dsl.typing.known import TooDifferent
from gatewright.dsl.typing.presence import Facts
from gatewright.dsl.typing.scopes import ExpressionScope
from gatewright.dsl.walk import template_expressions


def check(policy: CheckedPolicy, collected: Collected, report: Report) -> None:
    """Check the meaning of a policy set.

    Cost: linear in expressions times the actions covered that differ in what is mentioned of them.
    """
    lets = Lets(policy.packages)
    if lets.check(report):
        contexts = Contexts(policy, lets)
        if _Checker(policy, contexts, lets, report).check():
            check_routes(policy, contexts, report)
    check_orders(policy, report)
    check_tests(policy, collected, report)


Task = Callable[[Checking], object]
_EVERYTHING = Mentions(frozenset(), True, 0)


@dataclass(frozen=True, slots=True)
class _Job:
    """What one declaration, with so many rows, is checked for in each of its contexts."""

    concerned: Made | Sequence[Context]
    """The contexts of the actions it concerns."""
    task: Task
    place: Span
    rows: int = 1
    mentions: Mentions = _EVERYTHING

    def contexts(self) -> Sequence[Context]:
        """One context for those actions that look the same to it. Cost: the actions concerned."""
        if isinstance(self.concerned, Made) and not self.mentions.whole:
            return self.concerned.differing(self.mentions.names)
        return self.concerned


class _Checker:
    """Checks every expression of a policy set whose lets are sound."""

    def __init__(
        self, policy: CheckedPolicy, contexts: Contexts, lets: Lets, report: Report
    ) -> None:
        self._policy = policy
        self._contexts = contexts
        self._lets = lets
        self._mentioning = contexts.mentioning
        self._report = report
        self._jobs: list[_Job] = []

    def check(self) -> bool:
        """Check everything but routes, or say that there is too much; tell whether there is not."""
        self._gather()
        count = different = 0
        for job in self._jobs:
            count += len(job.concerned) * job.rows
            if count > limits.MAX_CHECKS:
                self._report(limit_messages.too_many_checks(job.place))
                return False
            different += (len(job.contexts()) - 1) * job.mentions.size
            if different > limits.MAX_DIFFERENT:
                self._report(limit_messages.too_different(job.place))
                return False
        for route in self._policy.routes.values():
            count += len(self._contexts.of_package(route.package))
            if count > limits.MAX_CHECKS:
                self._report(limit_messages.too_many_checks(route.span))
                return False
        self._contexts.lets.spend(different)
        for job in self._jobs:
            try:
                self._run(job)
            except TooDifferent:
                self._report(limit_messages.too_different(job.place))
                return False
        return True

    def _gather(self) -> None:
        policy, contexts = self._policy, self._contexts
        for package in policy.packages.values():
            self._package(package)
        for action in policy.actions.values():
            self._refinements(action)
        for permit in policy.permits:
            if permit.condition is not None:
                covered = contexts.of_patterns(permit.package, permit.to)
                condition = permit.condition
                task = _condition(condition)
                self._each(covered, permit.package, task, permit.span, [condition])
        for risk in policy.risks:
            covered = contexts.of_scope(risk.scope, with_risk=False)
            parts = [*risk.clauses, *template_expressions(risk.because)]
            self._each(covered, risk.package, _risk(risk), risk.span, parts)
        for rule in policy.rules:
            covered, whole, rows = contexts.of_scope(rule.scope), rule.declaration, len(rule.rows)
            self._each(covered, rule.package, _rule(rule), rule.span, [whole], rows)
        for invariant in policy.invariants:
            covered, claim = contexts.of_scope(invariant.scope), invariant.declaration
            self._each(covered, invariant.package, _claim(invariant), invariant.span, [claim])
        self._exceptions()

    def _each(
        self,
        contexts: Made,
        package: str,
        task: Task,
        place: Span,
        parts: Iterable[ast.Node],
        rows: int = 1,
    ) -> None:
        """Have something checked for each action that looks different to its parts."""
        several = len(contexts) > 1
        mentions = self._mentioning.of(parts, package) if several else _EVERYTHING
        self._jobs.append(_Job(contexts, task, place, rows, mentions))

    def _run(self, job: _Job) -> None:
        """Check in one context after another, up to the first that shows something."""
        for context in job.contexts():
            checking = Checking(context, self._lets)
            with suppress(Enough):
                job.task(checking)
            for diagnostic in checking.found:
                self._report(diagnostic)
            if checking.found:
                return

    def _package(self, package: Package) -> None:
        """Check what a package names: values that do not depend on an action, and histories."""
        name = package.name
        values = [let.value for let in package.lets.values()]
        lets = [value for value in values if not self._lets.reads_action(value, name)]
        if lets:
            # They mean the same for every action.
            contexts = self._contexts.of_package(name)[:1]
            self._jobs.append(_Job(contexts, _values(lets), lets[0].span))
        known: dict[tuple[str, ...], Context] = {}
        for history in package.histories.values():
            # What fields an open record has is not known, as where a history is declared is told.
            if history.where is not None and not history.record.open:
                if history.actions not in known:
                    scope = _scope_of_events(history, package)
                    known[history.actions] = self._contexts.of_names(scope, name)
                context = known[history.actions]
                self._jobs.append(_Job([context], _condition(history.where), history.where.span))

    def _refinements(self, action: ActionType) -> None:
        """Check that bounds of fields are values which the field can be compared with."""
        fields = [*action.params.fields, *action.changes.fields]
        fields += action.target.fields if action.target is not None else ()
        for name, declared in fields:
            refinement = declared.refinement
            if refinement is not None:
                span = refinement.span
                subject = ast.Name(name, span=span)
                bound = ast.Binary(refinement.operator, subject, refinement.bound, span=span)
                scope = ExpressionScope({name: declared.type})
                context = self._contexts.of_names(scope, action.package)
                self._jobs.append(_Job([context], _condition(bound), span))

    def _exceptions(self) -> None:
        rules = {rule.qualified: rule for rule in self._policy.rules}
        for exception in self._policy.exceptions:
            # The exception's own package gives the names, the suspended rules the actions.
            for scope in dict.fromkeys(rules[name].scope for name in sorted(exception.suspends)):
                found = self._contexts.of_scope_in(exception.package, scope)
                conditions = exception.conditions
                task, place = _conditions(conditions), exception.span
                self._each(found, exception.package, task, place, conditions)


def _scope_of_events(history: History, package: Package) -> ExpressionScope:
    """Return what a `where` sees: the fields of an event, then the `let`s of its package."""
    fields = history.record.fields
    names = {name: declared.type for name, declared in fields}
    absent = {name for name, declared in fields if declared.optional} - EVENT_FIELDS
    lets = {let.name: let.value for let in package.lets.values() if let.name not in names}
    return ExpressionScope(names, lets, of_record=True, optional=frozenset(absent))


# --- what is checked in each context


def _condition(condition: ast.Expr) -> Task:
    return lambda checking: checking.condition(condition, Facts.none())


def _conditions(conditions: Sequence[ast.Expr]) -> Task:
    return lambda checking: checking.conditions(conditions, Facts.none())


def _values(values: Iterable[ast.Expr]) -> Task:
    return lambda checking: [checking.value(value, Facts.none()) for value in values]


def _risk(risk: Risk) -> Task:
    return lambda checking: checking.texts(
        risk.because, checking.clauses(risk.clauses, Facts.none())
    )


def _rule(rule: Rule) -> Task:
    return lambda checking: checking.rule(rule.declaration)


def _claim(invariant: Invariant) -> Task:
    match invariant.declaration.claim:
        case ast.NeverEffect(when=when) | ast.AlwaysAtLeast(when=when) if when is not None:
            return _condition(when)
        case ast.MonotoneIn(subject=subject):
            return lambda checking: checking.ordered(subject, "monotone in")
        case _:
            return lambda _: None
