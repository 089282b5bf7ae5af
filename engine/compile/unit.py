"""One action's part of a policy set, compiled: its slots, its trees, and how they decide.

A unit decides where everything goes as usual. Where a value does not fit, a condition errs, or
something is too large to be looked at without counting, it gives None, and the reference
interpreter decides: errors have their meaning there, and only there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final, Protocol

from gatewright.dsl import ast
from gatewright.dsl.policy import ActionType, CheckedPolicy, Condition, PolicyException, Risk, Rule
from gatewright.engine.action import Action, is_name
from gatewright.engine.compile.answer import Conclusion, Held
from gatewright.engine.compile.asking import Question
from gatewright.engine.compile.build import build
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
from gatewright.engine.compile.residual import Residuals
from gatewright.engine.compile.slots import Slots
from gatewright.engine.compile.tree import Node, Rows
from gatewright.engine.compile.whole import (
    Answering,
    Deciding,
    Ending,
    answering,
    by_branches,
    by_call,
    deciding_action,
    deciding_dict,
    deciding_shape,
)
from gatewright.engine.decision import Answer, Decision
from gatewright.engine.shape import Shape
from gatewright.engine.values import Value

MOST_COMBINATIONS: Final = 4_096
"""How many combinations of segments' rows a unit remembers."""

DICTS_FROM = 100
"""Which dict of an action is the first that code of its own reads; others are read as actions.

To compile that code takes as long as it spares some 400 dicts.
"""

MOST_SHAPES: Final = 16
"""For how many shapes of actions a unit has code; all others share some."""

MOST_CONDITIONS: Final = 64
"""How many conditions a row may have; beyond, the interpreter decides about the action.

Row n of `cases` negates the n - 1 rows before it. The interpreter evaluates each condition once; a
tree would be made of all of them, again and again.
"""


class Asking(Protocol):
    """What conditions that no table holds may ask of a decision in the making."""

    def holds(self, expression: ast.Expr, package: str, risk: int | None) -> bool:
        """Evaluate a condition as the interpreter does; raises EvaluationError."""
        ...

    def ask(self, question: Question, values: tuple[Value, ...]) -> Value:
        """Ask a history; the answer is kept for the explanation."""
        ...

    def has_uses_left(self, exception: str, max_uses: int) -> bool:
        """Tell whether an exception may be used once more; false where nobody counts."""
        ...


class Unit:
    """Decides about actions of one declared name. Immutable but for what it remembers.

    Where neither conditions nor texts ask anybody, `of_dict` decides about a dict in the JSON
    shape, `of_shapes` about an `Action` by its shape, and `of_action` about one of any shape; each
    is compiled when it is first called, or often enough. Else `answer` answers, and `asks` are the
    rules whose texts ask a history, None if a risk's text does.
    """

    __slots__ = ("_of_shape", "answer", "asks", "of_action", "of_dict", "of_shapes")

    def __init__(self, answer: Answering, asks: frozenset[str] | None) -> None:
        self.answer: Answering | None = answer
        self.asks = asks
        self.of_action: Deciding = _left
        self.of_dict: Deciding = _left
        self.of_shapes: dict[Shape | None, Deciding] = {}
        self._of_shape: Callable[[Shape], Deciding | None] = _unknown

    @classmethod
    def asking_nobody(
        cls,
        of_action: Callable[[], Deciding],
        of_dict: Callable[[], Deciding],
        of_shape: Callable[[Shape], Deciding | None],
    ) -> Unit:
        """Return a unit that asks nobody, of what compiles its functions."""
        unit = cls(_undecided, asks=frozenset())
        unit.answer = None

        def first_action(*asked: Any) -> Decision | None:
            unit.of_action = of_action()
            return unit.of_action(*asked)

        came = count(1)

        def first_dicts(*asked: Any) -> Decision | None:
            if next(came) < DICTS_FROM:
                return None
            unit.of_dict = of_dict()
            return unit.of_dict(*asked)

        unit.of_action, unit.of_dict, unit._of_shape = first_action, first_dicts, of_shape
        return unit

    def of(self, shape: Shape | None) -> Deciding:
        """Return what decides about actions of a shape, remembered from now on."""
        known = self.of_shapes.get(shape)
        if known is None and shape is not None and len(self.of_shapes) < MOST_SHAPES:
            known = self._of_shape(shape)
            if known is not None:
                self.of_shapes[shape] = known
        return self.of_action if known is None else known

    def told(self, answer: Answer) -> bool:
        """Tell whether no text of a decision asks a history, whose answer is taken at once."""
        return self.asks is not None and self.asks.isdisjoint(answer.matched)


class Forest:
    """Decides by trees that are data: large ones, those of segments, and those of risks."""

    def __init__(
        self,
        conclude: Callable[[Iterable[int]], Answer],
        trees: tuple[Node, ...],
        risks: tuple[Node, ...],
        scores: Sequence[int],
        slots: tuple[int | None, int | None],
    ) -> None:
        self._conclude = conclude
        self._trees = trees
        self._risks = risks
        self._scores = scores
        self._now, self._risk = slots
        self._combined: dict[tuple[Rows, ...], Answer] = {}

    def find(self, values: list[Any], now_nanos: int, asking: Asking) -> Answer:
        """Return the answer for the values of the slots, which it may change."""
        if self._now is not None:
            values[self._now] = now_nanos
        if self._risk is not None:
            values[self._risk] = None
            held = [tree.find(values, asking) for tree in self._risks]
            values[self._risk] = min(100, sum(self._scores[r] for rows in held for r in rows.ids))
        if len(self._trees) == 1:
            rows = self._trees[0].find(values, asking)
            if rows.answer is None:
                rows.answer = self._conclude(rows.ids)
            return rows.answer  # type: ignore[no-any-return]
        return self._joined(tuple([tree.find(values, asking) for tree in self._trees]))

    def _joined(self, rows: tuple[Rows, ...]) -> Answer:
        known = self._combined.get(rows)
        if known is None:
            known = self._conclude(row for each in rows for row in each.ids)
            if len(self._combined) < MOST_COMBINATIONS:
                self._combined[rows] = known
        return known


def compile_unit(
    policy: CheckedPolicy, data: Value, declared: ActionType, asking: Mapping[int, object]
) -> Unit:
    """Compile what concerns one action; `policy` is narrowed to it.

    `asking` has the identities of rules and risks whose texts ask a history.
    """
    return _Compiler(policy, data, declared).unit(asking)


class _Compiler:
    def __init__(self, policy: CheckedPolicy, data: Value, declared: ActionType) -> None:
        self._policy = policy
        self._declared = declared
        self._slots = Slots(declared)
        self._lower = Lowering(policy, data, self._slots, declared.name)
        self._residuals = Residuals(policy, self._slots, self._lower, declared.name)
        self._rows_of_trees: dict[frozenset[int], Rows] = {}
        self._lower.cost_of = self._residuals.cost

    def unit(self, asking: Mapping[int, object]) -> Unit:
        if any(_is_long(rule) for rule in self._policy.rules):
            return Unit(_undecided, asks=None)
        held, formulas = self._rows()
        risks = [self._risk(risk) for risk in self._policy.risks]
        trees = self._trees(formulas, self._rows_of_trees)
        read = self._slots.known(("risk",)) is not None or any(map(_is_open, formulas))
        counts = read or any(self._may_err(formula) for formula in risks)
        risk_trees = self._trees(risks, {}) if risks and counts else ()
        risk_slot = self._slots.number(("risk",)) if risk_trees else self._slots.known(("risk",))
        home, name = self._declared.package, self._declared.name
        needs_permit = any(p.covers(name) or p.package == home for p in self._policy.permits)
        conclusion = Conclusion(self._policy, held, needs_permit)
        asks = self._asks(asking)
        ending = self._ending(conclusion, trees, risk_trees, risk_slot)
        declared, slots = self._declared, self._slots.all
        if self._residuals.asks or asks is None or asks:
            return Unit(answering(declared, slots, ending), asks)
        return Unit.asking_nobody(
            lambda: deciding_action(declared, slots, ending),
            lambda: deciding_dict(declared, slots, ending) if _is_plain(declared) else _left,
            lambda shape: deciding_shape(declared, slots, ending, shape),
        )

    def _ending(
        self,
        conclusion: Conclusion,
        trees: tuple[Node, ...],
        risks: tuple[Node, ...],
        risk_slot: int | None,
    ) -> Ending:
        if len(trees) == 1 and not risks and is_small(trees[0]):

            def answer(rows: Rows) -> Answer:
                if rows.answer is None:
                    rows.answer = conclusion.of(rows.ids)
                return rows.answer  # type: ignore[no-any-return]

            return by_branches(trees[0], answer)
        if len(trees) == 1:
            for rows in self._rows_of_trees.values():
                rows.answer = conclusion.of(rows.ids)
        forest = Forest(
            conclude=conclusion.of,
            trees=trees,
            risks=risks,
            scores=[risk.score for risk in self._policy.risks],
            slots=(self._slots.known(("now",), "nanos"), risk_slot),
        )
        return by_call(forest.find)

    def _asks(self, asking: Mapping[int, object]) -> frozenset[str] | None:
        if any(id(risk) in asking for risk in self._policy.risks):
            return None
        return frozenset(r.qualified for r in self._policy.rules if id(r) in asking)

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
            self._residuals.function,
            lambda ids: interned.setdefault(ids, Rows(ids)),
        )

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
            standing = [negation(self._exception(e)) for e in self._suspending(rule)]
            for row in rule.rows:
                held.append((rule, row))
                conditions = [self._lower.condition(c, rule.package) for c in row.conditions]
                formulas.append(conjunction([*conditions, *standing]))
        return tuple(held), formulas

    def _permit(self, agent: str | None, condition: ast.Expr | None, package: str) -> Formula:
        if condition is not None:
            return self._lower.expression(condition, package)
        return self._lower.is_agent(agent) if agent is not None else False

    def _suspending(self, rule: Rule) -> Iterable[PolicyException]:
        return (e for e in self._policy.exceptions if rule.qualified in e.suspends)

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


def _undecided(_action: Action, _now_nanos: int, _asking: Asking) -> Answer | None:
    """Leave the answer to the interpreter."""
    return None


def _left(*_: object) -> Decision | None:
    """Leave the decision to who asks `answer`, or the interpreter."""
    return None


def _is_plain(declared: ActionType) -> bool:
    """Tell whether names that a proposal repeats are what `Action.read` takes and leaves alone."""
    place = f"{declared.system}{declared.object}"
    return is_name(declared.name) and place.isascii()


def _unknown(_: Shape) -> Deciding | None:
    """Know no shape."""
    return None


def _is_open(formula: Formula) -> bool:
    return any(atom.slot == NO_SLOT for atom in atoms_of(formula))
