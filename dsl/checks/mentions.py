"""What a declaration looks at of an action: only actions that differ in it are told apart.

A rule on a pattern may cover hundreds of actions. It need not be checked for each of them, if they
have the same of all that it mentions.
"""

from __future__ import annotations

from collections.abc import Iterable

from gatewright.dsl import ast
from gatewright.dsl.checks.lets import LetKey, Lets
from gatewright.dsl.nodes import nodes_by_kind
from gatewright.dsl.records import dataclass

ROOTS = ("action", "changes", "target")


@dataclass(frozen=True, slots=True)
class Mentions:
    """The names that an expression reads fields by, and how many nodes it has.

    `whole` tells that it looks at an action, at its changes or at its target as such: at all that
    there is of it.
    """

    names: frozenset[str]
    whole: bool
    size: int


class Mentioning:
    """Tells what declarations mention, themselves and by way of `let`s.

    Only `fields` count, the names of fields that actions have. Equal sets of names are one object,
    so that a thousand rules do not each hold the names of a large `let`.
    """

    def __init__(self, lets: Lets, fields: frozenset[str]) -> None:
        self._lets = lets
        self._fields = fields
        self._known: dict[LetKey, Mentions] = {}
        self._equal: dict[frozenset[str], frozenset[str]] = {}

    def of(self, roots: Iterable[ast.Node], package: str) -> Mentions:
        """Return what nodes of a package mention; the `let`s are sound, so none uses itself."""
        names: set[str] = set()
        whole, size = False, 0
        for root in roots:
            found = nodes_by_kind(root)
            size += sum(map(len, found.values()))
            selects: list[ast.Select] = found.get(ast.Select, [])
            # `changes.fields` is a list of all fields.
            read = {id(s.operand) for s in selects if s.field != "fields"}
            calls: list[ast.MethodCall] = found.get(ast.MethodCall, [])
            read.update(id(call.target) for call in calls if call.method in ("has", "only"))
            names.update(self._fields.intersection(s.field for s in selects))
            texts: list[ast.StringLiteral] = found.get(ast.StringLiteral, [])
            names.update(self._fields.intersection(text.value for text in texts))
            used: list[ast.Expr] = [*found.get(ast.Name, ()), *selects]
            for node in used:
                if isinstance(node, ast.Name) and node.name in ROOTS and id(node) not in read:
                    whole = True
                key = self._lets.named(node, package)
                if key is not None:
                    meant = self.of_let(key)
                    names |= meant.names
                    whole = whole or meant.whole
        mentioned = frozenset(names)
        return Mentions(self._equal.setdefault(mentioned, mentioned), whole, size)

    def of_let(self, key: LetKey) -> Mentions:
        """Return what a `let` mentions."""
        if key not in self._known:
            self._known[key] = self.of([self._lets.value(key)], key[0])
        return self._known[key]
