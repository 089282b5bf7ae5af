"""An expression that never has a value, whatever the action is.

Avoid:

    guard slow on desk.answer when action.waited > duration("30d") => require lead

Prefer:

    guard slow on desk.answer when action.waited > 30d => require lead

Why: what errs restricts each time, by the effect of its rule and by the `on_error` floor, and a
rule that errs opens nothing; where `&&` or `||` absorbs the error, the part decides nothing. Told
is only what the text itself shows: a division by zero, a text that its conversion cannot read, a
number that does not fit, an element or key that a list or map as written does not have, a quotient
that does not come out, an unknown time zone. Values that stand in a `let` are seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal, DecimalException, Inexact
from typing import Final, TypeAlias

from gatewright.dsl import ast, limits
from gatewright.dsl.checks.constants import (
    Constant,
    Key,
    combined,
    converted,
    literal,
    negated,
    result_kind,
    side_by_side,
)
from gatewright.dsl.checks.conversions import is_never_read, is_no_zone, never_fits, reads_texts
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.late_regex import late
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.macros import MACROS
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.syntax import literals
from gatewright.dsl.walk import LITERALS

_Kinds: TypeAlias = ast.Unary | ast.Binary | ast.Index | ast.Select | ast.Call | ast.MethodCall
_KINDS: Final[tuple[type[_Kinds], ...]] = (
    ast.Unary, ast.Binary, ast.Index, ast.Select, ast.Call, ast.MethodCall,
)  # fmt: skip
_BINDING: Final = frozenset(macro.name.rpartition(".")[2] for macro in MACROS if macro.variables)
_NOTHING: Final = frozenset[str]()
_MAX_DEPTH: Final = 120
_MOST_KEYS: Final = 100
"""Of how many keys the nearest one is looked for."""
_EXACT: Final = frozenset({"int", "uint", "decimal"})
_QUOTIENT: Final = Context(prec=limits.MAX_DIGITS, traps=[Inexact])
_Why: TypeAlias = "tuple[str, str]"
"""Why there is no value, and what to do."""

_DAYS_OR_WEEKS: Final = late(r"[0-9]{1,5}d|[0-9]{1,4}w")
_ZERO: Final = ("division by zero", "divide by what is never zero, or take the division away")
_OVERFLOW: Final = "the result does not fit its type"
_SMALLER: Final = "compute with smaller values: numbers have 64 bits, decimals and money 60 digits"
_EXAMPLES: Final = {
    "timestamp": ("an instant", "write it as a literal: `2026-12-02T00:00:00Z`"),
    "duration": ("a length of time", "write it as a literal: `30d`, `90m`"),
    "money": ("money", "write it as a literal: `75.00 USD`"),
    "decimal": ("a decimal number", 'write it as `decimal("1.50")`'),
    "int": ("a whole number of 64 bits", "write the number itself"),
    "uint": ("a whole number of 64 bits without a sign", "write the number itself: `5u`"),
    "double": ("a number", "write the number itself"),
    "bool": ("a bool", "write `true` or `false`"),
    "ip": ("an IP address", 'write it as `ip("10.0.0.1")`'),
    "cidr": ("a range of IP addresses", 'write it as `cidr("10.0.0.0/8")`'),
}
_OF_TIMES: Final = frozenset(
    "getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes"
    " getSeconds getMilliseconds".split()
)
_ZONE_HELP: Final = "use a name such as `Europe/Berlin`, or `+02:00`"


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each smallest part that never has a value."""
    folder = _Folder(Lets(view.policy.packages))
    for package, declaration in view.declarations():
        nodes = [node for kind in _KINDS for node in view.nodes(declaration, kind)]
        folder.enter(package, _hiding(view, package, declaration, nodes))
        asked = {id(argument) for node in nodes for argument in _asked_for(node)}
        for node in nodes:
            why = folder.why_never(node) if id(node) not in asked else None
            if why is not None:
                yield messages.always_an_error(node.span, *why)


def _hiding(
    view: View, package: str, declaration: ast.Declaration, nodes: list[_Kinds]
) -> frozenset[str]:
    """Return the names that may mean something else here than the `let`s of the package."""
    names = {
        argument.value.name
        for node in nodes
        if isinstance(node, ast.MethodCall) and node.method in _BINDING
        for argument in node.arguments[:-1]
        if isinstance(argument.value, ast.Name)
    }
    if isinstance(declaration, ast.HistoryDecl):
        history = view.policy.packages[package].histories[declaration.name.name]
        names.update(name for name, _ in history.record.fields)
    return frozenset(names)


def _asked_for(node: _Kinds) -> Iterator[ast.Expr]:
    """Yield what `has(...)` asks for, which is not read."""
    if isinstance(node, ast.Call) and node.function == "has":
        yield from (argument.value for argument in node.arguments)


class _Folder:
    """What is known of the values of expressions; each is looked at once."""

    def __init__(self, lets: Lets) -> None:
        self._lets = lets
        self._known: dict[int, Constant | None] = {}
        self._parts: dict[int, int | frozenset[Key] | None] = {}
        """How many elements lists have as they are written, and which keys maps have."""
        self._package = ""
        self._hiding = _NOTHING

    def enter(self, package: str, hiding: frozenset[str]) -> None:
        """Begin with a declaration of a package; `hiding` are names that are no `let`s in it."""
        self._package, self._hiding = package, hiding

    def why_never(self, node: _Kinds) -> _Why | None:
        """Return why an expression whose operands may have values never has one."""
        match node:
            case ast.Binary("+" | "-" | "*" as operator, left, right):
                return self._overflows(operator, left, right)
            case ast.Binary("/" | "%" as operator, left, right):
                return self._not_divided(operator, left, right)
            case ast.Unary("-", operand):
                value = self._value(operand)
                whole = value is not None and value.kind in ("int", "duration")
                return (_OVERFLOW, _SMALLER) if value and whole and not negated(value) else None
            case ast.Index(operand, index, optional=False):
                return self._no_element(operand, self._value(index))
            case ast.Select(operand, field, optional=False):
                return self._no_element(operand, Constant("string", field))
            case ast.Call("divide", (_, ast.Argument(None, divisor), *_)):
                return _ZERO if _is_zero(self._value(divisor)) else None
            case ast.Call(function, (ast.Argument(None, argument),)) if reads_texts(function):
                return _not_converted(function, self._value(argument))
            case ast.MethodCall(_, method, (ast.Argument(None, zone),)) if method in _OF_TIMES:
                return _no_zone(self._value(zone))
            case _:
                return None

    def _overflows(self, operator: str, left: ast.Expr, right: ast.Expr) -> _Why | None:
        a, b = self._value(left), self._value(right)
        if a is None or b is None:
            return None
        a, b = side_by_side(left, a, right, b)
        kind, _ = result_kind(operator, a, b)
        fits = kind in (None, "double") or combined(operator, a, b) is not None
        return None if fits else (_OVERFLOW, _SMALLER)

    def _not_divided(self, operator: str, left: ast.Expr, right: ast.Expr) -> _Why | None:
        amount, divisor = self._value(left), self._value(right)
        if amount is not None and divisor is not None:
            amount, divisor = side_by_side(left, amount, right, divisor)
        if _is_zero(divisor):
            return _ZERO
        if operator == "%" or divisor is None or amount is None:
            return None
        if amount.kind == "int" and (amount.value, divisor.value) == (limits.INT_MIN, -1):
            return _OVERFLOW, _SMALLER
        if _comes_out(amount, divisor):
            return None
        both = f"{left.span.text}, {right.span.text}"
        return "the quotient is not exact", f'say how to round: `divide({both}, 2, "half_even")`'

    def _no_element(self, operand: ast.Expr, index: Constant | None) -> _Why | None:
        """Return why a list or map as it is written has no such element."""
        if index is None:
            return None
        written = self._written(operand)
        if id(written) not in self._parts:
            self._parts[id(written)] = _parts(written)
        parts = self._parts[id(written)]
        if isinstance(parts, int) and index.kind in ("int", "uint"):
            count = f"{parts} element{'' if parts == 1 else 's'}"
            why = f"the list has no element {index}", f"it has {count}, counted from 0"
            return None if index.value in range(parts) else why
        if isinstance(parts, frozenset) and index.key not in parts:
            return f"the map has no key `{index}`", _nearest_key(index, parts)
        return None

    def _written(self, expr: ast.Expr) -> ast.Expr:
        """Look through `let`s."""
        package, hiding = self._package, self._hiding
        for _ in range(_MAX_DEPTH):
            name = _named(self._lets, expr, package, hiding)
            if name is None:
                break
            package, hiding, expr = name[0], _NOTHING, self._lets.value(name)
        return expr

    def _value(self, expr: ast.Expr) -> Constant | None:
        return self._fold(expr, self._package, self._hiding, 0)

    def _fold(
        self, expr: ast.Expr, package: str, hiding: frozenset[str], depth: int
    ) -> Constant | None:
        """Return the value of an expression, if the text tells it; each is computed once."""
        if type(expr) in LITERALS:
            return literal(expr)
        if id(expr) not in self._known:
            self._known[id(expr)] = None  # a `let` of itself has no value
            if depth < _MAX_DEPTH:
                self._known[id(expr)] = self._folded(expr, package, hiding, depth + 1)
        return self._known[id(expr)]

    def _folded(
        self, expr: ast.Expr, package: str, hiding: frozenset[str], depth: int
    ) -> Constant | None:
        let = _named(self._lets, expr, package, hiding)
        if let is not None:
            return self._fold(self._lets.value(let), let[0], _NOTHING, depth)
        match expr:
            case ast.Unary("-", operand):
                inner = self._fold(operand, package, hiding, depth)
                return negated(inner) if inner is not None else None
            case ast.Binary("+" | "-" | "*" as operator, left, right):
                a = self._fold(left, package, hiding, depth)
                b = self._fold(right, package, hiding, depth)
                if a is None or b is None:
                    return None
                return combined(operator, *side_by_side(left, a, right, b))
            case ast.Call("decimal" | "money" as function, (ast.Argument(None, argument),)):
                return converted(function, argument)
            case _:
                return None


def _named(
    lets: Lets, expr: ast.Expr, package: str, hiding: frozenset[str]
) -> tuple[str, str] | None:
    """Return the `let` that an expression is, where nothing hides it."""
    name = expr.operand if isinstance(expr, ast.Select) else expr
    if not isinstance(name, ast.Name) or name.absolute or name.name in hiding:
        return None
    return lets.named(expr, package)


def _is_zero(value: Constant | None) -> bool:
    """Tell whether nothing is divided by a value; a double is divided by zero without an error."""
    return value is not None and value.kind in (*_EXACT, "money") and value.value == 0


def _comes_out(amount: Constant, divisor: Constant) -> bool:
    """Tell whether a quotient is exact, or truncated, or rounded as doubles are."""
    kinds = {amount.kind, divisor.kind}
    is_decimal = kinds <= _EXACT and "decimal" in kinds
    is_money = amount.kind == "money" and (
        divisor.kind in _EXACT or divisor.currency == amount.currency
    )
    if not is_decimal and not is_money:
        return True
    try:
        _QUOTIENT.divide(Decimal(str(amount.value)), Decimal(str(divisor.value)))
    except DecimalException:
        return False
    return True


def _parts(written: ast.Expr) -> int | frozenset[Key] | None:
    """Return how many elements a list has, or the keys of a map; None where that is not known."""
    match written:
        case ast.ListLiteral(items):
            return None if any(item.optional for item in items) else len(items)
        case ast.MapLiteral(entries):
            keys = [None if entry.optional else literal(entry.key) for entry in entries]
            known = frozenset(key.key for key in keys if key is not None)
            return known if all(key is not None for key in keys) else None
        case _:
            return None


def _nearest_key(index: Constant, keys: frozenset[Key]) -> str:
    texts = [str(value) for family, value in keys if family == "string"]
    few = index.kind == "string" and len(texts) <= _MOST_KEYS
    near = nearest(str(index.value), sorted(texts)) if few else None
    return near or "use a key that it has"


def _not_converted(function: str, value: Constant | None) -> _Why | None:
    if value is None:
        return None
    what, advice = _EXAMPLES[function]
    text = value.value if value.kind == "string" else None
    if isinstance(text, str):
        if not is_never_read(function, text):
            return None
        if _is_literal(function, text):
            advice = f"write it as a literal: `{text}`"
    elif not never_fits(function, value):
        return None
    elif function == "timestamp":
        advice = "a number counts the seconds since 1970"
    return f"`{value}` is not {what}", advice


def _is_literal(function: str, text: str) -> bool:
    """Tell whether a text that a function cannot read is a literal of its type: `30d`."""
    if function == "duration":
        return bool(_DAYS_OR_WEEKS.fullmatch(text))
    if function != "timestamp" or not text.isascii():
        return False
    try:
        literals.timestamp(text)
    except literals.BadLiteral:
        return False
    return True


def _no_zone(value: Constant | None) -> _Why | None:
    if value is None or not isinstance(value.value, str) or not is_no_zone(value.value):
        return None
    return f"`{value}` is no time zone", _ZONE_HELP


LINT = Lint("always-an-error", "GW1034", check)
