from __future__ import annotations

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.policy_tests.run import run_tests
from tests.engine.policy_tests.support import REFUNDS, block, one, run


@pytest.mark.parametrize(
    "body",
    [
        "expect auto_run",
        "expect rules [by_amount]",
        "expect rules [billing.refunds.by_amount]",
        'expect because contains "5.00 USD for C-1"',
        "expect risk 0",
        "expect auto_run expect risk 0 expect rules [by_amount]",
    ],
)
def test_what_holds_passes(body: str) -> None:
    result = one(block(body))
    assert result.passed
    assert (result.reason, result.message) == ("", "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("expect block", "expected block, decided auto_run"),
        ("expect require manager", "expected require manager, decided auto_run"),
        ("expect rules []", "expected rules [], decided rules [by_amount]"),
        (
            "expect rules [repeat, by_amount]",
            "expected rules [by_amount, repeat], decided rules [by_amount]",
        ),
        (
            'expect because contains "nope"',
            'expected because contains "nope", decided because "5.00 USD for C-1, ***."',
        ),
        ("expect error", "expected an error, decided without an error"),
        ("expect risk 7", "expected risk 7, decided risk 0"),
        (
            "expect block expect risk 7",
            "expected block, decided auto_run; expected risk 7, decided risk 0",
        ),
    ],
)
def test_what_does_not_hold_fails_with_both_sides(body: str, reason: str) -> None:
    result = one(block(body))
    assert not result.passed
    assert result.reason == reason


def test_the_message_names_the_place_the_test_and_the_explanation() -> None:
    result = one('test "small refunds" {\n  given billing.refund { customer: "C-1", amount: 5 USD }'
                 "\n  expect block\n}")  # fmt: skip
    line = REFUNDS.count("\n") + 1
    assert (result.at.file, result.at.line, result.at.column) == ("refunds.gate", line, 6)
    lines = result.message.split("\n")
    assert lines[:3] == [
        f'refunds.gate:{line + 2}:10: test "small refunds"',
        "  expected  block",
        "  decided   auto_run",
    ]
    assert "  AUTO_RUN: nobody needs to approve" in lines
    assert any("rule by_amount => auto_run" in line for line in lines)
    assert (result.name, result.package) == ("small refunds", "billing.refunds")


def test_a_failure_masks_secrets() -> None:
    given = 'customer: "C-1", amount: 5 USD, card: "4242-4242"'
    result = one(block('expect block expect because contains "4243"', given))
    assert not result.passed
    assert "4242" not in result.message + result.reason
    assert "***" in result.message


def test_control_characters_of_a_policy_do_not_reach_a_message() -> None:
    given = 'customer: "C\\u001b[31m", amount: 5 USD'
    result = one(block("expect block", given))
    assert "\x1b" not in result.message


ROUTES = [
    ("5000 USD", "C-1", "require manager", True),
    ("5000 USD", "C-1", "require finance", False),
    ("5000 USD", "C-1", "require manager and legal", False),
    ("5 USD", "C-then", "require manager then legal", True),
    ("5 USD", "C-then", "require manager and legal", False),
    ("5 USD", "C-then", "require legal then manager", False),
    ("5 USD", "C-closed", "block", True),
    ("5 USD", "C-closed", "require manager", False),
    ("5000 USD", "C-1", "require billing.refunds.manager", True),
]


@pytest.mark.parametrize(("amount", "customer", "effect", "passes"), ROUTES)
def test_routes_are_compared_with_their_order(
    amount: str, customer: str, effect: str, passes: bool
) -> None:
    given = f'customer: "{customer}", amount: {amount}'
    assert one(block(f"expect {effect}", given)).passed is passes


def test_expected_routes_absorb_as_decided_ones_do() -> None:
    past = 'past billing.refund { customer: "C-1", amount: 1 USD } ago 1d'
    given = 'customer: "C-1", amount: 60 USD'
    for effect in ("require finance", "require manager and finance"):
        assert one(block(f"{past} expect {effect}", given)).passed


def test_a_route_of_an_imported_package_is_found() -> None:
    people = 'package people\nroute boss { one of group("bosses") timeout 4h then reject }\n'
    policy = (
        "package notes\nimport people as who\naction note.add { }\n"
        "rule ask on note.add => require who.boss\n"
        'test "t" { given note.add { } expect require who.boss expect rules [ask] }\n'
        'test "u" { given note.add { } expect require people.boss expect rules [notes.ask] }\n'
    )
    results = run_tests(load_source([people, policy]))
    assert [r.message for r in results] == ["", ""]


def test_because_sees_permits_defaults_and_risks() -> None:
    policy = (
        'package a\naction a.x { n: int }\naction a.y { }\npermit agent "bot" to a.x\n'
        'risk big on a.x when action.n > 5 => 30 because "a big one"\n'
        "rule any on a.x when action.n > 9 => auto_run\n"
    )
    tests = (
        'test "permit" { given a.y { } given agent { id: "eve" }'
        ' expect block expect because contains "agent eve is not permitted to a.y" }\n'
        'test "default" { given a.x { n: 1 } given agent { id: "bot" }'
        ' expect because contains "no rule opens this action" }\n'
        'test "risk" { given a.x { n: 6 } given agent { id: "bot" }'
        ' expect because contains "a big one" expect risk 30 }\n'
    )
    assert [r.message for r in run(tests, policy)] == ["", "", ""]


def test_no_reason_at_all_is_said() -> None:
    policy = "package a\naction a.x { }\nrule r on a.x => auto_run\n"
    tests = 'test "t" { given a.x { } expect because contains "x" }'
    assert one(tests, policy).reason == 'expected because contains "x", decided because no reason'


def test_because_is_compared_in_normal_form() -> None:
    policy = 'package a\naction a.x { }\nrule r on a.x => auto_run because "caf\\u0065\\u0301"\n'
    tests = 'test "t" { given a.x { } expect because contains "caf\\u00e9" }'
    assert one(tests, policy).passed


def test_an_error_that_is_not_expected_is_not_held_against_a_test() -> None:
    assert one(block("expect block", 'customer: "C-1"')).passed
    assert one(block("expect error expect block", 'customer: "C-1"')).passed


def test_a_shadow_rule_does_not_count_as_matched() -> None:
    policy = (
        "package a\naction a.x { }\nrule r on a.x => auto_run\n@shadow guard g on a.x => block\n"
    )
    assert one('test "t" { given a.x { } expect rules [r] expect auto_run }', policy).passed


MARKED = (
    "package a\naction a.x { who: string }\nrule any on a.x => auto_run"
    ' because "for e{action.who}BECAUSE."\n'
    'test "t" { given a.x { who: NAME } expect because contains TEXT }\n'
)
MARK = "\u0301"


def because(name: str, text: str, rest: str = "") -> str:
    """Return why a test of what a reason contains fails; empty where it passes."""
    policy = MARKED.replace("NAME", f'"{name}"').replace("TEXT", f'"{text}"')
    (result,) = run_tests(load_source(policy.replace("BECAUSE", rest)))
    return result.reason


@pytest.mark.parametrize(
    ("name", "text"), [("Ren\u00e9", "Rene\u0301"), ("Rene\u0301", "Ren\u00e9"), ("x", "for ex.")]
)
def test_because_is_compared_whatever_the_spelling(name: str, text: str) -> None:
    assert not because(name, text)
    assert because(name, "Rene").startswith('expected because contains "Rene", decided because')


def test_a_reason_without_a_normal_form_equals_only_itself() -> None:
    """Ten times 30 marks in a row are too many to be put in order."""
    name, many = MARK * 30, "{action.who}" * 9
    assert not because(name, MARK * 2, many)
    assert because(name, "for \u00e9", many).startswith("expected because contains")
    assert not because(name, "for \u00e9")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("rule any on a.x => auto_run", "no reason"),
        ('rule any on a.x => auto_run\nguard g on a.x when action.n > 5 => block because "g"',
         "no reason"),
        ('@shadow rule other on a.x => auto_run because "s"\nrule any on a.x => auto_run',
         "no reason"),
    ],
    ids=["none", "not-matched", "shadow"],
)  # fmt: skip
def test_without_a_reason_nothing_is_contained(rule: str, said: str) -> None:
    test = 'test "t" { given a.x { n: 1 } expect because contains "" }\n'
    (result,) = run_tests(load_source(f"package a\naction a.x {{ n: int }}\n{rule}\n{test}"))
    assert result.reason == f'expected because contains "", decided because {said}'


def test_because_of_what_errs_and_of_an_exception() -> None:
    policy = (
        "package a\naction a.x { n: int }\nrule any on a.x => auto_run\n"
        'guard errs on a.x when 1 / action.n > 5 => block because "it errs"\n'
        'guard away on a.x => block because "it is away"\n'
        "exception e suspends away { from 2025-12-25T00:00:00Z until 2026-01-15T00:00:00Z"
        ' owner "o" reason "r" ticket "t" }\n'
        'test "errs" { given a.x { n: 0 } expect because contains "it errs" expect block }\n'
        'test "away" { given a.x { n: 1 } expect because contains "it is away" }\n'
    )
    errs, away = run_tests(load_source(policy))
    assert errs.passed
    assert away.reason == 'expected because contains "it is away", decided because no reason'
