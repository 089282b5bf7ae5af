"""Expressions and the trees they become. Source: docs/language.md#expressions and CEL's langdef."""

from __future__ import annotations

import pytest

from gatewright.dsl import ast, limits
from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.parser import parse_expression
from tests.dsl.syntax.support import show, told

TREES: list[tuple[str, str]] = [
    ("a.b.c", "Select(Select(a, b), c)"),
    ("a.?b", "Select(a, b, True)"),
    ("a.`content-type`", "Select(a, content-type)"),
    ("a.?`x y`", "Select(a, x y, True)"),
    (".a.b", "Select(Name(a, True), b)"),
    ("a[0]", "Index(a, 0)"),
    ("a[?'x']", "Index(a, 'x', True)"),
    ("f()", "Call(f)"),
    ("f(a, b: 2)", "Call(f, [Argument(a) Argument(b, 2)])"),
    (".f(a)", "Call(f, [Argument(a)], True)"),
    (".f()", "Call(f, True)"),
    ("a.f(b).g()", "MethodCall(MethodCall(a, f, [Argument(b)]), g)"),
    ("now.in(office)", "MethodCall(now, in, [Argument(office)])"),
    ("!a", "Unary(!, a)"),
    ("!!a", "Unary(!, Unary(!, a))"),
    ("-a", "Unary(-, a)"),
    ("--a", "Unary(-, Unary(-, a))"),
    ("a + b * c - d", "Binary(-, Binary(+, a, Binary(*, b, c)), d)"),
    ("a / b % c", "Binary(%, Binary(/, a, b), c)"),
    ("a < b == c", "Binary(==, Binary(<, a, b), c)"),
    ("a in b", "Binary(in, a, b)"),
    ("a in 1 .. 5", "Between(a, 1, 5)"),
    ("a in 1 .. b + 1", "Between(a, 1, Binary(+, b, 1))"),
    ("a && b && c", "And([a b c])"),
    ("a && (b && c)", "And([a b c])"),
    ("a || b && c", "Or([a And([b c])])"),
    ("(a || b) || c", "Or([a b c])"),
    ("a ? b : c ? d : e", "Conditional(a, b, Conditional(c, d, e))"),
    ("(a)", "a"),
    ("[]", "ListLiteral()"),
    ("[1, ?a,]", "ListLiteral([ListItem(1) ListItem(a, True)])"),
    ("{}", "MapLiteral()"),
    ("{'a': 1, ?b: c,}", "MapLiteral([MapEntry('a', 1) MapEntry(b, c, True)])"),
    ("5u", "UintLiteral(5)"),
    ("0x1F", "31"),
    ("0XfU", "UintLiteral(15)"),
    ("1.50", "DoubleLiteral(1.5, 1.50)"),
    (".5e3", "DoubleLiteral(500.0, .5e3)"),
    ("-1.5", "DoubleLiteral(-1.5, -1.5)"),
    ("-(1.5)", "DoubleLiteral(-1.5, -1.5)"),
    ("- -1.5", "Unary(-, DoubleLiteral(-1.5, -1.5))"),
    ("-5", "-5"),
    ("- -9223372036854775808", "Unary(-, -9223372036854775808)"),
    ("-(9223372036854775808)", "-9223372036854775808"),
    ("49.99 EUR", "MoneyLiteral(49.99, EUR)"),
    ("50USD", "MoneyLiteral(50, USD)"),
    ("-50 USD", "MoneyLiteral(-50, USD)"),
    ("250ms", "DurationLiteral(250000000)"),
    ("2w", "DurationLiteral(1209600000000000)"),
    ("-1h", "DurationLiteral(-3600000000000)"),
    ("1bd", "BusinessDaysLiteral(1)"),
    ("2026-12-02T00:00:00Z", "TimestampLiteral(1796169600000000000)"),
    ("true && null", "And([true NullLiteral()])"),
    ("'a' + b'c'", "Binary(+, 'a', BytesLiteral(b'c'))"),
    ("risk >= 60", "Binary(>=, risk, 60)"),
    ("action.amount", "Select(action, amount)"),
    ("one.of", "Select(one, of)"),
    ("inx && in_y", "And([inx in_y])"),
    ("list < 5 && map > 6", "And([Binary(<, list, 5) Binary(>, map, 6)])"),
    ("_", "_"),
]


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_an_expression_becomes_a_tree(text: str, tree: str) -> None:
    assert show(parse_expression(text)) == tree


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_a_span_is_what_was_written(text: str, tree: str) -> None:
    assert parse_expression(f"  {text} // end").span.text == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "GW0101 `` unexpected end of the file, expected a value"),
        ("a b", "GW0101 `b` unexpected `b`, expected the end of the expression or an operator"),
        ("a +", "GW0101 `+` unexpected end of the file, expected a value"),
        ("f(", "GW0101 `(` unexpected end of the file, expected `)` or a value"),
        ("a => b", "GW0101 `=>` unexpected `=>`, expected the end of the expression"),
        ("'a", "GW0103 `'` this string does not end on its line"),
        ("a \u2260 b", "GW0102 `\u2260` the character U+2260 NOT EQUAL TO is not allowed here"),
        ("9223372036854775808", "GW0105 `9223372036854775808` this number does not fit into a 64-bit"
         " integer"),
        ("18446744073709551615", "GW0105 `18446744073709551615` this number does not fit into a"
         " 64-bit integer"),
        ("'\\q'", "GW0104 `\\q` `\\q` is not an escape sequence"),
        ("b'\\q'", "GW0104 `\\q` `\\q` is not an escape sequence"),
        ("400000d", "GW0105 `400000d` this number does not fit into a duration of 64-bit nanoseconds"
         " (292 years)"),
        ("99999999999999999999bd", "GW0105 `99999999999999999999bd` this number does not fit into 64"
         " bits"),
        ("2026-02-30T00:00:00Z", "GW0107 `2026-02-30T00:00:00Z` this is not a date or time of the"
         " calendar"),
        ("rule r => block", "GW0101 `r` unexpected `r`, expected the end of the expression or an"
         " operator"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_told(text: str, line: str) -> None:
    with pytest.raises(PolicyError) as error:
        parse_expression(text)
    assert told(error.value.diagnostics) == [line]
    (found,) = error.value.diagnostics
    advice = f"\n  = help: {found.help}" if found.help else ""
    assert str(error.value) == f"{found}{advice}"


@pytest.mark.parametrize(
    "text",
    [
        "!" * limits.MAX_DEPTH + "a",
        "+".join("a" * (limits.MAX_DEPTH + 1)),
        ".".join("a" * (limits.MAX_DEPTH + 1)),
        "f(" * (limits.MAX_DEPTH - 1) + "f(a)" + ")" * (limits.MAX_DEPTH - 1),
        "[" * (limits.MAX_DEPTH - 1) + "[a]" + "]" * (limits.MAX_DEPTH - 1),
        "a ? b : " * limits.MAX_DEPTH + "c",
    ],
    ids=lambda text: text[:8],
)
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(PolicyError) as error:
        parse_expression(text)
    assert [d.code for d in error.value.diagnostics] == ["GW0703"]


@pytest.mark.parametrize(
    "text",
    [
        "!" * (limits.MAX_DEPTH - 1) + "a",
        "(" * limits.MAX_DEPTH + "a" + ")" * limits.MAX_DEPTH,
        " && ".join("a" * 1000),
        " || ".join("a" * 1000),
        f"[{', '.join('a' * 1000)}]",
    ],
    ids=lambda text: text[:8],
)
def test_what_is_wide_or_just_deep_enough_is_read(text: str) -> None:
    assert parse_expression(text).span.text == text


def test_equal_trees_differ_in_place_only() -> None:
    a, b = parse_expression("a+1"), parse_expression("  a + 1")
    assert a == b
    assert (a.span.start, b.span.start) == (0, 2)
    assert isinstance(a, ast.Binary)
