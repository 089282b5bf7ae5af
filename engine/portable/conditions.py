"""A policy set -> which of its conditions another host of CEL does not understand, and why.

Each condition is written as plain CEL and read by cel-python. Those that it reads are evaluated by
both, on the actions of the policy set's own tests. A condition that sees money or decimals at run
time is not compared: the host has no such values. A permit is compared where a rule or risk covers
the action too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.checks.contexts import Context, Contexts
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages import portable as messages
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Span
from gatewright.dsl.typing.typer import Typer
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.outcome import ConditionOutcome, Outcome
from gatewright.engine.policy_tests.given import BadGiven, Case, Preparing
from gatewright.engine.policy_tests.run import cases
from gatewright.engine.portable.host import Host, Unreadable
from gatewright.engine.portable.text import NotPortable, portable_text
from gatewright.engine.scope import PolicyScope
from gatewright.engine.truth import Truth
from gatewright.engine.values import Money


def portability(policy: CheckedPolicy) -> list[Diagnostic]:
    """Return what keeps conditions from being understood elsewhere, and what they then say."""
    host = Host()
    found: dict[int, Diagnostic] = {}
    programs: dict[int, Any] = {}
    for place in _places(policy):
        key = id(place.condition)
        try:
            programs[key] = host.read(place.text())
        except NotPortable as refused:
            where, advice = place.own(refused.span), refused.advice
            found[key] = messages.not_portable(where, refused.what, advice, place.condition.span)
        except Unreadable:
            found[key] = messages.not_read(place.condition.span)
    return [*found.values(), *_differences(policy, host, programs)]


# --- what can be read -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Occurrence:
    """A condition of a declaration, and the scopes of the actions that it concerns."""

    condition: ast.Expr
    contexts: Sequence[Context]

    def text(self) -> str:
        """Return the condition as plain CEL; raises NotPortable where one action forbids it."""
        texts = [self._text_for(context) for context in self.contexts]
        return texts[0]

    def _text_for(self, context: Context) -> str:
        typer = Typer(context.scope, lambda _: None)
        typer.check(self.condition, t.BOOL)
        return portable_text(self.condition, context.scope, typer.types)

    def own(self, span: Span) -> Span:
        """Return the span, or the condition's where that is in another file."""
        return span if span.source is self.condition.span.source else self.condition.span


def _places(policy: CheckedPolicy) -> Iterator[_Occurrence]:
    """Give every condition once, without those of the standard library."""
    seen: set[int] = set()
    for package, conditions, contexts in _declared(policy, Contexts(policy, Lets(policy.packages))):
        for condition in conditions:
            if id(condition) not in seen and package.split(".")[0] != "std":
                seen.add(id(condition))
                yield _Occurrence(condition, contexts)


_Declared = tuple[str, Iterable[ast.Expr], Sequence[Context]]


def _declared(policy: CheckedPolicy, contexts: Contexts) -> Iterator[_Declared]:
    scopes = {rule.qualified: rule.scope for rule in policy.rules}
    for rule in policy.rules:
        conditions = (c.expression for row in rule.rows for c in row.conditions)
        yield rule.package, conditions, contexts.of_scope(rule.scope)
    for risk in policy.risks:
        asked = (clause.condition for clause in risk.clauses)
        yield risk.package, asked, contexts.of_scope(risk.scope, with_risk=False)
    for permit in policy.permits:
        if permit.condition is not None:
            covered = contexts.of_patterns(permit.package, permit.to)
            yield permit.package, (permit.condition,), covered
    for exception in policy.exceptions:
        for name in sorted(exception.suspends):
            around = contexts.of_scope_in(exception.package, scopes[name])
            yield exception.package, exception.conditions, around


# --- what it comes to -----------------------------------------------------------------------------

_WORDS = {Truth.TRUE: "true", Truth.FALSE: "false", Truth.ERROR: "an error"}


def _differences(
    policy: CheckedPolicy, host: Host, programs: dict[int, Any]
) -> Iterator[Diagnostic]:
    """Give a diagnostic for each condition that a test's action tells apart, for the first one."""
    preparing = Preparing(PolicySet(policy))
    for case in cases(policy):
        if not programs:
            return
        for outcome, theirs in _answers(preparing, case, host, programs):
            condition = outcome.condition
            ours = ~outcome.truth if condition.negated else outcome.truth
            # Of a condition that is told nothing more is asked.
            if ours is not theirs and programs.pop(id(condition.expression), None) is not None:
                yield messages.answered_differently(
                    condition.expression.span, _WORDS[ours], _WORDS[theirs], case.span
                )


def _answers(
    preparing: Preparing, case: Case, host: Host, programs: dict[int, Any]
) -> Iterator[tuple[ConditionOutcome, Truth]]:
    """Give the conditions that a case asks, and what the host says of those that it reads."""
    try:
        setup = preparing.setup(case)
    except BadGiven:
        return  # `gatewright test` tells
    outcome = setup.outcome()
    scope = _scope(outcome)
    found = [
        (asked, program)
        for asked in _asked(outcome)
        if (program := programs.get(id(asked.condition.expression))) is not None
        and not _sees_exact_numbers(asked)
    ]
    if scope is None or not found:
        return
    names = host.values(scope.names)
    for asked, program in found:
        yield asked, host.truth(program, names)


def _scope(outcome: Outcome) -> PolicyScope | None:
    """Return a scope of the decision: the names of the action are the same in all of them."""
    scopes = [one.scope for one in outcome.rules] + [one.scope for one in outcome.risks]
    return scopes[0] if scopes else None


def _asked(outcome: Outcome) -> Iterator[ConditionOutcome]:
    for rule in outcome.rules:
        for row in rule.rows:
            yield from row.conditions
        for exception in rule.exceptions:
            yield from exception.conditions
    for risk in outcome.risks:
        yield from risk.conditions
    for permit in outcome.permits:
        yield from permit.conditions


def _sees_exact_numbers(asked: ConditionOutcome) -> bool:
    return any(isinstance(value, Money | Decimal) for value in asked.seen.values())
