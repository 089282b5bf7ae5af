"""Expressions -> layout documents, with the fewest brackets that keep their meaning.

Tokens are taken from the cursor in the order in which they stand in the text; this is what keeps
spellings and comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from gatewright.dsl import ast
from gatewright.dsl.formatting.cursor import Cursor
from gatewright.dsl.formatting.layout import Doc, Group, Line, Nest, Tok, has_comment_first
from gatewright.dsl.source import Source

T = TypeVar("T")

# How tightly an expression binds, loosest first.
_CONDITIONAL, _OR, _AND, _RELATION, ADD, _MULTIPLY, _UNARY, _POSTFIX = range(8)
_ARITHMETIC = {"+": ADD, "-": ADD, "*": _MULTIPLY, "/": _MULTIPLY, "%": _MULTIPLY}

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|`[^`]*`")
_INT = r"(?:0[xX][0-9a-fA-F]+|\d+)"
_QUOTED = (
    r"(?:[rR]%s(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"[^\"]*\"|'[^']*')"
    r"|%s(?:\"\"\"(?:\\[\s\S]|[^\\])*?\"\"\"|'''(?:\\[\s\S]|[^\\])*?'''"
    r"|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'))"
)
STRING = re.compile(_QUOTED % ("", ""))
INTEGER = re.compile(_INT)
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?")
DURATION = re.compile(r"\d+(?:bd|ms|[smhdw])")
_SPELLINGS: dict[type[ast.Node], re.Pattern[str]] = {
    ast.NullLiteral: re.compile("null"),
    ast.BoolLiteral: re.compile("true|false"),
    ast.IntLiteral: INTEGER,
    ast.UintLiteral: re.compile(_INT + "[uU]"),
    ast.DoubleLiteral: re.compile(r"\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+"),
    ast.StringLiteral: STRING,
    ast.BytesLiteral: re.compile(r"[bB]" + _QUOTED % ("", "") + r"|[rR][bB]" + _QUOTED % ("", "")),
    ast.MoneyLiteral: re.compile(r"\d+(?:\.\d+)? ?[A-Z]{3}"),
    ast.DurationLiteral: DURATION,
    ast.BusinessDaysLiteral: DURATION,
    ast.TimestampLiteral: TIMESTAMP,
}
_AMOUNT = re.compile(r"(?<=\d)(?=[A-Z])")
_SIGNED = re.compile(r"(?:[\s\ufeff(]|//[^\n]*)*-")


class ExpressionPrinter:
    """Prints the expressions of one text, in the order in which they stand in it."""

    def __init__(self, source: Source) -> None:
        self.cursor = Cursor(source)
        self._source = source
        self._guarded: ast.Expr | None = None

    # --- tokens and sequences

    def words(self, *texts: str) -> list[Doc]:
        """Take several words that stand one space apart."""
        out: list[Doc] = []
        for text in texts:
            out += [" ", self.cursor.take(text)] if out else [self.cursor.take(text)]
        return out

    def dotted(self, name: ast.QualifiedName) -> Doc:
        """Take a dotted name."""
        return self._dots(name.parts)

    def _dots(self, parts: Iterable[str]) -> Doc:
        out: list[Doc] = []
        for part in parts:
            out += [self.cursor.take(".")] if out else []
            out.append(self.cursor.take(part))
        return out

    def pattern(self, pattern: ast.Pattern) -> Doc:
        """Take a pattern of action names."""
        return self._dots((*pattern.parts, "*") if pattern.wildcard else pattern.parts)

    def listed(self, items: Sequence[T], take: Callable[[T], Doc]) -> list[Doc]:
        """Take items that stand between commas."""
        out: list[Doc] = []
        for item in items:
            out += [self.cursor.take_tight(","), Line()] if out else []
            out.append(take(item))
        return out

    def names(self, items: Sequence[T], take: Callable[[T], Doc]) -> Doc:
        """Take a list without brackets around it: `outranks a, b`."""
        return Group(Nest(self.listed(items, take)))

    def enclosed(
        self, opening: Tok, closing: str, items: Sequence[T], take: Callable[[T], Doc]
    ) -> Doc:
        """Take a list in brackets: the arguments of a call, the elements of a list."""
        content = self.listed(items, take)
        comments, end = self.cursor.take_closing(closing, bool(content))
        if not content and not comments:
            return [opening, end]
        start: list[Doc] = [Line("")] if content else []
        return Group([opening, Nest([*start, *content, *comments]), Line(""), end])

    # --- expressions

    def expression(self, node: ast.Expr, minimum: int = _CONDITIONAL) -> Doc:
        """Take an expression; it gets brackets when it binds more loosely than `minimum`."""
        if node is self._guarded:
            # Its brackets may be new, or have closed further on: `(then.x)` becomes `(then).x`.
            opening = self.cursor.take_if("(") or Tok("(")
            return [opening, self._bare(node), self.cursor.take_if(")") or Tok(")")]
        if self._level(node) >= minimum:
            return self._bare(node)
        opening = self.cursor.take("(")
        content = self._bare(node)
        return [opening, content, self.cursor.take(")")]

    def operand(self, node: ast.Expr) -> Doc:
        """Take what the grammar calls a sum: an expression that has no comparison in it."""
        return self.expression(node, ADD)

    def after(self, token: Tok, node: ast.Expr) -> list[Doc]:
        """Take an expression that follows a token: on a deeper line, if a comment parts the two."""
        value = self.expression(node)
        return [token, " ", Nest(value) if token.after or has_comment_first(value) else value]

    def at_row_start(self, node: ast.Expr, words: frozenset[str]) -> None:
        """Note that an expression starts a row, where the names `words` need brackets.

        So does a leading dot, which would go on with `=> require manager` in the row above.
        """
        minimum = _CONDITIONAL
        while self._level(node) >= minimum:
            match node:
                case ast.Name(name, absolute) | ast.Call(name, _, absolute):
                    if name in words or absolute:
                        self._guarded = node
                    return
                case ast.Conditional():
                    node, minimum = node.condition, _OR
                case ast.Or():
                    node, minimum = node.operands[0], _AND
                case ast.And():
                    node, minimum = node.operands[0], _RELATION
                case ast.Binary():
                    node, minimum = node.left, self._level(node)
                case ast.Between():
                    node, minimum = node.value, _RELATION
                case ast.Select() | ast.Index():
                    node, minimum = node.operand, _POSTFIX
                case ast.MethodCall():
                    node, minimum = node.target, _POSTFIX
                case _:
                    return

    def _level(self, node: ast.Expr) -> int:
        match node:
            case ast.Conditional():
                return _CONDITIONAL
            case ast.Or():
                return _OR
            case ast.And():
                return _AND
            case ast.Binary():
                return _ARITHMETIC.get(node.operator, _RELATION)
            case ast.Between():
                return _RELATION
            case ast.Unary():
                return _UNARY
            case ast.IntLiteral() | ast.DoubleLiteral() | ast.MoneyLiteral():
                return _UNARY if self._is_signed(node) else _POSTFIX
            case ast.DurationLiteral():
                return _UNARY if self._is_signed(node) else _POSTFIX
            case _:
                return _POSTFIX

    def _is_signed(self, node: ast.Expr) -> bool:
        """Tell whether a literal is spelled with a minus sign; `-0` is, and so is `- -1`."""
        return _SIGNED.match(self._source.text, node.span.start) is not None

    def _bare(self, node: ast.Expr) -> Doc:
        cursor = self.cursor
        match node:
            case ast.Name(name, absolute):
                return [cursor.take("."), cursor.take(name)] if absolute else cursor.take(name)
            case ast.Select(operand, _, optional):
                out = self.expression(operand, _POSTFIX)
                return [out, cursor.take(".?" if optional else "."), cursor.take_match(_FIELD)]
            case ast.Index():
                return self._index(node)
            case ast.Call(function, arguments, absolute):
                dot: list[Doc] = [cursor.take(".")] if absolute else []
                return [*dot, cursor.take(function), self.arguments(arguments)]
            case ast.MethodCall(target, method, arguments):
                out = self.expression(target, _POSTFIX)
                out = [out, cursor.take("."), cursor.take(method)]
                return [out, self.arguments(arguments)]
            case ast.Unary():
                return self._unary(node)
            case ast.Binary():
                return Group(self._binary(node))
            case ast.Between():
                return self._between(node)
            case ast.And(operands):
                return self._chain("&&", operands, _RELATION)
            case ast.Or(operands):
                return self._chain("||", operands, _AND)
            case ast.Conditional():
                return self._conditional(node)
            case ast.ListLiteral(items):
                return self.enclosed(cursor.take("["), "]", items, self._list_item)
            case ast.MapLiteral():
                return self.map(node)
            case _:
                return self.literal(node)

    def literal(self, node: ast.LiteralExpr) -> Doc:
        """Take a literal as it is spelled, its minus signs too."""
        out: list[Doc] = []
        if self._level(node) == _UNARY:
            while (sign := self.cursor.take_if("-", behind="(")) is not None:
                out += [" ", sign] if out else [sign]
        token = self.cursor.take_match(_SPELLINGS[type(node)])
        if isinstance(node, ast.MoneyLiteral):
            token.text = _AMOUNT.sub(" ", token.text)
        return [*out, token]

    def arguments(self, arguments: tuple[ast.Argument, ...]) -> Doc:
        """Take the arguments of a call, with their brackets."""
        opening = self.cursor.take_tight("(")
        match arguments:
            case [ast.Argument(None, ast.ListLiteral() | ast.MapLiteral() as value)]:
                return [opening, self.expression(value), self.cursor.take(")")]
            case _:
                return self.enclosed(opening, ")", arguments, self._argument)

    def _argument(self, argument: ast.Argument) -> Doc:
        if argument.name is None:
            return self.expression(argument.value)
        name = self.cursor.take(argument.name)
        return [name, *self.after(self.cursor.take_tight(":"), argument.value)]

    def _index(self, node: ast.Index) -> Doc:
        out = self.expression(node.operand, _POSTFIX)
        opening: list[Doc] = [self.cursor.take("[")]
        if node.optional:
            opening.append(self.cursor.take("?"))
        index = self.expression(node.index)
        return [out, *opening, index, self.cursor.take("]")]

    def _list_item(self, item: ast.ListItem) -> Doc:
        mark: list[Doc] = [self.cursor.take("?")] if item.optional else []
        return [*mark, self.expression(item.value)]

    def map(self, node: ast.MapLiteral) -> Doc:
        """Take a map, which stays open when its author began its entries on a new line."""
        opening = self.cursor.take("{")
        broken = bool(node.entries) and self.cursor.at_new_line()
        content = self.listed(node.entries, self._map_entry)
        comments, closing = self.cursor.take_closing("}", bool(content))
        if not content and not comments:
            return [opening, " ", closing]
        start: list[Doc] = [Line()] if content else []
        return Group([opening, Nest([*start, *content, *comments]), Line(), closing], broken)

    def _map_entry(self, entry: ast.MapEntry) -> Doc:
        out: list[Doc] = [self.cursor.take("?")] if entry.optional else []
        out.append(self.expression(entry.key))
        return [*out, *self.after(self.cursor.take_tight(":"), entry.value)]

    # --- operators

    def _unary(self, node: ast.Unary) -> Doc:
        out: list[Doc] = [self.cursor.take(node.operator)]
        if node.operator == "-" and self._starts_with_minus(node.operand):
            out.append(" ")
        return [*out, self.expression(node.operand, _UNARY)]

    def _starts_with_minus(self, node: ast.Expr) -> bool:
        if isinstance(node, ast.Unary):
            return node.operator == "-"
        return self._level(node) == _UNARY

    def _binary(self, node: ast.Binary) -> list[Doc]:
        level = self._level(node)
        left = node.left
        if isinstance(left, ast.Binary) and level != _RELATION and self._level(left) == level:
            out = self._binary(left)  # `a + b - c` is one chain
        else:
            out = [self.expression(left, level)]
        tail: list[Doc] = [self.cursor.take(node.operator), " "]
        tail.append(self.expression(node.right, level + 1))
        if isinstance(node.right, ast.ListLiteral | ast.MapLiteral):
            return [*out, " ", *tail]
        return [*out, Nest([Line(), *tail])]

    def _between(self, node: ast.Between) -> Doc:
        value = self.expression(node.value, _RELATION)
        low: list[Doc] = [self.cursor.take("in"), " ", self.operand(node.low)]
        high: list[Doc] = [self.cursor.take(".."), " ", self.operand(node.high)]
        return Group([value, Nest([Line(), *low, Line(), *high])])

    def _chain(self, operator: str, operands: tuple[ast.Expr, ...], minimum: int) -> Doc:
        out: list[Doc] = []
        for operand in operands:
            out += [Line(), self.cursor.take(operator), " "] if out else []
            out.append(self.expression(operand, minimum))
        return Group(Nest(out))

    def _conditional(self, node: ast.Conditional) -> Doc:
        condition = self.expression(node.condition, _OR)
        then: list[Doc] = [Line(), self.cursor.take("?"), " ", self.expression(node.then, _OR)]
        otherwise: list[Doc] = [Line(), self.cursor.take(":"), " "]
        otherwise.append(self.expression(node.otherwise))
        return Group(Nest([condition, *then, *otherwise]))
