"""The lint `hidden-by-block`."""

from __future__ import annotations

import pytest

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint import hiding, lint
from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from tests.dsl.lint.support import ACTIONS, found, in_billing

CODE = "GW1004"
RULE = "rule r on billing.refund when action.amount < 50 USD => auto_run\n"
HIDDEN = "`r` the rule `r` decides nothing: `g` blocks whatever it matches | blocked here: `block`"


@pytest.mark.parametrize(
    "block",
    [
        "guard g => block",
        "guard g on billing.refund => block",
        "guard g on billing.* => block",
        "guard g on * => block",
        "absolute guard g on billing.refund => block",
        "rule g on billing.refund => block",
        "guard g on billing.refund when action.amount < 50 USD => block",
        "guard g on billing.refund when action.amount <= 60 USD => block",
        "guard g on billing.refund when action.amount < 60 USD && action.amount >= 0 USD => block",
        "guard g on billing.refund unless action.amount > 50 USD => block",
        "guard g on billing.refund when 1 < 2 => block",
        "let limit = 90 USD\nguard g on billing.* when action.amount < limit => block",
    ],
)
def test_blocks_that_hide_a_rule(block: str) -> None:
    assert in_billing(CODE, RULE + block) == [HIDDEN]


@pytest.mark.parametrize(
    "block",
    [
        "guard g on billing.update => block",
        "guard g on billing.refund when action.amount < 49 USD => block",
        "guard g on billing.refund when action.public => block",
        "guard g on billing.refund unless action.public => block",
        "@shadow guard g on billing.refund => block",
        "guard g on billing.refund => require manager",
        "guard g on billing.refund => block\nexception e suspends g {\n"
        "from 2026-01-01T00:00:00Z until 2026-01-02T00:00:00Z"
        ' owner "o" reason "r" ticket "t"\n}',
        "guard g on billing.refund cases { action.public => require manager else => block }",
    ],
)
def test_blocks_that_do_not(block: str) -> None:
    assert in_billing(CODE, RULE + block) == []


def test_rows_that_are_hidden_one_by_one() -> None:
    text = """rule r on billing.refund
      tier action.amount {
        < 50 USD => auto_run
        50 USD .. 200 USD => require manager
        > 200 USD => block
      }
    guard g on billing.refund when action.amount > 40 USD => block
    """
    assert in_billing(CODE, text) == [
        "`50 USD .. 200 USD => require manager` this row decides nothing:"
        " `g` blocks whatever it matches | blocked here: `block`"
    ]


def test_a_rule_of_the_whole_package_and_a_block_by_pattern() -> None:
    text = "rule r => require manager\nguard g on billing.* => block"
    assert in_billing(CODE, text) == [HIDDEN]


def test_a_rule_of_the_whole_package_and_a_block_of_one_action() -> None:
    text = "rule r => require manager\nguard g on billing.refund => block"
    assert in_billing(CODE, text) == []


def test_a_rule_of_two_actions_that_are_blocked_by_name() -> None:
    text = (
        "rule r on billing.refund, billing.update => require manager\n"
        "guard g on billing.update, billing.refund => block"
    )
    assert in_billing(CODE, text) == [HIDDEN]


def test_a_rule_by_pattern_is_not_hidden_by_blocks_of_names() -> None:
    text = (
        "rule r on billing.* => require manager\nguard g on billing.update, billing.refund => block"
    )
    assert in_billing(CODE, text) == []


def test_a_rule_by_pattern_and_a_wider_pattern() -> None:
    assert in_billing(CODE, "rule r on billing.* => require manager\nguard g on * => block") == [
        HIDDEN
    ]


def test_an_opaque_condition_that_both_share() -> None:
    text = (
        "rule r on billing.refund when action.customer in data.customers when action.public"
        " => auto_run\n"
        "guard g on billing.refund when action.customer in data.customers => block"
    )
    assert in_billing(CODE, text) == [HIDDEN]


@pytest.mark.parametrize(
    "block", ["action.items == 5", "action.items in [4, 5]", "action.items > 4"]
)
def test_a_rule_about_one_number(block: str) -> None:
    text = (
        "rule r on billing.refund when action.items == 5 => require manager\n"
        f"guard g on billing.refund when {block} => block"
    )
    assert in_billing(CODE, text) == [HIDDEN]


def test_names_of_two_packages_are_not_mixed_up() -> None:
    one = "let vip = action.customer == 'a'\n" + RULE.replace("action.amount < 50 USD", "vip")
    other = (
        "package other\nlet vip = action.customer == 'b'\n"
        "guard g on billing.refund when vip => block"
    )
    assert found(CODE, ACTIONS + one, other) == []
    assert found(CODE, ACTIONS + one, other.replace("'b'", "'a'")) == [HIDDEN]


def test_a_histories_name_belongs_to_its_package() -> None:
    one = (
        "history past = billing.refund\n"
        "rule r on billing.refund when past.count(within: 1d) == data.limit => auto_run\n"
    )
    other = (
        "package other\nhistory past = billing.update\n"
        "guard g on billing.refund when past.count(within: 1d) == data.limit => block"
    )
    assert found(CODE, ACTIONS + one, other) == []


def test_guards_that_only_require_can_be_hidden_too() -> None:
    text = "guard r on billing.refund => require manager\nguard g on billing.refund => block"
    assert in_billing(CODE, text) == [HIDDEN.replace("the rule", "the guard")]


BOUNDS = ["== 5", "< 5", "<= 4", "> 3", ">= 4", "in 2 .. 6", "in 4 .. 4", "!= 5", "in [2, 9]"]


@pytest.mark.parametrize("field", ["action.number", "action.share"])
@pytest.mark.parametrize("rule", BOUNDS)
def test_a_rule_among_many_blocks_is_hidden_as_by_each_alone(rule: str, field: str) -> None:
    text = f"rule r on p.a when {field} {rule} => auto_run\n"
    alone = {
        name: _hides(f"{text}guard {name} when {field} {bound} => block\n")
        for name, bound in zip("abcdefghi", BOUNDS, strict=True)
    }
    others = [f"guard {n} when {field} {b} => block\n" for n, b in zip(alone, BOUNDS, strict=True)]
    named = _hides(text + "".join(others))
    assert len(named) == 1
    assert alone[min(named)]
    for _ in others:
        others.append(others.pop(0))
        assert _hides(text + "".join(others)) == named


def _hides(text: str) -> set[str]:
    """Return the names of the blocks that hide the rule `r`."""
    texts = (d.message.partition("`r` decides nothing: `")[2] for d in _lint(text))
    return {text[0] for text in texts if text}


def _lint(text: str) -> list[Diagnostic]:
    head = "package p\naction p.a { number: int, share: decimal }\n"
    policy, errors = check_sources([Source("p.gate", head + text)])
    assert policy is not None, list(errors)
    return [diagnostic for diagnostic in lint(policy) if diagnostic.code == CODE]


@pytest.mark.parametrize("width", [1, 2])
def test_long_ladders_are_compared_row_by_row_with_what_lies_around_each(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where there are thousands of rows: too few comparisons to find a block by trying them all.
    monkeypatch.setattr(hiding, "_MOST_COMPARED", 0)

    def ladder(name: str, *effects: str) -> str:
        rows = "".join(
            f"{n * width} .. {n * width + width - 1} => {effects[n % 2]}\n" for n in range(200)
        )
        last = 200 * width - 1
        return (
            f"rule {name} on p.a tier action.number {{\n< 0 => block\n{rows}> {last} => block\n}}\n"
        )

    first = ladder("a", "auto_run", "block")
    assert _lint(first + ladder("b", "auto_run", "block")) == []
    found = _lint(first + ladder("b", "block", "auto_run"))
    assert [d.message.partition(" decides")[0] for d in found] == ["the rule `a`", "the rule `b`"]
