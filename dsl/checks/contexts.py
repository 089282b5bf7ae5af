"""Which actions a declaration concerns -> what its expressions see, one scope for each.

A rule on a pattern is checked for every declared action that it covers. A field that only some of
these actions have counts as optional in the others, so that `has(action.field)` can be asked.
Scopes of a package that have the same of all that a `let` mentions are one to that `let`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import overload

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.checks.cost import Bound
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.checks.mentions import ROOTS, Mentioning
from gatewright.dsl.documents import data_type
from gatewright.dsl.policy import ActionType, CheckedPolicy, Package, Scope
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.known import KnownLets
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference

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


class Context:
    """The scope of a package's declaration for one action; None is one that nobody declared.

    What is known of `let`s is shared by all contexts of a policy set.
    """

    __slots__ = ("action", "costs_of_lets", "lets", "package", "scope")

    def __init__(
        self,
        action: ActionType | None,
        scope: ExpressionScope,
        package: str,
        lets: KnownLets,
        costs_of_lets: dict[LetReference, Bound],
    ) -> None:
        self.action = action
        self.scope = scope
        self.package = package
        self.lets = lets
        self.costs_of_lets = costs_of_lets


class Made(Sequence[Context]):
    """The contexts of some actions, each made when it is first asked for, and kept."""

    def __init__(
        self,
        actions: Sequence[ActionType | None],
        make: Callable[[ActionType | None], Context],
    ) -> None:
        self._actions = actions
        self._make = make
        self._contexts: dict[str | None, Context] = {}
        self._differing: dict[frozenset[str], Made] = {}

    def __len__(self) -> int:
        return len(self._actions)

    @overload
    def __getitem__(self, index: int) -> Context: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Context]: ...

    def __getitem__(self, index: int | slice) -> Context | Sequence[Context]:
        if isinstance(index, slice):
            return [self._of(action) for action in self._actions[index]]
        return self._of(self._actions[index])

    def _of(self, action: ActionType | None) -> Context:
        name = None if action is None else action.name
        if name not in self._contexts:
            self._contexts[name] = self._make(action)
        return self._contexts[name]

    def differing(self, names: frozenset[str]) -> Made:
        """Return the contexts of actions that differ in some fields; the first counts for others.

        They are the same objects as those here.
        """
        if names not in self._differing:
            first: dict[object, ActionType | None] = {}
            for action in self._actions:
                first.setdefault(looks(action, names), action)
            self._differing[names] = Made(tuple(first.values()), self._of)
        return self._differing[names]


class Alike:
    """Finds the first of the scopes of a package that look the same to a `let`."""

    def __init__(self, package: str, mentioning: Mentioning) -> None:
        self._package = package
        self._mentioning = mentioning
        self._first: dict[tuple[str, object], ExpressionScope] = {}

    def __call__(self, scope: ExpressionScope, name: str) -> ExpressionScope:
        """Return the scope that stands for those which have the same of what a `let` mentions."""
        mentions = self._mentioning.of_let((self._package, name))
        if mentions.whole:
            return scope
        key = name, tuple(_seen(scope.names[root], mentions.names) for root in ROOTS)
        return self._first.setdefault(key, scope)


def _seen(kind: t.Type, names: frozenset[str]) -> object:
    return _part(kind, names) if isinstance(kind, t.RecordType | t.ChangesType) else None


def looks(action: ActionType | None, names: frozenset[str]) -> object:
    """Return what an action has of some fields: equal for actions that have the same."""
    if action is None:
        return None
    records = (action.params, action.changes, action.target)
    return tuple(None if record is None else _part(record, names) for record in records)


def _part(
    record: t.RecordType | t.ChangesType, names: frozenset[str]
) -> tuple[bool, frozenset[object]]:
    if not names:
        return record.open, _NO_FIELDS
    if len(names) < len(record.fields):
        found = ((name, record.field(name)) for name in names)
        return record.open, frozenset(pair for pair in found if pair[1] is not None)
    return record.open, frozenset(pair for pair in record.fields if pair[0] in names)


_NO_FIELDS: frozenset[object] = frozenset()
_Asked = tuple[str, tuple[str, frozenset[str]], bool]
"""A package, the scope of one of its declarations, and whether there is a risk score."""


class Contexts:
    """Makes the scopes of a policy set's declarations, whose `let`s are sound."""

    def __init__(self, policy: CheckedPolicy, lets: Lets) -> None:
        self._policy = policy
        self.mentioning = Mentioning(lets, fields_of(policy))
        self.lets = KnownLets()
        self.costs_of_lets: dict[LetReference, Bound] = {}
        self._alike: dict[tuple[str, bool], Alike] = {}
        self._data = data_type(policy.data)
        self._kept: dict[_Asked, Made] = {}
        self._made: dict[tuple[str, frozenset[str], bool, bool], Made] = {}
        self._by_package: dict[str, list[ActionType]] = {}
        for action in policy.actions.values():
            self._by_package.setdefault(action.package, []).append(action)
        self._by_pattern: dict[str, list[ActionType]] = {}
        self._lets = {
            package.name: {name: let.value for name, let in package.lets.items()}
            for package in policy.packages.values()
        }
        self._rules = _rule_names(policy)
        self._imports = {
            package.name: {k: n for k, n in package.imports.items() if n in policy.packages}
            for package in policy.packages.values()
        }
        """The packages that are there, by the names of imports; scopes share what is large."""

    def of_names(self, scope: ExpressionScope, package: str) -> Context:
        """Return a context of a scope that has other names than those of an action."""
        return Context(None, scope, package, self.lets, self.costs_of_lets)

    def of_scope(self, scope: Scope, *, with_risk: bool = True) -> Made:
        """Return the contexts of a rule, guard or risk."""
        return self._of(scope.package, scope, with_risk)

    def of_scope_in(self, package: str, scope: Scope) -> Made:
        """Return the contexts of another package's scope, with the names of `package`."""
        return self._of(package, scope, True)

    def of_patterns(self, package: str, patterns: Iterable[ast.Pattern]) -> Made:
        """Return the contexts of a permit."""
        return self._of(package, Scope(package, tuple(patterns)), True)

    def of_package(self, package: str) -> Made:
        """Return the contexts of what concerns all actions of a package: lets, routes."""
        return self._of(package, Scope(package, ()), True)

    def _of(self, package: str, scope: Scope, with_risk: bool) -> Made:
        where = scope.package, frozenset(pattern.text for pattern in scope.patterns)
        key = (package, where, with_risk)
        if key not in self._kept:
            covered = self._covered(scope)
            whole = all(p.wildcard or p.text in self._policy.actions for p in scope.patterns)
            same = (package, frozenset(action.name for action in covered), with_risk, whole)
            if same not in self._made:
                seen = _Seen.of(covered, whole=whole)
                self._made[same] = self._make(package, covered, seen, with_risk)
            self._kept[key] = self._made[same]
        return self._kept[key]

    def _covered(self, scope: Scope) -> list[ActionType]:
        """Return the actions that a scope covers: as written, or by name where there is a star."""
        if not scope.patterns:
            return self._by_package.get(scope.package, [])
        found = {a.name: a for pattern in scope.patterns for a in self._matching(pattern)}
        wild = any(pattern.wildcard for pattern in scope.patterns)
        return [found[name] for name in (sorted(found) if wild else found)]

    def _matching(self, pattern: ast.Pattern) -> list[ActionType]:
        """Return the actions that one pattern covers; each pattern is looked for once."""
        actions, text = self._policy.actions, pattern.text
        if not pattern.wildcard:
            return [actions[text]] if text in actions else []
        if text not in self._by_pattern:
            self._by_pattern[text] = [a for a in actions.values() if pattern.covers(a.name)]
        return self._by_pattern[text]

    def _make(self, package: str, covered: list[ActionType], seen: _Seen, with_risk: bool) -> Made:
        home = self._policy.packages[package]
        actions: list[ActionType | None] = list(_distinct(covered)) or [None]

        def make(action: ActionType | None) -> Context:
            scope = self._scope(home, action, seen, with_risk)
            return Context(action, scope, package, self.lets, self.costs_of_lets)

        return Made(actions, make)

    def _scope(
        self,
        package: Package,
        action: ActionType | None,
        covered: _Seen,
        with_risk: bool,
        known: dict[str, ExpressionScope] | None = None,
    ) -> ExpressionScope:
        """Make a scope; those of the packages it imports join `known` when they are asked for."""
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
        there = self._imports[package.name]
        if len(there) < len(package.imports):
            missing = package.imports.keys() - there.keys()
            names.update(dict.fromkeys(missing, t.UNKNOWN))  # told already
        known = {} if known is None else known

        def of(name: str) -> ExpressionScope:
            if name not in known:
                other = self._policy.packages[name]
                known[name] = self._scope(other, action, covered, with_risk, known)
            return known[name]

        scope = ExpressionScope(
            names=names,
            lets=self._lets[package.name],
            label=f"for action `{action.name}`" if action and covered.several else "",
            rules=self._rules.get(package.name, frozenset()),
            unavailable=_UNAVAILABLE if with_risk else _NO_RISK,
            packages=_Imported(there, of),
            alike=self._alike_in(package.name, with_risk),
        )
        known[package.name] = scope
        return scope

    def _alike_in(self, package: str, with_risk: bool) -> Alike:
        key = package, with_risk
        if key not in self._alike:
            self._alike[key] = Alike(package, self.mentioning)
        return self._alike[key]


def fields_of(policy: CheckedPolicy) -> frozenset[str]:
    """Return the names of all fields that declared actions, their changes and targets have."""
    records = (r for a in policy.actions.values() for r in (a.params, a.changes, a.target))
    return frozenset(name for r in records if r is not None for name, _ in r.fields)


class _Imported(Mapping[str, ExpressionScope]):
    """The scopes of imported packages by their local names, each made when it is asked for.

    Thousands of packages may import one another in a circle.
    """

    def __init__(
        self, packages: Mapping[str, str], scope_of: Callable[[str], ExpressionScope]
    ) -> None:
        self._packages = packages
        self._scope_of = scope_of

    def __getitem__(self, name: str) -> ExpressionScope:
        return self._scope_of(self._packages[name])

    def __contains__(self, name: object) -> bool:
        return name in self._packages

    def __iter__(self) -> Iterator[str]:
        return iter(self._packages)

    def __len__(self) -> int:
        return len(self._packages)


def _rule_names(policy: CheckedPolicy) -> Mapping[str, frozenset[str]]:
    """Return the names of the rules of each package."""
    names: dict[str, set[str]] = {}
    for rule in policy.rules:
        names.setdefault(rule.package, set()).add(rule.name)
    return {package: frozenset(found) for package, found in names.items()}


def _distinct(actions: list[ActionType]) -> Iterable[ActionType]:
    """Leave out actions that look the same to a condition as one before."""
    seen: set[object] = set()
    for action in actions:
        looks = (action.params.fields, action.changes, action.target, action.system, action.object)
        if looks not in seen:
            seen.add(looks)
            yield action


_Fields = tuple[tuple[str, t.FieldType], ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What some of the actions have that a scope covers; the first to have a field counts."""

    params: _Fields
    changes: _Fields
    target: _Fields
    several: bool
    open: bool  # an action that the scope names is not there, and may have further fields

    @classmethod
    def of(cls, covered: list[ActionType], *, whole: bool) -> _Seen:
        """Look through the actions once; `whole` tells that there are no others."""
        return cls(
            _union(action.params.fields for action in covered),
            _union((action.changes.fields for action in covered), sides=True),
            _union(action.target.fields for action in covered if action.target is not None),
            len(covered) > 1,
            not whole,
        )


def _union(all_fields: Iterable[_Fields], *, sides: bool = False) -> _Fields:
    """Return all fields as optional ones; those of `changes` are, and say so of their `sides`."""
    found: dict[str, t.FieldType] = {}
    for name, declared in chain.from_iterable(all_fields):
        if name not in found:
            optional = declared.optional if sides else True
            found[name] = t.FieldType(declared.type, optional, declared.secret)
    return tuple(found.items())


def _action_names(action: ActionType | None, covered: _Seen) -> Mapping[str, t.Type]:
    if action is None:
        return {
            "action": _UNDECLARED_ACTION,
            "changes": t.ChangesType((), open=True),
            "target": t.RecordType("target", _PLACE, open=True),
        }
    params = _with(action.params.fields, covered.params)
    target = t.RecordType("target", _PLACE, open=True)
    if action.target is not None:
        attributes = _with(action.target.fields, covered.target)
        target = t.RecordType("target", (*_PLACE, *attributes), covered.open)
    name = ("name", t.FieldType(t.STRING))
    return {
        "action": t.RecordType(f"action `{action.name}`", (*params, name), covered.open),
        "changes": t.ChangesType(_with(action.changes.fields, covered.changes), covered.open),
        "target": target,
    }


def _with(own: _Fields, others: _Fields) -> _Fields:
    """Add the fields that other covered actions have."""
    if not others:
        return own
    # HOT: the pairs themselves are shared between the actions, of which there may be thousands.
    known = {field[0] for field in own}
    return (*own, *(field for field in others if field[0] not in known))
