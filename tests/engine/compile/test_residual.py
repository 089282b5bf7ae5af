"""Conditions that stay whole: as functions over slots, and what they leave to the interpreter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gatewright.dsl import ast
from gatewright.dsl.parser import parse_expression
from gatewright.engine.compile import formula as f
from gatewright.engine.compile.asking import Question
from gatewright.engine.compile.tree import ABSENT, Unsure
from gatewright.engine.history.event import Event
from gatewright.engine.history.memory import History
from gatewright.engine.values import Duration, Timestamp, Value
from tests.engine.compile.unit_support import ACTION, PACKAGE, Making

NOW = Timestamp.parse("2026-06-15T12:00:00Z")


@dataclass
class Host:
    """Answers for the decision, and remembers what it was asked."""

    history: History | None = None
    uses_left: bool = True
    answer: bool = True
    conditions: list[tuple[str, str, int | None]] = field(
        default_factory=list[tuple[str, str, int | None]]
    )
    questions: list[tuple[str, str, str | None, tuple[str, ...], tuple[Value, ...]]] = field(
        default_factory=list[tuple[str, str, str | None, tuple[str, ...], tuple[Value, ...]]]
    )
    exceptions: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def holds(self, expression: ast.Expr, package: str, risk: int | None) -> bool:
        self.conditions.append((expression.span.text, package, risk))
        return self.answer

    def ask(self, question: Question, values: tuple[Value, ...]) -> Value | Event:
        declared = question.declared.qualified
        self.questions.append((declared, question.method, question.field, question.keys, values))
        return question.ask(self.history, values, NOW.nanos)

    def has_uses_left(self, exception: str, max_uses: int) -> bool:
        self.exceptions.append((exception, max_uses))
        return self.uses_left


# --- formulas


@pytest.mark.parametrize("value", [True, False])
def test_a_constant_is_itself(value: bool) -> None:
    assert Making().residuals.function(value)([], Host()) is value


def test_an_error_is_left_to_the_interpreter() -> None:
    with pytest.raises(Unsure):
        Making().residuals.function(f.ERROR)([], Host())


def test_parts_are_evaluated_from_the_left_as_far_as_needed() -> None:
    making = Making()
    flag = f.Literal(f.Member(0, frozenset([True])))
    either = making.residuals.function(f.disjunction([flag, f.ERROR]))
    both = making.residuals.function(f.conjunction([flag, f.ERROR]))
    assert either([True], Host()) is True
    assert both([False], Host()) is False
    for holds, values in ((either, [False]), (both, [True])):
        with pytest.raises(Unsure):
            holds(values, Host())


def test_a_negated_atom_is_negated_and_its_absence_stays_unsure() -> None:
    holds = Making().residuals.function(f.Literal(f.Member(0, frozenset(["a"])), negated=True))
    assert holds(["a"], Host()) is False
    assert holds(["b"], Host()) is True
    with pytest.raises(Unsure):
        holds([ABSENT], Host())


MEMBERS: list[tuple[frozenset[Any], Any, bool]] = [
    (frozenset(["a", "b"]), "b", True),
    (frozenset(["a", "b"]), "c", False),
    (frozenset(["1"]), 1, False),
    (frozenset(["a"]), ("a",), False),
    (frozenset([1, 5]), 5, True),
    (frozenset([1, 5]), "5", False),
    (frozenset([1, 5]), 2, False),
]


@pytest.mark.parametrize(("wanted", "value", "expected"), MEMBERS)
def test_a_member_is_one_of_its_values(wanted: frozenset[Any], value: Any, expected: bool) -> None:
    holds = Making().residuals.function(f.Literal(f.Member(0, wanted)))
    assert holds([value], Host()) is expected


def test_a_text_slot_holds_what_no_table_can_look_up() -> None:
    """A slot of type any may have a map in it, which cannot be hashed and equals no text."""
    holds = Making().residuals.function(f.Literal(f.Member(0, frozenset(["a"]))))
    assert holds([{"a": 1}], Host()) is False


@pytest.mark.parametrize(("inclusive", "expected"), [(False, [1, 0, 0]), (True, [1, 1, 0])])
def test_a_bound_is_below_or_at(inclusive: bool, expected: list[int]) -> None:
    holds = Making().residuals.function(f.Literal(f.Below(0, 5, inclusive)))
    assert [holds([value], Host()) for value in (4, 5, 6)] == expected
    with pytest.raises(Unsure):
        holds([ABSENT], Host())


def test_presence_is_no_error() -> None:
    holds = Making().residuals.function(f.Literal(f.Present(0)))
    assert holds([None], Host()) is True
    assert holds([ABSENT], Host()) is False


@pytest.mark.parametrize("left", [True, False])
def test_the_uses_of_an_exception_are_asked_of_the_host(left: bool) -> None:
    host = Host(uses_left=left)
    holds = Making().residuals.function(f.Literal(f.Counted("shop.peak", 3)))
    assert holds([], host) is left
    assert host.exceptions == [("shop.peak", 3)]


# --- native code


def test_a_condition_over_paths_reads_their_slots() -> None:
    making = Making()
    holds = making.residual("action.n == action.maybe + 1")
    host = Host()
    assert holds(making.values(action_n=6, action_maybe=5), host) is True
    assert holds(making.values(action_n=5, action_maybe=5), host) is False
    with pytest.raises(Unsure):
        holds(making.values(action_n=6, action_maybe=ABSENT), host)
    assert not host.conditions


def test_the_name_of_the_action_is_known_beforehand() -> None:
    making = Making()
    assert making.residual(f'action.name + action.text == "{ACTION}!"')(["!"], Host()) is True
    assert [slot.path for slot in making.slots.all] == [("action", "text")]


def test_now_is_an_instant_and_the_risk_a_number() -> None:
    making = Making()
    holds = making.residual("now + action.length > action.due || risk > action.n")
    for seconds, risk, expected in ((1, 50, True), (0, 50, False), (0, 51, True)):
        length = Duration(seconds * 10**9)
        values = making.values(
            action_n=50, action_due=NOW, action_length=length, risk=risk, now=NOW.nanos
        )
        assert holds(values, Host()) is expected


CHOICES = [
    ("(has(action.maybe) ? action.maybe : 0) > action.n", "action_maybe", 6),
    ('(changes.has("Stage") ? 6 : 0) > action.n', "changes_Stage", True),
    ("(has(agent.team) ? 6 : 0) > action.n", "agent_team", "a"),
    ("(has(target.region) ? 6 : 0) > action.n", "target_region", "a"),
]


@pytest.mark.parametrize(("condition", "name", "value"), CHOICES, ids=[c[0] for c in CHOICES])
def test_what_is_there_is_told_by_its_slot(condition: str, name: str, value: object) -> None:
    making, host = Making(), Host()
    holds = making.residual(condition)
    assert holds(making.values(action_n=5, **{name: value}), host) is True
    assert holds(making.values(action_n=5, **{name: ABSENT}), host) is False
    assert not host.conditions


def test_what_an_action_must_have_is_there() -> None:
    making = Making()
    assert making.residual("(has(action.n) ? 6 : 0) > action.n")([5], Host()) is True
    assert [slot.path for slot in making.slots.all] == [("action", "n")]


def test_lets_of_other_packages_are_put_in_place() -> None:
    making, host = Making(), Host()
    holds = making.residual("(people.trusted ? people.most : 0) > action.n")
    assert holds(making.values(agent_id="C-1", action_n=9), host) is True
    assert holds(making.values(agent_id="C-1", action_n=10), host) is False
    assert holds(making.values(agent_id="C-2", action_n=0), host) is False
    assert not host.conditions


def test_the_cost_of_native_code_is_known_and_that_of_other_conditions_is_not() -> None:
    costs = [
        Making().residuals.cost(parse_expression(text), PACKAGE)
        for text in ("action.n == action.maybe", "action.tags.distinct().size() > 1")
    ]
    assert costs[0] is not None
    assert 0 < costs[0] < 10
    assert costs[1] is None


# --- what the interpreter is given


@pytest.mark.parametrize("package", [PACKAGE, "people"])
@pytest.mark.parametrize("answer", [True, False])
def test_a_condition_without_native_code_is_given_away_whole(answer: bool, package: str) -> None:
    making, host = Making(), Host(answer=answer)
    text = "action.tags.distinct().size() > 1"
    holds = making.of_expression(parse_expression(text), package)
    assert holds(making.values(risk=40), host) is answer
    assert host.conditions == [(text, package, 40)]


# --- histories

ASKED: list[tuple[str, tuple[str, str, str | None, tuple[str, ...]], tuple[object, ...]]] = [
    (
        "refunds.count(text: action.text, agent: agent.id, within: 1d) < 1",
        ("shop.refunds", "count", None, ("agent", "text")),
        ("bot", "a"),
    ),
    (
        "refunds.sum(amount, text: action.text, within: 30d) < 5 USD",
        ("shop.refunds", "sum", "amount", ("text",)),
        ("a",),
    ),
    (
        'refunds.distinct(text, level: "low", within: 1h) < 1',
        ("shop.refunds", "distinct", "text", ("level",)),
        ("low",),
    ),
    (
        "people.greetings.count(who: agent.id, within: 1d) < 1",
        ("people.greetings", "count", None, ("who",)),
        ("bot",),
    ),
    ("refunds.count(within: 1d) < 1", ("shop.refunds", "count", None, ()), ()),
    (
        "refunds.last(text: action.text).at < now",
        ("shop.refunds", "last", None, ("text",)),
        ("a",),
    ),
    (
        "!has(refunds.last(text: action.text, within: 1d).text)",
        ("shop.refunds", "last", None, ("text",)),
        ("a",),
    ),
]


@pytest.mark.parametrize(("condition", "question", "keys"), ASKED, ids=[a[0] for a in ASKED])
def test_a_history_is_asked_with_the_values_of_its_keys(
    condition: str,
    question: tuple[str, str, str | None, tuple[str, ...]],
    keys: tuple[object, ...],
) -> None:
    making, host = Making(), Host()
    holds = making.residual(condition)
    given = {"agent_id": "bot", "action_text": "a"}
    read = {"_".join(slot.path) for slot in making.slots.all}
    values = making.values(**{name: given[name] for name in given.keys() & read})
    values = [
        NOW.nanos if slot.view == "nanos" else v
        for v, slot in zip(values, making.slots.all, strict=True)
    ]
    assert holds(values, host) is True
    assert host.questions == [(*question, keys)]
    assert not host.conditions


def test_a_key_that_is_absent_is_left_to_the_interpreter() -> None:
    making, host = Making(), Host()
    holds = making.residual("refunds.count(text: action.word, within: 1d) < 1")
    with pytest.raises(Unsure):
        holds(making.values(action_word=ABSENT), host)
    assert not host.questions


NOT_ASKED = [
    pytest.param("refunds.count(n: action.n + 1, within: 1d) < 1", id="a key that is computed"),
    pytest.param("refunds.count(text: action.tags.distinct()[0], within: 1d) < 1", id="no native key"),
    pytest.param("refunds.count(within: action.length) < 1", id="a span of time that is read"),
    pytest.param("refunds.count(text: action.text) < 1", id="no span of time"),
    pytest.param("refunds.count(action.text, within: 1d) < 1", id="a value without a name"),
    pytest.param("refunds.sum(within: 1d) < 1", id="nothing to add up"),
    pytest.param("refunds.distinct(action.text, within: 1d) < 1", id="a field that is no name"),
    pytest.param("refunds.first(within: 1d) < 1", id="another question"),
    pytest.param("refunds.last(action.text).at < now", id="the last of a value without a name"),
    pytest.param("refunds.last(within: action.length).at < now", id="the last of a span that is read"),
    pytest.param("people.unknown.count(within: 1d) < 1", id="a history that is not there"),
    pytest.param("refunds.count(within: -1d) < 1", id="a span of time that is negative"),
]  # fmt: skip


@pytest.mark.parametrize("condition", NOT_ASKED)
def test_an_unusual_question_is_left_to_the_interpreter(condition: str) -> None:
    making, host = Making(), Host(answer=True)
    assert making.residual(condition)(making.values(risk=0), host) is True
    assert host.conditions == [(condition, PACKAGE, 0)]
    assert not host.questions
