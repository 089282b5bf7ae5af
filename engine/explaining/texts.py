"""The texts of an outcome, with the values in them: reasons, and the arguments of obligations.

All texts of a decision have an allowance together, and all arguments have one; what conditions took
of theirs makes no difference. Each value that is told is charged for by its length, in full: an
action may bring millions of characters, and every rule may tell them. Values of `@secret` fields
are masked.
Source: docs/language.md#limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.cel.budget import CHARS_A_STEP, Budget, OutOfSteps
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.decision import ArgumentError, Obligation, place_of
from gatewright.engine.errors import EvaluationError
from gatewright.engine.outcome import Outcome, RuleOutcome
from gatewright.engine.reading.json_text import Json
from gatewright.engine.rendering import render
from gatewright.engine.scope import PolicyScope
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.values import Value, is_host

MOST_CHARS: Final = 4_000
"""How many characters of a text a reason shows."""


class Texts:
    """Writes the texts of one outcome."""

    def __init__(self, policy: CheckedPolicy, secrets: Secrets, outcome: Outcome) -> None:
        self._policy = policy
        self._secrets = secrets
        self._outcome = outcome
        self._lets: dict[str, Mapping[str, ast.Expr]] = {}
        self._known = [(scope, scope.computed) for scope in self._scopes()]

    def _scopes(self) -> Iterator[PolicyScope]:
        """Yield the scopes of all packages, where a rule says anything."""
        for rule in self._outcome.rules[:1]:
            if rule.scope.imported is not None:
                yield from map(rule.scope.imported, self._policy.packages)

    def lets(self, package: str) -> Mapping[str, ast.Expr]:
        """Return the values of a package's lets by name, made once."""
        lets = self._lets.get(package)
        if lets is None:
            declared = self._policy.packages[package].lets
            lets = self._lets[package] = {name: let.value for name, let in declared.items()}
        return lets

    def refill(self) -> None:
        """Let what follows cost as much as the conditions did, whatever came before."""
        for scope, lets in self._known:
            scope.remember(lets)
            if scope.allowance is not None:
                scope.allowance.refill()

    def because(
        self, template: ast.Template | None, scope: PolicyScope, package: str
    ) -> str | None:
        """Return a reason with its values; None where the policy gives none."""
        if template is None:
            return None
        lets = self.lets(package)
        evaluator = Evaluator(scope, Budget(0) if scope.is_spent else Budget())
        text = "".join(
            part if isinstance(part, str) else self._interpolated(part, evaluator, lets)
            for part in template.parts
        )
        with suppress(OutOfSteps):  # it counts for the texts that follow
            scope.take(evaluator.budget)
        return text

    def _interpolated(
        self, expr: ast.Expr, evaluator: Evaluator, lets: Mapping[str, ast.Expr]
    ) -> str:
        """Return the value of a placeholder; a value that cannot be had is shown as `?`."""
        if self._secrets.touches(expr, lets):
            return MASK
        try:
            value = evaluator.evaluate(expr)
            text = _beginning(value) if isinstance(value, str) else self._secrets.show(value)
            evaluator.budget.charge(len(text) // CHARS_A_STEP)
        except EvaluationError:
            return "?"
        return text

    def obligations(
        self, acting: Iterable[RuleOutcome], unvalued: list[ArgumentError]
    ) -> Iterator[Obligation]:
        """Yield what is to be done, and note the arguments that err: they are null there."""
        asked = [(outcome, what) for outcome in acting for what in outcome.rule.obligations]
        values = iter(self._values([(o, a.value) for o, what in asked for a in what.arguments]))
        for outcome, obligation in asked:
            rule = outcome.rule
            args: dict[str, Json] = {}
            for index, argument in enumerate(obligation.arguments):
                name, value = argument.name or str(index), next(values)
                if isinstance(value, EvaluationError):
                    of = rule.name, rule.package, obligation.name
                    at = place_of(argument.value.span)
                    unvalued.append(ArgumentError(*of, name, value.message, at))
                    value = None
                args[name] = value
            yield Obligation(obligation.name, args, rule.qualified)

    def _values(self, asked: list[tuple[RuleOutcome, ast.Expr]]) -> list[Json | EvaluationError]:
        """Return arguments as JSON; where they cost too much together none of them has a value."""
        try:
            return [self._argument(expr, outcome) for outcome, expr in asked]
        except OutOfSteps as error:
            return [error for _ in asked]

    def _argument(self, expr: ast.Expr, outcome: RuleOutcome) -> Json | EvaluationError:
        """Return the value of an argument as JSON, or why it has none; raises OutOfSteps."""
        if self._secrets.touches(expr, self.lets(outcome.rule.package)):
            return MASK
        evaluator = Evaluator(outcome.scope, Budget())
        try:
            value: Value = evaluator.evaluate(expr)
            found: Json | EvaluationError
            found = render(value) if is_host(value) else self._secrets.argument(value)
            evaluator.budget.charge(_length(found) // CHARS_A_STEP)
        except OutOfSteps:
            raise
        except EvaluationError as error:
            found = error
        outcome.scope.take(evaluator.budget)
        return found


def _beginning(text: str) -> str:
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + "…"


def _length(data: Json) -> int:
    """Return how many characters the texts in JSON data have together."""
    if isinstance(data, str):
        return len(data)
    if isinstance(data, dict):
        return sum(len(key) + _length(item) for key, item in data.items())
    return sum(map(_length, data)) if isinstance(data, list) else 0
