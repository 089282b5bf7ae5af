"""What a test block expects, and what was decided -> what of it is not so.

Source: docs/language.md#tests. An expectation left out is not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from gatewright.dsl import ast
from gatewright.dsl.policy import AUTO_RUN, BLOCK, CheckedPolicy
from gatewright.dsl.policy import Effect as PolicyEffect
from gatewright.dsl.source import Span
from gatewright.engine.approvals import approvals
from gatewright.engine.decision import Decision, Effect
from gatewright.engine.errors import EvaluationError
from gatewright.engine.policy_tests.given import Case
from gatewright.engine.rendering import render
from gatewright.engine.values import nfc


@dataclass(frozen=True, slots=True)
class Unmet:
    """One expectation that does not hold: where it is written, and the two sides as text."""

    span: Span
    expected: str
    decided: str


def unmet(policy: CheckedPolicy, case: Case, decision: Decision) -> tuple[Unmet, ...]:
    """Return the expectations of a case that a decision does not meet, in the order written."""
    return tuple(_Comparing(policy, case, decision).unmet())


def decided_text(decision: Decision) -> str:
    """Return what was decided as a policy author writes it: `require manager then finance`."""
    if decision.effect is not Effect.REQUIRE_APPROVAL:
        return decision.effect.value
    return "require " + " then ".join(" and ".join(stage) for stage in decision.stages)


class _Comparing:
    """Compares one decision with the expectations of one case."""

    def __init__(self, policy: CheckedPolicy, case: Case, decision: Decision) -> None:
        self._policy = policy
        self._package = policy.packages[case.package]
        self._case = case
        self._decision = decision

    def unmet(self) -> Iterator[Unmet]:
        for item in self._case.test.declaration.items:
            yield from self._item(item)
        if self._case.row is not None:
            yield from self._effect(self._case.row.effect)

    def _item(self, item: ast.PolicyTestItem) -> Iterator[Unmet]:
        match item:
            case ast.ExpectEffect(effect=effect):
                yield from self._effect(effect)
            case ast.ExpectRules(names=names):
                yield from self._rules(item.span, names)
            case ast.ExpectBecause(text=text):
                yield from self._because(text)
            case ast.ExpectError():
                if not self._decision.errors:
                    yield Unmet(item.span, "an error", "without an error")
            case ast.ExpectRisk(score=score):
                if self._decision.risk != score.value:
                    yield Unmet(item.span, f"risk {score.value}", f"risk {self._decision.risk}")
            case _:
                pass

    # --- the effect

    def _effect(self, expected: ast.Effect) -> Iterator[Unmet]:
        if not self._is_decided(self._resolved(expected)):
            yield Unmet(expected.span, expected.span.text, decided_text(self._decision))

    def _is_decided(self, expected: PolicyEffect) -> bool:
        """Compare the routes that are needed after absorption, in their order."""
        if expected.block or self._decision.effect is Effect.BLOCK:
            return expected.block and self._decision.effect is Effect.BLOCK
        stages = approvals(expected, self._policy.routes).stages
        named = tuple(tuple(map(self._policy.route_name, stage)) for stage in stages)
        return named == self._decision.stages

    def _resolved(self, effect: ast.Effect) -> PolicyEffect:
        match effect:
            case ast.AutoRun():
                return AUTO_RUN
            case ast.Block():
                return BLOCK
            case ast.Require(stages=stages):
                named = [[self._qualified(name) for name in stage] for stage in stages]
                orders = {p for before, after in pairwise(named) for p in product(before, after)}
                routes = frozenset(route for stage in named for route in stage)
                return PolicyEffect(False, routes, frozenset(orders))

    def _qualified(self, name: ast.QualifiedName) -> str:
        """Resolve `manager`, `people.manager` by an import, or `billing.refunds.manager`.

        INVARIANT: the checker has found what the name stands for.
        """
        *prefix, short = name.parts
        if not prefix:
            return f"{self._package.name}.{short}"
        dotted = ".".join(prefix)
        return f"{self._package.imports.get(dotted, dotted)}.{short}"

    # --- rules and reasons

    def _rules(self, span: Span, names: tuple[ast.QualifiedName, ...]) -> Iterator[Unmet]:
        expected = {self._qualified(name) for name in names}
        matched = set(self._decision.matched)
        if expected != matched:
            yield Unmet(span, self._listed(expected), self._listed(matched))

    def _listed(self, rules: set[str]) -> str:
        own = f"{self._package.name}."
        short = sorted(rule.removeprefix(own) for rule in rules)
        return f"rules [{', '.join(short)}]"

    def _because(self, text: ast.StringLiteral) -> Iterator[Unmet]:
        wanted = _normal(text.value)
        told = [_normal(reason) for reason in self._reasons()]
        if not any(wanted in reason for reason in told):
            said = "; ".join(render(reason) for reason in told) or "no reason"
            yield Unmet(text.span, f"because contains {render(text.value)}", f"because {said}")

    def _reasons(self) -> Iterator[str]:
        """Yield the texts of what took part: rules, guards, permits, floors and risks."""
        for rule in self._decision.rules:
            if rule.status in ("matched", "error") and rule.because:
                yield rule.because
        for part in self._decision.explain().risk_parts:
            if part.because:
                yield part.because


def _normal(text: str) -> str:
    """Return a text in normal form C; as it is where it has none, so that it equals itself only."""
    try:
        return nfc(text)
    except EvaluationError:
        return text
