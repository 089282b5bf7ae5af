"""Where Python and the expression language differ: native code must see it, or not answer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gatewright.dsl.parser import parse_expression
from tests.engine.compile.native_support import ACTION, World, native_of, policy
from tests.engine.compile.test_native import agree

MARKS = "a" + "\u0301" * 20
INT_MAX = 9223372036854775807


def world(extra: object = None, **params: object) -> World:
    """An action with parameters; `extra` is one of type any."""
    values = params if extra is None else {**params, "extra": extra}
    return World(policy(), {"action": ACTION, "params": values, "agent": {"id": "bot-1"}})


CASES: list[tuple[str, Mapping[str, object], bool]] = [
    # A bool is no number.
    ("action.extra == 1", {"extra": True}, False),
    ("action.extra == true", {"extra": 1}, False),
    ("action.extra in [1, 2]", {"extra": True}, False),
    ("[1, 2].exists(i, i == action.extra)", {"extra": True}, False),
    ("{1: 2}[action.n] == 2", {"n": 1}, True),
    ("action.extra in {1: 2}", {"extra": True}, False),
    # Numbers of two kinds compare by what they are worth.
    ("action.n == 5u", {"n": 5}, True),
    ("action.n == 5.0", {"n": 5}, True),
    ("action.n < 9223372036854775807.0", {"n": INT_MAX}, True),
    ("action.rate > 1.1", {"rate": "1.10"}, False),
    ("action.rate in [1.10, 2.2]", {"rate": "1.1"}, True),
    ("action.rate in 1.1 .. 1.2", {"rate": "1.1"}, True),
    # NaN equals nothing, not even itself.
    ("(0.0 / (action.share - action.share)) == (0.0 / 0.0)", {"share": 1.5}, False),
    ("(0.0 / 0.0) in [action.share / 0.0 - action.share / 0.0]", {"share": 1.5}, False),
    ("action.share / 0.0 > 1.0", {"share": 1.5}, True),
    # Division goes towards zero.
    ("action.n / 2 == -1", {"n": -3}, True),
    ("action.n % 2 == -1", {"n": -3}, True),
    ("[action.n].exists(n, n / 2 == -1 && n % 2 == -1)", {"n": -3}, True),
    ("-action.n == 3", {"n": -3}, True),
    # Texts are compared in normal form C.
    ('action.customer == "\u00dcbel"', {"customer": "U\u0308bel"}, True),
    ('action.customer == "U\u0308bel"', {"customer": "\u00dcbel"}, True),
    ('action.customer in ["U\u0308bel"]', {"customer": "\u00dcbel"}, True),
    ('action.customer + "\u0308" == "\u00dc"', {"customer": "U"}, True),
    ('(action.customer + "\u0308") in ["\u00dc"]', {"customer": "U"}, True),
    ('(action.customer + "\u0308").contains("\u00dc")', {"customer": "U"}, True),
    ('(action.customer + "\u0308").startsWith("U")', {"customer": "U"}, False),
    ('(action.customer + "\u0308").endsWith("\u0308")', {"customer": "U"}, False),
    ('(action.customer + "\u0308").matches("^.$")', {"customer": "U"}, True),
    ('(action.customer + "\u0308") < "V"', {"customer": "U"}, False),
    ('{"\u00dc": 1}[action.customer + "\u0308"] == 1', {"customer": "U"}, True),
    ('action.customer == "K"', {"customer": "\u212a"}, True),
    # Money
    ("action.amount == 50 USD", {"amount": "50.00 USD"}, True),
    ("action.amount in [50.0 USD, 7 USD]", {"amount": "50.00 USD"}, True),
    ("action.fee == 50 USD", {"fee": "50.00 USD"}, True),
    ("action.fee in [7 USD, 50 USD]", {"fee": "50.00 USD"}, True),
    ("action.amount.currency == \"USD\"", {"amount": "50.00 USD"}, True),
    ("action.amount.amount == 50.0", {"amount": "50.00 USD"}, True),
    # Parts
    ("action.extra == null", {"extra": 5}, False),
    ("action.extra[0.0] == 5", {"extra": [5]}, True),
    ("action.extra.a == 5", {"extra": {"a": 5}}, True),
    ('action.tags.exists(i, t, i == 1 && t == "b")', {"tags": ["a", "b"]}, True),
    ("action.tags == [\"a\"] + [\"b\"]", {"tags": ["a", "b"]}, True),
    ("changes.only([\"Stage\"])", {}, False),
    ("action.person.?phone.orValue(\"-\") == \"-\"", {"person": {"name": "a", "level": 1}}, True),
    ("action.?customer.hasValue()", {}, False),
    ("action.?customer.optMap(c, c.size()).orValue(7) == 7", {}, True),
    ("cel.bind(x, action.n, x + x) == 6", {"n": 3}, True),
    ("[3, 1].exists(n, [n, 2].exists(m, m == n && n == action.n))", {"n": 3}, True),
    ("type(action.extra) == int", {"extra": 5}, True),
    ("data.limits.gold == 100 && data.limits[action.level] == 5", {"level": "low"}, True),
    ("action.level in data.limits", {"level": "mid"}, False),
    ("agent.id in data.watched", {}, False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "params", "expected"), CASES, ids=[c[0] for c in CASES])
def test_native_code_answers_as_the_interpreter(
    text: str, params: Mapping[str, object], expected: bool
) -> None:
    here, expr = world(**params), parse_expression(text)
    assert here.interpreted(expr).content is expected
    agree(here, expr)
    assert native_of(expr, policy(), ACTION) is not None


NO_ANSWER: list[tuple[str, Mapping[str, object]]] = [
    ("action.n + 1 > 0", {"n": INT_MAX}),
    ("action.n * 2 > 0", {"n": INT_MAX}),
    ("[action.n].exists(n, n + 1 > 0)", {"n": INT_MAX}),
    ("-(action.n - 6) > 0", {"n": -INT_MAX + 5}),
    ("action.n / 0 == 1", {"n": 1}),
    ("action.n % (action.n - 1) == 1", {"n": 1}),
    ("action.units - 1u < 5u", {"units": 0}),
    ("action.fee > 50 USD", {"fee": "60 EUR"}),
    ("action.fee in 1 USD .. 50 USD", {"fee": "60 EUR"}),
    ("action.fee in 1 USD .. 50 EUR", {"fee": "5 USD"}),
    ("action.fee in 9 USD .. 50 EUR", {"fee": "5 USD"}),
    ("action.fee in 1 EUR .. 50 USD", {"fee": "5 USD"}),
    ('money("5 EUR") + action.fee > 10 USD', {"fee": "6 USD"}),
    ('action.fee - money("5 EUR") == 10 USD', {"fee": "15 USD"}),
    ('[1].exists(i, action.fee - money("5 EUR") == 10 USD)', {"fee": "15 USD"}),
    ("action.extra > 5", {"extra": True}),
    ("action.extra > 1.5", {"extra": "5"}),
    ("action.extra + 1 == 6", {"extra": True}),
    ("action.extra && true", {"extra": 1}),
    ("action.extra || false", {"extra": "true"}),
    ("!action.extra", {"extra": 0}),
    ("action.extra ? true : false", {"extra": 1}),
    ("[action.extra].all(x, x)", {"extra": 1}),
    ("[action.extra].exists_one(x, x)", {"extra": 1}),
    ("[action.extra].filter(x, x).size() == 1", {"extra": 1}),
    ("action.extra.exists(x, x == \"a\")", {"extra": "abc"}),
    ("\"a\" in action.extra", {"extra": "abc"}),
    ("action.tags[-1] == \"a\"", {"tags": ["a"]}),
    ("action.tags[action.n] == \"a\"", {"tags": ["a"], "n": -1}),
    ("action.extra[true] == 5", {"extra": [5, 5]}),
    ("action.extra.size() == 1", {"extra": 5}),
    ("action.n in 1 .. action.length", {"n": 0, "length": "1h"}),
    ("action.due + duration(\"8000000h\") > now", {"due": "9999-12-31T00:00:00Z"}),
    ("action.customer == \"x\"", {}),
    ("action.customer.matches(\"(\")", {"customer": "x"}),
    ("action.rate / 3 > 1.1", {"rate": "1"}),
    ("action.tags.sortBy(t, action.extra).size() == 2", {"tags": ["a", "b"], "extra": None}),
    ("(action.customer" + f' + "{MARKS[1:]}"' * 15 + f') == "{"x" * 40}"', {"customer": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "params"), NO_ANSWER, ids=[c[0][:60] for c in NO_ANSWER])
def test_native_code_does_not_answer_where_the_interpreter_errs(
    text: str, params: Mapping[str, object]
) -> None:
    here, expr = world(**params), parse_expression(text)
    assert not here.interpreted(expr).present
    assert not here.native(expr).present


def test_an_error_beside_what_decides_is_left_to_the_interpreter() -> None:
    here = world(n=0)
    for text in ("10 / action.n > 1 || action.n == 0", "[0, 1].exists(i, 10 / i > 1)"):
        expr = parse_expression(text)
        assert here.interpreted(expr).content is True
    assert not here.native(parse_expression("10 / action.n > 1 || action.n == 0")).present


@pytest.mark.parametrize(
    "text",
    [
        "lists.range(action.n).size() > 1",
        "action.tags.distinct().size() > 1",
        "action.tags.all(a, action.tags.all(b, action.tags.exists(c, a == b && b == c)))",
        "action.customer.matches(action.note)",
        "action.customer.replace(\"\", action.customer).replace(\"\", action.customer) == \"\"",
    ],
)  # fmt: skip
def test_what_may_cost_too_much_has_no_native_code(text: str) -> None:
    assert native_of(parse_expression(text), policy(), ACTION) is None


def test_large_values_are_left_to_the_interpreter() -> None:
    here = world(customer="x" * 2_001)
    assert not here.native(parse_expression('action.customer == "x"')).present
    assert world(customer="x" * 2_000).native(parse_expression('action.customer == "x"')).present
