"""The AND of routes, who serves for whom, and the orders of several rules."""

from __future__ import annotations

import pytest

from gatewright.dsl.diagnostics import PolicyError
from tests.engine.interpret.support import ERRS, action, decide, effect, policy

OPEN = "rule all on * => auto_run "


@pytest.mark.parametrize(
    ("guards", "expected"),
    [
        # A set of routes, all of them needed.
        ("guard a => require manager and legal", "require legal and manager"),
        ("guard a => require manager guard b => require legal", "require legal and manager"),
        ("guard a => require manager guard b => require manager", "require manager"),
        # Absorption, transitive: finance outranks the manager, who outranks the clerk.
        ("guard a => require manager guard b => require finance", "require finance"),
        ("guard a => require clerk guard b => require finance", "require finance"),
        ("guard a => require clerk and manager guard b => require legal",
         "require legal and manager"),
        # `a then b` needs both, b after a.
        ("guard a => require manager then finance", "require manager then finance"),
        ("guard a => require manager and legal then finance",
         "require legal and manager then finance"),
        # Orders of several rules are merged.
        ("guard a => require clerk then legal guard b => require legal then finance",
         "require clerk then legal then finance"),
        ("guard a => require legal then clerk guard b => require manager",
         "require legal then manager"),
        # Errors have their orders too.
        (f"on_error require legal guard a when {ERRS} => require manager then finance",
         "require legal and manager then finance"),
        # A default and a floor have orders.
        (f"on_error require legal then finance guard a when {ERRS} => require clerk",
         "require legal then finance"),
    ],
)  # fmt: skip
def test_routes_join_absorb_and_keep_their_order(guards: str, expected: str) -> None:
    assert effect(decide(OPEN + guards)) == expected


def test_a_default_may_have_stages() -> None:
    assert effect(decide("default require legal then finance")) == "require legal then finance"


CIRCLE = "guard a on {on} => require legal then clerk guard b on {on} => require clerk then legal "


def test_a_circle_of_orders_is_an_error_of_the_policy_where_it_can_be_seen() -> None:
    with pytest.raises(PolicyError, match="GW05"):
        policy(OPEN + CIRCLE.replace("{on}", "shop.refund"))


def test_a_circle_of_orders_that_nobody_could_see_is_asked_in_parallel() -> None:
    rules = policy(OPEN + CIRCLE.replace("{on}", "ext.*"))
    decision = decide(rules, {"action": "ext.thing", "agent": {"id": "bot"}})
    assert effect(decision) == "require clerk and legal"


def test_it_is_told_who_is_not_asked() -> None:
    decision = decide(OPEN + "guard a => require clerk guard b => require finance")
    [absorbed] = decision.explain().absorbed
    assert absorbed.to_dict() == {"route": "clerk", "by": "finance"}
    decisive = {rule.name for rule in decision.rules if rule.decisive}
    assert "b" in decisive


RANKS = """
route a { one of group("a") }
route b { one of group("b") }
route x { one of group("x") }
route y { one of group("y") }
route d { one of group("d") outranks a, y }
route e { one of group("e") outranks b, x }
"""


@pytest.mark.parametrize(
    ("guards", "expected", "told"),
    [
        ("guard g => require clerk then manager guard h => require finance", "require finance",
         ["clerk then manager: finance outranks both, and one answer of it serves for them"]),
        ("guard g => require clerk then legal guard h => require finance",
         "require finance then legal", []),
        (RANKS + "guard g => require a then b guard h => require x then y"
         " guard i => require d and e", "require d and e",
         ["a then b: d and e are asked at once, since orders contradict each other",
          "x then y: e and d are asked at once, since orders contradict each other"]),
        (RANKS + "guard g => require a then b guard h => require e then d", "require e then d",
         ["a then b: e is asked before d, as another order says"]),
    ],
)  # fmt: skip
def test_it_is_told_which_orders_absorption_does_away_with(
    guards: str, expected: str, told: list[str]
) -> None:
    decision = decide(OPEN + guards)
    assert effect(decision) == expected
    explained = decision.explain()
    assert [f"{one.before} then {one.after}: {one.why}" for one in explained.unkept] == told
    assert explained.to_dict()["unkept"] == [one.to_dict() for one in explained.unkept]
    for line in told:
        assert f"  {line}" in str(explained).split("\n")


def test_it_is_told_that_orders_in_a_circle_are_asked_at_once() -> None:
    rules = policy(OPEN + CIRCLE.replace("{on}", "ext.*"))
    decision = decide(rules, {"action": "ext.thing", "agent": {"id": "bot"}})
    why = "are asked at once, since orders contradict each other"
    assert [one.why for one in decision.explain().unkept] == [
        f"clerk and legal {why}",
        f"legal and clerk {why}",
    ]


def test_the_id_is_that_of_policy_action_and_instant() -> None:
    rules = policy(OPEN)
    one, same = decide(rules), decide(rules)
    assert one.id == same.id
    assert one.id.startswith("dec_")
    others = [
        decide(rules, now="2026-06-15T12:00:01Z"),
        decide(rules, action(2)),
        decide(OPEN + "guard g when false => block"),
    ]
    assert len({one.id, *(other.id for other in others)}) == 4
    assert one.policy_digest == rules.digest
    assert one.at == "2026-06-15T12:00:00Z"
