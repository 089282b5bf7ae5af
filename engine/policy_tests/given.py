"""What a test block gives -> an action, a history, an instant and a policy set to ask.

Values are written in the policy language; here they become what a caller of `evaluate` would pass,
so that a test decides as the real thing does: an action that does not fit its type is not refused
here. Keys are bare names. Source: docs/language.md#tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import cast

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.documents import freeze_data
from gatewright.dsl.policy import Package, Test
from gatewright.dsl.source import Span
from gatewright.engine.canonical import to_json
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.decision import Decision
from gatewright.engine.errors import EvaluationError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.event import Event
from gatewright.engine.history.memory import History
from gatewright.engine.outcome import Outcome
from gatewright.engine.reading.freeze import Freezer
from gatewright.engine.reading.json_text import JsonNumber
from gatewright.engine.reading.problems import ActionError, Place
from gatewright.engine.reading.quick import quick_action
from gatewright.engine.scope import PolicyScope, data_value
from gatewright.engine.values import Timestamp

DEFAULT_NOW = Timestamp.parse("2026-01-01T00:00:00Z")
"""When a test runs that does not say. Source: docs/language.md#tests."""

PARTS = ("agent", "target", "changes", "context", "data")
"""What `given` can be about, besides the action."""

_ENVELOPE = ("system", "object", "id")
_MAX_DEPTH = 64


class BadGiven(Exception):
    """A value of a test that cannot be used, and where it is written."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a test block: the block itself, or it with a row of one of its tables.

    `name` is the test's, with the row's values: `edges (amount: 50 USD)`.
    """

    __test__ = False  # pytest: this is no test class

    name: str
    test: Test
    fields: tuple[ast.Ident, ...] = ()
    row: ast.CaseTableRow | None = None

    @property
    def package(self) -> str:
        """The package that the test belongs to."""
        return self.test.package

    @property
    def span(self) -> Span:
        """Where the test, or its row, is written."""
        return self.test.span if self.row is None else self.row.span


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that `evaluate` takes for one case, and the policy set to ask."""

    policy_set: PolicySet
    action: Mapping[str, object]
    history: History
    now: Timestamp

    def decision(self) -> Decision:
        """Return what is decided, as it is for a caller."""
        return self.policy_set.evaluate(self.action, self.history, now=self.now, uses=_unused)

    def outcome(self) -> Outcome:
        """Return what the interpreter makes of the action, with the truth of each condition."""
        action = quick_action(self.action) or self.action
        return self.policy_set.outcome(action, self.history, now=self.now, uses=_unused)


def _unused(_: str) -> int:
    """Say that no exception was used before. Source: docs/language.md#tests."""
    return 0


class Preparing:
    """Prepares the cases of a policy set.

    What the rows of one test have in common is made once, where they come one after another.
    """

    def __init__(self, policy_set: PolicySet) -> None:
        self.policy_set = policy_set
        self._test: _Test | None = None

    def setup(self, case: Case) -> Setup:
        """Return what to decide in a case; raises BadGiven."""
        test = self._test
        if test is None or test.of is not case.test:
            self._test = None
            test = _Test(self.policy_set, case.test)
            self._test = test
        return test.setup(case)


class _Test:
    """Reads the items of one test block: all but the rows of its tables when it is made."""

    def __init__(self, policy_set: PolicySet, test: Test) -> None:
        self.of = test
        self._items = test.declaration.items
        self._now = self._instant()
        policy = policy_set.policy
        names = {"now": self._now, "data": data_value(policy.data)}
        self._package = policy.packages[test.package]
        self._values = Values(PolicyScope(self._package, dict(names)), self._package)
        given = {part: self._given(part) for part in PARTS}
        self._set = _with_data(policy_set, given.pop("data"), self._blocks())
        self._name = next(b.subject.text for b in self._blocks() if b.subject.text not in PARTS)
        self._params = self._given(self._name)
        self._parts = {**given, "target": _target(given["target"])}
        self._known: History | None = None

    def setup(self, case: Case) -> Setup:
        """Return what to decide in a row of the test, or in the test without one."""
        # The row before what is past, as they are written: so it is in whose error is told.
        action = self._action(case)
        return Setup(self._set, action, self._history(), self._now)

    def _instant(self) -> Timestamp:
        given = [i.at for i in self._items if isinstance(i, ast.AtInstant)]
        return Timestamp(given[-1].nanos) if given else DEFAULT_NOW

    def _blocks(self) -> Iterator[ast.Given]:
        return (item for item in self._items if isinstance(item, ast.Given))

    def _given(self, subject: str) -> dict[str, object]:
        """Return what is given of a subject; several blocks of one subject add up."""
        values: dict[str, object] = {}
        for block in self._blocks():
            if block.subject.text == subject:
                values.update(self._values.entries(block.values))
        return values

    # --- the action

    def _action(self, case: Case) -> dict[str, object]:
        params = dict(self._params)
        if case.row is not None:
            row = zip(case.fields, case.row.values, strict=True)
            params.update((field.name, self._values.value(value)) for field, value in row)
        present = {key: part for key, part in {"params": params, **self._parts}.items() if part}
        return {"action": self._name, **present, "at": self._now}

    # --- past actions

    def _history(self) -> History:
        if self._known is None:
            pasts = [item for item in self._items if isinstance(item, ast.Past)]
            events = [self._event(past, n) for n, past in enumerate(pasts, start=1)]
            history = History()
            for event, agent in sorted(events, key=lambda pair: pair[0].at):
                history.append(_with_rules(event, agent, self._set, history))
            self._known = history
        return self._known

    def _event(self, past: ast.Past, number: int) -> tuple[Event, object]:
        """Return an event, and its agent with the attributes that the test gives."""
        params = self._values.entries(past.values)
        own = {key: params.pop(key, None) for key in ("agent", "target", "decided_by")}
        proposer = self._parts["agent"]
        agent = own["agent"] if past.agent is None else past.agent.value
        if agent is None:
            agent = proposer.get("id")
        at = _before(self._now, past.ago)
        data = {
            "id": f"past-{number}",
            "action": past.action.text,
            "params": params,
            "agent": agent,
            "target": own["target"],
            "at": at,
            "status": "executed" if past.status is None else past.status.name,
            "decided_by": own["decided_by"],
            "decided_at": None if own["decided_by"] is None else at,
        }
        try:
            event = Event.from_dict(data)
        except ActionError as error:
            raise BadGiven(f"the past action {error.message}", past.values.span) from None
        same = event.agent is not None and event.agent == proposer.get("id")
        return event, proposer if same else {"id": event.agent}


def _with_data(
    policy_set: PolicySet, given: Mapping[str, object], blocks: Iterable[ast.Given]
) -> PolicySet:
    """Return the policy set with some root keys of `data` replaced, for one test alone."""
    if not given:
        return policy_set
    span = next(b.values.span for b in blocks if b.subject.text == "data")
    try:
        plain = to_json(Freezer().value(given, Place("data")))
    except ActionError as error:
        raise BadGiven(error.message, span) from None
    wrong: list[Diagnostic] = []
    data = {
        **policy_set.policy.data,
        **freeze_data(cast("dict[str, object]", plain), wrong.append),
    }
    if wrong:
        raise BadGiven(wrong[0].message, span)
    return PolicySet(replace(policy_set.policy, data=MappingProxyType(data)))


def _target(given: dict[str, object]) -> dict[str, object]:
    """Return a target whose attributes were given beside its system, object and id."""
    target = {key: given.pop(key) for key in _ENVELOPE if key in given}
    return {**target, "attributes": given} if given else target


def _before(now: Timestamp, ago: ast.DurationLiteral) -> Timestamp:
    try:
        return Timestamp(now.nanos - ago.nanos)
    except EvaluationError as error:
        raise BadGiven(error.message, ago.span) from None


def _with_rules(event: Event, agent: object, policy_set: PolicySet, before: History) -> Event:
    """Add the rules that matched a past action which people decided, for `agreement`."""
    if event.decided_by is None:
        return event
    action = {"action": event.action, "params": event.params, "agent": agent, "at": event.at}
    if event.target is not None:
        action["target"] = {"id": event.target}
    return replace(event, rules=policy_set.evaluate(action, before, uses=_unused).matched)


class Values:
    """Evaluates the values of a test: literals, lists, maps with bare keys, and `let`s."""

    def __init__(self, scope: PolicyScope, package: Package) -> None:
        self._evaluator = Evaluator(scope)
        self._package = package

    def entries(self, written: ast.MapLiteral) -> dict[str, object]:
        """Return the entries of a `{ name: value }`; raises BadGiven."""
        return self._map(written, bare=True, depth=0)

    def value(self, written: ast.Expr) -> object:
        """Return a value as a caller of `evaluate` would pass it; raises BadGiven."""
        return self._value(written, bare=True, depth=0)

    def _value(self, written: ast.Expr, *, bare: bool, depth: int) -> object:
        if depth > _MAX_DEPTH:
            raise BadGiven("the value nests too deeply", written.span)
        match written:
            case ast.MapLiteral():
                return self._map(written, bare=bare, depth=depth)
            case ast.ListLiteral(items=items) if not any(item.optional for item in items):
                return [self._value(i.value, bare=bare, depth=depth + 1) for i in items]
            case ast.DoubleLiteral(text=text):
                return JsonNumber(text)  # keeps its spelling: a decimal field reads it exactly
            case ast.Name(name=name) if name in self._package.lets:
                let = self._package.lets[name].value
                return self._value(let, bare=False, depth=depth + 1)
            case _:
                return self._evaluated(written)

    def _map(self, written: ast.MapLiteral, *, bare: bool, depth: int) -> dict[str, object]:
        entries: dict[str, object] = {}
        for entry in written.entries:
            key = self._key(entry, bare)
            if key in entries:
                raise BadGiven(f"`{key}` is given twice", entry.key.span)
            entries[key] = self._value(entry.value, bare=bare, depth=depth + 1)
        return entries

    def _key(self, entry: ast.MapEntry, bare: bool) -> str:
        if bare and isinstance(entry.key, ast.Name):
            return entry.key.name
        key = self._evaluated(entry.key)
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, str | int):
            return str(key)
        raise BadGiven("a key is text, a whole number or a bool", entry.key.span)

    def _evaluated(self, written: ast.Expr) -> object:
        try:
            return self._evaluator.evaluate(written)
        except EvaluationError as error:
            raise BadGiven(f"the value cannot be used: {error.message}", written.span) from None
