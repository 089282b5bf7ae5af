"""What decides about the actions of one name: trees, and the functions that read a proposal.

A unit decides where everything goes as usual. Where a value does not fit, a condition errs, or
something is too large to be looked at without counting, it gives None, and the reference
interpreter decides: errors have their meaning there, and only there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, Final, Protocol

from gatewright.dsl import ast
from gatewright.dsl.policy import ActionType
from gatewright.dsl.records import dataclass
from gatewright.engine.action import Action
from gatewright.engine.compile.answer import Conclusion
from gatewright.engine.compile.asking import Question
from gatewright.engine.compile.native_cost import SMALL, Limits, is_small
from gatewright.engine.compile.program import Program
from gatewright.engine.compile.slots import Slots
from gatewright.engine.compile.tree import Node, Rows, Unsure
from gatewright.engine.compile.whole import (
    Answering,
    Deciding,
    Ending,
    answering,
    asking_shape,
    by_call,
    deciding_action,
    deciding_dict,
    program_of_shape,
)
from gatewright.engine.decision import Answer, Decision
from gatewright.engine.history.event import Event
from gatewright.engine.reading.proposal import is_name
from gatewright.engine.shape import Shape
from gatewright.engine.values import Value

DICTS_FROM = 100
"""Which dict of an action is the first that code of its own reads; others are read as actions.

To compile that code takes as long as it spares some 400 dicts.
"""

MOST_SHAPES: Final = 16
"""For how many shapes of actions a unit has code; all others share some."""

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

    `program` decides about an `Action` by its shape. Where neither conditions nor texts ask
    anybody, `of_dict` decides about a dict in the JSON shape, and `of_action` about an action of
    any shape; each is compiled when it is first called, or often enough. Else `answer` answers, and
    `asks` are the rules whose texts ask a history, None if a risk's text does.
    """

    __slots__ = ("_of_shape", "_shapes_left", "answer", "asks", "of_action", "of_dict")

    def __init__(
        self,
        answer: Answering,
        asks: frozenset[str] | None,
        of_shape: Callable[[Shape], Program | None],
    ) -> None:
        self.answer: Answering | None = answer
        self.asks = asks
        self.of_action: Deciding = _left
        self.of_dict: Deciding = _left
        self._of_shape = of_shape
        self._shapes_left = MOST_SHAPES

    @classmethod
    def asking_nobody(
        cls,
        of_action: Callable[[], Deciding],
        of_dict: Callable[[], Deciding],
        of_shape: Callable[[Shape], Program | None],
    ) -> Unit:
        """Return a unit that asks nobody, of what compiles its functions."""
        unit = cls(undecided, frozenset(), of_shape)
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

        unit.of_action, unit.of_dict = first_action, first_dicts
        return unit

    def program(self, shape: Shape) -> Program | None:
        """Return what decides about actions of a shape, for the caller to remember.

        It is empty where no action of the shape fits; None for more shapes than have programs.
        """
        if self._shapes_left <= 0:
            return None
        self._shapes_left -= 1
        return self._of_shape(shape) or ()

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
        limits: Limits,
    ) -> None:
        self._conclude = conclude
        self._trees = trees
        self._risks = risks
        self._scores = scores
        self._now, self._risk = slots
        self._combined: dict[tuple[Rows, ...], Answer] = {}
        self._limits = None if limits is SMALL else limits

    def find(self, values: list[Any], now_nanos: int, asking: Asking) -> Answer:
        """Return the answer for the values of the slots, which it may change."""
        if self._limits is not None and not all(is_small(v, self._limits) for v in values):
            raise Unsure
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
    limits: Limits
    """How large values may be; `SMALL` is seen to where they are read."""
    is_open: bool
    """Whether conditions ask for what is not among the values of a decision."""

    def ending(self, conclusion: Conclusion) -> Ending:
        """Return what decides by these trees as they are."""
        forest = Forest(
            conclude=conclusion.of,
            trees=self.trees,
            risks=self.risks,
            scores=self.scores,
            slots=(self.slots.known(("now",), "nanos"), self.risk_slot),
            limits=self.limits,
        )
        return by_call(forest.find)

    def unit(self, declared: ActionType, ending: Ending, asks: frozenset[str] | None) -> Unit:
        """Return the unit that ends so; `asks` as in `Unit`."""
        slots = self.slots.all
        if asks is None:
            return undecided_unit()
        if self.is_open or asks:
            return Unit(
                answering(declared, slots, ending),
                asks,
                lambda shape: asking_shape(declared, slots, ending, shape, asks),
            )
        return Unit.asking_nobody(
            lambda: deciding_action(declared, slots, ending),
            lambda: deciding_dict(declared, slots, ending) if _is_plain(declared) else _left,
            lambda shape: program_of_shape(declared, slots, ending, shape),
        )


def undecided_unit() -> Unit:
    """Return a unit that leaves all to the interpreter."""
    return Unit(undecided, None, _unknown)


def undecided(_action: Action, _now_nanos: int, _asking: Asking) -> Answer | None:
    """Leave the answer to the interpreter."""
    return None


def _left(*_: object) -> Decision | None:
    """Leave the decision to who asks `answer`, or the interpreter."""
    return None


def _unknown(_: Shape) -> Program | None:
    """Know no shape."""
    return None


def _is_plain(declared: ActionType) -> bool:
    """Tell whether names that a proposal repeats are what `Action.read` takes and leaves alone."""
    place = f"{declared.system}{declared.object}"
    return is_name(declared.name) and place.isascii()
