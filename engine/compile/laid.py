"""A declared action type and the shape of an action -> code that checks its values and reads slots.

As `fit.py` does for an action of any shape; what the shape tells is settled when the code is made:
which fields are there, the classes of their values, and the currencies of money.
"""

from __future__ import annotations

import ast as py
from collections.abc import Sequence
from typing import Any, Final

from gatewright.dsl import types as t
from gatewright.dsl.policy import ActionType
from gatewright.engine.cel.untyped import untyped
from gatewright.engine.compile.checks import Checks
from gatewright.engine.compile.fields import hundredths, reader_of_side
from gatewright.engine.compile.inline import ReadSlot
from gatewright.engine.compile.native_cost import MAX_TEXT, is_small
from gatewright.engine.compile.pycode import Code, attribute, call, is_none, name, none_if, unless
from gatewright.engine.compile.slots import Path, Slot
from gatewright.engine.compile.tree import ABSENT
from gatewright.engine.shape import Shape
from gatewright.engine.values import Money, Value

_CLASSES: Final[dict[t.Type, type[Any]]] = {t.BOOL: bool, t.INT: int}


class Misfit(Exception):
    """Actions of the shape do not fit the type, or the code cannot tell: no code is made of it."""


class Laid:
    """Writes the code that checks the variable `action`, of one shape, for one type.

    Raises Misfit where no action of the shape fits.
    """

    def __init__(
        self, declared: ActionType, slots: Sequence[Slot], code: Code, shape: Shape
    ) -> None:
        self._declared = declared
        self._slots = slots
        self._code = code
        self._checks = Checks(code)
        self._shape = shape
        self._places = {path: place for place, path in enumerate(shape.paths)}
        self._where: dict[Path, py.expr] = {("now",): name("nanos"), ("risk",): py.Constant(0)}
        self._hundredths: dict[Path, str] = {}
        self._asked = {slot.path[:2] for slot in slots}
        self._fields("params", declared.params, "action", partial=False)
        self._changes()
        self._target()
        self._agent()
        self._context()

    def _given(self, root: str) -> set[str]:
        """Return the names of the values of a part."""
        return {path[1] for path in self._shape.paths if path[0] == root}

    def _asked_of(self, root: str) -> list[str]:
        """Return the names of the values of a part that slots ask for and the shape has."""
        return sorted(n for n in self._given(root) if (root, n) in self._asked)

    def first(self, *, asks_instant: bool) -> list[py.stmt]:
        """Return what goes before all code: it reads the instant and the values that are used.

        HOT: no other value is touched, since to touch one is to wait for the memory. So is the
        action's own instant where no condition asks for it: `nanos` is None then.
        """
        read = [self._code.assign("values", attribute("action", "values"))]
        place = self._places.get(("at",))
        own: py.expr = call(name("time_ns"))
        if place is not None:
            at = py.Subscript(name("values"), py.Constant(place), py.Load())
            own = py.Attribute(at, "nanos", py.Load()) if asks_instant else py.Constant(None)
        instant = py.IfExp(is_none(name("now")), own, attribute("now", "nanos"))
        read.append(self._code.assign("nanos", instant))
        names = {node.id for part in self._code.body for node in py.walk(part)
                 if isinstance(node, py.Name)}  # fmt: skip
        for place in range(len(self._shape.paths)):
            if _variable(place) in names:
                value = py.Subscript(name("values"), py.Constant(place), py.Load())
                read.append(self._code.assign(_variable(place), value))
        return read

    # --- slots

    def slots(self) -> list[ReadSlot]:
        """Return the code of the values of the slots, once all was checked."""
        return [self._slot(slot) for slot in self._slots]

    def _slot(self, slot: Slot) -> ReadSlot:
        number = self._hundredths.get(slot.path)
        if number is not None and slot.view == "amount":
            amount = py.Attribute(self._where[slot.path], "amount", py.Load())
            return ReadSlot(name(number), listed=amount, in_hundredths=True, there=True)
        found = self._where.get(slot.path)
        if found is None:
            missing = self._code.constant(ABSENT if slot.may_be_absent else None)
            return ReadSlot(missing, there=False if slot.may_be_absent else None)
        is_text = isinstance(slot.type, (t.StringType, t.EnumType))
        # What an optional side of a change does not have is `ABSENT` too.
        there = None if slot.path[0] == "changes" and len(slot.path) == 3 else True
        if slot.view in ("value", "exact", "presence") or slot.path == ("now",):
            return ReadSlot(found, is_text, there=there)
        part: py.expr = py.Attribute(found, slot.view, py.Load())
        if there is None:
            absent = self._code.constant(ABSENT)
            part = py.IfExp(py.Compare(found, [py.Is()], [absent]), absent, part)
        return ReadSlot(part, there=there)

    # --- parameters and attributes

    def _fields(self, part: str, record: t.RecordType, root: str, *, partial: bool) -> None:
        given = self._given(part)
        if given - set(record.names):
            raise Misfit
        for field_name, field in record.fields:
            if field_name in given:
                self._field((part, field_name), field, (root, field_name))
            elif not (partial or field.optional):
                raise Misfit

    def _field(self, path: Path, field: t.FieldType, slot: Path) -> None:
        place = self._places[path]
        here, kind = _variable(place), self._shape.kinds[place]
        self._where[slot] = name(here)
        match field.type:
            case t.MoneyType(currency=currency) if kind is Money:
                self._money(place, field, slot, currency)
            case t.StringType(max_length=None) if kind is str and self._is_idle(field, slot):
                pass  # what nobody looks at may be long
            case t.StringType() | t.EnumType() if kind is str:
                self._checked(here, field)
            case t.BOOL | t.INT if kind is _CLASSES[field.type]:
                self._checked(here, field)
            case t.StringType() | t.EnumType() | t.BOOL | t.INT:
                raise Misfit
            case _:
                self._code.extend(self._checks.value(here, field))

    def _is_idle(self, field: t.FieldType, slot: Path) -> bool:
        return field.refinement is None and slot not in self._asked

    def _checked(self, here: str, field: t.FieldType) -> None:
        """Add the checks that are left when the class of a value is known."""
        if field.refinement is None:
            self._code.extend(self._checks.of(here, field)[1:])
            return
        bound = self._checks.bound(here, field)
        if bound is None:
            self._code.extend(self._checks.value(here, field))
        else:
            self._code.extend([*self._checks.of(here, field)[1:], bound])

    def _money(self, place: int, field: t.FieldType, slot: Path, currency: str | None) -> None:
        here, number = _variable(place), _variable(place + 1)
        given = self._shape.details[place]
        if given is None or currency not in (None, given):
            raise Misfit
        whole = self._shape.kinds[place + 1] is int
        if whole:
            self._hundredths[slot] = number
        if field.refinement is None:
            return
        bound = self._checks.money_bound(field) if whole else None
        operator = field.refinement.operator
        limit = None if bound is None else hundredths(bound, operator)
        if limit is None:
            self._code.extend(self._checks.value(here, field))
        else:
            self._code.add(unless(operator, name(number), self._code.constant(limit)))

    # --- the rest of an action

    def _changes(self) -> None:
        declared = self._declared.changes
        given = self._given("changes")
        if (given and declared.open) or given - set(declared.names):
            raise Misfit
        for field_name, field in declared.fields:
            path = ("changes", field_name)
            if (*path, "old") not in self._places:
                continue
            self._where[path] = py.Constant(True)
            read = self._code.constant(reader_of_side(field))
            for side in ("old", "new"):
                here = _variable(self._places[*path, side])
                self._code.set(here, call(read, name(here)))
                self._code.add(none_if(is_none(name(here))))
                self._where[*path, side] = name(here)

    def _target(self) -> None:
        declared = self._declared
        for word, fixed in (("system", declared.system), ("object", declared.object), ("id", None)):
            place = self._places.get(("target", word))
            if fixed is not None:
                self._where["target", word] = self._code.constant(fixed)
                if place is not None and self._shape.details[place] != fixed:
                    raise Misfit
            elif place is not None:
                self._where["target", word] = name(_variable(place))
        if declared.target is not None:
            self._fields("attributes", declared.target, "target", partial=True)
        elif self._given("attributes"):
            raise Misfit

    def _agent(self) -> None:
        for word in self._asked_of("agent"):
            here = _variable(self._places["agent", word])
            if word not in ("id", "owner"):
                self._code.set(here, call(self._code.constant(_attribute), name(here)))
            self._where["agent", word] = name(here)

    def _context(self) -> None:
        for word in self._asked_of("context"):
            here = _variable(self._places["context", word])
            length = call(name("len"), name(here))
            self._code.add(none_if(py.Compare(length, [py.Gt()], [py.Constant(MAX_TEXT)])))
            self._where["context", word] = name(here)


def _variable(place: int) -> str:
    """Return the variable of a value of the shape."""
    return f"v{place}"


def _attribute(value: Value) -> Value:
    """Return an agent's attribute as conditions see it; raises ValueError for an unusual one."""
    if value is None or not is_small(value):
        raise ValueError("null, or a large value")
    return untyped(value)
