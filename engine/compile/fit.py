"""A declared action type -> code that checks an action and reads its slots.

The code is made as Python's syntax tree, never as text. What it cannot settle in a few steps (an
unusual value, one that does not fit) it leaves to the interpreter, by giving None or raising: then
nothing was decided yet. It accepts no action that `conform` finds a problem in, and reads the same
values.
"""

from __future__ import annotations

import ast as py
from collections.abc import Callable, Sequence
from typing import Any, Final

from gatewright.dsl import types as t
from gatewright.dsl.policy import ActionType
from gatewright.engine.action import Agent, Target
from gatewright.engine.cel.untyped import untyped
from gatewright.engine.compile.checks import Checks
from gatewright.engine.compile.fields import reader_of_side
from gatewright.engine.compile.inline import ReadSlot
from gatewright.engine.compile.native_cost import MAX_TEXT, is_small
from gatewright.engine.compile.pycode import (
    Code,
    attribute,
    call,
    is_none,
    is_something,
    more,
    name,
    none_if,
    other_length,
)
from gatewright.engine.compile.slots import Path, Slot
from gatewright.engine.compile.tree import ABSENT
from gatewright.engine.values import map_key

_NO_TARGET: Final = Target()
_NO_AGENT: Final = Agent()


class Fit:
    """Writes the code that checks the variable `action`, an action that was read, for one type."""

    def __init__(self, declared: ActionType, slots: Sequence[Slot], code: Code) -> None:
        self._declared = declared
        self._slots = slots
        self._code = code
        self._checks = Checks(code)
        self._where: dict[Path, py.expr] = {("now",): name("nanos"), ("risk",): py.Constant(0)}
        self._params()
        self._changes()
        self._target()
        self._agent()
        self._context()

    def slots(self) -> list[ReadSlot]:
        """Return the code of the values of the slots, once all was checked."""
        texts = (t.StringType, t.EnumType)
        return [ReadSlot(self._value(slot), isinstance(slot.type, texts)) for slot in self._slots]

    def _value(self, slot: Slot) -> py.expr:
        """Return the code of a slot's value."""
        found = self._where.get(slot.path)
        if found is None:
            return self._code.constant(ABSENT if slot.may_be_absent else None)
        if slot.view in ("value", "exact", "presence") or slot.path == ("now",):
            return found
        part = py.Attribute(found, slot.view, py.Load())
        if not slot.may_be_absent:
            return part
        absent = self._code.constant(ABSENT)
        return py.IfExp(py.Compare(found, [py.Is()], [absent]), absent, part)

    # --- parameters

    def _params(self) -> None:
        self._code.set("entries", attribute("action", "params", "_entries"))
        self._fields("param", self._declared.params, partial=False, root="action")

    def _fields(self, prefix: str, record: t.RecordType, *, partial: bool, root: str) -> None:
        """Read the fields of a record out of `entries`; none may be there that it does not list."""
        code = self._code
        may_lack = [partial or field.optional for _, field in record.fields]
        if any(may_lack):
            code.set("found", py.Constant(0))
        for number, (field_name, field) in enumerate(record.fields):
            here = f"{prefix}{number}"
            key = code.constant(map_key(field_name))
            self._where[root, field_name] = name(here)
            if not may_lack[number]:
                # One that is missing raises, which means the same as to give None.
                entry = py.Subscript(name("entries"), key, py.Load())
                code.set(here, py.Subscript(entry, py.Constant(1), py.Load()))
                code.extend(self._checks.value(here, field))
                continue
            code.set(here, call(attribute("entries", "get"), key))
            take = [code.assign(here, py.Subscript(name(here), py.Constant(1), py.Load()))]
            take += [*self._checks.value(here, field), more("found")]
            missing = [code.assign(here, code.constant(ABSENT))]
            code.add(py.If(is_none(name(here)), missing, take))
        code.add(none_if(other_length("entries", may_lack)))

    # --- the rest of an action

    def _changes(self) -> None:
        declared, code = self._declared.changes, self._code
        code.set("changes", attribute("action", "changes", "_fields"))
        if declared.open or not declared.fields:
            code.add(none_if(name("changes")))
            return
        code.set("found", py.Constant(0))
        for number, (field_name, field) in enumerate(declared.fields):
            here = f"change{number}"
            code.set(here, call(attribute("changes", "get"), py.Constant(field_name)))
            sides = [f"{here}_{side}" for side in ("old", "new")]
            read = code.constant(reader_of_side(field))
            present: list[py.stmt] = []
            for place, side in enumerate(sides):
                raw = py.Subscript(name(here), py.Constant(place), py.Load())
                present += [code.assign(side, call(read, raw)), none_if(is_none(name(side)))]
            present.append(more("found"))
            absent = [code.assign(each, code.constant(ABSENT)) for each in (here, *sides)]
            code.add(py.If(is_none(name(here)), absent, present))
            self._where["changes", field_name] = name(here)
            for side, word in zip(sides, ("old", "new"), strict=True):
                self._where["changes", field_name, word] = name(side)
        count = call(name("len"), name("changes"))
        code.add(none_if(py.Compare(count, [py.NotEq()], [name("found")])))

    def _target(self) -> None:
        """Check the target where there is one, and read what slots ask of it."""
        code = self._code
        asked = {slot.path[1] for slot in self._slots if slot.path[0] == "target"}
        code.set("target", attribute("action", "target"))
        if not asked:
            whole, code.body = code.body, []
            self._target_parts(asked)
            whole.append(py.If(is_something(name("target")), code.body, []))
            code.body = whole
            return
        code.set("target", py.BoolOp(py.Or(), [name("target"), code.constant(_NO_TARGET)]))
        self._target_parts(asked)

    def _target_parts(self, asked: set[str]) -> None:
        declared, code = self._declared, self._code
        for word, fixed in (("system", declared.system), ("object", declared.object), ("id", None)):
            here, given = f"target_{word}", attribute("target", word)
            if fixed is not None:
                code.set(here, given)
                known = code.constant(fixed)
                differs = py.Compare(name(here), [py.NotEq()], [known])
                code.add(none_if(py.BoolOp(py.And(), [is_something(name(here)), differs])))
                if word in asked:
                    code.set(here, known)
                    self._where["target", word] = name(here)
            elif word in asked:
                code.set(here, given)
                code.add(self._absent_for_none(here))
                self._where["target", word] = name(here)
        code.set("entries", attribute("target", "attributes", "_entries"))
        if declared.target is None:
            code.add(none_if(name("entries")))
        else:
            self._fields("attribute", declared.target, partial=True, root="target")

    def _agent(self) -> None:
        code = self._code
        names = sorted({s.path[1] for s in self._slots if s.path[0] == "agent"})
        if not names:
            return
        code.set("agent", attribute("action", "agent"))
        code.add(
            py.If(is_none(name("agent")), [code.assign("agent", code.constant(_NO_AGENT))], [])
        )
        if set(names) - {"id", "owner"}:
            code.set("attributes", attribute("agent", "attributes", "_entries"))
        for number, word in enumerate(names):
            here = f"agent{number}"
            if word in ("id", "owner"):
                code.set(here, attribute("agent", word))
                code.add(self._absent_for_none(here))
            else:
                read = code.constant(_attribute_reader(word))
                code.set(here, call(read, name("attributes")))
                code.add(none_if(is_none(name(here))))
            self._where["agent", word] = name(here)

    def _context(self) -> None:
        names = sorted({s.path[1] for s in self._slots if s.path[0] == "context"})
        for word in names:
            here = f"context_{word}"
            self._code.set(here, attribute("action", "context", word))
            too_long = py.Compare(call(name("len"), name(here)), [py.Gt()], [py.Constant(MAX_TEXT)])
            self._code.add(none_if(py.BoolOp(py.And(), [is_something(name(here)), too_long])))
            self._code.add(self._absent_for_none(here))
            self._where["context", word] = name(here)

    def _absent_for_none(self, here: str) -> py.stmt:
        absent = [self._code.assign(here, self._code.constant(ABSENT))]
        return py.If(is_none(name(here)), absent, [])


def _attribute_reader(word: str) -> Callable[[dict[Any, Any]], Any]:
    """Return the reader of an attribute of the agent, which is taken as it stands."""
    key = map_key(word)

    def read(entries: dict[Any, Any]) -> Any:
        found = entries.get(key)
        if found is None:
            return ABSENT
        return untyped(found[1]) if is_small(found[1]) else None

    return read
