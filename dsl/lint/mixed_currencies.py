"""A sum over past actions whose amounts may be in several currencies.

Avoid:

    action shop.refund { customer: string, amount: money }
    history refunds = shop.refund where status in ["executed", "pending"]
    guard budget on shop.refund
      when refunds.sum(amount, customer: action.customer, within: 24h) > 1000 USD
      => require finance

Prefer:

    history refunds_usd = shop.refund
      where status in ["executed", "pending"] && amount.currency == "USD"

Why: two currencies cannot be added, so one refund in euros makes the condition an error for as long
as it is in the window: the guard then restricts every action of that customer, and an error brings
the `on_error` floor. Left alone is a sum whose `where` or key mentions a currency, a field of which
all past actions have the same currency by their types and bounds, and one of actions that are
blocked in all currencies but one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.checks.constants import constant
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.facts import Fact, Known
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import ActionType, History
from gatewright.dsl.typing.scopes import ExpressionScope
from gatewright.dsl.walk import walk


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each sum of money that nothing keeps to one currency."""
    kept = _Kept(view)
    for package, node in view.own_nodes(ast.MethodCall):
        match node:
            case ast.MethodCall(
                ast.Name(name), "sum", (ast.Argument(None, ast.Name(field)), *keys)
            ):
                history = view.policy.packages[package].histories.get(name)
                if history is not None and not _asks_for_currency(view, history, field, keys):
                    mixed = [a for a in _actions(view, history) if not kept.is_kept(a, field)]
                    if _are_several(mixed, field):
                        place = node.arguments[0].span
                        yield messages.mixed_currencies(place, field, name, history.span)
            case _:
                pass


def _actions(view: View, history: History) -> list[ActionType]:
    return [view.policy.actions[name] for name in history.actions]


def _asks_for_currency(
    view: View, history: History, field: str, keys: Sequence[ast.Argument]
) -> bool:
    """Tell whether the `where` or a key asks for a currency."""
    if any("currency" in (key.name or "").lower() for key in keys):
        return True
    scope = view.scopes[history.package]
    return history.where is not None and _mentions_currency(history.where, field, scope)


def _mentions_currency(expr: ast.Expr, field: str, scope: ExpressionScope) -> bool:
    todo, seen = [(expr, scope)], set[object]()
    while todo:
        expr, scope = todo.pop()
        for node in walk(expr):
            reference = scope.let(node)
            if reference is not None and reference not in seen:
                seen.add(reference)
                todo.append((reference.value, reference.scope))
            match node:
                case ast.Select(ast.Name(name), "currency") if name == field:
                    return True
                case ast.Name(name) if "currency" in name.lower():
                    return True
                case _:
                    pass
    return False


def _are_several(actions: Sequence[ActionType], field: str) -> bool:
    """Tell whether the amounts of a field may be in several currencies."""
    found = {_currency(of) for action in actions if (of := action.params.field(field))}
    return None in found or len(found - {""}) > 1


def _currency(field: t.FieldType) -> str | None:
    """Return the currency of a field by its type or bound: None for any, empty for no money."""
    if not isinstance(field.type, t.MoneyType):
        return ""
    if field.type.currency is not None or field.refinement is None:
        return field.type.currency
    bound = constant(field.refinement.bound, {})
    return bound.currency if bound is not None else None


class _Kept:
    """Which actions run in one currency alone, whatever their type says."""

    def __init__(self, view: View) -> None:
        rows = [r for r in view.rows if not r.rule.shadow and r.known.contradiction is None]
        self._view = view
        self._blocks = [r for r in rows if r.row.effect.block]
        self._known: dict[tuple[str, str], bool] = {}
        self._opens = [r for r in rows if r.rule.kind == "rule" and not r.row.effect.block]

    def is_kept(self, action: ActionType, field: str) -> bool:
        """Tell whether all currencies of a field are blocked but one, or only one is opened.

        Cost: the rows of the policy, once for a field of an action.
        """
        key = action.name, field
        if key not in self._known:
            self._known[key] = self._is_kept(action, field)
        return self._known[key]

    def _is_kept(self, action: ActionType, field: str) -> bool:
        name, package = action.name, action.package
        blocks = [r.known for r in self._blocks if r.rule.scope.covers(name, package)]
        if any(_leaves_one(known, field) for known in blocks):
            return True
        if not self._view.default_of(action).block:
            return False
        opens = [r.known for r in self._opens if r.rule.scope.covers(name, package)]
        opened = {_opened(known, field) for known in opens}
        return len(opened) < 2 and None not in opened


def _leaves_one(known: Known, field: str) -> bool:
    """Tell whether a block leaves one currency, or perhaps does: by more than the currency."""
    fact = _of_currency(known, field)
    return fact is not None and (len(known.values) > 1 or (~fact).only is not None)


def _opened(known: Known, field: str) -> str | None:
    """Return the one currency that a row opens; None where it is not only one.

    A comparison with an amount is an error in other currencies, and an error opens nothing.
    """
    fact = _of_currency(known, field)
    if fact is not None and isinstance(fact.only, str):
        return fact.only
    for subject in known.values:
        match subject.expression:
            case ast.Select(ast.Name("action"), name) if name == field:
                if subject.currency is not None:
                    return subject.currency
            case _:
                pass
    return None


def _of_currency(known: Known, field: str) -> Fact | None:
    for subject, fact in known.values.items():
        match subject.expression:
            case ast.Select(ast.Select(ast.Name("action"), name), "currency") if name == field:
                return fact
            case _:
                pass
    return None


LINT = Lint("mixed-currencies", "GW1025", check)
