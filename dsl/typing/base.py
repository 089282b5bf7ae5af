"""What the parts of the type checker share: where an expression stands, and what they ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gatewright.dsl import ast, records
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.patterns import Patterns
from gatewright.dsl.typing.presence import Facts, Path, Presence, path, resolve
from gatewright.dsl.typing.scopes import ExpressionScope


@dataclass(frozen=True, slots=True)
class Env:
    """Where an expression stands: its scope, what is known there, the names that macros bind."""

    scope: ExpressionScope
    facts: Facts
    locals: Mapping[str, t.Type]

    def knowing(self, facts: Facts) -> Env:
        """Return the same place with more known."""
        if not facts.present and not facts.impossible:
            return self
        return records.replace(self, facts=self.facts.and_(facts))

    def binding(self, names: Mapping[str, t.Type]) -> Env:
        """Return the inside of a macro; what is known about hidden names is forgotten."""
        facts = self.facts.without(names)
        return records.replace(self, facts=facts, locals={**self.locals, **names})

    def path(self, expr: ast.Expr) -> Path:
        """Return the way to the value of an expression."""
        return path(expr, self.scope, self.locals)

    def resolve(self, expr: ast.Expr) -> ast.Expr:
        """Return an expression with `let`s looked through."""
        return resolve(expr, self.scope, self.locals)[0]


@dataclass(frozen=True, slots=True)
class Need:
    """A field that is read and may be absent. `event` is set where any field of it will do."""

    path: Path
    event: Path | None
    node: ast.Expr
    test: str
    """The condition to write before it."""
    by_action: bool
    """Whether what it is a field of has other fields for other actions."""

    def is_met(self, facts: Facts) -> bool:
        """Tell whether what is known makes the field present."""
        return self.path in facts or (self.event is not None and facts.knows_part_of(self.event))


class Inference(Protocol):
    """The type checker, as its parts see it."""

    report: Callable[[Diagnostic], None]
    types: dict[int, t.Type]
    presence: Presence
    shared: dict[int, t.Type]
    """The types of sides that several comparisons have in common, by the `id` of their nodes."""
    events: dict[t.RecordType, t.RecordType]
    """What `last` gives -> the record of the history, whose fields are there if the event is."""
    fitting: set[tuple[int, ExpressionScope, t.Type]]
    """Lists, by their `id`, in a scope, and types comparable with each of their elements."""
    patterns: Patterns

    def type_of(self, node: ast.Expr, scope: ExpressionScope | None = None) -> t.Type | None:
        """Return the type of a node that was checked, or is part of a `let` of another scope."""
        ...

    def infer_in(self, expr: ast.Expr, env: Env) -> t.Type:
        """Return the type of an expression; what is wrong in it is reported."""
        ...

    def expect_bool(self, expr: ast.Expr, env: Env, what: str) -> None:
        """Infer an expression and report one that is no bool; `what` begins the message."""
        ...

    def need(self, need: Need, env: Env) -> None:
        """Report a field that may be absent, unless it is known to be there."""
        ...


def dotted(expr: ast.Expr) -> tuple[ast.Name, str] | None:
    """Return the first name and the whole text of `a.b.c`, or None for anything else."""
    fields: list[str] = []
    while isinstance(expr, ast.Select) and not expr.optional:
        fields.append(expr.field)
        expr = expr.operand
    if not isinstance(expr, ast.Name):
        return None
    return expr, ".".join((expr.name, *reversed(fields)))
