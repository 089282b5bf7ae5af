"""Which actions a declaration concerns -> what its expressions see, one scope for each.

A rule on a pattern is checked for every declared action that it covers. A field that only some of
these actions have counts as optional in the others, so that `has(action.field)` can be asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.documents import data_type
from gatewright.dsl.policy import ActionType, CheckedPolicy, Package, Scope
from gatewright.dsl.typing.scopes import ExpressionScope

AGENT = t.RecordType(
    "agent", (("id", t.FieldType(t.STRING)), ("owner", t.FieldType(t.STRING))), open=True
)
CONTEXT = t.RecordType(
    "context",
    (
        ("trigger", t.FieldType(t.STRING, optional=True)),
        ("reasoning", t.FieldType(t.STRING, optional=True)),
        ("confidence", t.FieldType(t.DOUBLE, optional=True)),
        ("evidence", t.FieldType(t.ListType(t.ANY))),
    ),
)
_PLACE = tuple((name, t.FieldType(t.STRING)) for name in ("system", "object", "id"))
_UNDECLARED_ACTION = t.RecordType("the action", (("name", t.FieldType(t.STRING)),), open=True)
_UNAVAILABLE = {"requester": "only a route knows who asks"}
_NO_RISK = {**_UNAVAILABLE, "risk": "this is a part of the score itself"}


@dataclass(frozen=True, slots=True)
class Context:
    """The scope of a package's declaration for one action; None is one that nobody declared."""

    action: ActionType | None
    scope: ExpressionScope
    package: str


class Contexts:
    """Makes the scopes of a policy set's declarations."""

    def __init__(self, policy: CheckedPolicy) -> None:
        self._policy = policy
        self._data = data_type(policy.data)
        self._kept: dict[tuple[str, frozenset[str], bool], tuple[Context, ...]] = {}
        self._by_package: dict[str, list[ActionType]] = {}
        for action in policy.actions.values():
            self._by_package.setdefault(action.package, []).append(action)

    def of_scope(self, scope: Scope, *, with_risk: bool = True) -> tuple[Context, ...]:
        """Return the contexts of a rule, guard or risk."""
        if not scope.patterns:
            covered = self._by_package.get(scope.package, [])
        else:
            covered = self._covered(scope.patterns)
        return self._of(scope.package, covered, with_risk)

    def of_scope_in(self, package: str, scope: Scope) -> tuple[Context, ...]:
        """Return the contexts of another package's scope, with the names of `package`."""
        if scope.patterns:
            return self._of(package, self._covered(scope.patterns), True)
        return self._of(package, self._by_package.get(scope.package, []), True)

    def of_patterns(self, package: str, patterns: Iterable[ast.Pattern]) -> tuple[Context, ...]:
        """Return the contexts of a permit."""
        return self._of(package, self._covered(tuple(patterns)), True)

    def of_package(self, package: str) -> tuple[Context, ...]:
        """Return the contexts of what concerns all actions of a package: lets, routes."""
        return self._of(package, self._by_package.get(package, []), True)

    def _covered(self, patterns: tuple[ast.Pattern, ...]) -> list[ActionType]:
        exact = [self._policy.actions.get(p.text) for p in patterns if not p.wildcard]
        named = [action for action in exact if action is not None]
        wild = [p for p in patterns if p.wildcard]
        if not wild:
            return named
        return [a for a in self._policy.actions.values()
                if a in named or any(p.covers(a.name) for p in wild)]  # fmt: skip

    def _of(self, package: str, covered: list[ActionType], with_risk: bool) -> tuple[Context, ...]:
        key = (package, frozenset(action.name for action in covered), with_risk)
        if key not in self._kept:
            home = self._policy.packages[package]
            actions: list[ActionType | None] = list(_distinct(covered)) or [None]
            self._kept[key] = tuple(
                Context(action, self._scope(home, action, covered, with_risk), package)
                for action in actions
            )
        return self._kept[key]

    def _scope(
        self,
        package: Package,
        action: ActionType | None,
        covered: list[ActionType],
        with_risk: bool,
        known: dict[str, ExpressionScope] | None = None,
    ) -> ExpressionScope:
        """Make a scope, and those of the packages it imports; `known` has those begun already."""
        names: dict[str, t.Type] = {
            **_action_names(action, covered),
            "agent": AGENT,
            "context": CONTEXT,
            "now": t.TIMESTAMP,
            "data": self._data,
        }
        if with_risk:
            names["risk"] = t.INT
        for name, history in package.histories.items():
            names[name] = t.HistoryType(name, history.record)
        for name in package.calendars:
            names[name] = t.CalendarType(name)
        for local, name in package.imports.items():
            if name not in self._policy.packages:
                names[local] = t.UNKNOWN  # told already
        packages: dict[str, ExpressionScope] = {}
        scope = ExpressionScope(
            names=names,
            lets={name: let.value for name, let in package.lets.items()},
            label=f"for action `{action.name}`" if action and len(covered) > 1 else "",
            rules=frozenset(r.name for r in self._rules(package.name)),
            unavailable=_UNAVAILABLE if with_risk else _NO_RISK,
            packages=packages,
        )
        known = {} if known is None else known
        known[package.name] = scope
        for local, name in package.imports.items():
            other = self._policy.packages.get(name)
            if other is not None:
                found = known.get(name) or self._scope(other, action, covered, with_risk, known)
                packages[local] = found
        return scope

    def _rules(self, package: str) -> Iterable[ast.Ident]:
        return (r.declaration.name for r in self._policy.rules if r.package == package)


def _distinct(actions: list[ActionType]) -> Iterable[ActionType]:
    """Leave out actions that look the same to a condition as one before."""
    seen: set[object] = set()
    for action in actions:
        looks = (action.params.fields, action.changes, action.target, action.system, action.object)
        if looks not in seen:
            seen.add(looks)
            yield action


def _action_names(action: ActionType | None, covered: list[ActionType]) -> Mapping[str, t.Type]:
    if action is None:
        return {
            "action": _UNDECLARED_ACTION,
            "changes": t.ChangesType((), open=True),
            "target": t.RecordType("target", _PLACE, open=True),
        }
    params = _union(action.params.fields, (a.params.fields for a in covered))
    changes = _union(action.changes.fields, (a.changes.fields for a in covered))
    target = t.RecordType("target", _PLACE, open=True)
    if action.target is not None:
        attributes = [a.target.fields for a in covered if a.target is not None]
        target = t.RecordType("target", (*_PLACE, *_union(action.target.fields, attributes)))
    name = ("name", t.FieldType(t.STRING))
    return {
        "action": t.RecordType(f"action `{action.name}`", (*params, name)),
        "changes": t.ChangesType(changes),
        "target": target,
    }


_Fields = tuple[tuple[str, t.FieldType], ...]


def _union(own: _Fields, others: Iterable[_Fields]) -> _Fields:
    """Add the fields that other covered actions have, as optional ones of any type."""
    fields = dict(own)
    for other in others:
        for name, declared in other:
            if name not in fields:
                fields[name] = t.FieldType(declared.type, optional=True, secret=declared.secret)
    return tuple(fields.items())
