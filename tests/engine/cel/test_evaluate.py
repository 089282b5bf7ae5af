"""The walk over the tree: names, access, calls, absorption of errors, traces, budgets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest

from gatewright.dsl import ast
from gatewright.dsl.macros import MACROS, find_macro
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.source import Source
from gatewright.engine.cel import functions
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import MAX_DEPTH, Evaluator, as_bool
from gatewright.engine.cel.literals import literal
from gatewright.engine.cel.registry import VARIADIC
from gatewright.engine.cel.scope import MapScope, unknown_name
from gatewright.engine.errors import EvaluationError
from gatewright.engine.rendering import render
from gatewright.engine.values import NOTHING, Duration, Map, Money, OptionalValue, Timestamp, Value
from tests.engine.cel.support import Host, Recorder, failure, run, shown

SPAN = Source("test", "").whole()
USD = Money(Decimal("75.00"), "USD")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", "null"),
        ("true", "true"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("5u", "5u"),
        ("1.50", "1.5"),
        ('"a"', '"a"'),
        ('b"a"', 'b"a"'),
        ("49.99 EUR", "49.99 EUR"),
        ("-30d", "-30d"),
        ("2026-12-02T00:00:00Z", "2026-12-02T00:00:00Z"),
        ("[1, ?optional.none(), ?optional.of(2)]", "[1, 2]"),
        ('{"a": 1, ?"b": optional.none(), ?"c": optional.of(3)}', '{"a": 1, "c": 3}'),
        ("int", "int"),
        ("google.protobuf.Duration", "google.protobuf.Duration"),
        ("type(1d) == duration", "true"),
        ("type(ip('::1')) == net.IP", "true"),
        ("type(1 USD) == money && type(null) == null_type", "true"),
    ],
)
def test_literals_and_types_are_values(text: str, value: str) -> None:
    assert shown(text) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x", "no_such_name"),
        ("x.y", "no_such_name"),
        ("f(1)", "no_such_function"),
        ("1.f()", "no_such_function"),
        ("math.nothing(1)", "no_such_function"),
        ("cel.nothing(1)", "no_such_function"),
        ("size(1, 2)", "no_such_function"),
        ("size(1)", "type_mismatch"),
        ("size(x: 'a')", "invalid_argument"),
        ("1bd", "invalid_argument"),
        ("has(x)", "invalid_argument"),
        ("[?1]", "type_mismatch"),
        ("{?'a': 1}", "type_mismatch"),
        ("{'a': 1, 'a': 2}", "invalid_argument"),
        ("{1.5: 1}", "type_mismatch"),
        ("1 ? 2 : 3", "type_mismatch"),
        ("!1", "type_mismatch"),
        ("-'a'", "type_mismatch"),
        ("-(1u)", "type_mismatch"),
        ("-(-9223372036854775808)", "overflow"),
        ("null.x", "no_such_field"),
        ("has('a'.x)", "no_such_field"),
        ("'a'[0]", "type_mismatch"),
        ("'a'[?0]", "type_mismatch"),
        ("{'a': 1}.b", "no_such_key"),
        ("{'a': 1}['not a name']", "no_such_key"),
        ("[1][1]", "invalid_argument"),
        ("[1][-1]", "invalid_argument"),
        ("[1][true]", "invalid_argument"),
        ("[1][0.5]", "invalid_argument"),
        ("1 in 2", "type_mismatch"),
        ("1.in(2)", "type_mismatch"),
        ("1.in()", "no_such_function"),
        ("1.in(x: 2)", "invalid_argument"),
    ],
)
def test_what_has_no_value(text: str, code: str) -> None:
    assert shown(text) == f"error: {code}"


def test_messages_name_fields_and_kinds_but_no_values() -> None:
    assert failure("m.b", m=Map.of({"a": 1})).message == "the map has no such key `b`"
    assert failure("m['se cret']", m=Map()).message == "the map has no such key"
    assert failure("'secret'.x").message == "a string has no field `x`"
    assert failure("1 + 'secret'").message == "`+` does not take an int and a string"
    assert failure("size(1, 2)").message == "`size` does not take 2 arguments"
    assert failure("[].flatten(1, 2)").message == "`flatten` does not take 2 arguments"
    assert failure("'a'.charAt('b')").message == "`charAt` does not take a string, a string"
    assert failure("x").message == "nothing is named `x`"


# --- names


def test_a_local_name_hides_the_scope_and_a_leading_dot_shows_it() -> None:
    assert shown("[1].map(x, [x, .x])", x=2) == "[[1, 2]]"
    assert shown("cel.bind(x, 1, cel.bind(x, x + 1, x)) + x", x=10) == "12"


def test_a_name_of_the_scope_comes_before_a_namespace_and_a_type() -> None:
    assert shown("math.abs", math=Map.of({"abs": 1})) == "1"
    assert shown("math.abs(-1)") == "1"
    assert shown("math.size()", math="abc") == "3"
    assert shown("['abc'].map(math, math.size())") == "[3]"
    assert shown("net.IP", net=Map.of({"IP": "mine"})) == '"mine"'
    assert shown("int", int=5) == "5"
    assert shown("[{'IP': 1}].map(net, net.IP)") == "[1]"


def test_a_scope_that_fails_for_another_reason_still_binds_the_name() -> None:
    class Broken:
        def lookup(self, name: str, absolute: bool) -> Value:
            raise EvaluationError("overflow", "too large")

    with pytest.raises(EvaluationError) as raised:
        Evaluator(Broken()).evaluate(parse_expression("math.abs(-1)"))
    assert raised.value.code == "overflow"


class Container:
    """A scope with the dotted variable `a.b`."""

    def lookup(self, name: str, absolute: bool) -> Value:
        raise unknown_name(name)

    def lookup_qualified(self, names: tuple[str, ...], absolute: bool) -> OptionalValue:
        return OptionalValue.of(Map.of({"c": 1})) if names == ("a", "b") else NOTHING


def test_a_dotted_variable_is_found_by_its_longest_prefix() -> None:
    assert Evaluator(Container()).evaluate(parse_expression("a.b.c")) == 1
    assert Evaluator(Container()).evaluate(parse_expression("a.b.size()")) == 1
    with pytest.raises(EvaluationError) as raised:
        Evaluator(Container()).evaluate(parse_expression("a.x"))
    assert raised.value.code == "no_such_name"


# --- access

HOST = Host({"name": "n", "at": Timestamp(0)})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("host.name", '"n"'),
        ("host['name']", '"n"'),
        ("host.?name", 'optional.of("n")'),
        ("host.?other", "optional.none()"),
        ("host[?'other']", "optional.none()"),
        ("host[?'name']", 'optional.of("n")'),
        ("has(host.name) && !has(host.other)", "true"),
        ("host.other", "error: no_such_field"),
        ("host[1]", "error: type_mismatch"),
        ("host[?1]", "error: type_mismatch"),
        ("host == host", "true"),
        ("host == 1", "false"),
        ("host < host", "error: type_mismatch"),
        ("size(host)", "error: type_mismatch"),
        ("host.all(x, true)", "error: type_mismatch"),
        ("type(host) == int", "false"),
        ("host.add(1, by: 2)", "3"),
        ("[5].map(x, host.add(x, by: x))", "[10]"),
        ("host.subtract(1)", "error: no_such_function"),
        ("host(1, 2)", "3"),
        ("word(1)", "error: no_such_function"),
        ("moment.in(host)", "true"),
        ("(moment + 1s).in(host)", "false"),
        ("amount.amount", "75.00"),
        ("amount.currency", '"USD"'),
        ("has(amount.currency) && has(amount.amount)", "true"),
        ("amount.cents", "error: no_such_field"),
        ("has(amount.cents)", "error: no_such_field"),
        ("nothing.currency", "error: no_such_field"),
        ("has(nothing.currency)", "false"),
        ("nothing.amount", "0"),
        ("{'a': 1}.?a", "optional.of(1)"),
        ("[1, 2][1u] + [1, 2][0.0]", "3"),
        ("[1][?5]", "optional.none()"),
        ("{'a': [1]}[?'a'][0]", "optional.of(1)"),
        ("optional.none().a.b", "optional.none()"),
        ("optional.none()[0]", "optional.none()"),
        ("optional.none()[?0]", "optional.none()"),
        ("has(optional.none().a)", "false"),
        ("has(optional.of({'a': 1}).a)", "true"),
        ("has({'a': 1}.?a)", "true"),
        ("optional.of(1).a", "error: no_such_field"),
    ],
)
def test_parts_of_values_are_read_as_cel_says(text: str, value: str) -> None:
    names: dict[str, Value] = {
        "host": HOST,
        "amount": USD,
        "nothing": Money(Decimal(0), None),
        "moment": Timestamp(0),
        "text": "text",
    }
    assert shown(text, **names) == value


def test_or_is_lazy() -> None:
    assert shown("optional.of(1).or(1/0)") == "optional.of(1)"
    assert shown("optional.of(1).orValue(1/0)") == "1"
    assert shown("optional.none().orValue(1/0)") == "error: divide_by_zero"
    assert shown("optional.none().or(optional.of(2))") == "optional.of(2)"
    assert shown("optional.none().or(2)") == "error: type_mismatch"
    assert shown("optional.none().or()") == "error: no_such_function"
    assert shown("optional.none().or(x: 2)") == "error: invalid_argument"
    assert shown("1.or(2)") == "error: no_such_function"


# --- && || ?: and the macros absorb errors

E = "(1/0 == 1)"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"false && {E}", "false"),
        (f"{E} && false", "false"),
        (f"true && {E}", "error: divide_by_zero"),
        (f"{E} && true && x", "error: divide_by_zero"),
        (f"true || {E}", "true"),
        (f"{E} || true", "true"),
        (f"{E} || false", "error: divide_by_zero"),
        ("1 && false", "false"),
        ("1 && true", "error: type_mismatch"),
        (f"true ? 1 : {E}", "1"),
        (f"false ? {E} : 2", "2"),
        (f"{E} ? 1 : 2", "error: divide_by_zero"),
        ("!true || !false", "true"),
        ("[1, 0, 2].exists(x, 2 / x == 1)", "true"),
        ("[1, 0].exists(x, 2 / x == 1)", "error: divide_by_zero"),
        ("[0, 1].all(x, 2 / x == 1)", "false"),
        ("[0, 2].all(x, 2 / x == 1)", "error: divide_by_zero"),
        ("[0, 2].exists_one(x, 2 / x == 1)", "error: divide_by_zero"),
        ("[1].all(x, 1)", "error: type_mismatch"),
    ],
)
def test_errors_are_absorbed_as_cel_says(text: str, value: str) -> None:
    assert shown(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 in 1 .. 5", "true"),
        ("0 in 1 .. 5", "false"),
        ("6u in 1 .. 5.5", "false"),
        ("50.10 in low .. 60.20", "true"),
        ("double('NaN') in 1 .. 5", "false"),
        ("10 USD in 5 USD .. 20 USD", "true"),
        ("10 USD in 5 EUR .. 20 EUR", "error: currency_mismatch"),
        ("'a' in 1 .. 2", "error: type_mismatch"),
        ("9 in 1 .. 1/0", "error: divide_by_zero"),
    ],
)
def test_between_has_both_ends(text: str, value: str) -> None:
    assert shown(text, low=Decimal("50.10")) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x == 50.10", "true"),
        ("50.10 == x", "true"),
        ("x >= 50.100000000000000000001", "false"),
        ("-x == -50.10", "true"),
        ("x - -0.1", "50.20"),
        ("x in [1.5, 50.10]", "true"),
        ("x in [1.5, ?optional.of(50.10)]", "error: type_mismatch"),
        ("x in [1, ?optional.none()]", "false"),
        ("x * 1.1", "55.110"),
        ("x == d", "error: type_mismatch"),
        ("x + d", "error: type_mismatch"),
        ("x < d", "error: type_mismatch"),
        ("x + dyn(1.5)", "error: type_mismatch"),
        ("(true ? 50.10 : 1.0) == x", "error: type_mismatch"),
        ("10 USD * 0.1", "1.00 USD"),
        ("x + - -1.5", "51.60"),
        ("x == 1" + "0" * 60 + ".0", "error: overflow"),
    ],
)
def test_a_literal_beside_an_exact_number_is_read_from_its_spelling(text: str, value: str) -> None:
    assert shown(text, x=Decimal("50.10"), d=0.5) == value


def test_a_value_is_read_exactly_only_where_it_is_a_literal() -> None:
    assert run("50.1 + 0.2") != Decimal("50.3")
    assert run("x + 0.2", x=Decimal("50.1")) == Decimal("50.3")


# --- macros


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"),
        ("[1, 2].map(x, 1, x)", "error: type_mismatch"),
        ("{'a': 1}.map(k, k)", '["a"]'),
        ("[3, 1].filter(x, x > 2)", "[3]"),
        ("[1, 1].existsOne(x, x == 1)", "false"),
        ("[7].existsOne(i, v, i == 0 && v == 7)", "true"),
        ("[7].exists_one(i, v, i == 1)", "false"),
        ("['a'].transformMap(i, v, v)", '{0: "a"}'),
        ("[1, 2].transformMap(i, v, v > 1, v)", "{1: 2}"),
        ("{'a': 'b'}.transformMapEntry(k, v, {v: k})", '{"b": "a"}'),
        ("{'a': 'b'}.transformMapEntry(k, v, false, {v: k})", "{}"),
        ("{'a': 'c', 'b': 'c'}.transformMapEntry(k, v, {v: k})", "error: invalid_argument"),
        ("[1].transformMapEntry(k, v, v)", "error: type_mismatch"),
        ("{'a': 1}.transformList(k, v, [k, v])", '[["a", 1]]'),
        ("['bb', 'a'].sortBy(s, s.size())", '["a", "bb"]'),
        ("['bb', 'a'].sortBy(s, [s])", "error: type_mismatch"),
        ("{'a': 1}.sortBy(s, s)", "error: type_mismatch"),
        ("['b', 'a', 'c'].sortBy(s, 0)", '["b", "a", "c"]'),
        ("optional.of(1).optMap(x, x + 1)", "optional.of(2)"),
        ("optional.none().optMap(x, x + 1)", "optional.none()"),
        ("optional.of(1).optFlatMap(x, optional.none())", "optional.none()"),
        ("optional.none().optFlatMap(x, x)", "optional.none()"),
        ("optional.of(1).optFlatMap(x, x)", "error: type_mismatch"),
        ("1.optMap(x, x)", "error: type_mismatch"),
        ("[1].map(x.y, 1)", "error: invalid_argument"),
        ("[1].map(.x, 1)", "error: invalid_argument"),
        ("[1].all(x, x, true)", "error: invalid_argument"),
        ("1.map(x, x)", "error: type_mismatch"),
        ("[1].map(x, x: 1)", "error: invalid_argument"),
        ("cel.bind(1, 2, 3)", "error: invalid_argument"),
        ("cel.bind(x, 1/0, true)", "error: divide_by_zero"),
        ("[1].map(x, x)[0] + x", "error: no_such_name"),
    ],
)
def test_macros_give_what_cel_says(text: str, value: str) -> None:
    assert shown(text) == value


def test_the_names_of_a_macro_are_gone_after_an_error() -> None:
    assert shown("[0].exists(x, 1 / x == 1) || x == 5", x=5) == "true"


def test_the_table_of_macros_is_sound() -> None:
    assert find_macro("all", True, 2) == next(m for m in MACROS if m.name == "all")
    assert find_macro("all", False, 2) is None
    for macro in MACROS:
        positions = set(macro.variables) | set(macro.bodies)
        assert positions <= set(range(macro.arity))
        assert not set(macro.variables) & set(macro.bodies)
    names = {(m.name, m.is_member, m.arity) for m in MACROS}
    forms = {(n, member, arity) for n, f in functions.forms().items() for member, arity in f}
    assert not names & forms


def test_the_table_of_functions_tells_how_each_may_be_called() -> None:
    found = functions.forms()
    assert found["size"] == {(False, 1), (True, 0)}
    assert found["math.greatest"] == {(False, 1), (False, VARIADIC)}
    assert found["orValue"] == {(True, 1)}
    assert found["replace"] == {(True, 2), (True, 3)}
    assert "math" in functions.NAMESPACES
    assert list(found) == sorted(found)


@pytest.mark.parametrize("family", functions.FAMILIES)
def test_the_table_names_the_functions_of_each_family(family: str) -> None:
    written = {("." if o.is_member else "") + o.name for o in functions.family_named(family)}
    assert set(functions.FAMILIES[family].split()) == written


def test_every_family_is_in_the_table() -> None:
    modules = {path.stem for path in Path(functions.__file__).parent.glob("*.py")}
    families = {
        m for m in modules if hasattr(import_module(f"gatewright.engine.cel.{m}"), "LIBRARY")
    }
    assert families == set(functions.FAMILIES)


# --- traces and budgets


def trace_of(text: str, **names: Value) -> list[tuple[str, str]]:
    recorder = Recorder()
    with suppress(EvaluationError):
        Evaluator(MapScope(names), trace=recorder).evaluate(parse_expression(text))
    return recorder.seen


def test_a_trace_hears_of_every_evaluated_part_innermost_first() -> None:
    assert trace_of("x + 1 > 2 || y", x=5) == [
        ("x", "5"),
        ("1", "1"),
        ("x + 1", "6"),
        ("2", "2"),
        ("x + 1 > 2", "true"),
        ("x + 1 > 2 || y", "true"),
    ]


def test_a_trace_hears_of_errors_and_of_every_turn() -> None:
    assert trace_of("y || true") == [
        ("y", "no_such_name"),
        ("true", "true"),
        ("y || true", "true"),
    ]
    seen = trace_of("[1, 2].all(v, v < 2)")
    assert [outcome for text, outcome in seen if text == "v < 2"] == ["true", "false"]


def test_a_budget_is_spent_and_stays_spent() -> None:
    budget = Budget(10)
    assert run("1 + 2", budget) == 3
    assert budget.spent == 3
    for _ in range(2):
        with pytest.raises(EvaluationError) as raised:
            run("[1, 2, 3, 4, 5, 6, 7, 8].size()", budget)
        assert raised.value.code == "cost_limit"
    assert budget.spent == 10


def test_an_exhausted_budget_is_not_absorbed() -> None:
    for text in (
        "lists.range(1000000000).size() > 0 || true",
        "[1].exists(x, lists.range(1000000000).size() > 0) || true",
        "[[1], lists.range(90000)].exists(x, x == lists.range(9000) || true)",
    ):
        assert shown(text) == "error: cost_limit"


def test_cost_does_not_depend_on_what_is_traced() -> None:
    expression = parse_expression("[1, 2, 3].map(x, x * 2).exists(x, x == 6)")
    plain, traced = Budget(), Budget()
    Evaluator(MapScope({}), plain).evaluate(expression)
    Evaluator(MapScope({}), traced, Recorder()).evaluate(expression)
    assert plain.spent == traced.spent > 0


# --- trees that no parser makes


def nested(depth: int) -> ast.Expr:
    tree: ast.Expr = ast.BoolLiteral(True, span=SPAN)
    for _ in range(depth):
        tree = ast.Unary("!", tree, span=SPAN)
    return tree


def test_a_tree_may_nest_only_so_deep() -> None:
    assert Evaluator(MapScope({})).evaluate(nested(MAX_DEPTH - 1)) is not None
    with pytest.raises(EvaluationError) as raised:
        Evaluator(MapScope({})).evaluate(nested(MAX_DEPTH))
    assert raised.value.code == "cost_limit"


def test_the_deepest_comprehension_does_not_exhaust_the_stack() -> None:
    target = ast.ListLiteral((ast.ListItem(ast.IntLiteral(1, span=SPAN), span=SPAN),), span=SPAN)
    body: ast.Expr = ast.BoolLiteral(True, span=SPAN)
    names = (ast.Argument(None, ast.Name("x", span=SPAN), span=SPAN),)
    for _ in range(MAX_DEPTH - 2):
        arguments = (*names, ast.Argument(None, body, span=SPAN))
        body = ast.MethodCall(target, "all", arguments, span=SPAN)
    assert Evaluator(MapScope({})).evaluate(body) is True


def test_an_int_literal_has_64_bits() -> None:
    with pytest.raises(EvaluationError) as raised:
        literal(ast.IntLiteral(2**63, span=SPAN))
    assert raised.value.code == "overflow"


def test_a_condition_is_a_bool() -> None:
    assert as_bool(True) is True
    with pytest.raises(EvaluationError) as raised:
        as_bool(1)
    assert raised.value.message == "a condition is a bool, not an int"
    assert Evaluator(MapScope({})).condition(parse_expression("1 < 2")) is True


def test_evaluate_with_binds_names_for_one_expression() -> None:
    evaluator = Evaluator(MapScope({"y": 1}))
    assert evaluator.evaluate_with({"x": Duration(1)}, parse_expression("x")) == Duration(1)
    with pytest.raises(EvaluationError):
        evaluator.evaluate(parse_expression("x"))


def test_nodes_without_spans_in_common_mean_the_same() -> None:
    node = parse_expression("1 + 2")
    moved = replace(node, span=SPAN)
    assert render(Evaluator(MapScope({})).evaluate(moved)) == "3"
