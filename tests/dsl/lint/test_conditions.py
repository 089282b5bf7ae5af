"""What conditions say, against the same conditions tried on every value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.lint.conditions import Reader
from gatewright.dsl.lint.domains import Domains
from gatewright.dsl.lint.facts import Facts
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.policy import Condition
from gatewright.dsl.typing.scopes import ExpressionScope
from tests.dsl.lint.support import ACTIONS, checked

POLICY = checked(ACTIONS)
ACTION = POLICY.actions["billing.refund"]
LETS = {"few": parse_expression("action.items <= 2"), "two": parse_expression("2")}
READER = Reader(ExpressionScope({}, LETS, label="billing"), Domains(POLICY, (ACTION,), closed=True))
WORLDS = [(items, public) for items in range(-3, 8) for public in (True, False)]

Holds: TypeAlias = Callable[[int, bool], bool]
Sample: TypeAlias = tuple[str, Holds]

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def compare(operator: str, bound: int, half: bool) -> Sample:
    value = bound + 0.5 if half else bound
    return f"action.items {operator} {value}", lambda i, _: OPERATORS[operator](i, value)


def flipped(operator: str, bound: int) -> Sample:
    return f"{bound} {operator} action.items", lambda i, _: OPERATORS[operator](bound, i)


def member(values: list[int]) -> Sample:
    return f"action.items in {values}", lambda i, _: i in values


def spread(low: int, high: int) -> Sample:
    return f"action.items in {low} .. {high}", lambda i, _: low <= i <= high


BOUNDS = st.integers(-1, 5)
BY_LET: list[Sample] = [
    ("few", lambda i, _: i <= 2),
    ("action.items < two", lambda i, _: i < 2),
]
PUBLIC: list[Sample] = [
    ("action.public", lambda _, p: p),
    ("action.public == false", lambda _, p: not p),
    ("true != action.public", lambda _, p: not p),
]
about_items = st.one_of(
    st.builds(compare, st.sampled_from(sorted(OPERATORS)), BOUNDS, st.booleans()),
    st.builds(flipped, st.sampled_from(sorted(OPERATORS)), BOUNDS),
    st.builds(member, st.lists(BOUNDS, max_size=3)),
    st.builds(spread, BOUNDS, BOUNDS),
    st.sampled_from(BY_LET),
)
about_public = st.sampled_from(PUBLIC)


def both(a: Sample, b: Sample) -> Sample:
    return f"({a[0]} && {b[0]})", lambda i, p: a[1](i, p) and b[1](i, p)


def either(a: Sample, b: Sample) -> Sample:
    return f"({a[0]} || {b[0]})", lambda i, p: a[1](i, p) or b[1](i, p)


def negation(a: Sample) -> Sample:
    return f"!({a[0]})", lambda i, p: not a[1](i, p)


def compound(inner: st.SearchStrategy[Sample]) -> st.SearchStrategy[Sample]:
    return st.one_of(
        st.builds(both, inner, inner), st.builds(either, inner, inner), st.builds(negation, inner)
    )


one_subject = st.recursive(about_items, compound, max_leaves=6)
conditions = st.recursive(st.one_of(about_items, about_public), compound, max_leaves=8)


@given(conditions)
def test_what_is_told_to_be_constant_is(sample: Sample) -> None:
    text, holds = sample
    truth = READER.truth(parse_expression(text))
    if truth is not None:
        assert {holds(i, p) for i, p in WORLDS} == {truth}


@given(one_subject)
def test_a_condition_on_one_subject_is_decided_exactly(sample: Sample) -> None:
    text, holds = sample
    outcomes = {holds(i, p) for i, p in WORLDS}
    expected = outcomes.pop() if len(outcomes) == 1 else None
    assert READER.truth(parse_expression(text)) is expected


@given(st.lists(st.tuples(conditions, st.booleans()), min_size=1, max_size=4))
def test_what_is_told_to_contradict_never_holds(parts: list[tuple[Sample, bool]]) -> None:
    written = [(parse_expression(text), holds, negated) for (text, holds), negated in parts]
    known = READER.together(Condition(e, negated, e.span) for e, _, negated in written)
    if known.contradiction is not None:
        assert not any(
            all(holds(i, p) is not negated for _, holds, negated in written) for i, p in WORLDS
        )


@given(st.lists(conditions, min_size=1, max_size=3), conditions)
def test_what_is_told_to_follow_does(given_: list[Sample], then: Sample) -> None:
    written = [(parse_expression(text), holds) for text, holds in given_]
    known = READER.together(Condition(e, False, e.span) for e, _ in written)
    parts = READER.parts(parse_expression(then[0]))
    facts = READER.together([Condition(parse_expression(then[0]), False, ACTION.span)]).values
    if False not in parts and Facts(tuple(facts.values())).follow_from(known):
        assert all(then[1](i, p) for i, p in WORLDS if all(holds(i, p) for _, holds in written))


@pytest.mark.parametrize("negation", ["", "!"])
def test_a_circle_of_lets_is_no_trap(negation: str) -> None:
    lets = {"a": parse_expression("b"), "b": parse_expression(f"{negation}a")}
    reader = Reader(ExpressionScope({}, lets, label="x"), Domains(POLICY, (), closed=False))
    assert reader.truth(parse_expression("a")) is None
    assert reader.truth(parse_expression("a == 5")) is None
    assert reader.together([Condition(parse_expression("a"), False, ACTION.span)]).values


@pytest.mark.parametrize("text", ["1 == 'a'", "1 USD < 2 EUR", "true < false", "[1] < [2]"])
def test_constants_that_cannot_be_compared_are_not_decided(text: str) -> None:
    assert READER.truth(parse_expression(text)) is None


def test_an_empty_scope_relies_on_no_type() -> None:
    reader = Reader(ExpressionScope({}), Domains(POLICY, (ACTION,), closed=False))
    assert reader.truth(parse_expression("action.amount < 0 USD")) is None
    assert READER.truth(parse_expression("action.amount < 0 USD")) is False


def test_rows_that_begin_alike_are_read_as_if_each_stood_alone() -> None:
    texts = ["action.items == 1", "action.items == 2", "action.public", "action.items > 3"]
    written = [parse_expression(text) for text in texts]
    plain = [Condition(expr, False, expr.span) for expr in written]
    negated = [Condition(expr, True, expr.span) for expr in written]
    rows = [[*negated[:i], plain[i]] for i in range(len(texts))]
    rows += [[plain[0], plain[1]], [], rows[2], [negated[0], plain[0]]]
    shared = fresh_reader()
    for row in rows:
        found, alone = shared.together(row), fresh_reader().together(row)
        assert found.values == alone.values
        assert found.contradiction == alone.contradiction


def fresh_reader() -> Reader:
    return Reader(ExpressionScope({}, LETS), Domains(POLICY, (ACTION,), closed=True))


@pytest.mark.parametrize(
    ("written", "first"),
    [
        (["action.items > 3", "action.items < 2"], 0),
        (["true", "action.items > 3 && action.items < 2"], 1),
        (["action.items > 3", "action.items < 9 && action.items < 2"], 1),
        (["action.items > 3", "action.public && action.items < 2 && !action.public"], 0),
        (["action.items > 3", "action.public && !action.public && action.items < 2"], 1),
        (["action.items > 3", "action.public && false && action.items < 2"], 1),
    ],
)
def test_a_contradiction_is_with_what_was_said_of_the_subject_last(
    written: list[str], first: int
) -> None:
    exprs = [parse_expression(text) for text in written]
    known = READER.together(Condition(e, False, e.span) for e in exprs)
    assert known.contradiction == (exprs[-1].span, exprs[first].span)
