"""How code checks a value by its declared type, where that takes a few steps.

The code of an action that was read (`fit.py`) and that of a dict (`raw.py`) share these.
"""

from __future__ import annotations

import ast as py
from decimal import Decimal

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.engine.compile.fields import money_of, reader_of
from gatewright.engine.compile.native_cost import MAX_TEXT
from gatewright.engine.compile.pycode import Code, call, is_none, is_not, name, none_if, unless
from gatewright.engine.reading.given import normal
from gatewright.engine.reading.problems import ActionError
from gatewright.engine.values import INT_MAX, INT_MIN, Money


def is_normal(text: str) -> bool:
    """Tell whether an action can hold the text as it is."""
    try:
        return normal(text) == text
    except ActionError:
        return False


class Checks:
    """Writes the checks of single values, which give None for what does not fit."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def value(self, here: str, field: t.FieldType) -> list[py.stmt]:
        """Return the check of a value that was read, and what makes it as its type says."""
        match field.type:
            case t.MoneyType(currency=currency):
                checks = self._money_checks(here, currency)
            case t.StringType() | t.EnumType() | t.BOOL | t.INT:
                checks = self.of(here, field)
            case _:
                return self._in_full(here, field)
        if field.refinement is None:
            return checks
        bound = self.bound(here, field)
        return [*checks, bound] if bound is not None else self._in_full(here, field)

    def _money_checks(self, here: str, currency: str | None) -> list[py.stmt]:
        value, code = name(here), self._code
        read = code.assign(here, call(code.constant(money_of), value))
        is_other = is_not(value, "Money", code.constant(Money))
        checks: list[py.stmt] = [py.If(is_other, [read, none_if(is_none(value))], [])]
        if currency is not None:
            given = py.Attribute(value, "currency", py.Load())
            checks.append(none_if(py.Compare(given, [py.NotEq()], [py.Constant(currency)])))
        return checks

    def _in_full(self, here: str, field: t.FieldType) -> list[py.stmt]:
        read = self._code.constant(reader_of(field))
        return [
            self._code.assign(here, call(read, name(here))),
            none_if(is_none(name(here))),
        ]

    def of(self, here: str, field: t.FieldType) -> list[py.stmt]:
        """Return the checks of a text, an enum, a bool or an int in a variable.

        The last one of a text is that of its length. Refinements are left out.
        """
        value, code = name(here), self._code
        match field.type:
            case t.StringType(max_length=longest):
                limit = MAX_TEXT if longest is None else min(longest, MAX_TEXT)
                too_long = py.Compare(call(name("len"), value), [py.Gt()], [py.Constant(limit)])
                return [none_if(is_not(value, "str")), none_if(too_long)]
            case t.EnumType(values=values):
                # Texts of actions are in normal form, so that a value in another fits nothing.
                known = code.constant(frozenset([v for v in values if is_normal(v)]))
                unknown = py.Compare(value, [py.NotIn()], [known])
                return [none_if(is_not(value, "str")), none_if(unknown)]
            case t.BOOL:
                return [none_if(is_not(value, "bool"))]
            case t.INT:
                low, high = py.Constant(INT_MIN), py.Constant(INT_MAX)
                fits = py.Compare(low, [py.LtE(), py.LtE()], [value, high])
                return [none_if(is_not(value, "int")), none_if(py.UnaryOp(py.Not(), fits))]
            case _:
                raise TypeError("a type that takes more than a few steps")

    def bound(self, here: str, field: t.FieldType) -> py.stmt | None:
        """Return the check of a refinement by a literal of the very type; None for all else."""
        refinement = field.refinement
        if refinement is None:
            return None
        money = self.money_bound(field)
        if money is not None:
            amount = py.Attribute(name(here), "amount", py.Load())
            return unless(refinement.operator, amount, self._code.constant(money))
        match refinement.bound:
            case ast.IntLiteral(value=number):
                return unless(refinement.operator, name(here), py.Constant(number))
            case _:
                return None

    def money_bound(self, field: t.FieldType) -> Decimal | None:
        """Return the amount of a refinement of money in the very currency of the type."""
        match field.refinement:
            case ast.Refinement(bound=ast.MoneyLiteral(amount=amount, currency=currency)):
                return amount if field.type == t.MoneyType(currency) else None
            case _:
                return None
