"""Conditions as boolean formulas over atoms, and what becomes of them when a slot is known.

A formula is true, false, `ERROR`, a `Literal` (an atom with a sign), or an `And` or `Or` of
formulas. Negation is pushed down to the atoms, so that no other node is needed. The three values
combine as conditions do, whatever the order: F && E is F, T && E is E.
Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias

from gatewright.dsl import ast


class Error(Enum):
    """The type of `ERROR`."""

    ERROR = "error"


ERROR: Final = Error.ERROR
"""What a condition comes to that cannot be evaluated."""


class Atom:
    """A test of one slot. Atoms are interned by whoever makes them and compared by identity."""

    __slots__ = ("slot",)

    def __init__(self, slot: int) -> None:
        self.slot = slot


class Member(Atom):
    """Whether the value of a slot is one of some constants; false for a value of another kind."""

    __slots__ = ("values",)

    def __init__(self, slot: int, values: frozenset[Hashable]) -> None:
        super().__init__(slot)
        self.values = values


class Below(Atom):
    """Whether the value of a slot is below a bound, or also at it where `inclusive`."""

    __slots__ = ("bound", "inclusive")

    def __init__(self, slot: int, bound: Ordered, inclusive: bool) -> None:
        super().__init__(slot)
        self.bound = bound
        self.inclusive = inclusive


class Present(Atom):
    """Whether a slot has a value at all."""

    __slots__ = ()


class Opaque(Atom):
    """A condition that tables cannot hold; evaluated when a decision gets to it."""

    __slots__ = ("expression", "package")

    def __init__(self, expression: ast.Expr, package: str) -> None:
        super().__init__(NO_SLOT)
        self.expression = expression
        self.package = package


class Counted(Atom):
    """Whether an exception with `max_uses` still has uses left; asked of the host."""

    __slots__ = ("exception", "max_uses")

    def __init__(self, exception: str, max_uses: int) -> None:
        super().__init__(NO_SLOT)
        self.exception = exception
        self.max_uses = max_uses


NO_SLOT: Final = -1
_NONE: Final[frozenset[int]] = frozenset()

Ordered: TypeAlias = "int | Decimal"
"""What the values of a slot are ordered by."""


class Literal:
    """An atom with a sign."""

    __slots__ = ("atom", "key", "negated", "slots")

    def __init__(self, atom: Atom, negated: bool = False) -> None:
        self.atom = atom
        self.negated = negated
        self.slots: frozenset[int] = _NONE if atom.slot == NO_SLOT else frozenset([atom.slot])
        self.key = hash((id(atom), negated))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Literal) and self.atom is other.atom and self.negated is other.negated
        )

    def __hash__(self) -> int:
        return self.key


class _Joined:
    """Formulas joined by one operator, at least two, none of which decides alone."""

    __slots__ = ("key", "parts", "slots")

    def __init__(self, parts: tuple[Formula, ...]) -> None:
        self.parts = parts
        self.slots: frozenset[int] = frozenset().union(*(slots_of(part) for part in parts))
        self.key = hash((type(self).__name__, parts))

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and isinstance(other, _Joined)
            and self.key == other.key
            and self.parts == other.parts
        )

    def __hash__(self) -> int:
        return self.key


class And(_Joined):
    """All parts."""

    __slots__ = ()


class Or(_Joined):
    """One of the parts."""

    __slots__ = ()


Formula: TypeAlias = bool | Error | Literal | And | Or

Lookup = Callable[[Atom], bool | Error | None]
"""What an atom comes to where something is known about its slot; None leaves it open."""


def slots_of(formula: Formula) -> frozenset[int]:
    """Return the slots that a formula still asks for."""
    return _NONE if isinstance(formula, (bool, Error)) else formula.slots


def conjunction(parts: Iterable[Formula]) -> Formula:
    """Return the AND: F wins, then E stays beside what is still open."""
    return _join(And, parts, decides=False)


def disjunction(parts: Iterable[Formula]) -> Formula:
    """Return the OR: T wins, then E stays beside what is still open."""
    return _join(Or, parts, decides=True)


def _join(kind: type[And] | type[Or], parts: Iterable[Formula], *, decides: bool) -> Formula:
    kept: dict[Formula, None] = {}
    for part in parts:
        if part is decides:
            return decides
        if isinstance(part, kind):
            kept.update(dict.fromkeys(part.parts))
        elif part is not (not decides):
            kept[part] = None
    if len(kept) < 2:
        return next(iter(kept), not decides)
    if ERROR in kept:  # last, so that whoever evaluates in order meets it only if it counts
        del kept[ERROR]
        kept[ERROR] = None
    return kind(tuple(kept))


def negation(formula: Formula) -> Formula:
    """Return `!formula`; the opposite of an error is an error."""
    if isinstance(formula, bool):
        return not formula
    if isinstance(formula, Error):
        return formula
    if isinstance(formula, Literal):
        return Literal(formula.atom, not formula.negated)
    parts = (negation(part) for part in formula.parts)
    return disjunction(parts) if isinstance(formula, And) else conjunction(parts)


def substitute(formula: Formula, slot: int, known: Lookup) -> Formula:
    """Return what is left of a formula where something is known about one slot."""
    if isinstance(formula, (bool, Error)) or slot not in formula.slots:
        return formula
    if isinstance(formula, Literal):
        value = known(formula.atom)
        if value is None:
            return formula
        return value if isinstance(value, Error) else value is not formula.negated
    parts = (substitute(part, slot, known) for part in formula.parts)
    return conjunction(parts) if isinstance(formula, And) else disjunction(parts)


def atoms_of(formula: Formula) -> Iterable[Atom]:
    """Yield the atoms of a formula, in order."""
    todo: list[Formula] = [formula]
    while todo:
        current = todo.pop()
        if isinstance(current, Literal):
            yield current.atom
        elif isinstance(current, _Joined):
            todo.extend(reversed(current.parts))
