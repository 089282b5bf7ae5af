"""A policy over every kind of field, and one condition of it as the interpreter and as native code."""

from __future__ import annotations

import ast as pyast
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache

from gatewright.dsl import ast
from gatewright.dsl.load import check_sources
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Source
from gatewright.engine.action import Action
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.compile.native import Env, compile_expr, compiled, function_of, is_small
from gatewright.engine.compile.native_code import load
from gatewright.engine.compile.native_runtime import Unsure
from gatewright.engine.compile.typing import typed
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.conform import conform
from gatewright.engine.scope import Changes, PolicyScope, Record, data_value
from gatewright.engine.values import OptionalValue, Timestamp, Value
from tests.strategies.fields import CHANGED, FIELDS, NOW, PERSON_TYPE, TARGET

PACKAGE, ACTION = "shop", "shop.refund"
DATA: Mapping[str, object] = {
    "limits": {"low": 5, "gold": 100},
    "vip": ["C-1", "Übel"],
    "watched": ["bot-2"],
    "rate": 1.5,
    "strict": True,
    "mixed": [1, "C-1", True],
}
LETS = (
    "let limit = 50 USD",
    "let names = data.vip",
    "let dear = has(action.amount) && action.amount > limit",
    "let sizes = action.tags.map(t, t.size())",
)


def policy_text(lets: tuple[str, ...] = LETS) -> str:
    params = ", ".join(f"{name}?: {kind.type}" for name, kind in sorted(FIELDS.items()))
    changes = ", ".join(f"{name}: {kind.type}" for name, kind in sorted(CHANGED.items()))
    target = ", ".join(f"{name}?: {kind.type}" for name, kind in sorted(TARGET.items()))
    return "\n".join([
        f"package {PACKAGE}", PERSON_TYPE, f"type Charge {{ {target} }}",
        f"action {ACTION} on stripe.charge as Charge {{ {params}, changes {{ {changes} }} }}", *lets,
        "default block",
    ])  # fmt: skip


@lru_cache(None)
def policy(lets: tuple[str, ...] = LETS) -> CheckedPolicy:
    checked, diagnostics = check_sources([Source("shop.gate", policy_text(lets))], DATA)
    assert checked is not None, [f"{d}: {d.help}" for d in diagnostics]
    return checked


@dataclass(frozen=True)
class World:
    """What a condition sees of one action; `None` stands for nothing native."""

    checked: CheckedPolicy
    action: Mapping[str, object]
    risk: int = 50

    @cached_property
    def scope(self) -> PolicyScope:
        action, _ = Action.read(self.action)
        conformed = conform(action, self.checked.actions.get(action.name))
        target, agent, context = conformed.target, action.agent, action.context
        parts = {"system": target.system, "object": target.object, "id": target.id}
        why = {"trigger": context.trigger, "reasoning": context.reasoning,
               "confidence": context.confidence}  # fmt: skip
        who = {} if agent is None else {
            **fields(agent.attributes), **known({"id": agent.id, "owner": agent.owner})
        }  # fmt: skip
        names: dict[str, Value] = {
            "action": Record("action", {**fields(conformed.params), "name": action.name}),
            "changes": Changes(conformed.changes, frozenset(action.changes)),
            "target": Record("target", {**fields(target.attributes), **known(parts)}),
            "agent": Record("agent", who),
            "context": Record("context", {**known(why), "evidence": context.evidence}),
            "now": Timestamp.parse(NOW),
            "data": data_value(self.checked.data),
            "risk": self.risk,
        }
        return PolicyScope(self.checked.packages[PACKAGE], names)

    def interpreted(self, expr: ast.Expr) -> OptionalValue:
        try:
            return OptionalValue.of(Evaluator(self.scope, Budget()).evaluate(expr))
        except EvaluationError:
            return OptionalValue(False)

    def charged(self, expr: ast.Expr) -> int:
        """How many steps the interpreter takes, also where it ends with an error."""
        budget = Budget()
        with suppress(EvaluationError):
            Evaluator(self.scope, budget).evaluate(expr)
        return budget.spent

    def native(self, expr: ast.Expr) -> OptionalValue:
        """What native code gives; nothing where there is none, or it raises."""
        made = native_of(expr, self.checked, str(self.action["action"]))
        try:
            return OptionalValue(False) if made is None else OptionalValue.of(made(self.scope))
        except Exception:
            return OptionalValue(False)


def fields(values: Mapping[Value, Value]) -> dict[str, Value]:
    return {str(name): value for name, value in values.items()}


def known(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}


def read_path(scope: PolicyScope, path: tuple[str, ...]) -> Value:
    value = Evaluator(scope).evaluate(dotted(path))
    if not is_small(value):
        raise Unsure
    return value


@lru_cache(None)
def dotted(path: tuple[str, ...]) -> ast.Expr:
    return parse_expression(".".join(path))


def is_present(scope: PolicyScope, path: tuple[str, ...]) -> bool:
    text = ".".join(path)
    return Evaluator(scope).condition(parse_expression(f"has({text})"))


Native = Callable[[PolicyScope], Value]
_RECORDS = ("action", "target", "agent", "context")


def env_for(checked: CheckedPolicy, action: str, names: dict[str, object]) -> Env:
    names.update(read_path=read_path, is_present=is_present)
    package = checked.packages[PACKAGE]

    def asking(name: str, path: tuple[str, ...]) -> pyast.expr:
        arguments: list[pyast.expr] = [
            load("scope"),
            pyast.Tuple([*map(pyast.Constant, path)], pyast.Load()),
        ]
        return pyast.Call(load(name), arguments, [])

    def read(path: tuple[str, ...]) -> pyast.expr | None:
        single = path in (("now",), ("risk",), ("changes", "fields"))
        pair = len(path) == 2 and path[0] in _RECORDS
        side = len(path) == 3 and path[0] == "changes"
        return asking("read_path", path) if single or pair or side else None

    def present(path: tuple[str, ...]) -> pyast.expr | None:
        asked = len(path) == 2 and path[0] in (*_RECORDS, "changes")
        return asking("is_present", path) if asked else None

    def constant(value: object) -> pyast.expr:
        name = f"c{len(names)}"
        names[name] = value
        return load(name)

    data = MapScope({"data": data_value(checked.data)})
    return Env(
        read=read,
        present=present,
        type_of=typed(checked, PACKAGE, action if action in checked.actions else None),
        constant=constant,
        let=lambda name: package.lets[name].value if name in package.lets else None,
        imported=lambda alias, name: None,
        history=lambda call: None,
        past_at=lambda call: None,
        nanos=lambda path: None,
        fold=lambda expr, budget: Evaluator(data, budget).evaluate(expr),
        normal=True,
    )


def cost_of(expr: ast.Expr, checked: CheckedPolicy, action: str) -> int | None:
    """The most that the interpreter is said to charge; None where there is no native code."""
    code = compiled(expr, env_for(checked, action, {}))
    return None if code is None else code.cost


def native_of(expr: ast.Expr, checked: CheckedPolicy, action: str) -> Native | None:
    key = (id(expr), id(checked), action)
    if key not in _COMPILED:
        names: dict[str, object] = {}
        body = compile_expr(expr, env_for(checked, action, names))
        made = None if body is None else function_of("condition", ["scope"], body, names)
        _COMPILED[key] = (expr, checked, made)
    return _COMPILED[key][2]


_COMPILED: dict[tuple[int, int, str], tuple[ast.Expr, CheckedPolicy, Native | None]] = {}


def same(left: Value, right: Value) -> bool:
    """Whether two values are the same, kinds and all; NaN is NaN."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (left != left and right != right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right
