"""A rule that opens an update because of one field, with fields beside it that no rule looks at.

Avoid:

    action crm.account.update { changes { Phone: string, CreditLimit: money(USD) } }
    rule phone on crm.account.update when changes.has("Phone") => auto_run

Prefer:

    rule phone on crm.account.update when changes.only(["Phone"]) => auto_run

Why: `changes.has` asks whether a field changes, and others may change with it. A new credit limit
alone gets the default, but runs by itself as soon as the agent sends a new phone number along. Told
are fields that no condition on the action mentions, where each rule that opens asks for others.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.checks import intervals
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.conditions import begins_with
from gatewright.dsl.lint.view import RowView, View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import ActionType, Condition
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference
from gatewright.dsl.walk import walk

_TRUE = intervals.point(True)


@dataclass(frozen=True, slots=True)
class _Mentions:
    """Which changed fields conditions name; `whole` where they ask about all of them at once."""

    fields: frozenset[str] = frozenset()
    whole: bool = False

    def __or__(self, other: _Mentions) -> _Mentions:
        return _Mentions(self.fields | other.fields, self.whole or other.whole)


_NONE = _Mentions()


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each row that opens an update with fields that nothing looks at."""
    rows: dict[str, list[tuple[RowView, _Mentions]]] = {}
    mentions = _Reader(view)
    for row in view.rows:
        updated = [action for action in view.covered(row.rule.scope) if action.changes.names]
        if updated and not row.rule.shadow:
            found = mentions.of_row(row)
            for action in updated:
                rows.setdefault(action.name, []).append((row, found))
    for name, concerned in rows.items():
        yield from _action(view, view.policy.actions[name], concerned)


def _action(
    view: View, action: ActionType, rows: list[tuple[RowView, _Mentions]]
) -> Iterator[Diagnostic]:
    opening = [(r, m) for r, m in rows if r.rule.kind == "rule" and r.row.effect.auto_run]
    if view.default_of(action).auto_run or any(m == _NONE for _, m in opening):
        return  # the fields run by themselves anyway
    if any(m.whole for r, m in rows if not r.row.effect.auto_run):
        return
    watched = frozenset[str]().union(*(m.fields for _, m in rows))
    beside = [name for name in action.changes.names if name not in watched]
    for row, found in opening if beside else ():
        field = _required(row)
        if field is not None and not found.whole:
            yield messages.unwatched_change(row.row.span, field, beside, action.span)


def _required(row: RowView) -> str | None:
    """Return a field that must change for a row to hold."""
    # HOT: what a later row of `cases` asks itself comes last.
    for subject, fact in reversed(row.known.values.items()):
        match subject.expression:
            case ast.MethodCall(
                ast.Name("changes"), "has", (ast.Argument(None, ast.StringLiteral(field)),)
            ) if fact.values == _TRUE:
                return field
            case _:
                pass
    return None


class _Reader:
    """Finds what conditions say of `changes`, also by way of `let`s, each looked at once."""

    def __init__(self, view: View) -> None:
        self._scopes = view.scopes
        self._head: tuple[Condition, ...] = ()
        self._of_head = _NONE
        """What `_head` mentions: all but the last condition of the row before."""
        self._lets: dict[LetReference, _Mentions] = {}

    def of_row(self, row: RowView) -> _Mentions:
        """Return what the conditions of a row mention.

        A row of `cases` begins with what the row before begins with; that is not read again.
        """
        scope = self._scopes[row.rule.package]
        head, last = row.row.conditions[:-1], row.row.conditions[-1:]
        if not begins_with(head, self._head):
            self._head, self._of_head = (), _NONE
        for condition in head[len(self._head) :]:
            self._of_head |= self._read(condition.expression, scope)
        self._head = head
        return self._of_head | self._read(last[0].expression, scope) if last else self._of_head

    def _read(self, condition: ast.Expr, scope: ExpressionScope) -> _Mentions:
        named: set[str] = set()
        roots = inner = 0
        lets = _NONE
        for node in walk(condition):
            reference = scope.let(node)
            if reference is not None:
                lets |= self._of_let(reference)
            match node:
                case ast.Name("changes"):
                    roots += 1
                case ast.Select(ast.Name("changes"), field) if field != "fields":
                    inner += 1
                    named.add(field)
                case ast.Index(ast.Name("changes"), ast.StringLiteral(field)):
                    inner += 1
                    named.add(field)
                case ast.MethodCall(
                    ast.Name("changes"), "has", (ast.Argument(None, ast.StringLiteral(field)),)
                ):
                    inner += 1
                    named.add(field)
                case ast.MethodCall(ast.Name("changes"), "only", (ast.Argument(None, listed),)):
                    named.update(_texts(listed, scope))
                case _:
                    pass
        return lets | _Mentions(frozenset(named), roots > inner)

    def _of_let(self, reference: LetReference) -> _Mentions:
        if reference not in self._lets:
            self._lets[reference] = _NONE
            self._lets[reference] = self._read(reference.value, reference.scope)
        return self._lets[reference]


def _texts(listed: ast.Expr, scope: ExpressionScope) -> Iterator[str]:
    reference = scope.let(listed)
    for node in walk(listed if reference is None else reference.value):
        if isinstance(node, ast.StringLiteral):
            yield node.value


LINT = Lint("unwatched-change", "GW1033", check)
