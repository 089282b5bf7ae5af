"""What tables cannot hold -> functions that are called when a decision gets there.

Conditions become native code where they can, and are given to the interpreter where not. Table
atoms occur here too: in rows that stay whole because no tree would be small enough.
"""

from __future__ import annotations

import ast as py
from collections.abc import Callable
from typing import Any

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.records import replace
from gatewright.engine.cel.budget import Budget
from gatewright.engine.compile import formula as f
from gatewright.engine.compile.asking import Method, Question
from gatewright.engine.compile.lower import Lowering
from gatewright.engine.compile.native import Env, compile_condition, compile_expr, compiled
from gatewright.engine.compile.native_cost import SMALL, Limits
from gatewright.engine.compile.plain_cost import plain_cost
from gatewright.engine.compile.pycode import Code, call, name
from gatewright.engine.compile.slots import Path, Slots
from gatewright.engine.compile.tree import ABSENT, Residual, Unsure, Values
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import METHODS
from gatewright.engine.history.host import PastEvent, last_at
from gatewright.engine.values import Duration, Timestamp, Value


class Residuals:
    """Makes the conditions of one unit ready to be evaluated."""

    def __init__(
        self,
        policy: CheckedPolicy,
        slots: Slots,
        lowering: Lowering,
        action: str,
        limits: Limits = SMALL,
    ) -> None:
        self._policy = policy
        self._slots = slots
        self._lowering = lowering
        self._action = action
        self._limits = limits
        self._types: dict[str, Callable[[ast.Expr], t.Type]] = {}
        self._questions: dict[tuple[object, ...], Question] = {}
        self.asks = False
        """Whether some code made so far asks for what is not among the values of a decision."""

    def function(self, formula: f.Formula) -> Residual:
        """Return the function that evaluates a formula, left to right, as far as needed.

        It raises where the formula comes to an error, or may.
        """
        code = Code("holds", ("values", "asking"))
        code.add(py.Return(self._node(formula, code)))
        return code.function()  # type: ignore[no-any-return]

    def cost(self, expression: ast.Expr, package: str) -> int | None:
        """Return the most that a condition costs the interpreter, lets apart; None if unknown."""
        found = compiled(expression, self._env(package, Code("cost", ())))
        if found is not None:
            return found.cost
        return plain_cost(expression, lambda named: self._is_calendar(named, package))

    def _is_calendar(self, expression: ast.Expr, package: str) -> bool:
        found = self._policy.packages[package]
        match expression:
            case ast.Name(name):
                return name in found.calendars
            case ast.Select(ast.Name(alias), wanted, optional=False) if alias in found.imports:
                return wanted in self._policy.packages[found.imports[alias]].calendars
            case _:
                return False

    def _node(self, formula: f.Formula, code: Code) -> py.expr:
        match formula:
            case bool():
                return py.Constant(formula)
            case f.Error():
                return call(code.constant(_unsure))
            case f.Literal(atom=atom, negated=negated):
                node = self._atom(atom, code)
                return py.UnaryOp(py.Not(), node) if negated else node
            case f.And(parts=parts):
                return py.BoolOp(py.And(), [self._node(part, code) for part in parts])
            case f.Or(parts=parts):
                return py.BoolOp(py.Or(), [self._node(part, code) for part in parts])

    def _atom(self, atom: f.Atom, code: Code) -> py.expr:
        match atom:
            case f.Opaque(expression=expression, package=package):
                native = compile_condition(expression, self._env(package, code))
                return self._interpreted(expression, package, code) if native is None else native
            case f.Counted(exception=exception, max_uses=most):
                self.asks = True
                left = py.Attribute(name("asking"), "has_uses_left", py.Load())
                return call(left, py.Constant(exception), py.Constant(most))
            case f.Member():
                return call(code.constant(_member(atom)), name("values"))
            case f.Below():
                return call(code.constant(_below(atom)), name("values"))
            case _:
                return _there(atom.slot, code)

    def _interpreted(self, expression: ast.Expr, package: str, code: Code) -> py.expr:
        self.asks = True
        holds = py.Attribute(name("asking"), "holds", py.Load())
        risk = self._slots.number(("risk",)) or 0
        return call(holds, code.constant(expression), py.Constant(package), _slot(risk))

    # --- what native code sees

    def _env(self, package: str, code: Code) -> Env:
        found = self._policy.packages[package]

        def let(wanted: str) -> ast.Expr | None:
            return found.lets[wanted].value if wanted in found.lets else None

        def imported(alias: str, wanted: str) -> tuple[Env, ast.Expr] | None:
            other = found.imports.get(alias)
            if other is None or wanted not in self._policy.packages[other].lets:
                return None
            return self._env(other, code), self._policy.packages[other].lets[wanted].value

        env = Env(
            read=lambda path: self._read(path, code),
            present=lambda path: self._present(path, code),
            type_of=self._type_of(package),
            constant=code.constant,
            let=let,
            imported=imported,
            history=lambda asked: self._history(asked, package, env, code),
            past_at=lambda asked: self._past_at(asked, package, env, code),
            nanos=self._nanos,
            fold=lambda expr, budget: self._fold(expr, package, budget),
            normal=True,  # `fit` leaves all else to the interpreter
            limits=self._limits,
            declared=frozenset([*found.histories, *found.calendars, *found.imports]),
        )
        return env

    def _type_of(self, package: str) -> Callable[[ast.Expr], t.Type]:
        if package not in self._types:
            # The checker's types: imported where a condition is compiled that no table holds.
            from gatewright.engine.compile.typing import typed

            only = {self._action: self._policy.actions[self._action]}
            self._types[package] = typed(replace(self._policy, actions=only), package, self._action)
        return self._types[package]

    def _fold(self, expr: ast.Expr, package: str, budget: Budget) -> Value:
        value, steps = self._lowering.evaluated(expr, package)
        budget.charge(steps)
        if isinstance(value, EvaluationError):
            raise value
        return value

    def _read(self, path: Path, code: Code) -> py.expr | None:
        if path == ("action", "name"):
            return py.Constant(self._action)
        if path == ("now",):
            nanos = self._slots.number(path, "nanos") or 0
            return call(code.constant(Timestamp), _slot(nanos))
        known = self._slots.type_of(path)
        slot = self._slots.number(path)
        if known is None or slot is None:
            return None
        return (
            call(code.constant(_there_or_unsure), _slot(slot))
            if known.may_be_absent
            else _slot(slot)
        )

    def _nanos(self, path: Path) -> py.expr | None:
        return _slot(self._slots.number(path, "nanos") or 0) if path == ("now",) else None

    def _present(self, path: Path, code: Code) -> py.expr | None:
        if path[0] == "changes" and len(path) == 2:
            slot = self._slots.number(path, "presence")
            return None if slot is None else _there(slot, code)
        known = self._slots.type_of(path) if len(path) == 2 else None
        if known is None:
            return None
        if not known.may_be_absent:
            return py.Constant(True)
        slot = self._slots.number(path)
        return None if slot is None else _there(slot, code)

    # --- histories

    def _history(self, asked: ast.MethodCall, package: str, env: Env, code: Code) -> py.expr | None:
        question = self._question(asked, package)
        answer = None if question is None else self._answer(question, asked, env, code)
        if answer is None or question is None or question.method != "last":
            return answer
        return call(code.constant(PastEvent), answer, code.constant(question.declared.record))

    def _past_at(self, asked: ast.MethodCall, package: str, env: Env, code: Code) -> py.expr | None:
        question = self._question(asked, package)
        if question is None or question.method != "last":
            return None
        answer = self._answer(question, asked, env, code)
        return None if answer is None else call(code.constant(last_at), answer)

    def _answer(
        self, question: Question, asked: ast.MethodCall, env: Env, code: Code
    ) -> py.expr | None:
        """Return the code that asks a question; None where a key cannot be computed."""
        named = {a.name: a.value for a in asked.arguments}
        values = [compile_expr(named[key], env) for key in question.keys]
        if any(v is None or _assigns(v) for v in values):
            return None
        self.asks = True
        ask = py.Attribute(name("asking"), "ask", py.Load())
        given = py.Tuple([v for v in values if v is not None], py.Load())
        return call(ask, code.constant(question), given)

    def _question(self, asked: ast.MethodCall, package: str) -> Question | None:
        """Return the question that a call asks of a history; None for any other call."""
        home = self._home(asked.target, package)
        if home is None or asked.method not in METHODS:
            return None
        method: Method = asked.method  # type: ignore[assignment]
        arguments = [*asked.arguments]
        field: str | None = None
        if method in ("sum", "distinct"):
            first = arguments.pop(0) if arguments else None
            if first is None or first.name is not None or not isinstance(first.value, ast.Name):
                return None
            field = first.value.name
        named = {a.name: a.value for a in arguments if a.name is not None}
        if len(named) != len(arguments):
            return None
        within = named.pop("within", None)
        if within is None and method != "last":
            return None
        if within is not None and not (
            isinstance(within, ast.DurationLiteral) and within.nanos >= 0
        ):
            return None
        nanos = None if within is None else Duration(within.nanos).nanos
        return self._asked(home, method, field, tuple(sorted(named)), nanos)

    def _asked(
        self,
        home: tuple[str, str],
        method: Method,
        field: str | None,
        keys: tuple[str, ...],
        within_nanos: int | None,
    ) -> Question:
        """Return a question; one by texts is the same for all conditions that ask it.

        So a decision asks it once. Of other keys `1` and `true` would be taken for one.
        """
        owner, history = home
        known = (owner, history, method, field, keys, within_nanos)
        found = self._questions.get(known)
        if found is None:
            declared = self._policy.packages[owner].histories[history]
            outer = self._lowering.scope(owner)
            found = Question(declared, method, field, keys, within_nanos, outer)
            if found.are_texts:
                self._questions[known] = found
        return found

    def _home(self, target: ast.Expr, package: str) -> tuple[str, str] | None:
        """Return the package and name of a history that is asked."""
        found = self._policy.packages[package]
        match target:
            case ast.Name(name=wanted) if wanted in found.histories:
                return package, wanted
            case ast.Select(operand=ast.Name(name=alias), field=wanted) if alias in found.imports:
                other = found.imports[alias]
                if wanted in self._policy.packages[other].histories:
                    return other, wanted
            case _:
                pass
        return None


def _assigns(node: py.expr) -> bool:
    """Tell whether code assigns to names, which another part might be using."""
    return any(isinstance(part, py.NamedExpr) for part in py.walk(node))


def _slot(number: int) -> py.expr:
    return py.Subscript(name("values"), py.Constant(number), py.Load())


def _there(slot: int, code: Code) -> py.expr:
    return py.Compare(_slot(slot), [py.IsNot()], [code.constant(ABSENT)])


def _there_or_unsure(value: Any) -> Any:
    if value is ABSENT:
        raise Unsure
    return value


def _unsure() -> bool:
    raise Unsure


def _member(atom: f.Member) -> Callable[[Values], bool]:
    slot, wanted = atom.slot, atom.values
    of_texts = all(isinstance(value, str) for value in wanted)

    def holds(values: Values) -> bool:
        value = _there_or_unsure(values[slot])
        if isinstance(value, str):
            return value in wanted
        # A slot of type any may hold a value of another kind, which equals no text.
        return not of_texts and value in wanted

    return holds


def _below(atom: f.Below) -> Callable[[Values], bool]:
    slot, bound, inclusive = atom.slot, atom.bound, atom.inclusive

    def holds(values: Values) -> bool:
        value = _there_or_unsure(values[slot])
        return bool(value <= bound if inclusive else value < bound)

    return holds
