"""One action's part of a policy set -> a unit: conditions become formulas, these become trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from gatewright.dsl import ast
from gatewright.dsl.garbage import uncollected
from gatewright.dsl.policy import ActionType, CheckedPolicy, Condition, PolicyException, Risk, Rule
from gatewright.dsl.records import dataclass
from gatewright.engine.compile.answer import Conclusion, Held
from gatewright.engine.compile.build import build
from gatewright.engine.compile.forest import Plan, Unit, undecided_unit
from gatewright.engine.compile.formula import (
    NO_SLOT,
    Counted,
    Formula,
    atoms_of,
    conjunction,
    negation,
    slots_of,
)
from gatewright.engine.compile.inline import is_small
from gatewright.engine.compile.lower import Lowering
from gatewright.engine.compile.native_cost import SMALL, TINY, Limits
from gatewright.engine.compile.residual import Residuals
from gatewright.engine.compile.slots import Slots
from gatewright.engine.compile.tree import Node, Residual, Rows
from gatewright.engine.compile.whole import Ending, by_branches
from gatewright.engine.decision import Answer
from gatewright.engine.explaining.asking import asks
from gatewright.engine.values import Value

MOST_CONDITIONS: Final = 64
"""How many conditions a row may have; beyond, the interpreter decides about the action.

Row n of `cases` negates the n - 1 rows before it. The interpreter evaluates each condition once; a
tree would be made of all of them, again and again.
"""


def compile_unit(
    policy: CheckedPolicy, data: Value, declared: ActionType, asking: Mapping[int, object]
) -> Unit:
    """Compile what concerns one action; `policy` is narrowed to it.

    `asking` has the identities of rules and risks whose texts ask a history.
    """
    if any(_is_long(rule) for rule in policy.rules):
        return undecided_unit()
    with uncollected():
        for limits in (SMALL, TINY):
            unit = _Compiler(policy, data, declared, limits).unit(asking)
            if unit is not None:
                return unit
    return undecided_unit()


Noting = Callable[[Formula, Residual], Residual]
"""Takes a condition that tables cannot hold, as it is called, for whoever writes trees down."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what its rows stand for, for whoever writes it down."""

    plan: Plan
    asks: frozenset[str] | None
    """As in `Unit`."""


def plan_of(
    policy: CheckedPolicy,
    data: Value,
    declared: ActionType,
    asking: Mapping[int, object],
    noting: Noting,
) -> Planned | None:
    """Return what `compile_unit` makes a unit of for all small actions; None if there is none."""
    if any(_is_long(rule) for rule in policy.rules):
        return None
    compiler = _Compiler(policy, data, declared, SMALL, noting)
    plan = compiler.plan()[1]
    return None if plan is None else Planned(plan, compiler.asks(asking))


def _unnoted(_: Formula, residual: Residual) -> Residual:
    return residual


class _Compiler:
    def __init__(
        self,
        policy: CheckedPolicy,
        data: Value,
        declared: ActionType,
        limits: Limits,
        noting: Noting = _unnoted,
    ) -> None:
        self._policy = policy
        self._declared = declared
        self._limits = limits
        self._noting = noting
        self._slots = Slots(declared)
        self._lower = Lowering(policy, data, self._slots, declared.name)
        self._residuals = Residuals(policy, self._slots, self._lower, declared.name, limits)
        self._rows_of_trees: dict[frozenset[int], Rows] = {}
        self._known: dict[Formula, Residual] = {}
        self._exceptions: dict[str, Formula] = {}
        self._lower.meter.cost_of = self._residuals.cost

    def unit(self, asking: Mapping[int, object]) -> Unit | None:
        held, plan = self.plan()
        if plan is None:
            return None
        home, name = self._declared.package, self._declared.name
        needs_permit = any(p.covers(name) or p.package == home for p in self._policy.permits)
        ending = self._ending(Conclusion(self._policy, held, needs_permit), plan)
        return plan.unit(self._declared, ending, self.asks(asking))

    def plan(self) -> tuple[tuple[Held, ...], Plan | None]:
        """Return what the rows of a plan are of, and the plan.

        There is none where the conditions might cost more than a decision has, for an action whose
        values keep the limits: the interpreter tells. It evaluates all, and trees what they need.
        """
        held, formulas = self._rows()
        risks = [self._risk(risk) for risk in self._policy.risks]
        return held, self._plan(formulas, risks) if self._lower.meter.is_affordable else None

    def _plan(self, formulas: Sequence[Formula], risks: Sequence[Formula]) -> Plan:
        trees = self._trees(formulas, self._rows_of_trees)
        read = self._slots.known(("risk",)) is not None or any(map(_is_open, formulas))
        counts = read or any(self._may_err(formula) for formula in risks)
        risk_trees = self._trees(risks, {}) if risks and counts else ()
        return Plan(
            slots=self._slots,
            trees=trees,
            risks=risk_trees,
            scores=[risk.score for risk in self._policy.risks],
            risk_slot=(
                self._slots.number(("risk",)) if risk_trees else self._slots.known(("risk",))
            ),
            limits=self._limits,
            # What no tree has to ask is explained all the same: see `AskingCase.report`.
            is_open=self._residuals.asks or self._mentions_history(),
        )

    def _ending(self, conclusion: Conclusion, plan: Plan) -> Ending:
        trees = plan.trees
        is_branchy = len(trees) == 1 and not plan.risks and is_small(trees[0])
        if not is_branchy or self._limits is not SMALL:
            if len(trees) == 1:
                # HOT: an answer that is there need not be concluded when it is asked for.
                for rows in self._rows_of_trees.values():
                    rows.answer = conclusion.of(rows.ids)
            return plan.ending(conclusion)

        def answer(rows: Rows) -> Answer:
            if rows.answer is None:
                rows.answer = conclusion.of(rows.ids)
            return rows.answer  # type: ignore[no-any-return]

        return by_branches(trees[0], answer)

    def asks(self, asking: Mapping[int, object]) -> frozenset[str] | None:
        if any(id(risk) in asking for risk in self._policy.risks):
            return None
        return frozenset(r.qualified for r in self._policy.rules if id(r) in asking)

    def _mentions_history(self) -> bool:
        """Tell whether any condition asks a history, be it one that decides nothing."""
        policy = self._policy
        found: list[tuple[ast.Expr, str]] = []
        for rule in policy.rules:
            found += ((c.expression, rule.package) for row in rule.rows for c in row.conditions)
        for risk in policy.risks:
            found += ((clause.condition, risk.package) for clause in risk.clauses)
        for exception in policy.exceptions:
            found += ((condition, exception.package) for condition in exception.conditions)
        for permit in policy.permits:
            if permit.condition is not None:
                found.append((permit.condition, permit.package))
        return any(asks(expression, policy, package) for expression, package in found)

    def _may_err(self, formula: Formula) -> bool:
        """Tell whether a formula may come to an error, which counts even where nobody reads it."""
        absent = (self._slots.all[slot].may_be_absent for slot in slots_of(formula))
        return _is_open(formula) or any(absent)

    def _trees(
        self, formulas: Sequence[Formula], interned: dict[frozenset[int], Rows]
    ) -> tuple[Node, ...]:
        return build(
            [*enumerate(formulas)],
            self._slots.kinds(),
            self._residual,
            lambda ids: interned.setdefault(ids, Rows(ids)),
        )

    def _residual(self, formula: Formula) -> Residual:
        known = self._known.get(formula)
        if known is None:
            made = self._noting(formula, self._residuals.function(formula))
            known = self._known[formula] = made
        return known

    # --- rows

    def _rows(self) -> tuple[tuple[Held, ...], list[Formula]]:
        held: list[Held] = []
        formulas: list[Formula] = []
        for permit in self._policy.permits:
            if permit.covers(self._declared.name):
                held.append(permit)
                formulas.append(self._permit(permit.agent, permit.condition, permit.package))
        for rule in self._policy.rules:
            if rule.shadow:
                continue  # it decides nothing; its conditions are evaluated for the explanation
            standing = [negation(self._excepted(e)) for e in self._suspending(rule)]
            lowered: dict[int, Formula] = {}
            for row in rule.rows:
                held.append((rule, row))
                conditions = [self._condition(c, rule.package, lowered) for c in row.conditions]
                formulas.append(conjunction([*conditions, *standing]))
        return tuple(held), formulas

    def _condition(
        self, condition: Condition, package: str, lowered: dict[int, Formula]
    ) -> Formula:
        """Return the formula of a condition of a rule, whose rows may share expressions."""
        expression = condition.expression
        if id(expression) not in lowered:
            lowered[id(expression)] = self._lower.expression(expression, package)
        formula = lowered[id(expression)]
        return negation(formula) if condition.negated else formula

    def _permit(self, agent: str | None, condition: ast.Expr | None, package: str) -> Formula:
        if condition is not None:
            return self._lower.expression(condition, package)
        return self._lower.is_agent(agent) if agent is not None else False

    def _suspending(self, rule: Rule) -> Iterable[PolicyException]:
        return (e for e in self._policy.exceptions if rule.qualified in e.suspends)

    def _excepted(self, exception: PolicyException) -> Formula:
        if exception.qualified not in self._exceptions:
            self._exceptions[exception.qualified] = self._exception(exception)
        return self._exceptions[exception.qualified]

    def _exception(self, exception: PolicyException) -> Formula:
        """Return when an exception applies: its time, its uses, its conditions."""
        begun = self._lower.below(("now",), "nanos", exception.from_nanos, False)
        open_ = self._lower.below(("now",), "nanos", exception.until_nanos, False)
        parts: list[Formula] = [negation(begun) if begun is not None else True, open_ or True]
        if exception.max_uses is not None:
            name, most = exception.qualified, exception.max_uses
            parts.append(self._lower.atom(("uses", name), lambda: Counted(name, most)))
        for condition in exception.conditions:
            parts.append(self._lower.expression(condition, exception.package))
        return conjunction(parts)

    # --- risk

    def _risk(self, risk: Risk) -> Formula:
        clauses = (Condition(c.condition, c.kind == "unless", c.condition.span)
                   for c in risk.clauses)  # fmt: skip
        return conjunction(self._lower.condition(c, risk.package) for c in clauses)


def _is_long(rule: Rule) -> bool:
    """Tell whether a rule is too long to be compiled; one in shadow decides nothing."""
    return not rule.shadow and any(len(row.conditions) > MOST_CONDITIONS for row in rule.rows)


def _is_open(formula: Formula) -> bool:
    return any(atom.slot == NO_SLOT for atom in atoms_of(formula))
