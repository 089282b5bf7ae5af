"""A declared action type -> native code that checks an action and reads its slots.

The code is made as Python's syntax tree, never as text. What it cannot settle in a few steps (an
unusual value, one that does not fit) it leaves to the interpreter, by giving None: then nothing was
decided yet. It accepts no action that `conform` finds a problem in, and reads the same values.
"""

from __future__ import annotations

import ast as py
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.policy import ActionType
from gatewright.engine.action import Action, Agent, Target
from gatewright.engine.compile.inline import Inliner, ReadSlot
from gatewright.engine.compile.native_cost import MAX_TEXT, is_small
from gatewright.engine.compile.pycode import Code, call, compared, is_not, name, none_if
from gatewright.engine.compile.slots import Path, Slot
from gatewright.engine.compile.tree import ABSENT, Node, Rows
from gatewright.engine.decision import Answer
from gatewright.engine.reading.conform import TypeReader
from gatewright.engine.reading.problems import Place
from gatewright.engine.reading.untyped import untyped
from gatewright.engine.values import INT_MAX, INT_MIN, NOTHING, Map, Money, Value, map_key

_NO_TARGET: Final = Target()
_NO_AGENT: Final = Agent()

_USUAL_MONEY: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ([A-Z]{3})").fullmatch

Fit = Callable[[Action], list[Any] | None]
Decide = Callable[[Action, int, Any], Answer | None]


def fitting(declared: ActionType, slots: Sequence[Slot]) -> Fit:
    """Return the function that gives the values of an action by slot, or None."""
    return _Writer(declared, slots, ("action",)).fit()


def deciding(
    declared: ActionType, slots: Sequence[Slot], tree: Node, answer: Callable[[Rows], Answer]
) -> Decide:
    """Return the function that reads an action and decides by a small tree, all in one.

    It takes the action, the instant in nanoseconds, and whom conditions may ask; it gives None
    where the interpreter has to decide.
    """
    return _Writer(declared, slots, ("action", "now", "asking")).decide(tree, answer)


def _typed(field: t.FieldType) -> Callable[[Value], Value | None]:
    """Return the reader of a field in full; it gives None for what does not fit."""
    declared = RecordOfOne(field)

    def read(raw: Value) -> Any:
        return declared.value(raw)

    return read


class RecordOfOne:
    """Reads single values as fields of a record are read."""

    def __init__(self, field: t.FieldType) -> None:
        self._record = t.RecordType("value", (("value", field),))

    def value(self, raw: Value) -> Any:
        """Return the typed value, or None where it does not fit."""
        reader = TypeReader()
        fitted = reader.fields(Map([("value", raw)]), self._record, Place("value"))
        if reader.problems or "value" not in fitted:
            return None
        value = fitted["value"]
        return value if is_small(value) else None


def _money(raw: Value) -> Money | None:
    """Return money that was given as text; None for all else, which is read in full elsewhere."""
    if isinstance(raw, Money):
        return raw
    match = _USUAL_MONEY(raw) if type(raw) is str else None
    if match is None:
        return None
    money = object.__new__(Money)
    # So few digits are exact and in plain form already.
    object.__setattr__(money, "amount", Decimal(match[1]))
    object.__setattr__(money, "currency", match[2])
    return money


class _Writer:
    def __init__(
        self, declared: ActionType, slots: Sequence[Slot], parameters: tuple[str, ...]
    ) -> None:
        self._declared = declared
        self._slots = slots
        self._code = Code("decide", parameters)
        self._where: dict[Path, py.expr] = {}

    def fit(self) -> Fit:
        self._read()
        self._code.add(py.Return(py.List(self._values(), py.Load())))
        return self._code.function()  # type: ignore[no-any-return]

    def decide(self, tree: Node, answer: Callable[[Rows], Answer]) -> Decide:
        self._read()
        self._where["now",] = name("now")
        self._where["risk",] = py.Constant(0)
        self._code.extend(Inliner(self._code, self._read_slots(), answer).statements(tree))
        return self._code.function()  # type: ignore[no-any-return]

    def _read(self) -> None:
        self._params()
        self._changes()
        self._target()
        self._agent()
        self._context()

    def _values(self) -> list[py.expr]:
        return [self._value(slot) for slot in self._slots]

    def _read_slots(self) -> list[ReadSlot]:
        texts = (t.StringType, t.EnumType)
        return [ReadSlot(self._value(slot), isinstance(slot.type, texts)) for slot in self._slots]

    def _value(self, slot: Slot) -> py.expr:
        """Return the code of a slot's value; `now` and `risk` are filled in by others."""
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
        self._code.set("entries", _path("action", "params", "_entries"))
        self._fields("param", self._declared.params, partial=False, root="action")

    def _fields(self, prefix: str, record: t.RecordType, *, partial: bool, root: str) -> None:
        """Read the fields of a record out of `entries`; none may be there that it does not list."""
        code, required = self._code, 0
        code.set("found", py.Constant(0))
        for number, (field_name, field) in enumerate(record.fields):
            here = f"{prefix}{number}"
            key = code.constant(map_key(field_name))
            code.set(here, call(_attribute("entries", "get"), key))
            take = [code.assign(here, py.Subscript(name(here), py.Constant(1), py.Load()))]
            take += self._checks(here, field)
            if partial or field.optional:
                more = py.AugAssign(py.Name("found", py.Store()), py.Add(), py.Constant(1))
                missing = [code.assign(here, code.constant(ABSENT))]
                code.add(py.If(_is_none(name(here)), missing, [*take, more]))
            else:
                required += 1
                code.add(none_if(_is_none(name(here))))
                code.extend(take)
            self._where[root, field_name] = name(here)
        wanted = py.BinOp(name("found"), py.Add(), py.Constant(required))
        code.add(none_if(py.Compare(call(name("len"), name("entries")), [py.NotEq()], [wanted])))

    def _checks(self, here: str, field: t.FieldType) -> list[py.stmt]:
        """Return the statements that check a value by its type, and put it as it should be."""
        value, code = name(here), self._code
        match field.type:
            case t.StringType(max_length=longest):
                limit = MAX_TEXT if longest is None else min(longest, MAX_TEXT)
                too_long = py.Compare(call(name("len"), value), [py.Gt()], [py.Constant(limit)])
                checks = [none_if(py.BoolOp(py.Or(), [is_not(value, "str"), too_long]))]
            case t.EnumType(values=values):
                known = code.constant(frozenset(values))
                unknown = py.Compare(value, [py.NotIn()], [known])
                checks = [none_if(py.BoolOp(py.Or(), [is_not(value, "str"), unknown]))]
            case t.MoneyType(currency=currency):
                checks = self._money_checks(here, currency)
            case t.BOOL:
                checks = [none_if(is_not(value, "bool"))]
            case t.INT:
                low, high = py.Constant(INT_MIN), py.Constant(INT_MAX)
                fits = py.Compare(low, [py.LtE(), py.LtE()], [value, high])
                bad = py.UnaryOp(py.Not(), fits)
                checks = [none_if(py.BoolOp(py.Or(), [is_not(value, "int"), bad]))]
            case _:
                return self._in_full(here, field)
        if field.refinement is None:
            return checks
        bound = self._bound(here, field.refinement, field.type)
        return [*checks, bound] if bound is not None else self._in_full(here, field)

    def _money_checks(self, here: str, currency: str | None) -> list[py.stmt]:
        value, code = name(here), self._code
        read = code.assign(here, call(code.constant(_money), value))
        checks: list[py.stmt] = [
            py.If(
                is_not(value, "Money", code.constant(Money)), [read, none_if(_is_none(value))], []
            )
        ]
        if currency is not None:
            given = py.Attribute(value, "currency", py.Load())
            checks.append(none_if(py.Compare(given, [py.NotEq()], [py.Constant(currency)])))
        return checks

    def _in_full(self, here: str, field: t.FieldType) -> list[py.stmt]:
        read = self._code.constant(_typed(field))
        return [
            self._code.assign(here, call(read, name(here))),
            none_if(_is_none(name(here))),
        ]

    def _bound(self, here: str, refinement: ast.Refinement, type_: t.Type) -> py.stmt | None:
        """Return the check of a refinement by a literal of the very type; None for all else."""
        value: py.expr = name(here)
        match refinement.bound:
            case ast.MoneyLiteral(amount=amount, currency=c) if type_ == t.MoneyType(c):
                value = py.Attribute(value, "amount", py.Load())
                bound = self._code.constant(amount)
            case ast.IntLiteral(value=number):
                bound = py.Constant(number)
            case _:
                return None
        return none_if(py.UnaryOp(py.Not(), compared(refinement.operator, value, bound)))

    # --- the rest of an action

    def _changes(self) -> None:
        declared, code = self._declared.changes, self._code
        code.set("changes", _path("action", "changes", "_fields"))
        if declared.open or not declared.fields:
            code.add(none_if(name("changes")))
            return
        code.set("found", py.Constant(0))
        for number, (field_name, field) in enumerate(declared.fields):
            here = f"change{number}"
            code.set(here, call(_attribute("changes", "get"), py.Constant(field_name)))
            sides = [f"{here}_{side}" for side in ("old", "new")]
            read = code.constant(_side(field))
            present: list[py.stmt] = []
            for place, side in enumerate(sides):
                raw = py.Subscript(name(here), py.Constant(place), py.Load())
                present += [code.assign(side, call(read, raw)), none_if(_is_none(name(side)))]
            present.append(py.AugAssign(py.Name("found", py.Store()), py.Add(), py.Constant(1)))
            absent = [code.assign(each, code.constant(ABSENT)) for each in (here, *sides)]
            code.add(py.If(_is_none(name(here)), absent, present))
            self._where["changes", field_name] = name(here)
            for side, word in zip(sides, ("old", "new"), strict=True):
                self._where["changes", field_name, word] = name(side)
        count = call(name("len"), name("changes"))
        code.add(none_if(py.Compare(count, [py.NotEq()], [name("found")])))

    def _target(self) -> None:
        """Check the target where there is one, and read what slots ask of it."""
        _declared, code = self._declared, self._code
        asked = {slot.path[1] for slot in self._slots if slot.path[0] == "target"}
        code.set("target", _path("action", "target"))
        if not asked:
            whole, code.body = code.body, []
            self._target_parts(asked)
            whole.append(py.If(_is_something(name("target")), code.body, []))
            code.body = whole
            return
        code.set("target", py.BoolOp(py.Or(), [name("target"), code.constant(_NO_TARGET)]))
        self._target_parts(asked)

    def _target_parts(self, asked: set[str]) -> None:
        declared, code = self._declared, self._code
        for word, fixed in (("system", declared.system), ("object", declared.object), ("id", None)):
            here, given = f"target_{word}", _path("target", word)
            if fixed is not None:
                code.set(here, given)
                known = code.constant(fixed)
                differs = py.Compare(name(here), [py.NotEq()], [known])
                code.add(none_if(py.BoolOp(py.And(), [_is_something(name(here)), differs])))
                if word in asked:
                    code.set(here, known)
                    self._where["target", word] = name(here)
            elif word in asked:
                code.set(here, given)
                code.add(self._absent_for_none(here))
                self._where["target", word] = name(here)
        code.set("entries", _path("target", "attributes", "_entries"))
        if declared.target is None:
            code.add(none_if(name("entries")))
        else:
            self._fields("attribute", declared.target, partial=True, root="target")

    def _agent(self) -> None:
        code = self._code
        names = sorted({s.path[1] for s in self._slots if s.path[0] == "agent"})
        if not names:
            return
        code.set("agent", _path("action", "agent"))
        code.add(
            py.If(_is_none(name("agent")), [code.assign("agent", code.constant(_NO_AGENT))], [])
        )
        if set(names) - {"id", "owner"}:
            code.set("attributes", _path("agent", "attributes", "_entries"))
        for number, word in enumerate(names):
            here = f"agent{number}"
            if word in ("id", "owner"):
                code.set(here, _attribute("agent", word))
                code.add(self._absent_for_none(here))
            else:
                read = code.constant(_attribute_reader(word))
                code.set(here, call(read, name("attributes")))
                code.add(none_if(_is_none(name(here))))
            self._where["agent", word] = name(here)

    def _context(self) -> None:
        names = sorted({s.path[1] for s in self._slots if s.path[0] == "context"})
        for word in names:
            here = f"context_{word}"
            self._code.set(here, _path("action", "context", word))
            too_long = py.Compare(call(name("len"), name(here)), [py.Gt()], [py.Constant(MAX_TEXT)])
            self._code.add(none_if(py.BoolOp(py.And(), [_is_something(name(here)), too_long])))
            self._code.add(self._absent_for_none(here))
            self._where["context", word] = name(here)

    def _absent_for_none(self, here: str) -> py.stmt:
        absent = [self._code.assign(here, self._code.constant(ABSENT))]
        return py.If(_is_none(name(here)), absent, [])


def _side(field: t.FieldType) -> Callable[[Value], Any]:
    """Return the reader of one side of a change: ABSENT where it was not given, None if unfit."""
    record = RecordOfOne(field)

    def read(raw: Value) -> Any:
        if raw is NOTHING or raw is None:
            return ABSENT if field.optional else None if raw is NOTHING else record.value(raw)
        return record.value(raw)

    return read


def _attribute_reader(word: str) -> Callable[[dict[Any, Any]], Any]:
    """Return the reader of an attribute of the agent, which is taken as it stands."""
    key = map_key(word)

    def read(entries: dict[Any, Any]) -> Any:
        found = entries.get(key)
        if found is None:
            return ABSENT
        return untyped(found[1]) if is_small(found[1]) else None

    return read


def _path(*parts: str) -> py.expr:
    expr: py.expr = name(parts[0])
    for part in parts[1:]:
        expr = py.Attribute(expr, part, py.Load())
    return expr


def _attribute(of: str, word: str) -> py.expr:
    return _path(of, word)


def _is_none(expr: py.expr) -> py.expr:
    return py.Compare(expr, [py.Is()], [py.Constant(None)])


def _is_something(expr: py.expr) -> py.expr:
    return py.Compare(expr, [py.IsNot()], [py.Constant(None)])
