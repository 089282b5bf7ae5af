"""Whatever stands in a compiled form, loading refuses it or there is a decision, and no error.

What is malformed decides nothing: then the rules do, by the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.engine import evaluate
from gatewright.engine.bundle import compiled_layout as layout
from gatewright.engine.bundle.checking import check_bundle
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.kinds import COMPILED_SECTIONS
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.decision import Decision
from gatewright.engine.evaluate import PolicySet
from tests.engine.bundle.compiled_support import (
    Forms,
    actions,
    all_compiled,
    content_of,
    interpretations,
    loaded,
    many,
    payment,
    policy,
)

__all__ = ["interpretations"]

SMALL = content_of(many(3))
PAYMENTS = [
    payment("t1", "1 USD"),
    payment("t1", "2 USD"),
    payment("no", "1 USD"),
    payment("t1", "x"),
]
CONTENT = content_of(policy())
SOURCES = PolicySet(policy())
ACTIONS = actions()[::3]


def told(decision: Decision) -> tuple[object, ...]:
    return decision.effect, decision.stages, decision.matched


EXPECTED = [told(SOURCES.decide_once(action)) for action in ACTIONS]


def changed(
    content: bytes, section: str, change: Callable[[bytearray], object]
) -> BundledSet | None:
    """The set with a section changed and every hash right; None where it is refused."""
    forms = Forms(content)
    held = bytearray(forms.sections[section])
    change(held)
    try:
        return loaded(forms.with_sections(**{section.replace("-", "_"): bytes(held)}))
    except BundleError:
        return None


def flip(place: int, bits: int) -> Callable[[bytearray], object]:
    def change(held: bytearray) -> None:
        held[place] ^= bits

    return change


@pytest.mark.volume
@pytest.mark.parametrize("section", sorted(COMPILED_SECTIONS))
def test_every_byte_flipped_is_refused_or_decides(section: str) -> None:
    length = len(Forms(SMALL).sections[section])
    assert 30 < length < 2_000
    refused = 0
    for place in range(length):
        found = changed(SMALL, section, flip(place, 1 << place % 8))
        refused += found is None
        for action in PAYMENTS if found is not None else ():
            assert str(found.evaluate(action).effect) in ("auto_run", "block")  # type: ignore[union-attr]
    assert refused > 0 or section == "trees"


@pytest.mark.parametrize("section", sorted(COMPILED_SECTIONS))
@settings(max_examples=60)
@given(data=st.data())
def test_no_byte_may_differ_where_a_bundle_is_verified(section: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(Forms(SMALL).sections[section]) - 1))
    found = changed(SMALL, section, flip(place, data.draw(st.integers(1, 255))))
    if found is not None and found.bundled.has_compiled:
        with all_compiled(), pytest.raises(BundleError):
            check_bundle(found.bundled)


@pytest.mark.parametrize("section", sorted(COMPILED_SECTIONS))
def test_a_form_that_is_cut_short_is_refused(section: str) -> None:
    def cut(length: int) -> Callable[[bytearray], object]:
        def change(held: bytearray) -> None:
            del held[length:]

        return change

    for length in range(len(Forms(SMALL).sections[section])):
        assert changed(SMALL, section, cut(length)) is None


@settings(max_examples=150)
@given(data=st.data())
def test_bytes_that_are_changed_in_a_large_form_decide(data: st.DataObject) -> None:
    length = len(Forms(CONTENT).sections["trees"])
    changes = data.draw(
        st.lists(
            st.tuples(st.integers(0, length - 1), st.binary(min_size=1, max_size=1)), max_size=40
        )
    )

    def change(held: bytearray) -> None:
        for place, byte in changes:
            held[place : place + 1] = byte

    found = changed(CONTENT, "trees", change)
    with patch.object(evaluate, "COMPILED_FROM", 1_000):  # else rules would be compiled instead
        for action in ACTIONS if found is not None else ():
            assert found.evaluate(action).effect  # type: ignore[union-attr]


# --- what is not in the form it is written in


def head(forms: Forms) -> dict[str, Any]:
    """The head of `shop.refund`, whose nodes are the last ones."""
    found: dict[str, Any] = forms.texts[forms.index["actions"]["shop.refund"][0]]
    return found


def of_head(key: str, value: Any) -> Callable[[Forms], object]:
    return lambda forms: head(forms).update({key: value})


def no_head(forms: Forms) -> None:
    forms.texts[forms.index["actions"]["shop.refund"][0]] = []


def fewer_slots(forms: Forms) -> None:
    """Let conditions read what the values of an action do not have."""
    head(forms)["slots"] = head(forms)["slots"][:1]
    head(forms)["trees"] = [
        n for n, node in enumerate(own_nodes(forms)) if node[0] == layout.RESIDUE
    ]
    head(forms)["risks"] = []


def own_nodes(forms: Forms) -> list[list[Any]]:
    """The nodes of `shop.refund`."""
    start, count = forms.index["actions"]["shop.refund"]
    return forms.texts[start + 1 : start + 1 + count]


def of_root(place: int, value: object) -> Callable[[Forms], object]:
    def change(forms: Forms) -> None:
        start = forms.index["actions"]["shop.refund"][0] + 1
        for tree in head(forms)["trees"]:
            forms.texts[start + tree][place] = value

    return change


def in_nodes(kind: int, change: Callable[[list[Any]], object]) -> Callable[[Forms], object]:
    """Change all nodes of a kind."""

    def each(forms: Forms) -> None:
        for node in forms.nodes:
            if node[0] == kind:
                change(node)

    return each


def to_itself(forms: Forms) -> None:
    """Let each root lead to itself."""
    start = forms.index["actions"]["shop.refund"][0] + 1
    for tree in head(forms)["trees"]:
        node = forms.texts[start + tree]
        node[4] = [tree] * len(node[4])


def chain(forms: Forms) -> None:
    """Let each root lead through ten thousand nodes."""
    start, count = forms.index["actions"]["shop.refund"]
    links: list[Any] = [
        [layout.PRESENCE, n + 1, 0, None, [n - 1, n - 1] if n else [[], []]] for n in range(10_000)
    ]
    forms.texts[start + 1 : start + 1 + count] = links
    forms.index["actions"]["shop.refund"] = [start, len(links)]
    head(forms)["trees"] = [len(links) - 1]
    head(forms)["risks"] = []
    names = sorted(forms.index["actions"], key=lambda name: forms.index["actions"][name][0])
    assert names[-1] == "shop.refund"


def deep(forms: Forms) -> None:
    """Nest a condition deeper than conditions are."""
    condition: Any = 0
    for _ in range(layout.MOST_DEPTH + 1):
        condition = ["&", condition, 0]
    head(forms)["conditions"] = [condition] * len(head(forms)["conditions"])


def at(place: int, value: Any) -> Callable[[list[Any]], object]:
    return lambda node: node.__setitem__(place, value)


def children(value: object) -> Callable[[list[Any]], object]:
    return lambda node: node.__setitem__(4, [value] * len(node[4]))


def longer(node: list[Any]) -> None:
    node[4].append([])


def twice(node: list[Any]) -> None:
    node[3] = [node[3][0]] * len(node[3])


def backwards(node: list[Any]) -> None:
    node[3] = [[["2"], ["1"]], []]
    node[4] = [[]] * 4


REFUND = ACTIONS[0]
NO_SLOT = 99


@pytest.mark.parametrize(
    "change",
    [
        no_head, fewer_slots, of_head("more", 1), of_head("asks", 1), of_head("asks", [1]), of_head("open", 1),
        of_head("trees", []), of_head("trees", [-1]), of_head("trees", [True]),
        of_head("trees", [10**9]), of_head("trees", ["0"]), of_head("trees", [[10**9]]),
        of_head("trees", [[-1]]), of_head("trees", [[1, 1]]), of_head("trees", [["0"]]),
        of_head("trees", {}), of_head("risks", [10**9]), of_head("risks", None),
        of_head("scores", [101]), of_head("scores", ["1"]), of_head("rows", []),
        of_head("rows", [1]), of_head("rows", [-1] * 11), of_head("rows", [True] * 11),
        of_head("rows", [10**12] * 11), of_head("rows", [0] * 11), of_head("permits", []),
        of_head("permits", [10**9, 0]), of_head("permits", [0, 1]), of_head("slots", []),
        of_head("slots", [["value", "action"]]), of_head("slots", [["value", "action", "gone"]]),
        of_head("slots", [["__class__", "action", "n"]]), of_head("slots", [[1]]),
        of_head("slots", [[]]), of_head("slots", [["value", "action", "n"]] * 2),
        of_head("atoms", []), of_head("atoms", [1] * 3), of_head("atoms", [["opaque"]] * 3),
        of_head("atoms", [["opaque", "gone", [0, 0, []]]] * 3),
        of_head("atoms", [["opaque", "shop", [0, 0, [0]]]] * 3),
        of_head("atoms", [["opaque", "shop", [9, 0, None]]] * 3),
        of_head("atoms", [["member", NO_SLOT, []]] * 3), of_head("atoms", [["member", 0, [{}]]] * 3),
        of_head("atoms", [["below", 0, "x", True]] * 3),
        of_head("atoms", [["below", 0, ["NaN"], True]] * 3),
        of_head("atoms", [["present", -1]] * 3), of_head("atoms", [["counted", "x", "2"]] * 3),
        of_head("conditions", []), of_head("conditions", ["x"] * 4),
        of_head("conditions", [NO_SLOT] * 4), of_head("conditions", [-NO_SLOT] * 4),
        of_head("conditions", [["^", 0, 0]] * 4), of_head("conditions", [[]] * 4), of_head("conditions", [["&"]] * 4),
        of_head("conditions", [["&", 0]] * 4), of_head("conditions", [["&", *[0] * 30_001]] * 4),
        of_head("slots", [["value", "agent", f"n{n}"] for n in range(5_000)]),
        of_root(0, 99), of_root(0, "1"), of_root(0, None), of_root(1, 0), of_root(1, 10**9),
        of_root(1, "1"), of_root(2, NO_SLOT), of_root(2, -1), of_root(3, 5), of_root(4, None),
        of_root(4, []), of_root(3, [[[["1"]]]]), to_itself, deep,
        in_nodes(layout.TEXTS, twice), in_nodes(layout.TEXTS, longer),
        in_nodes(layout.TEXTS, at(3, [1])), in_nodes(layout.TEXTS, at(3, [["1"]])),
        in_nodes(layout.SWITCH, at(3, [{}, {}])), in_nodes(layout.SWITCH, longer),
        in_nodes(layout.RANGE, longer), in_nodes(layout.RANGE, backwards),
        in_nodes(layout.RANGE, at(3, [[1]])), in_nodes(layout.RANGE, at(3, [["x"], ["y"]])),
        in_nodes(layout.PRESENCE, longer), in_nodes(layout.PRESENCE, at(3, [])),
        in_nodes(layout.RESIDUE, at(3, [[0]])), in_nodes(layout.RESIDUE, at(3, [["0", 0]])),
        in_nodes(layout.RESIDUE, at(3, [[0, NO_SLOT]])), in_nodes(layout.RESIDUE, at(1, 1)),
        in_nodes(layout.RESIDUE, at(2, [NO_SLOT])), in_nodes(layout.RESIDUE, at(2, [2, 1])),
        in_nodes(layout.RANGE, children("0")), in_nodes(layout.RANGE, children(10**9)),
        in_nodes(layout.RANGE, children(True)), in_nodes(layout.RANGE, children([NO_SLOT])),
    ],
)  # fmt: skip
def test_what_is_malformed_decides_nothing(
    change: Callable[[Forms], object], interpretations: list[str]
) -> None:
    usual_set = loaded(CONTENT)
    assert [told(usual_set.evaluate(action)) for action in ACTIONS] == EXPECTED
    usual = len(interpretations)
    forms = Forms(CONTENT)
    change(forms)
    found = loaded(forms.packed())
    assert [told(found.evaluate(action)) for action in ACTIONS] == EXPECTED
    assert found.carried("shop.refund") is None or len(interpretations) > 2 * usual


def test_a_chain_is_too_high() -> None:
    forms = Forms(CONTENT)
    chain(forms)
    found = loaded(forms.packed())
    assert found.carried("shop.refund") is None
    assert [told(found.evaluate(action)) for action in ACTIONS] == EXPECTED


@pytest.mark.parametrize(
    "index",
    [
        [], {"actions": []}, {"actions": {"shop.refund": 1}},
        {"actions": {"shop.refund": [0]}}, {"actions": {"shop.refund": [0, -1]}},
        {"actions": {"shop.refund": [True, 1]}}, {"actions": {"shop.refund": [1, 1]}},
        {"actions": {"shop.refund": [0, 10**9]}}, {"actions": {}}, {"more": 1}, {"checked": None},
        {"actions": {"gone": [0, 0]}},
    ],
)  # fmt: skip
def test_a_malformed_index_is_refused_at_once(index: Any) -> None:
    forms = Forms(CONTENT)
    forms.index = {**forms.index, **index} if isinstance(index, dict) else index
    with pytest.raises(BundleError, match="the compiled form in the bundle is"):
        loaded(forms.packed())


def test_what_a_row_asks_for_is_read_from_its_rule() -> None:
    """Trees say only which rows hold: here a permit, and the first guard by name."""
    forms = Forms(CONTENT)
    head(forms)["trees"] = [[0, 1]]
    head(forms)["risks"] = []
    decision = loaded(forms.packed()).evaluate(REFUND)
    assert (decision.matched, decision.routes) == (("shop.closed",), ("clerk",))
