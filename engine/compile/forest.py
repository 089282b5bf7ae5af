"""What decides about the actions of one name: trees, and the function that reads an action.

A unit decides where everything goes as usual. Where a value does not fit, a condition errs, or
something is too large to be looked at without counting, it gives None, and the reference
interpreter decides: errors have their meaning there, and only there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from gatewright.dsl import ast
from gatewright.dsl.policy import ActionType
from gatewright.dsl.records import dataclass
from gatewright.engine.action import Action
from gatewright.engine.compile.answer import Conclusion
from gatewright.engine.compile.asking import Question
from gatewright.engine.compile.fit import Decide, Fit, fitting
from gatewright.engine.compile.slots import Slots
from gatewright.engine.compile.tree import Node, Rows
from gatewright.engine.decision import Answer
from gatewright.engine.history.record import Event
from gatewright.engine.values import Value

MOST_COMBINATIONS: Final = 4_096
"""How many combinations of segments' rows a unit remembers."""


class Asking(Protocol):
    """What conditions that no table holds may ask of a decision in the making."""

    def holds(self, expression: ast.Expr, package: str, risk: int | None) -> bool:
        """Evaluate a condition as the interpreter does; raises EvaluationError."""
        ...

    def ask(self, question: Question, values: tuple[Value, ...]) -> Value | Event:
        """Ask a history, once a decision; the answer is kept for the explanation."""
        ...

    def has_uses_left(self, exception: str, max_uses: int) -> bool:
        """Tell whether an exception may be used once more; false where nobody counts."""
        ...


class Unit:
    """Decides about actions of one declared name. Immutable but for what it remembers.

    `decide(action, now_nanos, asking)` returns what is decided, or None where the interpreter has
    to decide; whatever it raises means the same. `is_open` tells whether its conditions may use
    `asking` at all. `asks` are the rules whose texts ask a history, None if a risk's text does.
    """

    __slots__ = ("asks", "asks_nothing", "decide", "is_open")

    def __init__(self, decide: Decide, is_open: bool, asks: frozenset[str] | None) -> None:
        self.decide = decide
        self.is_open = is_open
        self.asks = asks
        self.asks_nothing = asks is not None and not asks


class Forest:
    """Decides by trees that are data: large ones, those of segments, and those of risks."""

    def __init__(
        self,
        conclude: Callable[[Iterable[int]], Answer],
        fit: Fit,
        trees: tuple[Node, ...],
        risks: tuple[Node, ...],
        scores: Sequence[int],
        slots: tuple[int | None, int | None],
    ) -> None:
        self._conclude = conclude
        self._fit = fit
        self._trees = trees
        self._risks = risks
        self._scores = scores
        self._now, self._risk = slots
        self._combined: dict[tuple[Rows, ...], Answer] = {}

    def decide(self, action: Action, now_nanos: int, asking: Asking) -> Answer | None:
        """Return what is decided, or None where the action is unusual."""
        values = self._fit(action)
        if values is None:
            return None
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What a unit looks up for an action, and where the action has it."""

    slots: Slots
    trees: tuple[Node, ...]
    """Together they find the rows that hold."""
    risks: tuple[Node, ...]
    """Together they find the risks that count; none where nobody reads the score."""
    scores: Sequence[int]
    """What each risk adds."""
    risk_slot: int | None
    """Where the score goes; None where nobody reads it."""
    is_open: bool
    """Whether conditions may use `asking` at all."""

    def forest(self, declared: ActionType, conclusion: Conclusion) -> Forest:
        """Return what decides by these trees as they are."""
        return Forest(
            conclude=conclusion.of,
            fit=fitting(declared, self.slots.all),
            trees=self.trees,
            risks=self.risks,
            scores=self.scores,
            slots=(self.slots.known(("now",), "nanos"), self.risk_slot),
        )
