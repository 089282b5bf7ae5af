"""What tables cannot hold -> functions that are called when a decision gets there.

Table atoms occur here too: in rows that stay whole because no tree would be small enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gatewright.engine.compile.formula import (
    And,
    Atom,
    Below,
    Counted,
    Error,
    Formula,
    Literal,
    Member,
    Opaque,
    Present,
)
from gatewright.engine.compile.tree import ABSENT, Residual, Unsure, Values
from gatewright.engine.values import nfc

Holds = Callable[[Opaque], Residual]
"""Makes an opaque condition ready to be evaluated."""


def residual(formula: Formula, opaque: Holds) -> Residual:
    """Return the function that evaluates a formula, left to right, as far as needed.

    It raises where the formula comes to an error, or may.
    """
    if isinstance(formula, Literal):
        return _literal(formula, opaque)
    if isinstance(formula, Error):
        return _unsure
    if isinstance(formula, bool):
        return lambda values, asking: formula
    parts = tuple(residual(part, opaque) for part in formula.parts)
    if isinstance(formula, And):
        return lambda values, asking: all(part(values, asking) for part in parts)
    return lambda values, asking: any(part(values, asking) for part in parts)


def _unsure(values: Values, asking: Any) -> bool:
    raise Unsure


def _literal(literal: Literal, opaque: Holds) -> Residual:
    holds = _atom(literal.atom, opaque)
    return (lambda values, asking: not holds(values, asking)) if literal.negated else holds


def _atom(atom: Atom, opaque: Holds) -> Residual:
    if isinstance(atom, Opaque):
        return opaque(atom)
    if isinstance(atom, Counted):
        name, most = atom.exception, atom.max_uses
        return lambda values, asking: asking.has_uses_left(name, most)
    if isinstance(atom, Present):
        slot = atom.slot
        return lambda values, asking: values[slot] is not ABSENT
    return _member(atom) if isinstance(atom, Member) else _below(atom)


def _member(atom: Member) -> Residual:
    slot, wanted = atom.slot, atom.values

    def holds(values: Values, asking: Any) -> bool:
        value = values[slot]
        if value is ABSENT:
            raise Unsure
        if type(value) is str:
            return nfc(value) in wanted
        # A slot of type any may hold a value of another kind, which equals no text.
        return value in wanted if not isinstance(next(iter(wanted)), str) else False

    return holds


def _below(atom: Atom) -> Residual:
    if not isinstance(atom, Below):
        raise TypeError("an atom that is not known")
    slot, bound, inclusive = atom.slot, atom.bound, atom.inclusive

    def holds(values: Values, asking: Any) -> bool:
        value = values[slot]
        if value is ABSENT:
            raise Unsure
        return bool(value <= bound if inclusive else value < bound)

    return holds
