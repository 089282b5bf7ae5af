"""What is known of `let`s and patterns, for all declarations that are checked with them.

A `let` means the same wherever it is used in a scope, and in all scopes that look alike to it, so
its value is looked at once, however many rules and actions use it.
"""

from __future__ import annotations

from gatewright.dsl import ast, limits
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.base import Need
from gatewright.dsl.typing.patterns import Patterns
from gatewright.dsl.typing.presence import Outcomes
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference
from gatewright.dsl.walk import walk


class TooDifferent(Exception):
    """The `let`s of a set have to be checked again for too many actions that differ."""


@dataclass(frozen=True, slots=True)
class KnownLet:
    """What is known of a `let`: its type, and what must be present where it is used."""

    type: t.Type
    needs: tuple[Need, ...]
    diagnostics: tuple[Diagnostic, ...]
    """What is wrong in its value, or in those of the `let`s that it uses."""
    events: tuple[tuple[t.RecordType, t.RecordType], ...] = ()
    """What `last` gives, where the value is made of that -> the record of the history."""


class KnownLets:
    """The `let`s that were looked at, and what their values are made of."""

    def __init__(self) -> None:
        self.lets: dict[LetReference, KnownLet] = {}
        self.types: dict[ExpressionScope, dict[int, t.Type]] = {}
        """The types of the nodes of values, by their `id`, in the scope of their `let`."""
        self.outcomes: dict[LetReference, Outcomes] = {}
        self.fitting: set[tuple[int, ExpressionScope, t.Type]] = set()
        """Lists, by their `id`, in a scope, and types comparable with each of their elements."""
        self.patterns = Patterns()
        self._left = limits.MAX_DIFFERENT
        """How many parts may be looked at again, in scopes where they may mean something else."""
        self._sizes: dict[int, int] = {}

    def begin(self, reference: LetReference) -> dict[int, t.Type]:
        """Return where the types of a value go; raises TooDifferent past the limit."""
        value = reference.value
        if id(value) in self._sizes:
            self.spend(self._sizes[id(value)])
        else:
            self._sizes[id(value)] = sum(1 for _ in walk(value))
        return self.types.setdefault(reference.scope, {})

    def spend(self, parts: int) -> None:
        """Count parts that are looked at again; raises TooDifferent past the limit."""
        self._left -= parts
        if self._left < 0:
            raise TooDifferent

    def type_of(self, node: ast.Expr, scope: ExpressionScope) -> t.Type | None:
        """Return the type of a part of a value of a `let` of a scope."""
        return self.types.get(scope, {}).get(id(node))
