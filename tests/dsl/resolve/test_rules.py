"""Rules as rows, floors, permits, risks, exceptions, invariants, tests: what a policy holds of them.

Source: docs/language.md.
"""

from __future__ import annotations

import pytest

from gatewright.dsl import ast
from gatewright.dsl.load import check_sources
from gatewright.dsl.policy import BLOCK, Row
from gatewright.dsl.resolve.expand import cell_condition
from gatewright.dsl.source import Source
from tests.dsl.resolve.support import checked, told
from tests.dsl.syntax.support import show

HEAD = """package p
type T { s: string }
action p.a on x.y as T {
  n: int, m: int, e: enum("u", "v"), r?: string, d: money(USD), changes { S: string, N: int }
}
route m { one of "x" }
route o { one of "y" }
let five = 5
"""


def rows(text: str) -> tuple[Row, ...]:
    return checked(f"{HEAD}{text}\n").rules[0].rows


def written(row: Row) -> list[str]:
    return [("!" if c.negated else "") + show(c.expression) for c in row.conditions]


def test_clauses_are_conditions_of_every_row() -> None:
    (row,) = rows("rule r when action.n > 5 unless action.m > 6 when true => block")
    assert written(row) == [
        "Binary(>, Select(action, n), 5)", "!Binary(>, Select(action, m), 6)", "true",
    ]  # fmt: skip
    assert row.effect == BLOCK
    assert [c.span.text for c in row.conditions] == ["action.n > 5", "action.m > 6", "true"]


def test_cases_negate_the_rows_before() -> None:
    found = rows(
        "rule r when true cases { action.n > 5 => block action.m > 6 => require m else => auto_run }"
    )
    n, m = "Binary(>, Select(action, n), 5)", "Binary(>, Select(action, m), 6)"
    assert [written(row) for row in found] == [
        ["true", n],
        ["true", f"!{n}", m],
        ["true", f"!{n}", f"!{m}"],
    ]
    assert [row.effect.routes for row in found] == [frozenset(), {"p.m"}, frozenset()]


def test_cells_become_comparisons() -> None:
    found = rows("rule r tier action.n { < 5 => block 5 .. 9 => auto_run > 9 => block }")
    assert [written(row) for row in found] == [
        ["Binary(<, Select(action, n), 5)"],
        ["Between(Select(action, n), 5, 9)"],
        ["Binary(>, Select(action, n), 9)"],
    ]
    found = rows(
        "rule r table (action.n, action.e) { 5 | _ => block _ | 'v' => block _ | _ => block }"
    )
    assert [written(row) for row in found] == [
        ["Binary(==, Select(action, n), 5)"],
        ["Binary(==, Select(action, e), 'v')"],
        [],
    ]


def test_a_cell_that_matches_everything_is_always_true() -> None:
    span = rows("rule r => block")[0].span
    cell = cell_condition(ast.Name("x", span=span), ast.AnyCell(span=span))
    assert cell.expression == ast.BoolLiteral(True, span=span)


def test_a_tier_or_table_over_changes_applies_where_they_change() -> None:
    has = "MethodCall(changes, has, [Argument('{}')])"
    (first, _) = rows("rule r tier changes.N.new { < 5 => block >= 5 => auto_run }")
    assert written(first)[0] == has.format("N")
    (row,) = rows("rule r table (changes.S.old, changes.N.new + changes.N.old) { _ | _ => block }")
    assert written(row) == [has.format("S"), has.format("N")]
    (row,) = rows("rule r table (changes.fields.size()) { _ => block }")
    assert written(row) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("rule r cases { }", ["GW0401 `cases { }` this `cases` has no rows"]),
        ("rule r cases { else => block action.n > 5 => block }",
         ["GW0430 `action.n > 5 => block` no action reaches this row, since `else` comes before it"]),
        ("rule r cases { action.z > 5 => block else => block }",
         ["GW0302 `z` `action` has no field `z`"]),
        ("rule r when has(action.r) when action.r == 'x' => block", []),
        ("rule r unless !has(action.r) when action.r == 'x' => block", []),
        ("rule r cases { !has(action.r) => block action.r == 'x' => block }", []),
        ("rule r when has(action.r) => block because '{action.r}'", []),
        ("rule r => block because '{action.r}'",
         ["GW0312 `action.r` `action.r` may be absent"]),
        ("rule r => block obligate notify(channel: action.z)",
         ["GW0302 `z` `action` has no field `z`"]),
        ("rule r => block obligate notify(to: 'a', 'b', to: 'c') obligate notify(to: 'd')",
         ["GW0324 `to: 'c'` `to` is given twice"]),
        ("rule r tier changes.N.new { < 5 => block >= 5 => block }", []),
        ("rule r tier action.z { < 5 => block }", ["GW0302 `z` `action` has no field `z`"]),
        ("rule r table (action.z) { 5 => block }", ["GW0302 `z` `action` has no field `z`"]),
        ("rule r table (action.n, action.m) { 5 => block }",
         ["GW0410 `5 => block` this row has 1 cell, the table has 2 subjects"]),
        ("rule r on p.b => block", ["GW0205 `p.b` no action `p.b` is declared"]),
        ("rule r on q.*, * => block", []),
        ("risk r when action.z > 5 => 5", ["GW0302 `z` `action` has no field `z`"]),
        ("risk r when risk > 5 => 5",
         ["GW0330 `risk` `risk` cannot be read here: this is a part of the score itself"]),
        ("risk r when true => 5 because '{action.z}'", ["GW0302 `z` `action` has no field `z`"]),
        ("risk r when true => 0", ["GW0606 `0` a risk score is a whole number from 1 to 100"]),
        ("guard g when requester == 'x' => block",
         ["GW0330 `requester` `requester` cannot be read here: only a route knows who asks"]),
        ("permit agent '' to p.*",
         ["GW0614 `''` a permit names an agent with an id that is not empty"]),
        ("permit when action.z > 5 to p.*", ["GW0302 `z` `action` has no field `z`"]),
        ("permit when action.z > 5 to q.*", []),
        ("permit agent 'x' to p.z", ["GW0205 `p.z` no action `p.z` is declared"]),
        ("default block on p.z", ["GW0205 `p.z` no action `p.z` is declared"]),
        ("invariant i: never block when action.z > 5", ["GW0302 `z` `action` has no field `z`"]),
        ("invariant i: always at least m when action.z > 5",
         ["GW0302 `z` `action` has no field `z`"]),
        ("invariant i: monotone in action.d", []),
        ("invariant i: monotone in action.e",
         ["GW0316 `action.e` `monotone in` needs values that have an order, and this is"
          ' `enum("u", "v")`']),
        ("invariant i: monotone in action.z", ["GW0302 `z` `action` has no field `z`"]),
        ("invariant i: never default", []),
        ("invariant i on p.z: never block", ["GW0205 `p.z` no action `p.z` is declared"]),
        ("let x = y\nlet y = x", ["GW0212 `x` this `let` is defined by itself: `x` -> `y` -> `x`"]),
        ("let x = 5 + 'a'", ["GW0305 `5 + 'a'` `+` does not take `int` and `string`"]),
        ("let x = action.z\nguard g when x > 5 => block", ["GW0302 `z` `action` has no field `z`"]),
        ("let x = action.r\nlet y = x\nguard g when y == 'x' => block",
         ["GW0312 `y` `action.r` may be absent"]),
    ],
)  # fmt: skip
def test_a_declaration_that_means_nothing_is_told(text: str, lines: list[str]) -> None:
    assert told(f"{HEAD}{text}\n") == lines


@pytest.mark.parametrize("guard", ["when l0 > 5 => block", "=> block because '{-l0}'"])
def test_lets_count_with_what_they_stand_for(guard: str) -> None:
    lets = "".join(f"let l{i} = -l{i + 1}\n" for i in range(62))
    checked(f"{HEAD}{lets}let l62 = action.n\nguard g => block because '{{l0}}'\n")
    lines = told(f"{HEAD}{lets}let l62 = -action.n\nguard g {guard}\n")
    assert [line[:6] for line in lines] == ["GW0703"], lines
    more = "".join(f"let m{i} = -m{i + 1}\n" for i in range(100)) + "let m100 = 5\n"
    lines = told(f"{HEAD}{more}guard g {guard.replace('l0', 'm0')}\n")
    assert [line[:6] for line in lines] == ["GW0703"], lines


def test_rules_on_several_actions_are_checked_for_each() -> None:
    head = "package p\naction p.a { n: int, r: int }\naction p.b { n: string }\naction q.c { n: int }\n"
    assert told(f"{head}guard g on p.* when action.n > 5 => block\n") == [
        "GW0306 `5` `string` cannot be compared with `int`"
    ]
    assert told(f"{head}guard g on p.* when action.r > 5 => block\n") == [
        "GW0312 `action.r` `action.r` may be absent for action `p.b`"
    ]
    assert told(f"{head}guard g on p.* when has(action.r) && action.r > 5 => block\n") == []
    assert told(f"{head}guard g on p.a, q.* when action.n > 5 => block\n") == []
    assert told(f"{head}guard g on undeclared.* when action.anything > 5 => block\n") == []


def test_exceptions_see_the_actions_of_what_they_suspend() -> None:
    text = (
        "package p\naction p.a { n: int }\naction p.b { k: int }\nguard g on p.a => block\n"
        "guard h on p.b => block\nlet five = 5\n"
    )
    times = "from 2026-01-01 until 2026-02-01"
    checked(f"{text}exception e suspends g {{ when action.n > five {times} }}\n")
    assert told(f"{text}exception e suspends g, h {{ when action.n > 5 {times} }}\n") == [
        "GW0302 `n` `action` has no field `n`"
    ]
    assert told(f"{text}exception e suspends gone {{ when action.n > 5 {times} }}\n") == [
        "GW0207 `gone` there is no rule or guard `gone` here"
    ]


def test_an_exception_as_declared() -> None:
    policy = checked(
        "package p\naction p.a { }\nguard g => block\nexception e suspends g { when true when 5 > 4\n"
        "from 2026-01-01 until 2026-04-01T00:00:00Z owner 'o' reason 'r' ticket 't' max_uses 4 }\n"
        "exception f suspends g { from 2026-01-01 until 2026-01-02 }\n"
    )
    e, f = policy.exceptions
    assert len(e.conditions) == 2
    assert e.until_nanos - e.from_nanos == 90 * 86_400 * 10**9
    assert (e.owner, e.reason, e.ticket, e.max_uses) == ("o", "r", "t", 4)
    assert (f.owner, f.reason, f.ticket, f.max_uses) == (None, None, None, None)


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ("", ["GW0420 `e` the exception `e` has no `from`", "GW0420 `e` the exception `e` has no"
              " `until`"]),
        ("until 2026-01-01", ["GW0420 `e` the exception `e` has no `from`"]),
        ("from 2026-01-01 until 2026-01-01",
         ["GW0421 `until 2026-01-01` this exception ends before it begins"]),
        ("from 2026-01-01 until 2026-04-01T00:00:01Z",
         ["GW0421 `until 2026-04-01T00:00:01Z` this exception lasts 90 days and 1s, and 90 days"
          " are allowed"]),
        ("from 2026-01-01 until 2026-04-02T02:03:00.25Z",
         ["GW0421 `until 2026-04-02T02:03:00.25Z` this exception lasts 91 days and 2h 3m 0.25s,"
          " and 90 days are allowed"]),
        ("from 2026-01-01 from 2026-01-02 until 2026-01-03",
         ["GW0110 `from 2026-01-02` `from` is given twice"]),
        ("from 2026-01-01 until 2026-01-02 owner 5", ["GW0423 `5` `owner` takes a string"]),
        ("from 2026-01-01 until 2026-01-02 max_uses 0",
         ["GW0423 `0` `max_uses` takes a whole number from 1"]),
        ("from 2026-01-01 until 2026-01-02 max_uses 'x'",
         ["GW0423 `'x'` `max_uses` takes a whole number from 1"]),
        ("from 2026-01-01 until 2026-01-02 when 5",
         ["GW0311 `5` a condition is `bool`, and this is `int`"]),
    ],
)  # fmt: skip
def test_an_exception_that_is_wrong_is_told(items: str, lines: list[str]) -> None:
    text = "package p\naction p.a { }\nguard g => block\n"
    assert told(f"{text}exception e suspends g {{ {items} }}\n") == lines


def test_what_else_a_policy_holds() -> None:
    policy = checked(
        f"{HEAD}default require m\ndefault block on p.a\non_error require o then m on *\n"
        "permit agent 'bot' to p.*\npermit when agent.team == 'x' to p.a, q.*\n"
        "risk z when true => 1\nrisk a on p.a when true => 100 because 'b'\n"
        "invariant z: never default\ninvariant a on p.a: never block\n"
        "guard z => block\nabsolute guard b => block\nrule a => block\n"
        "test 'z' { given p.a { } expect block }\ntest 'a' { given p.a { } expect block }\n"
    )
    assert [(f.kind, f.effect.block) for f in policy.defaults] == [
        ("default", False),
        ("default", True),
    ]
    assert policy.on_errors[0].effect.orders == {("p.o", "p.m")}
    assert [(p.agent, p.condition is None) for p in policy.permits] == [
        ("bot", True),
        (None, False),
    ]
    assert policy.permits[1].covers("q.x.y") and not policy.permits[1].covers("p.b")
    assert [(r.name, r.score) for r in policy.risks] == [("a", 100), ("z", 1)]
    assert [i.name for i in policy.invariants] == ["a", "z"]
    assert [(r.name, r.kind) for r in policy.rules] == [
        ("a", "rule"), ("b", "absolute guard"), ("z", "guard"),
    ]  # fmt: skip
    assert [test.name for test in policy.tests] == ["z", "a"]
    assert policy.packages["p"].lets["five"].value == ast.IntLiteral(5, span=policy.risks[0].span)


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ("given p.a { n: 1, 's': 2 } expect block",
         ["GW0610 `'s'` the action `p.a` has no field `s`"]),
        ("given p.a { n: five } expect block", []),
        ("given p.a { n: [1, {x: -2, 'y': five}] } expect block", []),
        ("given p.a { n: gone } expect block",
         ["GW0612 `gone` a test gives plain values, and `gone` is known only when an action is"
          " decided"]),
        ("given p.a { n: five + agent.x.y } expect block",
         ["GW0612 `agent.x.y` a test gives plain values, and `agent.x.y` is known only when an action"
          " is decided"]),
        ("given p.a { 5: 1 } expect block", ["GW0612 `5` a test gives a field by its name"]),
        ("given p.a { } given agent { id: 'x', anything: 5 } given target { id: 'x', s: 1 }"
         " given changes { S: { old: 'a', new: 'b' }, N: 5 } expect block", []),
        ("given p.a { } given target { attributes: { s: 1 } } expect block",
         ["GW0610 `attributes` the target of `p.a` has no field `attributes`"]),
        ("given p.a { } given changes { s: 1, S: { odl: 'a', new: 'b' } } expect block",
         ["GW0610 `s` `changes` of `p.a` has no field `s`",
          "GW0610 `odl` the change of `S` has no field `odl`"]),
        ("given data { x: 1 } given p.a { } expect block", ["GW0610 `x` `data` has no field `x`"]),
        ("given r.any { } given target { x: 1 } given changes { y: 1 } expect block", []),
        ("given p.a { } given context { trigger: 'x', other: 1 } expect block",
         ["GW0610 `other` `context` has no field `other`"]),
        ("given q.z { } expect block",
         ["GW0607 `q.z` `q.z` is neither an action nor a part of one"]),
        ("given r.any { x: 1 } expect block", []),
        ("given s.any { x: 1 } expect block", []),
        ("given t.any { x: 1 } expect block", []),
        ("given u.any { x: 1 } expect block", []),
        ("expect block", ["GW0608 `'t'` this test gives no action to decide"]),
        ("given p.a { }", ["GW0609 `'t'` this test expects nothing, so it cannot fail"]),
        ("given p.a { } cases (n) { }",
         ["GW0609 `'t'` this test expects nothing, so it cannot fail"]),
        ("given p.a { } cases (n, z) { 1 | 2 => block 3 => require gone 4 | gone => block }",
         ["GW0610 `z` the action `p.a` has no field `z`",
          "GW0611 `3 => require gone` this row has 1 value, and the head names 2 fields",
          "GW0204 `gone` there is no route `gone` here",
          "GW0612 `gone` a test gives plain values, and `gone` is known only when an action is"
          " decided"]),
        ("given r.any { } cases (z) { 1 => block }", []),
        ("cases (z) { 1 => block }", ["GW0608 `'t'` this test gives no action to decide"]),
        ("given p.a { } past p.a { n: 1, agent: 'x', target: 'y', decided_by: 'z', k: 1 } ago 1h"
         " status executed expect block", ["GW0610 `k` the action `p.a` has no field `k`"]),
        ("given p.a { } past r.any { } ago 1h expect block",
         ["GW0205 `r.any` no action `r.any` is declared"]),
        ("given p.a { } past p.a { } ago 1h status done expect block",
         ["GW0603 `done` `done` is not a status of a past action"]),
        ("given p.a { } expect rules [on_r, p.on_r, gone, x.y]",
         ["GW0207 `gone` there is no rule or guard `gone` here",
          "GW0207 `x.y` there is no rule or guard `x.y` here"]),
        ("given p.a { } expect require gone", ["GW0204 `gone` there is no route `gone` here"]),
        ("given p.a { } expect error expect because contains 'x' expect risk 5", []),
        ("given p.a { } given p.a { } expect block", ["GW0110 `p.a` the action is given twice"]),
        ("now 2026-01-01 now 2026-01-02 given p.a { } expect block",
         ["GW0110 `now 2026-01-02` `now` is given twice"]),
        ("given p.a { } expect block expect require m",
         ["GW0613 `expect require m` this test expects an effect twice, and an action has only one"]),
        ("given p.a { } expect rules [] expect rules []",
         ["GW0613 `expect rules []` this test expects the rules that match twice, and an action has"
          " only one"]),
    ],
)  # fmt: skip
def test_what_a_test_names_must_exist(items: str, lines: list[str]) -> None:
    rest = (
        "guard on_r on r.* => block\ndefault block on s.*\non_error block on t.*\n"
        "permit agent 'x' to u.*\n"
    )
    assert told(f"{HEAD}{rest}test 't' {{ {items} }}\n") == lines


def test_a_subject_is_told_of_once_and_its_cells_each() -> None:
    assert told("""package p
action a.b { x: int, note?: string }
rule r on a.b table (action.x, action.x) {
  1 | 2 => block
  "1" | 3 => auto_run
}
rule s on a.b table (action.note) {
  "a" => block
  2 => auto_run
}
""") == [
        'GW0306 `"1"` `int` cannot be compared with `string`',
        "GW0312 `action.note` `action.note` may be absent",
        "GW0306 `2` `string` cannot be compared with `int`",
    ]


def test_a_text_asks_first_within_its_placeholder() -> None:
    texts = 'guard g on p.a when true => block because "{action.r} {changes.S.new}"\n'
    source = Source("0.gate", f'{HEAD}{texts}guard h on p.a when action.r == "r" => block\n')
    assert [d.help for d in check_sources([source])[1]] == [
        "write `{has(action.r) ? ... : 'none'}`",
        "write `{changes.has('S') ? ... : 'none'}`",
        "write `has(action.r) && ...` before it",
    ]


def test_tests_run_up_to_a_limit_in_each_file() -> None:
    head = "package p\naction a.b { x: int }\n"
    once = "".join(f'test "{n}" {{ given a.b {{ x: 1 }} expect block }}\n' for n in range(1_000))
    cases = 'test "rows" { given a.b { } cases (x) {\n' + "1 => block\n" * 1_000 + "} }\n"
    assert told(head + once + cases, f"package p\n{cases.replace('rows', 'more')}") == []
    more = 'test "z" { given a.b { } expect block }\ntest "nothing" { }\n'
    assert [line[:12] for line in told(head + once + cases + more)] == ['GW0715 `"z"`']
