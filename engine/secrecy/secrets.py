"""Which values of conditions are secret, and values and data without them.

Fields are told by name: what is `@secret` in one type of a policy set is masked wherever a field of
that name is read. A value computed from a secret is secret too; so is a text, a number or a list
made from a record that holds one, since nobody can see in it where the secret went. Source:
docs/language.md#type.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from gatewright.dsl import ast
from gatewright.dsl.macros import Macro, find_macro
from gatewright.dsl.policy import ActionType, CheckedPolicy, Package
from gatewright.dsl.records import dataclass, field, replace
from gatewright.dsl.types import STRING, FieldType, RecordType
from gatewright.dsl.walk import children, walk
from gatewright.engine.canonical import to_json
from gatewright.engine.reading.json_text import Json
from gatewright.engine.rendering import render
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.secrecy.taint import (
    HOLDS,
    OPEN,
    SECRET,
    Shapes,
    Taint,
    changes_record,
    joined,
    secret_names,
)
from gatewright.engine.values import Map, OptionalValue, Value

_Part = TypeVar("_Part")
_LONGEST = 80
MOST_PARTS: Final = 1_000
"""How many parts of a list or map an obligation is given, those within its parts counted as well.

An action may hold many thousands, and every rule may hand them on.
"""
MORE: Final = "… (more parts are left out)"
"""What stands behind the parts of a list or map that was cut."""
_TELL_LITTLE = frozenset(
    {"has", "size", "all", "exists", "exists_one", "existsOne", "only", "count", "hasValue"}
)
"""Calls whose result is a truth or a number: they tell nothing of what a record holds."""
_KEEP_RECORDS = frozenset({"value", "orValue", "or", "dyn"})
"""Calls that give values as they are, so that masking them by field is enough."""

_AGENT = RecordType("agent", (("id", FieldType(STRING)), ("owner", FieldType(STRING))), open=True)
_WHY = ("trigger", "reasoning", "confidence")
_CONTEXT = RecordType("context", tuple((name, FieldType(STRING)) for name in _WHY), open=True)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret fields of a policy set by name, and what else may hold them.

    `roots` are the parts of an action that may hold some; `lets` are the `let`s of all packages by
    name, the most secret of each name; `past` are the actions of histories.
    """

    fields: frozenset[str]
    roots: Mapping[str, Taint] = field(default_factory=dict[str, Taint])
    lets: Mapping[str, Taint] = field(default_factory=dict[str, Taint])
    past: Taint = HOLDS

    @classmethod
    def of(
        cls,
        policy: CheckedPolicy,
        action: ActionType | None = None,
        fields: frozenset[str] | None = None,
    ) -> Secrets:
        """Return what is secret in a policy set, for a decision about an action of some type.

        Names are taken from all its actions and types, unless they are known as `fields`; None is
        an action that nothing declares.
        """
        if fields is None:
            fields = frozenset(name for a in policy.actions.values() for name in secret_names(a))
        if not fields:
            return cls(fields)
        shapes, packages = Shapes(fields), policy.packages.values()
        records = [history.record for package in packages for history in package.histories.values()]
        found = cls(fields, _roots(shapes, action), past=joined(map(shapes.of, records)))
        return found._with_lets(packages)

    def _with_lets(self, packages: Iterable[Package]) -> Secrets:
        """Add the taints of all lets, which use each other, also across packages.

        Again and again until nothing changes, to and fro, so that a long chain takes two rounds.
        """
        lets = [(package.lets, let) for package in packages for let in package.lets.values()]
        taints: dict[str, Taint] = {}
        known = replace(self, lets=taints)
        while True:
            before = dict(taints)
            for names, let in lets:
                taint = _Reading(known, names).taint(let.value, {})
                taints[let.name] = taints.get(let.name, OPEN) | taint
            if taints == before:
                return known
            lets.reverse()

    def touches(self, expr: ast.Expr, lets: Collection[str]) -> bool:
        """Tell whether the value of an expression must not be shown; `lets` are the package's.

        Cost: linear in the expression.
        """
        return bool(self.fields) and _Reading(self, lets).taint(expr, {}).secret

    def secret_keys(self, expr: ast.Expr, lets: Collection[str]) -> Iterator[str]:
        """Yield the names of arguments in an expression whose values may be or hold a secret."""
        if not self.fields:
            return
        reading = _Reading(self, lets)
        reading.taint(expr, {})
        for node in walk(expr):
            if isinstance(node, ast.MethodCall):
                for a in node.arguments:
                    if a.name and reading.seen.get(id(a.value), SECRET) != OPEN:
                        yield a.name

    def show(self, value: Value) -> str:
        """Render a value, shortened, with secret fields in it masked."""
        text = render(self._beginning(value, [2 * _LONGEST]))
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    def argument(self, value: Value) -> Json:
        """Return a value as JSON, masked; no more than its first `MOST_PARTS` parts.

        Where parts are left out, a list has the text `MORE` behind the others, a map an entry of
        that name.
        """
        room = [MOST_PARTS]
        shown = self._beginning(value, room)
        if room[0] >= 0:
            return to_json(shown)
        return _marked(to_json(shown))

    def _beginning(self, value: Value, room: list[int]) -> Value:
        """Return a value masked, and no more parts of it than there is `room`."""
        if isinstance(value, Map):
            return value.replaced(
                MASK if k in self.fields else self._beginning(v, room)
                for k, v in _while_room(value.items(), room)
            )
        if isinstance(value, tuple):
            return tuple(self._beginning(item, room) for item in _while_room(value, room))
        if isinstance(value, OptionalValue) and value.present:
            return OptionalValue.of(self._beginning(value.content, room))
        return value

    def masked_json(self, data: Json) -> Json:
        """Return JSON data with `***` in place of its secret fields."""
        if isinstance(data, dict):
            return {k: MASK if k in self.fields else self.masked_json(v) for k, v in data.items()}
        return [self.masked_json(item) for item in data] if isinstance(data, list) else data


def _while_room(parts: Iterable[_Part], room: list[int]) -> Iterator[_Part]:
    """Yield parts while there is room for one more; no further part is looked at."""
    for part in parts:
        room[0] -= 1
        if room[0] < 0:
            return
        yield part


def _marked(data: Json) -> Json:
    """Return the beginning of a list or map with the mark that it is no more than that."""
    if isinstance(data, list):
        return [*data, MORE]
    return {**data, MORE: MORE} if isinstance(data, dict) else data


def _roots(shapes: Shapes, action: ActionType | None) -> dict[str, Taint]:
    """Return the taints of the parts of an action; where its type is open, of anything."""
    roots = {"agent": shapes.of(_AGENT), "context": shapes.of(_CONTEXT)}
    if action is None:
        return {**roots, "action": HOLDS, "target": HOLDS, "changes": HOLDS}
    target = HOLDS if action.target is None else shapes.of(action.target)
    changes = shapes.of(changes_record(action.changes))
    return {**roots, "action": shapes.of(action.params), "target": target, "changes": changes}


class _Reading:
    """Finds the taint of one expression, and notes those of its parts."""

    def __init__(self, secrets: Secrets, lets: Collection[str]) -> None:
        self._secrets = secrets
        self._shapes = Shapes(secrets.fields)
        self._lets = lets
        self.seen: dict[int, Taint] = {}

    def taint(self, expr: ast.Expr, local: Mapping[str, Taint]) -> Taint:
        found = self._taint(expr, local)
        self.seen[id(expr)] = self.seen.get(id(expr), OPEN) | found
        return found

    def _taint(self, expr: ast.Expr, local: Mapping[str, Taint]) -> Taint:
        match expr:
            case ast.Name():
                return self._name(expr, local)
            case ast.Select(operand, name):
                return self._field(operand, name, local)
            case ast.Index(operand, ast.StringLiteral(name)):
                return self._field(operand, name, local)
            case ast.Index(operand, index):
                return self._index(operand, index, local)
            case ast.Call(function, arguments):
                macro = find_macro(function, False, len(arguments))
                return self._call(function, None, arguments, macro, local)
            case ast.MethodCall(target, method, arguments):
                return self._method(target, method, arguments, local)
            case ast.Conditional(condition, then, otherwise):
                return self.taint(condition, local).truth | self._any_of((then, otherwise), local)
            case ast.ListLiteral():
                return self._any_of(children(expr), local).listed()
            case ast.MapLiteral(entries):
                keys = self._any_of((entry.key for entry in entries), local).opaque
                return keys | self._any_of((entry.value for entry in entries), local).mapped()
            case ast.Binary("+" | "-" | "*" | "/" | "%"):
                # Of texts and numbers, which are no secret; or of lists, joined as they are.
                return self._any_of(children(expr), local).loose
            case _:
                return self._any_of(children(expr), local).truth

    def _any_of(self, parts: Iterable[ast.Expr], local: Mapping[str, Taint]) -> Taint:
        return joined([self.taint(part, local) for part in parts])

    def _name(self, expr: ast.Name, local: Mapping[str, Taint]) -> Taint:
        name = expr.name
        if name in local and not expr.absolute:
            return local[name]
        if name in self._secrets.fields:
            # A field of a history stands bare: `refunds.sum(amount, ...)`.
            return SECRET
        if name in self._secrets.roots:
            return self._secrets.roots[name]
        return self._secrets.lets.get(name, OPEN) if name in self._lets else OPEN

    def _field(self, operand: ast.Expr, name: str, local: Mapping[str, Taint]) -> Taint:
        found = self._shapes.field(self.taint(operand, local), name)
        if isinstance(operand, ast.Name) and (operand.absolute or operand.name not in local):
            # It may be a package, and the name one of its lets.
            found |= self._package_let(operand.name, name)
        return found

    def _package_let(self, package: str, name: str) -> Taint:
        is_else = package in self._secrets.roots or package in self._lets or package == "data"
        return OPEN if is_else else self._secrets.lets.get(name, OPEN)

    def _index(self, operand: ast.Expr, index: ast.Expr, local: Mapping[str, Taint]) -> Taint:
        of, key = self.taint(operand, local), self.taint(index, local)
        is_position = isinstance(index, ast.IntLiteral | ast.UintLiteral)
        part = self._shapes.item(of) | (self._shapes.entry(of) if not is_position else OPEN)
        if is_position:  # it may be a key of a map as well
            part |= self._shapes.field(of, "")
        return key.opaque | part

    def _method(
        self,
        target: ast.Expr,
        method: str,
        arguments: tuple[ast.Argument, ...],
        local: Mapping[str, Taint],
    ) -> Taint:
        if isinstance(target, ast.Name):
            macro = find_macro(f"{target.name}.{method}", False, len(arguments))
            if macro is not None:  # of a namespace, such as cel.bind
                bound = self._call(method, None, arguments, macro, local)
                return bound | self.taint(target, local).opaque
        macro = find_macro(method, True, len(arguments))
        return self._call(method, target, arguments, macro, local)

    def _call(
        self,
        name: str,
        target: ast.Expr | None,
        arguments: tuple[ast.Argument, ...],
        macro: Macro | None,
        local: Mapping[str, Taint],
    ) -> Taint:
        values = [argument.value for argument in arguments]
        outer = [v for i, v in enumerate(values) if macro is None or i not in _inner(macro)]
        given = self._any_of([*outer, *([target] if target is not None else [])], local)
        if macro is not None and macro.bodies:
            given = self._comprehended(macro, values, given, local)
        if name in _TELL_LITTLE:
            return given.truth
        if macro is not None or name in _KEEP_RECORDS or _is_optional(target, name, local):
            return given
        if name in ("first", "last") and not arguments:
            given = self._shapes.item(given)
        elif name != "last":
            return given.opaque
        past = self._secrets.past if name == "last" and _may_be_history(target, local) else OPEN
        return (given.opaque if arguments else given) | past

    def _comprehended(
        self, macro: Macro, values: list[ast.Expr], ranged: Taint, local: Mapping[str, Taint]
    ) -> Taint:
        """Return the taint of a macro's bodies, and of what it ranges over where that is kept."""
        names = [v.name for v in (values[i] for i in macro.variables) if isinstance(v, ast.Name)]
        each = self._each(macro, ranged)
        inner = {**local, **dict.fromkeys(names, each)}
        bodies = [self.taint(values[i], inner) for i in macro.bodies]
        tested = joined(bodies[:-1]).truth
        if macro.name in ("filter", "sortBy"):
            return ranged | tested | bodies[-1].truth
        made = bodies[-1] if macro.name in _GIVES_BODY else bodies[-1].loose
        return made | tested | (SECRET if ranged.secret else OPEN)

    def _each(self, macro: Macro, ranged: Taint) -> Taint:
        """Return the taint of what a macro's names are bound to."""
        if macro.name in _GIVES_BODY:  # they bind the value itself, or the content of an optional
            return ranged
        shapes = self._shapes
        if len(macro.variables) == 1:
            return shapes.item(ranged)
        # Two names range over the fields of a record as well, also the secret ones.
        return shapes.item(ranged) | shapes.entry(ranged)


_GIVES_BODY = frozenset({"cel.bind", "optMap", "optFlatMap"})


def _inner(macro: Macro) -> frozenset[int]:
    """Return the positions of a macro's arguments that are not evaluated outside of it."""
    return frozenset({*macro.variables, *macro.bodies})


def _is_optional(target: ast.Expr | None, name: str, local: Mapping[str, Taint]) -> bool:
    """Tell whether a call is `optional.of(value)`."""
    is_namespace = isinstance(target, ast.Name) and target.name == "optional"
    return is_namespace and name == "of" and "optional" not in local


def _may_be_history(target: ast.Expr | None, local: Mapping[str, Taint]) -> bool:
    """Tell whether it may be a history: a name, or one of another package."""
    match target:
        case ast.Name(name) | ast.Select(ast.Name(), name):
            return name not in local
        case _:
            return False
