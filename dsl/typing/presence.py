"""What is known to be present: conditions -> facts about optional fields.

A field that may be absent can be read only where an earlier condition says that it is there:
`has(x.f)`, `changes.has("F")`, `changes.only(["F"])`, `"F" in changes.fields`. Facts flow through
`&&`, `||`, `!`, `?:` and `let`s. Knows names and structure, no types.
Source: docs/language.md#declarations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gatewright.dsl import ast
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Source
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference, in_order
from gatewright.dsl.walk import walk

_NO_NAMES: frozenset[str] = frozenset()
_CHANGES = ast.Name("changes", span=Source("", "").whole())


@dataclass(frozen=True, slots=True)
class Path:
    """A way to a value: where it begins, and fields. `let`s are looked through.

    `locals` are the names bound by macros that `root` mentions. Two paths are equal where they
    surely lead to the same value.
    """

    root: ast.Expr
    fields: tuple[str, ...]
    locals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """Paths that are known to be present. `impossible` where a condition can never come about."""

    present: frozenset[Path] = frozenset()
    impossible: bool = False

    @classmethod
    def none(cls) -> Facts:
        """Return what is known at the start: nothing."""
        return _NOTHING

    def __contains__(self, path: Path) -> bool:
        return self.impossible or path in self.present

    def and_(self, other: Facts) -> Facts:
        """Return what is known where both hold."""
        return Facts(self.present | other.present, self.impossible or other.impossible)

    def or_(self, other: Facts) -> Facts:
        """Return what is known where at least one holds."""
        if self.impossible or other.impossible:
            return other if self.impossible else self
        return Facts(self.present & other.present)

    def without(self, names: Collection[str]) -> Facts:
        """Forget what concerns local names, because a macro binds them anew."""
        if not any(path.locals for path in self.present):
            return self
        kept = frozenset(p for p in self.present if p.locals.isdisjoint(names))
        return Facts(kept, self.impossible)

    def knows_part_of(self, path: Path) -> bool:
        """Tell whether some field directly below a path is known to be present."""
        return self.impossible or any(
            known.fields[:-1] == path.fields and known.root == path.root
            and known.locals == path.locals and known.fields
            for known in self.present
        )  # fmt: skip


_NOTHING = Facts()
_IMPOSSIBLE = Facts(impossible=True)
Outcomes = tuple[Facts, Facts]
"""What is known where a condition is true, and where it is false."""


class Presence:
    """Answers what follows from the conditions of one scope. Every `let` is looked at once.

    `lets` are what others have found out about `let`s; this one adds to it.
    """

    def __init__(
        self, scope: ExpressionScope, lets: dict[LetReference, Outcomes] | None = None
    ) -> None:
        self._scope = scope
        self._lets = {} if lets is None else lets

    def facts_when_true(self, expr: ast.Expr) -> Facts:
        """Return what is present where `expr` is true."""
        return self.outcomes(expr, self._scope)[0]

    def facts_when_false(self, expr: ast.Expr) -> Facts:
        """Return what is present where `expr` is false."""
        return self.outcomes(expr, self._scope)[1]

    def outcomes(
        self, expr: ast.Expr, scope: ExpressionScope, bound: Collection[str] = _NO_NAMES
    ) -> Outcomes:
        """Return what is known where an expression of `scope` is true, and where it is false.

        `bound` are names that macros bind.
        """
        match expr:
            case ast.BoolLiteral(value):
                return (_NOTHING, _IMPOSSIBLE) if value else (_IMPOSSIBLE, _NOTHING)
            case ast.Unary("!", operand):
                true, false = self.outcomes(operand, scope, bound)
                return false, true
            case ast.And(operands):
                return self._all(operands, scope, bound)
            case ast.Or(operands):
                outcomes = [self.outcomes(o, scope, bound) for o in operands]
                false, true = _conjunction([(no, yes) for yes, no in outcomes])
                return true, false
            case ast.Conditional():
                return self._conditional(expr, scope, bound)
            case ast.Name() | ast.Select():
                reference = let_of(expr, scope, bound)
                return (_NOTHING, _NOTHING) if reference is None else self._let(reference)
            case _:
                return self._present(expr, scope, bound), _NOTHING

    def _all(
        self, operands: tuple[ast.Expr, ...], scope: ExpressionScope, bound: Collection[str]
    ) -> Outcomes:
        return _conjunction([self.outcomes(o, scope, bound) for o in operands])

    def _conditional(
        self, expr: ast.Conditional, scope: ExpressionScope, bound: Collection[str]
    ) -> Outcomes:
        if_true, if_false = self.outcomes(expr.condition, scope, bound)
        then_true, then_false = self.outcomes(expr.then, scope, bound)
        else_true, else_false = self.outcomes(expr.otherwise, scope, bound)
        return (
            if_true.and_(then_true).or_(if_false.and_(else_true)),
            if_true.and_(then_false).or_(if_false.and_(else_false)),
        )

    def _let(self, reference: LetReference) -> Outcomes:
        if reference not in self._lets:
            order = in_order(reference, self._lets)
            # Where lets form a circle, reported elsewhere, one is used before it is known.
            self._lets.update(dict.fromkeys(order, (_NOTHING, _NOTHING)))
            for used in order:
                self._lets[used] = self.outcomes(used.value, used.scope)
        return self._lets[reference]

    def _present(self, expr: ast.Expr, scope: ExpressionScope, bound: Collection[str]) -> Facts:
        """Return what a test for presence says when it is true."""
        match expr:
            case ast.Call("has", (ast.Argument(None, ast.Select(optional=False) as field),)):
                return _one(path(field, scope, bound))
            case ast.Call("has", (ast.Argument(None, ast.Name() as field),)):
                asked = scope.is_field(field, bound)
                return _one(path(field, scope, bound)) if asked else _NOTHING
            case ast.MethodCall(target, "has", (ast.Argument(None, argument),)):
                return _changed(target, text_of(argument, scope, bound), scope, bound)
            case ast.MethodCall(target, "only", (ast.Argument(None, argument),)):
                return _changed(target, _only_text(argument, scope, bound), scope, bound)
            case ast.Binary("in", name, ast.Select(target, "fields", False)):
                return _changed(target, text_of(name, scope, bound), scope, bound)
            case _:
                return _NOTHING


def _conjunction(outcomes: list[Outcomes]) -> Outcomes:
    """Combine the operands of `&&`: all are true, or some operand is false."""
    true, some_false = _NOTHING, _IMPOSSIBLE
    for when_true, when_false in outcomes:
        true, some_false = true.and_(when_true), some_false.or_(when_false)
    return true, some_false


def changing(fields: Iterable[str]) -> Facts:
    """Return the fact that these fields of `changes` are there."""
    return Facts(frozenset(Path(_CHANGES, (field,), _NO_NAMES) for field in fields))


def _one(present: Path) -> Facts:
    return Facts(frozenset({present}))


def _changed(
    target: ast.Expr, field: str | None, scope: ExpressionScope, bound: Collection[str]
) -> Facts:
    """Return the fact that a field of `changes` is there."""
    if not isinstance(target, ast.Name) or target.name != "changes" or field is None:
        return _NOTHING
    return _one(path(ast.Select(target, field, span=target.span), scope, bound))


# --- looking through lets -----------------------------------------------------------------------


def let_of(expr: ast.Expr, scope: ExpressionScope, bound: Collection[str]) -> LetReference | None:
    """Return the `let` that an expression names, unless a macro binds the name."""
    root = expr.operand if isinstance(expr, ast.Select) else expr
    if isinstance(root, ast.Name) and root.name in bound and not root.absolute:
        return None
    return scope.let(expr)


def resolve(
    expr: ast.Expr, scope: ExpressionScope, bound: Collection[str]
) -> tuple[ast.Expr, ExpressionScope]:
    """Return what an expression is when `let`s are looked through, and in which scope."""
    seen: set[LetReference] = set()
    while (reference := let_of(expr, scope, bound)) is not None and reference not in seen:
        seen.add(reference)
        expr, scope, bound = reference.value, reference.scope, _NO_NAMES
    return expr, scope


def text_of(expr: ast.Expr, scope: ExpressionScope, bound: Collection[str]) -> str | None:
    """Return the text that an expression is, literally or by a `let`."""
    literal, _ = resolve(expr, scope, bound)
    return literal.value if isinstance(literal, ast.StringLiteral) else None


def _only_text(expr: ast.Expr, scope: ExpressionScope, bound: Collection[str]) -> str | None:
    """Return the one text that an expression lists, literally or by `let`s, however often."""
    literal, home = resolve(expr, scope, bound)
    if not isinstance(literal, ast.ListLiteral):
        return None
    inner = bound if literal is expr else _NO_NAMES
    only: str | None = None
    for item in literal.items:
        text = None if item.optional else text_of(item.value, home, inner)
        if text is None or only not in (None, text):
            return None
        only = text
    return only


def path(expr: ast.Expr, scope: ExpressionScope, bound: Collection[str]) -> Path:
    """Return the way to a value. Cost: linear in the lets and fields on the way."""
    fields: list[str] = []
    seen: set[LetReference] = set()
    while True:
        reference = let_of(expr, scope, bound)
        if reference is not None and reference not in seen:
            seen.add(reference)
            expr, scope, bound = reference.value, reference.scope, _NO_NAMES
            continue
        match expr:
            case ast.Select(operand, field, False):
                fields.append(field)
                expr = operand
            case ast.Index(operand, key, False) if (text := text_of(key, scope, bound)) is not None:
                fields.append(text)
                expr = operand
            case ast.Name(name, absolute):
                local = frozenset({name} if name in bound and not absolute else ())
                root = ast.Name(name, span=expr.span)
                return Path(root, tuple(reversed(fields)), local)
            case _:
                return Path(expr, tuple(reversed(fields)), _mentioned(expr, bound))


def _mentioned(expr: ast.Expr, bound: Collection[str]) -> frozenset[str]:
    if not bound:
        return _NO_NAMES
    names = (node.name for node in walk(expr) if isinstance(node, ast.Name))
    return frozenset(name for name in names if name in bound)
