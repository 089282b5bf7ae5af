"""What the expressions of one package see while they are checked for one action.

A scope is names with their types, `let`s with their expressions, and what else a condition may
refer to. Knows nothing of how expressions are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cached_property

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass, field
from gatewright.dsl.typing.signatures import Signature, namespaces
from gatewright.dsl.walk import walk


@dataclass(frozen=True, eq=False)
class ExpressionScope:
    """The names that an expression can use. Scopes are compared by identity.

    `label` says for which action, for messages: ``for action `billing.refund` ``. `rules` are the
    names that `agreement(...)` takes. `functions` are further global functions, such as `group` in
    a route. `unavailable` maps names that exist, but not here, to the reason. `packages` maps the
    local name of an import to that package's own scope for the same action. `of_record` tells that
    the names are fields, as in the `where` of a history: `has(name)` asks for one, and must where
    it is `optional`. `alike` gives the scope that stands for all those which look the same to all
    that a `let` mentions; without it each scope stands for itself.
    """

    names: Mapping[str, t.Type]
    lets: Mapping[str, ast.Expr] = field(default_factory=dict[str, ast.Expr])
    label: str = ""
    rules: frozenset[str] = frozenset()
    functions: tuple[Signature, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict[str, str])
    packages: Mapping[str, ExpressionScope] = field(default_factory=dict[str, "ExpressionScope"])
    of_record: bool = False
    optional: frozenset[str] = frozenset()
    alike: Callable[[ExpressionScope, str], ExpressionScope] | None = None

    def is_field(self, name: ast.Name, bound: Container[str]) -> bool:
        """Tell whether a name is a field that `has(name)` asks for."""
        hidden = name.absolute or name.name in bound
        return self.of_record and name.name in self.names and not hidden

    @cached_property
    def _functions(self) -> Mapping[str, tuple[Signature, ...]]:
        found: dict[str, tuple[Signature, ...]] = {}
        for one in self.functions:
            found[one.name] = (*found.get(one.name, ()), one)
        return found

    def function(self, name: str) -> tuple[Signature, ...]:
        """Return the signatures of a further function, if there is one of that name."""
        return self._functions.get(name, ())

    def declares(self, name: str) -> bool:
        """Tell whether a name means something here, apart from functions and types."""
        known = (self.names, self.lets, self.packages, self.unavailable)
        return any(name in table for table in known)

    def is_namespace(self, target: ast.Expr, bound: Container[str]) -> bool:
        """Tell whether the target of a call is a namespace of functions: `math`, `strings`.

        A name that a macro binds, or that is declared here, comes first.
        """
        if not isinstance(target, ast.Name) or target.name not in namespaces():
            return False
        return target.name not in bound and not self.declares(target.name)

    def let(self, expr: ast.Expr) -> LetReference | None:
        """Return the `let` that a name, or `package.name`, stands for."""
        # HOT: asked of every part of every condition, by each stage; most are something else.
        if isinstance(expr, ast.Name):
            return self._reference(expr.name) if expr.name in self.lets else None
        if not isinstance(expr, ast.Select) or not self.packages or expr.optional:
            return None
        package = expr.operand
        other = self.imported(package.name) if isinstance(package, ast.Name) else None
        return other._reference(expr.field) if other and expr.field in other.lets else None

    def _reference(self, name: str) -> LetReference:
        if name not in self._references:
            scope = self.alike(self, name) if self.alike is not None else self
            self._references[name] = LetReference(scope, name, self)
        return self._references[name]

    def used_by(self, name: str) -> Sequence[LetReference]:
        """Return the `let`s that the value of one of this package mentions, each once."""
        if name not in self._uses:
            found = map(self.let, walk(self.lets[name]))
            self._uses[name] = tuple(dict.fromkeys(each for each in found if each is not None))
        return self._uses[name]

    @cached_property
    def _uses(self) -> dict[str, tuple[LetReference, ...]]:
        return {}

    @cached_property
    def _references(self) -> dict[str, LetReference]:
        return {}

    def imported(self, name: str) -> ExpressionScope | None:
        """Return the scope of an imported package; names declared here come first."""
        if name in self.names or name in self.lets:
            return None
        return self.packages.get(name)

    def hides_import(self, name: str, field: str) -> bool:
        """Tell whether a name of the language hides an import that declares a field.

        Nobody sees which of the two is read, and what an agent says of itself may be anything.
        """
        other = self.packages.get(name)
        if other is None or name not in self.names:
            return False
        asked = isinstance(other.names.get(field), t.HistoryType | t.CalendarType)
        return field in other.lets or asked


@dataclass(frozen=True, slots=True)
class LetReference:
    """A `let` and the scope it belongs to: one of those that look alike to it.

    `seen_from` is the one of them where it is used, which makes no difference to what it means.
    """

    scope: ExpressionScope
    name: str
    seen_from: ExpressionScope | None = field(default=None, compare=False)

    @property
    def by_itself(self) -> LetReference:
        """The same `let` in the scope where it is used, whose messages name its own action."""
        return LetReference(self.seen_from or self.scope, self.name)

    @property
    def value(self) -> ast.Expr:
        """The expression that the name stands for."""
        return self.scope.lets[self.name]

    def uses(self) -> Iterator[LetReference]:
        """Return the `let`s that the value mentions (also where a macro hides the name)."""
        return iter(self.scope.used_by(self.name))


def in_order(first: LetReference, known: Container[LetReference] = ()) -> list[LetReference]:
    """Return the `let`s that one needs, and at last itself: each after those that it uses.

    Those in `known` are left out. A circle is cut where it closes. Not recursive, so that a long
    chain of `let`s is no problem.
    """
    order: list[LetReference] = []
    seen = {first}
    stack = [(first, first.uses())]
    while stack:
        current, uses = stack[-1]
        for used in uses:
            if used not in seen and used not in known:
                seen.add(used)
                stack.append((used, used.uses()))
                break
        else:
            stack.pop()
            order.append(current)
    return order
