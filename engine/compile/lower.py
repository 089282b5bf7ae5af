"""Conditions -> formulas over atoms, with `let`s put in place and constants computed.

What compares one path of the action with constants becomes an atom that tables can hold. All else
stays opaque: a condition that is evaluated when a decision gets to it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Final, cast

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.policy import CheckedPolicy, Condition
from gatewright.dsl.walk import LITERALS, walk
from gatewright.engine.cel.budget import (
    CHARS_A_STEP,
    DEFAULT_STEPS,
    TEXT_SHARE,
    Budget,
)
from gatewright.engine.cel.comparison import FREE_TEXT
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.literals import beside, literal
from gatewright.engine.compile.constant_scope import OF_A_DECISION, ConstantScope
from gatewright.engine.compile.formula import (
    Atom,
    Below,
    Formula,
    Literal,
    Member,
    Opaque,
    Present,
    conjunction,
    disjunction,
    negation,
)
from gatewright.engine.compile.metering import Meter
from gatewright.engine.compile.slots import Path, Slots, View, is_text
from gatewright.engine.errors import EvaluationError
from gatewright.engine.scope import PolicyScope
from gatewright.engine.values import Duration, Map, Money, Timestamp, Uint, Value, nfc

MAX_NODES: Final = 400
"""How many parts a condition may have to be taken apart; larger ones stay whole."""
MAX_STEPS: Final = DEFAULT_STEPS - 2 * MAX_NODES
"""What all parts of a condition may cost together that is taken apart; see `Lowering._unit`."""
MAX_LIST_STEPS: Final = 80_000
"""What looking through a constant list may cost the interpreter, by its own count."""

_MIRROR: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NOT_CONSTANT: Final = object()


class Lowering:
    """Makes the formulas of one unit; atoms are shared between its conditions."""

    def __init__(self, policy: CheckedPolicy, data: Value, slots: Slots, action: str) -> None:
        self.meter = Meter(policy)
        """What all conditions that were lowered cost."""
        self._steps = 0
        self._of_text = 0
        """How many of these are for text."""
        self._policy = policy
        self._data = data
        self._slots = slots
        self._action = action
        self._atoms: dict[tuple[object, ...], Atom] = {}
        self._scopes: dict[str, PolicyScope] = {}
        self._units: dict[tuple[int, str], tuple[Formula, int]] = {}
        self._constants: dict[tuple[int, str], tuple[Value | EvaluationError, int, ast.Expr]] = {}
        """By identity: so the expressions are kept as well."""

    def condition(self, condition: Condition, package: str) -> Formula:
        """Return the formula of a condition of a row."""
        formula = self.expression(condition.expression, package)
        return negation(formula) if condition.negated else formula

    def expression(self, expr: ast.Expr, package: str) -> Formula:
        """Return the formula of an expression that is a bool, evaluated once a decision."""
        if self._is_large(expr, package):
            self.meter.add(self.meter.cost(expr, package))
            return self._opaque(expr, package)
        formula, steps = self._unit(expr, package)
        self.meter.add(steps)
        return formula

    def atom(self, key: tuple[object, ...], make: Callable[[], Atom]) -> Formula:
        """Return the one atom of that key, as a formula."""
        found = self._atoms.get(key)
        if found is None:
            found = self._atoms[key] = make()
        return Literal(found)

    def below(
        self, path: Path, view: View, bound: int | Decimal, inclusive: bool
    ) -> Formula | None:
        """Return `path < bound`, or `<=`; None where no slot holds the path."""
        slot = self._slots.number(path, view)
        if slot is None:
            return None
        key = ("below", slot, bound, inclusive)
        return self.atom(key, lambda: Below(slot, bound, inclusive))

    def is_agent(self, agent: str) -> Formula:
        """Return whether the agent's id is this very text; false where there is none."""
        slot = self._slots.number(("agent", "id"), "exact")
        if slot is None:
            return False
        there = self.atom(("present", slot), lambda: Present(slot))
        same = self.atom(("same", slot, agent), lambda: Member(slot, frozenset([agent])))
        return conjunction([there, same])

    # --- the parts of a condition

    def _unit(self, expr: ast.Expr, package: str) -> tuple[Formula, int]:
        """Return the formula of what has a budget of its own, and what counts of its steps at most.

        That is a condition or a let. Where its parts might spend that budget together it stays
        whole, as the interpreter's error may come from a part that tables would never look at.
        """
        outer, self._steps, self._of_text = (self._steps, self._of_text), 0, 0
        formula = self._formula(expr, package)
        steps, of_text = self._steps, self._of_text
        self._steps, self._of_text = outer
        if steps > MAX_STEPS:
            return self._opaque(expr, package), DEFAULT_STEPS
        nodes = sum(1 for _ in walk(expr))
        return formula, steps - of_text + of_text // TEXT_SHARE + 2 * nodes

    def _let(self, value: ast.Expr, package: str) -> Formula:
        key = id(value), package
        if key not in self._units:
            self._units[key] = self._unit(value, package)
        formula, steps = self._units[key]
        self.meter.add_let(value, package, steps)
        if steps >= DEFAULT_STEPS:
            self._steps += DEFAULT_STEPS  # its error would be one of what reads it
        return formula

    def _formula(self, expr: ast.Expr, package: str) -> Formula:
        if self._steps > MAX_STEPS or not self.meter.is_affordable:
            return self._opaque(expr, package)  # as all will be that it is part of
        match expr:
            case ast.BoolLiteral(value=value):
                return value
            case ast.And(operands=operands):
                return conjunction(self._formula(o, package) for o in operands)
            case ast.Or(operands=operands):
                return disjunction(self._formula(o, package) for o in operands)
            case ast.Unary(operator="!", operand=operand):
                return negation(self._formula(operand, package))
            case ast.Name(name=name) if not self._is_root(name):
                let = self._policy.packages[package].lets.get(name)
                if let is not None:
                    return self._let(let.value, package)
            case ast.Select(operand=ast.Name(name=alias), field=name, optional=False):
                other = self._policy.packages[package].imports.get(alias)
                if other is not None and not self._is_root(alias):
                    let = self._policy.packages[other].lets.get(name)
                    if let is not None:
                        return self._let(let.value, other)
            case _:
                pass
        found = self._atomic(expr, package)
        if found is not None:
            return found
        constant = self._constant(expr, package)
        if isinstance(constant, bool):
            return constant
        self._steps += self.meter.cost(expr, package)
        return self._opaque(expr, package)

    def _is_root(self, name: str) -> bool:
        return name == "data" or name in OF_A_DECISION

    def _opaque(self, expr: ast.Expr, package: str) -> Formula:
        return self.atom(("opaque", expr, package), lambda: Opaque(expr, package))

    def _is_large(self, expr: ast.Expr, package: str) -> bool:
        """Tell whether a condition, with its lets in place, has more parts than are taken apart."""
        todo, count = [(expr, package)], 0
        while todo:
            current, home = todo.pop()
            for node in walk(current):
                count += 1
                if count > MAX_NODES:
                    return True
                if isinstance(node, ast.Name) and node.name in self._policy.packages[home].lets:
                    todo.append((self._policy.packages[home].lets[node.name].value, home))
        return False

    def _atomic(self, expr: ast.Expr, package: str) -> Formula | None:
        match expr:
            case ast.Binary(operator="==" | "!=", left=left, right=right):
                found = _first(
                    self._equal(left, right, package), lambda: self._equal(right, left, package)
                )
                return negation(found) if found is not None and expr.operator == "!=" else found
            case ast.Binary(operator="in", left=left, right=right):
                return self._one_of(left, right, package)
            case ast.Binary(operator="<" | "<=" | ">" | ">=" as operator, left=left, right=right):
                return _first(
                    self._ordered(left, operator, right, package),
                    lambda: self._ordered(right, _MIRROR[operator], left, package),
                )
            case ast.Between(value=value, low=low, high=high):
                above = self._ordered(value, ">=", low, package)
                below = self._ordered(value, "<=", high, package)
                return None if above is None or below is None else conjunction([above, below])
            case ast.Call(function="has", arguments=(argument,)):
                return self._has(argument.value)
            case ast.MethodCall(target=ast.Name(name="changes"), method="has", arguments=(only,)):
                return self._changes_has(only.value)
            case _:
                return self._truth(expr)

    def _equal(self, subject: ast.Expr, other: ast.Expr, package: str) -> Formula | None:
        path = path_of(subject)
        if path == ("action", "name"):
            constant = self._constant(other, package)
            normal = _normal(constant)
            return None if normal is None else normal == self._action
        return None if path is None else self._member(path, [other], package)

    def _one_of(self, subject: ast.Expr, container: ast.Expr, package: str) -> Formula | None:
        path = path_of(subject)
        if path is None:
            return None
        if isinstance(container, ast.ListLiteral):
            if any(item.optional for item in container.items):
                return None
            return self._member(path, [item.value for item in container.items], package)
        values = self._constant(container, package)
        if isinstance(values, Map):
            values = tuple(values)
        if not isinstance(values, tuple):
            return None
        values = cast("tuple[object, ...]", values)
        return self._among(path, [v if isinstance(v, str) else _NOT_CONSTANT for v in values])

    def _member(self, path: Path, others: list[ast.Expr], package: str) -> Formula | None:
        return self._among(path, [self._beside(path, other, package) for other in others])

    def _among(self, path: Path, constants: list[object]) -> Formula | None:
        """Return whether a path has one of some constants; None where that may be an error."""
        known = self._slots.type_of(path)
        if known is None:
            return None
        keys = [_key(known.type, constant) for constant in constants]
        if any(key is None for key in keys):
            return None
        lengths = [len(key) if isinstance(key, str) else 0 for key in keys]
        # One longer than a small text may have to be put into normal form, and is charged twice.
        costs = [2 + (1 + (n > FREE_TEXT)) * n // CHARS_A_STEP for n in lengths]
        steps = sum(costs)
        self._steps += steps
        self._of_text += sum(
            cost
            for cost, key in zip(costs, keys, strict=True)
            if isinstance(key, str) and key.isascii()
        )
        view = _view(known.type)
        slot = self._slots.number(path, view) if steps <= MAX_LIST_STEPS else None
        if slot is None:
            return None
        values: frozenset[Hashable] = frozenset(keys)
        if not values:
            # An empty list is never looked into, but its left side is still read.
            return False if not known.may_be_absent else None
        return self.atom(("member", slot, values), lambda: Member(slot, values))

    def _ordered(
        self, subject: ast.Expr, operator: str, other: ast.Expr, package: str
    ) -> Formula | None:
        path = path_of(subject)
        known = self._slots.type_of(path) if path is not None else None
        if path is None or known is None:
            return None
        bound = _bound(known.type, self._beside(path, other, package))
        if bound is None:
            return None
        found = self.below(path, _view(known.type), bound, operator in ("<=", ">"))
        return negation(found) if found is not None and operator in (">", ">=") else found

    def _has(self, argument: ast.Expr) -> Formula | None:
        """`has(action.x)` of a path that may be absent; true for one that may not."""
        path = path_of(argument)
        if (
            path is None
            or len(path) != 2
            or path[0] not in ("action", "agent", "target", "context")
        ):
            return None
        known = self._slots.type_of(path)
        if known is None:
            return None
        if not known.may_be_absent:
            return True
        slot = self._slots.number(path, _view(known.type))
        return None if slot is None else self.atom(("present", slot), lambda: Present(slot))

    def _changes_has(self, argument: ast.Expr) -> Formula | None:
        if not isinstance(argument, ast.StringLiteral):
            return None
        slot = self._slots.number(("changes", argument.value), "presence")
        return None if slot is None else self.atom(("present", slot), lambda: Present(slot))

    def _truth(self, expr: ast.Expr) -> Formula | None:
        """Return a path that is a bool as a test of it."""
        path = path_of(expr)
        known = self._slots.type_of(path) if path is not None else None
        if path is None or known is None or known.type != t.BOOL:
            return None
        return self._among(path, [True])

    # --- constants

    def _beside(self, path: Path, other: ast.Expr, package: str) -> object:
        """Return a constant as it counts beside the path: a literal beside a decimal is exact."""
        value = self._constant(other, package)
        known = self._slots.type_of(path)
        if value is _NOT_CONSTANT or known is None or known.type != t.DECIMAL:
            return value
        try:
            return beside(other, value, Decimal(0))  # type: ignore[arg-type]
        except EvaluationError:  # a double of more digits than a decimal has
            return _NOT_CONSTANT

    def _constant(self, expr: ast.Expr, package: str) -> object:
        """Return the value of an expression that reads nothing but data and lets."""
        if type(expr) in LITERALS:  # HOT: what most rules compare with; one step, as in `Evaluator`
            self._steps += 1
            try:
                return literal(cast(ast.LiteralExpr, expr))
            except EvaluationError:
                return _NOT_CONSTANT
        value, steps = self.evaluated(expr, package)
        self._steps += steps
        return _NOT_CONSTANT if isinstance(value, EvaluationError) else value

    def evaluated(self, expr: ast.Expr, package: str) -> tuple[Value | EvaluationError, int]:
        """Return what an expression comes to before any action is known, and its steps.

        Evaluated once: the parts of a policy that use a large constant are many, and its cost
        counts for a decision, not for each of them.
        """
        key = id(expr), package
        if key not in self._constants:
            budget = Budget()
            try:
                value: Value | EvaluationError = Evaluator(self.scope(package), budget).evaluate(
                    expr
                )
            except EvaluationError as error:
                value = error.with_traceback(None)
            except RecursionError:
                value = EvaluationError("cost_limit", "the stack of the host is nearly used up")
            self._constants[key] = value, budget.spent, expr
        return self._constants[key][:2]

    def scope(self, package: str) -> PolicyScope:
        """Return the scope of what reads nothing but data and lets."""
        if package not in self._scopes:
            found = self._policy.packages[package]
            self._scopes[package] = ConstantScope.of(
                found, self._data, self.scope, self.meter.of_constants
            )
        return self._scopes[package]


def _first(found: Formula | None, other: Callable[[], Formula | None]) -> Formula | None:
    return other() if found is None else found


def path_of(expr: ast.Expr) -> Path | None:
    """Return the path that an expression reads, such as `action.amount`; None for all else."""
    fields: list[str] = []
    while isinstance(expr, ast.Select) and not expr.optional:
        fields.append(expr.field)
        expr = expr.operand
    return (expr.name, *reversed(fields)) if isinstance(expr, ast.Name) else None


def _view(type_: t.Type) -> View:
    if isinstance(type_, t.MoneyType):
        return "amount"
    return "nanos" if type_ in (t.TIMESTAMP, t.DURATION) else "value"


def _key(type_: t.Type, constant: object) -> Hashable | None:
    """Return a constant as a key of a table for values of a type; None where it cannot be one."""
    if is_text(type_):
        return _normal(constant)
    if type_ == t.BOOL:
        return constant if isinstance(constant, bool) else None
    return _bound(type_, constant)


def _normal(constant: object) -> str | None:
    """Return a text as texts are compared; None for all else, and where comparing is an error."""
    try:
        return nfc(constant) if isinstance(constant, str) else None
    except EvaluationError:  # too many combining marks
        return None


def _bound(type_: t.Type, constant: object) -> int | Decimal | None:
    """Return a constant as what a slot of that type is ordered by; None where that is an error."""
    if isinstance(type_, t.MoneyType):
        same = isinstance(constant, Money) and constant.currency == type_.currency is not None
        return constant.amount if same and isinstance(constant, Money) else None
    if type_ == t.TIMESTAMP:
        return constant.nanos if isinstance(constant, Timestamp) else None
    if type_ == t.DURATION:
        return constant.nanos if isinstance(constant, Duration) else None
    if isinstance(constant, (bool, Uint)):
        return None
    if type_ == t.DECIMAL:
        return Decimal(constant) if isinstance(constant, (int, Decimal)) else None
    return constant if type_ == t.INT and isinstance(constant, int) else None
