"""Declared types and actions -> static types.

Resolves `TypeRef`s over packages and imports: records, actions with their changes and targets.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl import ast, limits
from gatewright.dsl import types as t
from gatewright.dsl.messages import declarations as messages
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.policy import ActionType
from gatewright.dsl.resolve.collect import Collected, Report

SIMPLE: Mapping[str, t.Type] = {
    "bool": t.BOOL,
    "int": t.INT,
    "uint": t.UINT,
    "double": t.DOUBLE,
    "decimal": t.DECIMAL,
    "bytes": t.BYTES,
    "timestamp": t.TIMESTAMP,
    "duration": t.DURATION,
    "any": t.ANY,
}
_BUILT_IN = frozenset({*SIMPLE, "money", "string", "enum", "list", "map"})


class Shapes:
    """Resolves the types of a policy set, each once."""

    def __init__(self, collected: Collected, report: Report) -> None:
        self._collected = collected
        self._report = report
        self._records: dict[tuple[str, str], t.RecordType] = {}
        self._equal: dict[t.RecordType, t.RecordType] = {}
        self._heights: dict[t.RecordType, int] = {}
        self._resolving: list[tuple[str, str]] = []

    def record(self, package: str, name: str) -> t.RecordType:
        """Return a declared type of a package; the type must exist."""
        key = (package, name)
        if key in self._records:
            return self._records[key]
        declaration = self._collected.packages[package].types[name]
        self._resolving.append(key)
        fields = self._fields(package, declaration.fields)
        self._resolving.pop()
        record = t.RecordType(name, fields)
        # Equal records are one object, so that comparing types does not go through them.
        record = self._equal.setdefault(record, record)
        self._records[key] = record
        self._heights[record] = 1 + max((self._height(f.type) for _, f in fields), default=0)
        return record

    def action(self, package: str, declaration: ast.ActionDecl) -> ActionType:
        """Return what an action declares."""
        members = declaration.members
        params = self._fields(package, tuple(m for m in members if isinstance(m, ast.FieldDecl)))
        for member in members:
            if isinstance(member, ast.FieldDecl) and member.name.name == "name":
                self._report(name_messages.reserved_name(member.name.span, "name"))
        blocks = [m for m in members if isinstance(m, ast.ChangesBlock)]
        changes = self._fields(package, tuple(f for block in blocks for f in block.fields))
        name, target = declaration.name.text, declaration.target
        if target is not None and len(target.parts) < 2:
            why = f"the target `{target.text}` names no object"
            advice = "write the system, a dot, and the object: `on stripe.charge`"
            self._report(messages.bad_target(target.span, why, advice))
        return ActionType(
            name=name,
            package=package,
            params=t.RecordType(name, params),
            changes=t.ChangesType(changes),
            system=target.text.partition(".")[0] if target else None,
            object=target.text.partition(".")[2] if target else None,
            target=self._target(package, declaration.target_type),
            irreversible=declaration.annotation("irreversible") is not None,
            span=declaration.name.span,
            doc=declaration.doc,
        )

    def _target(self, package: str, name: ast.QualifiedName | None) -> t.RecordType | None:
        if name is None:
            return None
        resolved = self.resolve(package, ast.TypeRef(name, span=name.span))
        if isinstance(resolved, t.RecordType):
            for taken in sorted({"system", "object", "id"}.intersection(resolved.names)):
                self._report(name_messages.reserved_name(name.span, taken))
            return resolved
        if resolved != t.UNKNOWN:
            why = f"`{name.text}` has no fields, so it cannot describe a target"
            advice = "declare what is known of the target: `type Charge { status: string }`"
            self._report(messages.bad_target(name.span, why, advice))
        return None

    def _fields(
        self, package: str, declared: tuple[ast.FieldDecl, ...]
    ) -> tuple[tuple[str, t.FieldType], ...]:
        fields: dict[str, t.FieldType] = {}
        places: dict[str, ast.FieldDecl] = {}
        for f in declared:
            name = f.name.name
            if name in fields:
                first = places[name].name.span
                self._report(messages.field_twice(f.name.span, name, first))
                continue
            places[name] = f
            secret = any(a.name == "secret" for a in f.annotations)
            resolved = self._shallow(self.resolve(package, f.type), f.type)
            fields[name] = t.FieldType(resolved, f.optional, secret, f.refinement)
        return tuple(fields.items())

    def _shallow(self, kind: t.Type, ref: ast.TypeRef) -> t.Type:
        """Return a field's type; UNKNOWN, reported, for one with too many types inside."""
        if self._height(kind) < limits.MAX_DEPTH:
            return kind
        self._report(limit_messages.too_deep(ref.span, is_type=True))
        return t.UNKNOWN

    def _height(self, kind: t.Type) -> int:
        """Return how deep a type nests; what walks through types is recursive."""
        match kind:
            case t.ListType(inner) | t.MapType(value=inner):
                return 1 + self._height(inner)
            case t.RecordType():
                return self._heights[kind]
            case _:
                return 0

    def resolve(self, package: str, ref: ast.TypeRef) -> t.Type:
        """Return the type that a reference names; UNKNOWN, reported, where there is none."""
        name = ref.name.text
        declared = None if name in _BUILT_IN else self._declared(package, ref.name)
        if declared == t.UNKNOWN:
            return t.UNKNOWN  # a name that is unknown is the greater mistake, and told alone
        wanted = self._arity(ref)
        if wanted is not None:
            self._report(messages.bad_type_argument(ref.span, name, wanted))
            return t.UNKNOWN
        match name:
            case "money":
                return t.MoneyType(_currency(ref))
            case "string":
                limit = ref.arguments[0].value if ref.arguments else None
                return t.StringType(limit.value if isinstance(limit, ast.IntLiteral) else None)
            case "enum":
                values = [a.value for a in ref.arguments]
                texts = tuple(v.value for v in values if isinstance(v, ast.StringLiteral))
                return t.EnumType(texts)
            case "list":
                return t.ListType(self.resolve(package, ref.parameters[0]))
            case "map":
                key, value = (self.resolve(package, p) for p in ref.parameters)
                return t.MapType(key, value)
            case _:
                return declared or SIMPLE[name]

    def _arity(self, ref: ast.TypeRef) -> str | None:
        """Say what a type takes, where it is given something else."""
        arguments, parameters = ref.arguments, len(ref.parameters)
        values = [a.value for a in arguments]
        match ref.name.text:
            case "money":
                right = not arguments or (len(arguments) == 1 and _currency(ref) is not None)
                return (
                    None if right and not parameters else "one currency, in capitals: `money(USD)`"
                )
            case "string":
                right = not arguments or (
                    len(arguments) == 1
                    and arguments[0].name == "max"
                    and isinstance(values[0], ast.IntLiteral)
                    and values[0].value > 0
                )
                return None if right and not parameters else "a length: `string(max: 500)`"
            case "enum":
                texts = [v.value for v in values if isinstance(v, ast.StringLiteral)]
                right = bool(texts) and len(set(texts)) == len(values)
                right = right and all(a.name is None for a in arguments)
                return None if right and not parameters else 'its values: `enum("open", "closed")`'
            case "list":
                return None if parameters == 1 and not arguments else "one type: `list<string>`"
            case "map":
                keys = {"string", "int", "uint", "bool"}
                right = parameters == 2 and ref.parameters[0].name.text in keys
                return None if right and not arguments else "two types: `map<string, int>`"
            case _:
                return "no arguments" if arguments or parameters else None

    def _declared(self, package: str, name: ast.QualifiedName) -> t.Type:
        here = self._collected.packages[package]
        home = here.home(name)
        types = self._collected.packages[home].types if home in self._collected.packages else {}
        short = name.parts[-1]
        if home in here.missing:
            return t.UNKNOWN
        if short not in types:
            known = {*types, *here.types, *_BUILT_IN}
            self._report(name_messages.unknown_type(name.span, name.text, known))
            return t.UNKNOWN
        if (home, short) in self._resolving:
            circle = [n for _, n in self._resolving[self._resolving.index((home, short)) :]]
            self._report(name_messages.type_circle(name.span, [*circle, short]))
            return t.UNKNOWN
        if len(self._resolving) >= limits.MAX_DEPTH and (home, short) not in self._records:
            self._report(limit_messages.too_deep(name.span, is_type=True))
            return t.UNKNOWN
        return self.record(home, short)


def _currency(ref: ast.TypeRef) -> str | None:
    """Return the currency of `money(USD)`."""
    if len(ref.arguments) != 1 or ref.arguments[0].name is not None:
        return None
    value = ref.arguments[0].value
    name = value.name if isinstance(value, ast.Name) else ""
    return name if len(name) == 3 and name.isalpha() and name.isupper() else None
