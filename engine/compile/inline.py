"""A small decision tree -> statements that decide, for the end of the function that reads slots.

Large trees stay data. A small one is faster as branches over local variables: nothing is put into
a list, and no node is called. HOT: the refund policy of benchmarks/ decides this way.
"""

from __future__ import annotations

import ast as py
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from gatewright.dsl.records import dataclass
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

MOST_NODES: Final = 64
"""How many nodes a tree may have, each counted as often as it is reached, to become branches."""
MOST_BRANCHES: Final = 8
"""A node with more branches than that looks its value up in a table, as data does."""


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
    is_text: bool
    """Whether the value, where there is one, is a text for certain."""


class Inliner:
    """Writes a tree as statements, each way through ending in a `return` of an answer."""

    def __init__(
        self,
        code: Code,
        slots: Sequence[ReadSlot],
        answer: Callable[[Rows], Answer],
    ) -> None:
        self._code = code
        self._slots = slots
        self._answer = answer

    def statements(self, node: Node) -> list[py.stmt]:
        """Return the statements of a node."""
        match node:
            case Leaf(rows=rows):
                return [py.Return(self._code.constant(self._answer(rows)))]
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
        find, values = (
            self._code.constant(node.find),
            py.List([slot.value for slot in self._slots], py.Load()),
        )
        rows = call(find, values, name("asking"))
        return [py.Return(call(self._code.constant(self._answer), rows))]

    def _absent_first(self, slot: int, absent: Node, rest: list[py.stmt]) -> list[py.stmt]:
        is_absent = py.Compare(self._slots[slot].value, [py.Is()], [self._code.constant(ABSENT)])
        return [py.If(is_absent, self.statements(absent), []), *rest]

    def _range(self, node: Range) -> list[py.stmt]:
        bounds = sorted(
            [*((b, False) for b in node.before), *((b, True) for b in node.upto)],
            key=lambda bound: (bound[0], bound[1]),
        )
        value, variable = self._slots[node.slot].value, f"ordered{node.slot}"
        if isinstance(value, (py.Name, py.Constant)):
            steps: list[py.stmt] = []
        else:
            steps, value = [self._code.assign(variable, value)], name(variable)
        for (bound, inclusive), part in zip(bounds, node.parts, strict=False):
            left = compared("<=" if inclusive else "<", value, self._code.constant(bound))
            steps.append(py.If(left, self.statements(part), []))
        steps.extend(self.statements(node.parts[-1]))
        if node.absent is node.parts[0]:
            return steps
        return self._absent_first(node.slot, node.absent, steps)

    def _switch(self, node: Switch) -> list[py.stmt]:
        value = self._slots[node.slot].value
        groups: dict[int, tuple[Node, list[Hashable]]] = {}
        for key, child in node.table.items():
            groups.setdefault(id(child), (child, []))[1].append(key)
        steps: list[py.stmt] = []
        if isinstance(node, TextSwitch):
            steps, value = self._as_text(node, value)
        for child, keys in groups.values():
            steps.append(py.If(self._is_one_of(value, keys), self.statements(child), []))
        steps.extend(self.statements(node.other))
        if node.absent is node.other:
            return steps
        return self._absent_first(node.slot, node.absent, steps)

    def _is_one_of(self, value: py.expr, keys: list[Hashable]) -> py.expr:
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


def _is_text(value: py.expr) -> py.expr:
    # Not by its very type: a text of no declared type is marked by a class of its own.
    return call(name("isinstance"), value, name("str"))
