"""Every declaration of the language and the tree it becomes. Source: docs/language.md."""

from __future__ import annotations

import re

import pytest

from gatewright.dsl import ast
from tests.dsl.syntax.support import declaration, parsed, show, told

TREES: list[tuple[str, str]] = [
    (
        "action billing.refund on stripe.charge as base.Charge { customer: string, }",
        "ActionDecl(billing.refund, stripe.charge, base.Charge,"
        " [FieldDecl(customer, TypeRef(string))])",
    ),
    ("action a { }", "ActionDecl(a)"),
    (
        "action a { changes { s: int, }, changes?: string }",
        "ActionDecl(a, [ChangesBlock([FieldDecl(s, TypeRef(int))])"
        " FieldDecl(changes, True, TypeRef(string))])",
    ),
    ("action a { changes { } }", "ActionDecl(a, [ChangesBlock()])"),
    (
        '@owner("ops") @irreversible action a { @secret card?: string(max: 19) }',
        "ActionDecl([Annotation(owner, [Argument('ops')]) Annotation(irreversible)], a,"
        " [FieldDecl([Annotation(secret)], card, True, TypeRef(string, [Argument(max, 19)]))])",
    ),
    (
        "type T { m: map<string, list<x.Y>>, n: money(USD) >= 0 USD, e: enum('a', 'b') }",
        "TypeDecl(T, [FieldDecl(m, TypeRef(map, [TypeRef(string)"
        " TypeRef(list, [TypeRef(x.Y)])])) FieldDecl(n, TypeRef(money, [Argument(USD)]),"
        " Refinement(>=, MoneyLiteral(0, USD)))"
        " FieldDecl(e, TypeRef(enum, [Argument('a') Argument('b')]))])",
    ),
    ("let small = 50 USD", "LetDecl(small, MoneyLiteral(50, USD))"),
    (
        "history h = a.b, c.d where status == 'executed'",
        "HistoryDecl(h, [a.b c.d], Binary(==, status, 'executed'))",
    ),
    ("history h = a.b", "HistoryDecl(h, [a.b])"),
    (
        "calendar c { zone 'UTC' days 'mon' hours '09:00-17:00' holidays data.days }",
        "CalendarDecl(c, [CalendarItem(zone, 'UTC') CalendarItem(days, 'mon')"
        " CalendarItem(hours, '09:00-17:00') CalendarItem(holidays, Select(data, days))])",
    ),
    (
        "route r { one of group('g') exclude requester, agent.owner distinct outranks a, b.c }",
        "RouteDecl(r, [Approvers(one, Call(group, [Argument('g')]))"
        " Exclude([requester Select(agent, owner)]) Distinct() Outranks([a b.c])])",
    ),
    (
        "route r { all of x remind 1h sla 2h timeout 4h then escalate f notify slack('#x'), email }",
        "RouteDecl(r, [Approvers(all, x) Remind(DurationLiteral(3600000000000))"
        " Sla(DurationLiteral(7200000000000)) Timeout(DurationLiteral(14400000000000), escalate, f)"
        " Notify([Call(slack, [Argument('#x')]) email])])",
    ),
    (
        "route r { 2 of x timeout 1bd then reject calendar c.office }",
        "RouteDecl(r, [Approvers(2, x) Timeout(BusinessDaysLiteral(1), reject)"
        " UseCalendar(c.office)])",
    ),
    (
        "route r { timeout 1h then approve }",
        "RouteDecl(r, [Timeout(DurationLiteral(3600000000000), approve)])",
    ),
    ("default block", "DefaultDecl(Block())"),
    ("default require a and b then c on x.*, *", "DefaultDecl(Require([[a b] [c]]), [x.* *])"),
    ("on_error require security on x.y", "OnErrorDecl(Require([[security]]), [x.y])"),
    ("permit agent 'bot' to billing.*", "PermitDecl('bot', [billing.*])"),
    (
        "permit when agent.team == 'x' to a.b, c",
        "PermitDecl(Binary(==, Select(agent, team), 'x'), [a.b c])",
    ),
    (
        "risk large on a.b when x > 5 unless y => 40 because 'over {x}'",
        "RiskDecl(large, [a.b], [Clause(when, Binary(>, x, 5)) Clause(unless, y)], 40,"
        " Template([over  x]))",
    ),
    ("risk r when x => 25", "RiskDecl(r, [Clause(when, x)], 25)"),
    ("rule r => auto_run", "RuleDecl(r, rule, Plain(AutoRun()))"),
    (
        "absolute guard g on * when x unless y => block",
        "RuleDecl(g, absolute guard, [*], [Clause(when, x) Clause(unless, y)], Plain(Block()))",
    ),
    (
        "guard g => block obligate notify(channel: '#x', 5) because 'no' obligate log()",
        "RuleDecl(g, guard, Plain(Block()), Template([no]),"
        " [Obligation(notify, [Argument(channel, '#x') Argument(5)]) Obligation(log)])",
    ),
    (
        "rule r tier a.b { < 5 => auto_run 5 .. 9 => require m > 9 => block }",
        "RuleDecl(r, rule, Tier(Select(a, b), [TierRow(CompareCell(<, 5), AutoRun())"
        " TierRow(RangeCell(5, 9), Require([[m]])) TierRow(CompareCell(>, 9), Block())]))",
    ),
    (
        "rule r cases { a > 5 => auto_run else => block }",
        "RuleDecl(r, rule, Cases([CaseRow(Binary(>, a, 5), AutoRun()) CaseRow(Block())]))",
    ),
    (
        "rule r table (a, b) { 'x' | _ => auto_run  >= 5 | 1 .. 2 => block }",
        "RuleDecl(r, rule, Table([a b], [TableRow([ExactCell('x') AnyCell()], AutoRun())"
        " TableRow([CompareCell(>=, 5) RangeCell(1, 2)], Block())]))",
    ),
    (
        "rule r table strictest (a) { _x => block }",
        "RuleDecl(r, rule, Table(True, [a], [TableRow([ExactCell(_x)], Block())]))",
    ),
    (
        "exception e suspends g, x.h { when a == 1 from 2026-11-25 until 2026-12-02T00:00:00Z"
        " owner 'o' reason 'r' ticket 't' max_uses 4 }",
        "ExceptionDecl(e, [g x.h], [ExceptionItem(when, Binary(==, a, 1))"
        " ExceptionItem(from, TimestampLiteral(1795564800000000000))"
        " ExceptionItem(until, TimestampLiteral(1796169600000000000))"
        " ExceptionItem(owner, 'o') ExceptionItem(reason, 'r') ExceptionItem(ticket, 't')"
        " ExceptionItem(max_uses, 4)])",
    ),
    (
        "invariant i on a.b: never auto_run when x",
        "InvariantDecl(i, [a.b], NeverEffect(AutoRun(), x))",
    ),
    ("invariant i: never block", "InvariantDecl(i, NeverEffect(Block()))"),
    ("invariant i: never default", "InvariantDecl(i, NeverDefault())"),
    ("invariant i: always at least m when x", "InvariantDecl(i, AlwaysAtLeast(m, x))"),
    ("invariant i: always at least m", "InvariantDecl(i, AlwaysAtLeast(m))"),
    ("invariant i: monotone in a.b", "InvariantDecl(i, MonotoneIn(Select(a, b)))"),
    (
        "test 't' { now 2026-01-01 given a.b { x: 1, 'y': 2 } expect block expect error"
        " expect risk 5 expect rules [r, x.s,] expect rules [] expect because contains 'c' }",
        "PolicyTest('t', [AtInstant(TimestampLiteral(1767225600000000000))"
        " Given(a.b, MapLiteral([MapEntry(x, 1) MapEntry('y', 2)])) ExpectEffect(Block())"
        " ExpectError() ExpectRisk(5) ExpectRules([r x.s]) ExpectRules() ExpectBecause('c')])",
    ),
    (
        "test 't' { past a.b { } ago 3d status executed agent 'bot' past a.b { } ago 1h }",
        "PolicyTest('t', [Past(a.b, MapLiteral(), DurationLiteral(259200000000000), executed, 'bot')"
        " Past(a.b, MapLiteral(), DurationLiteral(3600000000000))])",
    ),
    (
        "test 't' { cases (a, b) { 1 | 'x' => auto_run now | 2 => block } }",
        "PolicyTest('t', [CaseTable([a b], [CaseTableRow([1 'x'], AutoRun())"
        " CaseTableRow([now 2], Block())])])",
    ),
]


@pytest.mark.parametrize(("text", "tree"), TREES, ids=lambda value: str(value)[:40])
def test_a_declaration_becomes_a_tree(text: str, tree: str) -> None:
    assert show(declaration(text)) == tree


@pytest.mark.parametrize("text", [text for text, _ in TREES], ids=lambda text: text[:40])
def test_layout_and_comments_have_no_meaning(text: str) -> None:
    gaps = re.compile(r" (?!USD\b)(?=(?:[^']*'[^']*')*[^']*$)")
    assert declaration(gaps.sub("\n // between\n\t ", text)) == declaration(text)
    assert declaration(gaps.sub("\r\n", text)) == declaration(text)


@pytest.mark.parametrize("text", [text for text, _ in TREES], ids=lambda text: text[:40])
def test_a_span_is_what_was_written(text: str) -> None:
    assert declaration(text).span.text == text


WORDS = (
    "action type let history calendar route default on_error permit risk rule guard absolute"
    " exception invariant test on as when unless tier cases table because obligate require then"
    " and block auto_run one of all exclude outranks distinct remind sla timeout notify escalate"
    " reject approve agent to from until owner reason ticket max_uses never always at least monotone"
    " given past ago status expect rules contains error now else strictest zone days hours holidays"
    " changes package import where suspends"
).split()


@pytest.mark.parametrize("word", WORDS)
def test_any_word_may_be_a_field(word: str) -> None:
    """Source: docs/language.md#choices: after a dot or before a colon."""
    found = declaration(f"guard g when x.{word} == f({word}: 1) => block")
    assert f"Select(x, {word})" in show(found)
    assert f"Argument({word}, 1)" in show(found)
    assert f"FieldDecl({word}, TypeRef(int))" in show(declaration(f"action a {{ {word}: int }}"))


@pytest.mark.parametrize("word", ["action", "risk", "type", "route", "default", "permit", "test"])
def test_a_word_that_opens_declarations_may_begin_a_row(word: str) -> None:
    rows = f"{word}.amount > 5 => auto_run\n{word} >= 6 => block\n{word} in [1] => block"
    body = declaration(f"rule r cases {{ {rows} }}")
    assert isinstance(body, ast.RuleDecl)
    assert isinstance(body.body, ast.Cases)
    assert len(body.body.rows) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("guard g => blocked", "blocked"),
        ("guard g => requiremanager", "requiremanager"),
        ("guard g whenx => block", "whenx"),
        ("calendar c { zones 'UTC' }", "zones"),
        ("route r { one of x timeout 1h then rejected }", "rejected"),
        ("route r { one of x distincts }", "distincts"),
        ("exception e suspends g { froms 2026-01-01 }", "froms"),
    ],
)
def test_a_keyword_is_a_whole_word(text: str, found: str) -> None:
    (line,) = told(parsed(f"package p\n{text}\n").diagnostics)
    assert line.startswith(f"GW0101 `{found}` unexpected `{found}`")


def test_imports_and_package() -> None:
    file = parsed("package a.b\nimport std.people as who\nimport c.d\n").file
    assert show(file.package) == "a.b"
    assert [show(i) for i in file.imports] == ["Import(std.people, who)", "Import(c.d)"]
    assert [i.local_name for i in file.imports] == ["who", "d"]


def test_two_becauses_are_one_too_many() -> None:
    found = parsed("package p\nguard g => block because 'a' because 'b' because 'c'\n")
    assert told(found.diagnostics) == [
        "GW0110 `'b'` `because` is given twice",
        "GW0110 `'c'` `because` is given twice",
    ]
    assert found.whole


def test_doc_comments_belong_to_what_stands_below() -> None:
    text = (
        "package p\n/// Not of a let: a line is between.\n\n/// One.\n///Two.\nlet a = 5\n"
        "/// Three.\n@owner('x')\nlet b = 6 /// after it\nlet c = 7 let d = 8\n"
        "// plain\n/// Four.\n  let e = 9\n"
    )
    docs = [d.doc for d in parsed(text).file.declarations]
    assert docs == ["One.\nTwo.", "Three.", None, None, "Four."]


def test_comments_are_kept_with_their_places() -> None:
    comments = parsed("package p // one\r\n/// two\nlet x = '// no comment'\n").file.comments
    assert [(c.text, c.span.begin) for c in comments] == [("// one", (1, 11)), ("/// two", (2, 1))]
