"""A condition -> the same condition as plain CEL, for other hosts; or why there is none.

Literals of durations and instants become calls, and `let`s what they stand for. Everything else
that this language adds to CEL's standard definitions, and the extensions of cel-go, are refused
with their place. Source: cel-spec langdef.md; docs/language.md#expressions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.macros import find_macro
from gatewright.dsl.source import Span
from gatewright.dsl.typing.scopes import ExpressionScope
from gatewright.engine.values import Duration, Timestamp

_FUNCTIONS = frozenset({
    "size", "int", "uint", "double", "bool", "string", "bytes", "timestamp", "duration", "type",
    "dyn", "has", "matches",
})  # fmt: skip
_METHODS = frozenset({
    "size", "contains", "startsWith", "endsWith", "matches", "getFullYear", "getMonth", "getDate",
    "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds",
    "getMilliseconds",
})  # fmt: skip
_MACROS = frozenset({
    ("all", 2), ("exists", 2), ("exists_one", 2), ("map", 2), ("map", 3), ("filter", 2),
})  # fmt: skip
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_NODES = 2_000
_DEEPEST = 100


class NotPortable(Exception):
    """Something that plain CEL does not have, and where it is written."""

    def __init__(self, span: Span, what: str, advice: str | None = None) -> None:
        super().__init__(what)
        self.span = span
        self.what = what
        self.advice = advice


def portable_text(expr: ast.Expr, scope: ExpressionScope, types: Mapping[int, t.Type]) -> str:
    """Return a condition as plain CEL; raises NotPortable.

    `types` has the type of every node by its identity, as the checker's `Typer` found it.
    """
    return _Writer(types).text(expr, _Place(scope))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression stands: its names, those that macros bind, and how deep it is."""

    scope: ExpressionScope
    bound: frozenset[str] = frozenset()
    depth: int = 0

    def deeper(self) -> _Place:
        return _Place(self.scope, self.bound, self.depth + 1)

    def binding(self, names: set[str]) -> _Place:
        return _Place(self.scope, self.bound | names, self.depth)


@dataclass(slots=True)
class _Writer:
    """Writes one condition, every operator in brackets."""

    types: Mapping[int, t.Type]
    nodes: int = field(default=0)

    def text(self, node: ast.Expr, place: _Place) -> str:
        self.nodes += 1
        if self.nodes > _MOST_NODES or place.depth > _DEEPEST:
            raise NotPortable(node.span, "more `let`s than one text can hold")
        named = self._let(node, place)
        if named is not None:
            return named
        self._refuse_type(node)
        return self._bare(node, place.deeper())

    def _let(self, node: ast.Expr, place: _Place) -> str | None:
        """Return what a name stands for, where it is that of a `let`."""
        root = node.operand if isinstance(node, ast.Select) else node
        if isinstance(root, ast.Name) and root.name in place.bound:
            return None
        let = place.scope.let(node)
        if let is None:
            return None
        return self.text(let.value, _Place(let.scope, depth=place.depth + 1))

    def _refuse_type(self, node: ast.Expr) -> None:
        kind = self.types.get(id(node))
        if isinstance(kind, t.HistoryType):
            raise NotPortable(node.span, "a history")
        if isinstance(kind, t.CalendarType):
            raise NotPortable(node.span, "a calendar")
        if isinstance(kind, t.MoneyType) or isinstance(node, ast.MoneyLiteral):
            raise NotPortable(node.span, "money")
        if kind == t.DECIMAL:
            raise NotPortable(node.span, "exact decimal numbers")

    def _bare(self, node: ast.Expr, place: _Place) -> str:
        match node:
            case ast.Name(name, absolute):
                return f".{name}" if absolute else name
            case ast.Select(operand, field, False):
                if not _PLAIN_NAME.fullmatch(field):
                    raise NotPortable(node.span, "a name in backticks")
                return f"{self.text(operand, place)}.{field}"
            case ast.Index(operand, index, False):
                return f"{self.text(operand, place)}[{self.text(index, place)}]"
            case ast.Call():
                return self._call(node, place)
            case ast.MethodCall():
                return self._method_call(node, place)
            case ast.Unary(operator, operand):
                return f"{operator}({self.text(operand, place)})"
            case ast.Binary(operator, left, right):
                return f"({self.text(left, place)} {operator} {self.text(right, place)})"
            case ast.And(operands):
                return self._chain(" && ", operands, place)
            case ast.Or(operands):
                return self._chain(" || ", operands, place)
            case ast.Conditional(condition, then, otherwise):
                chosen = f"{self.text(then, place)} : {self.text(otherwise, place)}"
                return f"({self.text(condition, place)} ? {chosen})"
            case ast.ListLiteral() | ast.MapLiteral():
                return self._collection(node, place)
            case _:
                return _literal(node)

    def _chain(self, operator: str, operands: tuple[ast.Expr, ...], place: _Place) -> str:
        return f"({operator.join(self.text(operand, place) for operand in operands)})"

    def _collection(self, node: ast.ListLiteral | ast.MapLiteral, place: _Place) -> str:
        members = node.items if isinstance(node, ast.ListLiteral) else node.entries
        if any(member.optional for member in members):
            raise NotPortable(node.span, "members that may be absent")
        if isinstance(node, ast.ListLiteral):
            return f"[{', '.join(self.text(item.value, place) for item in node.items)}]"
        entries = (f"{self.text(e.key, place)}: {self.text(e.value, place)}" for e in node.entries)
        return f"{{{', '.join(entries)}}}"

    # --- calls

    def _call(self, node: ast.Call, place: _Place) -> str:
        if node.function not in _FUNCTIONS:
            raise NotPortable(node.span, f"the function `{node.function}`")
        if node.function == "has":
            # Of what type the field is does not matter here.
            return f"has({', '.join(self._bare(a.value, place) for a in node.arguments)})"
        return f"{node.function}({self._arguments(node.arguments, place)})"

    def _method_call(self, node: ast.MethodCall, place: _Place) -> str:
        method, arguments = node.method, node.arguments
        kind = self.types.get(id(node.target))
        if isinstance(kind, t.ChangesType):
            raise NotPortable(node.span, f"`changes.{method}`", _CHANGES.get(method))
        self._refuse_namespace(node, place)
        if (method, len(arguments)) in _MACROS:
            return self._macro(node, place)
        target = self.text(node.target, place)
        if method == "in":
            raise NotPortable(node.span, "a calendar")
        if method not in _METHODS:
            raise NotPortable(node.span, f"the function `{method}`")
        return f"{target}.{method}({self._arguments(arguments, place)})"

    def _refuse_namespace(self, node: ast.MethodCall, place: _Place) -> None:
        target = node.target
        if isinstance(target, ast.Name) and place.scope.is_namespace(target, place.bound):
            raise NotPortable(node.span, f"the function `{target.name}.{node.method}`")

    def _macro(self, node: ast.MethodCall, place: _Place) -> str:
        macro = find_macro(node.method, True, len(node.arguments))
        names = {
            argument.value.name
            for argument in node.arguments[: len(macro.variables) if macro else 0]
            if isinstance(argument.value, ast.Name)
        }
        inside = self._arguments(node.arguments, place.binding(names))
        return f"{self.text(node.target, place)}.{node.method}({inside})"

    def _arguments(self, arguments: tuple[ast.Argument, ...], place: _Place) -> str:
        for argument in arguments:
            if argument.name is not None:
                raise NotPortable(argument.span, "an argument with a name")
        return ", ".join(self.text(argument.value, place) for argument in arguments)


_CHANGES = {"has": "a fixed field can be asked for with `has(changes.F)`"}


def _literal(node: ast.Expr) -> str:
    match node:
        case ast.NullLiteral():
            return "null"
        case ast.BoolLiteral(value):
            return "true" if value else "false"
        case ast.IntLiteral(value):
            return f"({value})" if value < 0 else str(value)
        case ast.UintLiteral(value):
            return f"{value}u"
        case ast.DoubleLiteral(value, _):
            return f"({value!r})" if value < 0 else repr(value)
        case ast.StringLiteral(value):
            return _quoted(value)
        case ast.BytesLiteral(value):
            return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
        case ast.DurationLiteral(nanos):
            return f'duration("{Duration(nanos).text}")'
        case ast.TimestampLiteral(nanos):
            return f'timestamp("{Timestamp(nanos).text}")'
        case ast.Between():
            raise NotPortable(node.span, "a range", "write both ends: `low <= x && x <= high`")
        case ast.Select() | ast.Index():
            raise NotPortable(node.span, "fields and elements that may be absent")
        case _:
            raise NotPortable(node.span, "a literal of its own")


def _quoted(text: str) -> str:
    def escaped(char: str) -> str:
        if char in '"\\':
            return "\\" + char
        return char if char.isprintable() else f"\\U{ord(char):08x}"

    return '"' + "".join(map(escaped, text)) + '"'
