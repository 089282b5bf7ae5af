"""A checked policy as lints look at it: own files, scopes of names, rows with what they say.

What several lints need is worked out here, once for a policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from gatewright.dsl import ast
from gatewright.dsl.lint.conditions import Reader
from gatewright.dsl.lint.domains import Domains
from gatewright.dsl.lint.facts import Known, Subject
from gatewright.dsl.lint.sharing import Sharing
from gatewright.dsl.nodes import Nodes
from gatewright.dsl.policy import (
    AUTO_RUN,
    BLOCK,
    ActionType,
    CheckedPolicy,
    Effect,
    Row,
    Rule,
    Scope,
)
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Span
from gatewright.dsl.typing.scopes import ExpressionScope

N = TypeVar("N", bound=ast.Node)
_DECIDES = (
    ast.ActionDecl,
    ast.RuleDecl,
    ast.RiskDecl,
    ast.PermitDecl,
    ast.DefaultDecl,
    ast.OnErrorDecl,
)


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of a rule, with what its conditions say together."""

    rule: Rule
    row: Row
    known: Known


@dataclass(frozen=True)
class View:
    """A policy to lint.

    `at_nanos` is the instant to judge dates by; None leaves them alone. `lint_names` are the lints
    that there are.
    """

    policy: CheckedPolicy
    at_nanos: int | None = None
    lint_names: frozenset[str] = frozenset()

    @cached_property
    def files(self) -> Sequence[ast.File]:
        """The files to tell about: those of the set, without the standard library's."""
        own = tuple(file for file in self.policy.files if not is_standard(file))
        return own or self.policy.files

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules and guards of these files."""
        return tuple(rule for rule in self.policy.rules if self.shows(rule.span))

    def shows(self, place: Span) -> bool:
        """Tell whether a place is in one of these files."""
        return id(place.source) in self._sources

    @cached_property
    def _sources(self) -> frozenset[int]:
        return frozenset(id(file.span.source) for file in self.files)

    def declarations(self) -> Iterator[tuple[str, ast.Declaration]]:
        """Yield the declarations of these files with their package."""
        for file in self.files:
            package = package_of(file)
            for declaration in file.declarations:
                yield package, declaration

    def nodes(self, declaration: ast.Declaration, kind: type[N]) -> Sequence[N]:
        """Return the nodes of exactly a kind in a declaration, in the order written."""
        return self._nodes.of(declaration, kind)

    def all_nodes(self, kind: type[N]) -> Iterator[tuple[str, N]]:
        """Yield the nodes of exactly a kind in all files, the library's too, with their package."""
        return self._nodes_in(self.policy.files, kind)

    def own_nodes(self, kind: type[N]) -> Iterator[tuple[str, N]]:
        """Yield the nodes of exactly a kind in these files, with their package."""
        return self._nodes_in(self.files, kind)

    def _nodes_in(self, files: Sequence[ast.File], kind: type[N]) -> Iterator[tuple[str, N]]:
        for file in files:
            package = package_of(file)
            for node in self._nodes.in_file(file, kind):
                yield package, node

    @cached_property
    def _nodes(self) -> Nodes:
        return Nodes()

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The packages that declare what decides about actions, or actions."""
        return frozenset(
            package_of(file)
            for file in self.policy.files
            if any(isinstance(declaration, _DECIDES) for declaration in file.declarations)
        )

    def covered(self, scope: Scope) -> tuple[ActionType, ...]:
        """Return the declared actions that a scope covers."""
        if scope not in self._covered:
            actions = self.policy.actions
            if scope.patterns and not any(pattern.wildcard for pattern in scope.patterns):
                names = {pattern.text for pattern in scope.patterns} & actions.keys()
                found = [actions[name] for name in sorted(names)]
            else:
                found = [a for a in actions.values() if scope.covers(a.name, a.package)]
            self._covered[scope] = tuple(found)
        return self._covered[scope]

    def default_of(self, action: ActionType) -> Effect:
        """Return what an action gets that no rule opens; `block` where no default covers it."""
        covers = [f for f in self.policy.defaults if f.scope.covers(action.name, action.package)]
        effect = AUTO_RUN if covers else BLOCK
        for floor in covers:
            effect &= floor.effect
        return effect

    @cached_property
    def _covered(self) -> dict[Scope, tuple[ActionType, ...]]:
        return {}

    def reader(self, package: str, scope: Scope | None) -> Reader:
        """Return the reader of a package's conditions; `scope` tells for which actions, if any."""
        key = package, scope
        if key not in self._readers:
            domains = self._domains(scope)
            self._readers[key] = Reader(self.scopes[package], domains, self._sharing)
        return self._readers[key]

    def rule_reader(self, rule: Rule) -> Reader:
        """Return the reader of a rule's conditions."""
        return self.reader(rule.package, rule.scope)

    @cached_property
    def scopes(self) -> dict[str, ExpressionScope]:
        """The `let`s of each package."""
        return {
            name: ExpressionScope({}, {n: let.value for n, let in package.lets.items()}, label=name)
            for name, package in self.policy.packages.items()
        }

    @cached_property
    def rows(self) -> tuple[RowView, ...]:
        """All rows of these rules and guards, in the order of names."""
        found: list[RowView] = []
        for rule in self.rules:
            reader = self.rule_reader(rule)
            found.extend(RowView(rule, row, reader.together(row.conditions)) for row in rule.rows)
        return tuple(found)

    def rows_of(self, rule: Rule) -> Sequence[RowView]:
        """Return the rows of one of these rules, in the order written."""
        return self._rows_by_rule.get(rule.qualified, ())

    @cached_property
    def _rows_by_rule(self) -> dict[str, list[RowView]]:
        found: dict[str, list[RowView]] = {}
        for row in self.rows:
            found.setdefault(row.rule.qualified, []).append(row)
        return found

    def _domains(self, scope: Scope | None) -> Domains:
        # A wildcard also covers actions that nobody declared, of which nothing is known.
        if scope is None or any(pattern.wildcard for pattern in scope.patterns):
            return Domains(self.policy, (), closed=False)
        return Domains(self.policy, self.covered(scope), closed=True)

    @cached_property
    def _sharing(self) -> Sharing[Reader, Subject]:
        return Sharing(self.policy)

    @cached_property
    def _readers(self) -> dict[tuple[str, Scope | None], Reader]:
        return {}


def is_standard(file: ast.File) -> bool:
    """Tell whether a file belongs to the standard library."""
    return package_of(file).split(".")[0] == "std"


def package_of(file: ast.File) -> str:
    """Return the name of a file's package."""
    return file.package.text if file.package is not None else ""
