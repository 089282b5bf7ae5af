"""The bounds of native code: no run of the interpreter charges more, whatever small values it meets."""

from __future__ import annotations

from random import Random

import pytest

from gatewright.dsl import types as t
from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import equal
from gatewright.engine.cel.lists import sort
from gatewright.engine.compile.native_bounds import sort_cost
from gatewright.engine.compile.native_cost import (
    MAX_BUILT,
    MAX_LEVELS,
    MAX_TEXT,
    SMALL,
    Size,
    comparison_cost,
    is_small,
    nests_little,
    size_of_type,
    size_of_value,
    text_size,
)
from gatewright.engine.values import Map, OptionalValue, Value
from tests.engine.compile.native_support import ACTION, World, cost_of, policy
from tests.engine.compile.test_native import PLACES, atoms, proposal
from tests.strategies.fields import FieldKind

LONG = "x" * MAX_TEXT
LARGE: dict[str, list[object]] = {
    "string": [LONG, "é" * MAX_TEXT, "-" * MAX_TEXT, "9" * MAX_TEXT],
    "string(max: 8)": ["x" * 8],
    "list<string>": [["x" * 900] * SMALL.items, ["9"] * SMALL.items, ["xy"] * SMALL.items],
    "map<string, int>": [{f"{i:0900}": i for i in range(SMALL.items)}],
    "any": [LONG, ["x" * 900] * SMALL.items, [[5] * 90] * SMALL.items, {f"{i:0900}": i for i in range(SMALL.items)}],
}  # fmt: skip


@pytest.mark.parametrize(("where", "name", "kind", "path"), PLACES, ids=[p[3] for p in PLACES])
def test_no_run_costs_more_than_its_bound(
    where: str, name: str, kind: FieldKind, path: str
) -> None:
    worlds = [
        World(policy(), proposal(ACTION, where, name, value))
        for value in (*kind.values, *LARGE.get(kind.type, []))
    ]
    for atom in atoms(kind, path):
        expr = parse_expression(atom)
        bound = cost_of(expr, policy(), ACTION)
        for world in worlds:
            charged = world.charged(expr)
            assert bound is None or charged <= bound, (atom, charged, bound)


@pytest.mark.parametrize(
    "text",
    [
        'action.tags.map(t, t + t).join("-").size() > 1',
        "action.tags.map(t, t.split(\"\").size()).sort().size() > 1",
        'action.tags.filter(t, t.contains("x")).map(t, t + "y").exists(t, t == "xy")',
        'action.customer.replace("x", "yyy").replace("y", "zz").size() > 3',
        'regex.replace(action.customer, "x", "yy").split("y").size() > 3',
        'regex.extractAll(action.customer, "x").size() > 3',
        '"%s and %s".format([action.customer, action.extra]).size() > 3',
        "action.extra == action.tags",
        "action.extra in [action.extra, action.tags]",
        "[action.extra, action.tags].flatten().size() > 1",
        "action.counts.transformMap(k, v, k + k).size() > 1",
        'action.counts.exists(k, v, k == action.customer || v > 3)',
        "action.tags.sortBy(t, t.size()).size() > 1",
        "action.tags.sort().size() > 1",
        "action.tags.reverse().slice(0, 1).size() > 1",
        "base64.encode(bytes(action.customer)).size() > 3",
        "strings.quote(action.customer) == action.customer",
        "action.customer < action.customer + action.customer",
        "action.customer in action.customer .. action.customer",
        "action.tags.exists(t, action.customer in t .. t)",
        "(action.customer + action.customer) in action.tags",
        "sets.contains(action.tags, [action.customer + action.customer])",
        "action.customer in [action.customer + action.customer, action.customer]",
        "[action.customer + action.customer].exists(t, t < t)",
        "[action.customer + action.customer, action.customer].exists(t, t + t < t)",
        "[action.customer + action.customer].map(t, t + t).size() > 1",
        "[action.customer + action.customer].sort().size() > 1",
        '[action.customer + action.customer].join("").size() > 1',
        '[action.customer + action.customer][0] < "b"',
        "[action.customer + action.customer].sortBy(t, t + t).size() > 1",
        "[action.customer].exists(t, [t, t + t].exists(u, u + u < u))",
        "cel.bind(t, action.customer + action.customer, [t].exists(u, u < u))",
        "[action.customer + action.customer].filter(t, t > t).exists(t, t < t)",
        '{"a": action.customer + action.customer}.exists(k, v, v < v)',
        "lists.range(100).map(i, i * i).exists(i, i == action.n)",
        "math.greatest(lists.range(100)) > action.n",
        "action.tags.first().optMap(x, x + x).orValue(action.customer).size() > 2",
        "sets.intersects(action.counts.map(k, k), [\"a\", \"b\"])",
        "data.vip.map(v, v + action.customer).size() > 1",
        "action.extra == {}",
        "{} == action.extra",
        'action.tags[?0].orValue("").split("").size() > 1',
        'optional.of(action.tags)[?0].orValue("").split("").size() > 1',
        '[action.customer][?0].orValue("").split("").size() > 1',
        "[action.tags][?0].orValue([]).exists(t, t < t)",
        '{"a": action.customer}[?"a"].orValue("").split("").size() > 1',
        '{"a": action.customer}.?a.orValue("").split("").size() > 1',
        'optional.of({"a": action.customer}).a.orValue("").split("").size() > 1',
    ],
)  # fmt: skip
def test_built_values_cost_no_more_than_their_bound(text: str) -> None:
    expr = parse_expression(text)
    bound = cost_of(expr, policy(), ACTION)
    for i in range(4):
        params = {name: pool[i % len(pool)] for name, pool in (
            ("customer", LARGE["string"]), ("tags", LARGE["list<string>"]),
            ("counts", LARGE["map<string, int>"]), ("extra", LARGE["any"]), ("n", [5]))}  # fmt: skip
        charged = World(policy(), {"action": ACTION, "params": params}).charged(expr)
        assert bound is None or charged <= bound


def test_small_values() -> None:
    assert is_small(LONG)
    assert not is_small(LONG + "x")
    assert is_small(("a",) * SMALL.items)
    assert not is_small(("a",) * (SMALL.items + 1))
    assert not is_small((("a",) * SMALL.items,) * SMALL.items)
    assert not is_small(Map({str(i): i for i in range(SMALL.items + 1)}.items()))
    assert not is_small(b"x" * (MAX_TEXT + 1))
    assert not is_small((OptionalValue.of(LONG + "x"),))


def test_values_that_nest_deep_are_not_small() -> None:
    value: Value = 1
    for _ in range(MAX_LEVELS - 1):
        value = (value,)
    assert is_small(value)
    assert nests_little(value)
    assert not is_small((value,))
    assert not nests_little((value,))


def test_conditions_that_build_many_levels_have_no_native_code() -> None:
    for count, has_code in ((MAX_BUILT, True), (MAX_BUILT + 1, False)):
        expr = parse_expression(f"{'[' * count}action.n{']' * count} == action.tags")
        assert (cost_of(expr, policy(), ACTION) is not None) is has_code


@pytest.mark.parametrize("text", ["U\u0308", "\ud800", "a" + "\u0344" * 200, "\u212a"])
def test_texts_that_are_not_normal_are_not_small(text: str) -> None:
    assert not is_small(text)
    assert not is_small((text,))


def test_normal_texts_are_small() -> None:
    assert is_small("\u00dcbel")


@pytest.mark.parametrize("value", [None, 5, "C-1", ("x", "C-2"), Map({"a": 10}.items())])
def test_any_is_as_large_as_every_small_value(value: Value) -> None:
    size, most = size_of_value(value), size_of_type(t.ANY)
    assert size.length <= most.length
    assert size.weight <= most.weight


def test_lists_weigh_what_their_elements_do() -> None:
    assert size_of_type(t.ListType(t.INT)).weight < size_of_type(t.ListType(t.STRING)).weight


def test_comparing_a_short_text_with_a_long_one_costs_no_more_than_its_bound() -> None:
    for short, long in ((140, 2_100), (200, 3_000), (2_000, 4_200)):
        budget = Budget()
        assert not equal("\u00e9" * short, "e\u0301" * (long // 2), budget)
        for sizes in ((short, long), (long, short)):
            assert budget.spent <= comparison_cost(*map(text_size, sizes))


@pytest.mark.parametrize("length", [0, 9, 40, 250])
def test_sorting_texts_costs_no_more_than_its_bound(length: int) -> None:
    random = Random(length)  # noqa: S311 - the same lists each time
    texts = tuple(f"{random.random():.12f}".rjust(length, "x")[:length] for _ in range(SMALL.items))
    budget = Budget()
    sort(budget, texts)
    assert budget.spent <= sort_cost(Size(SMALL.items), text_size(length))
