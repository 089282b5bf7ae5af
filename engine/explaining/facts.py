"""What a decision read: fields of the action with their values, and answers of the history.

Values of secret fields are masked. Source: docs/language.md#how-a-decision-is-made, "Facts".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatewright.dsl import ast
from gatewright.dsl.macros import bound_by
from gatewright.dsl.walk import children, walk
from gatewright.engine.errors import EvaluationError
from gatewright.engine.outcome import ConditionOutcome, Outcome
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.values import Value, is_host

_ROOTS = frozenset({"action", "changes", "target", "agent", "context", "data"})


def conditions_of(outcome: Outcome) -> Iterator[ConditionOutcome]:
    """Yield every condition that was evaluated, each once: rows of a rule share theirs."""
    found: dict[int, ConditionOutcome] = {}
    for conditions in _all_conditions(outcome):
        found.update([(id(one), one) for one in conditions if id(one) not in found])
    return iter(found.values())


def _all_conditions(outcome: Outcome) -> Iterator[tuple[ConditionOutcome, ...]]:
    for permit in outcome.permits:
        yield permit.conditions
    for risk in outcome.risks:
        yield risk.conditions
    for rule in outcome.rules:
        for row in rule.rows:
            yield row.conditions
        for exception in rule.exceptions:
            yield exception.conditions


def fields_read(conditions: Iterable[ConditionOutcome], secrets: Secrets) -> dict[str, str]:
    """Return the paths that conditions read (`action.amount`) with their values as text."""
    found: dict[str, tuple[ast.Select, Value | EvaluationError]] = {}
    for outcome in conditions:
        for path in _paths(outcome.condition.expression):
            value = outcome.seen.get(id(path), outcome)
            if not (isinstance(value, ConditionOutcome) or is_host(value)):
                found[_text(path)] = path, value
    return {name: _shown(*read, secrets) for name, read in sorted(found.items())}


def _shown(path: ast.Select, value: Value | EvaluationError, secrets: Secrets) -> str:
    if secrets.touches(path, {}):
        return MASK
    return "absent" if isinstance(value, EvaluationError) else secrets.show(value)


def _paths(expr: ast.Expr) -> Iterator[ast.Select]:
    """Yield the longest paths in an expression that begin at a part of the action."""
    # Inside a macro such a name is no part of the action.
    bound = frozenset[str]().union(*map(bound_by, walk(expr)))
    todo: list[ast.Expr] = [expr]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Select) and _root(node) in _ROOTS - bound:
            yield node
        else:
            todo.extend(children(node))


def _root(expr: ast.Expr) -> str | None:
    while isinstance(expr, ast.Select) and not expr.optional:
        expr = expr.operand
    return expr.name if isinstance(expr, ast.Name) else None


def _text(expr: ast.Expr) -> str:
    parts: list[str] = []
    while isinstance(expr, ast.Select):
        parts.append(expr.field)
        expr = expr.operand
    root = expr.name if isinstance(expr, ast.Name) else "?"
    return ".".join([root, *reversed(parts)])
