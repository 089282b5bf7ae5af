"""Conditions -> formulas: what tables can hold, and what stays a condition to be evaluated."""

from __future__ import annotations

import pytest

from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.budget import DEFAULT_STEPS
from gatewright.engine.compile.formula import Literal
from gatewright.engine.compile.lower import MAX_LIST_STEPS, MAX_NODES
from tests.engine.compile.unit_support import PACKAGE, Making

HELD = [
    # --- constants
    ("true", "True"),
    ("data.strict", "True"),
    ("1 + 1 == 3", "False"),
    ("has(data.strict)", "True"),
    # --- logic
    ("action.flag && !action.flag", "action.flag in {True} & not action.flag in {True}"),
    ("action.flag || action.n < 5", "action.flag in {True} | action.n < 5"),
    ("action.flag || true", "True"),
    ("!(action.flag || action.n < 5)", "not action.flag in {True} & not action.n < 5"),
    # --- equality
    ('action.text == "a"', "action.text in {'a'}"),
    ('"a" == action.text', "action.text in {'a'}"),
    ('action.text != "a"', "not action.text in {'a'}"),
    ('action.text == "U\u0308"', "action.text in {'\u00dc'}"),
    ('action.level == "high"', "action.level in {'high'}"),
    ("action.n == 5", "action.n in {5}"),
    ("action.rate == 1.5", "action.rate in {Decimal('1.5')}"),
    ("action.rate == 2", "action.rate in {Decimal('2')}"),
    ("action.amount == small", "action.amount:amount in {Decimal('50')}"),
    ("action.flag == false", "action.flag in {False}"),
    ("action.length == 1h", "action.length:nanos in {3600000000000}"),
    ('action.extra == "a"', "action.extra in {'a'}"),
    ('action.name == "shop.refund"', "True"),
    ('action.name == "shop.other"', "False"),
    ('action.name != "shop.other"', "True"),
    # --- lists and maps of constants
    ('action.text in ["b", "a"]', "action.text in {'a', 'b'}"),
    ("action.n in [1, 2, 1]", "action.n in {1, 2}"),
    ("action.text in names", "action.text in {'C-1', '\u00dcbel'}"),
    ("action.text in data.limits", "action.text in {'high', 'low'}"),
    ("action.text in data.none", "False"),
    ("action.amount in [1 USD, 2 USD]", "action.amount:amount in {Decimal('1'), Decimal('2')}"),
    # --- order
    ("action.n < 5", "action.n < 5"),
    ("action.n <= 5", "action.n <= 5"),
    ("action.n > 5", "not action.n <= 5"),
    ("action.n >= 5", "not action.n < 5"),
    ("5 > action.n", "action.n < 5"),
    ("5 <= action.n", "not action.n < 5"),
    ("action.amount < small", "action.amount:amount < 50"),
    ("action.rate < 1.10", "action.rate < 1.10"),
    ("action.length >= 1s", "not action.length:nanos < 1000000000"),
    ('now < timestamp("1970-01-01T00:00:01Z")', "now:nanos < 1000000000"),
    ("risk > 50", "not risk <= 50"),
    ("action.n in 1 .. 5", "not action.n < 1 & action.n <= 5"),
    # --- what is there
    ("has(action.maybe)", "action.maybe?"),
    ("has(action.n)", "True"),
    ("has(agent.team)", "agent.team?"),
    ("has(target.id)", "target.id?"),
    ("has(context.trigger)", "context.trigger?"),
    ('changes.has("Stage")', "changes.Stage:presence?"),
    ('has(action.word) && action.word == "a"', "action.word? & action.word in {'a'}"),
    ("has(action.perhaps) && action.perhaps", "action.perhaps? & action.perhaps in {True}"),
    # --- lets, here and of other packages
    ("dear", "not action.amount:amount <= 50"),
    ("nested", "not action.amount:amount <= 50 | action.flag in {True}"),
    ("people.trusted", "agent.id in {'C-1', '\u00dcbel'}"),
    ("action.n < people.most", "action.n < 10"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "formula"), HELD, ids=[each[0] for each in HELD])
def test_tables_hold_what_compares_a_path_with_constants(condition: str, formula: str) -> None:
    assert Making().lowered(condition) == formula


WHOLE = [
    "action.rate < 1e300",  # no decimal has as many digits
    "action.rate in [1.5, 1e-300]",
    pytest.param("action.n == action.maybe", id="two paths"),
    pytest.param('action.text.startsWith("a")', id="a function"),
    pytest.param('action.name.startsWith("shop")', id="a function of the name"),
    pytest.param("action.name == action.text", id="the name beside a path"),
    pytest.param("action.extra == 5", id="a number beside any"),
    pytest.param("action.extra", id="any as a bool"),
    pytest.param("action.extra < 5", id="any in order"),
    pytest.param("action.units == 5u", id="an unsigned number"),
    pytest.param("action.units < 5u", id="an unsigned number in order"),
    pytest.param("action.n == 5u", id="an unsigned constant"),
    pytest.param("action.share < 1.5", id="a double"),
    pytest.param("action.fee < 5 USD", id="money of any currency"),
    pytest.param("action.n in [?data.?a, 1]", id="an optional item"),
    pytest.param("action.n in [action.maybe]", id="a path in the list"),
    pytest.param('action.text in action.tags', id="a list of the action"),
    pytest.param("action.text in data.mixed", id="a list of several kinds"),
    pytest.param("action.maybe in data.none", id="an empty list beside what may be absent"),
    pytest.param('"a" in action.tags', id="a list that is looked into"),
    pytest.param("action.n + 1 in [1]", id="a sum in a list"),
    pytest.param("action.n + 1 < 5", id="a sum in order"),
    pytest.param("action.n in 1 .. action.maybe", id="a bound that is a path"),
    pytest.param("has(changes.Stage.new)", id="a part of a change"),
    pytest.param("changes.has(action.text)", id="a change by a path"),
    pytest.param("action.n == 5 ? true : false", id="a choice"),
    pytest.param('refunds.count(agent: "a", within: 1d) > 2', id="a history"),
]  # fmt: skip


@pytest.mark.parametrize("condition", WHOLE)
def test_all_else_stays_a_condition(condition: str) -> None:
    assert Making().lowered(condition) == f"[{condition}]"


def test_a_part_that_no_table_holds_stays_beside_those_that_tables_hold() -> None:
    found = Making().lowered('action.n < 5 && action.text.startsWith("a")')
    assert found == 'action.n < 5 & [action.text.startsWith("a")]'


def test_a_let_of_another_package_is_evaluated_as_one_of_that_package() -> None:
    making = Making()
    found = making.lowering.expression(parse_expression("agent.id == agent.owner"), "people")
    assert making.shown(found) == "[agent.id == agent.owner] of people"


def test_the_same_test_is_one_atom() -> None:
    making = Making()
    texts = ("action.n < 5", "5 > action.n")
    one, other = (making.lowering.expression(parse_expression(text), PACKAGE) for text in texts)
    assert isinstance(one, Literal)
    assert isinstance(other, Literal)
    assert one.atom is other.atom


def test_an_agent_is_known_by_the_very_letters_of_its_id() -> None:
    making = Making()
    found = making.lowering.is_agent("U\u0308")
    assert making.shown(found) == "agent.id:exact? & agent.id:exact in {'U\u0308'}"


def test_no_bound_is_made_for_what_no_slot_can_hold() -> None:
    assert Making().lowering.below(("data", "x"), "value", 5, False) is None


# --- what is too much


def test_a_condition_of_too_many_parts_stays_whole() -> None:
    few = " || ".join(["action.n == 5"] * (MAX_NODES // 4 - 1))
    many = f"{few} || {few}"
    assert Making().lowered(few) == "action.n in {5}"
    assert Making().lowered(many) == f"[{many}]"


def test_the_parts_of_a_let_count_where_it_stands() -> None:
    large = " || ".join(["action.n == 5"] * (MAX_NODES // 4 - 1))
    making = Making(f"let large = {large}")
    assert making.lowered("large") == "action.n in {5}"
    assert making.lowered("large || large") == "[large || large]"


def test_a_list_that_is_long_to_look_through_stays_a_condition() -> None:
    most = MAX_LIST_STEPS // 2
    for count, is_held in ((most, True), (most + 1, False)):
        making = Making(data={"listed": tuple(map(str, range(count)))})
        found = making.lowered("action.text in data.listed")
        assert (found != "[action.text in data.listed]") is is_held


def test_parts_that_might_spend_the_budget_together_stay_together() -> None:
    making = Making()
    text = 'action.text.startsWith("a") && action.n < 5'
    making.lowering.meter.cost_of = lambda expr, package: DEFAULT_STEPS // 2
    assert making.lowered(text) == '[action.text.startsWith("a")] & action.n < 5'
    making.lowering.meter.cost_of = lambda expr, package: DEFAULT_STEPS
    assert making.lowered(text) == f"[{text}]"
    making.lowering.meter.cost_of = lambda expr, package: None  # nobody can tell
    assert making.lowered(text) == f"[{text}]"
