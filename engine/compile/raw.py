"""A declared action type -> code that checks a dict in the JSON shape and reads its slots.

As `fit.py` does for an action that was read, without making one: what the code takes are plain
dicts whose keys are the declared ones, and values that cannot change. Each value is read once, and
kept, so that what is explained is what was decided on, whatever becomes of the dict. All else the
code leaves to `Action.read`, by giving None or raising. It takes no proposal in which `Action.read`
or `conform` finds a problem, and reads the same values.

HOT: deciding about a dict; to find keys and to look at their classes are most of it.
"""

from __future__ import annotations

import ast as py
from collections.abc import Sequence
from time import time_ns
from typing import Final

from gatewright.dsl import types as t
from gatewright.dsl.policy import ActionType
from gatewright.engine.cel.untyped import untyped
from gatewright.engine.compile.fields import amount_of, reader_of_side
from gatewright.engine.compile.inline import ReadSlot
from gatewright.engine.compile.native_cost import MAX_TEXT, is_small
from gatewright.engine.compile.pycode import (
    Code,
    attribute,
    call,
    is_none,
    is_not,
    is_something,
    more,
    name,
    none_if,
)
from gatewright.engine.compile.raw_fields import RawFields
from gatewright.engine.compile.slots import Path, Slot
from gatewright.engine.compile.tree import ABSENT
from gatewright.engine.reading import given
from gatewright.engine.reading.proposal import MAX_NAME
from gatewright.engine.values import Value

_LEFT: Final = "left"
"""The variable that counts the keys of a proposal which were not looked at.

HOT: as for every object, all keys that may be there are taken off at once, and those that are
missing added again one by one, since most are there.
"""


class Raw:
    """Writes the code that checks the variable `action`, a dict, for one type."""

    def __init__(self, declared: ActionType, slots: Sequence[Slot], code: Code) -> None:
        self._declared = declared
        self._slots = slots
        self._code = code
        self._raw_fields = RawFields(code)
        self._where: dict[Path, py.expr] = {("now",): name("nanos"), ("risk",): py.Constant(0)}
        self._hundredths: set[Path] = set()
        self._kept: list[tuple[given.Path, str]] = []
        self._parts = 2
        """How many keys of a proposal are looked at: its name and instant, and then the others."""
        code.extend(self._texts_as_keys("action"))
        self._instant()
        self._params()
        self._changes()
        self._part("target", self._target())
        self._part("agent", self._agent())
        self._part("context", self._context())
        self._key()
        code.body.insert(1, self._unseen(_LEFT, "action", self._parts))
        code.add(none_if(name(_LEFT)))

    def kept(self) -> py.expr:
        """Return the code of what the decision keeps: a layout and the values by it."""
        layout = given.Layout(self._declared.name, [path for path, _ in self._kept])
        values = [name(variable) for _, variable in self._kept]
        return py.Tuple([self._code.constant(layout), *values], py.Load())

    # --- slots

    def slots(self) -> list[ReadSlot]:
        """Return the code of the values of the slots, once all was checked."""
        return [self._slot(slot) for slot in self._slots]

    def _slot(self, slot: Slot) -> ReadSlot:
        """Return the code of a slot; a variable that is None stands for nothing."""
        variable = self._where.get(slot.path)
        if variable is None:
            missing = self._code.constant(ABSENT if slot.may_be_absent else None)
            return ReadSlot(missing, there=False if slot.may_be_absent else None)
        is_text = isinstance(slot.type, (t.StringType, t.EnumType))
        if isinstance(variable, py.Constant):
            return ReadSlot(variable, is_text, there=True)
        if slot.path in self._hundredths:
            amount = call(self._code.constant(amount_of), variable)
            listed = self._or_absent(variable, amount)
            return ReadSlot(variable, in_hundredths=True, listed=listed, none_is_absent=True)
        if slot.view in ("value", "exact", "presence") or slot.path == ("now",):
            if not slot.may_be_absent:
                return ReadSlot(variable, is_text)
            listed = self._or_absent(variable, variable)
            return ReadSlot(variable, is_text, listed=listed, none_is_absent=True)
        part = py.Attribute(variable, slot.view, py.Load())
        return ReadSlot(self._or_absent(variable, part) if slot.may_be_absent else part)

    def _or_absent(self, variable: py.expr, value: py.expr) -> py.expr:
        return py.IfExp(is_none(variable), self._code.constant(ABSENT), value)

    def _asked(self, root: str) -> set[str]:
        return {slot.path[1] for slot in self._slots if slot.path[0] == root}

    # --- objects

    def _texts_as_keys(self, variable: str) -> list[py.stmt]:
        """Return the check that keys are texts, and nothing that only says so."""
        no_text = none_if(is_not(name("key"), "str"))
        return [py.For(py.Name("key", py.Store()), name(variable), [no_text], [])]

    def _object(self, variable: str) -> list[py.stmt]:
        """Return the check that a value is a dict of texts."""
        return [none_if(is_not(name(variable), "dict")), *self._texts_as_keys(variable)]

    def _unseen(self, variable: str, of: str, count: int) -> py.stmt:
        """Return what counts the keys of an object, without so many that are looked at."""
        length = call(name("len"), name(of))
        return self._code.assign(variable, py.BinOp(length, py.Sub(), py.Constant(count)))

    def _look_up(self, variable: str, of: str, key: str) -> py.stmt:
        return self._code.assign(variable, call(attribute(of, "get"), py.Constant(key)))

    def _part(self, key: str, steps: tuple[list[py.stmt], list[str]]) -> None:
        """Add the reading of an object that may be missing: its statements, and what they set."""
        statements, variables = steps
        self._code.add(self._look_up(key, "action", key))
        self._parts += 1
        missing = [self._code.assign(each, py.Constant(None)) for each in variables]
        self._code.add(py.If(is_something(name(key)), statements, [*missing, more(_LEFT)]))

    def _keep(self, path: given.Path, variable: str) -> str:
        self._kept.append((path, variable))
        return variable

    # --- parameters and attributes

    def _params(self) -> None:
        record = self._declared.params
        fields, variables = self._fields("params", record, "action", ("params",), partial=False)
        if all(field.optional for _, field in record.fields):
            self._part("params", (fields, variables))
            return
        self._code.set("params", py.Subscript(name("action"), py.Constant("params"), py.Load()))
        self._code.extend(fields)
        self._parts += 1

    def _fields(
        self, of: str, record: t.RecordType, root: str, path: given.Path, *, partial: bool
    ) -> tuple[list[py.stmt], list[str]]:
        """Return the reading of a record's fields, and the variables that it sets.

        Where a field is missing its variables are None.
        """
        steps, variables = self._object(of), list[str]()
        steps.append(self._unseen("unseen", of, len(record.fields)))
        for number, (field_name, field) in enumerate(record.fields):
            raw = self._keep((*path, field_name), f"{of}{number}")
            here = (root, field_name)
            reading = self._raw_fields.read(raw, field, only_amount=self._is_amount(here))
            read, value = reading.steps, reading.variable
            if reading.in_hundredths:
                self._hundredths.add(here)
            variables += [raw] if value == raw else [raw, value]
            self._where[here] = name(value)
            if not (partial or field.optional):
                found = py.Subscript(name(of), py.Constant(field_name), py.Load())
                steps += [self._code.assign(raw, found), *read]
                continue
            missing = [self._code.assign(value, py.Constant(None))] if value != raw else []
            steps.append(self._look_up(raw, of, field_name))
            steps.append(py.If(is_something(name(raw)), read, [*missing, more("unseen")]))
        steps.append(none_if(name("unseen")))
        return steps, variables

    def _is_amount(self, path: Path) -> bool:
        """Tell whether all that is asked of a path is its amount, if anything is."""
        return all(slot.view == "amount" for slot in self._slots if slot.path == path)

    # --- the rest of a proposal

    def _instant(self) -> None:
        """Read `at`, which counts where `evaluate` was given no instant."""
        code, at = self._code, self._keep(("at",), "at")
        code.add(self._look_up("at", "action", "at"))
        known = call(py.Attribute(code.constant(given.INSTANTS), "get", py.Load()), name("at"))
        read = code.assign("nanos", call(code.constant(given.instant), name(at)))
        there = [
            none_if(is_not(name(at), "str")),
            code.assign("nanos", known),
            py.If(is_none(name("nanos")), [read], []),
        ]
        clock = code.assign("nanos", call(code.constant(time_ns)))
        missing = [py.If(is_none(name("now")), [clock], []), more(_LEFT)]
        code.add(py.If(is_something(name(at)), there, missing))
        told = code.assign("nanos", attribute("now", "nanos"))
        code.add(py.If(is_something(name("now")), [told], []))

    def _key(self) -> None:
        key = self._keep(("idempotency_key",), "idempotency_key")
        self._part(key, (self._name(key), []))

    def _name(self, variable: str) -> list[py.stmt]:
        """Return the check of a text that names something."""
        length = call(name("len"), name(variable))
        is_ascii = call(attribute(variable, "isascii"))
        bad: list[py.expr] = [
            is_not(name(variable), "str"),
            py.UnaryOp(py.Not(), name(variable)),
            py.Compare(length, [py.Gt()], [py.Constant(MAX_NAME)]),
            py.UnaryOp(py.Not(), is_ascii),
        ]
        return [none_if(py.BoolOp(py.Or(), bad))]

    def _named(self, of: str, words: Sequence[str]) -> tuple[list[py.stmt], list[str]]:
        """Return the reading of the fixed fields of a part; those missing are added to `rest`."""
        steps: list[py.stmt] = []
        variables: list[str] = []
        asked = self._asked(of)
        for word in words:
            here = self._keep((of, word), f"{of}_{word}")
            variables.append(here)
            fixed = {"system": self._declared.system, "object": self._declared.object}.get(word)
            checks = self._name(here)
            if of == "target" and fixed is not None:
                differs = py.Compare(name(here), [py.NotEq()], [py.Constant(fixed)])
                checks = [none_if(is_not(name(here), "str")), none_if(differs)]
                if word in asked:
                    self._where[of, word] = py.Constant(fixed)
            elif word in asked:
                self._where[of, word] = name(here)
            steps.append(self._look_up(here, of, word))
            steps.append(py.If(is_something(name(here)), checks, [more("rest")]))
        return steps, variables

    def _target(self) -> tuple[list[py.stmt], list[str]]:
        declared, words = self._declared.target, ("system", "object", "id")
        named, variables = self._named("target", words)
        count = len(words) + (declared is not None)
        steps = [*self._object("target"), self._unseen("rest", "target", count), *named]
        if declared is not None:
            path = ("target", "attributes")
            fields, of_fields = self._fields("attributes", declared, "target", path, partial=True)
            variables += of_fields
            missing = [self._code.assign(each, py.Constant(None)) for each in of_fields]
            steps.append(self._look_up("attributes", "target", "attributes"))
            there = is_something(name("attributes"))
            steps.append(py.If(there, fields, [*missing, more("rest")]))
        # An empty one is another action than one without a target.
        kept = [variable for path, variable in self._kept if path[0] == "target"]
        is_empty = py.BoolOp(py.And(), [is_none(name(variable)) for variable in kept])
        return [*steps, none_if(py.BoolOp(py.Or(), [name("rest"), is_empty]))], variables

    def _agent(self) -> tuple[list[py.stmt], list[str]]:
        """Return the reading of an agent; its attributes are copied where it has some."""
        code, words = self._code, ("id", "owner")
        whole = self._keep(("agent",), "attributed")
        named, variables = self._named("agent", words)
        copied = call(code.constant(given.attributes), name("agent"))
        steps = [
            *self._object("agent"),
            none_if(py.UnaryOp(py.Not(), name("agent"))),
            self._unseen("rest", "agent", len(words)),
            *named,
            code.assign(whole, py.Constant(None)),
            py.If(name("rest"), [code.assign(whole, copied)], []),
        ]
        for number, word in enumerate(sorted(self._asked("agent") - {"id", "owner"})):
            here = f"agent{number}"
            read = call(code.constant(_attribute), name(whole), py.Constant(word))
            steps += [code.assign(here, read)]
            variables.append(here)
            self._where["agent", word] = name(here)
        return steps, [whole, *variables]

    def _context(self) -> tuple[list[py.stmt], list[str]]:
        code, whole = self._code, self._keep(("context",), "why")
        steps = [code.assign(whole, call(code.constant(given.context), name("context")))]
        variables = [whole]
        for word in sorted(self._asked("context")):
            here = f"context_{word}"
            steps.append(self._look_up(here, whole, word))
            too_long = py.Compare(call(name("len"), name(here)), [py.Gt()], [py.Constant(MAX_TEXT)])
            steps.append(none_if(py.BoolOp(py.And(), [is_something(name(here)), too_long])))
            variables.append(here)
            self._where["context", word] = name(here)
        return steps, variables

    def _changes(self) -> None:
        """Read the changes of a type that declares some; for one that does not, none may be."""
        declared, code = self._declared.changes, self._code
        if declared.open or not declared.fields:
            return
        count = self._unseen("unseen", "changes", len(declared.fields))
        steps, variables = [*self._object("changes"), count], list[str]()
        for number, (field_name, field) in enumerate(declared.fields):
            raw = self._keep(("changes", field_name), f"changes{number}")
            sides = [f"{raw}_old", f"{raw}_new"]
            read = [code.assign(raw, call(code.constant(given.change), name(raw)))]
            reader = code.constant(reader_of_side(field))
            for place, side in enumerate(sides):
                value = py.Subscript(name(raw), py.Constant(place), py.Load())
                nothing = py.Compare(name(side), [py.Is()], [code.constant(ABSENT)])
                read += [
                    code.assign(side, call(reader, value)),
                    none_if(is_none(name(side))),
                    py.If(nothing, [code.assign(side, py.Constant(None))], []),
                ]
            missing = [code.assign(side, py.Constant(None)) for side in sides]
            steps.append(self._look_up(raw, "changes", field_name))
            steps.append(py.If(is_something(name(raw)), read, [*missing, more("unseen")]))
            variables += [raw, *sides]
            self._where["changes", field_name] = name(raw)
            for side, word in zip(sides, ("old", "new"), strict=True):
                self._where["changes", field_name, word] = name(side)
        steps.append(none_if(name("unseen")))
        self._part("changes", (steps, variables))


def _attribute(agent: dict[str, Value] | None, word: str) -> Value:
    """Return an attribute of an agent as conditions see it, None where it has none.

    Raises ValueError for a large one.
    """
    value = None if agent is None else agent.get(word)
    if not is_small(value):
        raise ValueError(word)
    return None if value is None else untyped(value)
