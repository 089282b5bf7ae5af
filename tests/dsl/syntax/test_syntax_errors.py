"""What is said of slips: the place, what was expected, and advice. Whole outputs stand in
tests/diagnostics.
"""

from __future__ import annotations

import pytest

from gatewright.dsl.diagnostics import Diagnostic
from tests.dsl.syntax.support import parsed, told

# The text behind `package p`, what is underlined, what was expected, and part of the advice.
SLIPS: list[tuple[str, str, str, str]] = [
    ("rule a when x = 3 => block", "=", "`=>`, `when` or an operator", "written `==`"),
    ("rule a when x AND y => block", "AND", "`=>`, `when` or an operator", "`&&`"),
    ("rule a when x OR y => block", "OR", "`=>`, `when` or an operator", "`||`"),
    ("rule a when NOT x => block", "NOT", "a condition", "`!`"),
    ("rule a when x is y => block", "is", "`=>`, `when` or an operator", "`==`"),
    ("rule a when x equals y => block", "equals", "`=>`, `when` or an operator", "`==`"),
    ("rule a when x between 1 => block", "between", "an operator", "`x in 1 .. 5`"),
    ("rule a when x contains 'a' => block", "contains", "an operator", "`x.contains(y)`"),
    ("rule a when x matches 'a' => block", "matches", "an operator", "`x.matches(y)`"),
    ("rule a when x startsWith 'a' => block", "startsWith", "", "`x.startsWith(y)`"),
    ("rule a when x endsWith 'a' => block", "endsWith", "", "`x.endsWith(y)`"),
    ("rule a when x == == y => block", "==", "a value", ""),
    ("rule a when x !== y => block", "!==", "a value", "`!=`"),
    ("rule a when x > 5 hours => block", "hours", "", "`5h`"),
    ("rule a when x > 5 mins => block", "mins", "", "`5m`"),
    ("rule a when x > 250 msecs => block", "msecs", "", "`250ms`"),
    ("rule a when x > 2 Weeks => block", "Weeks", "", "`2w`"),
    ("rule a when x > 50.5 Eur => block", "Eur", "", "`50.5 EUR`"),
    ("rule a when x > 50 euro => block", "euro", "", ""),
    ("rule a when x > 1_000 => block", "_000", "", "`1000`"),
    ("rule a when x => 3 => block", "3", "an effect", "`>=`"),
    ("rule a when x => yes => block", "yes", "an effect", "`>=`"),
    ("rule a => yes", "yes", "an effect", "the effects are"),
    ("rule a => Block", "Block", "an effect", "did you mean `block`?"),
    ("rule a => permit", "permit", "an effect", "the effects are"),
    ("rule a", "a", "`=>`, `on` or `when`", ""),
    ("rule a on => block", "=>", "`*` or a name", ""),
    ("rule a when x on b.c => block", "on", "`=>`, `when` or an operator", ""),
    ("rule a => block when x", "when", "a declaration", "`when` stands before `=>`"),
    ("rule a => block unless x", "unless", "a declaration", "before `=>`"),
    ("rule a => block on b.c", "on", "a declaration", "before `=>`"),
    ("rule 5 => block", "5", "a name", ""),
    ("rule when x => block", "x", "`=>`, `on` or `when`", "`when` is read as the name"),
    ("risk on a.b when x => 5", "a", "", "`on` is read as the name: write one after `risk`"),
    ("let in = 5", "in", "a name", "a word of the language"),
    ("rule a => require 'm'", "'m'", "a name", "a name has no quotes"),
    ("rule a => require", "require", "a name", ""),
    ("rule a when x.y. => block", "=>", "a name", ""),
    ("rule a when x: => block", ":", "", "no `:` is needed here"),
    ("rule a when = x => block", "=", "a condition", "no `=` is needed here"),
    ("rule a when f(x, ) => block", ")", "a value", "the `,` before it"),
    ("rule a when x in (1, 2) => block", ",", "`)`", "`[1, 2]`"),
    ("rule a when x ? y => block", "=>", "`:`", ""),
    ("rule a table x { }", "x", "`(` or `strictest`", ""),
    ("rule a tier x { 5 => block }", "=>", "`..` or an operator", ""),
    ("rule a tier x { 5 - 6 => block }", "=>", "`..` or an operator", "`50 USD .. 200 USD`"),
    ("rule a cases { x => block; else => block }", ";", "", "no `;` is needed here"),
    ("rule a cases { x block }", "block", "`=>` or an operator", "an effect follows `=>`"),
    ("type T { a int }", "int", "`:` or `?`", ""),
    ("type T { a: int; b: int }", ";", "", "separated by `,`"),
    ("type T { a: }", "}", "a name or a type", ""),
    ("type T { a: int b: int }", "b", "`}`, `,` or a bound such as `>= 0`", ""),
    ("let x", "x", "`=`", ""),
    ("let x = 5 6", "6", "a declaration or an operator", ""),
    ("let x = $5", "$", "a value", "`50 USD`"),
    ("let x = 50%", "%", "a value", ""),
    ("let x = 5 .. 6", "..", "", "a range stands after `in`"),
    ("let x = 2026-12-02T10:00", "T10", "", "a time of day and a zone"),
    ("route r { 4 of x timeout 4 hours then reject }", "4", "a duration such as `4h`", "`4h`"),
    ("let x = 1.5h", "h", "", "`90m` rather than `1.5h`"),
    ("let x = 2M", "M", "", "`2m`"),
    ("let x = 1y", "y", "", "write days"),
    ("let x = 3 months", "months", "", "write days"),
    ("route r { any of x }", "any", "", "`one of group("),
    ("route r { user('x') }", "user", "", "`one of group("),
    ("route r { one of x remind '1h' }", "'1h'", "", "has no quotes"),
    ("route r { one of x timeout 1h reject }", "reject", "`then`", ""),
    ("route r one of x", "one", "`{`", ""),
    ("default", "default", "an effect", ""),
    ("default // nothing follows", "default", "an effect", ""),
    ("permit agent 'x' billing", "billing", "`to`", ""),
    ("permit 'x' to y", "'x'", "`agent` or `when`", "`permit agent 'x' to ...`"),
    ("permit agent to y", "to", "a text in quotes", "in quotes: `\"to\"`"),
    ("absolute rule a => block", "rule", "`guard`", ""),
    ("absolute", "absolute", "`guard`", ""),
    ("test 5 { }", "5", "a text in quotes", ""),
    ("test 'x' { give a.b { } }", "give", "", "did you mean `given`?"),
    ("test 'x' { past a.b { } 3d }", "3d", "`ago`", "`ago 3d`"),
    ("test 'x' { given a.b expect block }", "expect", "`{`", "`{ }`"),
    ("test 'x' { expect blok }", "blok", "", "did you mean `block`?"),
    ("history h = a.b when x", "when", "", "written `where`"),
    ("calendar c { zon 'UTC' }", "zon", "", "did you mean `zone`?"),
    ("exception e suspends g { from 2026-01-01 to 2026-02-01 }", "to", "", "`until`"),
    ("exception e suspends g { from '2026-01-01' }", "'2026-01-01'", "", "a date has no quotes"),
    ("exception e suspends g { til 2026-01-01 }", "til", "", "did you mean `until`?"),
    ("invariant i: block", "block", "`always`, `monotone` or `never`", ""),
    ("rule a-b => block", "-", "", "letters, digits and `_`"),
    ("rule a.b => block", ".", "", "letters, digits and `_`"),
    ("rule a on b.*.c => block", ".", "", "`*` stands last"),
    ("rule a => require m, n", ",", "", "joined with `and`"),
    ("rule a table (x, y) { 1, 2 => block }", ",", "", "separated by `|`"),
    ("@ rule a => block", "a", "a declaration", ""),
    ("@owner('x') gard a => block", "gard", "a declaration", "did you mean `guard`?"),
    ("rule a => block }", "}", "a declaration", "nothing is open"),
    ("rule a when (x] => block", "]", "`)`", "nothing is open"),
    ("let x = 5 /* five */", "/*", "", "a comment begins with `//`"),
    ("<!-- x -->", "<!--", "a declaration", "a comment begins with `//`"),
    ("# x", "#", "a declaration", "a comment begins with `//`"),
    ("ruel a => block", "ruel", "a declaration", "did you mean `rule`?"),
    ("if x then block", "if", "a declaration", "a declaration begins with a word such as"),
    ("?", "?", "a declaration", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "underlined", "expected", "advice"), SLIPS, ids=lambda value: str(value)[:30]
)
def test_a_slip_is_told_with_advice(text: str, underlined: str, expected: str, advice: str) -> None:
    found = _one(f"package p\n{text}\n")
    assert found.code == "GW0101"
    if found.message.startswith("unexpected end of"):
        assert text.partition(" //")[0].endswith(found.span.text)
    else:
        assert found.span.text == underlined
        assert found.message.startswith(f"unexpected `{underlined}`")
    assert expected in found.message
    assert advice in (found.help or "")


def _one(text: str) -> Diagnostic:
    found = parsed(text)
    assert not found.whole
    assert len(found.diagnostics) == 1, told(found.diagnostics)
    return found.diagnostics[0]


@pytest.mark.parametrize(
    ("text", "end", "label"),
    [
        ("package p\nlet x = (1 + 2\nlet y = 3\n", "declaration", "("),
        ("package p\ntype T {\n  a: int, // last\n", "file", "{"),
        ("package p\nlet x = f([1, 2)\n", "", "["),
        ("package p\nrule a when {1: (2 => block\n", "", "("),
    ],
)
def test_a_bracket_that_is_never_closed_is_shown(text: str, end: str, label: str) -> None:
    found = _one(text)
    assert f"unexpected end of the {end}" in found.message or not end
    assert [(x.span.text, x.text) for x in found.labels] == [
        (label, f"this `{label}` is never closed")
    ]


def test_long_text_is_cut() -> None:
    found = _one(f"package p\nrule '{'x' * 100}' => block\n")
    assert found.message == f"unexpected `'{'x' * 36}...`, expected a name"
    found = _one('package p\nrule """a\nb""" => block\n')
    assert found.message == 'unexpected `"""a`, expected a name'


def test_columns_count_characters() -> None:
    assert _one("package p\nlet x = 'd\u00e9j\u00e0' 5\n").span.begin == (2, 16)
    assert _one("\ufeffpackage p\r\nlet x = 5 6\r\n").span.begin == (2, 11)
