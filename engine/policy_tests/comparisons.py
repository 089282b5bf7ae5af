"""Conditions -> the comparisons of something read with a constant, and the values around it.

`action.amount >= 50 USD` is such a comparison; so is a cell of a tier, `x in a .. b`, `x in [...]`
and a test of a text's size. Coverage asks whether tests tried a threshold and the values beside
it; generators of actions lean to them. Knows no outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.checks.constants import NUMBERS, Constant, constant
from gatewright.dsl.macros import find_macro
from gatewright.dsl.walk import children
from gatewright.engine.cel.untyped import UntypedText, read_as
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Duration, Money, Timestamp, Value

Lets: TypeAlias = Mapping[str, ast.Expr]

_ORDERED = frozenset({"<", "<=", ">", ">="})
_SECOND = 10**9
_LEAST_PLACES = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """What a comparison reads: `action.amount` is ("action", "amount").

    `sized` where its size is compared. `expression` is what has the value: the path or the call.
    """

    path: tuple[str, ...]
    sized: bool
    expression: ast.Expr

    @property
    def text(self) -> str:
        """The subject as written."""
        name = ".".join(self.path)
        return f"{name}.size()" if self.sized else name


@dataclass(frozen=True, slots=True)
class Comparison:
    """A subject beside a constant; `ordered` where more or less matters, not only equality."""

    subject: Subject
    bound: Constant
    ordered: bool
    node: ast.Expr


def comparisons(expr: ast.Expr, lets: Lets) -> Iterator[Comparison]:
    """Yield the comparisons in an expression, in the order written.

    The bodies of macros are left out: what they read changes from turn to turn.
    """
    for node in outside_macros(expr):
        match node:
            case ast.Binary("in", left, right):
                yield from _members(node, left, right, lets)
            case ast.Binary(operator, left, right) if operator not in {"+", "-", "*", "/", "%"}:
                ordered = operator in _ORDERED
                yield from _pair(node, left, right, ordered, lets)
                yield from _pair(node, right, left, ordered, lets)
            case ast.Between(value, low, high):
                yield from _pair(node, value, low, True, lets)
                yield from _pair(node, value, high, True, lets)
            case _:
                pass


def outside_macros(expr: ast.Expr) -> Iterator[ast.Expr]:
    """Yield an expression and what is below it, parents first, without the bodies of macros."""
    todo = [expr]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(list(_parts(node))))


def _parts(node: ast.Expr) -> Iterator[ast.Expr]:
    match node:
        case ast.MethodCall(target, method, arguments) if find_macro(method, True, len(arguments)):
            yield target
        case ast.MethodCall(ast.Name("cel"), "bind", _):
            return
        case _:
            yield from children(node)


def _pair(
    node: ast.Expr, read: ast.Expr, other: ast.Expr, ordered: bool, lets: Lets
) -> Iterator[Comparison]:
    subject = subject_of(read, lets)
    bound = constant(other, lets) if subject is not None else None
    if subject is not None and bound is not None:
        yield Comparison(subject, bound, ordered, node)


def _members(node: ast.Expr, read: ast.Expr, listed: ast.Expr, lets: Lets) -> Iterator[Comparison]:
    subject = subject_of(read, lets)
    values = constant(listed, lets) if subject is not None else None
    if subject is not None and values is not None and isinstance(values.value, tuple):
        for value in values.value:
            yield Comparison(subject, value, False, node)


def subject_of(expr: ast.Expr, lets: Lets) -> Subject | None:
    """Return what an expression reads, where it is a plain path or the size of one."""
    match expr:
        case ast.MethodCall(measured, "size", ()):
            path = _path(measured, lets)
            return Subject(path, True, expr) if path else None
        case ast.Call("size", (ast.Argument(None, measured),)):
            path = _path(measured, lets)
            return Subject(path, True, expr) if path else None
        case _:
            path = _path(expr, lets)
            return Subject(path, False, expr) if path else None


def _path(expr: ast.Expr, lets: Lets) -> tuple[str, ...] | None:
    """Return the names of `a.b.c`; a name alone is a path only where it is no let."""
    fields: list[str] = []
    while isinstance(expr, ast.Select) and not expr.optional:
        fields.append(expr.field)
        expr = expr.operand
    if not isinstance(expr, ast.Name) or expr.name in lets:
        return None
    return (expr.name, *reversed(fields))


# --- the values around a constant


def step(bound: Constant) -> Decimal | int:
    """Return the smallest step that people would try beside a constant, by how it is written.

    1 for an integer, a second for instants and durations, 0.01 for other numbers, the smallest unit
    for money; a constant with more decimal places has its own last place.

    >>> step(Constant("money", Decimal("0.125"), "USD")), step(Constant("int", 5))
    (Decimal('0.001'), 1)
    """
    if bound.kind in {"duration", "timestamp"}:
        return _SECOND
    if isinstance(bound.value, Decimal):
        exponent = bound.value.as_tuple().exponent
        written = -exponent if isinstance(exponent, int) else 0
        return Decimal(1).scaleb(-max(written, _places(bound)))
    return 1


def _places(bound: Constant) -> int:
    """Return how many decimal places people use: those of the currency, or two."""
    if bound.kind != "money":
        return _LEAST_PLACES
    return len(Money(Decimal(1), bound.currency).text.split(" ")[0].partition(".")[2])


def beside(bound: Constant, direction: int, *, whole: bool = False) -> Constant:
    """Return the value one step below (-1) or above (1); the next whole number where `whole`."""
    assert isinstance(bound.value, int | Decimal)  # noqa: S101 - only these have a step
    if whole and isinstance(bound.value, Decimal):
        nearest = math.ceil(bound.value) - 1 if direction < 0 else math.floor(bound.value) + 1
        return Constant("int", nearest)
    return Constant(bound.kind, bound.value + step(bound) * direction, bound.currency)


def has_steps(bound: Constant) -> bool:
    """Tell whether a constant has values just below and above it: numbers, money and times."""
    return bound.kind in NUMBERS | {"money", "duration", "timestamp"}


def distance(value: Value, bound: Constant) -> Decimal | None:
    """Return how far a value lies above a constant, in steps; None where they do not compare.

    A whole number counts in ones, also beside a constant with decimal places.
    """
    given = _comparable(value, bound)
    if given is None or not isinstance(bound.value, int | Decimal):
        return None
    size = Decimal(step(bound))
    if isinstance(value, int):
        size = max(size, Decimal(1))
    return (given - bound.value) / size


def _comparable(value: Value, bound: Constant) -> Decimal | None:
    if isinstance(value, UntypedText):
        try:
            value = read_as(value, bound.kind)
        except EvaluationError:
            return None
    match value:
        case bool():
            return None
        case Money(amount=amount, currency=currency):
            same = bound.kind == "money" and currency == bound.currency
            return amount if same else None
        case Duration(nanos=nanos):
            return Decimal(nanos) if bound.kind == "duration" else None
        case Timestamp(nanos=nanos):
            return Decimal(nanos) if bound.kind == "timestamp" else None
        case int() | Decimal():
            return Decimal(value) if bound.kind in NUMBERS else None
        case float():
            finite = value == value and abs(value) != float("inf")
            return Decimal(repr(float(value))) if finite and bound.kind in NUMBERS else None
        case _:
            return None
