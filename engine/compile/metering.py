"""What the conditions of a unit cost a decision at most, each evaluated in full.

Trees evaluate only what they need, and count nothing. So they may decide only where all conditions
together could not have cost the interpreter more than a decision has.
Source: docs/language.md#limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.walk import walk
from gatewright.engine.cel.budget import DEFAULT_STEPS, Allowance, counted, is_affordable

CostOf: TypeAlias = Callable[[ast.Expr, str], int | None]
"""Tells what an expression of a package costs at most, lets apart; None if that is unknown."""


def _unknown_cost(expr: ast.Expr, package: str) -> int | None:
    return None


class Meter:
    """Adds up what is evaluated once a decision: conditions, and `let`s on budgets of their own."""

    def __init__(self, policy: CheckedPolicy) -> None:
        self.cost_of: CostOf = _unknown_cost
        self.of_constants = Allowance()
        """What those lets cost that were evaluated to make constants of them."""
        self._policy = policy
        self._counted = 0
        self._times = 2 if policy.risks else 1
        """How often a let is evaluated: anew once the risk is known."""
        self._lets_met = set[tuple[int, str]]()
        self._costs_of_lets: dict[tuple[int, str], int] = {}

    @property
    def is_affordable(self) -> bool:
        """Whether all together cost no more than a decision has, whatever comes."""
        return is_affordable(self._counted + self._times * self.of_constants.taken)

    def add(self, steps: int) -> None:
        """Count a condition that takes at most so many steps."""
        self._counted += counted(steps)

    def add_let(self, value: ast.Expr, package: str, steps: int) -> None:
        """Count a let, once."""
        if self._is_new(value, package):
            self._counted += self._times * counted(steps)

    def cost(self, expr: ast.Expr, package: str) -> int:
        """Return the most that an expression costs, and count the lets that it evaluates.

        Where one of them may run out of its own steps the expression may be that error: then it
        costs all that it has. So does everything once all together costs too much.
        """
        if not self.is_affordable:
            return DEFAULT_STEPS
        of_lets = [self._cost_of_let(value, home) for value, home in self._lets(expr, package)]
        cost = self.cost_of(expr, package)
        if cost is None or max(of_lets, default=0) >= DEFAULT_STEPS:
            return DEFAULT_STEPS
        return cost

    def _cost_of_let(self, value: ast.Expr, package: str) -> int:
        key = id(value), package
        if key not in self._costs_of_lets:
            self._costs_of_lets[key] = self.cost(value, package)
            self.add_let(value, package, self._costs_of_lets[key])
        return self._costs_of_lets[key]

    def _is_new(self, let: ast.Expr, package: str) -> bool:
        met = len(self._lets_met)
        self._lets_met.add((id(let), package))
        return len(self._lets_met) > met

    def _lets(self, expr: ast.Expr, package: str) -> Iterator[tuple[ast.Expr, str]]:
        """Yield what may be lets in an expression, with their packages."""
        found = self._policy.packages[package]
        for node in walk(expr):
            match node:
                case ast.Name(name=name) if name in found.lets:
                    yield found.lets[name].value, package
                case ast.Select(operand=ast.Name(name=alias), field=name):
                    other = self._policy.packages.get(found.imports.get(alias, ""))
                    if other is not None and name in other.lets:
                        yield other.lets[name].value, other.name
                case _:
                    pass
