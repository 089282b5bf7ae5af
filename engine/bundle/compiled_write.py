"""A checked policy -> the sections with the compiled form of some of its actions.

The same sources give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.bundle import compiled_layout as layout
from gatewright.engine.bundle.compiled_index import checked_hash
from gatewright.engine.bundle.decode import dumps
from gatewright.engine.bundle.encode import Encoder
from gatewright.engine.bundle.write import offsets_of, sources_of
from gatewright.engine.compile import formula as f
from gatewright.engine.compile.tree import (
    Leaf,
    Node,
    Presence,
    Range,
    Residual,
    Residue,
    Switch,
    TextSwitch,
)
from gatewright.engine.compile.unit import Planned, plan_of
from gatewright.engine.explaining.asking import asking
from gatewright.engine.narrow import Narrowing
from gatewright.engine.scope import data_value


def compiled_sections(
    policy: CheckedPolicy, chosen: Iterable[str], hashes: Mapping[str, str]
) -> dict[str, bytes]:
    """Return the sections for the actions of those names, in their order.

    `hashes` are those of the sections with the checked form. Cost: that of compiling the actions.
    """
    narrowing, data = Narrowing(policy), data_value(policy.data)
    encoder = Encoder({id(source): number for number, source in enumerate(sources_of(policy))})
    texts: list[bytes] = []
    actions: dict[str, list[int]] = {}
    for name in chosen:
        part = narrowing.of(name)
        noted = _Noting()
        planned = plan_of(part, data, policy.actions[name], asking(part), noted)
        written = None if planned is None else _written(name, part, planned, noted, encoder)
        if written is not None:
            actions[name] = [len(texts), len(written) - 1]
            texts += [text.encode("ascii") for text in written]
    index = {"actions": actions, "checked": checked_hash(hashes), "compiler": layout.COMPILER}
    return {
        layout.TREES: b"".join(texts),
        layout.OFFSETS: offsets_of(texts),
        layout.INDEX: dumps(index).encode("ascii"),
    }


class _Noting:
    """Gives numbers to the conditions that tables cannot hold."""

    def __init__(self) -> None:
        self.formulas: list[f.Formula] = []

    def __call__(self, formula: f.Formula, residual: Residual) -> Residual:
        self.formulas.append(formula)
        return _Noted(len(self.formulas) - 1, residual)


class _Noted:
    """A condition that was given a number."""

    def __init__(self, number: int, residual: Residual) -> None:
        self.number = number
        self._residual = residual

    def __call__(self, values: Any, asking: Any) -> bool:
        return self._residual(values, asking)


def _written(
    name: str, part: CheckedPolicy, planned: Planned, noted: _Noting, encoder: Encoder
) -> list[str] | None:
    """Return the texts of an action, its head first; None where they would be too large."""
    plan, nodes = planned.plan, _Nodes()
    trees = [nodes.child(tree) for tree in plan.trees]
    risks = [nodes.child(tree) for tree in plan.risks]
    if nodes.highest > layout.MOST_HEIGHT or len(plan.slots.all) > layout.MOST_SLOTS:
        return None
    if any(_is_large(formula) for formula in noted.formulas):
        return None
    atoms = _Atoms(encoder)
    conditions = [atoms.condition(formula) for formula in noted.formulas]
    head = {
        "asks": None if planned.asks is None else sorted(planned.asks),
        "atoms": atoms.all,
        "conditions": conditions,
        "open": plan.is_open,
        "permits": [int(permit.covers(name)) for permit in part.permits],
        "risks": risks,
        "rows": [0 if rule.shadow else len(rule.rows) for rule in part.rules],
        "scores": list(plan.scores) if plan.risks else [],
        "slots": [[slot.view, *slot.path] for slot in plan.slots.all],
        "trees": trees,
    }
    return [dumps(head), *nodes.texts]


def _is_large(formula: f.Formula) -> bool:
    parts = sum(1 for _ in f.atoms_of(formula))
    return parts > layout.MOST_PARTS or _depth(formula) > layout.MOST_DEPTH


def _depth(formula: f.Formula) -> int:
    if isinstance(formula, (f.And, f.Or)):
        return 1 + max(map(_depth, formula.parts))
    return 0


class _Nodes:
    """The nodes of an action, each once, children first."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.highest = 0
        self._known: dict[int, tuple[int, int]] = {}

    def child(self, node: Node) -> int | list[int]:
        """Return what leads to a node."""
        return sorted(node.rows.ids) if isinstance(node, Leaf) else self._number(node)[0]

    def _number(self, node: Node) -> tuple[int, int]:
        """Return the number and height of a node, which is written where it is new."""
        known = self._known.get(id(node))
        if known is None:
            height, text = self._text(node)
            self.highest = max(self.highest, height)
            known = self._known[id(node)] = len(self.texts), height
            self.texts.append(text)
        return known

    def _text(self, node: Node) -> tuple[int, str]:
        match node:
            case Residue():
                numbers = [[row, _number_of(residual)] for row, residual in node.open]
                return 0, dumps([layout.RESIDUE, 0, sorted(node.base), numbers])
            case Switch():
                kind = layout.TEXTS if isinstance(node, TextSwitch) else layout.SWITCH
                keys: object = [_value(key) for key in node.table]
                below = [*node.table.values(), node.other, node.absent]
            case Range():
                kind = layout.RANGE
                keys = [[_value(bound) for bound in bounds] for bounds in (node.before, node.upto)]
                below = [*node.parts, node.absent]
            case Presence():
                kind, keys, below = layout.PRESENCE, None, [node.present, node.absent]
            case _:
                raise TypeError("a node that is not known")
        children = [self.child(each) for each in below]
        height = 1 + max((self._height(each) for each in below), default=0)
        return height, dumps([kind, height, node.slot, keys, children])

    def _height(self, node: Node) -> int:
        return 0 if isinstance(node, Leaf) else self._number(node)[1]


def _number_of(residual: Residual) -> int:
    if not isinstance(residual, _Noted):
        raise TypeError("a condition that was not noted")
    return residual.number


def _value(value: object) -> object:
    if isinstance(value, Decimal):
        return [str(value)]
    if isinstance(value, (str, int)):  # a bool is an int
        return value
    raise TypeError("a value that no table has")


class _Atoms:
    """The atoms of an action's conditions, each once."""

    def __init__(self, encoder: Encoder) -> None:
        self.all: list[object] = []
        self._encoder = encoder
        self._known: dict[int, int] = {}

    def condition(self, formula: f.Formula) -> object:
        match formula:
            case bool():
                return formula
            case f.Error():
                return None
            case f.Literal(atom=atom, negated=negated):
                number = self._number(atom)
                return -1 - number if negated else number
            case f.And(parts=parts):
                return ["&", *map(self.condition, parts)]
            case f.Or(parts=parts):
                return ["|", *map(self.condition, parts)]

    def _number(self, atom: f.Atom) -> int:
        known = self._known.get(id(atom))
        if known is None:
            known = self._known[id(atom)] = len(self.all)
            self.all.append(self._plain(atom))
        return known

    def _plain(self, atom: f.Atom) -> object:
        match atom:
            case f.Member(slot=slot, values=values):
                return ["member", slot, sorted((_value(v) for v in values), key=dumps)]
            case f.Below(slot=slot, bound=bound, inclusive=inclusive):
                return ["below", slot, _value(bound), inclusive]
            case f.Present(slot=slot):
                return ["present", slot]
            case f.Opaque(expression=expression, package=package):
                return ["opaque", package, self._encoder.parts(expression, expression.span)]
            case f.Counted(exception=exception, max_uses=most):
                return ["counted", exception, most]
            case _:
                raise TypeError("an atom that is not known")
