"""A limit on past actions that does not count those which are pending.

Avoid:

    history refunds = billing.refund where status == "executed"
    guard repeat on billing.refund
      when refunds.count(customer: action.customer, within: 30d) >= 1
      => require manager

Prefer:

    history refunds = billing.refund where status in ["executed", "pending"]

Why: what was proposed and still waits, for people or to be carried out, is not executed yet. An
agent that proposes three refunds at once gets all three by, since none of them sees the others.
Told are guards that hold for many past actions; where few restrict, only what was done is right.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import History
from gatewright.dsl.walk import walk

_TOTALS = ("count", "sum", "distinct")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each history of what was executed by which a guard sets a limit."""
    told: set[str] = set()
    for package, rule in view.own_nodes(ast.RuleDecl):
        if rule.kind != "rule":
            histories = view.policy.packages[package].histories
            for call, name in _limits(rule):
                history = histories.get(name)
                if history is not None and history.qualified not in told:
                    told.add(history.qualified)
                    if view.shows(history.span) and _leaves_pending_out(view, history):
                        yield messages.pending_left_out(history.span, name, call.span)


def _limits(rule: ast.RuleDecl) -> Iterator[tuple[ast.MethodCall, str]]:
    """Yield the questions to histories that a guard needs a large answer of, with their names."""
    conditions = [clause.condition for clause in rule.clauses if clause.kind == "when"]
    if isinstance(rule.body, ast.Cases):
        conditions += [row.condition for row in rule.body.rows if row.condition is not None]
    while conditions:
        condition = conditions.pop()
        match condition:
            case ast.And(operands) | ast.Or(operands):
                conditions += reversed(operands)
            case ast.Binary(">" | ">=", large, _) | ast.Binary("<" | "<=", _, large):
                yield from _totals(large)
            case _:
                pass


def _totals(expr: ast.Expr) -> Iterator[tuple[ast.MethodCall, str]]:
    for node in walk(expr):
        match node:
            case ast.MethodCall(ast.Name(name), method) if method in _TOTALS:
                yield node, name
            case _:
                pass


def _leaves_pending_out(view: View, history: History) -> bool:
    """Tell whether a history has what was executed, and not what is pending."""
    if history.where is None:
        return False
    for reading in view.reader(history.package, None).parts(history.where):
        if not isinstance(reading, bool) and reading.subject.family == "string":
            match reading.subject.expression:
                case ast.Name("status"):
                    return "executed" in reading.values and "pending" not in reading.values
                case _:
                    pass
    return False


LINT = Lint("pending-left-out", "GW1032", check)
