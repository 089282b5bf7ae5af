"""Formulas, and the trees that are built of them, against the plain meaning of their atoms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.compile import build as building
from gatewright.engine.compile import formula as f
from gatewright.engine.compile.build import SlotKind, build
from gatewright.engine.compile.inline import is_small
from gatewright.engine.compile.tree import (
    ABSENT,
    Leaf,
    Node,
    Presence,
    Range,
    Residual,
    Residue,
    Rows,
    Switch,
    TextSwitch,
    Unsure,
)

KINDS = [SlotKind(True, True), SlotKind(True, False), SlotKind(False, False), SlotKind(True, False)]
VALUES: list[list[Any]] = [
    [ABSENT, "a", "b", "z", 5, ()],
    [ABSENT, *range(-1, 7)],
    [True, False],
    [ABSENT, "there"],
]
ATOMS: list[f.Atom] = [
    f.Member(0, frozenset(["a"])),
    f.Member(0, frozenset(["a", "b"])),
    f.Present(0),
    f.Below(1, 2, False),
    f.Below(1, 2, True),
    f.Below(1, 4, False),
    f.Member(1, frozenset([2, 3])),
    f.Present(1),
    f.Member(2, frozenset([True])),
    f.Present(3),
]
FORMULAS: st.SearchStrategy[f.Formula] = st.recursive(
    st.one_of(
        st.sampled_from([True, False, f.ERROR]),
        st.builds(f.Literal, st.sampled_from(ATOMS), st.booleans()),
    ),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(f.conjunction),
        st.lists(parts, max_size=3).map(f.disjunction),
        parts.map(f.negation),
    ),
    max_leaves=8,
)


def truth(formula: f.Formula, values: Sequence[Any]) -> bool | None:
    """What a formula comes to; None for an error."""
    match formula:
        case bool():
            return formula
        case f.Error():
            return None
        case f.Literal(atom=atom, negated=negated):
            found = meaning(atom, values[atom.slot])
            return None if found is None else found is not negated
        case f.And(parts=parts):
            found_all = [truth(part, values) for part in parts]
            return False if False in found_all else None if None in found_all else True
        case f.Or(parts=parts):
            found_any = [truth(part, values) for part in parts]
            return True if True in found_any else None if None in found_any else False


def meaning(atom: f.Atom, value: Any) -> bool | None:
    if isinstance(atom, f.Present):
        return value is not ABSENT
    if value is ABSENT:
        return None
    if isinstance(atom, f.Member):
        return value in atom.values
    assert isinstance(atom, f.Below)
    return bool(value <= atom.bound if atom.inclusive else value < atom.bound)


def residual(formula: f.Formula) -> Residual:
    def holds(values: Sequence[Any], asking: Any) -> bool:
        found = truth(formula, values)
        if found is None:
            raise Unsure
        return found

    return holds


def trees(formulas: Sequence[f.Formula]) -> tuple[Node, ...]:
    return build([*enumerate(formulas)], KINDS, residual, Rows)


def check(formulas: Sequence[f.Formula]) -> None:
    """Compare what trees find with the meaning, for every combination of values."""
    nodes = trees(formulas)
    for values in product(*VALUES):
        wanted = [truth(formula, values) for formula in formulas]
        try:
            found = {row for node in nodes for row in node.find(values, None).ids}
        except Unsure:
            assert None in wanted
        else:
            assert None not in wanted
            assert found == {row for row, holds in enumerate(wanted) if holds}


@given(st.lists(FORMULAS, max_size=5))
def test_trees_find_the_rows_that_hold(formulas: list[f.Formula]) -> None:
    check(formulas)


@pytest.mark.parametrize(("copies", "free"), [(0, 0), (0, 3), (1, 1)])
@given(st.lists(FORMULAS, min_size=1, max_size=6))
def test_segments_find_the_rows_that_hold(
    copies: int, free: int, formulas: list[f.Formula]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "COPIES_A_ROW", copies)
        patch.setattr(building, "FREE_COPIES", free)
        patch.setattr(building, "SEGMENT_ROWS", 2)
        check(formulas)


def test_many_rows_that_no_slot_separates_are_cut_into_segments() -> None:
    rows = [
        f.conjunction([f.Literal(f.Member(0, frozenset([f"a{n}"])), negated=True),
                       f.Literal(f.Member(1, frozenset([n])), negated=True)])
        for n in range(120)
    ]  # fmt: skip
    nodes = trees(rows)
    assert len(nodes) > 1
    found = {row for node in nodes for row in node.find(["a5", 7, True, ABSENT], None).ids}
    assert found == set(range(120)) - {5, 7}


# --- formulas


A, B = f.Literal(ATOMS[0]), f.Literal(ATOMS[3])


def test_what_decides_alone_decides() -> None:
    assert f.conjunction([A, False, f.ERROR]) is False
    assert f.disjunction([A, f.ERROR, True]) is True
    assert f.conjunction([]) is True
    assert f.disjunction([]) is False
    assert f.conjunction([A, A, True]) == A


def test_an_error_stands_last() -> None:
    joined = f.conjunction([f.ERROR, A, B])
    assert isinstance(joined, f.And)
    assert joined.parts == (A, B, f.ERROR)


def test_joined_formulas_are_equal_by_their_parts() -> None:
    both = f.conjunction([A, B])
    assert both == f.conjunction([A, B])
    assert both != f.disjunction([A, B])
    assert both != A
    assert hash(both) == hash(f.conjunction([A, B]))
    assert f.conjunction([f.conjunction([A, B]), f.negation(A)]) == f.conjunction(
        [A, B, f.negation(A)]
    )
    assert A != "A"


def test_a_double_negation_is_what_was_negated() -> None:
    joined = f.disjunction([f.conjunction([A, B]), f.negation(A)])
    assert f.negation(f.negation(joined)) == joined
    assert f.negation(f.ERROR) is f.ERROR


def test_atoms_come_in_order() -> None:
    joined = f.disjunction([f.conjunction([A, B]), f.ERROR])
    assert [*f.atoms_of(joined)] == [A.atom, B.atom]


def test_what_is_known_of_a_slot_may_leave_an_atom_open() -> None:
    assert f.substitute(A, 0, lambda _: None) is A
    assert f.substitute(A, 1, lambda _: True) is A
    assert f.substitute(A, 0, lambda _: f.ERROR) is f.ERROR
    assert f.substitute(f.negation(A), 0, lambda _: True) is False


# --- nodes

LEFT, RIGHT, MISSING = (Leaf(Rows(frozenset([n]))) for n in range(3))


def found(node: Node, value: Any) -> int:
    (row,) = node.find([value], None).ids
    return row


def test_switches_look_up_texts_and_other_values() -> None:
    switch = Switch(0, {1: LEFT, "a": LEFT}, RIGHT, MISSING)
    assert [found(switch, v) for v in (1, "a", 2, ABSENT)] == [0, 0, 1, 2]
    texts = TextSwitch(0, {"a": LEFT}, RIGHT, MISSING)
    assert [found(texts, v) for v in ("a", "b", 5, ABSENT)] == [0, 1, 1, 2]


def test_ranges_tell_below_from_at() -> None:
    node = Range(0, [5], [5], (LEFT, RIGHT, MISSING), RIGHT)
    assert [found(node, v) for v in (4, 5, 6, ABSENT)] == [0, 1, 2, 1]


def test_presence_asks_only_whether() -> None:
    node = Presence(0, LEFT, RIGHT)
    assert [found(node, v) for v in (None, 0, ABSENT)] == [0, 0, 1]


def test_a_residue_remembers_some_combinations_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatewright.engine.compile.tree._MOST_KNOWN", 1)
    made: list[frozenset[int]] = []

    def intern(ids: frozenset[int]) -> Rows:
        made.append(ids)
        return Rows(ids)

    residue = Residue(frozenset([9]), ((1, lambda v, _: v[0]), (2, lambda v, _: v[1])), intern)
    for values in ([True, False], [True, False], [False, True], [False, True]):
        residue.find(values, None)
    assert made == [{9, 1}, {9, 2}, {9, 2}]
    assert repr(ABSENT) == "ABSENT"


def test_small_trees_are_small() -> None:
    assert is_small(Switch(0, {1: LEFT}, RIGHT, MISSING))
    assert not is_small(Switch(0, {n: Leaf(Rows(frozenset([n]))) for n in range(9)}, LEFT, LEFT))
    deep: Node = LEFT
    for _ in range(7):
        deep = Presence(0, Presence(0, deep, LEFT), Presence(0, deep, RIGHT))
    assert not is_small(deep)
