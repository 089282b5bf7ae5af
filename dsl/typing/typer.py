"""Expressions -> types, or diagnostics: the static checker of conditions.

A `Typer` checks the expressions of one scope: names, fields, functions, operators, and that what
may be absent is read only where it is known to be there. One mistake is told once; checking goes
on behind it with the type `unknown`. `let`s are checked once, and what they read is required
where they are used. Knows nothing of rules or files. Source: docs/language.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import MAX_FOUND, Diagnostic, Label
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.messages import types as messages
from gatewright.dsl.messages.catalog import closest
from gatewright.dsl.typing import access, calls, collections, operators
from gatewright.dsl.typing.base import Env, Need, dotted
from gatewright.dsl.typing.compat import is_dynamic, join
from gatewright.dsl.typing.expect import Expectations
from gatewright.dsl.typing.known import KnownLet, KnownLets
from gatewright.dsl.typing.places import field_span, spell
from gatewright.dsl.typing.presence import Facts, Presence, let_of
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference, in_order
from gatewright.dsl.typing.signatures import functions

__all__ = ["ExpressionScope", "Facts", "Typer"]

TYPE_NAMES = frozenset({
    "bool", "int", "uint", "double", "decimal", "money", "string", "bytes", "list", "map", "type",
    "timestamp", "duration", "null_type", "optional_type", "google.protobuf.Timestamp",
    "google.protobuf.Duration", "net.IP", "net.CIDR",
})  # fmt: skip
"""The names that stand for a type: `type(x) == string`."""

_LITERAL_TYPES: Mapping[type[ast.Expr], t.Type] = {
    ast.NullLiteral: t.NULL,
    ast.BoolLiteral: t.BOOL,
    ast.IntLiteral: t.INT,
    ast.UintLiteral: t.UINT,
    ast.DoubleLiteral: t.DOUBLE,
    ast.StringLiteral: t.STRING,
    ast.BytesLiteral: t.BYTES,
    ast.DurationLiteral: t.DURATION,
    ast.TimestampLiteral: t.TIMESTAMP,
}


class _Enough(Exception):
    """More is wrong in a `let` than anybody reads."""


class Typer:
    """Checks expressions in one scope. `types` holds the type of every node seen, by its `id`.

    `known` is what others have found out about `let`s; this one adds to it.
    """

    def __init__(
        self,
        scope: ExpressionScope,
        report: Callable[[Diagnostic], None],
        known: KnownLets | None = None,
    ) -> None:
        self.scope = scope
        self.report = report
        self._known = known if known is not None else KnownLets()
        self.types: dict[int, t.Type] = {}
        self.events: dict[t.RecordType, t.RecordType] = {}
        self.presence = Presence(scope, self._known.outcomes)
        self.fitting = self._known.fitting
        self.patterns = self._known.patterns
        self.shared: dict[int, t.Type] = {}
        self._told: set[int] = set()
        """What was told of `let`s, by its `id`."""
        self._used: set[LetReference] = set()
        self.in_text = False
        """Whether a placeholder of a text is checked: nothing stands before it to ask first."""
        self._needs: list[Need] | None = None
        """Collects what the value of a `let` needs, while one is checked."""
        self._expect = Expectations(self)

    # --- what other stages call

    def infer(self, expr: ast.Expr, facts: Facts | None = None) -> t.Type:
        """Return the type of an expression, given what is known to be present."""
        return self.infer_in(expr, self.env(facts))

    def share(self, expr: ast.Expr, kind: t.Type) -> None:
        """Do not check an expression again where it is a side of a comparison.

        Nothing is wrong in it, and wherever it stands, the same is known to be present.
        """
        self.shared[id(expr)] = kind

    def check(self, expr: ast.Expr, expected: t.Type, facts: Facts | None = None) -> t.Type:
        """Check that an expression can stand where `expected` is wanted; return its type.

        Literals count as what they are wanted to be, where they can: `5` as a double, a text as a
        value of an enum, a map as a record (unknown keys are errors, missing ones are not).
        """
        return self._expect.check(expr, expected, self.env(facts))

    def check_condition(self, expr: ast.Expr, facts: Facts | None = None) -> None:
        """Check that an expression is a bool, given what is known to be present."""
        self.expect_bool(expr, self.env(facts), "a condition")

    def type_of(self, node: ast.Expr, scope: ExpressionScope | None = None) -> t.Type | None:
        """Return the type of a node that was checked, by this one or as part of a `let`.

        `scope` is that of the `let`, where it is not the one of this checker.
        """
        return self.types.get(id(node)) or self._known.type_of(node, scope or self.scope)

    def facts_when_true(self, expr: ast.Expr) -> Facts:
        """Return what is known to be present where a condition is true."""
        return self.presence.facts_when_true(expr)

    def facts_when_false(self, expr: ast.Expr) -> Facts:
        """Return what is known to be present where a condition is false."""
        return self.presence.facts_when_false(expr)

    def env(self, facts: Facts | None = None) -> Env:
        """Return the place of an expression that stands in no macro."""
        return Env(self.scope, facts or Facts.none(), {})

    # --- the walk

    def infer_in(self, expr: ast.Expr, env: Env) -> t.Type:
        """Return the type of an expression; what is wrong in it is reported."""
        kind = self._infer(expr, env)
        self.types[id(expr)] = kind
        return kind

    def _infer(self, expr: ast.Expr, env: Env) -> t.Type:
        # HOT: half of all expressions are literals, which would come last.
        literal = _LITERAL_TYPES.get(type(expr))
        if literal is not None:
            return literal
        match expr:
            case ast.Name():
                return self._name(expr, env)
            case ast.Select():
                return self._select(expr, env)
            case ast.Index():
                return access.index(self, expr, env)
            case ast.Call():
                return calls.call(self, expr, env)
            case ast.MethodCall():
                return calls.method_call(self, expr, env)
            case ast.Unary():
                return operators.unary(self, expr, env)
            case ast.Binary():
                return operators.binary(self, expr, env)
            case ast.Between():
                return operators.between(self, expr, env)
            case ast.And() | ast.Or():
                return self._logic(expr, env)
            case ast.Conditional():
                return self._conditional(expr, env)
            case ast.ListLiteral():
                return collections.list_(self, expr, env)
            case ast.MapLiteral():
                return collections.map_(self, expr, env)
            case _:
                return self._literal(expr)

    def _literal(self, expr: ast.LiteralExpr) -> t.Type:
        match expr:
            case ast.MoneyLiteral(currency=currency):
                return t.MoneyType(currency)
            case ast.BusinessDaysLiteral():
                self.report(messages.business_days(expr.span, spell(expr)))
                return t.UNKNOWN
            case _:
                return _LITERAL_TYPES[type(expr)]

    # --- names

    def _name(self, expr: ast.Name, env: Env) -> t.Type:
        name = expr.name
        if name in env.locals and not expr.absolute:
            return env.locals[name]
        reference = env.scope.let(expr)
        if reference is not None:
            return self._use(reference, expr, env)
        if name in env.scope.names:
            if name in env.scope.optional:
                self.need(Need(env.path(expr), None, expr, f"has({name})", False), env)
            return env.scope.names[name]
        if name in env.scope.unavailable:
            self.report(messages.unavailable(expr.span, name, env.scope.unavailable[name]))
        elif name in TYPE_NAMES and name not in env.scope.packages:
            return t.TYPE
        else:
            self._unknown_name(expr, env)
        return t.UNKNOWN

    def _unknown_name(self, expr: ast.Name, env: Env) -> None:
        name, scope = expr.name, env.scope
        known = {*env.locals, *scope.names, *scope.lets, *scope.packages}
        hint = None
        action = scope.names.get("action")
        if name in scope.packages:
            hint = f"it is a package: write `{name}.` and a name in it"
        elif isinstance(action, t.RecordType) and action.field(name) is not None:
            hint = f"write `action.{name}`"
        elif (holder := _holder_of(name, scope)) is not None:
            hint = f"write `{holder}.{name}`"
        elif name in scope.rules:
            hint = f"it is a rule or guard: `agreement({name}, within: 90d)` asks about it"
        elif (home := _home_of(name, scope)) is not None:
            hint = f"did you mean `{home}.{name}`?"
        elif (name, False) in functions():
            hint = f"it is a function: write `{name}(...)`"
        elif _is_enum_value(name, scope):
            hint = f'a text is written in quotes: `"{name}"`'
        elif isinstance(action, t.RecordType) and closest(name, known) is None:
            field = closest(name, action.names)
            hint = f"did you mean `action.{field}`?" if field else None
        self.report(messages.unknown_name(expr.span, name, known, hint))

    def _select(self, expr: ast.Select, env: Env) -> t.Type:
        """Return the type of a dotted name as a whole, or of a field."""
        reference = let_of(expr, env.scope, env.locals)
        if reference is not None:
            return self._use(reference, expr, env)
        found = dotted(expr)
        root = found[0].name if found else None
        if found is None or root is None or root in env.locals:
            return access.select(self, expr, env)
        if isinstance(expr.operand, ast.Name):
            other = env.scope.imported(root)
            if other is not None:
                return self._imported(expr, root, other)
            if env.scope.hides_import(root, expr.field):
                self.report(name_messages.reserved_name(expr.operand.span, root))
        if found[1] in TYPE_NAMES and not env.scope.declares(root):
            return t.TYPE
        return access.select(self, expr, env)

    def _imported(self, expr: ast.Select, package: str, other: ExpressionScope) -> t.Type:
        """Return the type of `package.name` that is no `let`: a history or a calendar."""
        kind = other.names.get(expr.field)
        if isinstance(kind, t.HistoryType | t.CalendarType):
            return kind
        asked = (t.HistoryType, t.CalendarType)
        known = [*other.lets, *(n for n, k in other.names.items() if isinstance(k, asked))]
        self.report(messages.unknown_field(field_span(expr), package, expr.field, known, None, ""))
        return t.UNKNOWN

    # --- lets

    def _use(self, reference: LetReference, node: ast.Expr, env: Env) -> t.Type:
        """Return the type of a `let` and require, where it is used, what its value reads."""
        found = self._look_at(reference)
        if found.diagnostics:
            # Hints name what else this action has.
            found = self._look_at(reference.by_itself)
        if reference not in self._used:
            self._used.add(reference)
            self.events.update(found.events)
            for diagnostic in found.diagnostics:
                if id(diagnostic) not in self._told:
                    self._told.add(id(diagnostic))
                    self.report(diagnostic)
        for need in found.needs:
            self.need(need, env, used_by=node)
        return found.type

    def _look_at(self, reference: LetReference) -> KnownLet:
        lets = self._known.lets
        if reference not in lets:
            order = in_order(reference, lets)
            # Where lets form a circle, reported elsewhere, one is used before it is known.
            lets.update(dict.fromkeys(order, KnownLet(t.UNKNOWN, (), ())))
            for used in order:
                lets[used] = self._let(used)
        return lets[reference]

    def _let(self, reference: LetReference) -> KnownLet:
        """Check the value of a `let`; what is wrong is told where it is used."""
        needs: list[Need] = []
        found: list[Diagnostic] = []

        def report(diagnostic: Diagnostic) -> None:
            found.append(diagnostic)
            if len(found) >= MAX_FOUND:
                raise _Enough

        types = self._known.begin(reference)
        outer = self._needs, self.report, self.types, self._told, self._used, self.events
        self._needs, self.report, self.types = needs, report, types
        self._told, self._used, self.events = set(), set(), {}
        kind: t.Type = t.UNKNOWN
        with suppress(_Enough):
            kind = self.infer_in(reference.value, Env(reference.scope, Facts.none(), {}))
        events = () if isinstance(kind, t.Scalar) else tuple(self.events.items())
        self._needs, self.report, self.types, self._told, self._used, self.events = outer
        wanted = {need.path: need for need in needs}
        return KnownLet(kind, tuple(wanted.values()), tuple(found), events)

    def need(self, need: Need, env: Env, used_by: ast.Expr | None = None) -> None:
        """Require a field to be present; inside a `let` that is left to where it is used."""
        if need.is_met(env.facts):
            return
        if self._needs is not None and not need.path.locals:
            self._needs.append(need)
            return
        labels: tuple[Label, ...] = ()
        node = need.node
        if used_by is not None:
            labels = (Label(node.span, f"`{spell(used_by)}` reads it here"),)
        at = used_by.span if used_by is not None else node.span
        ask = messages.ask_first(need.test, self.in_text)
        label = access.label_of(env.scope) if need.by_action else ""
        self.report(messages.may_be_absent(at, spell(node), ask, label, labels))

    # --- logic

    def expect_bool(self, expr: ast.Expr, env: Env, what: str) -> None:
        """Infer an expression and report one that is no bool; `what` begins the message."""
        kind = self.infer_in(expr, env)
        if kind != t.BOOL and not is_dynamic(kind):
            self.report(messages.wrong_type(expr.span, what, t.BOOL, kind, _bool_help(expr, kind)))

    def _logic(self, expr: ast.And | ast.Or, env: Env) -> t.Type:
        """Check the operands in order; each may rely on what those before it say."""
        is_and = isinstance(expr, ast.And)
        what = "an operand of `&&`" if is_and else "an operand of `||`"
        for operand in expr.operands:
            self.expect_bool(operand, env, what)
            when_true, when_false = self.presence.outcomes(operand, env.scope, env.locals)
            env = env.knowing(when_true if is_and else when_false)
        return t.BOOL

    def _conditional(self, expr: ast.Conditional, env: Env) -> t.Type:
        self.expect_bool(expr.condition, env, "what stands before `?`")
        when_true, when_false = self.presence.outcomes(expr.condition, env.scope, env.locals)
        then = self.infer_in(expr.then, env.knowing(when_true))
        otherwise = self.infer_in(expr.otherwise, env.knowing(when_false))
        joined = join(then, otherwise)
        if joined is not None:
            return joined
        labels = (
            Label(expr.then.span, f"this is {then}"),
            Label(expr.otherwise.span, f"this is {otherwise}"),
        )
        self.report(messages.branches_differ(expr.span, then, otherwise, labels))
        return t.UNKNOWN


def _holder_of(name: str, scope: ExpressionScope) -> str | None:
    """Return what has a field of a name: the changes, or the target."""
    for holder in ("changes", "target"):
        table = scope.names.get(holder)
        if isinstance(table, t.RecordType | t.ChangesType) and table.field(name) is not None:
            return holder
    return None


def _home_of(name: str, scope: ExpressionScope) -> str | None:
    """Return the imported package that has a `let`, history or calendar of a name."""
    asked = (t.HistoryType, t.CalendarType)
    for local in sorted(scope.packages):
        other = scope.imported(local)
        if other and (name in other.lets or isinstance(other.names.get(name), asked)):
            return local
    return None


def _is_enum_value(name: str, scope: ExpressionScope) -> bool:
    """Tell whether a name is a value of some enum of the action."""
    tables = (scope.names.get("action"), scope.names.get("changes"))
    fields = [f for table in tables if isinstance(table, t.RecordType | t.ChangesType)
              for _, f in table.fields]  # fmt: skip
    return any(isinstance(f.type, t.EnumType) and name in f.type.values for f in fields)


def _bool_help(expr: ast.Expr, kind: t.Type) -> str | None:
    if isinstance(kind, t.HistoryType):
        return f"ask it: `{spell(expr)}.count(customer: action.customer, within: 30d) > 0`"
    if isinstance(kind, t.OptionalType):
        return f"write `{spell(expr)}.hasValue()`"
    if kind in (t.INT, t.UINT):
        return f"compare it: `{spell(expr)} > 0`"
    if isinstance(kind, t.StringType):
        return f'compare it: `{spell(expr)} != ""`'
    return None
