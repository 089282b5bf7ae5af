"""Conditions -> the most steps that they can take, told from the text alone.

The rules, which are simple on purpose:

- an operator, a call, a field or a literal is one step, and what it is made of comes on top;
- a list, map or text without a declared length is taken to have 1,000 elements or characters, a
  literal what it has, `string(max: n)` n;
- `all`, `exists`, `map` and the other macros cost their inner expressions once an element, so
  that macros inside macros multiply;
- comparing, searching and building go through ten elements or characters a step;
- a question to a history is 20 steps, whatever it holds, because it is answered from an index.

A condition may cost 1,000,000 steps. The bound is for what a policy asks, not for what an action
brings: a run has a budget of its own. Source: docs/language.md#limits.
"""

from __future__ import annotations

from collections.abc import Callable

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.macros import Macro, bound_by, macro_of
from gatewright.dsl.messages import limits as messages
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.presence import let_of
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference, in_order
from gatewright.dsl.walk import LITERALS, children

MAX_COST = 1_000_000
"""How many steps a condition may take."""
UNBOUNDED_SIZE = 1_000
"""How many elements or characters something of no declared length is taken to have."""
HISTORY_COST = 20
ELEMENTS_A_STEP = 10

_CEILING = 10**12
# What a call gives is no larger than its receiver, but for these, which may be of any length.
_GROWING = frozenset({"format", "replace", "join", "flatten"})
_SHRINKING = frozenset({"filter", "sortBy", "transformMap", "transformList", "map"})


@dataclass(frozen=True, slots=True)
class Bound:
    """The most an expression costs, and how large its value can be."""

    cost: int
    size: int


_ONE = Bound(1, 1)
_PLAIN_LITERALS = LITERALS - {ast.StringLiteral, ast.BytesLiteral}


class CostModel:
    """Bounds the cost of expressions of one scope; every `let` is looked at once.

    `type_of` gives the type that the type checker found of a node, None where it saw none. `lets`
    are what others have found out about `let`s; this one adds to it. `type_in` gives the types of
    their parts, by the scope that they belong to; without it `type_of` knows them too.
    """

    def __init__(
        self,
        scope: ExpressionScope,
        type_of: Callable[[ast.Expr], t.Type | None],
        report: Callable[[Diagnostic], None],
        lets: dict[LetReference, Bound],
        type_in: Callable[[ast.Expr, ExpressionScope], t.Type | None] | None = None,
    ) -> None:
        self._scope = scope

        def anywhere(node: ast.Expr, _: ExpressionScope) -> t.Type | None:
            return type_of(node)

        self._type_in = type_in or anywhere
        self._report = report
        self._lets = lets

    def check(self, expr: ast.Expr) -> int:
        """Return the most steps a condition takes; report one above the bound, at its cause."""
        cost = self.bound(expr, self._scope, frozenset()).cost
        if cost > MAX_COST:
            place = self._cause(expr)
            self._report(messages.too_costly(place.span, cost, MAX_COST, UNBOUNDED_SIZE))
        return cost

    def bound(self, expr: ast.Expr, scope: ExpressionScope, bound: frozenset[str]) -> Bound:
        """Return cost and size of an expression of `scope`; `bound` are names of macros."""
        # HOT: half of all expressions are literals.
        if type(expr) in _PLAIN_LITERALS:
            return _ONE
        reference = let_of(expr, scope, bound)
        if reference is not None:
            return self._let(reference)
        match expr:
            case ast.Call() | ast.MethodCall():
                macro = macro_of(expr)
                if macro is not None:
                    return self._expand(expr, macro, scope, bound)
                return self._call(expr, scope, bound)
            case _:
                return self._plain(expr, scope, bound)

    def _let(self, reference: LetReference) -> Bound:
        if reference not in self._lets:
            order = in_order(reference, self._lets)
            # Where lets form a circle, reported elsewhere, one is used before it is known.
            self._lets.update(dict.fromkeys(order, Bound(1, 1)))
            for used in order:
                self._lets[used] = self.bound(used.value, used.scope, frozenset())
        return self._lets[reference]

    def _cause(self, expr: ast.Expr) -> ast.Expr:
        """Return the innermost part that is above the bound by itself."""
        bound: frozenset[str] = frozenset()
        while True:
            bound |= bound_by(expr)
            dear = [c for c in children(expr)
                    if self.bound(c, self._scope, bound).cost > MAX_COST]  # fmt: skip
            if not dear:
                return expr
            expr = dear[0]

    # --- kinds of expressions

    def _plain(self, expr: ast.Expr, scope: ExpressionScope, bound: frozenset[str]) -> Bound:
        parts = [self.bound(part, scope, bound) for part in children(expr)]
        cost = 1 + sum(part.cost for part in parts)
        size = _size_of_type(self._type_in(expr, scope) or t.ANY)
        match expr:
            case ast.StringLiteral(value):
                size = len(value)
            case ast.BytesLiteral(value):
                size = len(value)
            case ast.ListLiteral(items):
                size = len(items)
            case ast.MapLiteral(entries):
                size = len(entries)
            case ast.Conditional():
                size = max(parts[1].size, parts[2].size)
            case ast.Binary("in", _, _):
                cost += _steps(parts[1].size)
            case ast.Binary("+", _, _):
                cost, size = cost + _steps(parts[0].size + parts[1].size), _sum(parts)
            case ast.Binary():
                cost += _steps(min(parts[0].size, parts[1].size))
            case _:
                pass
        return _limited(cost, size)

    def _call(
        self, expr: ast.Call | ast.MethodCall, scope: ExpressionScope, bound: frozenset[str]
    ) -> Bound:
        named = [a.value for a in expr.arguments]
        if isinstance(expr, ast.MethodCall) and not scope.is_namespace(expr.target, bound):
            named.insert(0, expr.target)
        parts = [self.bound(part, scope, bound) for part in named]
        cost = 1 + sum(part.cost + _steps(part.size) for part in parts)
        size = _size_of_type(self._type_in(expr, scope) or t.ANY)
        match expr:
            case ast.MethodCall(target) if self._is_history(target, scope):
                cost += HISTORY_COST
            case ast.MethodCall(ast.Name("lists"), "range", (ast.Argument(_, length),)):
                size = length.value if isinstance(length, ast.IntLiteral) else UNBOUNDED_SIZE
                cost += _steps(size)
            case ast.MethodCall(method=method) if size > 1 and method in _GROWING:
                size = max(size, _sum(parts))
            case ast.MethodCall() if size > 1:
                size = max((part.size for part in parts), default=size)
            case _:
                pass
        return _limited(cost, max(size, 0))

    def _is_history(self, target: ast.Expr, scope: ExpressionScope) -> bool:
        return isinstance(self._type_in(target, scope), t.HistoryType)

    def _expand(
        self,
        expr: ast.Call | ast.MethodCall,
        macro: Macro,
        scope: ExpressionScope,
        bound: frozenset[str],
    ) -> Bound:
        """Bound a macro: its inner expressions once an element of what it goes through."""
        values = [argument.value for argument in expr.arguments]
        inside = bound | bound_by(expr)
        bodies = [self.bound(values[i], scope, inside) for i in macro.bodies]
        inner = sum(body.cost for body in bodies)
        if isinstance(expr, ast.Call):
            return _limited(1 + sum(self.bound(v, scope, bound).cost for v in values), 1)
        if macro.name == "cel.bind":
            value = self.bound(values[1], scope, bound)
            return _limited(1 + value.cost + inner, bodies[-1].size)
        target = self.bound(expr.target, scope, bound)
        if macro.name in ("optMap", "optFlatMap"):
            return _limited(1 + target.cost + inner, bodies[-1].size)
        size = target.size if macro.name in _SHRINKING else 1
        if macro.name == "transformMapEntry":
            size = target.size * max(bodies[-1].size, 1)
        return _limited(1 + target.cost + target.size * (1 + inner), size)


def _size_of_type(kind: t.Type) -> int:
    match kind:
        case t.StringType(int(limit)):
            return limit
        case t.EnumType(values):
            return max(map(len, values), default=0)
        case t.RecordType(fields=fields, open=False):
            return len(fields)
        case t.OptionalType(element):
            return _size_of_type(element)
        case t.StringType() | t.ListType() | t.MapType() | t.RecordType():
            return UNBOUNDED_SIZE
        case t.BYTES | t.ANY:
            return UNBOUNDED_SIZE
        case _:
            return 1


def _steps(size: int) -> int:
    return size // ELEMENTS_A_STEP


def _sum(parts: list[Bound]) -> int:
    return sum(part.size for part in parts)


def _limited(cost: int, size: int) -> Bound:
    """Keep numbers short: chains of lets could double them without end."""
    return Bound(min(cost, _CEILING), min(size, _CEILING))
