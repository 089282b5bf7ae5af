from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from gatewright.dsl import ast
from gatewright.engine.decision import Effect, Place
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source
from gatewright.engine.policy_tests.given import BadGiven, Case, Preparing
from gatewright.engine.policy_tests.run import cases, run_case, run_tests
from gatewright.engine.values import Money
from tests.engine.policy_tests.support import DATA, REFUNDS, block, one, run

TYPES = """\
package all.types
type Inner { a: int, tags: map<string, int> }
action a.x {
  b: bool, i: int, u: uint, d: double, dec: decimal, m: money, s: string, by: bytes,
  t: timestamp, du: duration, e: enum("p", "q"), l: list<decimal>, r: Inner, x: any
}
let shared = { "a": 1, "tags": { "k": 2 } }
let price = 1.10
rule all on a.x
  when action.b && action.i == -3 && action.u == 7u && action.d == 1.5 && action.dec == 1.10
  when action.m == 3.10 EUR && action.s == "hi" && action.by == b"x" && action.e == "q"
  when action.t == 2026-01-02T03:04:05Z && action.du == 90m
  when action.l[0] == 1.10 && action.l.size() == 2
  when action.r.a == 1 && action.r.tags["k"] == 2 && action.x == [1, true, null]
  => auto_run
"""
VALUES = (
    'b: true, i: -3, u: 7, d: 1.5, dec: 1.10, m: 3.10 EUR, s: "hi", by: b"x", '
    't: 2026-01-02T03:04:05Z, du: 90m, e: "q", l: [1.10, 2], '
    "r: { a: 1, tags: { k: 2 } }, x: [1, true, null]"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("dec: 1.10", "dec: price"),
        ("r: { a: 1, tags: { k: 2 } }", "r: shared"),
        ("r: { a: 1, tags: { k: 2 } }", 'r: { "a": 1, tags: { "k": 1 + 1 } }'),
        ("u: 7", "u: 7u"),
        ("l: [1.10, 2]", "l: [price, 2]"),
    ],
)
def test_values_of_every_type_reach_the_conditions(old: str, new: str) -> None:
    result = one(
        f'test "t" {{ given a.x {{ {VALUES.replace(old, new)} }} expect auto_run }}', TYPES
    )
    assert result.passed, result.message


def test_a_value_that_does_not_fit_is_decided_not_refused() -> None:
    values = VALUES.replace('e: "q"', 'e: "r"')
    assert one(f'test "t" {{ given a.x {{ {values} }} expect error expect block }}', TYPES).passed


def test_keys_of_a_let_are_expressions() -> None:
    policy = (
        "package a\naction a.x { m: map<string, int>, n: map<bool, int>, o: map<int, int> }\n"
        'let key = "k"\nlet m = { key: 1 }\nlet n = { true: 1 }\nlet o = { 5: 1 }\n'
        'rule r on a.x when action.m["k"] == 1 && action.n[true] == 1 && action.o[5] == 1'
        " => auto_run\n"
    )
    assert one('test "t" { given a.x { m: m, n: n, o: o } expect auto_run }', policy).passed


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ('amount: { currency: "USD", currency: "EUR" }', "`currency` is given twice"),
        ("amount: 1 USD + 1 EUR", "the value cannot be used"),
        ("amount: broken", "the value cannot be used"),
        ("amount: 2bd", "business days"),
    ],
)
def test_a_value_that_cannot_be_had_fails_with_its_place(values: str, why: str) -> None:
    policy = REFUNDS + "let broken = [1 USD][3]\n"
    result = one(block("expect auto_run", f'customer: "C-1", {values}'), policy)
    assert not result.passed
    assert why in result.reason
    assert result.message.startswith("refunds.gate:")
    assert 'test "t"' in result.message


def test_what_a_checked_policy_cannot_say_is_refused_all_the_same() -> None:
    """The checker refuses these; a case may come from elsewhere."""
    policy_set = load_source(REFUNDS + block("expect auto_run"), data=DATA)
    (case,) = cases(policy_set.policy)
    given = case.test.declaration.items[0]
    assert isinstance(given, ast.Given)
    span = given.span
    deep: ast.Expr = ast.NullLiteral(span=span)
    for _ in range(70):
        deep = ast.ListLiteral((ast.ListItem(deep, span=span),), span=span)
    wrong: list[tuple[ast.Expr, ast.Expr, str]] = [
        (ast.Name("x", span=span), deep, "nests too deeply"),
        (ast.NullLiteral(span=span), ast.NullLiteral(span=span), "a key is"),
    ]
    for key, value, why in wrong:
        entry = ast.MapEntry(key, value, span=span)
        values = ast.MapLiteral((*given.values.entries, entry), span=span)
        declaration = replace(case.test.declaration, items=(replace(given, values=values),))
        with pytest.raises(BadGiven, match=why):
            Preparing(policy_set).setup(Case("t", replace(case.test, declaration=declaration)))


# --- parts


def test_agent_target_changes_and_context_are_given() -> None:
    policy = (
        'package a\naction a.x on crm.deal as Deal { changes { stage: enum("new", "won") } }\n'
        "type Deal { region: string }\n"
        "rule r on a.x\n"
        '  when agent.id == "bot" && agent.owner == "ann" && agent.age < 14d\n'
        '  when target.system == "crm" && target.object == "deal" && target.id == "D-1"\n'
        '  when target.region == "eu" && changes.has("stage")\n'
        '  when changes.stage.old == "new" && changes.stage.new == "won"\n'
        "  when has(context.confidence) && context.confidence >= 0.5\n"
        '  when context.evidence.size() == 1 && has(context.trigger) && context.trigger == "x"\n'
        "  => auto_run\n"
    )
    test = (
        'test "t" {\n'
        '  given agent { id: "bot", owner: "ann", age: 3d }\n'
        '  given target { id: "D-1", region: "eu" }\n'
        '  given changes { stage: { old: "new", new: "won" } }\n'
        '  given context { trigger: "x", evidence: ["mail"], confidence: 0.5 }\n'
        "  given a.x { }\n"
        "  expect auto_run\n}"
    )
    result = one(test, policy)
    assert result.passed, result.message


def test_blocks_of_one_subject_add_up() -> None:
    policy = (
        'package a\naction a.x { }\nrule r on a.x when agent.id == "b" && agent.owner == "o"'
        " => auto_run\n"
    )
    given = 'given agent { id: "b" } given agent { owner: "o" } given a.x { }'
    test = f'test "t" {{ {given} expect auto_run }}'
    assert one(test, policy).passed


def test_a_target_may_have_no_attributes() -> None:
    policy = 'package a\naction a.x { }\nrule r on a.x when target.id == "T" => auto_run\n'
    assert one('test "t" { given a.x { } given target { id: "T" } expect auto_run }', policy).passed


def test_data_is_replaced_by_root_key_for_one_test_only() -> None:
    tests = (
        'test "a" { given billing.refund { customer: "C-1", amount: 5 USD }'
        ' given data { closed: ["C-1"] } expect block }\n'
        'test "b" { given billing.refund { customer: "C-1", amount: 5 USD } expect auto_run }'
    )
    policy = REFUNDS + "guard other when data.other != 1 => block\n"
    assert [r.passed for r in run(tests, policy)] == [True, True]


def test_data_that_no_document_could_hold_fails() -> None:
    result = one(block('given data { closed: type("x") } expect block'))
    assert not result.passed
    assert "cannot" in result.reason or "kind" in result.reason


def test_data_that_the_policy_cannot_hold_fails() -> None:
    result = one(block("given data { closed: 18446744073709551615u } expect block"))
    assert not result.passed


# --- time and the past


def test_a_test_without_now_runs_at_the_default_instant() -> None:
    policy = (
        "package a\naction a.x { }\nrule r on a.x when now == 2026-01-01T00:00:00Z => auto_run\n"
    )
    assert one('test "t" { given a.x { } expect auto_run }', policy).passed


def test_now_is_the_instant_of_the_decision() -> None:
    policy = (
        "package a\naction a.x { }\nrule r on a.x when now == 2030-05-06T07:08:09Z => auto_run\n"
    )
    test = 'test "t" { now 2030-05-06T07:08:09Z given a.x { } expect auto_run }'
    assert one(test, policy).passed


@pytest.mark.parametrize(
    ("past", "effect"),
    [
        ("ago 29d", "require finance"),
        ("ago 30d", "auto_run"),
        ("ago 1d status pending", "require finance"),
        ("ago 1d status rejected", "auto_run"),
    ],
)
def test_past_actions_have_an_age_and_a_status(past: str, effect: str) -> None:
    head = 'past billing.refund { customer: "C-1", amount: 5 USD }'
    result = one(block(f"{head} {past} expect {effect}"))
    assert result.passed, result.message


PAST_POLICY = """\
package a
action a.x { n: int }
history h = a.x
history by_ann = a.x where decided_by == "ann" && decided_at == 2025-12-31T00:00:00Z
rule mine on a.x when h.count(agent: agent.id, within: 9d) == 1 => auto_run
guard target on a.x when h.count(target: "T", within: 9d) >= 1 => block
guard ann on a.x when by_ann.count(within: 9d) >= 1 => block
"""


@pytest.mark.parametrize(
    ("past", "effect"),
    [
        ("past a.x { n: 1 } ago 1d", "auto_run"),
        ('past a.x { n: 1 } ago 1d agent "other"', "block"),
        ('past a.x { n: 1, agent: "other" } ago 1d', "block"),
        ('past a.x { n: 1, agent: "other" } ago 1d agent "bot"', "auto_run"),
        ('past a.x { n: 1, target: "U" } ago 1d', "auto_run"),
        ('past a.x { n: 1, target: "T" } ago 1d', "block"),
        ('past a.x { n: 1, decided_by: "bob" } ago 1d', "auto_run"),
        ('past a.x { n: 1, decided_by: "ann" } ago 1d', "block"),
    ],
)
def test_past_actions_have_an_agent_a_target_and_a_person(past: str, effect: str) -> None:
    test = f'test "t" {{ given agent {{ id: "bot" }} given a.x {{ n: 1 }} {past} expect {effect} }}'
    result = one(test, PAST_POLICY)
    assert result.passed, result.message


def test_without_an_agent_the_past_has_none() -> None:
    policy = (
        "package a\naction a.x { }\nhistory h = a.x\n"
        "rule r on a.x when h.count(within: 9d) == 1 => auto_run\n"
    )
    assert one('test "t" { given a.x { } past a.x { } ago 1d expect auto_run }', policy).passed


@pytest.mark.parametrize(
    ("past", "why"),
    [
        ("past a.x { n: 1, agent: 5 } ago 1d", "the past action `agent` must be text"),
        ("now 0001-01-05T00:00:00Z past a.x { n: 1 } ago 9d", "outside the years"),
    ],
)
def test_a_past_action_that_cannot_be_fails(past: str, why: str) -> None:
    test = f'test "t" {{ given agent {{ id: "bot" }} given a.x {{ n: 1 }} {past} expect block }}'
    result = one(test, PAST_POLICY)
    assert not result.passed
    assert why in result.reason


AGREEMENT = """\
package a
action a.x { n: int }
route boss { one of group("bosses") timeout 4h then reject }
rule ask on a.x when action.n > 5 && agreement(ask, within: 90d) < 0.6 => require boss
rule small on a.x when action.n <= 5 || agreement(ask, within: 90d) >= 0.6 => auto_run
guard team on a.x when agent.team != "t" => block
"""


@pytest.mark.parametrize(
    ("second", "effect"), [("executed", "auto_run"), ("rejected", "require boss")]
)
def test_decided_past_actions_count_for_agreement(second: str, effect: str) -> None:
    """The rules that sent them to people are found by deciding them again."""
    test = (
        'test "t" { given agent { id: "bot", team: "t" } given a.x { n: 9 }'
        ' past a.x { n: 7, decided_by: "ann", target: "T" } ago 9d status executed'
        f' past a.x {{ n: 6, decided_by: "bob" }} ago 10d status {second}'
        f" expect {effect} }}"
    )
    result = one(test, AGREEMENT)
    assert result.passed, result.message


def test_uses_of_exceptions_count_from_zero() -> None:
    policy = (
        "package a\naction a.x { }\nrule r on a.x => auto_run\nguard g on a.x => block\n"
        "exception e suspends g {\n  from 2025-12-31T00:00:00Z\n  until 2026-01-02T00:00:00Z\n"
        '  owner "o"\n  reason "r"\n  ticket "T-1"\n  max_uses 1\n}\n'
    )
    assert one('test "t" { given a.x { } expect auto_run }', policy).passed


# --- cases


def test_a_row_is_a_test_of_its_own() -> None:
    test = (
        'test "edges" {\n  given billing.refund { customer: "C-1" }\n'
        "  expect rules [by_amount]\n"
        "  cases (amount) {\n    49.99 USD => auto_run\n    50 USD  => auto_run\n  }\n}"
    )
    passed, failed = run(test)
    assert passed.name == "edges (amount: 49.99 USD)"
    assert passed.passed
    assert failed.name == "edges (amount: 50 USD)"
    assert failed.reason == "expected auto_run, decided require manager"
    line = REFUNDS.count("\n") + 6
    assert failed.at == Place("refunds.gate", line, 5)
    assert failed.message.startswith(f"refunds.gate:{line}:16: test")


def test_rows_have_names_of_their_own_and_hide_secrets() -> None:
    test = (
        'test "t" { given billing.refund { amount: 5 USD }'
        ' cases (customer, card) { "C-1" | "42" => auto_run  "C-1" | "43" => auto_run '
        ' "C-2" | "43" => auto_run } }'
    )
    assert [r.name for r in run(test)] == [
        't (customer: "C-1", card: ***) #1',
        't (customer: "C-1", card: ***) #2',
        't (customer: "C-2", card: ***)',
    ]


def test_a_row_that_cannot_be_had_fails_alone() -> None:
    test = (
        'test "t" { given billing.refund { customer: "C-1" }'
        " cases (amount) { 1 USD => auto_run  1 USD + 1 EUR => auto_run } }"
    )
    assert [r.passed for r in run(test)] == [True, False]


# --- which tests there are


def test_tests_come_in_the_order_of_files() -> None:
    body = "given a.x { } expect auto_run"
    one_file = f'package b\ntest "z" {{ {body} }}\ntest "a" {{ {body} }}\n'
    other = f'package a\naction a.x {{ }}\nrule r on a.x => auto_run\ntest "m" {{ {body} }}\n'
    policy_set = load_source([one_file, other])
    assert [case.name for case in cases(policy_set.policy)] == ["z", "a", "m"]


def test_tests_of_imported_standard_packages_are_left_out() -> None:
    policy_set = load_source(REFUNDS + block("expect auto_run"), data=DATA)
    (test,) = policy_set.policy.tests
    standard = replace(test, name="of the library", package="std.people")
    policy = replace(policy_set.policy, tests=(test, standard))
    assert [case.name for case in cases(policy)] == ["t"]
    assert [case.name for case in cases(policy, library=True)] == ["t", "of the library"]


def test_chosen_cases_run_and_are_observed() -> None:
    tests = block("expect auto_run") + block("expect block").replace('"t"', '"u"')
    policy_set = load_source(REFUNDS + tests, data=DATA)
    chosen = cases(policy_set.policy)[1:]
    seen: list[bool] = []
    results = run_tests(policy_set, chosen, lambda outcome: seen.append(outcome.effect.auto_run))
    assert [r.name for r in results] == ["u"]
    assert seen == [True]


def test_the_same_case_gives_the_same_result() -> None:
    policy_set: PolicySet = load_source(REFUNDS + block("expect block"), data=DATA)
    (case,) = cases(policy_set.policy)
    preparing = Preparing(policy_set)
    first = run_case(preparing, case)
    assert first == run_case(preparing, case) == run_case(Preparing(policy_set), case)


ROWS = """test "ROWS" {
  given agent { id: "bot" }
  given billing.refund { customer: "C-1" }
  given data { closed: ["C-1"] }
  past billing.refund { customer: "C-1", amount: 5 USD } ago 1d
  cases (amount) {
    5 USD  => block
    6 USD  => block
  }
}
"""


def test_the_rows_of_a_test_share_what_they_have_in_common() -> None:
    policy_set = load_source(REFUNDS + ROWS + ROWS.replace("ROWS", "MORE"), data=DATA)
    preparing = Preparing(policy_set)
    first, second, other, _ = cases(policy_set.policy)
    setups = [preparing.setup(case) for case in (first, second)]
    one_row, another = setups
    assert one_row.history is another.history
    assert one_row.policy_set is another.policy_set is not policy_set
    amounts = [cast("dict[str, object]", setup.action["params"])["amount"] for setup in setups]
    assert amounts == [Money(Decimal(5), "USD"), Money(Decimal(6), "USD")]
    assert preparing.setup(other).history is not one_row.history
    again = preparing.setup(first)
    assert (again.action, list(again.history)) == (one_row.action, list(one_row.history))


def test_a_row_that_cannot_be_used_leaves_the_others_alone() -> None:
    rows = ROWS.replace("5 USD  =>", "broken  =>")
    broken = "let broken = [1 USD][3]\n"
    results = run_tests(load_source(REFUNDS + broken + rows, data=DATA))
    assert [result.passed for result in results] == [False, True]
    assert "the value cannot be used" in results[0].reason


def test_the_action_is_decided_and_looked_into_alike() -> None:
    policy_set = load_source(REFUNDS + ROWS, data=DATA)
    setup = Preparing(policy_set).setup(cases(policy_set.policy)[0])
    outcome = setup.outcome()
    assert outcome.effect.auto_run is (setup.decision().effect is Effect.AUTO_RUN)
    plain = setup.policy_set.outcome(setup.action, setup.history, now=setup.now)
    assert [rule.rule.qualified for rule in outcome.rules] == [
        rule.rule.qualified for rule in plain.rules
    ]
    assert [row.truth for rule in outcome.rules for row in rule.rows] == [
        row.truth for rule in plain.rules for row in rule.rows
    ]


def test_the_where_of_a_history_sees_the_lets_of_its_package() -> None:
    policy = (
        'package a\naction a.x { }\nlet live = ["pending"]\n'
        "history h = a.x where status in live\n"
        "rule r on a.x when h.count(within: 9d) == 1 => auto_run\n"
    )
    past = "past a.x { } ago 1d past a.x { } ago 1d status pending"
    test = f'test "t" {{ given a.x {{ }} {past} expect auto_run }}'
    result = one(test, policy)
    assert result.passed, result.message
