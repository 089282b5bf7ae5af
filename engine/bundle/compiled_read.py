"""The compiled form of an action in a bundle -> what decides about it.

Reads no declaration but those that hold when an action comes, and what those need. Whatever is
malformed raises BundleError; then the interpreter decides, by the checked form.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any, cast, get_args, overload

from gatewright.dsl import ast
from gatewright.dsl.policy import ActionType, CheckedPolicy, Permit, Rule
from gatewright.engine.bundle import compiled_layout as layout
from gatewright.engine.bundle.bundled import BundledPolicy
from gatewright.engine.bundle.compiled_index import Texts, listed, malformed
from gatewright.engine.bundle.compiled_nodes import Shelf, bound_of, value_of
from gatewright.engine.bundle.decode import decode_parts
from gatewright.engine.compile import formula as f
from gatewright.engine.compile.answer import Conclusion, Held
from gatewright.engine.compile.forest import Plan, Unit
from gatewright.engine.compile.lower import Lowering
from gatewright.engine.compile.native_cost import SMALL
from gatewright.engine.compile.residual import Residuals
from gatewright.engine.compile.slots import Slots, View
from gatewright.engine.compile.tree import Residual
from gatewright.engine.values import Value

_VIEWS = get_args(View)


def read_compiled(bundled: BundledPolicy, data: Value, action: str) -> Unit | None:
    """Return what decides about an action; None where it has no compiled form.

    `data` are the data documents as conditions see them. Raises BundleError. Cost: linear in the
    head of the form, which has a few bytes for each of the action's rules.
    """
    texts = bundled.compiled(action)
    return None if texts is None else _Reader(bundled, data, action, texts).unit()


class _Reader:
    def __init__(self, bundled: BundledPolicy, data: Value, action: str, texts: Texts) -> None:
        head = texts.head()
        if not isinstance(head, dict):
            malformed()
        self._head = cast("dict[str, Any]", head)
        if self._head.keys() != layout.HEAD:
            malformed()
        self._bundled = bundled
        self._data = data
        self._frame: CheckedPolicy = bundled.frame(action)
        self._declared: ActionType = self._frame.actions[action]
        self._texts = texts

    def unit(self) -> Unit:
        slots = self._slots()
        counts = [[_count(each) for each in listed(self._head[key])] for key in ("permits", "rows")]
        rows = _Rows(self._bundled, self._declared, *counts)
        conditions = _Conditions(self, slots)
        shelf = Shelf(self._texts, len(slots.all), len(rows), conditions.residual)
        trees = tuple(shelf.root(raw) for raw in listed(self._head["trees"]))
        scores = [_score(raw) for raw in listed(self._head["scores"])]
        risk_shelf = Shelf(self._texts, len(slots.all), len(scores), conditions.residual)
        risks = tuple(risk_shelf.root(raw) for raw in listed(self._head["risks"]))
        risk_slot, is_open = slots.known(("risk",)), self._head["open"]
        if not trees or type(is_open) is not bool or (risks and risk_slot is None):
            malformed()
        plan = Plan(slots, trees, risks, scores, risk_slot, SMALL, is_open)
        conclusion = Conclusion(self._frame, rows, rows.needs_permit)
        return plan.unit(self._declared, plan.ending(conclusion), self._asks())

    def _asks(self) -> frozenset[str] | None:
        raw = self._head["asks"]
        return None if raw is None else frozenset(_text(each) for each in listed(raw))

    def _slots(self) -> Slots:
        slots = Slots(self._declared)
        if len(listed(self._head["slots"])) > layout.MOST_SLOTS:
            malformed()
        for number, raw in enumerate(listed(self._head["slots"])):
            view, *path = [_text(part) for part in listed(raw)] or malformed()
            if view not in _VIEWS or slots.number(tuple(path), cast(View, view)) != number:
                malformed()
        return slots

    # --- conditions

    def atoms(self, slots: int) -> list[f.Atom]:
        """Return the atoms of all conditions."""
        return [self._atom(raw, slots) for raw in listed(self._head["atoms"])]

    def conditions(self) -> list[object]:
        """Return the conditions as they stand there."""
        return listed(self._head["conditions"])

    def _atom(self, raw: Any, slots: int) -> f.Atom:
        match raw:
            case ["member", slot, values]:
                found = [value_of(each) for each in listed(values)]
                return f.Member(_below(slot, slots), frozenset(found))
            case ["below", slot, bound, bool(inclusive)]:
                return f.Below(_below(slot, slots), bound_of(bound), inclusive)
            case ["present", slot]:
                return f.Present(_below(slot, slots))
            case ["opaque", str(package), expression] if package in self._frame.packages:
                read = decode_parts(ast.Expr, expression, self._bundled.sources)
                return f.Opaque(read, package)
            case ["counted", str(exception), int(most)] if type(most) is int:
                return f.Counted(exception, most)
            case _:
                return malformed()

    def residuals(self, slots: Slots) -> Residuals:
        """Return what makes conditions ready to be evaluated."""
        name = self._declared.name
        lowering = Lowering(self._frame, self._data, slots, name)
        return Residuals(self._frame, slots, lowering, name)


class _Conditions:
    """The conditions of an action that tables cannot hold, each made ready once it is needed."""

    def __init__(self, reader: _Reader, slots: Slots) -> None:
        self._raw = reader.conditions()
        self._slots = slots
        self._count = len(slots.all)
        self._atoms = cache(lambda: reader.atoms(self._count))
        self._residuals = cache(lambda: reader.residuals(slots))
        self._known: dict[int, Residual] = {}

    def residual(self, number: object) -> Residual:
        """Return a condition by its number. Raises BundleError."""
        place = _below(number, len(self._raw))
        known = self._known.get(place)
        if known is None:
            formula = self._formula(self._raw[place], layout.MOST_DEPTH)
            if sum(1 for _ in f.atoms_of(formula)) > layout.MOST_PARTS:
                malformed()
            made = self._residuals().function(formula)
            if len(self._slots.all) != self._count:
                malformed()  # it reads what the values of an action do not have
            known = self._known.setdefault(place, made)
        return known

    def _formula(self, raw: Any, depth: int) -> f.Formula:
        match raw:
            case bool():
                return raw
            case None:
                return f.ERROR
            case int():
                atoms = self._atoms()
                atom = atoms[_below(raw if raw >= 0 else -1 - raw, len(atoms))]
                return f.Literal(atom, raw < 0)
            case ["&" | "|" as sign, _, _, *_] if depth:
                kind = f.And if sign == "&" else f.Or
                return kind(tuple([self._formula(part, depth - 1) for part in raw[1:]]))
            case _:
                return malformed()


class _Rows(Sequence["Held"]):
    """What the rows of an action stand for: permits, then rows of rules; read when needed."""

    def __init__(
        self, bundled: BundledPolicy, declared: ActionType, permits: list[int], rules: list[int]
    ) -> None:
        """Take how many rows each permit and each rule has that concerns the action."""
        self._bundled = bundled
        self._declared = declared
        self._places = {
            kind: bundled.covering(kind, declared.name) for kind in ("permits", "rules")
        }
        if len(permits) != len(self._places["permits"]) or len(rules) != len(self._places["rules"]):
            malformed()
        self.needs_permit = bool(permits)
        self._permits = [*accumulate(permits, initial=0)]
        self._rules = [*accumulate(rules, initial=self._permits[-1])]

    def __len__(self) -> int:
        return self._rules[-1]

    @overload
    def __getitem__(self, row: int) -> Held: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Held]: ...
    def __getitem__(self, row: int | slice) -> Held | Sequence[Held]:
        if isinstance(row, slice):
            return [self[each] for each in range(len(self))[row]]
        name, home = self._declared.name, self._declared.package
        if row < self._permits[-1]:
            number = bisect_right(self._permits, row) - 1
            permit = self._bundled.declared("permits", Permit, self._places["permits"][number])
            return permit if permit.covers(name) else malformed()
        number = bisect_right(self._rules, row) - 1
        rule = self._bundled.declared("rules", Rule, self._places["rules"][number])
        start, end = self._rules[number : number + 2]
        if rule.shadow or not rule.scope.covers(name, home) or len(rule.rows) != end - start:
            malformed()
        return rule, rule.rows[row - start]


def _text(raw: object) -> str:
    return raw if isinstance(raw, str) else malformed()


def _count(raw: object) -> int:
    return raw if type(raw) is int and 0 <= raw <= layout.MOST_ROWS else malformed()


def _score(raw: object) -> int:
    return raw if type(raw) is int and 0 <= raw <= 100 else malformed()


def _below(raw: object, count: int) -> int:
    return raw if type(raw) is int and 0 <= raw < count else malformed()
