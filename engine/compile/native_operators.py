"""Operators -> native code: comparisons, `in`, ranges and arithmetic.

Python's own operator is used where the kinds of both sides are sure and it means the same there;
else the interpreter's function is called. Source: docs/language.md#on-top-of-cel, #limits.
"""

from __future__ import annotations

import ast as pyast
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.records import replace
from gatewright.engine.cel import operators
from gatewright.engine.cel.literals import beside
from gatewright.engine.compile import native_runtime as runtime
from gatewright.engine.compile.native_bounds import element_size
from gatewright.engine.compile.native_code import (
    PYTHON_TYPES,
    Bare,
    Cannot,
    Code,
    Place,
    attribute,
    compare,
    is_text,
    kind_name,
    load,
    negated,
    normal_node,
)
from gatewright.engine.compile.native_cost import (
    SCALAR,
    comparison_cost,
    is_scalar,
    normalising_cost,
)
from gatewright.engine.decimals import PLAIN
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    Duration,
    Map,
    Money,
    Timestamp,
    Value,
    int64,
    kind_of,
    nfc,
)

_NUMBERS = (t.INT, t.UINT, t.DOUBLE)
_EXACT = (t.INT, t.UINT, t.DECIMAL)
_ALIKE = (t.BOOL, t.BYTES)
_INSTANTS = (t.TIMESTAMP, t.DURATION)
_WHOLE = (t.INT, t.UINT)
_COMPARISONS: Final[Mapping[str, type[pyast.cmpop]]] = {
    "==": pyast.Eq, "!=": pyast.NotEq, "<": pyast.Lt, "<=": pyast.LtE, ">": pyast.Gt,
    ">=": pyast.GtE,
}  # fmt: skip
_ARITHMETIC: Final[Mapping[str, type[pyast.operator]]] = {
    "+": pyast.Add, "-": pyast.Sub, "*": pyast.Mult,
}  # fmt: skip


def binary(expr: ast.Binary, place: Place) -> Code:
    """Compile `left operator right`."""
    left, right = place.compile(expr.left), place.compile(expr.right)
    left, right = _pair(left, expr.right, right, place)
    right, left = _pair(right, expr.left, left, place)
    if expr.operator == "in":
        return _membership(left, right, place)
    if expr.operator in ("==", "!="):
        return _equality(expr.operator, left, right, place)
    if expr.operator in _COMPARISONS:
        return _order(expr.operator, left, right, place)
    return _arithmetic(expr, left, right, place)


def unary(expr: ast.Unary, place: Place) -> Code:
    """Compile `!x` and `-x`."""
    operand = place.sure(place.compile(expr.operand))
    cost = 1 + operand.cost
    if expr.operator == "!":
        if operand.type == t.BOOL:
            return Code(negated(operand.node), t.BOOL, cost)
        return Code(place.helper(operators.invert, operand.node), t.BOOL, cost)
    node = place.helper(operators.negate, operand.node)
    return Code(node, _signed(operand.type), cost)


def _signed(kind: t.Type) -> t.Type:
    numbers = (t.INT, t.DOUBLE, t.DECIMAL, t.DURATION)
    return kind if kind in numbers or isinstance(kind, t.MoneyType) else t.ANY


def range_test(expr: ast.Between, place: Place) -> Code:
    """Compile `value in low .. high`; both bounds are compared, as an error of one counts."""
    if _reads_exactly(expr.value):
        raise Cannot
    value = place.compile(expr.value)
    low, high = place.compile(expr.low), place.compile(expr.high)
    value, low = _pair(value, expr.low, low, place)
    value, high = _pair(value, expr.high, high, place)
    cost = 1 + value.cost + low.cost + high.cost
    cost += 2 * value.size.weight + low.size.weight + high.size.weight  # texts are read
    sure = place.sure(value)
    if low.known.present and high.known.present and not _of_two_currencies(low, high):
        above, below = _comparable(low, sure, place), _comparable(sure, high, place)
        if above is not None and below is not None:
            less = pyast.LtE()
            node = pyast.Compare(above[0], [less, less], [above[1], below[1]])
            return Code(node, t.BOOL, cost)
    return Code(place.helper(runtime.between, value.node, low.node, high.node), t.BOOL, cost)


def _of_two_currencies(low: Code, high: Code) -> bool:
    """Tell whether no amount compares with both bounds."""
    kinds = low.type, high.type
    return kinds[0] != kinds[1] and all(isinstance(kind, t.MoneyType) for kind in kinds)


# --- literals beside exact numbers --------------------------------------------------------------


def _reads_exactly(expr: ast.Expr) -> bool:
    """Tell whether an operand is read otherwise beside a decimal or money."""
    match expr:
        case ast.DoubleLiteral() | ast.Unary(operand=ast.DoubleLiteral()):
            return True
        case ast.ListLiteral(items=items):
            return any(_reads_exactly(item.value) for item in items)
        case _:
            return False


def _pair(value: Code, expr: ast.Expr, operand: Code, place: Place) -> tuple[Code, Code]:
    """Return a value, and an operand beside it as it is read there."""
    if not _reads_exactly(expr):
        return value, operand
    value = place.sure(value)
    if value.type == t.ANY:
        return replace(value, node=place.helper(runtime.inexact, value.node)), operand
    if value.type != t.DECIMAL and not isinstance(value.type, t.MoneyType):
        return value, operand
    if not operand.known.present:
        raise Cannot
    exact = place.constant(beside(expr, operand.known.content, Decimal(0)))
    return value, replace(exact, cost=operand.cost)


# --- equality and order -------------------------------------------------------------------------


def _comparable(left: Code, right: Code, place: Place) -> tuple[pyast.expr, pyast.expr] | None:
    """Return code for two sides that Python compares as the interpreter would; None if unsure."""
    a, b = left.type, right.type
    numbers = a in _NUMBERS and b in _NUMBERS
    exact = a in _EXACT and b in _EXACT
    if numbers or exact or (a == b and a in _ALIKE):
        return left.node, right.node
    if is_text(a) and is_text(b):
        return normal_node(left, place), normal_node(right, place)
    if a == b and a in _INSTANTS:
        return _nanos(left), _nanos(right)
    if isinstance(a, t.MoneyType) and isinstance(b, t.MoneyType):
        currency = a.currency or b.currency
        if currency is None or {a.currency, b.currency} - {None, currency}:
            return None
        return _amount(left, currency, place), _amount(right, currency, place)
    return None


def _nanos(code: Code) -> pyast.expr:
    if isinstance(code.known.content, (Timestamp, Duration)):
        return pyast.Constant(code.known.content.nanos)
    return code.bare.nanos or attribute(code.node, "nanos")


def _amount(code: Code, currency: str, place: Place) -> pyast.expr:
    """Return code for the amount of money in a currency; it raises for money in another."""
    known = code.known.content
    if isinstance(known, Money):
        if known.currency not in (currency, None):
            return place.helper(runtime.unsure)
        return place.env.constant(known.amount)
    if code.bare.amount is not None:
        return code.bare.amount(currency)
    if isinstance(code.type, t.MoneyType) and code.type.currency == currency:
        return attribute(code.node, "amount")
    if place.loop:
        return place.helper(runtime.amount_in, code.node, pyast.Constant(currency))
    stored, name = place.stored(code.node)
    either = pyast.Tuple([pyast.Constant(currency), pyast.Constant(None)], pyast.Load())
    fits = compare(attribute(stored, "currency"), pyast.In(), either)
    return pyast.IfExp(fits, attribute(load(name), "amount"), place.helper(runtime.unsure))


def _equality(operator: str, left: Code, right: Code, place: Place) -> Code:
    cost = 1 + left.cost + right.cost + comparison_cost(left.size, right.size)
    node = _equality_node(operator, left, right, place)
    return Code(node, t.BOOL, cost)


def _equality_node(operator: str, left: Code, right: Code, place: Place) -> pyast.expr:
    for one, other in ((left, right), (right, left)):
        if one.known.present and one.known.content is None:
            test = pyast.Is() if operator == "==" else pyast.IsNot()
            return compare(other.node, test, pyast.Constant(None))
    compared = _comparable(place.sure(left), place.sure(right), place)
    if compared is not None:
        return compare(compared[0], _COMPARISONS[operator](), compared[1])
    if left.known.present:
        left, right = right, left  # equality is symmetric
    return _quick(operator, left, right, place) or _slow(operator, left.node, right.node, place)


def _slow(operator: str, left: pyast.expr, right: pyast.expr, place: Place) -> pyast.expr:
    """Return the call of what the interpreter compares with."""
    if operator not in ("==", "!="):
        return place.helper(runtime.operate, pyast.Constant(operator), left, right)
    equal = place.helper(runtime.equal_values, left, right)
    return equal if operator == "==" else negated(equal)


def _quick(operator: str, left: Code, right: Code, place: Place) -> pyast.expr | None:
    """Compare a value of any kind with a constant: quickly where it is of the same kind."""
    python = str if is_text(right.type) else PYTHON_TYPES.get(right.type)
    if left.type != t.ANY or not right.known.present or place.loop or python is None:
        return None
    first, name = place.stored(left.node)
    same = replace(left, node=load(name), type=right.type)
    compared = _comparable(same, right, place)
    if compared is None:
        return None
    test = compare(compared[0], _COMPARISONS[operator](), compared[1])
    otherwise = _slow(operator, load(name), right.node, place)
    return pyast.IfExp(place.is_of(first, python), test, otherwise)


def _order(operator: str, left: Code, right: Code, place: Place) -> Code:
    cost = 1 + left.cost + right.cost + left.size.weight + right.size.weight
    compared = _comparable(place.sure(left), place.sure(right), place)
    if compared is not None:
        return Code(compare(compared[0], _COMPARISONS[operator](), compared[1]), t.BOOL, cost)
    quick = _quick(operator, left, right, place)
    return Code(quick or _slow(operator, left.node, right.node, place), t.BOOL, cost)


# --- membership ---------------------------------------------------------------------------------


def _membership(value: Code, container: Code, place: Place) -> Code:
    weight = container.size.weight
    length = min(container.size.length, weight)
    looked_at = (1 + length) * value.size.weight
    if is_text(value.type):  # of two texts the shorter one counts, of long ones both
        longer = (1 + length) * normalising_cost(value.size, element_size(container))
        looked_at = min(looked_at, value.size.weight + weight) + longer
    # What has no parts is compared with each element, but with no part of one.
    has_parts = not (is_text(value.type) or is_scalar(value.type))
    walked = 4 * weight + 3 * length if has_parts else 2 * length
    cost = 1 + value.cost + container.cost + walked + looked_at
    node: pyast.expr | None = None
    if container.known.present:
        node = _in_constant(value, container.known.content, place)
    elif isinstance(container.type, t.ListType):
        node = _in_list(value, container, container.type.element)
    if node is None:
        node = place.helper(runtime.operate, pyast.Constant("in"), value.node, container.node)
    return Code(node, t.BOOL, cost)


def _in_list(value: Code, container: Code, element: t.Type) -> pyast.expr | None:
    """Look for a value in a list of the same kind, as Python does where equality is the same."""
    texts = is_text(value.type) and is_text(element) and value.normal and container.normal
    if texts or (value.type in _WHOLE and element in _WHOLE):
        return compare(value.node, pyast.In(), container.node)
    return None


def _in_constant(value: Code, container: Value, place: Place) -> pyast.expr | None:
    """Look for a value in a constant list or map, all of one kind, by its hash."""
    if not isinstance(container, (tuple, Map)):
        return None
    values = tuple(container)
    kinds = {kind_of(item) for item in values}
    sure = place.sure(value)
    if is_text(sure.type) and (kinds == {"string"} or isinstance(container, Map)):
        texts = frozenset(nfc(item) for item in values if isinstance(item, str))
        return compare(normal_node(sure, place), pyast.In(), place.env.constant(texts))
    if _hash_alike(sure.type, kinds):
        return compare(sure.node, pyast.In(), place.env.constant(frozenset(values)))
    currencies = {item.currency for item in values if isinstance(item, Money)}
    if isinstance(sure.type, t.MoneyType) and kinds == {"money"}:
        currency = sure.type.currency
        if currency is not None and currencies == {currency}:
            amounts = frozenset(item.amount for item in values if isinstance(item, Money))
            return compare(attribute(sure.node, "amount"), pyast.In(), place.env.constant(amounts))
    return None


def _hash_alike(kind: t.Type, kinds: set[str]) -> bool:
    """Tell whether values of a type equal those of some kinds as Python's hashing has it."""
    if kind in _WHOLE:
        return bool(kinds) and kinds <= {"int", "uint"}
    return kind in (*_INSTANTS, t.DECIMAL) and kinds == {kind_name(kind)}


# --- arithmetic ---------------------------------------------------------------------------------


def _arithmetic(expr: ast.Binary, left: Code, right: Code, place: Place) -> Code:
    operator = expr.operator
    cost = 1 + left.cost + right.cost + left.size.weight + right.size.weight
    size = left.size + right.size
    a, b = place.sure(left), place.sure(right)
    kinds = kind_name(a.type), kind_name(b.type)
    if kinds[0] is None or kinds[1] is None:
        node: pyast.expr = place.helper(
            runtime.operate, pyast.Constant(operator), left.node, right.node
        )
        return Code(node, t.ANY, cost, size, hint=place.env.type_of(expr))
    operation = operators.operation(operator, kinds[0], kinds[1])
    if operation is None:
        raise Cannot
    kind = _result(operator, a.type, b.type)
    native = _native(operator, a, b, place)
    node = native if native is not None else place.helper(operation, a.node, b.node)
    normal = isinstance(kind, t.ListType) and a.normal and b.normal
    element = element_size(a) | element_size(b) if isinstance(kind, t.ListType) else None
    made = Code(node, kind, cost, size if _grows(kind) else SCALAR, normal, element=element)
    return replace(made, parts=_parts(made, operator, a, b, place))


def _parts(made: Code, operator: str, left: Code, right: Code, place: Place) -> Bare | None:
    """Return what a sum or difference is made of: most are compared, and money is slow to make."""
    if operator not in ("+", "-"):
        return None
    if left.type in _INSTANTS and right.type in _INSTANTS and not place.loop:
        node = pyast.BinOp(_nanos(left), _ARITHMETIC[operator](), _nanos(right))
        low, high = (INT_MIN, INT_MAX)
        if made.type == t.TIMESTAMP:
            low, high = Timestamp.MIN_NANOS, Timestamp.MAX_NANOS
        return Bare(made.node, nanos=_between(low, node, high, place))
    if isinstance(left.type, t.MoneyType) and isinstance(right.type, t.MoneyType):
        exact = PLAIN.add if operator == "+" else PLAIN.subtract
        return Bare(
            made.node,
            amount=lambda currency: place.helper(
                exact, _amount(left, currency, place), _amount(right, currency, place)
            ),
        )
    return None


def _grows(kind: t.Type) -> bool:
    return is_text(kind) or isinstance(kind, t.ListType) or kind == t.BYTES


def _native(operator: str, left: Code, right: Code, place: Place) -> pyast.expr | None:
    """Return Python's own arithmetic, where it means the same."""
    a, b = left.type, right.type
    node = operator in _ARITHMETIC and pyast.BinOp(left.node, _ARITHMETIC[operator](), right.node)
    if node and (a == b == t.DOUBLE or (is_text(a) and is_text(b))):
        return node
    if node and a == b == t.INT:
        return _within_64_bits(node, place)
    divisor = right.known.content
    if operator in ("/", "%") and a == b == t.INT and isinstance(divisor, int) and divisor > 0:
        return _truncated(operator, left.node, right.node, place)
    if operator == "/" and a == b == t.DOUBLE and divisor:
        return pyast.BinOp(left.node, pyast.Div(), right.node)
    return None


def _within_64_bits(node: pyast.expr, place: Place) -> pyast.expr:
    if place.loop:
        return place.helper(int64, node)
    return _between(INT_MIN, node, INT_MAX, place)


def _between(low: int, node: pyast.expr, high: int, place: Place) -> pyast.expr:
    """Return code for a number within bounds; it raises beyond them."""
    stored, name = place.stored(node)
    less = pyast.LtE()
    fits = pyast.Compare(pyast.Constant(low), [less, less], [stored, pyast.Constant(high)])
    return pyast.IfExp(fits, load(name), place.helper(runtime.unsure))


def _truncated(
    operator: str, left: pyast.expr, divisor: pyast.expr, place: Place
) -> pyast.expr | None:
    """Divide by a positive constant towards zero; Python's own division goes down."""
    if place.loop:
        return None
    stored, name = place.stored(left)
    kind = pyast.FloorDiv if operator == "/" else pyast.Mod
    up = pyast.BinOp(load(name), kind(), divisor)
    minus = pyast.UnaryOp(pyast.USub(), load(name))
    down = pyast.UnaryOp(pyast.USub(), pyast.BinOp(minus, kind(), divisor))
    return pyast.IfExp(compare(stored, pyast.GtE(), pyast.Constant(0)), up, down)


def _result(operator: str, a: t.Type, b: t.Type) -> t.Type:
    """Return the type of what an operation gives; there is one for these kinds."""
    if isinstance(a, t.MoneyType) and isinstance(b, t.MoneyType):
        return t.DECIMAL if operator == "/" else a if a == b else t.MONEY
    for one in (a, b):
        if isinstance(one, t.MoneyType):
            return one
    if t.DECIMAL in (a, b):
        return t.DECIMAL
    if t.TIMESTAMP in (a, b):
        return t.DURATION if a == b else t.TIMESTAMP
    if isinstance(a, t.ListType):
        return a if a == b else t.ListType(t.ANY)
    return t.STRING if is_text(a) else a
