"""Checks test blocks: what they give exists, and they expect something that can fail.

Values are not typed: a test may give a bad value on purpose and expect the error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from gatewright.dsl import ast, limits
from gatewright.dsl.messages import declarations as messages
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.messages import syntax as syntax_messages
from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.policy import ActionType, CheckedPolicy, Package, Test
from gatewright.dsl.resolve.collect import Collected, Report
from gatewright.dsl.resolve.effects import effect_of, route_resolver
from gatewright.dsl.resolve.histories import STATUSES
from gatewright.dsl.source import Source
from gatewright.dsl.walk import walk

N = TypeVar("N", bound=ast.Node)

PARTS = ("agent", "target", "changes", "context", "data")
"""What a test gives besides the action."""
_CONTEXT_FIELDS = ("trigger", "reasoning", "evidence", "confidence")
_PLACE = ("system", "object", "id")
_SIDES = ("old", "new")


def check_tests(policy: CheckedPolicy, collected: Collected, report: Report) -> None:
    """Check all test blocks of a set."""
    runs: dict[Source, int] = {}
    for test in policy.tests:
        source = test.span.source
        before = runs.get(source, 0)
        runs[source] = before + _runs(test.declaration)
        if runs[source] <= limits.MAX_TEST_RUNS:
            _TestChecker(policy, collected, test, report).check()
        elif before <= limits.MAX_TEST_RUNS:
            report(limit_messages.too_many_test_runs(test.span))


def _runs(test: ast.PolicyTest) -> int:
    tables = (len(item.rows) for item in test.items if isinstance(item, ast.CaseTable))
    return max(1, sum(tables))


class _TestChecker:
    """Checks one test block."""

    def __init__(
        self, policy: CheckedPolicy, collected: Collected, test: Test, report: Report
    ) -> None:
        self._policy = policy
        self._package: Package = policy.packages[test.package]
        self._test = test
        self._report = report
        self._resolve = route_resolver(collected, test.package, report)

    def check(self) -> None:
        actions = [i for i in self._items(ast.Given) if i.subject.text not in PARTS]
        if not actions:
            self._report(messages.test_without_action(self._test.span))
        self._once([a.subject for a in actions], "the action")
        self._once(self._items(ast.AtInstant), "`now`")
        self._expects_once(self._items(ast.ExpectEffect), "an effect")
        self._expects_once(self._items(ast.ExpectRisk), "a risk")
        self._expects_once(self._items(ast.ExpectRules), "the rules that match")
        self._fields_once(actions[:1])
        for part in PARTS:
            self._fields_once([g for g in self._items(ast.Given) if g.subject.text == part])
        for past in self._items(ast.Past):
            self._fields_once([past])
        for table in self._items(ast.CaseTable):
            self._each_once((field.name, field) for field in table.fields)
        for subject in {given.subject.text for given in actions} & self._policy.actions.keys():
            self._given_of(self._policy.actions[subject])
        for item in self._test.declaration.items:
            self._item(item, actions[0].subject.text if actions else None)
        expectations = [i for i in self._test.declaration.items if not _is_setup(i)]
        if not expectations:
            self._report(messages.test_without_expectation(self._test.span))

    def _items(self, kind: type[N]) -> list[N]:
        return [i for i in self._test.declaration.items if isinstance(i, kind)]

    def _once(self, nodes: Sequence[ast.Node], what: str) -> None:
        for extra in nodes[1:]:
            self._report(syntax_messages.repeated_part(extra.span, what, nodes[0].span))

    def _fields_once(self, blocks: Sequence[ast.Given | ast.Past]) -> None:
        """Check that blocks about the same thing give each field once, all of them together."""
        entries = [entry for block in blocks for entry in block.values.entries]
        self._each_once((key_of(entry), entry.key) for entry in entries)

    def _each_once(self, named: Iterable[tuple[str | None, ast.Node]]) -> None:
        known: dict[str, ast.Node] = {}
        for name, node in named:
            first = node if name is None else known.setdefault(name, node)
            if first is not node:
                self._report(syntax_messages.repeated_part(node.span, f"`{name}`", first.span))

    def _expects_once(self, nodes: Sequence[ast.Node], what: str) -> None:
        for extra in nodes[1:]:
            self._report(messages.one_expectation(extra.span, what, nodes[0].span))

    def _item(self, item: ast.PolicyTestItem, action: str | None) -> None:
        match item:
            case ast.Given(subject=subject, values=values):
                self._given(subject, values)
            case ast.Past():
                self._past(item)
            case ast.ExpectEffect(effect=effect):
                effect_of(effect, self._resolve, self._report)
            case ast.ExpectRules(names=names):
                for name in names:
                    self._rule(name)
            case ast.CaseTable():
                self._cases(item, action)
            case _:
                pass

    def _given(self, subject: ast.QualifiedName, values: ast.MapLiteral) -> None:
        self._values(values)
        name = subject.text
        declared = self._policy.actions.get(name)
        if declared is not None:
            self._fields(
                values, declared.params.names, f"the action `{name}`", declared.changes.names
            )
        elif name == "context":
            self._fields(values, _CONTEXT_FIELDS, "`context`")
        elif name == "data":
            self._fields(values, self._policy.data, "`data`")
        elif name not in PARTS and not self._is_covered(name):
            known = [*self._policy.actions, *PARTS]
            self._report(messages.unknown_subject(subject.span, name, known))

    def _given_of(self, action: ActionType) -> None:
        """Check what is given of the target and the changes of a declared action."""
        for given in self._items(ast.Given):
            if given.subject.text == "target" and action.target is not None:
                known = [*_PLACE, *action.target.names]
                self._fields(given.values, known, f"the target of `{action.name}`")
            elif given.subject.text == "changes":
                self._fields(given.values, action.changes.names, f"`changes` of `{action.name}`")
                for entry in given.values.entries:
                    if isinstance(entry.value, ast.MapLiteral):
                        self._fields(entry.value, _SIDES, f"the change of `{key_of(entry)}`")

    def _is_covered(self, action: str) -> bool:
        """Tell whether a pattern covers an undeclared action, which can be tested then."""
        scopes = [r.scope for r in self._policy.rules]
        scopes += [f.scope for f in (*self._policy.defaults, *self._policy.on_errors)]
        patterns = [p for scope in scopes for p in scope.patterns]
        patterns += [p for permit in self._policy.permits for p in permit.to]
        return any(pattern.covers(action) for pattern in patterns)

    def _fields(
        self,
        values: ast.MapLiteral,
        known: Iterable[str],
        what: str,
        changed: Collection[str] = (),
    ) -> None:
        names = [*known]
        for entry in values.entries:
            name = key_of(entry)
            if name is not None and name not in names:
                hint = None
                if name in changed:
                    hint = f"it changes: `given changes {{ {name}: {{ old: ..., new: ... }} }}`"
                elif name == "changes" and changed:
                    hint = "they have a line of their own: `given changes { ... }`"
                elif names == [*_SIDES]:
                    hint = nearest(name, names) or "a change has `old` and `new`"
                self._report(messages.unknown_test_field(entry.key.span, what, name, names, hint))

    def _past(self, past: ast.Past) -> None:
        self._values(past.values)
        name = past.action.text
        declared = self._policy.actions.get(name)
        if declared is None:
            self._report(name_messages.unknown_action(past.action.span, name, self._policy.actions))
        else:
            known = [*declared.params.names, "agent", "target", "decided_by"]
            self._fields(past.values, known, f"the action `{name}`")
        status = past.status
        if status is not None and status.name not in STATUSES:
            self._report(messages.bad_status(status.span, status.name, STATUSES))

    def _rule(self, name: ast.QualifiedName) -> None:
        home = ".".join(name.parts[:-1])
        home = self._package.imports.get(home, home) or self._package.name
        known = {rule.qualified for rule in self._policy.rules}
        if f"{home}.{name.parts[-1]}" not in known:
            shown = [rule.name for rule in self._policy.rules if rule.package == home]
            elsewhere = self._elsewhere(name) if len(name.parts) == 1 else None
            self._report(name_messages.unknown_rule(name.span, name.text, shown, elsewhere))

    def _elsewhere(self, name: ast.QualifiedName) -> str | None:
        """Return how a rule of another package is named here, where there is one of that name."""
        homes = sorted(rule.package for rule in self._policy.rules if rule.name == name.text)
        local = {package: short for short, package in self._package.imports.items()}
        return f"{local.get(homes[0], homes[0])}.{name.text}" if homes else None

    def _cases(self, cases: ast.CaseTable, action: str | None) -> None:
        declared = self._policy.actions.get(action or "")
        if declared is not None:
            for field in cases.fields:
                if field.name not in declared.params.names:
                    names = declared.params.names
                    what = f"the action `{declared.name}`"
                    self._report(messages.unknown_test_field(field.span, what, field.name, names))
        for row in cases.rows:
            if len(row.values) != len(cases.fields):
                values, fields = len(row.values), len(cases.fields)
                self._report(messages.wrong_case_width(row.span, values, fields))
            for value in row.values:
                self._value(value)
            effect_of(row.effect, self._resolve, self._report)

    def _values(self, values: ast.MapLiteral) -> None:
        for entry in values.entries:
            if key_of(entry) is None:
                self._report(messages.not_a_test_value(entry.key.span, is_key=True))
            self._value(entry.value)

    def _value(self, value: ast.Expr) -> None:
        """Refuse what is not literal: names that are no lets, but for bare keys of maps."""
        keys = {
            id(entry.key)
            for node in walk(value)
            if isinstance(node, ast.MapLiteral)
            for entry in node.entries
        }
        whole: dict[int, ast.Expr] = {}
        """What a name is the beginning of: `action.amount` of `action`."""
        for node in walk(value):
            if isinstance(node, ast.Select):
                whole[id(node.operand)] = whole.get(id(node), node)
            if not isinstance(node, ast.Name) or id(node) in keys:
                continue
            if node.name not in self._package.lets:
                span = whole.get(id(node), node).span
                self._report(messages.not_a_test_value(span, is_key=False))


def key_of(entry: ast.MapEntry) -> str | None:
    """Return the field that an entry of a test gives: a bare name or a string."""
    match entry.key:
        case ast.Name(name=name) | ast.StringLiteral(value=name):
            return name
        case _:
            return None


def _is_setup(item: ast.PolicyTestItem) -> bool:
    if isinstance(item, ast.CaseTable):
        return not item.rows
    return isinstance(item, ast.AtInstant | ast.Given | ast.Past)
