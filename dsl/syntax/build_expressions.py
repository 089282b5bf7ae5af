"""Parser reductions -> expression nodes: one method a grammar rule, of the same name.

The parser calls a method with everything the rule matched: tokens (punctuation too) and nodes that
are already built. What cannot be built (a number out of range, a bad escape) is noted in
`problems`, and a harmless value stands in, so that one bad literal hides nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, cast, get_args

from gatewright.dsl import ast, limits, records
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import syntax as messages
from gatewright.dsl.source import Source, Span
from gatewright.dsl.syntax import literals
from gatewright.dsl.syntax.lexer import Token

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
        self._depths: dict[int, int] = {}
        self._minimums: dict[int, Span] = {}
        self._kept: list[ast.Node] = []
        self.problems: list[Diagnostic] = []

    @contextmanager
    def reading(self, source: Source) -> Generator[None, None, None]:
        """Build from `source`."""
        before = self._source
        self._source = source
        try:
            yield
        finally:
            self._source = before

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
        return Span(self._source, token.start, token.end)

    def _nested(self, node: N, parts: Iterable[ast.Node]) -> N:
        """Note how deep an expression or type is, and stop where it is too deep.

        Depths are kept by identity, but for those of nodes without parts, which are 1; `_kept`
        keeps the nodes alive, so that no identity is used again.
        """
        deepest = 0
        for part in parts:
            deepest = max(deepest, self._depths.get(id(part), 1))
        if deepest:
            if deepest >= limits.MAX_DEPTH:
                raise TooDeep(node)
            self._depths[id(node)] = 1 + deepest
            self._kept.append(node)
        return node

    # --- names and members

    def name(self, c: Children, span: Span) -> ast.Expr:
        return ast.Name(str(c[0]), span=span)

    def absolute_name(self, c: Children, span: Span) -> ast.Expr:
        return ast.Name(str(c[1]), absolute=True, span=span)

    def select(self, c: Children, span: Span) -> ast.Expr:
        return self._select(c, span, optional=False)

    def optional_select(self, c: Children, span: Span) -> ast.Expr:
        return self._select(c, span, optional=True)

    def _select(self, c: Children, span: Span, *, optional: bool) -> ast.Expr:
        operand, field = cast(ast.Expr, c[0]), str(c[2]).strip("`")
        return self._nested(ast.Select(operand, field, optional, span=span), [operand])

    def index(self, c: Children, span: Span) -> ast.Expr:
        operand, index = exprs(c)
        return self._nested(ast.Index(operand, index, span=span), [operand, index])

    def optional_index(self, c: Children, span: Span) -> ast.Expr:
        operand, index = exprs(c)
        node = ast.Index(operand, index, optional=True, span=span)
        return self._nested(node, [operand, index])

    # --- calls

    def call(self, c: Children, span: Span) -> ast.Expr:
        arguments = sequence(c)
        node = ast.Call(str(c[0]), arguments, span=span)
        return self._nested(node, (a.value for a in arguments))

    def absolute_call(self, c: Children, span: Span) -> ast.Expr:
        arguments = sequence(c)
        node = ast.Call(str(c[1]), arguments, absolute=True, span=span)
        return self._nested(node, (a.value for a in arguments))

    def method_call(self, c: Children, span: Span) -> ast.Expr:
        target, arguments = cast(ast.Expr, c[0]), sequence(c)
        node = ast.MethodCall(target, str(c[2]), arguments, span=span)
        return self._nested(node, [target, *(a.value for a in arguments)])

    def arguments(self, c: Children, span: Span) -> tuple[ast.Argument, ...]:
        return tuple(nodes(c, ast.Argument))

    def argument(self, c: Children, span: Span) -> ast.Argument:
        return ast.Argument(None, cast(ast.Expr, c[0]), span=span)

    def named_argument(self, c: Children, span: Span) -> ast.Argument:
        return ast.Argument(str(c[0]), cast(ast.Expr, c[2]), span=span)

    # --- operators

    def binary(self, c: Children, span: Span) -> ast.Expr:
        left, operator, right = cast(tuple[ast.Expr, Token, ast.Expr], tuple(c))
        node = ast.Binary(cast(ast.BinaryOperator, str(operator)), left, right, span=span)
        return self._nested(node, [left, right])

    def between(self, c: Children, span: Span) -> ast.Expr:
        value, low, high = exprs(c)
        return self._nested(ast.Between(value, low, high, span=span), [value, low, high])

    def conjunction(self, c: Children, span: Span) -> ast.Expr:
        return self._flat(ast.And, c, span)

    def disjunction(self, c: Children, span: Span) -> ast.Expr:
        return self._flat(ast.Or, c, span)

    def _flat(self, kind: type[ast.And] | type[ast.Or], c: Children, span: Span) -> ast.Expr:
        """Build one node of `a && b && c`, and of `a && (b && c)` too."""
        operands: list[ast.Expr] = []
        for operand in exprs(c):
            operands.extend(operand.operands if isinstance(operand, kind) else (operand,))
        return self._nested(kind(tuple(operands), span=span), operands)

    def conditional(self, c: Children, span: Span) -> ast.Expr:
        condition, then, otherwise = exprs(c)
        node = ast.Conditional(condition, then, otherwise, span=span)
        return self._nested(node, [condition, then, otherwise])

    def not_(self, c: Children, span: Span) -> ast.Expr:
        operand = cast(ast.Expr, c[1])
        return self._nested(ast.Unary("!", operand, span=span), [operand])

    def negative(self, c: Children, span: Span) -> ast.Expr:
        operand = cast(ast.Expr, c[1])
        self._minimums.pop(id(operand), None)
        match operand:
            case ast.IntLiteral(value) if value != limits.INT_MIN:
                return ast.IntLiteral(-value, span=span)
            case ast.DoubleLiteral(value, text) if not text.startswith("-"):
                return ast.DoubleLiteral(-value, "-" + text, span=span)
            case ast.MoneyLiteral(amount, currency):
                return ast.MoneyLiteral(-amount, currency, span=span)
            case ast.DurationLiteral(nanos):
                return ast.DurationLiteral(-nanos, span=span)
            case _:
                return self._nested(ast.Unary("-", operand, span=span), [operand])

    def primary(self, c: Children, span: Span) -> ast.Expr:
        """Build `(expression)`: the expression with its brackets in its span."""
        inner = cast(ast.Expr, c[1])
        node = records.replace(inner, span=span)
        if id(inner) in self._minimums:
            self._minimums[id(node)] = self._minimums.pop(id(inner))
        if id(inner) in self._depths:
            self._depths[id(node)] = self._depths[id(inner)]
        self._kept.append(node)
        return node

    # --- lists and maps

    def list(self, c: Children, span: Span) -> ast.Expr:
        items = tuple(nodes(c, ast.ListItem))
        return self._nested(ast.ListLiteral(items, span=span), (i.value for i in items))

    def list_item(self, c: Children, span: Span) -> ast.ListItem:
        return ast.ListItem(cast(ast.Expr, c[-1]), len(c) > 1, span=span)

    def map(self, c: Children, span: Span) -> ast.Expr:
        entries = tuple(nodes(c, ast.MapEntry))
        parts = [part for entry in entries for part in (entry.key, entry.value)]
        return self._nested(ast.MapLiteral(entries, span=span), parts)

    def map_entry(self, c: Children, span: Span) -> ast.MapEntry:
        key, value = exprs(c)
        return ast.MapEntry(key, value, isinstance(c[0], Token), span=span)

    # --- literals

    def literal(self, c: Children, span: Span) -> ast.Expr:
        return self.literal_of(cast(Token, c[0]), span)

    def literal_of(self, token: Token, span: Span | None = None) -> ast.LiteralExpr:
        """Read a token as the literal that it is; its place is made where it is not given."""
        span = span or self.token_span(token)
        try:
            return self._read_literal(token.text, token.kind, span)
        except literals.BadLiteral as bad:
            self.problems.append(literal_problem(bad, span))
            return _STAND_INS[token.kind](span)

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
        return cast(ast.StringLiteral, self.literal_of(token))


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
    return (child for child in children if isinstance(child, Token) and child.kind in kinds)


_EXPRESSIONS = frozenset(get_args(ast.LiteralExpr) + get_args(ast.Expr))


def exprs(children: Children) -> tuple[ast.Expr, ...]:
    """Return the children that are expressions."""
    return tuple([cast(ast.Expr, child) for child in children if type(child) in _EXPRESSIONS])


def sequence(children: Children) -> tuple[Any, ...]:
    """Return the one child that is a list of nodes (members, fields, arguments), or nothing."""
    return next((child for child in children if isinstance(child, tuple)), ())
