"""An expression -> its value, where the text alone tells it.

A constant is a literal, a list of constants, a `let` of one, or `+ - *` of numbers, money,
durations and timestamps. Anything else is not constant here, even if it could be computed.
Knows neither types nor the engine; comparisons are exact.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation
from decimal import Overflow as DecimalOverflow
from typing import Any, Literal, TypeAlias

from gatewright.dsl import ast, limits
from gatewright.dsl.records import dataclass
from gatewright.dsl.syntax.literals import NANOS

Kind: TypeAlias = Literal[
    "null",
    "bool",
    "int",
    "uint",
    "double",
    "decimal",
    "money",
    "duration",
    "timestamp",
    "string",
    "bytes",
    "list",
]
Scalar: TypeAlias = "bool | int | Decimal | str | bytes | None"
Key: TypeAlias = "tuple[str, Scalar | tuple[Key, ...]]"

NUMBERS = frozenset({"int", "uint", "double", "decimal"})
ORDERED = NUMBERS | {"money", "duration", "timestamp", "string"}
"""The kinds whose values have an order that a cell `< x` may use."""

_EXACT = Context(
    prec=limits.MAX_DIGITS, traps=[Inexact, InvalidOperation, DecimalOverflow, DivisionByZero]
)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_NANOS = (_FIRST - _EPOCH) // timedelta(seconds=1) * NANOS["s"]
_LAST_NANOS = (_LAST - _EPOCH) // timedelta(seconds=1) * NANOS["s"] + NANOS["s"] - 1
_MAX_STEPS = 50_000
_MAX_DEPTH = 120
_NUMBER = re.compile(r"-?\d{1,60}(?:\.\d{1,60})?")
_MONEY = re.compile(rf"({_NUMBER.pattern}) ?([A-Z]{{3}})")
_LONG_EXPONENT = re.compile(r"[eE][+-]?\d{4}")


@dataclass(frozen=True, slots=True)
class Constant:
    """A value known from the text.

    `value` is an int for int, uint, duration and timestamp (nanoseconds), a Decimal for double,
    decimal and money, and a tuple of constants for a list.
    """

    kind: Kind
    value: Scalar | tuple[Constant, ...]
    currency: str | None = None

    @property
    def family(self) -> str:
        """What can be compared with each other: `number`, `money(USD)`, `string`, ...

        >>> Constant("int", 1).family, Constant("money", Decimal(1), "USD").family
        ('number', 'money(USD)')
        """
        if self.kind in NUMBERS:
            return "number"
        return f"money({self.currency})" if self.kind == "money" else self.kind

    @property
    def key(self) -> Key:
        """A hashable value that is equal for equal constants: of `1`, `1u` and `1.0` too."""
        if isinstance(self.value, tuple):
            return (self.family, tuple(item.key for item in self.value))
        return (self.family, self.value)

    def __str__(self) -> str:
        """Return the constant as policy text."""
        return _SPELLINGS[self.kind](self)


def constant(expr: ast.Expr, lets: Mapping[str, ast.Expr]) -> Constant | None:
    """Return the value of a constant expression, or None for any other.

    `lets` are the named expressions of the package. Never raises: what would overflow, or mixes
    two currencies, is not constant. Cost: linear in the expression and the lets that it reaches,
    at most 50,000 steps. Source: docs/language.md#limits.
    """
    return literal(expr) or _Folder(lets).fold(expr, 0)


class _Folder:
    """Folds one expression: counts its steps and remembers the lets it has met."""

    def __init__(self, lets: Mapping[str, ast.Expr]) -> None:
        self._lets = lets
        self._steps = 0
        self._known: dict[str, Constant | None] = {}

    def fold(self, expr: ast.Expr, depth: int) -> Constant | None:
        self._steps += 1
        if self._steps > _MAX_STEPS or depth > _MAX_DEPTH:
            return None
        written = literal(expr)
        if written is not None:
            return written
        match expr:
            case ast.Name(name, absolute=False):
                return self._let(name, depth)
            case ast.ListLiteral(items):
                return self._list(items, depth)
            case ast.Unary("-", operand):
                inner = self.fold(operand, depth + 1)
                return None if inner is None else negated(inner)
            case ast.Binary("+" | "-" | "*" as operator, left, right):
                a, b = self.fold(left, depth + 1), self.fold(right, depth + 1)
                if a is None or b is None:
                    return None
                return combined(operator, *side_by_side(left, a, right, b))
            case ast.Call("decimal" | "money" as function, (ast.Argument(None, argument),)):
                return converted(function, argument)
            case _:
                return None

    def _let(self, name: str, depth: int) -> Constant | None:
        if name not in self._known:
            self._known[name] = None  # a let of itself is not constant; the checker reports it
            value = self._lets.get(name)
            self._known[name] = None if value is None else self.fold(value, depth + 1)
        return self._known[name]

    def _list(self, items: tuple[ast.ListItem, ...], depth: int) -> Constant | None:
        values: list[Constant] = []
        for item in items:
            value = None if item.optional else self.fold(item.value, depth + 1)
            if value is None:
                return None
            values.append(value)
        return Constant("list", tuple(values))


def literal(expr: ast.Expr) -> Constant | None:
    """Return the value of a literal, or None for any other expression."""
    read = _LITERALS.get(type(expr))
    return None if read is None else read(expr)


def _double_literal(expr: ast.DoubleLiteral) -> Constant:
    is_long = _LONG_EXPONENT.search(expr.text)
    return Constant("double", Decimal(expr.value) if is_long else Decimal(expr.text))


_LITERALS: dict[type[ast.Expr], Callable[[Any], Constant]] = {
    ast.IntLiteral: lambda e: Constant("int", e.value),
    ast.UintLiteral: lambda e: Constant("uint", e.value),
    ast.DoubleLiteral: _double_literal,
    ast.MoneyLiteral: lambda e: Constant("money", e.amount, e.currency),
    ast.DurationLiteral: lambda e: Constant("duration", e.nanos),
    ast.TimestampLiteral: lambda e: Constant("timestamp", e.nanos),
    ast.StringLiteral: lambda e: Constant("string", e.value),
    ast.BytesLiteral: lambda e: Constant("bytes", e.value),
    ast.BoolLiteral: lambda e: Constant("bool", e.value),
    ast.NullLiteral: lambda e: Constant("null", None),
}


def converted(function: str, argument: ast.Expr) -> Constant | None:
    """Read `decimal("1.50")`, `decimal(3)` and `money("50.00 USD")`."""
    match argument:
        case ast.StringLiteral(text) if function == "money":
            match = _MONEY.fullmatch(text)
            return Constant("money", Decimal(match[1]), match[2]) if match else None
        case ast.StringLiteral(text) if _NUMBER.fullmatch(text):
            return Constant("decimal", Decimal(text))
        case ast.IntLiteral(value) if function == "decimal":
            return Constant("decimal", Decimal(value))
        case _:
            return None


def side_by_side(
    left: ast.Expr, a: Constant, right: ast.Expr, b: Constant
) -> tuple[Constant, Constant]:
    """Return two operands as they are read beside each other."""
    return _spelled(left, a, b), _spelled(right, b, a)


def _spelled(expr: ast.Expr, value: Constant, beside: Constant) -> Constant:
    """Read a number literal beside a decimal or money operand from its spelling, as a decimal."""
    if beside.kind in {"decimal", "money"} and value.kind in {"int", "double"}:
        literal = isinstance(expr, ast.IntLiteral | ast.DoubleLiteral)
        if literal or value.kind == "int":
            return Constant("decimal", Decimal(str(value.value)))
    return value


def negated(operand: Constant) -> Constant | None:
    """Return `-operand`; None where it overflows, or has no sign."""
    value = operand.value
    if operand.kind == "int" or operand.kind == "duration":
        return _checked(operand.kind, -_int(operand))
    if isinstance(value, Decimal):
        return Constant(operand.kind, value.copy_negate(), operand.currency)
    return None


def combined(operator: str, a: Constant, b: Constant) -> Constant | None:
    """Return what `+`, `-` or `*` gives; None where it overflows, or takes no such operands."""
    kind, currency = result_kind(operator, a, b)
    match kind:
        case None:
            return None
        case "double":
            return _double(operator, a, b)
        case "decimal" | "money":
            return _decimal(operator, kind, currency, a, b)
        case _:
            return _checked(kind, _INTEGER[operator](_int(a), _int(b)))


def result_kind(operator: str, a: Constant, b: Constant) -> tuple[Kind | None, str | None]:
    """Return the kind, and the currency, of what `+`, `-` or `*` gives; None for no such."""
    kinds = (a.kind, b.kind)
    if a.kind == b.kind and a.kind in {"int", "uint", "double"}:
        return a.kind, None
    if kinds in _TIMES.get(operator, {}):
        return _TIMES[operator][kinds], None
    return _exact_kind(operator, a, b)


def _exact_kind(operator: str, a: Constant, b: Constant) -> tuple[Kind | None, str | None]:
    """Return the kind and currency of a result that is computed as a decimal."""
    match operator, a.kind, b.kind:
        case _, "decimal", "decimal":
            return "decimal", None
        case "+" | "-", "money", "money" if a.currency == b.currency:
            return "money", a.currency
        case "*", "money", "decimal":
            return "money", a.currency
        case "*", "decimal", "money":
            return "money", b.currency
        case _:
            return None, None


_INTEGER: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}
_TIMES: dict[str, dict[tuple[str, str], Kind]] = {
    "+": {
        ("duration", "duration"): "duration",
        ("timestamp", "duration"): "timestamp",
        ("duration", "timestamp"): "timestamp",
    },
    "-": {
        ("duration", "duration"): "duration",
        ("timestamp", "duration"): "timestamp",
        ("timestamp", "timestamp"): "duration",
    },
}
_RANGES: dict[str, tuple[int, int]] = {
    "int": (limits.INT_MIN, limits.INT_MAX),
    "uint": (0, limits.UINT_MAX),
    "duration": (limits.INT_MIN, limits.INT_MAX),
    "timestamp": (_FIRST_NANOS, _LAST_NANOS),
}


def _int(operand: Constant) -> int:
    assert isinstance(operand.value, int)  # noqa: S101 - by its kind
    return operand.value


def _checked(kind: Kind, value: int) -> Constant | None:
    """Return a whole number of a kind, or None where it overflows."""
    low, high = _RANGES[kind]
    return Constant(kind, value) if low <= value <= high else None


def _double(operator: str, a: Constant, b: Constant) -> Constant | None:
    """Compute as a double does, rounding included."""
    left, right = float(str(a.value)), float(str(b.value))
    result = {"+": left + right, "-": left - right, "*": left * right}[operator]
    return Constant("double", Decimal(result)) if math.isfinite(result) else None


def _decimal(
    operator: str, kind: Kind, currency: str | None, a: Constant, b: Constant
) -> Constant | None:
    left, right = Decimal(str(a.value)), Decimal(str(b.value))
    compute = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply}[operator]
    try:
        return Constant(kind, compute(left, right), currency)
    except DecimalException:  # more digits than a number may have
        return None


# --- spelling


def _number(value: object) -> str:
    number = Decimal(str(value))
    return f"{number:f}" if abs(number.adjusted()) <= limits.MAX_DIGITS else str(number)


def _duration(nanos: int) -> str:
    for unit in ("d", "h", "m", "s", "ms"):
        if nanos % NANOS[unit] == 0:
            return f"{nanos // NANOS[unit]}{unit}" if nanos else "0s"
    return f"{nanos}ns"


def _timestamp(nanos: int) -> str:
    seconds, fraction = divmod(nanos, NANOS["s"])
    moment = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{moment}.{fraction:09d}".rstrip("0") + "Z" if fraction else f"{moment}Z"


def _list(constant: Constant) -> str:
    items = constant.value if isinstance(constant.value, tuple) else ()
    return f"[{', '.join(str(item) for item in items)}]"


_SPELLINGS: dict[Kind, Callable[[Constant], str]] = {
    "null": lambda c: "null",
    "bool": lambda c: str(c.value).lower(),
    "int": lambda c: str(c.value),
    "uint": lambda c: f"{c.value}u",
    "double": lambda c: _number(c.value),
    "decimal": lambda c: _number(c.value),
    "money": lambda c: f"{_number(c.value)} {c.currency}",
    "duration": lambda c: _duration(_int(c)),
    "timestamp": lambda c: _timestamp(_int(c)),
    "string": lambda c: json.dumps(c.value, ensure_ascii=False),
    "bytes": lambda c: repr(c.value),
    "list": _list,
}
