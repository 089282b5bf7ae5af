"""Interval sets against the same questions asked value by value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.intervals import (
    EVERYTHING,
    NOTHING,
    Comparison,
    IntervalSet,
    Remainder,
    Span,
)

Member = Callable[[Fraction], bool]
Sampled = tuple[IntervalSet, Member]

# Bounds are whole; values are tried on them, between them and beyond them.
VALUES = [Fraction(n, 2) for n in range(-13, 14)]
BOUNDS = st.integers(-5, 5)
OPERATORS: dict[str, Callable[[Fraction, int], bool]] = {
    "==": lambda v, b: v == b,
    "!=": lambda v, b: v != b,
    "<": lambda v, b: v < b,
    "<=": lambda v, b: v <= b,
    ">": lambda v, b: v > b,
    ">=": lambda v, b: v >= b,
}


def comparison(operator: Comparison, bound: int) -> Sampled:
    return intervals.compared(operator, bound), lambda v: OPERATORS[operator](v, bound)


def spread(low: int, high: int) -> Sampled:
    return intervals.between(low, high), lambda v: low <= v <= high


def chosen(values: list[int]) -> Sampled:
    return intervals.points(values), lambda v: v in values


def combine(parts: tuple[Sampled, Sampled]) -> st.SearchStrategy[Sampled]:
    (a, in_a), (b, in_b) = parts
    return st.sampled_from(
        [
            (a & b, lambda v: in_a(v) and in_b(v)),
            (a | b, lambda v: in_a(v) or in_b(v)),
            (~a, lambda v: not in_a(v)),
        ]
    )


def always(_: Fraction) -> bool:
    return True


def never(_: Fraction) -> bool:
    return False


EXTREMES: list[Sampled] = [(EVERYTHING, always), (NOTHING, never)]
leaves = st.one_of(
    st.builds(comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), BOUNDS),
    st.builds(spread, BOUNDS, BOUNDS),
    st.builds(chosen, st.lists(BOUNDS)),
    st.sampled_from(EXTREMES),
)
sets = st.recursive(leaves, lambda inner: st.tuples(inner, inner).flatmap(combine), max_leaves=12)


@given(sets)
def test_membership_is_that_of_the_definition(sample: Sampled) -> None:
    found, member = sample
    assert [v for v in VALUES if Decimal(v.numerator) / v.denominator in found] == [
        v for v in VALUES if member(v)
    ]


@given(sets)
def test_sets_are_canonical(sample: Sampled) -> None:
    found, member = sample
    assert list(found.cuts) == sorted(set(found.cuts))
    assert found.is_empty == (not any(map(member, VALUES)))
    assert (~found).is_empty == all(map(member, VALUES))


@given(sets, sets)
def test_a_set_lies_within_another_if_all_its_values_do(one: Sampled, other: Sampled) -> None:
    (a, in_a), (b, in_b) = one, other
    assert (a <= b) == all(in_b(v) for v in VALUES if in_a(v))


@given(sets)
def test_whole_numbers_keep_whole_members_and_start_at_them(sample: Sampled) -> None:
    found, member = sample
    whole = found.whole()
    assert [n for n in range(-7, 8) if n in whole] == [
        n for n in range(-7, 8) if member(Fraction(n))
    ]
    assert all(side == 0 and isinstance(value, int) for value, side in whole.cuts)
    assert list(whole.cuts) == sorted(set(whole.cuts))


@given(sets)
def test_an_example_is_a_member(sample: Sampled) -> None:
    found, member = sample
    value = found.example()
    if value is not None:
        assert member(Fraction(value))
        assert value in found
    else:
        assert found.is_empty or (~found).is_empty


@given(sets)
def test_stretches_are_the_set(sample: Sampled) -> None:
    found, _ = sample
    again = NOTHING
    for span in found.spans():
        cuts = tuple(cut for cut in (span.low, span.high) if cut is not None)
        again |= IntervalSet(span.low is None, cuts)
    assert again == found


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        (intervals.above(5, inclusive=False), 1, 6),
        (intervals.below(5, inclusive=False), 1, 4),
        (
            intervals.above(5, inclusive=False) & intervals.below(6, inclusive=False),
            1,
            Decimal("5.5"),
        ),
        (intervals.above(5, inclusive=False) & intervals.below(6, inclusive=True), 1, 6),
        (intervals.above(5, inclusive=True), 1, 5),
        (intervals.above(5, inclusive=False), 10, 15),
        (intervals.above(Decimal("0.5"), inclusive=False), 1, Decimal("1.5")),
        (intervals.above("b", inclusive=False), 1, "ba"),
        (intervals.above("b", inclusive=False) & intervals.below("ba", inclusive=False), 1, None),
        (intervals.below("b", inclusive=False), 1, None),
        (intervals.point("b"), 1, "b"),
    ],
)
def test_examples_that_people_would_choose(
    values: IntervalSet, step: int, expected: object
) -> None:
    assert values.example(step) == expected


def test_the_only_value_of_a_stretch() -> None:
    assert Span((5, 0), (5, 1)).point == 5
    assert Span((5, 0), (6, 1)).point is None
    assert Span(None, (5, 1)).point is None


@given(st.lists(st.integers(-90, 90), min_size=60), sets, st.booleans())
def test_a_small_set_laid_over_a_large_one_is_what_both_have(
    values: list[int], sample: Sampled, outside: bool
) -> None:
    large = ~intervals.points(values) if outside else intervals.points(values)
    small, _ = sample
    assert large & small == small & large == ~(~large | ~small)


@given(sets)
def test_the_ends_are_those_of_the_first_stretch_and_the_last(sample: Sampled) -> None:
    found, _ = sample
    spans = list(found.spans())
    if spans:
        assert found.ends == Span(spans[0].low, spans[-1].high)
    else:
        assert found.is_empty


@given(st.sets(st.integers(-30, 30), min_size=20), sets)
def test_a_set_of_many_stretches_meets_one_of_few(values: set[int], sample: Sampled) -> None:
    found, member = sample
    many = intervals.points(values)
    both = many & found
    assert both == found & many
    assert [v for v in range(-31, 32) if v in both] == sorted(filter(member, map(Fraction, values)))
    assert list(both.cuts) == sorted(set(both.cuts))


@given(st.sets(st.integers(-400, 400), max_size=60), st.lists(sets, max_size=6))
def test_what_is_left_of_a_set_is_what_all_have(values: set[int], kept: list[Sampled]) -> None:
    start = intervals.points(values)
    left, both = Remainder(start), start
    for one, _ in kept:
        left.keep(one)
        both = ~(~both | ~one)
        assert left.values == both
        assert left.is_empty is both.is_empty
