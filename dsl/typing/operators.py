"""Types of arithmetic, comparisons, `in`, `-` and `!`.

Exactness is checked here: two currencies, a decimal with a double, money with a plain number are
errors before anything runs. A number literal beside a decimal or money is read as a decimal.
Source: docs/language.md#expressions.
"""

from __future__ import annotations

from collections.abc import Callable

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic, Label
from gatewright.dsl.messages import types as messages
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Span
from gatewright.dsl.typing.base import Env, Inference
from gatewright.dsl.typing.choosing import choose
from gatewright.dsl.typing.compat import NUMBERS, ORDERED, comparable, is_dynamic, orderable
from gatewright.dsl.typing.places import spell
from gatewright.dsl.typing.presence import resolve
from gatewright.dsl.typing.signatures import operators

_LITERALS = (
    ast.NullLiteral, ast.BoolLiteral, ast.IntLiteral, ast.UintLiteral, ast.DoubleLiteral,
    ast.StringLiteral, ast.BytesLiteral, ast.MoneyLiteral, ast.DurationLiteral,
    ast.TimestampLiteral,
)  # fmt: skip
_CLOSED = frozenset("+-*")
"""The operators of which two numbers of one kind give a third."""
_NEGATED = NUMBERS - {t.UINT}
_HISTORY_HELP = "ask it for a value: `refunds.count(customer: action.customer, within: 30d)`"
_ID_OF = {
    "agent": ": `agent.id`",
    "target": ": `target.id`",
    "action": ": `action.name` is a text",
}
_CHANGES_HELP = 'ask it for a value: `changes.Amount.new`, `changes.has("Amount")`'


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of an operator. `meant` is the node with `let`s looked through."""

    node: ast.Expr
    kind: t.Type
    meant: ast.Expr

    @property
    def is_literal(self) -> bool:
        """Whether the side is written as a literal right here."""
        return isinstance(self.node, _LITERALS)

    def beside(self, other: Operand) -> Operand:
        """Return this side as it is read beside the other one: a literal may become exact."""
        return Operand(self.node, _number_beside(self.node, self.kind, other.kind), self.meant)

    def equal_to(self, other: Operand) -> Operand:
        """Return this side as it is compared: the parts of list and map literals may be exact."""
        return Operand(self.node, _parts_beside(self.node, self.kind, other.kind), self.meant)

    @property
    def label(self) -> Label:
        """A label that says what this side is."""
        kind = "any value" if self.kind == t.ANY else str(self.kind)
        return Label(self.node.span, f"this is {kind}")


def _number_beside(node: ast.Expr, kind: t.Type, other: t.Type) -> t.Type:
    number = node.operand if isinstance(node, ast.Unary) else node
    is_exact = other == t.DECIMAL or isinstance(other, t.MoneyType)
    is_number = isinstance(number, ast.DoubleLiteral) and kind == t.DOUBLE
    return t.DECIMAL if is_number and is_exact else kind


def _parts_beside(node: ast.Expr, kind: t.Type, other: t.Type) -> t.Type:
    match node, kind, other:
        case ast.ListLiteral(items=items), t.ListType(part), t.ListType(wanted):
            read = {part if i.optional else _parts_beside(i.value, part, wanted) for i in items}
            return t.ListType(read.pop()) if len(read) == 1 else kind
        case ast.MapLiteral(entries=entries), t.MapType(key, part), t.MapType(_, wanted):
            read = {part if e.optional else _parts_beside(e.value, part, wanted) for e in entries}
            return t.MapType(key, read.pop()) if len(read) == 1 else kind
        case _:
            return _number_beside(node, kind, other)


def operand(typer: Inference, node: ast.Expr, env: Env) -> Operand:
    """Infer one side of an operator."""
    kind = typer.shared.get(id(node)) or typer.infer_in(node, env)
    return Operand(node, kind, env.resolve(node))


# --- comparing ----------------------------------------------------------------------------------


def mismatch(
    left: Operand, right: Operand, span: Span, *, ordered: bool = False
) -> Diagnostic | None:
    """Say why two values cannot be compared, or None if they can."""
    # HOT: nearly all comparisons are of two numbers, two texts or two amounts of money.
    if left.kind == right.kind and (left.kind in ORDERED or isinstance(left.kind, t.MoneyType)):
        return None
    if isinstance(left.kind, t.StringType) and isinstance(right.kind, t.StringType):
        return None if ordered else _too_long(left, right) or _too_long(right, left)
    a, b = left.equal_to(right), right.equal_to(left)
    if t.UNKNOWN in (a.kind, b.kind):
        return None
    at = _at(left, right, span)
    labels = (left.label, right.label) if at == span else ()
    found = inexact(a, b, at, labels)
    if found is not None:
        return found
    match a.kind, b.kind:
        case (t.EnumType() as enum, _) | (_, t.EnumType() as enum) if ordered:
            help = f'compare with `==` or `in`: `in ["{enum.values[0]}"]`'
            return messages.incomparable(at, a.kind, b.kind, help, labels)
        case t.EnumType() as enum, t.StringType() | t.EnumType():
            return _enum(enum, a, b, at, labels)
        case t.StringType(), t.EnumType() as enum:
            return _enum(enum, b, a, at, labels)
        case _:
            pass
    too_long = None if ordered else _too_long(a, b) or _too_long(b, a)
    if too_long is not None:
        return too_long
    agree: Callable[[t.Type, t.Type], bool] = orderable if ordered else comparable
    if agree(a.kind, b.kind):
        return None
    return messages.incomparable(at, a.kind, b.kind, _advice(a, b), labels)


def _at(left: Operand, right: Operand, span: Span) -> Span:
    """Return the side to point at: the one literal, else both."""
    if left.is_literal != right.is_literal:
        return left.node.span if left.is_literal else right.node.span
    return span


def inexact(a: Operand, b: Operand, at: Span, labels: tuple[Label, ...]) -> Diagnostic | None:
    """Say why two numbers do not go together exactly, or None."""
    match a.kind, b.kind:
        case t.MoneyType(x), t.MoneyType(y) if x and y and x != y:
            return messages.two_currencies(at, x, y, labels)
        case (t.DECIMAL, t.DOUBLE) | (t.DOUBLE, t.DECIMAL):
            exact = a.kind if b.kind == t.DOUBLE else b.kind
            return messages.decimal_with_double(at, exact, labels)
        case t.MoneyType(), _ if b.kind in NUMBERS:
            return messages.money_with_number(at, a.kind, _money(b, a.kind), labels)
        case _, t.MoneyType() if a.kind in NUMBERS:
            return messages.money_with_number(at, b.kind, _money(a, b.kind), labels)
        case _:
            return None


def _money(number: Operand, money: t.Type) -> str | None:
    """Return the literal that was perhaps meant: `50 USD` for `50`."""
    if not number.is_literal or not isinstance(money, t.MoneyType):
        return None
    return f"{spell(number.node)} {money.currency or 'USD'}"


def _too_long(field: Operand, other: Operand) -> Diagnostic | None:
    """Say that a text is longer than a field of a declared length can be."""
    match field.kind, other.meant:
        case t.StringType(int(limit)), ast.StringLiteral(text) if len(text) > limit:
            return messages.text_too_long(other.node.span, len(text), limit)
        case _:
            return None


def _enum(
    enum: t.EnumType, one: Operand, other: Operand, at: Span, labels: tuple[Label, ...]
) -> Diagnostic | None:
    """Say that something is no value of an enum, if that can be known."""
    match other.meant, other.kind:
        case ast.StringLiteral(text), _ if not enum.has(text):
            return messages.not_in_enum(
                other.node.span, text, enum.values, f"a value of `{spell(one.node)}`"
            )
        case _, t.EnumType() as others if not enum.meets(others):
            help = "they have no value in common"
            return messages.incomparable(at, enum, others, help, labels)
        case _:
            return None


_ORDERING = frozenset({"<", "<=", ">", ">="})


def _advice(a: Operand, b: Operand) -> str | None:
    kinds = (a.kind, b.kind)
    if any(isinstance(kind, t.HistoryType) for kind in kinds):
        return _HISTORY_HELP
    if any(isinstance(kind, t.ChangesType) for kind in kinds):
        return _CHANGES_HELP
    record = next((k.name for k in kinds if isinstance(k, t.RecordType)), "")
    if record.startswith("changes."):
        return f"compare one of its two values: `{record}.old` or `{record}.new`"
    if record and any(isinstance(k, t.StringType) for k in kinds):
        return f"compare one of its fields{_ID_OF.get(record.split()[0], '')}"
    if t.NULL in kinds:
        return "a declared field is never null; `has(...)` tells whether it is there"
    for side, other in ((a, b), (b, a)):
        if isinstance(side.kind, t.OptionalType) and not isinstance(other.kind, t.OptionalType):
            return f"take its value first: `{spell(side.node)}.orValue(...)`"
        if side.is_literal and isinstance(side.kind, t.StringType):
            return _without_quotes(other.kind)
        if side.kind == t.DURATION and other.kind in NUMBERS:
            return "write a length of time: `8h`, `30d`"
        if side.kind == t.TIMESTAMP and other.kind in NUMBERS:
            return "write an instant with a time of day and a zone: `2026-12-02T00:00:00Z`"
        if isinstance(side.node, ast.Binary) and side.node.operator in _ORDERING:
            return "comparisons do not follow one another: write `x > a && x < b`, or `x in a .. b`"
    return None


def _without_quotes(kind: t.Type) -> str | None:
    if kind == t.TIMESTAMP:
        return "write an instant without quotes: `2026-12-02T00:00:00Z`"
    if kind == t.DURATION:
        return "write a length of time without quotes: `30d`"
    if isinstance(kind, t.MoneyType):
        return "write money without quotes: `50 USD`"
    return "write a number without quotes" if kind in NUMBERS else None


# --- operators ----------------------------------------------------------------------------------


def binary(typer: Inference, node: ast.Binary, env: Env) -> t.Type:
    """Return the type of `left operator right`."""
    left, right = operand(typer, node.left, env), operand(typer, node.right, env)
    if node.operator == "in":
        _membership(typer, node, left, right, env)
        return t.BOOL
    if node.operator in ("+", "-", "*", "/", "%"):
        return _arithmetic(typer, node, left, right)
    ordered = node.operator not in ("==", "!=")
    _tell(typer, mismatch(left, right, node.span, ordered=ordered))
    return t.BOOL


def between(typer: Inference, node: ast.Between, env: Env) -> t.Type:
    """Check `value in low .. high`; where any value would do, the bounds may still not agree."""
    value, low, high = (operand(typer, part, env) for part in (node.value, node.low, node.high))
    found = [mismatch(value, bound, node.span, ordered=True) for bound in (low, high)]
    if not any(found):
        found.append(mismatch(low, high, node.span, ordered=True))
    for each in found:
        _tell(typer, each)
    return t.BOOL


def _tell(typer: Inference, found: Diagnostic | None) -> None:
    if found is not None:
        typer.report(found)


def _arithmetic(typer: Inference, node: ast.Binary, left: Operand, right: Operand) -> t.Type:
    if left.kind == right.kind and left.kind in NUMBERS and node.operator in _CLOSED:
        return left.kind  # HOT: nearly all sums are of numbers of one kind
    a, b = left.beside(right), right.beside(left)
    choice = choose(operators()[node.operator, 2], (a.kind, b.kind))
    if choice.result is not None:
        return choice.result
    at = _at(left, right, node.span)
    labels = (left.label, right.label) if at == node.span else ()
    scaling = node.operator in "*/%" and _money_and_other(a, b)
    found = None if scaling else inexact(a, b, at, labels)
    if scaling and t.DOUBLE in (a.kind, b.kind):
        money = a.kind if b.kind == t.DOUBLE else b.kind
        found = messages.decimal_with_double(at, money, labels)
    if found is None:
        help = _arithmetic_help(node.operator, a, b)
        found = messages.bad_operands(at, node.operator, (a.kind, b.kind), help, labels)
    typer.report(found)
    return t.UNKNOWN


def _money_and_other(a: Operand, b: Operand) -> bool:
    """Tell whether just one side is money: then a plain number beside it may be a factor."""
    return isinstance(a.kind, t.MoneyType) != isinstance(b.kind, t.MoneyType)


def _arithmetic_help(operator: str, a: Operand, b: Operand) -> str | None:
    kinds = {a.kind, b.kind}
    if any(isinstance(kind, t.HistoryType) for kind in kinds):
        return _HISTORY_HELP
    if kinds <= NUMBERS and len(kinds) == 2:
        return "convert one of them, with `int(...)`, `uint(...)` or `double(...)`"
    texts = [side for side in (a, b) if isinstance(side.kind, t.StringType | t.EnumType)]
    if operator == "+" and len(texts) == 1:
        other = b if texts[0] is a else a
        return f"make it a text: `string({spell(other.node)})`"
    if t.TIMESTAMP in kinds and kinds & NUMBERS:
        return "write a length of time: `7d`, `12h`"
    return None


def unary(typer: Inference, node: ast.Unary, env: Env) -> t.Type:
    """Return the type of `!x` or `-x`."""
    if node.operator == "!":
        typer.expect_bool(node.operand, env, "what `!` negates")
        return t.BOOL
    kind = typer.infer_in(node.operand, env)
    if kind in _NEGATED:
        return kind  # HOT: nearly all that is negated
    result = choose(operators()["-", 1], (kind,)).result
    if result is None:
        typer.report(messages.bad_operands(node.operand.span, "-", (kind,), None, ()))
        return t.UNKNOWN
    return result


# --- in -----------------------------------------------------------------------------------------


def _membership(
    typer: Inference, node: ast.Binary, left: Operand, right: Operand, env: Env
) -> None:
    match right.kind:
        case t.ListType(element):
            _in_list(typer, node, left, right, element, env)
        case t.MapType(key, _):
            key_side = Operand(node.right, key, node.right)
            _tell(typer, mismatch(left, key_side, node.left.span))
        case t.RecordType():
            _in_record(typer, left, right, right.kind)
        case t.ChangesType():
            _no_container(typer, right, f"write `changes.has({spell(node.left)})`")
        case t.HistoryType():
            _no_container(typer, right, _HISTORY_HELP)
        case t.StringType():
            _no_container(typer, right, _text_as_container(spell(node.left), spell(node.right)))
        case t.CalendarType():
            _no_container(typer, right, f"write `{spell(node.left)}.in({spell(node.right)})`")
        case _ if not is_dynamic(right.kind):
            _no_container(typer, right, None)
        case _:
            return


def _text_as_container(left: str, right: str) -> str:
    """Say how to look for something in a text, or how data has a list instead."""
    if right.startswith("data."):
        # A part of a text is seldom meant there, and more texts have it than a list has values.
        return f"write a list in the data: `{right.rpartition('.')[2]}: [...]`"
    return f"write `{right}.contains({left})`"


def _no_container(typer: Inference, right: Operand, help: str | None) -> None:
    wanted = "a list or a map"
    typer.report(messages.not_iterable(right.node.span, "in", right.kind, wanted, help))


def _in_list(
    typer: Inference, node: ast.Binary, left: Operand, right: Operand, element: t.Type, env: Env
) -> None:
    """Compare with each element of a list literal, or with what the list has elements of."""
    written_here = right.meant is node.right
    home = resolve(node.right, env.scope, env.locals)[1]
    seen = (id(right.meant), home, left.kind)
    if not written_here and seen in typer.fitting:
        return
    if not isinstance(right.meant, ast.ListLiteral) or any(i.optional for i in right.meant.items):
        _tell(typer, mismatch(left, Operand(node.right, element, node.right), node.span))
        return
    fits = not isinstance(left.meant, _LITERALS)
    for item in right.meant.items:
        kind = typer.type_of(item.value, home) or t.ANY
        # Only a list that stands right here is read exactly, and can be pointed into.
        shown = item.value if written_here else node.right
        found = mismatch(left, Operand(shown, kind, item.value), shown.span)
        # In a list of mixed types another type is just not equal, as in CEL.
        if found is not None and not (is_dynamic(element) and _is_plain(found)):
            typer.report(found)
            fits = False
            if not written_here:
                return
    if fits and not written_here:
        typer.fitting.add(seen)


def _is_plain(found: Diagnostic) -> bool:
    return found.code == "GW0306"


def _in_record(typer: Inference, left: Operand, right: Operand, record: t.RecordType) -> None:
    """Check the name of a field: `"gold" in data.limits`."""
    if isinstance(left.meant, ast.StringLiteral):
        name = left.meant.value
        if not record.open and record.field(name) is None:
            what = spell(right.node)
            typer.report(messages.unknown_field(left.node.span, what, name, record.names, None, ""))
        return
    if not comparable(left.kind, t.STRING):
        typer.report(messages.bad_index(left.node.span, "the name of a field is a `string`",
                                        left.kind))  # fmt: skip
