"""Conditions -> the facts that they are, of `facts`.

What is no comparison with a constant is a fact about itself: true or false. Nothing is evaluated;
errors are left out of account.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from gatewright.dsl import ast
from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.constants import ORDERED, Constant, constant
from gatewright.dsl.checks.intervals import Comparison, IntervalSet
from gatewright.dsl.lint.domains import BOOLS, Domain, Domains
from gatewright.dsl.lint.facts import Fact, Known, Reading, Subject, opposite
from gatewright.dsl.lint.sharing import Sharing
from gatewright.dsl.policy import Condition
from gatewright.dsl.resolve.collect import RESERVED
from gatewright.dsl.source import Span
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference
from gatewright.dsl.walk import walk

_MAX_DEPTH = 200
_MOST_FACTS = 32
"""How many facts a `let` may be; one that is more is taken as a condition of its own."""
_TRUE = intervals.point(True)
_FLIPPED: dict[Comparison, Comparison] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip


def begins_with(row: tuple[Condition, ...], head: tuple[Condition, ...]) -> bool:
    """Tell whether the conditions of a row begin with some of another row's."""
    if not head:
        return True
    # HOT: a row of `cases` may have hundreds before its own; two tuples compare at once.
    length = len(head)
    return len(row) >= length and row[length - 1] is head[-1] and row[:length] == head


class Reader:
    """Reads conditions in the scope of one package, for actions of known types.

    What a `let` says is read by the first of the readers that share it; without `sharing` each
    reads it.
    """

    def __init__(
        self,
        scope: ExpressionScope,
        domains: Domains,
        sharing: Sharing[Reader, Subject] | None = None,
    ) -> None:
        self._scope = scope
        self._domains = domains
        self._sharing = sharing
        self._head: tuple[Condition, ...] = ()
        self._known = Known()
        """What `_head` says: all but the last condition of the row before."""
        self._readings: dict[tuple[int, int], tuple[ast.Expr, Reading]] = {}
        """What was read before, by the identity of the expression and of its scope."""
        self._subjects: dict[tuple[ast.Expr, str, int], tuple[Subject, Domain]] = {}
        self._lets: dict[tuple[LetReference, bool], list[Reading]] = {}
        """What `let`s say together, and what they say where they do not hold."""
        self._homes: dict[LetReference, Reader | None] = {}
        """Who reads a `let`; None where it is a condition of its own."""
        self._members: dict[int, _Members | None] = {}
        """What lists hold, by their identity."""

    def together(self, conditions: Iterable[Condition]) -> Known:
        """Return what the conditions of a row say together.

        A row of `cases` begins with what the row before begins with; that is not read again.
        """
        row = tuple(conditions)
        head, last = row[:-1], row[-1:]
        if not begins_with(head, self._head):
            self._head, self._known = (), Known()
        self._add(self._known, head[len(self._head) :])
        self._head = head
        known = self._known.copy()
        self._add(known, last)
        return known

    def _add(self, known: Known, conditions: Iterable[Condition]) -> None:
        for condition in conditions:
            if self.truth(condition.expression) is condition.negated:
                known.one_never_holds = True
            parts = self.parts(condition.expression, negated=condition.negated)
            known.add(parts, condition.span)

    def parts(self, expr: ast.Expr, *, negated: bool = False) -> list[Reading]:
        """Return facts that hold together exactly where a condition holds."""
        return self._parts(expr, negated, self._scope, 0)

    def _parts(
        self, expr: ast.Expr, negated: bool, scope: ExpressionScope, depth: int
    ) -> list[Reading]:
        found: list[Reading] = []
        todo = [(expr, negated, scope, depth)]
        while todo:
            expr, negated, scope, depth = todo.pop()
            inner = depth + 1
            if isinstance(expr, ast.Or if negated else ast.And):
                todo.extend((o, negated, scope, inner) for o in reversed(expr.operands))
            elif isinstance(expr, ast.Unary) and expr.operator == "!":
                todo.append((expr.operand, not negated, scope, inner))
            elif (reference := scope.let(expr)) is not None and depth < _MAX_DEPTH:
                home = self._home(reference)
                found.extend(
                    home._parts_of_let(reference, negated, inner)
                    if home is not None
                    else [self._whole(reference, negated)]
                )
            else:
                reading = self._read(expr, scope, depth)
                found.append(opposite(reading) if negated else reading)
        return found

    def _parts_of_let(self, reference: LetReference, negated: bool, depth: int) -> list[Reading]:
        """Return the facts that a `let` is; hundreds of rules may use it."""
        key = reference, negated
        if key not in self._lets:
            value = reference.value
            # Where `let`s form a circle, which the checker reports, it is known by itself.
            self._lets[key] = [self._whole(reference, negated)]
            known = Known()
            known.add(self._parts(value, negated, reference.scope, depth), value.span)
            found: list[Reading] = list(known.values.values())
            if known.contradiction is not None:
                found = [False]
            elif len(found) > _MOST_FACTS:
                found = self._lets[key]
            self._lets[key] = found
        return self._lets[key]

    def _whole(self, reference: LetReference, negated: bool) -> Reading:
        itself = self._itself(reference.value, reference.scope)
        return opposite(itself) if negated else itself

    def _home(self, reference: LetReference) -> Reader | None:
        if reference not in self._homes:
            actions = self._domains.actions
            sharing = self._sharing
            self._homes[reference] = sharing.of(reference, self, actions) if sharing else self
        return self._homes[reference]

    def truth(self, expr: ast.Expr) -> bool | None:
        """Tell whether a condition is always true or always false; None where it depends."""
        reading = self.read(expr)
        return reading if isinstance(reading, bool) else reading.truth

    def read(self, expr: ast.Expr) -> Reading:
        """Return the one fact that a condition is."""
        return self._read(expr, self._scope, 0)

    def _read(self, expr: ast.Expr, scope: ExpressionScope, depth: int) -> Reading:
        key = id(expr), id(scope)
        known = self._readings.get(key)
        if known is None:
            # The expression is kept, and so is its identity; scopes live as long as the policy.
            known = self._readings[key] = expr, self._read_anew(expr, scope, depth)
        return known[1]

    def _read_anew(self, expr: ast.Expr, scope: ExpressionScope, depth: int) -> Reading:
        reference = scope.let(expr) if depth < _MAX_DEPTH else None
        if reference is not None:
            home = self._home(reference)
            if home is None:
                return self._whole(reference, negated=False)
            return home._read(reference.value, reference.scope, depth + 1)
        match expr:
            case ast.BoolLiteral(value):
                return value
            case ast.Unary("!", operand):
                return opposite(self._read(operand, scope, depth + 1))
            case ast.And(operands):
                readings = [self._read(operand, scope, depth + 1) for operand in operands]
                return self._all(expr, readings, scope)
            case ast.Or(operands):
                readings = [opposite(self._read(o, scope, depth + 1)) for o in operands]
                return opposite(self._all(ast.Unary("!", expr, span=expr.span), readings, scope))
            case ast.Binary("==" | "!=" | "<" | "<=" | ">" | ">=" as operator, left, right):
                return self._comparison(operator, left, right, expr, scope, depth)
            case ast.Binary("in", value, collection):
                return self._member(value, collection, expr, scope)
            case ast.Between(value, low, high):
                return self._between(value, low, high, expr, scope)
            case _:
                return self._itself(expr, scope)

    def _all(self, expr: ast.Expr, readings: list[Reading], scope: ExpressionScope) -> Reading:
        """Return what facts say together: one fact, if they are about one subject."""
        known = Known()
        known.add(readings, expr.span)
        if known.contradiction is not None:
            return False
        facts = [fact for fact in known.values.values() if fact.truth is None]
        if not facts:
            return True
        return facts[0] if len(facts) == 1 else self._itself(expr, scope)

    def _comparison(
        self,
        operator: Comparison,
        left: ast.Expr,
        right: ast.Expr,
        whole: ast.Expr,
        scope: ExpressionScope,
        depth: int,
    ) -> Reading:
        a, b = _constant(left, scope), _constant(right, scope)
        if a is not None and b is not None:
            decided = _decide(operator, a, b)
            return self._itself(whole, scope) if decided is None else decided
        if a is not None:
            operator, left, right, b = _FLIPPED[operator], right, left, a
        if b is not None and b.kind in ORDERED:
            values = intervals.compared(operator, b.value)
            return self._within(left, b.family, values, scope)
        if b is not None and b.kind == "bool" and operator in ("==", "!="):
            reading = self._read(left, scope, depth + 1)
            return reading if b.value is (operator == "==") else opposite(reading)
        return self._compared_with_unknown(operator, left, right, whole.span, scope)

    def _compared_with_unknown(
        self,
        operator: Comparison,
        left: ast.Expr,
        right: ast.Expr,
        span: Span,
        scope: ExpressionScope,
    ) -> Reading:
        """Write all comparisons of two expressions with `==` and `<`, so that they can meet."""
        if operator in (">", "<="):
            left, right = right, left
        plain: Comparison = "==" if operator in ("==", "!=") else "<"
        reading = self._itself(ast.Binary(plain, left, right, span=span), scope)
        return opposite(reading) if operator in ("!=", "<=", ">=") else reading

    def _member(
        self, value: ast.Expr, collection: ast.Expr, whole: ast.Expr, scope: ExpressionScope
    ) -> Reading:
        listed, home = _resolved(collection, scope)
        if id(listed) not in self._members:
            # The list is a part of the policy, and so keeps its identity.
            self._members[id(listed)] = _members(constant(listed, home.lets))
        members = self._members[id(listed)]
        if members is None:
            return self._itself(whole, scope)
        if members.values.is_empty:
            return False
        sought = _constant(value, scope)
        if sought is not None:
            return sought.family == members.family and sought.value in members.values
        expr, scope = _resolved(value, scope)
        subject, domain = self._about(expr, members.family, scope)
        values = members.whole if domain.whole else members.values
        return Fact(subject, domain.values & values, domain.values, domain.whole)

    def _between(
        self,
        value: ast.Expr,
        low: ast.Expr,
        high: ast.Expr,
        whole: ast.Expr,
        scope: ExpressionScope,
    ) -> Reading:
        start, end = _constant(low, scope), _constant(high, scope)
        if start is None or end is None or start.family != end.family or start.kind not in ORDERED:
            return self._itself(whole, scope)
        values = intervals.between(start.value, end.value)
        return False if values.is_empty else self._within(value, start.family, values, scope)

    def _within(
        self, expr: ast.Expr, family: str, values: IntervalSet, scope: ExpressionScope
    ) -> Reading:
        expr, scope = _resolved(expr, scope)
        subject, domain = self._about(expr, family, scope)
        if domain.whole:
            values = values.whole()
        return Fact(subject, domain.values & values, domain.values, domain.whole)

    def _itself(self, expr: ast.Expr, scope: ExpressionScope) -> Reading:
        """Return the fact that a condition of which nothing else is known is true."""
        if isinstance(expr, ast.Unary):
            return opposite(self._itself(expr.operand, scope))
        return Fact(self._subject(expr, "bool", scope), _TRUE, BOOLS)

    def _about(self, expr: ast.Expr, family: str, scope: ExpressionScope) -> tuple[Subject, Domain]:
        """Return an expression as a subject, and the values that it can have."""
        key = expr, family, id(scope)
        known = self._subjects.get(key)
        if known is None:
            subject = self._subject(expr, family, scope)
            known = self._subjects[key] = subject, self._domains.of(expr, family)
        return known

    def _subject(self, expr: ast.Expr, family: str, scope: ExpressionScope) -> Subject:
        # HOT: equal subjects are one object, so that meeting facts do not compare long expressions.
        subject = Subject(_home(expr, scope), expr, family)
        return self._sharing.one(subject) if self._sharing else subject


class _Members:
    """The members of a list, of one family that has an order."""

    def __init__(self, family: str, values: IntervalSet) -> None:
        self.family = family
        self.values = values

    @cached_property
    def whole(self) -> IntervalSet:
        """The members that are whole numbers."""
        return self.values.whole()


def _members(found: Constant | None) -> _Members | None:
    """Return what a constant list holds; None where its members cannot be put in order."""
    if found is None or not isinstance(found.value, tuple):
        return None
    families = {item.family for item in found.value}
    if len(families) > 1 or any(item.kind not in ORDERED for item in found.value):
        return None
    family = families.pop() if families else ""
    return _Members(family, intervals.points(item.value for item in found.value))


def _constant(expr: ast.Expr, scope: ExpressionScope) -> Constant | None:
    expr, scope = _resolved(expr, scope)
    return constant(expr, scope.lets)


def _resolved(expr: ast.Expr, scope: ExpressionScope) -> tuple[ast.Expr, ExpressionScope]:
    """Look through `let`s."""
    for _ in range(_MAX_DEPTH):
        reference = scope.let(expr)
        if reference is None:
            break
        expr, scope = reference.value, reference.scope
    return expr, scope


def _decide(operator: Comparison, a: Constant, b: Constant) -> bool | None:
    """Compare two constants; None where they cannot be compared."""
    if a.family != b.family:
        return None
    if operator in ("==", "!="):
        return (a.key == b.key) is (operator == "==")
    return a.value in intervals.compared(operator, b.value) if a.kind in ORDERED else None


def _home(expr: ast.Expr, scope: ExpressionScope) -> str:
    names = (node.name for node in walk(expr) if isinstance(node, ast.Name))
    return "" if all(name in RESERVED for name in names) else scope.label
