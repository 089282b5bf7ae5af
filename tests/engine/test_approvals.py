"""Which routes are still needed, and in which stages they are asked. Source: docs/language.md#how-a-decision-is-made."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import ast
from gatewright.dsl.policy import AUTO_RUN, BLOCK, Effect, Route
from gatewright.dsl.reach import closure
from gatewright.dsl.resolve.effects import find_circle
from gatewright.dsl.source import Source
from gatewright.engine.approvals import Approvals, approvals

NOWHERE = Source("routes.gate", "").whole()


def routes(**outranked: str) -> dict[str, Route]:
    """Routes with what each outranks: `routes(a="", b="a")`; the closure is taken here."""
    direct = {name: names.split() for name, names in outranked.items()}
    return {
        name: Route(
            name=name,
            package="p",
            quorum="one",
            people=ast.ListLiteral((), span=NOWHERE),
            exclude=(),
            outranks=reached,
            remind=None,
            sla=None,
            timeout=None,
            notify=(),
            calendar=None,
            span=NOWHERE,
        )
        for name, reached in closure(direct).items()
    }


def require(text: str) -> Effect:
    """`a and b then c`; several effects, separated by commas, are wanted at once."""
    total = AUTO_RUN
    for effect in text.split(", "):
        stages = [stage.split(" and ") for stage in effect.split(" then ")]
        pairs = pairwise(stages)
        orders = frozenset((a, b) for first, second in pairs for a in first for b in second)
        total &= Effect(False, frozenset(r for s in stages for r in s), orders)
    return total


def shown(found: Approvals) -> str:
    return " then ".join(" and ".join(stage) for stage in found.stages)


RANKS = routes(clerk="", manager="clerk", finance="manager", legal="", board="finance legal")


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("manager", "manager"),
        ("manager, manager", "manager"),
        ("manager, legal", "legal and manager"),
        # Finance outranks the manager, so its answer serves for both; also through others.
        ("manager, finance", "finance"),
        ("clerk, finance", "finance"),
        ("clerk, manager, finance, legal", "finance and legal"),
        ("clerk, legal, board", "board"),
        # `a then b` needs both, and asks b after a.
        ("manager then finance", "manager then finance"),
        ("manager then legal", "manager then legal"),
        # Also where the first outranks the other, at once or over a third, of one rule or several.
        ("finance then manager", "finance then manager"),
        ("finance then manager, clerk", "finance then manager"),
        ("finance then manager, manager", "finance then manager"),
        ("finance then legal then manager", "finance then legal then manager"),
        ("finance then legal, legal then clerk", "finance then legal then clerk"),
        ("finance then manager, board", "board"),
        ("manager and legal then finance", "legal and manager then finance"),
        ("clerk then manager then finance", "clerk then manager then finance"),
        ("manager then legal, legal then finance", "manager then legal then finance"),
        # Orders of several rules are merged.
        ("clerk then legal, legal then board", "clerk then legal then board"),
        ("manager then legal, clerk", "manager then legal"),
        # What needs no order is asked at once.
        ("manager then legal, finance", "finance then legal"),
        ("clerk then legal, manager", "manager then legal"),
        ("legal then clerk, manager", "legal then manager"),
        # Asked before one that outranks it, but another one serves for both.
        ("manager then finance, board", "board"),
    ],
)
def test_who_is_needed_in_which_order(effect: str, expected: str) -> None:
    assert shown(approvals(require(effect), RANKS)) == expected


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("legal then manager, manager then legal", "legal and manager"),
        (
            "legal then manager, manager then legal, legal then board",
            "legal and manager then board",
        ),
        ("clerk then legal, legal then manager, manager then clerk", "clerk and legal and manager"),
    ],
)
def test_those_who_wait_for_each_other_are_asked_at_once(effect: str, expected: str) -> None:
    assert shown(approvals(require(effect), RANKS)) == expected


def test_an_order_as_written_is_kept_where_one_taken_over_contradicts_it() -> None:
    """Finance and the board would take the places of those below, but are asked the other way."""
    ranks = routes(manager="", finance="manager", clerk="", board="clerk")
    found = approvals(require("manager then clerk, board then finance"), ranks)
    assert shown(found) == "board then finance"
    assert shown(approvals(require("manager then clerk, board, finance"), ranks)) == (
        "finance then board"
    )


def test_nobody_is_needed_for_auto_run_nor_for_a_block() -> None:
    assert approvals(AUTO_RUN, RANKS).stages == ()
    assert approvals(BLOCK, RANKS).routes == ()


def test_it_is_told_who_is_not_asked_and_because_of_whom() -> None:
    ranks = routes(manager="", finance="manager", security="manager")
    found = approvals(require("manager, finance, security"), ranks)
    assert found.absorbed == (("manager", "finance"), ("manager", "security"))
    assert found.routes == ("finance", "security")


NAMES = "abcdef"


@st.composite
def ranked(draw: st.DrawFn) -> Mapping[str, Route]:
    """Routes that outrank only such as come before them, so that there is no circle."""
    size = draw(st.integers(1, len(NAMES)))
    below = {n: [m for m in NAMES[:i] if draw(st.booleans())] for i, n in enumerate(NAMES[:size])}
    return routes(**{name: " ".join(names) for name, names in below.items()})


@st.composite
def wanted(draw: st.DrawFn, ranks: Mapping[str, Route]) -> Effect:
    names = sorted(ranks)
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=5))
    orders = frozenset((a, b) for a, b in pairs if a != b)
    more = draw(st.sets(st.sampled_from(names), min_size=1))
    return Effect(False, frozenset(more | {r for pair in orders for r in pair}), orders)


@given(st.data())
def test_an_order_that_no_circle_contradicts_is_kept(data: st.DataObject) -> None:
    ranks = data.draw(ranked())
    effect = data.draw(wanted(ranks))
    found = approvals(effect, ranks)
    stage = {route: i for i, names in enumerate(found.stages) for route in names}
    reached = closure({a: [b for x, b in effect.orders if x == a] for a in ranks})
    for first, second in combinations(found.routes, 2):
        for a, b in ((first, second), (second, first)):
            if b in reached[a] and a not in reached[b]:
                assert stage[a] < stage[b]
            elif b in reached[a]:
                assert find_circle(effect.orders)


@given(st.data())
def test_the_needed_serve_for_all_and_none_serves_for_another(data: st.DataObject) -> None:
    ranks = data.draw(ranked())
    effect = data.draw(wanted(ranks))
    found = approvals(effect, ranks)
    needed = set(found.routes)
    assert len(found.routes) == len(needed)
    assert needed <= effect.routes
    for route in effect.routes - needed:
        serving = {upper for lower, upper in found.absorbed if lower == route}
        assert serving
        assert all(upper in needed and route in ranks[upper].outranks for upper in serving)
    reached = closure({a: [b for x, b in effect.orders if x == a] for a in ranks})
    for lower in needed:
        for upper in needed:
            if lower in ranks[upper].outranks:
                ordered = upper in reached[lower] or lower in reached[upper]
                assert ordered, "only an order as written keeps both"


@given(st.data())
def test_more_routes_never_need_less(data: st.DataObject) -> None:
    """Whoever satisfies more effects at once satisfies each of them."""
    ranks = data.draw(ranked())
    one, other = data.draw(wanted(ranks)), data.draw(wanted(ranks))
    together = approvals(one & other, ranks).routes
    for route in approvals(one, ranks).routes:
        assert any(route == n or route in ranks[n].outranks for n in together)
