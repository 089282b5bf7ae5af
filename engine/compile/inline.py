"""A small decision tree -> statements that decide, for the end of the function that reads slots.

Large trees stay data. A small one is faster as branches over local variables: nothing is put into
a list, and no node is called. HOT: the refund policy of benchmarks/ decides this way.
"""

from __future__ import annotations

import ast as py
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Final

from gatewright.dsl.records import dataclass
from gatewright.engine.compile.fields import hundredths
from gatewright.engine.compile.pycode import Code, call, compared, name
from gatewright.engine.compile.tree import (
    ABSENT,
    Leaf,
    Node,
    Presence,
    Range,
    Residue,
    Rows,
    Switch,
    TextSwitch,
)
from gatewright.engine.decision import Answer

ANSWER: Final = "answer"
"""The variable that a tree's answer is put into."""
MOST_NODES: Final = 64
"""How many nodes a tree may have, each counted as often as it is reached, to become branches."""
MOST_BRANCHES: Final = 8
"""A node with more branches than that looks its value up in a table, as data does."""

MOST_OPEN: Final = 2
"""So many conditions of a leaf become branches, two for each."""


def is_small(tree: Node) -> bool:
    """Tell whether a tree is small enough to become branches."""
    return _size(tree, MOST_NODES) >= 0


def _size(node: Node, left: int) -> int:
    """Return how many nodes of an allowance are left behind a tree; negative for too many."""
    children = _children(node)
    if children is None or len(children) > MOST_BRANCHES:
        return -1
    left -= 1
    for child in children:
        if left < 0:
            return left
        left = _size(child, left)
    return left


def _children(node: Node) -> list[Node] | None:
    """Return the different nodes that branches lead to; None for a node that is not known."""
    children: list[Node]
    match node:
        case Leaf() | Residue():
            children = []
        case Switch():
            children = [*node.table.values(), node.other, node.absent]
        case Range():
            children = [*node.parts, node.absent]
        case Presence():
            children = [node.present, node.absent]
        case _:
            return None
    return [*{id(child): child for child in children}.values()]


@dataclass(frozen=True, slots=True)
class ReadSlot:
    """The code of a slot's value, and what is known of it."""

    value: py.expr
    """As branches compare it."""
    is_text: bool = False
    """Whether the value, where there is one, is a text for certain."""
    in_hundredths: bool = False
    """Whether the value is an amount as a whole number of hundredths."""
    listed: py.expr | None = None
    """As functions get it in a list of values; the same where it is None."""
    none_is_absent: bool = False
    """Whether the value is None where there is none, and not `ABSENT`."""
    there: bool | None = None
    """Whether there is a value; None where that shows only in an action."""

    @property
    def in_list(self) -> py.expr:
        """The value as functions get it."""
        return self.value if self.listed is None else self.listed


class Inliner:
    """Writes a tree as statements, each way through setting `answer`, or raising.

    `asking` is the code of whom conditions may ask.
    """

    def __init__(
        self,
        code: Code,
        slots: Sequence[ReadSlot],
        answer: Callable[[Rows], Answer],
        asking: py.expr,
    ) -> None:
        self._code = code
        self._slots = slots
        self._answer = answer
        self._asking = asking

    def statements(self, node: Node) -> list[py.stmt]:
        """Return the statements of a node."""
        match node:
            case Switch() | Range() | Presence() if self._slots[node.slot].there is False:
                return self.statements(node.absent)
            case Leaf(rows=rows):
                return [self._code.assign(ANSWER, self._code.constant(self._answer(rows)))]
            case Residue():
                return self._residue(node)
            case Presence():
                return self._absent_first(node.slot, node.absent, self.statements(node.present))
            case Range():
                return self._range(node)
            case Switch():
                return self._switch(node)
            case _:
                raise TypeError("a node that is not known")

    def _residue(self, node: Residue) -> list[py.stmt]:
        values = py.List([slot.in_list for slot in self._slots], py.Load())
        if len(node.open) <= MOST_OPEN:
            return [self._code.assign("seen", values), *self._opened(node, 0, 0)]
        rows = call(self._code.constant(node.find), values, self._asking)
        return [self._code.assign(ANSWER, call(self._code.constant(self._answer), rows))]

    def _opened(self, node: Residue, place: int, held: int) -> list[py.stmt]:
        """Return what asks the open conditions from a place on; those before are held or not."""
        if place == len(node.open):
            rows = node.rows(held)
            return [self._code.assign(ANSWER, self._code.constant(self._answer(rows)))]
        _, holds = node.open[place]
        asked = call(self._code.constant(holds), name("seen"), self._asking)
        without = self._opened(node, place + 1, held)
        return _either(asked, self._opened(node, place + 1, held | 1 << place), without)

    def _absent_first(self, slot: int, absent: Node, rest: list[py.stmt]) -> list[py.stmt]:
        read = self._slots[slot]
        if read.there:
            return rest
        nothing = self._code.constant(None if read.none_is_absent else ABSENT)
        is_absent = py.Compare(read.value, [py.Is()], [nothing])
        return [py.If(is_absent, self.statements(absent), rest)]

    def _range(self, node: Range) -> list[py.stmt]:
        bounds = sorted(
            [*((b, False) for b in node.before), *((b, True) for b in node.upto)],
            key=lambda bound: (bound[0], bound[1]),
        )
        read, variable = self._slots[node.slot], f"ordered{node.slot}"
        value = read.value
        steps: list[py.stmt] = []
        if not isinstance(value, (py.Name, py.Constant)):
            steps, value = [self._code.assign(variable, value)], name(variable)
        rest = self.statements(node.parts[-1])
        for (bound, inclusive), part in [*zip(bounds, node.parts, strict=False)][::-1]:
            operator = "<=" if inclusive else "<"
            limit = hundredths(bound, operator) if read.in_hundredths else bound
            left = compared(operator, value, self._code.constant(limit))
            rest = _either(left, self.statements(part), rest)
        steps.extend(rest)
        if node.absent is node.parts[0]:
            return steps
        return self._absent_first(node.slot, node.absent, steps)

    def _switch(self, node: Switch) -> list[py.stmt]:
        read = self._slots[node.slot]
        value = read.value
        groups: dict[int, tuple[Node, list[Hashable]]] = {}
        for key, child in node.table.items():
            groups.setdefault(id(child), (child, []))[1].append(key)
        steps: list[py.stmt] = []
        if isinstance(node, TextSwitch):
            steps, value = self._as_text(node, value)
        rest = self.statements(node.other)
        for child, keys in [*groups.values()][::-1]:
            rest = _either(self._is_one_of(read, value, keys), self.statements(child), rest)
        steps.extend(rest)
        if node.absent is node.other:
            return steps
        return self._absent_first(node.slot, node.absent, steps)

    def _is_one_of(self, read: ReadSlot, value: py.expr, keys: list[Hashable]) -> py.expr:
        if read.in_hundredths:
            amounts = [key for key in keys if isinstance(key, Decimal)]
            wholes = [hundredths(amount, "==") for amount in amounts]
            return py.Compare(value, [py.In()], [self._code.constant(frozenset(wholes) - {None})])
        if len(keys) == 1:
            return py.Compare(value, [py.Eq()], [self._code.constant(keys[0])])
        return py.Compare(value, [py.In()], [self._code.constant(frozenset(keys))])

    def _as_text(self, node: TextSwitch, value: py.expr) -> tuple[list[py.stmt], py.expr]:
        """Return the statements that make a value ready to be looked up among texts."""
        if self._slots[node.slot].is_text:
            return [], value
        # A value of another kind equals no text; neither does this object, which can be hashed.
        text = f"text{node.slot}"
        other = self._code.constant(ABSENT)
        return [self._code.assign(text, py.IfExp(_is_text(value), value, other))], name(text)


def _either(test: py.expr, then: list[py.stmt], otherwise: list[py.stmt]) -> list[py.stmt]:
    return [py.If(test, then, otherwise)]


def _is_text(value: py.expr) -> py.expr:
    # Not by its very type: a text of no declared type is marked by a class of its own.
    return call(name("isinstance"), value, name("str"))
