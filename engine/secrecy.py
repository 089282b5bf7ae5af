"""Which values of conditions are secret, and values and data without them.

Fields are told by name: what is `@secret` in one type of a policy set is masked wherever a field of
that name is read. A value computed from a secret is secret too; so is a text, a number or a list
made from a record that holds one, since nobody can see in it where the secret went. Source:
language.md §5, @secret.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from gatewright.dsl import ast
from gatewright.dsl.macros import Macro, find_macro
from gatewright.dsl.policy import CheckedPolicy, Package
from gatewright.dsl.types import FieldType, ListType, MapType, OptionalType, RecordType, Type
from gatewright.dsl.walk import children
from gatewright.engine.json_text import Json
from gatewright.engine.masking import MASK
from gatewright.engine.values import Map, OptionalValue, Value, render

_LONGEST = 80
_ROOTS = frozenset({"action", "target", "changes"})
_TELL_LITTLE = frozenset({"has", "size", "all", "exists", "exists_one", "existsOne", "only"})
"""Calls whose result is a truth or a length: they tell nothing of what a record holds."""
_KEEP_RECORDS = frozenset({"filter", "last", "first", "value", "orValue", "or"})
"""Calls that give records as they are, so that masking them by field is enough."""


class Level(IntEnum):
    """What an expression's value may tell."""

    OPEN = 0
    HOLDS = 1
    """It may be, or contain, a record with a secret field."""
    SECRET = 2


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret fields of a policy set by name, and what else may hold them.

    `holders` are fields whose type has a secret field somewhere below; `lets` are the `let`s of all
    packages by name, the most secret of each name.
    """

    fields: frozenset[str]
    holders: frozenset[str] = frozenset()
    lets: Mapping[str, Level] = field(default_factory=dict[str, Level])

    @classmethod
    def of(cls, policy: CheckedPolicy) -> Secrets:
        """Return what is secret in a policy set, over all its actions and types."""
        secret: set[str] = set()
        holders: set[str] = set()
        for action in policy.actions.values():
            records = [action.params, *([action.target] if action.target else [])]
            listed = [f for record in records for f in record.fields]
            for name, declared in (*listed, *action.changes.fields):
                secret.update(_below(name, declared, holders))
        found = cls(frozenset(secret), frozenset(holders))
        return found._with_lets(policy.packages.values()) if secret else found

    def _with_lets(self, packages: Iterable[Package]) -> Secrets:
        """Add the levels of all lets, which use each other, also across packages.

        Again and again until nothing changes, to and fro, so that a long chain takes two rounds.
        """
        lets = [(package.lets, let) for package in packages for let in package.lets.values()]
        levels: dict[str, Level] = {}
        known = replace(self, lets=levels)
        while True:
            before = dict(levels)
            for names, let in lets:
                level = known.level(let.value, names)
                levels[let.name] = max(levels.get(let.name, Level.OPEN), level)
            if levels == before:
                return known
            lets.reverse()

    def touches(self, expr: ast.Expr, lets: Collection[str]) -> bool:
        """Tell whether the value of an expression must not be shown; `lets` are the package's."""
        return self.level(expr, lets) is Level.SECRET

    def level(self, expr: ast.Expr, lets: Collection[str]) -> Level:
        """Return what the value of an expression may tell. Cost: linear in the expression."""
        return _Reading(self, lets).level(expr, {}) if self.fields else Level.OPEN

    def show(self, value: Value) -> str:
        """Render a value, shortened, with secret fields in it masked."""
        text = render(self.masked(value))
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    def masked(self, value: Value) -> Value:
        """Return a value with `***` in place of its secret fields."""
        if not self.fields:
            return value
        if isinstance(value, Map):
            return Map((k, MASK if k in self.fields else self.masked(v)) for k, v in value.items())
        if isinstance(value, tuple):
            return tuple(self.masked(item) for item in value)
        if isinstance(value, OptionalValue) and value.present:
            return OptionalValue.of(self.masked(value.content))
        return value

    def masked_json(self, data: Json) -> Json:
        """Return JSON data with `***` in place of its secret fields."""
        if isinstance(data, dict):
            return {k: MASK if k in self.fields else self.masked_json(v) for k, v in data.items()}
        return [self.masked_json(item) for item in data] if isinstance(data, list) else data


def _below(name: str, declared: FieldType, holders: set[str]) -> Iterator[str]:
    """Yield the secret fields of a field and below it; note which fields hold some."""
    if declared.secret:
        yield name
    found = [inner for record in _records(declared.type)
             for own, field in record.fields
             for inner in _below(own, field, holders)]  # fmt: skip
    if found:
        holders.add(name)
    yield from found


def _records(declared: Type) -> Iterator[RecordType]:
    """Yield the records that a type consists of, directly or as elements."""
    match declared:
        case RecordType():
            yield declared
        case ListType(element) | OptionalType(element):
            yield from _records(element)
        case MapType(value=value):
            yield from _records(value)
        case _:
            return


class _Reading:
    """Finds the level of one expression."""

    def __init__(self, secrets: Secrets, lets: Collection[str]) -> None:
        self._secrets = secrets
        self._lets = lets

    def level(self, expr: ast.Expr, local: Mapping[str, Level]) -> Level:
        match expr:
            case ast.Name(name):
                return self._name(name, local)
            case ast.Select(operand, name):
                return self._field(operand, name, local)
            case ast.Index(operand, ast.StringLiteral(name)):
                return self._field(operand, name, local)
            case ast.Index(operand, ast.IntLiteral() | ast.UintLiteral()):
                return self.level(operand, local)
            case ast.Call(function, arguments):
                macro = find_macro(function, False, len(arguments))
                return self._call(function, None, arguments, macro, local)
            case ast.MethodCall(target, method, arguments):
                return self._method(target, method, arguments, local)
            case ast.ListLiteral() | ast.MapLiteral() | ast.Conditional():
                return self._most(children(expr), local)
            case ast.Binary("+" | "-" | "*" | "/" | "%") | ast.Index():
                return _opaque(self._most(children(expr), local))
            case _:
                return _truth(self._most(children(expr), local))

    def _most(self, parts: Iterable[ast.Expr], local: Mapping[str, Level]) -> Level:
        return max((self.level(part, local) for part in parts), default=Level.OPEN)

    def _name(self, name: str, local: Mapping[str, Level]) -> Level:
        if name in local:
            return local[name]
        if name in _ROOTS:
            return Level.HOLDS
        if name in self._lets:
            return self._secrets.lets.get(name, Level.OPEN)
        # A field of a history stands bare: `refunds.sum(amount, ...)`.
        return Level.SECRET if name in self._secrets.fields else Level.OPEN

    def _field(self, operand: ast.Expr, name: str, local: Mapping[str, Level]) -> Level:
        if name in self._secrets.fields:
            return Level.SECRET
        level = self.level(operand, local)
        if level is Level.HOLDS and name not in self._secrets.holders:
            return Level.OPEN
        if isinstance(operand, ast.Name) and level is Level.OPEN:
            # It may be a package, and the name one of its lets.
            return self._secrets.lets.get(name, level)
        return level

    def _method(
        self,
        target: ast.Expr,
        method: str,
        arguments: tuple[ast.Argument, ...],
        local: Mapping[str, Level],
    ) -> Level:
        if isinstance(target, ast.Name):
            macro = find_macro(f"{target.name}.{method}", False, len(arguments))
            if macro is not None:  # of a namespace, such as cel.bind
                return self._call(method, None, arguments, macro, local)
        macro = find_macro(method, True, len(arguments))
        return self._call(method, target, arguments, macro, local)

    def _call(
        self,
        name: str,
        target: ast.Expr | None,
        arguments: tuple[ast.Argument, ...],
        macro: Macro | None,
        local: Mapping[str, Level],
    ) -> Level:
        values = [argument.value for argument in arguments]
        outer = [v for i, v in enumerate(values) if macro is None or i not in _inner(macro)]
        given = self._most([*outer, *([target] if target is not None else [])], local)
        if macro is not None and macro.bodies:
            given = self._comprehended(macro, values, given, local)
        elif name == "last" and self._is_history(target, local):
            given = max(given, Level.HOLDS)
        if name in _TELL_LITTLE:
            return _truth(given)
        return given if macro is not None or name in _KEEP_RECORDS else _opaque(given)

    def _comprehended(
        self, macro: Macro, values: list[ast.Expr], ranged: Level, local: Mapping[str, Level]
    ) -> Level:
        """Return the level of a macro's bodies, and of what it ranges over where that is kept."""
        # Two variables range over the fields of a record as well, also the secret ones.
        each = ranged if len(macro.variables) == 1 else _opaque(ranged)
        names = [values[i] for i in macro.variables]
        inner = {**local, **{n.name: each for n in names if isinstance(n, ast.Name)}}
        bodies = self._most((values[i] for i in macro.bodies), inner)
        kept = ranged if macro.name in ("filter", "sortBy") else Level.OPEN
        return max(bodies, kept, Level.SECRET if ranged is Level.SECRET else Level.OPEN)

    def _is_history(self, target: ast.Expr | None, local: Mapping[str, Level]) -> bool:
        """Tell whether it may be a history: a name, or one of another package."""
        match target:
            case ast.Name(name) | ast.Select(ast.Name(), name):
                return name not in local
            case _:
                return False


def _inner(macro: Macro) -> frozenset[int]:
    """Return the positions of a macro's arguments that are not evaluated outside of it."""
    return frozenset({*macro.variables, *macro.bodies})


def _opaque(level: Level) -> Level:
    """Return the level of something made from a value in a way that hides where it went."""
    return Level.SECRET if level is Level.HOLDS else level


def _truth(level: Level) -> Level:
    """Return the level of what only compares or counts."""
    return Level.OPEN if level is Level.HOLDS else level
