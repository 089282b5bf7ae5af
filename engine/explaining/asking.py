"""Which texts and obligations ask a history: their answers are taken when the decision is.

Whatever else an explanation shows is kept with the decision, or cannot change; a history can. So
these few questions are asked at once, and what is told later is what was decided on.
Source: docs/language.md#how-a-decision-is-made, "Facts".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy, Risk, Rule
from gatewright.dsl.walk import template_expressions, walk
from gatewright.engine.cel.budget import Budget, OutOfSteps
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import METHODS
from gatewright.engine.outcome import Outcome
from gatewright.engine.scope import PolicyScope
from gatewright.engine.truth import Truth

Asking = Mapping[int, tuple[ast.Expr, ...]]
"""Expressions of texts that ask a history, by the identity of their rule or risk."""


def asking(policy: CheckedPolicy) -> Asking:
    """Return the expressions of a policy's texts that ask a history, directly or through a let."""
    declared: list[Rule | Risk] = [*policy.rules, *policy.risks]
    texts = {
        id(one): [e for e in texts_of(one) if asks(e, policy, one.package)] for one in declared
    }
    return {key: tuple(expressions) for key, expressions in texts.items() if expressions}


def texts_of(declared: Rule | Risk) -> Iterator[ast.Expr]:
    """Yield the expressions of what a rule or risk says and wants done."""
    yield from template_expressions(declared.because)
    if isinstance(declared, Rule):
        yield from (a.value for o in declared.obligations for a in o.arguments)


def asks(expr: ast.Expr, policy: CheckedPolicy, package: str) -> bool:
    """Tell whether an expression of a package asks a history, directly or through a let."""
    todo, seen = [(expr, package)], set[tuple[str, str]]()
    while todo:
        current, home = todo.pop()
        for node in walk(current):
            match node:
                case ast.MethodCall(method=method) if method in METHODS:
                    return True
                case ast.Call(function="agreement"):
                    return True
                case ast.Name(name=name):
                    used = (home, name)
                case ast.Select(operand=ast.Name(name=alias), field=name):
                    used = (policy.packages[home].imports.get(alias, ""), name)
                case _:
                    continue
            other = policy.packages.get(used[0])
            if used not in seen and other is not None and used[1] in other.lets:
                seen.add(used)
                todo.append((other.lets[used[1]].value, used[0]))
    return False


def ask(asked: Asking, outcome: Outcome) -> None:
    """Ask what the texts of an outcome's rules and risks will show; a recording store keeps it."""
    for rule in outcome.rules:
        if any(row.bare is not Truth.FALSE for row in rule.rows):
            _evaluate(asked.get(id(rule.rule), ()), rule.scope)
    for risk in outcome.risks:
        if risk.truth is not Truth.FALSE:
            _evaluate(asked.get(id(risk.risk), ()), risk.scope)


def _evaluate(expressions: tuple[ast.Expr, ...], scope: PolicyScope) -> None:
    for expression in expressions:
        if scope.is_spent:
            return
        budget = Budget()
        with suppress(EvaluationError):  # the text will say so
            Evaluator(scope, budget).evaluate(expression)
        with suppress(OutOfSteps):
            scope.take(budget)
