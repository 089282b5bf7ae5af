"""What an attacker would write: all of it ends quickly, as an EvaluationError, in little memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel import functions
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.rendering import render
from gatewright.engine.values import Value
from tests.engine.cel.support import run, shown
from tests.engine.cel.test_operators import values

MAX_BYTES = 32 * 2**20


def doubled(start: str, times: int) -> str:
    """Return an expression that doubles a value so many times: `x + x` in nested bindings."""
    text = "x"
    for _ in range(times):
        text = f"cel.bind(x, x + x, {text})"
    return f"cel.bind(x, {start}, {text})"


def piled(start: str, pile: str, times: int) -> str:
    """Return an expression that wraps a value so many times: `[x]` in nested bindings."""
    text = "x"
    for _ in range(times):
        text = f"cel.bind(x, {pile}, {text})"
    return f"cel.bind(x, {start}, {text})"


HOSTILE = [
    "decimal('1e1000000')",
    "decimal('1e-1000000')",
    "decimal('1e50') * decimal('1e50')",
    "lists.range(1000000000)",
    "lists.range(9223372036854775807)",
    "lists.range(1000).map(x, lists.range(1000))",
    "lists.range(2000).all(x, lists.range(2000).all(y, true))",
    "lists.range(5000).distinct()",
    "sets.contains(lists.range(5000), lists.range(5000).reverse())",
    doubled("'aaaaaaaaaa'", 40),
    doubled("b'aaaaaaaaaa'", 40),
    doubled("[1]", 40),
    "cel.bind(s, " + doubled("'aaaa'", 12) + ", s.replace('', s))",
    "cel.bind(s, " + doubled("'aaaa'", 12) + ", s.replace('a', s))",
    "cel.bind(s, " + doubled("'aaaa'", 12) + ", s.split('').join(s))",
    "cel.bind(s, " + doubled("'aaaa'", 12) + ", regex.replace(s, 'a', s))",
    "cel.bind(s, " + doubled("'aaaa'", 12) + ", regex.replace(s, '', s))",
    "cel.bind(s, " + doubled("'%s'", 10) + ", s.format(lists.range(1024).map(x, s)))",
    "cel.bind(s, " + doubled("'aaaa'", 14) + ", lists.range(1000).map(x, s.upperAscii()))",
    "cel.bind(s, " + doubled("'aaaa'", 14) + ", lists.range(1000).exists(x, s == s + 'a'))",
    "'%s'.format([" + piled("[1]", "[x, x, x, x]", 20) + "])",
    piled("[1]", "[x, x, x, x]", 20) + " == " + piled("[1]", "[x, x, x, x]", 20),
    piled("[1]", "[x, x, x, x]", 20) + ".flatten(100)",
    "optional.of(" + piled("{'a': 1}", "{'a': x, 'b': x}", 20) + ") == optional.of("
    + piled("{'a': 1}", "{'a': x, 'b': x}", 20) + ")",
    "'%.1000000000f'.format([1.0])",
    "'%1000000000d'.format([1])",
    "cel.bind(s, " + doubled("'%.99f'", 12) + ", s.format(lists.range(4096).map(x, 1e308)))",
    "math.bitShiftLeft(1, 9223372036854775807) + 9223372036854775807 + 1",
    "'a'.matches('(((a{1000}){1000}){1000})')",
    "'a'.matches('(a{1000}){1000}')",
    "'a'.matches(" + doubled("'(a*)*'", 10) + ")",
    "cel.bind(s, " + doubled("'aaaa'", 12)
    + ", lists.range(1000).all(x, s.matches('(a|a)*b') || true))",
    "int('" + "9" * 5000 + "')",
    "double('" + "9" * 5000 + "')",
    "duration('" + "9" * 5000 + "s')",
    "timestamp('" + "9" * 5000 + "')",
    "money('" + "9" * 5000 + " USD')",
    "round(decimal('95e58'), -59, 'up')",
    "divide(decimal('1e59'), decimal('1e-59'), 59, 'up')",
]  # fmt: skip


@pytest.mark.volume
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_expressions_are_errors_in_little_memory(text: str) -> None:
    expression = parse_expression(text)
    tracemalloc.start()
    try:
        with pytest.raises(EvaluationError):
            Evaluator(MapScope({})).evaluate(expression)
        assert tracemalloc.get_traced_memory()[1] < MAX_BYTES
    finally:
        tracemalloc.stop()


def deep(levels: int) -> Value:
    value: Value = (1,)
    for _ in range(levels):
        value = (value,)
    return value


@pytest.mark.volume
def test_values_nested_a_thousand_deep() -> None:
    nested = deep(1000)
    assert shown("n == m", n=nested, m=deep(1000)) == "error: cost_limit"
    assert shown("'%s'.format([n])", n=nested) == "error: cost_limit"
    assert shown("n in [m]", n=nested, m=deep(1000)) == "error: cost_limit"
    assert shown("[n, m].distinct()", n=nested, m=deep(1000)) == "error: cost_limit"
    assert run("n.flatten(5000)", n=nested) == (1,)
    assert run("size([n] + [n])", n=nested) == 2
    assert len(render(nested)) < 100


def test_lists_nested_by_the_expression_itself() -> None:
    pile = piled("[1]", "[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]", 30)
    assert shown(f"cel.bind(a, {pile}, a == a)") == "error: cost_limit"
    assert shown(f"{pile}.flatten(10000)") == "[1]"


def test_texts_that_take_long_to_normalise() -> None:
    marks = "a" + "\u0307\u0323" * 100_000
    assert shown("m == n", m=marks, n=marks + "b") == "error: invalid_argument"
    assert shown("m.contains('b')", m=marks) == "error: invalid_argument"
    assert shown("{m: 1}", m=marks) == "error: invalid_argument"


def test_a_pattern_that_is_too_long_is_refused() -> None:
    assert run("'a'.matches(p)", p="a" * 1000) is False
    assert shown("'a'.matches(p)", p="a" * 1001) == "error: invalid_argument"


@pytest.mark.volume
def test_a_large_document_costs_nothing_until_it_is_read() -> None:
    large: Value = tuple(range(10**6))
    assert run("size(d) + d[5] + d.first().value()", d=large) == 10**6 + 5
    assert shown("d.exists(x, x < 0)", d=large) == "error: cost_limit"
    assert shown("-1 in d", d=large) == "error: cost_limit"
    assert shown("d + d", d=large) == "error: cost_limit"


@given(st.sampled_from(sorted(functions.known())), st.lists(values, max_size=4))
def test_any_function_on_any_values_gives_a_value_or_an_evaluation_error(
    function: tuple[str, bool], arguments: list[Value]
) -> None:
    name, is_member = function
    try:
        result = functions.call(name, is_member, tuple(arguments), Budget())
    except EvaluationError as error:
        assert error.message == error.message.strip()
    else:
        assert render(result)


pieces = st.sampled_from(
    [*"()[]{}.,:?!-+*/%<>=&|", "==", "&&", "||", " in ", "x", "y", "1", "2u", "1.5", "'a'", "b'b'",
     "null", "true", "5 USD", "30d", "size(x)", ".map(v, v)", ".all(v, ", "has(", ".?a", "[?0]",
     "math.abs(", "optional.of(", "cel.bind(v, ", "decimal('1.5')", "..", ".orValue("]
)  # fmt: skip


@given(st.lists(pieces, max_size=12).map("".join), values, values)
def test_any_text_is_refused_or_gives_a_value_or_an_error(text: str, x: Value, y: Value) -> None:
    try:
        expression = parse_expression(text)
    except PolicyError:
        return
    try:
        render(Evaluator(MapScope({"x": x, "y": y})).evaluate(expression))
    except EvaluationError as error:
        assert error.code
