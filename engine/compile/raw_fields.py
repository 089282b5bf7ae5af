"""A declared field -> code that checks its value in a dict, and reads it as its type says.

What `checks.py` writes for values that an action holds already is written here for those of JSON:
texts are put into normal form, and money is read, in hundredths where only its amount is asked for.
"""

from __future__ import annotations

import ast as py

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass
from gatewright.engine.compile.checks import Checks
from gatewright.engine.compile.fields import (
    WHOLES,
    hundredths,
    money_of,
    parts_of,
    reader_of,
    reader_of_hundredths,
)
from gatewright.engine.compile.pycode import (
    Code,
    attribute,
    call,
    is_none,
    is_not,
    name,
    none_if,
    unless,
)
from gatewright.engine.reading import given


@dataclass(frozen=True, slots=True)
class FieldCode:
    """The code that checks and reads a field, and the variable that has its value afterwards."""

    steps: list[py.stmt]
    variable: str
    in_hundredths: bool = False
    """Whether that is an amount of money as a whole number of hundredths."""


class RawFields:
    """Writes the reading of fields of dicts. `raw` is the variable that has what was given."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._checks = Checks(code)

    def read(self, raw: str, field: t.FieldType, *, only_amount: bool) -> FieldCode:
        """Return the reading of a field; `only_amount` where nothing else of money is asked for."""
        match field.type:
            case t.StringType() | t.EnumType() | t.INT | t.BOOL if field.refinement is None:
                return FieldCode(self._simple(raw, field), raw)
            case t.INT if (bound := self._checks.bound(raw, field)) is not None:
                return FieldCode([*self._simple(raw, field), bound], raw)
            case t.MoneyType(currency=str(currency)) if only_amount:
                found = self._amount(raw, field, currency)
                if found is not None:
                    return FieldCode(found, f"{raw}_hundredths", in_hundredths=True)
            case t.MoneyType(currency=currency) if field.refinement is None:
                return FieldCode(self._money(raw, currency), f"{raw}_value")
            case _:
                pass
        value = f"{raw}_value"
        steps: list[py.stmt] = [
            self._code.assign(raw, call(self._code.constant(given.plain), name(raw))),
            self._code.assign(value, call(self._code.constant(reader_of(field)), name(raw))),
            none_if(is_none(name(value))),
        ]
        return FieldCode(steps, value)

    def _simple(self, raw: str, field: t.FieldType) -> list[py.stmt]:
        checks = self._checks.of(raw, field)
        if isinstance(field.type, t.StringType):
            # Not before it is known to be a text: its length counts in normal form.
            is_text, (length,) = none_if(is_not(name(raw), "str")), checks[-1:]
            return [is_text, self._normal(raw), length]
        return checks

    def _normal(self, variable: str) -> py.stmt:
        ascii_ = call(attribute(variable, "isascii"))
        normal = call(self._code.constant(given.normal), name(variable))
        return py.If(py.UnaryOp(py.Not(), ascii_), [self._code.assign(variable, normal)], [])

    def _money(self, raw: str, currency: str | None) -> list[py.stmt]:
        """Return the reading of money as it is, of one currency or any."""
        value = name(f"{raw}_value")
        steps: list[py.stmt] = [
            none_if(is_not(name(raw), "str")),
            self._code.assign(value.id, call(self._code.constant(money_of), name(raw))),
            none_if(is_none(value)),
        ]
        if currency is not None:
            given = py.Attribute(value, "currency", py.Load())
            steps.append(none_if(py.Compare(given, [py.NotEq()], [py.Constant(currency)])))
        return steps

    def _amount(self, raw: str, field: t.FieldType, currency: str) -> list[py.stmt] | None:
        """Return the reading of money of one currency in hundredths; None where bounds forbid."""
        value, code = f"{raw}_hundredths", self._code
        find = [py.Attribute(code.constant(table), "get", py.Load())
                for table in (parts_of(currency), WHOLES)]  # fmt: skip
        halves = [py.Name(each, py.Store()) for each in ("whole", "point", "part")]
        found = py.BinOp(name("whole"), py.Add(), name("part"))
        unknown = py.BoolOp(py.Or(), [is_none(name("whole")), is_none(name("part"))])
        in_full = call(code.constant(reader_of_hundredths(currency)), name(raw))
        steps: list[py.stmt] = [
            none_if(is_not(name(raw), "str")),
            py.Assign(
                [py.Tuple([*halves], py.Store())],
                call(attribute(raw, "partition"), py.Constant(".")),
            ),
            code.assign("part", call(find[0], name("part"))),
            code.assign("whole", call(find[1], name("whole"))),
            py.If(
                unknown,
                [code.assign(value, in_full), none_if(is_none(name(value)))],
                [code.assign(value, found)],
            ),
        ]
        if field.refinement is None:
            return steps
        bound = self._checks.money_bound(field)
        operator = field.refinement.operator
        limit = None if bound is None else hundredths(bound, operator)
        if limit is None:
            return None
        return [*steps, unless(operator, name(value), py.Constant(limit))]
