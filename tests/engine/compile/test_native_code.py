"""Making functions of syntax trees, and the types that code is made by."""

from __future__ import annotations

import ast as pyast
import linecache
import traceback

import pytest

from gatewright.dsl import types as t
from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.operators import operation
from gatewright.engine.compile.native import compile_condition, compile_expr, function_of
from gatewright.engine.compile.native_code import compare, load
from gatewright.engine.compile.native_runtime import Unsure, expecting, inexact
from gatewright.engine.compile.typing import typed
from gatewright.engine.values import Uint
from tests.engine.compile.native_support import ACTION, PACKAGE, env_for, policy


def test_a_function_is_made_of_a_tree() -> None:
    body = compare(load("x"), pyast.Gt(), load("limit"))
    made = function_of("is_dear", ["x"], body, {"limit": 5})
    assert made(6) is True
    assert made(5) is False
    assert made.__name__ == "is_dear"


def test_its_text_can_be_seen_where_it_raises() -> None:
    body = compare(load("x"), pyast.Gt(), load("limit"))
    made = function_of("is_dear", ["x"], body, {"limit": 5})
    with pytest.raises(TypeError) as raised:
        made("text")
    frame = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert (frame.name, frame.line) == ("is_dear", "return x > limit")
    assert linecache.getline(frame.filename, 1) == "def is_dear(x):\n"


def test_texts_of_a_policy_never_become_names() -> None:
    names: dict[str, object] = {}
    expr = parse_expression('action.customer == "__import__(\'os\')" || action.level == "x y"')
    body = compile_expr(expr, env_for(policy(), ACTION, names))
    assert body is not None
    used = {node.id for node in pyast.walk(body) if isinstance(node, pyast.Name)}
    assert used == {"read_path", "scope"}


def test_a_condition_that_is_no_bool_raises() -> None:
    names: dict[str, object] = {}
    body = compile_condition(parse_expression("5"), env_for(policy(), ACTION, names))
    assert body is not None
    with pytest.raises(Unsure):
        function_of("condition", [], body, names)()


def test_guards_look_at_exact_types() -> None:
    assert expecting(int)(5) == 5
    for odd in (True, Uint(5), 5.0):
        with pytest.raises(Unsure):
            expecting(int)(odd)
    assert inexact(1.5) == 1.5


def test_types_are_those_of_the_checker() -> None:
    type_of = typed(policy(), PACKAGE, ACTION)
    expr = parse_expression("has(action.tags) && action.tags.exists(x, x == action.customer)")
    assert type_of(expr) == t.BOOL
    assert type_of(parse_expression("action.tags")) == t.ListType(t.STRING)
    assert type_of(parse_expression("limit")) == t.MoneyType("USD")
    assert type_of(parse_expression("changes.Count.new")) == t.INT
    assert type_of(parse_expression("agent.whatever")) == t.ANY


def test_of_actions_that_nobody_declared_only_the_name_has_a_type() -> None:
    type_of = typed(policy(), PACKAGE, None)
    assert type_of(parse_expression("action.tags")) == t.ANY
    assert type_of(parse_expression("action.name")) == t.STRING


def test_operations_are_known_by_the_kinds_of_both_sides() -> None:
    add = operation("+", "int", "int")
    assert add is not None
    assert add(2, 3) == 5
    assert operation("+", "int", "string") is None
