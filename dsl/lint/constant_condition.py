"""A condition, or a part of one, that is always true or always false.

Avoid:

    action billing.refund { amount: money(USD) >= 0 USD }
    guard negative on billing.refund when action.amount < 0 USD => block

Prefer:

    action billing.refund { amount: money(USD) >= 0 USD }

Why: no action that fits its type has such a value, so the condition never decides anything. It is
a leftover, or a mistake of the operator or of the bound. Comparisons with values outside of an
enum, a refinement, the 0 to 100 of `risk` or the longest size of a string are found alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.conditions import Reader
from gatewright.dsl.lint.domains import most_risk
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Scope
from gatewright.dsl.walk import walk


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for the smallest constant part of each condition."""
    for package, declaration in view.declarations():
        reader = view.reader(package, _scope(package, declaration))
        for condition in _conditions(declaration):
            yield from _constant_parts(condition, reader, most_risk(view.policy))


def _scope(package: str, declaration: ast.Declaration) -> Scope | None:
    match declaration:
        case ast.RuleDecl(on=on) | ast.RiskDecl(on=on) | ast.InvariantDecl(on=on):
            return Scope(package, on)
        case ast.PermitDecl(to=to):
            return Scope(package, to)
        case _:
            return None


def _conditions(declaration: ast.Declaration) -> Iterator[ast.Expr]:
    """Yield the conditions of a declaration as written.

    A permit and a risk need a condition, so `when true` is how to say that there is none.
    """
    match declaration:
        case ast.RuleDecl(clauses=clauses, body=body):
            yield from (clause.condition for clause in clauses)
            for row in body.rows if isinstance(body, ast.Cases) else ():
                if row.condition is not None:
                    yield row.condition
        case ast.RiskDecl(clauses=clauses):
            written = (clause.condition for clause in clauses)
            yield from (c for c in written if not isinstance(c, ast.BoolLiteral))
        case ast.PermitDecl(condition=condition):
            if condition is not None and not isinstance(condition, ast.BoolLiteral):
                yield condition
        case ast.ExceptionDecl(items=items):
            yield from (item.value for item in items if item.kind == "when")
        case ast.InvariantDecl(claim=ast.NeverEffect(when=when) | ast.AlwaysAtLeast(when=when)):
            if when is not None:
                yield when
        case ast.HistoryDecl(where=where):
            if where is not None:
                yield where
        case _:
            return


def _constant_parts(condition: ast.Expr, reader: Reader, most: int) -> Iterator[Diagnostic]:
    """Yield a warning for the parts that are constant; for the whole, where no part is."""
    found = [d for part in _parts(condition) for d in _constant_parts(part, reader, most)]
    truth = None if found else reader.truth(condition)
    if truth is not None:
        names = (node.name for node in walk(condition) if isinstance(node, ast.Name))
        limit = most if "risk" in names else None
        found.append(messages.constant_condition(condition.span, truth=truth, most_risk=limit))
    yield from found


def _parts(condition: ast.Expr) -> tuple[ast.Expr, ...]:
    """Return the conditions that a condition is made of."""
    match condition:
        case ast.And(operands) | ast.Or(operands):
            return operands
        case ast.Unary("!", operand):
            return (operand,)
        case ast.Conditional(test, then, otherwise):
            return (test, *_parts(then), *_parts(otherwise))
        case _:
            return ()


LINT = Lint("constant-condition", "GW1003", check)
