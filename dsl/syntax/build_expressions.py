"""Parser reductions -> expression nodes: one method a grammar rule, of the same name.

The parser calls a method with everything the rule matched: tokens (punctuation too) and nodes that
are already built. What cannot be built (a number out of range, a bad escape) is noted in
`problems`, and a harmless value stands in, so that one bad literal hides nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, cast

from lark import Token

from gatewright.dsl import ast, limits, records
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import syntax as messages
from gatewright.dsl.source import Source, Span
from gatewright.dsl.syntax import literals

Child: TypeAlias = Token | ast.Node | tuple[Any, ...]
Children: TypeAlias = list[Child]
N = TypeVar("N", bound=ast.Node)


class TooDeep(Exception):
    """An expression or a type nests deeper than `limits.MAX_DEPTH`; parsing stops."""

    def __init__(self, node: ast.Node) -> None:
        super().__init__()
        self.node = node


class ExpressionBuilder:
    """Builds the expressions of one text at a time."""

    def __init__(self) -> None:
        self._source = Source("", "")
        self._offset = 0
        self._depths: dict[int, int] = {}
        self._minimums: dict[int, Span] = {}
        self._kept: list[ast.Node] = []
        self.problems: list[Diagnostic] = []

    @contextmanager
    def reading(self, source: Source, offset: int) -> Generator[None, None, None]:
        """Build from `source`, the parser's text starting at `offset` in it."""
        before = (self._source, self._offset)
        self._source, self._offset = source, offset
        try:
            yield
        finally:
            self._source, self._offset = before

    def reset(self) -> None:
        """Forget the last text."""
        self._depths, self._minimums, self._kept, self.problems = {}, {}, [], []

    def finish(self) -> list[Diagnostic]:
        """Return what could not be built, after the text is parsed."""
        for span in self._minimums.values():
            self.problems.append(messages.number_out_of_range(span, "a 64-bit integer"))
        return self.problems

    def token_span(self, token: Token) -> Span:
        """Return where a token stands in the source."""
        start = cast(int, token.start_pos) + self._offset
        return Span(self._source, start, cast(int, token.end_pos) + self._offset)

    def span(self, children: Children) -> Span:
        """Return the range from the first child to the last; lists of nodes count as their ends."""
        start, end = self._span_of(children[0], 0), self._span_of(children[-1], -1)
        return Span(self._source, start.start, end.end)

    def _span_of(self, child: Child, end: int) -> Span:
        """Return the place of a child; of a list of nodes that of its first (0) or last (-1)."""
        while isinstance(child, tuple):
            child = cast(Child, child[end])
        return self.token_span(child) if isinstance(child, Token) else child.span

    def _nested(self, node: N, parts: Iterable[ast.Node]) -> N:
        """Note how deep an expression or type is, and stop where it is too deep.

        Depths are kept by identity; `_kept` keeps the nodes alive, so that none is used again.
        """
        depth = 1 + max((self._depths.get(id(part), 0) for part in parts), default=0)
        if depth > limits.MAX_DEPTH:
            raise TooDeep(node)
        self._depths[id(node)] = depth
        self._kept.append(node)
        return node

    # --- names and members

    def name(self, c: Children) -> ast.Expr:
        return self._nested(ast.Name(str(c[0]), span=self.span(c)), ())

    def absolute_name(self, c: Children) -> ast.Expr:
        return self._nested(ast.Name(str(c[1]), absolute=True, span=self.span(c)), ())

    def select(self, c: Children) -> ast.Expr:
        return self._select(c, optional=False)

    def optional_select(self, c: Children) -> ast.Expr:
        return self._select(c, optional=True)

    def _select(self, c: Children, *, optional: bool) -> ast.Expr:
        operand, field = cast(ast.Expr, c[0]), str(c[2]).strip("`")
        return self._nested(ast.Select(operand, field, optional, span=self.span(c)), [operand])

    def index(self, c: Children) -> ast.Expr:
        operand, index = exprs(c)
        return self._nested(ast.Index(operand, index, span=self.span(c)), [operand, index])

    def optional_index(self, c: Children) -> ast.Expr:
        operand, index = exprs(c)
        node = ast.Index(operand, index, optional=True, span=self.span(c))
        return self._nested(node, [operand, index])

    # --- calls

    def call(self, c: Children) -> ast.Expr:
        arguments = sequence(c)
        node = ast.Call(str(c[0]), arguments, span=self.span(c))
        return self._nested(node, (a.value for a in arguments))

    def absolute_call(self, c: Children) -> ast.Expr:
        arguments = sequence(c)
        node = ast.Call(str(c[1]), arguments, absolute=True, span=self.span(c))
        return self._nested(node, (a.value for a in arguments))

    def method_call(self, c: Children) -> ast.Expr:
        target, arguments = cast(ast.Expr, c[0]), sequence(c)
        node = ast.MethodCall(target, str(c[2]), arguments, span=self.span(c))
        return self._nested(node, [target, *(a.value for a in arguments)])

    def arguments(self, c: Children) -> tuple[ast.Argument, ...]:
        return tuple(nodes(c, ast.Argument))

    def argument(self, c: Children) -> ast.Argument:
        return ast.Argument(None, cast(ast.Expr, c[0]), span=self.span(c))

    def named_argument(self, c: Children) -> ast.Argument:
        return ast.Argument(str(c[0]), cast(ast.Expr, c[2]), span=self.span(c))

    # --- operators

    def binary(self, c: Children) -> ast.Expr:
        left, operator, right = cast(tuple[ast.Expr, Token, ast.Expr], tuple(c))
        node = ast.Binary(cast(ast.BinaryOperator, str(operator)), left, right, span=self.span(c))
        return self._nested(node, [left, right])

    def between(self, c: Children) -> ast.Expr:
        value, low, high = exprs(c)
        return self._nested(ast.Between(value, low, high, span=self.span(c)), [value, low, high])

    def conjunction(self, c: Children) -> ast.Expr:
        return self._flat(ast.And, c)

    def disjunction(self, c: Children) -> ast.Expr:
        return self._flat(ast.Or, c)

    def _flat(self, kind: type[ast.And] | type[ast.Or], c: Children) -> ast.Expr:
        """Build one node of `a && b && c`, and of `a && (b && c)` too."""
        operands: list[ast.Expr] = []
        for operand in exprs(c):
            operands.extend(operand.operands if isinstance(operand, kind) else (operand,))
        return self._nested(kind(tuple(operands), span=self.span(c)), operands)

    def conditional(self, c: Children) -> ast.Expr:
        condition, then, otherwise = exprs(c)
        node = ast.Conditional(condition, then, otherwise, span=self.span(c))
        return self._nested(node, [condition, then, otherwise])

    def not_(self, c: Children) -> ast.Expr:
        operand = cast(ast.Expr, c[1])
        return self._nested(ast.Unary("!", operand, span=self.span(c)), [operand])

    def negative(self, c: Children) -> ast.Expr:
        operand, span = cast(ast.Expr, c[1]), self.span(c)
        self._minimums.pop(id(operand), None)
        match operand:
            case ast.IntLiteral(value) if value != limits.INT_MIN:
                return self._nested(ast.IntLiteral(-value, span=span), ())
            case ast.DoubleLiteral(value, text) if not text.startswith("-"):
                return self._nested(ast.DoubleLiteral(-value, "-" + text, span=span), ())
            case ast.MoneyLiteral(amount, currency):
                return self._nested(ast.MoneyLiteral(-amount, currency, span=span), ())
            case ast.DurationLiteral(nanos):
                return self._nested(ast.DurationLiteral(-nanos, span=span), ())
            case _:
                return self._nested(ast.Unary("-", operand, span=span), [operand])

    def primary(self, c: Children) -> ast.Expr:
        """Build `(expression)`: the expression with its brackets in its span."""
        inner = cast(ast.Expr, c[1])
        node = records.replace(inner, span=self.span(c))
        if id(inner) in self._minimums:
            self._minimums[id(node)] = self._minimums.pop(id(inner))
        self._depths[id(node)] = self._depths.get(id(inner), 0)
        self._kept.append(node)
        return node

    # --- lists and maps

    def list(self, c: Children) -> ast.Expr:
        items = tuple(nodes(c, ast.ListItem))
        return self._nested(ast.ListLiteral(items, span=self.span(c)), (i.value for i in items))

    def list_item(self, c: Children) -> ast.ListItem:
        return ast.ListItem(exprs(c)[0], isinstance(c[0], Token), span=self.span(c))

    def map(self, c: Children) -> ast.Expr:
        entries = tuple(nodes(c, ast.MapEntry))
        parts = [part for entry in entries for part in (entry.key, entry.value)]
        return self._nested(ast.MapLiteral(entries, span=self.span(c)), parts)

    def map_entry(self, c: Children) -> ast.MapEntry:
        key, value = exprs(c)
        return ast.MapEntry(key, value, isinstance(c[0], Token), span=self.span(c))

    # --- literals

    def literal(self, c: Children) -> ast.Expr:
        token = cast(Token, c[0])
        return self._nested(self.literal_of(token, token.type), ())

    def literal_of(self, token: Token, kind: str) -> ast.LiteralExpr:
        """Read a token as a literal of the grammar's kind (`INT`, `STRING`, ...)."""
        text, span = str(token), self.token_span(token)
        try:
            return self._read_literal(text, kind, span)
        except literals.BadLiteral as bad:
            self.problems.append(literal_problem(bad, span))
            return _STAND_INS[kind](span)

    def _read_literal(self, text: str, kind: str, span: Span) -> ast.LiteralExpr:
        match kind:
            case "INT":
                return self._int(text, span)
            case "UINT":
                return ast.UintLiteral(literals.integer(text[:-1]), span=span)
            case "DOUBLE":
                return ast.DoubleLiteral(literals.double(text), text, span=span)
            case "STRING":
                return ast.StringLiteral(literals.string(text), span=span)
            case "BYTES":
                return ast.BytesLiteral(literals.bytes_(text), span=span)
            case "MONEY":
                return ast.MoneyLiteral(*literals.money(text), span=span)
            case "DURATION":
                return ast.DurationLiteral(literals.duration(text), span=span)
            case "BUSINESS_DAYS":
                return ast.BusinessDaysLiteral(literals.integer(text[:-2]), span=span)
            case "TIMESTAMP" | "DATE":
                return ast.TimestampLiteral(literals.timestamp(text), span=span)
            case "KW_NULL":
                return ast.NullLiteral(span=span)
            case _:
                return ast.BoolLiteral(kind == "KW_TRUE", span=span)

    def _int(self, text: str, span: Span) -> ast.IntLiteral:
        """Read an int; 2^63 is allowed only where a minus sign takes it up."""
        value = literals.integer(text)
        if value > limits.INT_MAX + 1:
            raise literals.BadLiteral("range", "a 64-bit integer")
        node = ast.IntLiteral(value, span=span)
        if value > limits.INT_MAX:
            self._minimums[id(node)] = span
            self._kept.append(node)
        return node

    def string(self, token: Token) -> ast.StringLiteral:
        """Read a token as a string literal."""
        return cast(ast.StringLiteral, self.literal_of(token, "STRING"))


_STAND_INS: dict[str, Callable[[Span], ast.LiteralExpr]] = {
    "INT": lambda span: ast.IntLiteral(0, span=span),
    "UINT": lambda span: ast.UintLiteral(0, span=span),
    "DOUBLE": lambda span: ast.DoubleLiteral(0.0, "0.0", span=span),
    "STRING": lambda span: ast.StringLiteral("", span=span),
    "BYTES": lambda span: ast.BytesLiteral(b"", span=span),
    "MONEY": lambda span: ast.MoneyLiteral(Decimal(0), span.text[-3:], span=span),
    "DURATION": lambda span: ast.DurationLiteral(0, span=span),
    "BUSINESS_DAYS": lambda span: ast.BusinessDaysLiteral(1, span=span),
    "TIMESTAMP": lambda span: ast.TimestampLiteral(0, span=span),
    "DATE": lambda span: ast.TimestampLiteral(0, span=span),
}


def literal_problem(bad: literals.BadLiteral, span: Span) -> Diagnostic:
    """Return the diagnostic of a literal that stands at `span` and has no value."""
    match bad.problem:
        case "range":
            return messages.number_out_of_range(span, bad.detail)
        case "digits":
            return messages.too_many_digits(span)
        case "timestamp":
            return messages.bad_timestamp(span)
        case "marks":
            return messages.too_many_marks(span)
        case "escape":
            at = Span(span.source, span.start + bad.start, span.start + bad.end)
            return messages.bad_escape(at, bad.detail)


def too_deep(error: TooDeep) -> Diagnostic:
    """Return the diagnostic of what nests too deeply."""
    node = error.node
    return limit_messages.too_deep(node.span, is_type=isinstance(node, ast.TypeRef))


def nodes(children: Children, kind: type[N]) -> list[N]:
    """Return the children that are nodes of a kind."""
    return [child for child in children if isinstance(child, kind)]


def tokens(children: Children, *kinds: str) -> Iterator[Token]:
    """Return the children that are tokens of some kinds."""
    return (child for child in children if isinstance(child, Token) and child.type in kinds)


_EXPRESSIONS = (
    ast.NullLiteral, ast.BoolLiteral, ast.IntLiteral, ast.UintLiteral, ast.DoubleLiteral,
    ast.StringLiteral, ast.BytesLiteral, ast.MoneyLiteral, ast.DurationLiteral,
    ast.BusinessDaysLiteral, ast.TimestampLiteral, ast.Name, ast.Select, ast.Index, ast.Call,
    ast.MethodCall, ast.Unary, ast.Binary, ast.And, ast.Or, ast.Conditional, ast.Between,
    ast.ListLiteral, ast.MapLiteral,
)  # fmt: skip


def exprs(children: Children) -> tuple[ast.Expr, ...]:
    """Return the children that are expressions."""
    return tuple(child for child in children if isinstance(child, _EXPRESSIONS))


def sequence(children: Children) -> tuple[Any, ...]:
    """Return the one child that is a list of nodes (members, fields, arguments), or nothing."""
    return next((child for child in children if isinstance(child, tuple)), ())
