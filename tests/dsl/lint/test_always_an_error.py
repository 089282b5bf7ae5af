"""The lint `always-an-error`; what it tells is an error of the engine too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.checks.conversions import is_never_read, is_no_zone, reads_texts
from gatewright.engine.errors import EvaluationError
from tests.dsl.lint.support import found, helps
from tests.engine.cel.support import run, shown

CODE = "GW1034"
HEAD = """package p
import q
let zero = 0
let none = zero * 5
let days = "30d"
let names = ["a", "b"]
let limits = {"low": 1, "high": 2}
action a.b { x: int, d: double, m: money(USD), s: string, tags: list<string>, any: any }
history past = a.b where status == "executed"
"""
OTHER = "package q\nlet nothing = 0\nlet table = {'a': 1}\n"
ZERO = "division by zero"
OVERFLOW = "the result does not fit its type"
INEXACT = "the quotient is not exact"


def _told(declarations: str) -> list[str]:
    return found(CODE, HEAD + declarations, OTHER)


def _of(expression: str) -> list[str]:
    return _told(f"let subject = {expression}\n")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1 / 0", ZERO),
        ("1 % 0", ZERO),
        ("5u / 0u", ZERO),
        ("7 / (2 - 2)", ZERO),
        ("10 USD / 0", ZERO),
        ("10 USD / 0.0", ZERO),
        ("10 USD / 0 USD", ZERO),
        ("decimal('1.5') % 0", ZERO),
        ("divide(5 USD, 0, 2, 'half_up')", ZERO),
        ("9223372036854775807 + 1", OVERFLOW),
        ("-9223372036854775808 - 1", OVERFLOW),
        ("4611686018427387904 * 2", OVERFLOW),
        ("-9223372036854775808 / -1", OVERFLOW),
        ("-(-9223372036854775808)", OVERFLOW),
        ("1u - 2u", OVERFLOW),
        ("9999-12-31T00:00:00Z + 2d", OVERFLOW),
        ("100000d + 100000d", OVERFLOW),
        (f"{'9' * 60} USD + 2 USD", OVERFLOW),
        ("10 USD / 3", INEXACT),
        ("10 USD / 3 USD", INEXACT),
        ("1 / decimal('3')", INEXACT),
        ("[1][5]", "the list has no element 5"),
        ("[1, 2][-1]", "the list has no element -1"),
        ("{'a': 1}['b']", 'the map has no key `"b"`'),
        ("{}['a']", 'the map has no key `"a"`'),
        ("{'a': 1}.b", 'the map has no key `"b"`'),
        ("{1: 'a'}[2u]", "the map has no key `2u`"),
        ("timestamp('2026-13-01T00:00:00Z')", '`"2026-13-01T00:00:00Z"` is not an instant'),
        ("timestamp('2026-01-01')", '`"2026-01-01"` is not an instant'),
        ("timestamp(1767225600000)", "`1767225600000` is not an instant"),
        ("timestamp(253402300800)", "`253402300800` is not an instant"),
        ("timestamp(-62135596801)", "`-62135596801` is not an instant"),
        ("duration('abc')", '`"abc"` is not a length of time'),
        ("duration('30d')", '`"30d"` is not a length of time'),
        ("money('five')", '`"five"` is not money'),
        ("money('5USD')", '`"5USD"` is not money'),
        ("decimal('x')", '`"x"` is not a decimal number'),
        ("int('x')", '`"x"` is not a whole number of 64 bits'),
        ("int('9223372036854775808')", '`"9223372036854775808"` is not a whole number of 64 bits'),
        ("int(1e19)", "`10000000000000000000` is not a whole number of 64 bits"),
        ("int(decimal('9223372036854775808'))",
         "`9223372036854775808` is not a whole number of 64 bits"),
        ("uint('-1')", '`"-1"` is not a whole number of 64 bits without a sign'),
        ("uint(-1)", "`-1` is not a whole number of 64 bits without a sign"),
        ("double('1,5')", '`"1,5"` is not a number'),
        ("bool('maybe')", '`"maybe"` is not a bool'),
        ("ip('10.0.0.300')", '`"10.0.0.300"` is not an IP address'),
        ("cidr('10.0.0.0')", '`"10.0.0.0"` is not a range of IP addresses'),
        ("2026-01-01T00:00:00Z.getHours('Nowhere/X')", '`"Nowhere/X"` is no time zone'),
    ],
)  # fmt: skip
def test_what_never_has_a_value_is_told_and_errs(expression: str, why: str) -> None:
    assert _of(expression) == [f"`{expression}` this is always an error: {why}"]
    assert shown(expression).startswith("error: ")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("action.x / 0", ZERO),
        ("action.any % 0", ZERO),
        ("action.x / zero", ZERO),
        ("action.x / none", ZERO),
        ("action.m / q.nothing", ZERO),
        ("divide(action.m, none, 2, 'half_up')", ZERO),
        ("duration(days)", '`"30d"` is not a length of time'),
        ("names[2]", "the list has no element 2"),
        ("[action.x][1]", "the list has no element 1"),
        ("limits.hihg", 'the map has no key `"hihg"`'),
        ("q.table['b']", 'the map has no key `"b"`'),
        ("now.getHours('Nowhere/X')", '`"Nowhere/X"` is no time zone'),
    ],
)
def test_values_of_lets_are_seen(expression: str, why: str) -> None:
    assert _of(expression) == [f"`{expression}` this is always an error: {why}"]


@pytest.mark.parametrize(
    "expression",
    [
        "1 / 2",
        "1.0 / 0.0",
        "action.d / 0.0",
        "10 / action.x",
        "1e308 * 10.0",
        "10 USD / 4",
        "10 USD / 4 USD",
        "1 / 3",
        "zero / 5",
        "9223372036854775806 + 1",
        "-9223372036854775808",
        "[1][0]",
        "[1][0u]",
        "[?optional.of(1)][0]",
        "[?optional.none()][0]",
        "[1][?5].orValue(0)",
        "{'a': 1}[?'b'].orValue(0)",
        "{'a': 1}.?b.orValue(0)",
        "has({'a': 1}.b)",
        "{1: 'a'}[1u]",
        "{action.s: 1}['b']",
        "limits.high",
        "names[action.x]",
        "timestamp('2026-12-01T00:00:00+02:00')",
        "timestamp(action.s)",
        "timestamp(253402300799)",
        "timestamp(-62135596800)",
        "duration('1h30m')",
        "duration('-.5s')",
        "money('-5.00 USD')",
        "decimal('1.5e3')",
        "int('+5')",
        "int(1.9)",
        "int(decimal('9223372036854775807.5'))",
        "uint(0.5)",
        "double('-Infinity')",
        "double('1e999')",
        "bool('True')",
        "ip('::1')",
        "cidr('10.0.0.0/8')",
        "now.getHours('-02:30')",
        "now.getHours('Europe/Berlin')",
        "[0, 1].all(zero, 10 / zero > 1)",
        "cel.bind(zero, 5, 10 / zero)",
        "names[1]",
    ],
)
def test_what_may_have_a_value_is_left_alone(expression: str) -> None:
    assert _of(expression) == []


def test_the_smallest_part_is_told_once() -> None:
    assert (
        _of("(1 / 0 + 5) * 3 > 1 && [1 / 0].size() > 1")
        == [f"`1 / 0` this is always an error: {ZERO}"] * 2
    )


def test_parts_that_others_absorb_are_told_wherever_they_stand() -> None:
    text = f"`1 / 0` this is always an error: {ZERO}"
    assert _told("rule r on a.b when action.x > 1 || 1 / 0 > 1 => auto_run\n") == [text]
    assert _told("rule r on a.b => auto_run because 'about {1 / 0}'\n") == [text]
    assert _told("risk k on a.b when 1 / 0 > 1 => 5\n") == [text]
    assert _told("permit when 1 / 0 > 1 to a.b\n") == [text]


def test_a_let_is_told_where_it_stands() -> None:
    uses = "rule r on a.b when bad > 1 => auto_run\nrule s on a.b when bad > 2 => auto_run\n"
    assert _told(f"let bad = 1 / 0\n{uses}") == [f"`1 / 0` this is always an error: {ZERO}"]


def test_fields_of_past_actions_hide_lets() -> None:
    where = "history h = a.b where 10 / x > 1\n"
    assert _told(f"let x = 0\n{where}") == []
    assert len(_told(f"let y = 0\n{where.replace('/ x', '/ y')}")) == 1


@pytest.mark.parametrize(
    ("expression", "help"),
    [
        ("duration('30d')", "write it as a literal: `30d`"),
        ("timestamp('2026-01-01')", "write it as a literal: `2026-01-01`"),
        ("timestamp('tomorrow')", "write it as a literal: `2026-12-02T00:00:00Z`"),
        ("timestamp(1767225600000)", "a number counts the seconds since 1970"),
        ("limits.hihg", "did you mean `high`?"),
        ("10 USD / 3", 'say how to round: `divide(10 USD, 3, 2, "half_even")`'),
    ],
)
def test_advice(expression: str, help: str) -> None:
    assert helps(CODE, f"{HEAD}let subject = {expression}\n", OTHER) == [help]


WHOLE = st.one_of(
    st.integers(-3, 3), st.sampled_from([2**63 - 1, -(2**63), 2**62, -(2**62), 2**32])
).map(str)
SUMS = st.recursive(
    WHOLE,
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
        lambda three: f"({three[0]} {three[1]} {three[2]})"
    ),
    max_leaves=6,
)


@given(SUMS)
def test_sums_are_told_exactly_where_they_err(text: str) -> None:
    assert bool(found(CODE, f"package p\nlet subject = {text}\n")) is shown(text).startswith(
        "error"
    )


@given(SUMS, st.sampled_from(["/", "%"]), SUMS)
def test_what_is_told_of_quotients_errs(left: str, operator: str, right: str) -> None:
    text = f"{left} {operator} {right}"
    if found(CODE, f"package p\nlet subject = {text}\n"):
        assert shown(text).startswith("error")


FUNCTIONS = ("timestamp", "duration", "money", "decimal", "int", "uint", "double", "bool", "ip", "cidr")  # fmt: skip
TEXTS = st.one_of(
    st.text("0123456789+-.:TZeE/smhdinfUSDtrue ", max_size=12),
    st.from_regex(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d+)?(Z|[+-]\d\d:\d\d)", fullmatch=True),
    st.from_regex(r"[+-]?(\d*\.?\d*(ms|s|h|m|d|w)){1,3}", fullmatch=True),
    st.from_regex(r"[+-]?\d{0,20}\.?\d{0,3}(e[+-]?\d{1,3})?( [A-Z]{3})?", fullmatch=True),
    st.from_regex(r"(\d{1,3}\.){3}\d{1,3}(/\d{1,2})?|[0-9a-f:]{2,12}(/\d{1,3})?", fullmatch=True),
)  # fmt: skip


@given(st.sampled_from(FUNCTIONS), TEXTS)
def test_a_text_that_is_never_read_is_never_read(function: str, text: str) -> None:
    assert reads_texts(function)
    if is_never_read(function, text):
        with pytest.raises(EvaluationError):
            run(f"{function}(text)", text=text)


@given(st.from_regex(r"[+-]?\d{2}:\d{2}|[A-Z][a-z]{2,6}(/[A-Z][a-z]{2,6})?|UTC|Z|", fullmatch=True))
def test_a_zone_that_is_none_is_none(name: str) -> None:
    if is_no_zone(name):
        with pytest.raises(EvaluationError):
            run("2026-01-01T00:00:00Z.getHours(name)", name=name)
