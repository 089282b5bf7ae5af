"""Which actions a rule, guard, risk, default or on_error concerns."""

from __future__ import annotations

import pytest

from tests.engine.interpret.support import ERRS, action, decide, effect, policy

OTHER = 'package other\naction other.thing { n: int }\nroute boss { one of group("b") }\n'
THING = action(name="other.thing")
CANCEL = action(name="shop.order.cancel")
FOREIGN = {"action": "shop.unknown", "params": {"n": 1}, "agent": {"id": "bot"}}


@pytest.mark.parametrize(
    ("where", "covered"),
    [
        ("", {"shop.refund", "shop.order.cancel"}),
        ("on *", {"shop.refund", "shop.order.cancel", "other.thing", "shop.unknown"}),
        ("on shop.*", {"shop.refund", "shop.order.cancel", "shop.unknown"}),
        ("on shop.order.*", {"shop.order.cancel"}),
        ("on shop.refund", {"shop.refund"}),
        ("on shop.refund, other.thing", {"shop.refund", "other.thing"}),
        ("on other.*", {"other.thing"}),
    ],
)
@pytest.mark.parametrize(
    ("declared", "open_otherwise"),
    [
        ("rule a {on} => auto_run", ""),
        ("guard g {on} => require legal", "rule all on * => auto_run"),
        ("default auto_run {on}", ""),
        ("risk r {on} when true => 60",
         "guard g on * when risk > 50 => block rule all on * => auto_run"),
        ("on_error block {on} on_error require legal on *",
         f"rule all on * => auto_run guard g on * when {ERRS} => require clerk"),
    ],
    ids=["rule", "guard", "default", "risk", "on_error"],
)  # fmt: skip
def test_a_declaration_concerns_what_its_on_covers_and_nothing_else(
    where: str, covered: set[str], declared: str, open_otherwise: str
) -> None:
    with_it = policy(f"{declared.replace('{on}', where)}\n{open_otherwise}", OTHER)
    without = policy(open_otherwise + ("\non_error require legal on *" if "on_error" in declared
                                       else ""), OTHER)  # fmt: skip
    for given in (action(), CANCEL, THING, FOREIGN):
        changed = effect(decide(with_it, given)) != effect(decide(without, given))
        assert changed == (given["action"] in covered), given["action"]


def test_a_prefix_is_whole_names_and_not_the_action_itself() -> None:
    rules = policy("rule a on shop.refund.* => auto_run")
    assert effect(decide(rules)) == "block"
    assert effect(decide(rules, {**FOREIGN, "action": "shop.refund.partial"})) == "auto_run"
    assert effect(decide(rules, {**FOREIGN, "action": "shop.refunds"})) == "block"


def test_fields_of_an_undeclared_action_are_any() -> None:
    rules = policy(
        'rule a on ext.* when action.n == 1 && action.m == "x" => auto_run'
        " on_error require legal on * default auto_run on *"
    )
    given = {"action": "ext.thing", "params": {"n": 1, "m": "x"}}
    assert effect(decide(rules, given)) == "auto_run"
    assert decide(rules, given).matched == ("shop.a",)
    assert effect(decide(rules, {"action": "ext.thing", "params": {"n": 1}})) == "require legal"
    # Money is not guessed: a text without a currency has no order with money.
    loose = policy("rule a on ext.* when action.m < 5 USD => auto_run")
    for amount, expected in (("1 USD", "auto_run"), ("1", "block"), (1, "block")):
        assert effect(decide(loose, {"action": "ext.thing", "params": {"m": amount}})) == expected


def test_a_field_that_only_some_actions_have_is_asked_for() -> None:
    rules = policy('rule a on * when has(action.who) && action.who == "x" => auto_run')
    assert effect(decide(rules, action(params={"n": 1, "who": "x"}))) == "auto_run"
    assert effect(decide(rules, CANCEL)) == "block"
    assert not decide(rules, CANCEL).errors


def test_packages_share_routes_and_names_do_not_clash() -> None:
    other = OTHER + (
        'route manager { one of group("m") }\n'
        "rule a on shop.* => require manager and boss and shop.legal\n"
    )
    decision = decide(policy("rule a => require manager", other))
    assert effect(decision) == "require boss and other.manager and legal and shop.manager"
    assert decision.matched == ("other.a", "shop.a")
